"""Properties that a note does not have yet, put behind those it has; pure.

Unlike `proposal`, which edits what notemill owns, this adds what a source says of itself and
touches nothing that is there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias

from notemill.errors import MalformedNoteError
from notemill.vault.frontmatter import BOM, Span
from notemill.vault.note import parse
from notemill.vault.proposal import new_list, spliced
from notemill.vault.scalars import scalar

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from notemill.vault.note import Note

Value: TypeAlias = "str | Sequence[str]"
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def with_properties(raw: bytes, values: Mapping[str, Value]) -> bytes:
    """Return a note with those of the properties that it does not have, each text in one line.

    Values that are empty are left out; a date is written bare, as Obsidian writes it. Raises
    MalformedNoteError if the frontmatter cannot be edited safely.
    """
    note, problems = parse(raw)
    for problem in problems:
        if problem.blocks_writing:
            raise MalformedNoteError(problem.message)
    added = [
        _entry(note, name, value)
        for name, value in values.items()
        if value and note.entry(name) is None
    ]
    if not added:
        return raw
    if note.frontmatter is not None:
        end = note.frontmatter.inner.end
        new = spliced(raw, [(Span(end, end), b"".join(added))])
    else:
        at = len(BOM) if note.has_bom else 0
        fence = b"---" + note.newline.encode()
        new = spliced(raw, [(Span(at, at), b"".join([fence, *added, fence]))])
    if not parse(new)[0].writable:
        raise MalformedNoteError(
            "its frontmatter cannot be edited safely; add its properties by hand"
        )
    return new


def lines_of(values: Mapping[str, Value], *, empty: Collection[str] = ()) -> str:
    """Return the lines of properties for a new note; those named in `empty` stay without a value."""
    note = parse(b"")[0]
    lines = [
        f"{name}:\n".encode() if not value else _entry(note, name, value)
        for name, value in values.items()
        if value or name in empty
    ]
    return b"".join(lines).decode()


def _entry(note: Note, name: str, value: Value) -> bytes:
    """Return the lines of a property, in the style of the note's frontmatter."""
    pad = b" " * (note.frontmatter.indent if note.frontmatter else 0)
    end = note.newline.encode()
    head = pad + name.encode() + b":"
    if isinstance(value, str):
        written = value if _DATE.fullmatch(value) else scalar(value)
        return head + b" " + written.encode() + end
    return new_list(note, head, end, value)
