"""A source that is longer than one request should be, in parts, and what is noted of them; pure.

Each part is asked about like a source of its own, with the whole's numbers of pieces, so that its
reply is held against its pieces as any other is. What holds is noted with these numbers, and stands
in the request for the note in place of the pieces: a point of the note rests on pieces of the source
however many steps lie between.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from itertools import accumulate, groupby
from typing import TYPE_CHECKING, Final

from notemill.markup.lines import one_line
from notemill.workflows.ingest.asking import MAX_POINTS, MAX_QUOTES, Asked
from notemill.workflows.ingest.rendering import clock
from notemill.workflows.stages import spread
from twolane import careful_tokens, fitting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from notemill.workflows.ingest.answer import Answer
    from notemill.workflows.ingest.pieces import Piece

LONG_TOKENS: Final = 40_000
"""The longest text that is asked about whole, in careful tokens: some 30,000 of English, 20,000
words. Models take more, but a summary of more leaves out what stands in its middle (Liu et al.,
"Lost in the Middle", 2023)."""
MAX_PARTS: Final = 100
"""The most parts that are asked about; what is behind them is said to be missing."""
_AROUND_TOKENS: Final = 6
"""The number of a piece in its brackets, and the end of its line."""
_NOTED_CHARS: Final = 150
"""The length of a usual point, quote or title with its numbers."""
_MOST_WEIGHT: Final = 3
"""The most careful tokens of a character."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A long source: its parts in order, and how many pieces behind them are not asked about."""

    whole: Asked
    parts: tuple[Asked, ...]
    left_out: int = 0


def parts_of(asked: Asked, whole_tokens: int, part_tokens: int) -> Parts | None:
    """Return a source in parts of at most `part_tokens`, None for one of at most `whole_tokens`.

    They are of about equal length, begin with a chapter where one begins near enough, overlap
    nowhere and leave nothing out; a piece that is too long by itself is divided, with its number
    in every part of it.
    """
    if sum(_MOST_WEIGHT * len(one.text) + _AROUND_TOKENS for one in asked.pieces) <= whole_tokens:
        return None
    pieces = [part for one in asked.pieces for part in _divided(one, part_tokens)]
    ends = list(accumulate(map(_tokens, pieces)))
    if ends[-1] <= whole_tokens:
        return None
    chapters = _beginnings(asked, pieces)
    found: list[Asked] = []
    at = 0
    while at < len(pieces) and len(found) < MAX_PARTS:
        end = _end_of_part(ends, chapters, at, part_tokens)
        mine = tuple(_rejoined(pieces[at:end]))
        starts = tuple(
            one for one in asked.starts if mine[0].number <= one <= mine[-1].number
            and not (at and pieces[at - 1].number == one)
        )  # fmt: skip
        found.append(Asked(asked.draft, mine, starts))
        at = end
    return Parts(asked, tuple(found), len(pieces) - at)


def _end_of_part(ends: Sequence[int], chapters: Sequence[int], at: int, most: int) -> int:
    """Return where the part that begins at a piece ends: at a chapter, or where parts are equal."""
    before = ends[at - 1] if at else 0
    left = ends[-1] - before
    if left <= most:
        return len(ends)
    furthest = max(at + 1, bisect_right(ends, before + most))
    usual = before + left / -(-left // most)
    near = chapters[bisect_right(chapters, at) : bisect_right(chapters, furthest)]
    near = [one for one in near if ends[one - 1] - before >= (usual - before) / 2]
    if near:
        return min(near, key=lambda one: abs(ends[one - 1] - usual))
    return min(furthest, max(at + 1, bisect_left(ends, usual) + 1))


def _beginnings(asked: Asked, pieces: Sequence[Piece]) -> list[int]:
    """Return the indices of pieces that begin a chapter: found, of the source's own, or headings."""
    draft = asked.draft
    if draft.chapters:
        seconds = [one.second or 0 for one in pieces]
        return sorted({bisect_left(seconds, int(one.start_s)) for one in draft.chapters})
    starts = set(asked.starts)
    return [
        at
        for at, one in enumerate(pieces)
        if one.number in starts or (draft.blocks and one.text.startswith("#"))
    ]


def _divided(piece: Piece, most_tokens: int) -> Iterator[Piece]:
    """Yield a piece, or parts of it that are short enough, cut between words where there are any."""
    text = piece.text
    least = max(1, most_tokens - _AROUND_TOKENS)
    if _MOST_WEIGHT * len(text) <= least:
        yield piece
        return
    at = 0
    while at < len(text):
        taken = len(fitting(text[at : at + 4 * least], least)) or 1
        end = at + taken
        if end < len(text) and (space := text.rfind(" ", at + taken // 2, end)) > 0:
            end = space + 1
        yield replace(piece, text=text[at:end]) if (at, end) != (0, len(text)) else piece
        at = end


def _rejoined(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Yield pieces, those that were divided and are in one part as one."""
    for _, same in groupby(pieces, key=lambda one: one.number):
        first, *others = same
        yield replace(first, text="".join((first.text, *(one.text for one in others))))


def _tokens(piece: Piece) -> int:
    return careful_tokens(piece.text) + careful_tokens(piece.speaker) + _AROUND_TOKENS


# -- what was noted of them -----------------------------------------------------------------------


def noted(answers: Sequence[Answer | None], most_tokens: int | None) -> str:
    """Return what the parts' checked answers say, one a line, within `most_tokens`.

    Where not all fits, each part keeps its weightiest points, and if that is too much, every so many
    parts theirs: no end of the source is lost for its beginning. Then come titles, then quotes.
    """
    lines: list[tuple[int, int, str]] = []
    levels: dict[int, list[int]] = {}

    def add(level: int, part: int, order: int, line: str) -> None:
        levels.setdefault(level, []).append(len(lines))
        lines.append((part, order, line))

    for part, answer in enumerate(answers):
        if answer is None:
            continue
        for rank, point in enumerate(answer.points):
            numbers = ", ".join(map(str, point.pieces))
            add(2 * rank, part, 1, f"point [{numbers}]: {one_line(point.text)}")
        for number, title in answer.titles:
            add(1, part, 0, f"chapter [{number}]: {one_line(title)}")
        for rank, quote in enumerate(one for one in answer.quotes if not one.paraphrase):
            add(2 * MAX_POINTS + rank, part, 2, f"quote [{quote.piece}]: {one_line(quote.text)}")
    kept = [one for level in _fitting_levels(lines, levels, most_tokens) for one in level]
    return "\n".join(line for _, _, line in sorted(lines[one] for one in kept))


def _fitting_levels(
    lines: Sequence[tuple[int, int, str]],
    levels: Mapping[int, Sequence[int]],
    most_tokens: int | None,
) -> Iterator[list[int]]:
    """Yield the lines of each level that fit: all of it, or lines evenly spaced, and then no more."""
    left = most_tokens
    for _, level in sorted(levels.items()):
        chosen = list(level)
        if left is not None:
            costs = {one: careful_tokens(lines[one][2]) + 1 for one in level}
            while chosen and sum(costs[one] for one in chosen) > left:
                share = left * len(chosen) // sum(costs[one] for one in chosen)
                chosen = spread(level, min(share, len(chosen) - 1)) if share else []
            left -= sum(costs[one] for one in chosen)
        yield chosen
        if len(chosen) < len(level):
            return


def expected_noted(parts: Parts, most_tokens: int | None) -> str:
    """Return a text of the length that `noted` is likely to have, to price a request."""
    count = len(parts.parts) * (MAX_POINTS + MAX_QUOTES) + len(parts.whole.starts)
    text = "\n".join(["x" * _NOTED_CHARS] * count)
    return text if most_tokens is None else fitting(text, most_tokens)


def missing(parts: Parts, answers: Sequence[Answer | None]) -> tuple[str, ...]:
    """Return in words, for the note, what of a source its summary does not know."""
    said = [
        f"The summary leaves out what {_place(one)} says: no usable answer came about it."
        for one, answer in zip(parts.parts, answers, strict=True)
        if answer is None
    ]
    if parts.left_out:
        last = parts.parts[-1].pieces[-1]
        place = f"{_where(last)}, the source is longer than what is asked about"
        said.append(f"The summary leaves out what is said behind {place}.")
    return tuple(said)


def _place(one: Asked) -> str:
    first, last = _where(one.pieces[0]), _where(one.pieces[-1])
    return f"the part from {first} to {last}" if first != last else f"the part at {first}"


def _where(piece: Piece) -> str:
    if piece.second is not None:
        return clock(piece.second)
    return f"page {piece.page}" if piece.page is not None else f"¶ {piece.number}"
