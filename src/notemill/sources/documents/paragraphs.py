"""Lines become parts of a text: headings, paragraphs, items of lists, tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from notemill.sources.documents.pieces import line_step
from notemill.sources.documents.tables import table_end

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from notemill.sources.documents.divided import Words
    from notemill.sources.documents.pieces import Row

_HEADING: Final = 1.12
"""A heading's letters are larger than the text's by this factor at least."""
_MOST_HEADING_LINES: Final = 4
_MOST_HEADING_LETTERS: Final = 200
_MOST_BOLD_LETTERS: Final = 90
_GAP: Final = 1.35
"""A new paragraph begins where the distance to the line above is this much wider than usual."""
_INDENT: Final = 0.8
"""… or where a line is indented by so many letter sizes against the line above and its column."""
_SHORT: Final = 0.86
"""… or where the line above ends a sentence within this part of its column's width."""
_OTHER_SIZE: Final = 1.1
_BULLET: Final = re.compile(r"[•◦▪▫‣●○■□·\uf0b7\uf0a7]\s*|[\u2013\u2014*-]\s+")
_NUMBERED: Final = re.compile(r"\(?\d{1,3}[.)]\s|\[\d{1,3}\]\s")
_ENDS_SENTENCE: Final = re.compile(r"[.!?:;…\u3002\uff01\uff1f]['\"”\u2019»)\]]*$")
_WIDE_GAP: Final = 3.0
"""Of letter sizes: no justified line has such gaps."""
_MOST_LINES: Final = 400
"""Of one paragraph: no page has more."""
_MOST_JOINED: Final = 20_000
"""Letters of a paragraph that goes on over edges: more than three full pages are no paragraph."""
_LEADER: Final = re.compile(r"\s*(?:[.\u2026·_]\s?){5,}")
"""The dots between an entry of a table of contents and its page."""
_VERY_SHORT: Final = 0.6


class PartKind(StrEnum):
    """What a part of a text is."""

    PROSE = "prose"
    HEADING = "heading"
    ITEM = "item"
    LINES = "lines"
    """Lines that stay lines: their pieces stand far apart."""
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a text. `rows` has the cells of a table; elsewhere `text` is all of it."""

    kind: PartKind
    text: str
    page: int
    size: float
    rows: tuple[tuple[str, ...], ...] = ()


def parts_of(rows: Sequence[Row], page: int, body: float, words: Words) -> Iterator[Part]:
    """Yield the parts of one column, whose text is mostly set in `body` points."""
    column = _Column(
        rows, line_step(rows), min(row.x0 for row in rows), max(row.x1 for row in rows)
    )
    at = 0
    while at < len(rows):
        end = table_end(rows, at)
        if end > at:
            cells = tuple(tuple(piece.text for piece in row.pieces) for row in rows[at:end])
            yield Part(PartKind.TABLE, "", page, rows[at].size, cells)
            at = end
            continue
        end = at + 1
        most = min(len(rows), at + _MOST_LINES)
        while end < most and _goes_on(column, at, end):
            end += 1
        yield _part(rows[at:end], page, body, words)
        at = end


@dataclass(frozen=True, slots=True)
class _Column:
    rows: Sequence[Row]
    step: float
    """The usual distance between two of its lines."""
    left: float
    right: float


def _goes_on(column: _Column, start: int, at: int) -> bool:
    """Tell whether row `at` belongs to the part that began with row `start`."""
    rows = column.rows
    above, row = rows[at - 1], rows[at]
    if table_end(rows, at) > at or _is_apart(above) != _is_apart(row):
        return False
    distance = row.y - above.y
    if not 0 < distance <= _GAP * max(column.step, 1.15 * max(above.size, row.size)):
        return False
    if max(above.size, row.size) > _OTHER_SIZE * min(above.size, row.size):
        return False
    if above.bold != row.bold and (rows[start].bold or row.bold):
        return False
    if _is_apart(row):
        return True
    if _BULLET.match(row.text) or (_NUMBERED.match(row.text) and _ends_sentence(above.text)):
        return False
    is_item = bool(_BULLET.match(rows[start].text) or _NUMBERED.match(rows[start].text))
    indent = row.x0 - above.x0
    if indent > _INDENT * row.size and row.x0 - column.left > _INDENT * row.size:
        return is_item or (at - start == 1 and _hangs(rows, at))
    if is_item and indent < -_INDENT * row.size and at - start > 1:
        return False
    part = _SHORT if _ends_sentence(above.text) else _VERY_SHORT
    return row.text[:1].islower() or above.x1 - column.left >= part * (column.right - column.left)


def _ends_sentence(text: str) -> bool:
    return _ENDS_SENTENCE.search(text[-10:]) is not None


def _hangs(rows: Sequence[Row], at: int) -> bool:
    """Tell whether the lines after a part's first are indented, as in lists of references."""
    following = rows[at + 1] if at + 1 < len(rows) else None
    return following is not None and abs(following.x0 - rows[at].x0) < 1


def _is_apart(row: Row) -> bool:
    """Tell whether the pieces of a row stand so far apart that they are no running text."""
    ordered = sorted(row.pieces, key=lambda piece: piece.x0)
    return bool(_LEADER.search(row.text)) or any(
        right.x0 - left.x1 > _WIDE_GAP * max(left.size, right.size)
        and not _BULLET.fullmatch(f"{left.text} ")
        and not _NUMBERED.fullmatch(f"{left.text} ")
        for left, right in pairwise(ordered)
    )


def _part(rows: Sequence[Row], page: int, body: float, words: Words) -> Part:
    size = max(rows, key=lambda row: len(row.text)).size
    if all(map(_is_apart, rows)):
        lines = (_LEADER.sub(" … ", row.text) for row in rows)
        return Part(PartKind.LINES, "\n".join(lines), page, size)
    text = ""
    for row in rows:
        text = words.joined(text, row.text)
    if _is_heading(rows, text, size, body):
        return Part(PartKind.HEADING, text, page, size)
    if bullet := _BULLET.match(text):
        return Part(PartKind.ITEM, text[bullet.end() :], page, size)
    return Part(PartKind.PROSE, text, page, size)


def _is_heading(rows: Sequence[Row], text: str, size: float, body: float) -> bool:
    if not any(map(str.isalpha, text)) or len(rows) > _MOST_HEADING_LINES:
        return False
    if size >= _HEADING * body:
        return len(text) <= _MOST_HEADING_LETTERS
    return (
        all(row.bold for row in rows)
        and size >= 0.95 * body
        and len(text) <= _MOST_BOLD_LETTERS
        and not _ends_sentence(text)
    )


def joined_over_edges(parts: Sequence[Part], words: Words) -> list[Part]:
    """Join paragraphs that go on in the next column or on the next page."""
    joined: list[Part] = []
    for part in parts:
        above = joined[-1] if joined else None
        if above is not None and _continues(above, part):
            text = words.joined(above.text, part.text)
            joined[-1] = Part(above.kind, text, above.page, above.size)
        else:
            joined.append(part)
    return joined


def _continues(above: Part, part: Part) -> bool:
    return (
        above.kind in {PartKind.PROSE, PartKind.ITEM}
        and part.kind is PartKind.PROSE
        and len(above.text) < _MOST_JOINED
        and not _ends_sentence(above.text)
        and part.text[:1].islower()
        and max(above.size, part.size) < _OTHER_SIZE * min(above.size, part.size)
    )
