"""A draft in numbered pieces, each with its place; pure.

The numbers are all that a model sees of places and all that it returns: seconds, pages and block
ids come from here.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from notemill.markup.lines import one_line
from notemill.sources.captions.paragraphs import paragraphs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notemill.sources.captions.paragraphs import Paragraph
    from notemill.sources.draft import Cue, Draft

BLOCK_OF_SPEECH: Final = "t"
"""What the block id of a paragraph of speech begins with; the second follows: `^t754`."""
BLOCK_OF_TEXT: Final = "p"
"""What the block id of any other paragraph begins with; its number follows."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A paragraph of a talk, or a block of a text: its number from 1, its text and its place.

    `text` is plain on one line for speech, which has a `second`, and Markdown for a written source,
    which may have a `page`; `block` is the block id that it has in the note, without the caret.
    """

    number: int
    text: str
    block: str
    second: int | None = None
    page: int | None = None
    speaker: str = ""


def pieces_of(draft: Draft) -> tuple[Piece, ...]:
    """Return the pieces of a draft in order, at most one for each second; none spans two chapters."""
    if draft.blocks:
        return tuple(
            Piece(number, one.markdown, f"{BLOCK_OF_TEXT}{number}", page=one.page)
            for number, one in enumerate(draft.blocks, 1)
        )
    found: list[Piece] = []
    for one in _paragraphs(draft):
        second = int(one.start_s)
        if found and found[-1].second == second:
            last = found.pop()
            text = f"{last.text} {_said(one, last.speaker)}"
            found.append(Piece(last.number, text, last.block, second, speaker=last.speaker))
            continue
        block = f"{BLOCK_OF_SPEECH}{second}"
        found.append(Piece(len(found) + 1, one_line(one.text), block, second, speaker=one.speaker))
    return tuple(found)


def _paragraphs(draft: Draft) -> Iterator[Paragraph]:
    starts = [one.start_s for one in draft.chapters]

    def chapter(cue: Cue) -> int:
        return bisect_right(starts, cue.start_s)

    for _, cues in groupby(draft.cues, chapter):
        yield from paragraphs(tuple(cues))


def _said(one: Paragraph, before: str) -> str:
    """Return what is said, with its speaker where that is another than before."""
    text = one_line(one.text)
    return f"{one.speaker}: {text}" if one.speaker and one.speaker != before else text
