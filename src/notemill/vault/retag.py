"""Tags of a note renamed, merged or dropped, changing only their own bytes; pure.

An edit applies only to the bytes it was made for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from string import ascii_letters, digits
from typing import TYPE_CHECKING, Final, NamedTuple

from notemill.errors import ExternallyChangedError, MalformedNoteError
from notemill.markup.tags import TAG_END, is_within, tag_key
from notemill.vault.frontmatter import Entry, Span, ValueShape
from notemill.vault.note import (
    TAG_KEYS,
    TAG_SPLIT,
    Note,
    bare_tag,
    bytes_hash,
    inline_tags,
    parse,
    tags_of,
)
from notemill.vault.proposal import spliced
from notemill.vault.requery import query_changes, splices_of
from notemill.vault.scalars import is_plain, scalar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from notemill.markup.elements import InlineTag

_TOKEN = re.compile(r"[^,\s]+")
_WORD = re.compile(rf"[^{TAG_END}]+")
# A property of that name, in YAML, JSON or TOML, and the lines below that begin none.
_HELD = re.compile(
    r"(?:^|[{,])[ \t\"']*+tags?[\"']?[ \t]*+[:=]([^\r\n]*+(?:[\r\n]++(?:[ \t]++[^\r\n]++|[^\r\n:=]++(?=[\r\n]|\Z)))*+)",
    re.IGNORECASE | re.MULTILINE,
)
_HEAD_BYTES: Final = 16_384
_FLOW_GAP = re.compile(rb"[ \t\r\n]*+,[ \t\r\n]*+")
_DASHED = re.compile(rb" *+-[ \t]++")
_NESTED = re.compile(r"[^\W\d_][\w-]*+/")
_PLAIN_SIGNS: Final = frozenset(f"{ascii_letters}{digits}/_-")
_BLANKS: Final = " \t"
# What may stand before the first word of a line: quotes, a list's mark, a task's box.
_LINE_HEAD = re.compile(r"[ \t>]*+(?:(?:[-*+]|\d{1,9}[.)])[ \t]++)?(?:\[.\][ \t]++)?")
# What may follow a line's last tags: a block id.
_LINE_FOOT = re.compile(r"[ \t]*+(?:(?<=[ \t])\^[A-Za-z0-9-]++[ \t]*+)?(?=[\r\n]|\Z)")


class Splice(NamedTuple):
    """Bytes `old` at the offset `start`, and their replacement."""

    start: int
    old: bytes
    new: bytes

    @property
    def span(self) -> Span:
        """The span of the old bytes."""
        return Span(self.start, self.start + len(self.old))


@dataclass(frozen=True, slots=True)
class Edit:
    """Splices, in order and non-overlapping, for the note with a given hash."""

    base_hash: str
    splices: tuple[Splice, ...]

    def apply(self, raw: bytes) -> bytes:
        """Return the edited note. Raises ExternallyChangedError if `raw` has another hash."""
        if bytes_hash(raw) != self.base_hash:
            raise ExternallyChangedError(
                "the note has changed since the edit was made; make the edit again"
            )
        return _spliced(raw, self.splices)


class TagChanges:
    """Changes of tags: old → new, or None to drop one; children follow their parent."""

    def __init__(self, changes: Mapping[str, str | None]) -> None:
        """Take tags with or without `#`; new ones must be legal, see `is_legal_tag`."""
        self._new = {tag_key(bare_tag(old)): new for old, new in changes.items()}
        self._deepest = max((old.count("/") + 1 for old in self._new), default=0)
        self._told: dict[str, str | None] = {}

    @property
    def named(self) -> Mapping[str, str | None]:
        """What the tags that are named become, by their keys."""
        return self._new

    def without(self, keys: Collection[str]) -> TagChanges:
        """Return the changes of all tags but those with these keys."""
        return TagChanges({key: new for key, new in self._new.items() if key not in keys})

    def of(self, tag: str) -> str | None:
        """Return the tag that `tag` becomes, None if it is dropped; most stay unchanged.

        If several changes cover a tag, that of its nearest parent applies. If a tag moves below
        itself, tags already there stay, so that repeating a change has no effect.
        """
        if self._new and tag not in self._told:
            self._told[tag] = self._of(tag)
        return self._told.get(tag, tag)

    def _of(self, tag: str) -> str | None:
        levels = tag.split("/")
        for depth in range(min(len(levels), self._deepest), 0, -1):
            old = tag_key("/".join(levels[:depth]))
            if old not in self._new:
                continue
            new = self._new[old]
            if new is None:
                return None
            new_key = tag_key(new)
            if new_key != old and is_within(new_key, old) and is_within(tag_key(tag), new_key):
                return tag
            return "/".join([new, *levels[depth:]])
        return tag


def retag(
    raw: bytes, changes: TagChanges, *, keeping: Collection[str] = frozenset()
) -> Edit | None:
    """Return the edit that makes `changes` in the properties and the text; None if nothing changes.

    Lists keep their style, quotes and comments; a tag that would be in a list twice is kept once.
    In the text a dropped tag is removed with its space if only tags follow it on its line;
    elsewhere it loses only its `#`, so that a sentence keeps its words. Queries follow, where that is
    safe (see `requery`), but the lines `keeping`; no other code is touched, and no math, links,
    comments, URLs or HTML. Raises MalformedNoteError if the note cannot be edited safely.
    """
    note, problems = parse(raw)
    tags = inline_tags(note)
    cuts = {cut.start: cut for cut in _dropped(note.body, tags, changes)}
    queries = query_changes(note, changes.of, keeping=keeping)
    edits = [*_inline_edits(tags, cuts, changes), *splices_of(queries)]
    splices = sorted([*_property_splices(note, changes), *_text_splices(note, edits)])
    splices = [one for one in splices if one.old != one.new]
    if not splices:
        return None
    for problem in problems:
        if problem.blocks_writing:
            raise MalformedNoteError(problem.message)
    new = _spliced(raw, splices)
    _check(note, new, changes, [changes.of(one.name) for one in tags if one.start not in cuts])
    return Edit(bytes_hash(raw), tuple(splices))


def may_hold(raw: bytes, changes: TagChanges) -> bool:
    """Tell whether a note with unreadable properties may have a changing tag in them.

    Whatever the format, any word after `tags` counts as a possible tag.
    """
    return any(changes.of(word) != word for word in words_held(raw))


def words_held(raw: bytes) -> frozenset[str]:
    """Return the words after `tags` in a note with unreadable properties, whatever the format."""
    head = raw[:_HEAD_BYTES].decode("utf-8", "replace")
    return frozenset(word for held in _HELD.findall(head) for word in _WORD.findall(held))


def _spliced(raw: bytes, splices: Iterable[Splice]) -> bytes:
    return spliced(raw, [(one.span, one.new) for one in splices])


def _check(old: Note, raw: bytes, changes: TagChanges, inline: Sequence[str | None]) -> None:
    """Read the edited note back. Raises MalformedNoteError if it is not what was meant.

    `inline` are the tags that its text is to have.
    """
    new, _ = parse(raw)
    if (
        not new.writable
        or [one.name for one in inline_tags(new)] != inline
        or _values(new) != [(key, _meant(value, changes)) for key, value in _values(old)]
    ):
        raise MalformedNoteError("its tags cannot be edited safely; change them by hand")


def _values(note: Note) -> list[tuple[str, object]]:
    """Return all properties; those that hold tags as lists of them."""
    entries = note.frontmatter.entries if note.frontmatter else ()
    return [(one.key, list(tags_of(one)) if one.name in TAG_KEYS else one.value) for one in entries]


def _meant(value: object, changes: TagChanges) -> object:
    if not isinstance(value, list):
        return value
    return [tag for tag in _outcomes(value, changes) if tag is not None]


def _outcomes(tags: Sequence[str], changes: TagChanges) -> list[str | None]:
    """Return what becomes of the tags of one list; None for those that go.

    One that becomes a tag which stays in the list, or is already made out of another, goes too.
    """
    outcomes = [changes.of(tag) for tag in tags]
    seen = {tag_key(tag) for tag, new in zip(tags, outcomes, strict=True) if tag == new}
    for place, (tag, new) in enumerate(zip(tags, outcomes, strict=True)):
        if new is None or new == tag:
            continue
        if tag_key(new) in seen:
            outcomes[place] = None
        seen.add(tag_key(new))
    return outcomes


# -- properties -------------------------------------------------------------------------------


def _property_splices(note: Note, changes: TagChanges) -> Iterator[Splice]:
    for entry in note.frontmatter.entries if note.frontmatter else ():
        if entry.name not in TAG_KEYS or _outcomes(tags_of(entry), changes) == [*tags_of(entry)]:
            continue
        if isinstance(entry.value, str):
            yield _text_splice(note, entry, changes)
        else:
            yield from _list_splices(note, entry, changes)


def _text_splice(note: Note, entry: Entry, changes: TagChanges) -> Splice:
    """Return the new value of a text that holds tags, in its own style where that can be."""
    written = note.raw[entry.written.start : entry.written.end]
    text = written.decode()
    head, inner, foot = _unquoted(text, entry.quote)
    found = [bare_tag(one) for one in TAG_SPLIT.split(inner) if bare_tag(one)]
    if found == list(tags_of(entry)):
        inside = _substituted(inner, changes)
        new = head + inside + foot
        if entry.quote or is_plain(new):
            return Splice(entry.written.start, written, new.encode() if inside else b"[]")
    inside = _substituted(str(entry.value), changes)
    new = scalar(inside, quote=entry.quote) if inside else "[]"
    return Splice(entry.written.start, written, new.encode())


def _unquoted(text: str, quote: str) -> tuple[str, str, str]:
    """Return what opens a scalar as written, what it holds, and what closes it."""
    if quote in ("'", '"'):
        return text[:1], text[1:-1], text[-1:]
    if quote in ("|", ">"):
        head, line_end, inner = text.partition("\r" if "\n" not in text else "\n")
        return head + line_end, inner, ""
    return "", text, ""


def _substituted(text: str, changes: TagChanges) -> str:
    """Return a text with its tags changed; '' if none is left. Gaps stay as written."""
    tokens = [match for match in _TOKEN.finditer(text) if bare_tag(match[0])]
    outcomes = _outcomes([bare_tag(match[0]) for match in tokens], changes)
    parts: list[str] = []
    for place, (token, new) in enumerate(zip(tokens, outcomes, strict=True)):
        if new is None:
            continue
        before = tokens[place - 1].end() if place and parts else 0
        if not parts:
            before = tokens[0].start()
            parts.append(text[:before])
            before = token.start()
        parts.append(text[before : token.start()] + token[0].replace(bare_tag(token[0]), new))
    return "".join([*parts, text[tokens[-1].end() :]]) if parts else ""


def _list_splices(note: Note, entry: Entry, changes: TagChanges) -> Iterator[Splice]:
    """Yield what changes in a list: single items, and the places of those that go."""
    items = [one for one in entry.items if one.text is not None and bare_tag(one.text)]
    outcomes = _outcomes([bare_tag(one.text or "") for one in items], changes)
    gone: set[Span] = set()
    for item, new in zip(items, outcomes, strict=True):
        if new is None:
            gone.add(item.span)
        else:
            yield _item_splice(note, item.span, item.text or "", new, entry.shape)
    if gone:
        yield from without_items(note, entry, gone)


def without_items(note: Note, entry: Entry, gone: set[Span]) -> Iterator[Splice]:
    """Yield the splices that remove the items with the spans `gone` from a list.

    Raises MalformedNoteError if the way the list is written forbids it.
    """
    if entry.shape is ValueShape.FLOW_LIST:
        yield from _without_in_flow(note, entry, gone)
    else:
        yield from _without_in_block(note, entry, gone)


def _item_splice(note: Note, span: Span, text: str, new: str, shape: ValueShape) -> Splice:
    """Return one item with its tag changed, `#` and quotes as they are."""
    written = note.raw[span.start : span.end]
    tag = bare_tag(text)
    if tag == new:
        return Splice(span.start, written, written)
    in_flow = shape is ValueShape.FLOW_LIST
    quote = chr(written[0]) if written[:1] in (b"'", b'"') else ""
    if not quote and written.decode() == text and _stays_plain(new, old=tag):
        return Splice(span.start, written, text.replace(tag, new, 1).encode())
    rendered = scalar(text.replace(tag, new, 1), quote=quote, in_flow=in_flow)
    return Splice(span.start, written, rendered.encode())


def _stays_plain(new: str, *, old: str) -> bool:
    """Tell whether a tag may stand without quotes where the old one does: with no sign of its own.

    With a letter first and a level below it is no word, number or date that YAML knows.
    """
    return _NESTED.match(new) is not None and set(new) - set(old) <= _PLAIN_SIGNS


def _without_in_flow(note: Note, entry: Entry, gone: set[Span]) -> Iterator[Splice]:
    """Yield what takes items out of a `[list]`: each goes with the comma before or behind it."""
    spans = [one.span for one in entry.items]
    gaps = [note.raw[low.end : high.start] for low, high in pairwise(spans)]
    if gone.issuperset(spans):
        yield _cut(note, entry.written.start, entry.written.end, b"[]")
        return
    if not all(_FLOW_GAP.fullmatch(gap) for gap in gaps):
        raise MalformedNoteError("there are comments among its tags; remove the tag by hand")
    kept_before = False
    for place, span in enumerate(spans):
        if span not in gone:
            kept_before = True
        elif kept_before:
            yield _cut(note, spans[place - 1].end, span.end)
        else:
            yield _cut(note, span.start, spans[place + 1].start)


def _without_in_block(note: Note, entry: Entry, gone: set[Span]) -> Iterator[Splice]:
    """Yield what takes items out of a list of lines: the whole line goes, with its comment."""
    for span in gone:
        start = note.raw.rfind(_line_break(note), 0, span.start) + 1
        if not _DASHED.fullmatch(note.raw[start : span.start]):
            raise MalformedNoteError("its list of tags has an unusual form; remove the tag by hand")
        end = note.raw.find(_line_break(note), span.end)
        yield _cut(note, start, len(note.raw) if end < 0 else end + 1)
    if gone.issuperset(one.span for one in entry.items):
        yield Splice(entry.colon, b"", b" []")


def _line_break(note: Note) -> bytes:
    return b"\r" if note.newline == "\r" else b"\n"


def _cut(note: Note, start: int, end: int, new: bytes = b"") -> Splice:
    return Splice(start, note.raw[start:end], new)


# -- text -------------------------------------------------------------------------------------


class _Cut(NamedTuple):
    """A tag at `start` that goes, and the characters of the text that go with it."""

    start: int
    low: int
    high: int


def _inline_edits(
    tags: Sequence[InlineTag], cuts: Mapping[int, _Cut], changes: TagChanges
) -> Iterator[tuple[int, int, str]]:
    """Yield which characters of the text become which others."""
    for tag in tags:
        new = changes.of(tag.name)
        if tag.start in cuts:
            yield cuts[tag.start].low, cuts[tag.start].high, ""
        elif new is not None and new != tag.name:
            yield tag.start + 1, tag.end, new


def _text_splices(note: Note, edits: Iterable[tuple[int, int, str]]) -> Iterator[Splice]:
    char, byte = 0, note.body_start
    for low, high, text in sorted(edits):
        byte += len(note.body[char:low].encode("utf-8", "replace"))
        char = low
        old = note.body[low:high].encode("utf-8", "replace")
        yield Splice(byte, old, text.encode())


def _dropped(body: str, tags: Sequence[InlineTag], changes: TagChanges) -> list[_Cut]:
    """Return the tags that go, and what goes with each.

    Among tags that end a line, one that becomes the same as another of them goes, too.
    """
    cuts: list[_Cut] = []
    line_end = "\n" if "\n" in body else "\r"
    for run, ends_line in _runs(body, tags):
        outcomes = _outcomes([one.name for one in run], changes)
        if not ends_line:
            cuts += [
                _Cut(one.start, one.start, one.start + 1)
                for one in run
                if changes.of(one.name) is None
            ]
            continue
        first = _begins_line(body, run[0].start, line_end)
        for place, (tag, new) in enumerate(zip(run, outcomes, strict=True)):
            if new is not None:
                first = False
            elif not first:
                cuts.append(_Cut(tag.start, _blanks_start(body, tag.start), tag.end))
            else:
                high = run[place + 1].start if place + 1 < len(run) else tag.end
                cuts.append(_Cut(tag.start, tag.start, high))
    return cuts


def _runs(body: str, tags: Sequence[InlineTag]) -> Iterator[tuple[list[InlineTag], bool]]:
    """Yield tags with nothing but blanks between them, and whether they end their line."""
    run: list[InlineTag] = []
    for tag in tags:
        if run and body[run[-1].end : tag.start].strip(_BLANKS):
            yield run, _LINE_FOOT.match(body, run[-1].end) is not None
            run = []
        run.append(tag)
    if run:
        yield run, _LINE_FOOT.match(body, run[-1].end) is not None


def _begins_line(body: str, at: int, line_end: str) -> bool:
    """Tell whether nothing but marks of a list or a quote stand before `at` on its line."""
    head = _LINE_HEAD.match(body, body.rfind(line_end, 0, at) + 1, at)
    return head is not None and head.end() == at


def _blanks_start(body: str, at: int) -> int:
    """Return where the blanks before `at` begin."""
    while at and body[at - 1] in _BLANKS:
        at -= 1
    return at
