"""Links between related notes, added to and removed from a note byte-exactly; pure.

They are in the property `related`, or in a list in a marked region at the end of the text. Every
byte outside these stays, and so does what the owner wrote inside them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from notemill.errors import MalformedNoteError
from notemill.markup.elements import property_link, property_links
from notemill.markup.reading import Reading
from notemill.vault.frontmatter import ValueShape
from notemill.vault.note import Note, parse, source_hash
from notemill.vault.proposal import set_properties
from notemill.vault.region import END, START, find_region, is_damaged, owners_text
from notemill.vault.resolve import PathFormat, without_suffix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notemill.markup.elements import Link
    from notemill.vault.frontmatter import Entry
    from notemill.vault.resolve import Names

PROPERTY: Final = "related"
HEADING: Final = "## Related"
# What ends, divides or hides a wikilink wherever it stands, by https://help.obsidian.md/links; a
# backslash counts as a slash.
_BREAKS_WIKILINK = re.compile(r"[#^\[\]|\\\x00-\x1f\x7f]|%%")
# What an editor may take for something else in a text; a property knows no markup.
_BREAKS_IN_TEXT = re.compile(r"[:<>`$]")
_NOT_IN_LABEL = re.compile(r"[\[\]\\`<>$|\x00-\x1f\x7f]")
_BULLET = re.compile(r"(?:[-*+])[ \t]+(.*)")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|\Z)")


class Form(StrEnum):
    """Where links are written."""

    PROPERTY = "property"
    SECTION = "section"


@dataclass(frozen=True, slots=True)
class LinkStyle:
    """How a vault's settings say to write links; `markdown` applies only to the text."""

    markdown: bool = False
    paths: PathFormat = PathFormat.SHORTEST


@dataclass(frozen=True, slots=True)
class LinkEntry:
    """An entry of the property or region that consists of one link; `text` is as written."""

    text: str
    form: Form
    link: Link


@dataclass(frozen=True, slots=True)
class LinkChanges:
    """The changes to a note's entries.

    `replace` holds (old, new) texts. A property that loses its last entry is removed, unless
    `keep_empty`: its owner had it before.
    """

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    replace: tuple[tuple[str, str], ...] = ()
    keep_empty: bool = False


def link_text(names: Names, key: str, *, source: str, form: Form, style: LinkStyle) -> str | None:
    """Return a link to the note `key`, for use in the note `source`.

    In a property it is a wikilink: Obsidian recognises no other link there. In the text it follows
    the vault's settings, and is a Markdown link if the name would break a wikilink. None if no link
    can mean the note.
    """
    name = without_suffix(key.rsplit("/", 1)[-1])
    wikilinks: list[str] = []
    markdown: list[str] = []
    for written in names.paths_to(key, source=source, paths=style.paths):
        path = without_suffix(written)
        if not _BREAKS_WIKILINK.search(path):
            wikilinks.append(f"[[{path}]]" if path == name else f"[[{path}|{name}]]")
        markdown.append(f"[{_NOT_IN_LABEL.sub(' ', name).strip() or 'note'}]({quote(written)})")
    if form is Form.PROPERTY:
        texts = wikilinks
    elif style.markdown:
        texts = markdown
    else:
        texts = [*(one for one in wikilinks if not _BREAKS_IN_TEXT.search(one)), *markdown]
    return next((one for one in texts if _means(names, one, key, source=source, form=form)), None)


def _means(names: Names, text: str, key: str, *, source: str, form: Form) -> bool:
    """Tell whether a link is read as one, and as one to the note `key`."""
    found = [property_link(PROPERTY, text)]
    if form is Form.SECTION:
        in_list = Reading(f"- {text}").links
        found.append(in_list[0] if len(in_list) == 1 else None)
    return all(
        link and not link.subpath and names.resolve(link.path, source=source) == key
        for link in found
    )


def link_entries(note: Note) -> tuple[LinkEntry, ...]:
    """Return the entries of the property and the region that consist of one link."""
    found = [(text, Form.PROPERTY) for text in note.list_of(PROPERTY)]
    region = find_region(note.reading)
    if region is not None:
        found += [
            (bullet[1].strip(), Form.SECTION)
            for line in note.body[region.inner_start : region.inner_end].splitlines()
            if (bullet := _BULLET.fullmatch(line))
        ]
    return tuple(
        LinkEntry(text, form, link)
        for text, form in found
        if (link := property_link(PROPERTY, text)) is not None
    )


def edit_links(raw: bytes, changes: LinkChanges, form: Form) -> bytes:
    """Return the note with `changes` made; what is added is written in `form`.

    Links to remove or replace are looked for in both forms; missing ones are ignored. Raises
    MalformedNoteError if the note cannot be edited safely.
    """
    in_property = form is Form.PROPERTY
    edited = _edit_property(raw, changes, changes.add if in_property else ())
    edited = _edit_region(edited, changes, () if in_property else changes.add)
    if edited != raw:
        _check(raw, edited)
    return edited


def closed_forms(raw: bytes) -> dict[Form, str]:
    """Return the forms in which no link can be added to a note, and why."""
    found: dict[Form, str] = {}
    for form in Form:
        try:
            edit_links(raw, LinkChanges(add=("[[note]]",)), form)
        except MalformedNoteError as error:
            found[form] = str(error)
    return found


def _edit_property(raw: bytes, changes: LinkChanges, add: Sequence[str]) -> bytes:
    note, _ = parse(raw)
    have = list(note.list_of(PROPERTY))
    wanted = _changed(have, changes)
    wanted += [text for text in add if text not in wanted]
    if wanted == have:
        return raw
    entry = note.entry(PROPERTY)
    if (
        entry is not None
        and entry.shape is ValueShape.TEXT
        and (what := _more_than_one(note, entry))
    ):
        raise MalformedNoteError(f"its property {entry.key} is {what}, not a list; make it one")
    gone = not wanted and not changes.keep_empty
    return set_properties(raw, {PROPERTY: None if gone else wanted})


def _more_than_one(note: Note, entry: Entry) -> str:
    """Return what a text is that would be more than one entry of a list, '' if it is one."""
    written = note.raw[entry.written.start : entry.written.end]
    if b"\n" in written or b"\r" in written:
        return "a text of several lines"
    text = str(entry.value)
    mixed = "[[" in text and not property_link(PROPERTY, text)
    return "a text with links in it" if mixed or len(property_links(PROPERTY, text)) > 1 else ""


def _changed(have: Sequence[str], changes: LinkChanges) -> list[str]:
    """Return the texts without those removed, each once, and with the new ones in place."""
    remove = list(changes.remove)
    replace = dict(changes.replace)
    wanted: list[str] = []
    for text in have:
        if text in remove:
            remove.remove(text)
        else:
            wanted.append(replace.pop(text, text))
    return wanted


def _edit_region(raw: bytes, changes: LinkChanges, add: Sequence[str]) -> bytes:
    if not add and START.encode() not in raw:
        return raw
    note, problems = parse(raw)
    for problem in problems:
        if problem.blocks_writing:
            raise MalformedNoteError(problem.message)
    region = find_region(note.reading)
    if region is None:
        if not add:
            return raw
        if is_damaged(note.reading):
            raise MalformedNoteError(
                f"its list of related notes is damaged: it must appear once between {START} "
                f"and {END}, each on its own line; repair it or delete all of it"
            )
        return _with_new_region(note, add)
    inner = note.body[region.inner_start : region.inner_end]
    new = _edited_lines(inner, changes, add, note.newline)
    if new == inner:
        return raw
    head = raw[: note.body_start]
    if _is_bare(new):
        text = owners_text(note.reading)
        # Where nothing is left below the frontmatter, its last line ended the file.
        ended = not text and region.start == note.body.index(START)
        return head.rstrip(b"\r\n") if ended else head + text.encode()
    return head + f"{note.body[: region.inner_start]}{new}{note.body[region.inner_end :]}".encode()


def _with_new_region(note: Note, add: Sequence[str]) -> bytes:
    line_end = note.newline
    items = "".join(f"- {text}{line_end}" for text in add)
    # One line break before it and, where the note ends with one, one behind it: they come and go
    # with the region, so that without it the note is as it was to the byte.
    apart = line_end if note.raw[3 * note.has_bom :] else ""
    text = f"{START}{line_end}{line_end}{HEADING}{line_end}{line_end}{items}{line_end}{END}"
    behind = line_end if note.raw.endswith((b"\n", b"\r")) else ""
    return note.raw + f"{apart}{text}{behind}".encode()


def _edited_lines(inner: str, changes: LinkChanges, add: Sequence[str], line_end: str) -> str:
    """Return the region's lines with the changes made; lines that are none of ours stay."""
    remove, replace = list(changes.remove), dict(changes.replace)
    lines: list[str] = []
    have: set[str] = set()
    last = -1
    for line in _LINE.findall(inner):
        bullet = _BULLET.fullmatch(line.rstrip("\r\n"))
        text = bullet[1].strip() if bullet else ""
        if text in remove:
            remove.remove(text)
            continue
        if text in replace:
            new = replace.pop(text)
            line, text = line.replace(text, new, 1), new  # noqa: PLW2901  # the line that is kept
        lines.append(line)
        if bullet:
            last = len(lines)
            have.add(text)
    new_lines = [f"- {text}{line_end}" for text in add if text not in have]
    if new_lines:
        at = last if last >= 0 else len(lines)
        if last < 0:
            new_lines = [*new_lines, line_end]
        lines[at:at] = new_lines
    return "".join(lines)


def _is_bare(inner: str) -> bool:
    """Tell whether nothing but the heading is left."""
    return inner.strip() in ("", HEADING)


def _check(old: bytes, new: bytes) -> None:
    """Read the edited note back. Raises MalformedNoteError if more than our own changed."""
    before, after = parse(old)[0], parse(new)[0]
    region = find_region(after.reading)
    hidden = region is not None and not any(
        region.inner_start <= link.start < region.inner_end for link in after.reading.links
    )
    if (
        not after.writable
        or (hidden and any(one.form is Form.SECTION for one in link_entries(after)))
        or (is_damaged(after.reading) and not is_damaged(before.reading))
        or source_hash(before) != source_hash(after)
    ):
        raise MalformedNoteError(
            "a list of related notes cannot be added below its text safely, usually because "
            "of an open code block or comment at its end; close it"
        )
