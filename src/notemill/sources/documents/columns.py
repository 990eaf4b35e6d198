"""In which order a page is read: what stands side by side in columns, one column after the other.

A PDF need not hold its text in the order in which it is read: some programs write two columns line
by line across both. So the order is told by where the text stands, as a reader tells it.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from statistics import median
from typing import TYPE_CHECKING, Final

from notemill.sources.documents.pieces import Row, rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notemill.sources.documents.pieces import Page, Piece

_LEAST_LINES: Final = 3
"""Two columns have at least so many lines side by side; with fewer, it may be anything."""
_LEAST_ENTRIES: Final = 5
"""… and so many where their lines are short, as those of an index."""
_LEAST_WIDTH: Final = 0.15
"""A column is at least this part of the text's width: narrower ones are cells, marks, numbers."""
_LEAST_LETTERS: Final = 12
"""The lines of a column usually have so many letters; those of a table's cells have fewer."""
_LEAST_FULL: Final = 0.55
"""Most lines of running text fill this part of their column; cells differ in length."""
_MOST_EDGES: Final = 12
"""So many places are tried where a column might begin: those at which most pieces do."""
_MOST_DEPTH: Final = 4
_OVERHANG: Final = 2.0
"""What reaches across a gutter by less than so many letter sizes belongs to one side."""

Columns = list[list[Row]]


def in_order(page: Page) -> Columns:
    """Return the lines of a page in the order in which they are read, column by column."""
    from_right = _is_from_right(page.pieces)
    return _in_order(list(page.pieces), from_right=from_right, depth=_MOST_DEPTH)


def _in_order(pieces: list[Piece], *, from_right: bool, depth: int) -> Columns:
    bands = _best_bands(pieces) if depth else []
    if not bands:
        rows = rows_of(pieces, from_right=from_right)
        return [rows] if rows else []
    columns: Columns = []
    for sides in bands:
        for side in reversed(sides) if from_right and len(sides) > 1 else sides:
            columns += _in_order(
                side, from_right=from_right, depth=depth - 1 if len(sides) > 1 else 0
            )
    return columns


def _best_bands(pieces: Sequence[Piece]) -> list[list[list[Piece]]]:
    """Return the bands of the gutter that parts most of the text, none if there is no gutter."""
    if len(pieces) < 2 * _LEAST_LINES:
        return []
    edges = Counter(round(piece.x0 / 2) * 2 for piece in pieces)
    best: list[list[list[Piece]]] = []
    most = 0
    for edge, count in edges.most_common(_MOST_EDGES):
        if count < _LEAST_LINES:
            break
        bands = _bands(pieces, edge - 2.0)
        parted = sum(len(side) for sides in bands if len(sides) > 1 for side in sides)
        if parted > most:
            best, most = bands, parted
    return best


def _bands(pieces: Sequence[Piece], gutter: float) -> list[list[list[Piece]]]:
    """Cut pieces at a gutter: a band is what lies between two lines that cross it.

    Each band has two sides, or one where what lies in it is no columns.
    """
    bands: list[list[list[Piece]]] = []
    across: list[Piece] = []
    left: list[Piece] = []
    right: list[Piece] = []

    def end() -> None:
        if _are_columns(left, right):
            if across:
                bands.append([across.copy()])
                across.clear()
            bands.append([left.copy(), right.copy()])
        else:
            across.extend(left + right)
        left.clear()
        right.clear()

    for row in rows_of(pieces):
        if any(_crosses(piece, gutter) for piece in row.pieces):
            end()
            across.extend(row.pieces)
            continue
        for piece in row.pieces:
            (left if (piece.x0 + piece.x1) / 2 < gutter else right).append(piece)
    end()
    if across:
        bands.append([across])
    return bands


def _crosses(piece: Piece, gutter: float) -> bool:
    reach = min(_OVERHANG * piece.size, (piece.x1 - piece.x0) / 4)
    return piece.x0 < gutter - reach and piece.x1 > gutter + reach


def _are_columns(left: Sequence[Piece], right: Sequence[Piece]) -> bool:
    """Tell whether two sides are running text, and stand beside one another."""
    if not left or not right:
        return False
    sides = rows_of(left), rows_of(right)
    lowest_top = max(rows[0].y for rows in sides)
    highest_end = min(rows[-1].y for rows in sides)
    whole = max(piece.x1 for piece in right) - min(piece.x0 for piece in left)
    beside = [sum(lowest_top - 1 <= row.y <= highest_end + 1 for row in rows) for rows in sides]
    if all(_is_running_text(rows, whole) for rows in sides):
        return min(beside) >= _LEAST_LINES
    return min(beside) >= _LEAST_ENTRIES and _are_drawn_apart(left, right)


def _are_drawn_apart(left: Sequence[Piece], right: Sequence[Piece]) -> bool:
    """Tell whether one side was drawn before the other; tables are drawn row by row."""
    orders = [[piece.order for piece in side] for side in (left, right)]
    return max(orders[0]) < min(orders[1]) or max(orders[1]) < min(orders[0])


def _is_running_text(rows: Sequence[Row], whole: float) -> bool:
    width = max(row.x1 for row in rows) - min(row.x0 for row in rows)
    return (
        width >= _LEAST_WIDTH * whole
        and median(len(row.text) for row in rows) >= _LEAST_LETTERS
        and median(row.x1 - row.x0 for row in rows) >= _LEAST_FULL * width
    )


def _is_from_right(pieces: Sequence[Piece]) -> bool:
    """Tell whether most letters are of a script that is read from the right."""
    ways = Counter(
        unicodedata.bidirectional(letter) for piece in pieces for letter in piece.text[:40]
    )
    return ways["R"] + ways["AL"] > ways["L"]
