"""Readable paragraphs of what was said, each with its second; no word is lost or changed; pure.

A paragraph ends where its speaker does, before a long silence, and otherwise between `least_s` and
`most_s` after it began: at the end of a sentence, else at the longest pause. Cues are never divided:
a second within one would be made up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.sources.captions.shown import between

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notemill.sources.draft import Cue

LEAST_S: Final = 20.0
MOST_S: Final = 45.0
SILENCE_S: Final = 20.0
"""As the Web Clipper parts transcripts: kepano/defuddle, src/utils/transcript.ts."""

_SENTENCE_END: Final = re.compile(
    "[.!?\u2026\u3002\uff01\uff1f\uff61\u061f\u06d4\u0964\u0965\u0589\u1362\u17d4\u104b]"
    "[\"'\u2019\u201d\u00bb\u300d\u300f)\\]\uff09]*$"
)
_TURN: Final = ">>"
"""Automatic and broadcast captions write it where somebody else begins to speak."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """What one person says in one go: from which second, in which words, of which cues.

    `speaker` is empty where nobody is named. `cues` are places in the draft's cues, all of them
    covered once and in order by a draft's paragraphs.
    """

    start_s: float
    text: str
    speaker: str
    cues: range


def paragraphs(
    cues: Sequence[Cue], *, least_s: float = LEAST_S, most_s: float = MOST_S
) -> tuple[Paragraph, ...]:
    """Return cues, which are in order of time, as paragraphs of `least_s` to `most_s` seconds.

    Two paragraphs begin in one whole second only if two people do. Raises ValueError unless
    0 < least_s <= most_s.
    """
    if not 0 < least_s <= most_s:
        raise ValueError("a paragraph's least length is above 0 s and not above its most")
    ends = [_SENTENCE_END.search(cue.text[-8:]) is not None for cue in cues]
    found: list[Paragraph] = []
    start = 0
    while start < len(cues):
        end = _end(cues, ends, start, least_s=least_s, most_s=most_s)
        found.append(_of(cues, range(start, end)))
        start = end
    return tuple(found)


def _end(
    cues: Sequence[Cue], ends: Sequence[bool], start: int, *, least_s: float, most_s: float
) -> int:
    """Return the place behind the last cue of the paragraph that begins at `start`.

    Looks no further than `most_s`, of which at least `least_s` are used up, so that the whole is
    linear in the number of cues.
    """
    begin = cues[start].start_s
    best, best_worth = 0, (False, -1.0)
    for at in range(start + 1, len(cues)):
        before, cue = cues[at - 1], cues[at]
        if _is_turn(before, cue):
            return at
        elapsed = cue.start_s - begin
        if int(cue.start_s) == int(begin):
            continue
        pause = cue.start_s - before.end_s
        if pause > SILENCE_S:
            return at
        if elapsed >= least_s:
            worth = (ends[at - 1], pause)
            # Of equal ones the later: as much as is read well in one go.
            if elapsed <= most_s and worth >= best_worth:
                best, best_worth = at, worth
            elif elapsed > most_s:
                return best or at
    return len(cues)


def _is_turn(before: Cue, cue: Cue) -> bool:
    """Tell whether somebody else begins to speak."""
    return before.speaker != cue.speaker or cue.text.startswith(_TURN)


def _of(cues: Sequence[Cue], places: range) -> Paragraph:
    first = cues[places.start]
    return Paragraph(first.start_s, _text([cues[at].text for at in places]), first.speaker, places)


def _text(pieces: Sequence[str]) -> str:
    """Return pieces of speech as one text."""
    parts: list[str] = []
    for piece in pieces:
        if parts:
            parts.append(between(parts[-1], piece))
        parts.append(piece)
    return "".join(parts)
