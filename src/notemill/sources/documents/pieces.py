"""What a PDF holds, as it is laid out: pieces of lines with their places, page by page.

Places are in points (1/72 inch) from the top left corner of the page as it is read, so that `y`
grows downwards; `y` is where a line's letters stand (the baseline).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SAME_LINE: Final = 0.45
"""Letters whose baselines are nearer than this part of their size stand in one line."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Letters that follow one another without a gap as wide as a letter is high.

    `order` is its place among the pieces of its page as they were drawn.
    """

    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool = False
    order: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """The pieces that stand side by side in one line, in the order in which they are read."""

    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """All its words."""
        return " ".join(piece.text for piece in self.pieces)

    @property
    def x0(self) -> float:
        """Where its first letter begins, seen from the left."""
        return min(piece.x0 for piece in self.pieces)

    @property
    def x1(self) -> float:
        """Where its last letter ends, seen from the left."""
        return max(piece.x1 for piece in self.pieces)

    @property
    def y(self) -> float:
        """Its baseline."""
        return max(self.pieces, key=lambda piece: len(piece.text)).y

    @property
    def size(self) -> float:
        """The size of most of its letters."""
        return max(self.pieces, key=lambda piece: len(piece.text)).size

    @property
    def bold(self) -> bool:
        """Whether all of it is bold."""
        return all(piece.bold for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Page:
    """A page: how large it is, what stands on it, and how much of it is pictures."""

    number: int
    width: float
    height: float
    pieces: tuple[Piece, ...]
    pictured: float = 0.0
    """The part of the page that pictures cover, from 0 to 1."""
    plain: str = ""
    """Its text by a second way of extraction, in no certain order."""


def rows_of(pieces: Iterable[Piece], *, from_right: bool = False) -> list[Row]:
    """Return pieces as lines from top to bottom, each from its left, or from its right."""
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda one: (one.y, one.x0)):
        if rows and piece.y - rows[-1][0].y < _SAME_LINE * max(piece.size, rows[-1][0].size):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [
        Row(tuple(sorted(row, key=lambda one: -one.x1 if from_right else one.x0))) for row in rows
    ]


def body_size(pages: Sequence[Page]) -> float:
    """Return the size, in points, in which most letters of a document are set."""
    letters: dict[float, int] = {}
    for page in pages:
        for piece in page.pieces:
            size = round(piece.size * 2) / 2
            letters[size] = letters.get(size, 0) + len(piece.text)
    return max(letters, key=lambda size: letters[size], default=10.0)


def line_step(rows: Sequence[Row]) -> float:
    """Return the usual distance between two lines of running text, in points."""
    steps = [
        below.y - above.y
        for above, below in pairwise(rows)
        if 0 < below.y - above.y < 3 * above.size
    ]
    return median(steps) if steps else 1.3 * (rows[0].size if rows else 10.0)
