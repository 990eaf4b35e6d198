"""Tables: each cell in its column, whatever spans what; what only lays out a page is no table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from notemill.sources.pages.parsing import words_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

MAX_COLUMNS: Final = 100
"""The most columns of a table; a wider one is read cell by cell."""
_MOST_ROWS_SPANNED: Final = 1_000
_REPEATED_CHARS: Final = 60
"""What spans rows is repeated in each of them if it is short: rows are read one by one."""
_LAYOUT_CHARS: Final = 600
_HEADINGS: Final = ("h1", "h2", "h3", "h4", "pre", "hr")
_DIGITS: Final = re.compile(r"\s*(\d{1,6})")


def rows_of(table: HtmlElement) -> Iterator[HtmlElement]:
    """Iterate over a table's own rows, not those of tables within it."""
    for part in table:
        if part.tag == "tr":
            yield part
        elif part.tag in ("thead", "tbody", "tfoot"):
            yield from (row for row in part if row.tag == "tr")


def cells_of(row: HtmlElement) -> list[HtmlElement]:
    """Return a row's cells."""
    return [cell for cell in row if cell.tag in ("td", "th")]


def is_layout(table: HtmlElement) -> bool:
    """Tell whether a table places parts of a page beside each other, and has no data of its own."""
    if (table.get("role") or "").lower() in ("presentation", "none"):
        return True
    rows = [cells_of(row) for row in rows_of(table)]
    cells = [cell for row in rows for cell in row]
    if not 2 <= max(map(len, rows), default=0) <= MAX_COLUMNS:  # noqa: PLR2004
        return True
    if any(cell.tag == "th" for cell in cells) or next(table.iter("caption"), None) is not None:
        return False
    holds_parts = next((True for cell in cells for _ in cell.iter("table", *_HEADINGS)), False)
    return holds_parts or any(len(words_in(cell)) > _LAYOUT_CHARS for cell in cells)


def grid(table: HtmlElement) -> tuple[list[list[HtmlElement | None]], int]:
    """Return a table's rows with as many cells each, and how many of the first are its head.

    What spans columns stands in the first of them, in a head of several rows in all of them; what
    spans rows in all of them, if it is short.
    """
    own = list(rows_of(table))
    heads = 0
    while heads < len(own) and _is_head(own[heads]):
        heads += 1
    rows: list[list[HtmlElement | None]] = []
    # For each column what still reaches into it from above, and through how many rows.
    hanging: dict[int, tuple[HtmlElement | None, int]] = {}
    for number, row in enumerate(own):
        out: list[HtmlElement | None] = []
        for cell in cells_of(row):
            _fill_hanging(out, hanging)
            _place(out, cell, hanging, repeats=number < heads - 1)
        _fill_hanging(out, hanging, to_the_end=True)
        rows.append(out)
    width = max(map(len, rows), default=0)
    for out in rows:
        out.extend([None] * (width - len(out)))
    return rows, heads


def _is_head(row: HtmlElement) -> bool:
    cells = cells_of(row)
    return row.getparent().tag == "thead" or (
        bool(cells) and all(cell.tag == "th" for cell in cells)
    )


def _place(
    out: list[HtmlElement | None],
    cell: HtmlElement,
    hanging: dict[int, tuple[HtmlElement | None, int]],
    *,
    repeats: bool,
) -> None:
    rows = min(_span(cell, "rowspan"), _MOST_ROWS_SPANNED)
    repeated = cell if len(words_in(cell)) <= _REPEATED_CHARS else None
    columns = min(_span(cell, "colspan"), max(1, MAX_COLUMNS - len(out)))
    for place in range(columns):
        if rows > 1:
            hanging[len(out)] = (repeated if place == 0 or repeats else None, rows - 1)
        out.append(cell if place == 0 or repeats else None)


def _fill_hanging(
    out: list[HtmlElement | None],
    hanging: dict[int, tuple[HtmlElement | None, int]],
    *,
    to_the_end: bool = False,
) -> None:
    """Put into a row what reaches into it from above, up to its next free column or its end."""
    last = max(hanging, default=-1)
    while len(out) in hanging or (to_the_end and len(out) < last):
        cell, left = hanging.pop(len(out), (None, 0))
        if left > 1:
            hanging[len(out)] = (cell, left - 1)
        out.append(cell)


def _span(cell: HtmlElement, name: str) -> int:
    """Return how many rows or columns a cell spans, as browsers read the attribute."""
    digits = _DIGITS.match(cell.get(name) or "")
    return max(1, int(digits[1])) if digits else 1
