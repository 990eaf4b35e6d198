"""Inline properties (`key:: value`) at the top of a note, moved into the frontmatter; pure.

Dataview and Logseq write them. Only lines at the very top of a note count, and of those only the
ones that can become a property without loss.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from notemill.errors import MalformedNoteError
from notemill.markup.tags import is_legal_tag, tag_key
from notemill.vault.frontmatter import BOM, Span
from notemill.vault.note import ALIAS_KEYS, TAG_KEYS, TAG_SPLIT, Note, inline_tags, links, parse
from notemill.vault.proposal import new_list, spliced
from notemill.vault.scalars import scalar

if TYPE_CHECKING:
    from collections.abc import Collection

_FIELD = re.compile(r"(?P<key>[^:\r\n]++)::(?P<value>[ \t][^\r\n]*+)?+(?:\r\n|\n|\r|\Z)")
_BLANK = re.compile(r"[ \t]*+(?:\r\n|\n|\r)")
_KEY = re.compile(r"[^\W\d_][\w -]{0,40}")
# Signs that mean something in a text and nothing in a property.
_MARKUP: Final = (
    "[[",
    "](",
    "![",
    "`",
    "{{",
    "%%",
    "==",
    "<",
    "::",
    "((",
    "**",
    "~~",
    "$",
    "[",
    "^",
)
_LINK = re.compile(r"\[\[[^\[\]\r\n]+\]\]")
_LINKS = re.compile(rf"{_LINK.pattern}(?:[ \t]*,[ \t]*{_LINK.pattern})*")
_TYPED = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,9})?|true|false")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?)?")
# A line that makes the one above it a heading.
_UNDERLINE = re.compile(r" {0,3}+(?:=++|-++)[ \t]*+(?=[\r\n]|\Z)")
# One property under two names.
_SHOWN_CHARS: Final = 30
"""As much of a key or value is shown where a field is left: it only has to be found."""
_FAMILIES: Final = (TAG_KEYS, ALIAS_KEYS, ("cssclasses", "cssclass"))
_ANY_TAG = re.compile(r"(?:^|\s)#\S")


@dataclass(frozen=True, slots=True)
class Lifted:
    """The note's new bytes, the fields moved, and those left with the reason."""

    raw: bytes
    what: tuple[str, ...]
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    key: str
    value: str
    start: int
    end: int
    is_heading: bool


def lift(note: Note, *, lists: Collection[str]) -> Lifted:
    """Return a note with the fields at its top turned into properties.

    `lists` are the lower-case keys that hold lists. Raises MalformedNoteError if the result would
    not have the same meaning.
    """
    lines = _lines(note)
    there = {one.name for one in note.frontmatter.entries} if note.frontmatter else set()
    names = Counter(line.key.casefold() for line in lines)
    what: list[str] = []
    left: list[str] = []
    taken: list[tuple[_Line, str | list[str]]] = []
    for line in lines:
        name = line.key.casefold()
        same = next((set(family) for family in _FAMILIES if name in family), {name})
        if there & same:
            left.append(f"`{line.key}` is already a property")
        elif sum(names[one] for one in same) > 1:
            left.append(f"`{line.key}::` appears twice")
        elif reason := _unclear(line, name, lists):
            left.append(f"`{line.key:.{_SHOWN_CHARS}}:: {line.value:.{_SHOWN_CHARS}}`: {reason}")
        else:
            taken.append((line, _value(line.value, name, lists)))
            what.append(f"{line.key}:: → {line.key}:")
    if not taken:
        return Lifted(note.raw, (), tuple(left))
    raw = _written(note, taken)
    _check(note, raw, taken)
    return Lifted(raw, tuple(what), tuple(left))


def _lines(note: Note) -> list[_Line]:
    """Return the fields at the top of the text, up to the first line that is none and not blank."""
    body, at = note.body, 0
    found: list[_Line] = []
    while at < len(body):
        if (blank := _BLANK.match(body, at)) is not None:
            at = blank.end()
        elif (field := _FIELD.match(body, at)) is not None:
            at = field.end()
            is_heading = _UNDERLINE.match(body, at) is not None
            value = (field["value"] or "").strip(" \t")
            found.append(_Line(field["key"], value, field.start(), at, is_heading))
        else:
            break
    return found


def _unclear(line: _Line, name: str, lists: Collection[str]) -> str:
    """Return why a field cannot be a property without loss, '' if it can."""
    if not _KEY.fullmatch(line.key) or line.key != line.key.strip():
        return "its key is not a plain name"
    if not line.value or line.is_heading:
        return "the line below makes it a heading" if line.value else "it has no value"
    if name in TAG_KEYS:
        if "," in line.value and any(len(part.split()) > 1 for part in line.value.split(",")):
            return "a part of it has several words"
        if not all(is_legal_tag(tag) for tag in _list(line.value, name)):
            return "it contains more than tags"
        return ""
    if _LINKS.fullmatch(line.value):
        return ""
    if any(sign in line.value for sign in _MARKUP) or _ANY_TAG.search(line.value):
        return "it contains links, tags or other markup"
    if not line.value.isprintable():
        return "it contains unprintable characters"
    if name in lists and "," in line.value:
        return "a comma may separate names or belong to one"
    return ""


def _value(value: str, name: str, lists: Collection[str]) -> str | list[str]:
    """Return a field's value as the property's: links, several of them, are a list of links."""
    if _LINKS.fullmatch(value):
        found = _LINK.findall(value)
        return found if len(found) > 1 or name in lists else value
    return _list(value, name) if name in lists else value


def _is_typed(value: str) -> bool:
    """Tell whether every reader takes a value without quotes for the same number, date or truth.

    Some fail on the whole frontmatter where a date is of no calendar.
    """
    if _DATE.fullmatch(value):
        with contextlib.suppress(ValueError):
            datetime.fromisoformat(value)
            return True
        return False
    return _TYPED.fullmatch(value) is not None


def _list(value: str, name: str) -> list[str]:
    if name in TAG_KEYS:
        parts = (part.removeprefix("#") for part in TAG_SPLIT.split(value))
        return list({tag_key(part): part for part in reversed(list(parts)) if part}.values())[::-1]
    return [value]


def _written(note: Note, taken: list[tuple[_Line, str | list[str]]]) -> bytes:
    newline = note.newline.encode()
    block = note.frontmatter
    pad = b" " * (block.indent if block else 0)
    added: list[bytes] = []
    for line, value in taken:
        head = pad + line.key.encode() + b":"
        if isinstance(value, list):
            added.append(new_list(note, head, newline, value))
        else:
            text = value if _is_typed(value) else scalar(value)
            added.append(head + b" " + text.encode() + newline)
    # One field lies behind the other: bytes are counted from one to the next.
    edits: list[tuple[Span, bytes]] = []
    char, byte = 0, note.body_start
    for line, _ in taken:
        byte += len(note.body[char : line.start].encode())
        size = len(note.body[line.start : line.end].encode())
        edits.append((Span(byte, byte + size), b""))
        char, byte = line.end, byte + size
    if block is not None:
        edits.insert(0, (Span(block.inner.end, block.inner.end), b"".join(added)))
    else:
        at = len(BOM) if note.has_bom else 0
        fence = b"---" + newline
        edits.insert(0, (Span(at, at), b"".join([fence, *added, fence])))
    return spliced(note.raw, edits)


def _check(old: Note, raw: bytes, taken: list[tuple[_Line, str | list[str]]]) -> None:
    """Read the edited note back. Raises MalformedNoteError if it is not what was meant."""
    new, _ = parse(raw)
    values = [(one.key, one.value) for one in old.frontmatter.entries] if old.frontmatter else []
    values += [
        (line.key, tuple(value) if isinstance(value, list) else value) for line, value in taken
    ]
    found = [(one.key, one.value) for one in new.frontmatter.entries] if new.frontmatter else []
    edges = [0, *(edge for line, _ in taken for edge in (line.start, line.end)), len(old.body)]
    body = "".join(old.body[low:high] for low, high in zip(edges[::2], edges[1::2], strict=True))
    own = {
        tag_key(tag)
        for line, value in taken
        if isinstance(value, list) and line.key.casefold() in TAG_KEYS
        for tag in value
    }
    before = [tag.name for tag in inline_tags(old) if tag_key(tag.name) not in own]
    after = [tag.name for tag in inline_tags(new) if tag_key(tag.name) not in own]
    if (
        not new.writable
        or found != values
        or new.body != body
        or before != after
        or len(links(new)) != len(links(old))
    ):
        raise MalformedNoteError("its first lines cannot be moved safely; move them by hand")
