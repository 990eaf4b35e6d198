"""The chapters of a talk: those of its source, else those found in its text; pure."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notemill.sources.segmentation import segments

if TYPE_CHECKING:
    from notemill.sources.draft import Draft
    from notemill.workflows.ingest.answer import Answer
    from notemill.workflows.ingest.asking import Asked
    from notemill.workflows.ingest.pieces import Piece


@dataclass(frozen=True, slots=True)
class Section:
    """A chapter: its title, the second at which it begins, and its pieces.

    `title` is '' for what comes before the first chapter, and where there are no chapters at all.
    """

    title: str
    second: int | None
    pieces: tuple[Piece, ...]


def starts_of(draft: Draft, pieces: tuple[Piece, ...]) -> tuple[int, ...]:
    """Return the numbers of the pieces that begin chapters which have no title yet.

    None for a source that has chapters of its own or headings, and for a short talk.
    """
    if draft.chapters or draft.blocks:
        return ()
    found = segments([one.text for one in pieces], language=draft.language)
    return tuple(pieces[at].number for at in found)


def sections_of(asked: Asked, answer: Answer) -> tuple[Section, ...]:
    """Return the chapters of a draft in order, with all of its pieces; those without any included."""
    pieces, draft = asked.pieces, asked.draft
    if draft.chapters:
        cuts = [bisect_right(pieces, one.start_s, key=_before) for one in draft.chapters]
        heads: list[tuple[str, int | None]] = [
            (one.title, int(one.start_s)) for one in draft.chapters
        ]
    else:
        titles = dict(answer.titles)
        numbers = [one for one in asked.starts if one in titles]
        cuts = [number - 1 for number in numbers]
        heads = [(titles[number], pieces[number - 1].second) for number in numbers]
    ends = [*cuts[1:], len(pieces)]
    found = (
        [
            Section(title, second, pieces[at:end])
            for (title, second), at, end in zip(heads, cuts, ends, strict=True)
        ]
        if cuts
        else []
    )
    opening = pieces[: cuts[0]] if cuts else pieces
    return (*([Section("", None, opening)] if opening else []), *found)


def _before(piece: Piece) -> float:
    """Order a piece behind the start of a chapter in whose second it begins."""
    return (piece.second or 0) + 1
