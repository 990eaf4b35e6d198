"""Captions that roll up: each line is shown two or three times and said once; pure.

YouTube's automatic WebVTT shows a line while it is built, holds it for 10 ms, then shows it again
above the next one. Converted to SubRip, the times within lines are gone and the holds remain.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from notemill.sources.captions.shown import Caption, Line, joined
from notemill.sources.draft import Cue

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HOLD_S: Final = 0.05
"""Nobody reads a caption in less: it only holds what stood there."""
_MANY_HELD: Final = 0.2
_MOST_HELD: Final = 0.7
"""Above this share the ends of captions are worth nothing; of those that roll, half are held."""
_MOST_LINES: Final = 4
"""More lines of a caption are not compared with the one before; a screen has no room for them."""
_MOST_REPEATED: Final = 0.8
"""Without holds and times within lines, so many captions have to begin with the line before."""
_ENOUGH: Final = 5
_HALF: Final = 0.5


def is_rolling(captions: Sequence[Caption]) -> bool:
    """Tell whether lines of these captions are shown more than once; they are in order of time."""
    held = tall = repeated = 0
    if sum(map(_is_hold, captions)) > _MOST_HELD * len(captions):
        return False
    for before, one in pairwise(captions):
        last, lines = _texts(before), _texts(one)
        if not last or not lines:
            continue
        if _is_hold(one):
            held += lines == last[-len(lines) :]
        elif len(lines) > 1:
            tall += 1
            repeated += _overlap(last, lines, len(lines) - 1) > 0
    if held >= max(1, _MANY_HELD * len(captions)) and repeated >= _HALF * tall:
        return True
    if any(one.word_times for one in captions):
        return tall > 0 and repeated >= _HALF * tall
    return tall >= _ENOUGH and repeated >= _MOST_REPEATED * tall


def grown(captions: Sequence[Caption]) -> list[Caption]:
    """Return captions of which each shows a word more than the one before as one when they are whole.

    Programs that write while they listen leave such. Any other captions come back as they are.
    """
    pairs = list(pairwise(captions))
    growing = [_grows(before, one) for before, one in pairs]
    if len(growing) < _ENOUGH or sum(growing) < _HALF * len(growing):
        return list(captions)
    whole = [captions[0]]
    for (_, one), grows in zip(pairs, growing, strict=True):
        if grows:
            whole[-1] = replace(one, start_s=whole[-1].start_s)
        else:
            whole.append(one)
    return whole


def _grows(before: Caption, one: Caption) -> bool:
    """Tell whether a caption is the one before with more words behind it."""
    last, lines = " ".join(_texts(before)), " ".join(_texts(one))
    return bool(last) and lines.startswith(f"{last} ") and one.start_s <= before.end_s + HOLD_S


def unrolled(captions: Iterable[Caption]) -> list[Cue]:
    """Return each line of rolling captions once, when it is first shown.

    What a caption repeats are its first lines, if the one before ends with them; of one that is
    built, the last line is new whatever it says, so what is said twice stays.
    """
    cues: list[Cue] = []
    before: Caption | None = None
    for one in captions:
        lines = [line for line in one.lines if line.text]
        new = lines[_repeated(before, one) :]
        cues += [Cue(one.start_s, one.end_s, line.text, line.speaker) for line in new]
        if lines:
            before = one
    return cues


def _repeated(before: Caption | None, one: Caption) -> int:
    """Return how many of a caption's lines with text stood there before."""
    if before is None:
        return 0
    last, lines = _texts(before), _texts(one)
    return _overlap(last, lines, len(lines) if _adds_nothing(before, one) else len(lines) - 1)


def _overlap(last: Sequence[str], lines: Sequence[str], most: int) -> int:
    """Return how many lines, `most` at most, are the first of one caption and the last of another."""
    most = min(most, len(last), _MOST_LINES)
    return next((count for count in range(most, 0, -1) if lines[:count] == last[-count:]), 0)


def _adds_nothing(before: Caption, one: Caption) -> bool:
    """Tell whether all lines of a caption may be old: held, or with an empty line below."""
    if _is_hold(one) or not one.lines[-1].text:
        return True
    is_contiguous = one.start_s <= before.end_s + HOLD_S
    return not one.word_times and len(_texts(one)) == 1 and is_contiguous and not _is_hold(before)


def unstacked(captions: Iterable[Caption]) -> list[Cue]:
    """Return captions that do not roll: one cue each, or one for each who speaks in it.

    The same words from and to exactly the same second are one caption that stands in a file twice;
    where it has no length, nothing tells that from words that are said twice.
    """
    cues: list[Cue] = []
    before: Caption | None = None
    for one in captions:
        if one != before or one.end_s == one.start_s:
            cues += [
                Cue(one.start_s, one.end_s, line.text, line.speaker) for line in _turns(one.lines)
            ]
        before = one
    return cues


def _turns(lines: Iterable[Line]) -> list[Line]:
    """Return lines as what each speaker says in one go."""
    turns: list[Line] = []
    for line in lines:
        if not line.text:
            continue
        if turns and turns[-1].speaker == line.speaker:
            turns[-1] = Line(joined(turns[-1].text, line.text), line.speaker)
        else:
            turns.append(line)
    return turns


def _texts(caption: Caption) -> list[str]:
    return [line.text for line in caption.lines if line.text]


def _is_hold(caption: Caption) -> bool:
    return caption.end_s - caption.start_s <= HOLD_S
