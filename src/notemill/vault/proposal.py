"""Edits of a note's owned properties: only their bytes change; pure."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Final, TypeAlias

from notemill.errors import MalformedNoteError
from notemill.vault.frontmatter import BOM, Entry, Frontmatter, Place
from notemill.vault.note import OWNED, TAG_KEYS, Note, owned_lines, parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Change: TypeAlias = "str | Sequence[str] | None"

_PLAIN = re.compile(r"[^\W\d_](?:[\w ,.'’()+/-]*[\w)/+-])?")
# Words that some version of YAML takes for something else than text.
_RESERVED: Final = frozenset(
    "y n yes no on off true false null none nan inf infinity".split()  # noqa: SIM905
)
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_MAX_HEX_BYTE: Final = 0xFF


def set_properties(raw: bytes, changes: Mapping[str, Change]) -> bytes:
    """Return the note with `changes` made: name → text, list of texts, or None to take it out.

    Every byte outside the properties that change stays. A property keeps its place, its spelling
    and its style; new ones come last in the frontmatter; a frontmatter is made only where there
    is none. Raises ValueError for a name that notemill does not own, MalformedNoteError where the
    frontmatter cannot be edited safely.
    """
    if foreign := sorted(set(changes) - set(OWNED)):
        raise ValueError(f"notemill does not own {', '.join(foreign)}")
    note, problems = parse(raw)
    for problem in problems:
        if problem.blocks_writing:
            raise MalformedNoteError(problem.message)
    if note.frontmatter is None:
        return _with_new_frontmatter(note, changes)
    lines = list(note.frontmatter.lines)
    added: list[bytes] = []
    nl = note.newline.encode()
    for name, change in changes.items():
        entry = note.frontmatter.find(*(TAG_KEYS if name == "tags" else (name,)))
        if entry is None:
            if change is not None and change != "" and list(change):
                pad = b" " * note.frontmatter.indent
                added += [pad + line for line in _new_entry(name, change, nl)]
        elif not _says(note, entry, name, change):
            new = b"" if change is None else _edited(note.frontmatter, entry, change, nl)
            # Lines are replaced in place, so that the numbers of all others stay right.
            lines[entry.first : entry.last] = [new] + [b""] * (entry.last - entry.first - 1)
    block = b"".join([*lines, *added])
    return raw[: note.frontmatter.inner] + block + raw[note.frontmatter.close :]


def owned_spans(note: Note) -> list[tuple[int, int]]:
    """Return the byte spans of the properties that notemill may write."""
    if note.frontmatter is None:
        return []
    spans: list[tuple[int, int]] = []
    offset = note.frontmatter.inner
    owned = owned_lines(note.frontmatter)
    for number, line in enumerate(note.frontmatter.lines):
        if number in owned:
            spans.append((offset, offset + len(line)))
        offset += len(line)
    return spans


def diff(old: bytes, new: bytes, path: str) -> str:
    """Return a unified diff of two versions of a note as text."""
    before = old.removeprefix(BOM).decode("utf-8", "replace").splitlines()
    after = new.removeprefix(BOM).decode("utf-8", "replace").splitlines()
    return "\n".join(difflib.unified_diff(before, after, path, path, lineterm="", n=1))


def rendered(value: str, *, flow: bool = False) -> str:
    """Return `value` as a YAML scalar that every YAML 1.1 or 1.2 reader takes for just that text."""
    plain = (
        _PLAIN.fullmatch(value) is not None
        and value.lower() not in _RESERVED
        and not (flow and "," in value)
    )
    if plain:
        return value
    return '"' + "".join(_escaped(char) for char in value) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable() and char != "\ufeff":
        return char
    code = ord(char)
    if code <= _MAX_HEX_BYTE:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"  # noqa: PLR2004


def _with_new_frontmatter(note: Note, changes: Mapping[str, Change]) -> bytes:
    nl = note.newline.encode()
    entries = b"".join(
        line
        for name, change in changes.items()
        if change is not None and change != "" and list(change)
        for line in _new_entry(name, change, nl)
    )
    if not entries:
        return note.raw
    at = len(BOM) if note.raw.startswith(BOM) else 0
    return note.raw[:at] + b"---" + nl + entries + b"---" + nl + note.raw[at:]


def _new_entry(name: str, change: str | Sequence[str], nl: bytes) -> list[bytes]:
    if isinstance(change, str):
        return [f"{name}: {rendered(change)}".encode() + nl]
    return [f"{name}:".encode() + nl, *(f"  - {rendered(one)}".encode() + nl for one in change)]


def _says(note: Note, entry: Entry, name: str, change: Change) -> bool:
    """Tell whether a property already says what it is to say."""
    if change is None:
        return False
    if isinstance(change, str):
        return entry.value == change
    have = note.tags if name == "tags" else note.list_of(entry.key)
    return list(have) == list(change)


def _edited(block: Frontmatter, entry: Entry, change: str | Sequence[str], nl: bytes) -> bytes:
    """Return the lines of an entry with its new value, in its own style."""
    lines = [line.decode("utf-8") for line in block.lines[entry.first : entry.last]]
    if isinstance(change, str):
        if entry.shape == "scalar" and entry.begin.line == entry.end.line:
            return _replaced(lines, entry, entry.begin, entry.end, rendered(change)).encode()
        return _head(lines[0], entry).encode() + f" {rendered(change)}".encode() + nl
    values = list(change)
    if entry.shape == "flow":
        return _flow(lines, entry, values).encode()
    if entry.shape == "list":
        return _block_list(lines, entry, values, nl.decode()).encode()
    if entry.shape == "scalar" and entry.begin.line == entry.end.line:
        text = "[" + ", ".join(rendered(one, flow=True) for one in values) + "]"
        return _replaced(lines, entry, entry.begin, entry.end, text).encode()
    pad = " " * block.indent
    head = lines[0] if entry.shape == "nothing" else _head(lines[0], entry) + nl.decode()
    rest = "".join(lines[1:]) if entry.shape == "nothing" else ""
    items = "".join(f"{pad}  - {rendered(one)}{nl.decode()}" for one in values)
    return (head + rest + items).encode()


def _head(line: str, entry: Entry) -> str:
    """Return the key and its colon as they are written."""
    at = line.find(entry.key)
    colon = line.find(":", at + len(entry.key)) if at >= 0 else -1
    if colon < 0:
        raise MalformedNoteError(f"its property {entry.key} is written in an unusual way")
    return line[: colon + 1]


def _replaced(lines: list[str], entry: Entry, begin: Place, end: Place, text: str) -> str:
    """Return the entry's lines with what stands from `begin` to `end` replaced."""
    first, last = begin.line - entry.first, end.line - entry.first
    before = lines[first][: begin.column]
    after = lines[last][end.column :] if last < len(lines) else ""
    gap = "" if before.endswith((" ", "\t", "[", ",")) or not before.strip() else " "
    return "".join(lines[:first]) + before + gap + text + after + "".join(lines[last + 1 :])


def _flow(lines: list[str], entry: Entry, values: list[str]) -> str:
    """Add to a `[list, in, one, line]`, or write it anew where something goes."""
    have = [_bare(one) for one in entry.value or ()]
    if entry.items and values[: len(have)] == have:
        new = "".join(f", {rendered(one, flow=True)}" for one in values[len(have) :])
        place = entry.items[-1][1]
        return _replaced_exactly(lines, entry, place, place, new)
    if entry.opaque:
        raise MalformedNoteError(f"its property {entry.key} holds more than texts; edit it by hand")
    text = "[" + ", ".join(rendered(one, flow=True) for one in values) + "]"
    return _replaced(lines, entry, entry.begin, entry.end, text)


def _replaced_exactly(lines: list[str], entry: Entry, begin: Place, end: Place, text: str) -> str:
    at = begin.line - entry.first
    line = lines[at][: begin.column] + text + lines[end.line - entry.first][end.column :]
    return "".join([*lines[:at], line, *lines[end.line - entry.first + 1 :]])


def _block_list(lines: list[str], entry: Entry, values: list[str], nl: str) -> str:
    """Add lines to a list, or leave out those of values that go; all other lines stay."""
    have = [_bare(one) for one in entry.value or ()]
    starts = [begin.line - entry.first for begin, _ in entry.items]
    dash = next((line for line in lines[1:] if line.lstrip().startswith("- ")), "  - ")
    pad = dash[: len(dash) - len(dash.lstrip())]
    new = [f"{pad}- {rendered(one)}{nl}" for one in values if one not in have]
    bounds = [*starts[1:], len(lines)]
    gone = {
        line
        for value, start, bound in zip(have, starts, bounds, strict=True)
        if value not in values
        for line in range(start, bound)
        if line == start or not lines[line].lstrip().startswith("#")
    }
    return "".join([line for n, line in enumerate(lines) if n not in gone] + new)


def _bare(tag: str) -> str:
    return tag.strip().lstrip("#").strip()
