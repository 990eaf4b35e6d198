"""Tables of a PDF: lines whose pieces stand beneath one another, told with care.

Justified prose has wide gaps, too, but not at the same places line after line. What is not surely a
table stays lines of text: a sentence cut into cells is worse than a table without lines.
"""

from __future__ import annotations

import re
from statistics import median
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notemill.sources.documents.pieces import Piece, Row

_LEAST_ROWS: Final = 3
_MOST_ROWS: Final = 500
_MOST_SPREAD_POINTS: Final = 6.0
"""Cells of one column begin, end or are centred within so many points."""
_MOST_LETTERS: Final = 40
"""The cells of a column usually have fewer letters; longer ones are text."""
_MARK: Final = re.compile(
    r"[•◦▪▫‣●○■□·*\u2013\u2014\uf0b7-]|\(?(?:\d{1,3}|[a-zA-Z])[.)]|\[\d{1,3}\]"
)


def table_end(rows: Sequence[Row], start: int) -> int:
    """Return where the table that begins with row `start` ends; `start` if none begins there."""
    count = len(rows[start].pieces)
    if count < 2:  # noqa: PLR2004
        return start
    end = start + 1
    while (
        end < min(len(rows), start + _MOST_ROWS)
        and len(rows[end].pieces) == count
        and rows[end].y - rows[end - 1].y < 4 * rows[end].size
    ):
        end += 1
    if end - start < _LEAST_ROWS:
        return start
    return end if all(map(_is_column, zip(*_cells(rows[start:end]), strict=True))) else start


def _cells(rows: Sequence[Row]) -> list[tuple[Piece, ...]]:
    return [row.pieces for row in rows]


def _is_column(cells: tuple[Piece, ...]) -> bool:
    if all(_MARK.fullmatch(cell.text) for cell in cells):
        return False  # a list, whose marks stand apart
    if median(len(cell.text) for cell in cells) > _MOST_LETTERS:
        return False
    return any(
        max(places) - min(places) <= _MOST_SPREAD_POINTS
        for places in (
            [cell.x0 for cell in cells],
            [cell.x1 for cell in cells],
            [(cell.x0 + cell.x1) / 2 for cell in cells],
        )
    )
