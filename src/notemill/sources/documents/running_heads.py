"""Running heads and page numbers: lines at the edge of pages that come again from page to page.

A head repeats; prose does not. So a line is left out only if the same line stands at the same place
of other pages, where a number in it may grow with the pages. Words with digits in them are words.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.sources.documents.pieces import body_size, rows_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from notemill.sources.documents.pieces import Page, Piece, Row

_EDGE: Final = 0.14
"""Heads and page numbers lie within this part of the page's height, from its top or its end."""
_MOST_LINES: Final = 3
"""So many lines at each edge may be heads."""
_MOST_LETTERS: Final = 120
_LEAST_PAGES: Final = 3
"""A line comes again on so many pages, or on both where there are two."""
_SAME_PLACE_POINTS: Final = 6.0
_APART: Final = 1.7
"""A head is farther from the text than so many letter sizes, …"""
_OTHER_SIZE: Final = 0.93
"""… or set in letters smaller than this part of the text's, …"""
_NARROW: Final = 0.5
"""… or narrower than this part of the text's width."""

_ROMAN: Final = re.compile(r"(?=[ivxl])(?:x{0,3}|x?l)(?:ix|iv|v?i{0,3})")
_ROMAN_DIGITS: Final = {"i": 1, "v": 5, "x": 10, "l": 50}
_TOKEN: Final = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*|[^\w\s]")
_MOST_DIGITS: Final = 6
_MOST_TOKENS: Final = 12
"""A longer line with the page's number is a head only if it stands apart."""

Form = tuple[object, ...]
"""What a line is, apart from how its numbers grow with the pages."""


@dataclass(frozen=True, slots=True)
class _Edge:
    """A line at an edge of a page; `page` counts from 0."""

    page: int
    row: Row
    apart: bool
    """Whether it stands apart from the text: by distance, size or shortness."""


def without_heads(pages: Sequence[Page]) -> tuple[list[tuple[Piece, ...]], list[str]]:
    """Return each page's pieces without its heads, and the texts left out, in their order."""
    size = body_size(pages)
    sides = [side for at, page in enumerate(pages) for side in _sides(page, at, size)]
    heads = _repeated([edge for side in sides for edge in side], len(pages))
    places: dict[int, set[int]] = defaultdict(set)
    for edge in heads:
        for number in _growing(edge):
            places[number].add(round(edge.row.y))
    left_out: list[set[Piece]] = [set() for _ in pages]
    said: list[str] = []
    for side in sides:
        for edge in side:  # from the outermost inwards: the text begins where a line is no head
            if edge not in heads and not (edge.apart and _is_numbered_like(edge, places)):
                break
            left_out[edge.page].update(edge.row.pieces)
            said.append(edge.row.text)
    kept = [
        tuple(piece for piece in page.pieces if piece not in gone)
        for page, gone in zip(pages, left_out, strict=True)
    ]
    return kept, said


def _sides(page: Page, at: int, size: float) -> Iterator[list[_Edge]]:
    """Yield the lines at a page's top and at its end, from the outermost inwards.

    What stands at an angle lies beneath the page; a watermark repeats as a head does.
    """
    rows = rows_of(piece for piece in page.pieces if piece.y <= page.height)
    askew = rows_of(piece for piece in page.pieces if piece.y > page.height)
    yield [_Edge(at, row, apart=True) for row in askew]
    width = max((row.x1 for row in rows), default=0) - min((row.x0 for row in rows), default=0)
    for side, step in ((rows, 1), (rows[::-1], -1)):
        edges: list[_Edge] = []
        for place, row in enumerate(side[:_MOST_LINES]):
            depth = row.y if step == 1 else page.height - row.y
            if depth > _EDGE * page.height or len(row.text) > _MOST_LETTERS:
                break
            inner = side[place + 1] if place + 1 < len(side) else None
            apart = (
                inner is None
                or (inner.y - row.y) * step > _APART * max(row.size, inner.size)
                or row.size < _OTHER_SIZE * size
                or row.x1 - row.x0 < _NARROW * width
            )
            edges.append(_Edge(at, row, apart))
        yield edges


def _repeated(edges: Sequence[_Edge], pages: int) -> set[_Edge]:
    """Return the lines that come again, at one place of enough pages."""
    alike: dict[Form, list[_Edge]] = defaultdict(list)
    for edge in edges:
        for form in _forms(edge.row.text, edge.page):
            alike[form].append(edge)
    heads: set[_Edge] = set()
    for form, found in alike.items():
        is_numbered = len(form) <= _MOST_TOKENS and any(isinstance(token, int) for token in form)
        for group in _at_one_place(found):
            on = len({edge.page for edge in group})
            apart = is_numbered or all(edge.apart for edge in group)
            if apart and (on >= _LEAST_PAGES or on == pages == 2):  # noqa: PLR2004
                heads.update(group)
    return heads


def _at_one_place(edges: Sequence[_Edge]) -> Iterator[list[_Edge]]:
    group: list[_Edge] = []
    for edge in sorted(edges, key=lambda one: one.row.y):
        if group and edge.row.y - group[0].row.y > _SAME_PLACE_POINTS:
            yield group
            group = []
        group.append(edge)
    if group:
        yield group


def _forms(text: str, page: int) -> set[Form]:
    """Return what a line may be as a head: its words, with its numbers as distances to the page.

    `Page 3 of 12` has one number that grows and one that does not, so all, the first and the last
    are tried, and none.
    """
    tokens = _TOKEN.findall(text.casefold())
    numbers = _numbers(tokens)
    choices = {(), tuple(numbers), tuple(numbers)[:1], tuple(numbers)[-1:]}
    return {
        tuple(numbers[at] - page if at in grows else token for at, token in enumerate(tokens))
        for grows in choices
        if tokens
    }


def _growing(edge: _Edge) -> set[int]:
    """Return by how much the first and the last token of a line are ahead of its page."""
    tokens = _TOKEN.findall(edge.row.text.casefold())
    numbers = _numbers(tokens)
    return {numbers[at] - edge.page for at in (0, len(tokens) - 1) if at in numbers}


def _is_numbered_like(edge: _Edge, places: Mapping[int, Collection[int]]) -> bool:
    """Tell whether a line has the page's number where heads have it, with words of its own."""
    return any(
        abs(y - edge.row.y) <= _SAME_PLACE_POINTS
        for number in _growing(edge)
        for y in places.get(number, ())
    )


def _numbers(tokens: Sequence[str]) -> dict[int, int]:
    return {at: value for at, token in enumerate(tokens) if (value := _number(token)) is not None}


def _number(token: str) -> int | None:
    if token.isascii() and token.isdigit() and len(token) <= _MOST_DIGITS:
        return int(token)
    if _ROMAN.fullmatch(token):
        values = [_ROMAN_DIGITS[letter] for letter in token]
        return sum(-value if value < max(values[at:]) else value for at, value in enumerate(values))
    return None
