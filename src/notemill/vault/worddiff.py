"""Word diffs between two versions of a note, over its raw source, for people; pure.

Lines are matched first, then the words of lines that took each other's place. Time grows with the
size of the difference, and what is returned has a bound, however large the note.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from notemill.vault.frontmatter import BOM
from notemill.vault.linediff import Matcher

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MAX_LINES: Final = 400
"""The most lines that a view has: several screens around what changes."""
MAX_LINE: Final = 2_000
"""The most characters of a line that a view has: an embedded image is one line of a megabyte."""
_BEFORE_CHANGE: Final = 40
"""The lines above the first change that are shown if the note's beginning is too far away."""
_ALIKE: Final = 0.3
"""The share of common characters from which two lines are versions of one."""
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


class Edit(StrEnum):
    """What becomes of a piece of text."""

    SAME = "same"
    INS = "ins"
    DEL = "del"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a line, and what becomes of it."""

    edit: Edit
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of either version or of both; its numbers, from 1, are None where it is not in one."""

    old: int | None
    new: int | None
    pieces: tuple[Piece, ...]

    @property
    def changed(self) -> bool:
        """Whether anything of it changes."""
        return any(one.edit is not Edit.SAME for one in self.pieces) or None in (self.old, self.new)


@dataclass(frozen=True, slots=True)
class WordDiff:
    """The lines of a note with its changes; `above` and `below` count lines that are left out."""

    lines: tuple[Line, ...]
    above: int = 0
    below: int = 0


def word_diff(old: bytes, new: bytes) -> WordDiff:
    """Return two versions of a note as one text: at most `MAX_LINES` around what changes first.

    Bytes that are not UTF-8 become the replacement character.
    """
    before, after = _lines_of(old), _lines_of(new)
    codes = Matcher(before, after).get_opcodes()
    first = next((place for kind, place, *_ in codes if kind != "equal"), 0)
    above = max(0, first - _BEFORE_CHANGE) if first >= MAX_LINES else 0
    lines: list[Line] = []
    merged: Iterable[Line]
    count = 0
    for kind, low, high, new_low, new_high in codes:
        if kind == "equal":
            shift = new_low - low
            merged = (_same(before[n], n + 1, n + shift + 1) for n in range(max(low, above), high))
        else:
            merged = _merged(before[low:high], after[new_low:new_high], low + 1, new_low + 1)
        for one in merged:
            count += 1
            if len(lines) < MAX_LINES:
                lines.append(one)
    return WordDiff(tuple(lines), above, count - len(lines))


def _same(text: str, old: int, new: int) -> Line:
    return Line(old, new, (Piece(Edit.SAME, _cut(text)),))


def _merged(before: Sequence[str], after: Sequence[str], old: int, new: int) -> Iterator[Line]:
    """Yield lines that took the place of others; `old` and `new` number the first of each."""
    both = min(len(before), len(after))
    for n in range(both):
        yield from _in_place(before[n], after[n], old + n, new + n)
    for n, line in enumerate(before[both:], old + both):
        yield Line(n, None, (Piece(Edit.DEL, _cut(line)),))
    for n, line in enumerate(after[both:], new + both):
        yield Line(None, n, (Piece(Edit.INS, _cut(line)),))


def _in_place(old: str, new: str, old_number: int, new_number: int) -> Iterator[Line]:
    """Yield a line that took another's place: as one if they are alike, else as two."""
    old, new = _cut(old), _cut(new)
    pieces = _pieces(old, new)
    same = sum(len(one.text) for one in pieces if one.edit is Edit.SAME)
    if same >= _ALIKE * min(len(old), len(new)) and same:
        yield Line(old_number, new_number, pieces)
    else:
        yield Line(old_number, None, (Piece(Edit.DEL, old),))
        yield Line(None, new_number, (Piece(Edit.INS, new),))


def _pieces(old: str, new: str) -> tuple[Piece, ...]:
    words, new_words = _WORDS.findall(old), _WORDS.findall(new)
    found: list[Piece] = []
    for kind, low, high, new_low, new_high in Matcher(words, new_words).get_opcodes():
        gone, come = "".join(words[low:high]), "".join(new_words[new_low:new_high])
        if kind == "equal":
            found.append(Piece(Edit.SAME, gone))
            continue
        found += [Piece(edit, text) for edit, text in ((Edit.DEL, gone), (Edit.INS, come)) if text]
    return tuple(found)


def _lines_of(raw: bytes) -> list[str]:
    return raw.removeprefix(BOM).decode("utf-8", "replace").splitlines()


def _cut(line: str) -> str:
    return line if len(line) <= MAX_LINE else f"{line[: MAX_LINE - 1]}…"
