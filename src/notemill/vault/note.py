"""A note: its bytes, its properties as spans, its text; pure. Parsing never fails."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Final

from notemill.markup.elements import property_links as links_in_property
from notemill.markup.reading import Reading
from notemill.vault import frontmatter
from notemill.vault.commented import commented
from notemill.vault.frontmatter import (
    BOM,
    BrokenFrontmatterError,
    Entry,
    Frontmatter,
    Span,
    ValueShape,
)
from notemill.vault.misplaced import misplaced, second_block
from notemill.vault.region import START, find_region, owners_text
from notemill.vault.templates import template_mark

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from notemill.markup.elements import InlineTag, Link

OWNED: Final = ("tags", "description", "topics", "related", "notemill")
"""The properties that notemill may write; every other byte of a note is its owner's."""
TAG_KEYS: Final = ("tags", "tag")
"""The properties of tags; as in Obsidian, the old singular counts only without the plural."""
ALIAS_KEYS: Final = ("aliases", "alias")
OWNED_NAMES: Final = frozenset((*OWNED, "tag"))
TAG_SPLIT: Final = re.compile(r"[,\s]+")
"""The separator of tags in a string."""
# Read from the bytes, so that the owner's wish holds where the frontmatter is broken, too.
_IGNORE = re.compile(
    rb"(?im)^[ \t>\"']*notemill[\"']?[ \t]*:[ \t]*(?:-[ \t]*|\[[ \t]*)?[\"']?ignore\b"
)
_HEAD_BYTES = 65_536
_WORD_AT_TAGS = re.compile(r"[^\s#,:'\"\[\]{}&*!|>]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a note, and where; if it `blocks_writing`, notemill never edits the note.

    Codes: not-utf8, broken-frontmatter, unclosed-frontmatter, displaced-frontmatter,
    second-frontmatter, other-metadata, duplicate-key, nested-property, commented-tags,
    template.
    """

    code: str
    message: str
    span: Span
    blocks_writing: bool


@dataclass(frozen=True, slots=True)
class Note:
    """A parsed note.

    `raw` is the file, byte for byte; `reading` the text behind the frontmatter, which begins at the
    byte `body_start`. `newline` is the frontmatter's, else the one that most lines end with.
    """

    raw: bytes
    reading: Reading
    body_start: int
    newline: str
    frontmatter: Frontmatter | None
    writable: bool

    @property
    def body(self) -> str:
        """The text behind the frontmatter."""
        return self.reading.text

    @property
    def has_bom(self) -> bool:
        """Whether the file begins with a byte order mark."""
        return self.raw.startswith(BOM)

    @property
    def text(self) -> str:
        """The whole file as text, without a byte order mark."""
        return self.raw.removeprefix(BOM).decode("utf-8", "replace")

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of the properties, as written but without `#`."""
        entry = self.entry(*TAG_KEYS)
        return tags_of(entry) if entry else ()

    @property
    def aliases(self) -> tuple[str, ...]:
        """The note's other names; a single text may hold several, with commas between."""
        entry = self.entry(*ALIAS_KEYS)
        if entry is None or entry.value is None:
            return ()
        parts = entry.value.split(",") if isinstance(entry.value, str) else entry.value
        return tuple(alias for part in parts if (alias := part.strip()))

    def entry(self, *names: str) -> Entry | None:
        """Return the property with the first of these (lower-case) names that is there."""
        return self.frontmatter.find(*names) if self.frontmatter else None

    def list_of(self, name: str) -> tuple[str, ...]:
        """Return a property as a list of texts; a single text is a list of one."""
        entry = self.entry(name)
        if entry is None or entry.value is None:
            return ()
        return (entry.value,) if isinstance(entry.value, str) else entry.value

    def text_of(self, name: str) -> str:
        """Return a property as a text, '' where it is absent, empty or no text."""
        entry = self.entry(name)
        return entry.value.strip() if entry and isinstance(entry.value, str) else ""


def parse(raw: bytes) -> tuple[Note, tuple[Problem, ...]]:
    """Parse any bytes at all: a note, and what is wrong with it. Raises nothing."""
    start = len(BOM) if raw.startswith(BOM) else 0
    place = frontmatter.locate(raw)
    found = second_block(raw, place.span.end) if place else misplaced(raw)
    body_start = place.span.end if place else found.end if found else start
    problems: list[Problem] = []
    try:
        body = raw[body_start:].decode("utf-8")
    except UnicodeDecodeError as error:
        body = raw[body_start:].decode("utf-8", "replace")
        problems.append(_not_utf8(body_start + error.start))
    block: Frontmatter | None = None
    if place is not None:
        try:
            block = frontmatter.read(raw, place)
            problems += _problems_of(raw, block)
        except BrokenFrontmatterError as error:
            message = f"its frontmatter cannot be read ({error}); correct it in your editor"
            problems.append(Problem("broken-frontmatter", message, place.span, blocks_writing=True))
    if found is not None:
        span = Span(start, len(raw))
        problems.append(Problem(found.code, found.message, span, blocks_writing=True))
    reading = Reading(body)
    if mark := template_mark(reading, _owners_properties(raw, block, body_start)):
        # Said first: what is filled in later may leave the frontmatter unreadable until then.
        at = raw.find(mark.rstrip("…").encode(), 0, body_start)
        line_end = place.newline.encode() if place else b"\n"
        where = f" in line {raw.count(line_end, 0, at) + 1}" if at >= 0 else ""
        message = f"it is a template: it contains {mark}{where}"
        problems.insert(0, Problem("template", message, Span(0, len(raw)), blocks_writing=True))
    writable = not any(problem.blocks_writing for problem in problems)
    newline = place.newline if place else _newline(raw)
    return Note(raw, reading, body_start, newline, block, writable), tuple(problems)


def _owners_properties(raw: bytes, block: Frontmatter | None, body_start: int) -> str:
    """Return the text of the frontmatter; without what notemill writes, where it can be read."""
    head = raw[:body_start]
    if b"{{" not in head and b"<%" not in head:
        return ""
    kept = [head]
    if block is not None:
        kept = [
            raw[one.span.start : one.span.end] for one in block.entries if one.name not in OWNED
        ]
    return b"".join(kept).decode("utf-8", "replace")


def _newline(raw: bytes) -> str:
    """Return the end of most lines; a carriage return alone only where there is nothing else."""
    line_feeds = raw.count(b"\n")
    if line_feeds == 0:
        return "\r" if b"\r" in raw else "\n"
    return "\r\n" if raw.count(b"\r\n") * 2 > line_feeds else "\n"


def _not_utf8(at: int) -> Problem:
    message = f"it is not UTF-8 text (byte {at:,}); save it as UTF-8"
    return Problem("not-utf8", message, Span(at, at + 1), blocks_writing=True)


def _problems_of(raw: bytes, block: Frontmatter) -> list[Problem]:
    problems: list[Problem] = []
    keys: set[str] = set()
    for entry in block.entries:
        owned = entry.name in OWNED_NAMES
        key = entry.name if owned else entry.key
        if key in keys:
            message = f"its property {entry.key} appears twice; keep one"
            problems.append(Problem("duplicate-key", message, entry.span, owned))
        keys.add(key)
        if owned and entry.shape is ValueShape.OTHER:
            message = (
                f"its property {entry.key} is neither a string nor a list of strings; make it one"
            )
            problems.append(Problem("nested-property", message, entry.span, blocks_writing=True))
        elif owned and (said := commented(raw, entry, block.inner)):
            message = (
                f"`{said}` in its property {entry.key} is a comment to YAML and Obsidian, not "
                "a value; remove the `#` or quote the value"
            )
            problems.append(Problem("commented-tags", message, entry.span, blocks_writing=True))
    return problems


def tags_of(entry: Entry) -> tuple[str, ...]:
    """Return the tags that a property holds, without `#`: a text may hold several."""
    if entry.value is None:
        return ()
    parts = TAG_SPLIT.split(entry.value) if isinstance(entry.value, str) else entry.value
    return tuple(tag for part in parts if (tag := bare_tag(part)))


def bare_tag(tag: str) -> str:
    """Return a tag as it is compared and written: without `#` and space around it."""
    return tag.strip().lstrip("#").strip()


def inline_tags(note: Note) -> tuple[InlineTag, ...]:
    """Return the tags in the note's text, in order."""
    return note.reading.tags


def links(note: Note) -> tuple[Link, ...]:
    """Return the links to other places of the vault: those of the text, then of the properties."""
    return (*note.reading.links, *property_links(note))


def property_links(note: Note) -> tuple[Link, ...]:
    """Return the links of the properties, also where one text holds several."""
    return tuple(
        link
        for entry in (note.frontmatter.entries if note.frontmatter else ())
        for value in ((entry.value,) if isinstance(entry.value, str) else entry.value or ())
        for link in links_in_property(entry.key, value)
    )


def plain_text(note: Note) -> str:
    """Return what a reader of the note reads: its words without markup, code and comments."""
    return note.reading.words


def is_ignored(note: Note) -> bool:
    """Return whether the owner excluded the note with the property `notemill: ignore`.

    It may be written in a list, as a mapping or as `ignored`. If the frontmatter cannot be read, a
    line of that form near the top of the note counts.
    """
    if note.frontmatter is not None:
        return any(b"ignor" in words.lower() for words in _written(note, "notemill"))
    if note.writable:
        return False
    return _IGNORE.search(note.raw[:_HEAD_BYTES]) is not None


def words_at_tags(note: Note) -> tuple[str, ...]:
    """Return every word in a note's tag properties, however YAML reads it.

    What YAML takes for a comment or a mapping, and a `tag` beside `tags`, is meant as a tag by the
    person who wrote it.
    """
    found: dict[str, None] = {}
    for words in _written(note, *TAG_KEYS):
        found |= dict.fromkeys(_WORD_AT_TAGS.findall(words.decode("utf-8", "replace")))
    return tuple(found)


def _written(note: Note, *names: str) -> Iterator[bytes]:
    """Yield the bytes behind the keys of the properties with these names."""
    for entry in note.frontmatter.entries if note.frontmatter else ():
        if entry.name in names:
            yield note.raw[entry.colon : entry.span.end]


def bytes_hash(raw: bytes) -> str:
    """Return the hash that guards writing: of every byte of the file."""
    return hashlib.blake2b(raw, digest_size=16).hexdigest()


def owned_spans(note: Note) -> tuple[Span, ...]:
    """Return the byte spans, whole lines, of the properties that notemill may write."""
    entries: Sequence[Entry] = note.frontmatter.entries if note.frontmatter else ()
    return tuple(entry.span for entry in entries if entry.name in OWNED_NAMES)


def source_hash(note: Note) -> str:
    """Return the hash of what is the owner's: the note without what notemill owns.

    That is the properties in OWNED and the region of related notes. A frontmatter that holds
    nothing else counts as none, so that writing the first property, or taking the last away,
    leaves the hash as it is.
    """
    digest = hashlib.blake2b(digest_size=16)
    block = note.frontmatter
    if block is not None:
        edges = [block.inner.start, *chain(*owned_spans(note)), block.inner.end]
        pairs = zip(edges[::2], edges[1::2], strict=True)
        rest = b"".join(note.raw[start:end] for start, end in pairs)
        if rest.strip():
            digest.update(note.raw[block.span.start : block.inner.start])
            digest.update(rest)
            fence = note.raw[block.inner.end : block.span.end]
            digest.update(fence.rstrip(b"\r\n") if _ends_for_region(note) else fence)
    else:
        # What could not be read counts as it stands.
        digest.update(note.raw[len(BOM) if note.has_bom else 0 : note.body_start])
    if (kept := owners_body(note)) is not None:
        digest.update(kept.encode())
    else:
        digest.update(memoryview(note.raw)[note.body_start :])
    return digest.hexdigest()


def owners_body(note: Note) -> str | None:
    """Return the text without the region that notemill owns; None where there is no such region."""
    # What cannot be written to, such as no UTF-8, counts as it stands.
    if not note.writable or find_region(note.reading) is None:
        return None
    return owners_text(note.reading)


def _ends_for_region(note: Note) -> bool:
    """Tell whether the frontmatter's last line ends for the region's sake: it ended the file."""
    return note.body.startswith(START) and owners_body(note) == ""


def spans(note: Note) -> tuple[Span, ...]:
    """Return spans that tile the file: BOM, fences, properties, what is between them, the body."""
    edges = {0, note.body_start, len(note.raw)}
    if note.has_bom:
        edges.add(len(BOM))
    if note.frontmatter is not None:
        edges.update(note.frontmatter.inner)
        for entry in note.frontmatter.entries:
            edges.update(entry.span)
    ordered = sorted(edges)
    return tuple(Span(*pair) for pair in pairwise(ordered))
