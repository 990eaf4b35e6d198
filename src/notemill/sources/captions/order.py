"""The times of captions brought into order, and what is wrong with them said; pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import replace
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple

from notemill.sources.captions.clock import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notemill.sources.captions.shown import Caption
    from notemill.sources.draft import Cue

_BACK_S: Final = 30.0
_MOST_PARTS: Final = 20
_LEAST_PART: Final = 5
_MOST_STRAYS: Final = 0.05
_HALF: Final = 0.5
_BEYOND_S: Final = 5.0
"""How far captions may go beyond the end; a duration is rounded, and the last line stays a while."""

_UNCOVERED_S: Final = 120.0
_MOST_WORDS_A_SECOND: Final = 8.0
"""Auctioneers speak some four words a second (250 a minute are fast, a record is 11)."""
_ENOUGH_WORDS: Final = 40


class Ordered(NamedTuple):
    """Captions in order of time, and sentences for the owner."""

    captions: list[Caption]
    notices: tuple[str, ...] = ()


def ordered(captions: Sequence[Caption]) -> Ordered:
    """Return captions in order of time, and say what had to be done for it.

    Where files were put together, times begin anew: each part is counted on from the end of the
    one before. A single time that does not fit among those around it is a slip: what is said stays
    where it stands, at the time of the caption before. Everything else is sorted by its time.
    """
    starts = [one.start_s for one in captions]
    if all(one <= other for one, other in pairwise(starts)):
        return Ordered(list(captions))
    if parts := _parts(captions):
        return _counted_on(parts)
    strays = _strays(starts)
    if strays is None:
        return Ordered(sorted(captions, key=lambda one: one.start_s))
    settled: list[Caption] = []
    for at, one in enumerate(captions):
        if at in strays:
            time_s = settled[-1].start_s if settled else min(starts)
            settled.append(replace(one, start_s=time_s, end_s=time_s))
        else:
            settled.append(one)
    what = "1 caption has a time" if len(strays) == 1 else f"{len(strays)} captions have times"
    return Ordered(settled, (f"{what} out of order; its place in the file was taken.",))


def _counted_on(parts: Sequence[Sequence[Caption]]) -> Ordered:
    counted: list[Caption] = []
    for part in parts:
        before = max((one.end_s for one in counted[-_LEAST_PART:]), default=0.0)
        counted += [
            replace(one, start_s=one.start_s + before, end_s=one.end_s + before) for one in part
        ]
    counted.sort(key=lambda one: one.start_s)
    times = "once" if len(parts) - 1 == 1 else f"{len(parts) - 1} times"
    return Ordered(
        counted, (f"The times begin anew {times}; each part is counted on from the one before.",)
    )


def _strays(starts: Sequence[float]) -> frozenset[int] | None:
    """Return the places of the few times outside the longest run that never goes back.

    None where they are many or come side by side: then captions stand in another order. The run is
    found by patience sorting (Fredman, "On computing the length of longest increasing
    subsequences", 1975).
    """
    ends: list[float] = []
    places: list[int] = []
    before: list[int] = []
    for at, start in enumerate(starts):
        length = bisect_right(ends, start)
        before.append(places[length - 1] if length else -1)
        ends[length : length + 1] = [start]
        places[length : length + 1] = [at]
    kept = set()
    at = places[-1]
    while at >= 0:
        kept.add(at)
        at = before[at]
    strays = [at for at in range(len(starts)) if at not in kept]
    is_slip = len(strays) <= _MOST_STRAYS * len(starts)
    side_by_side = any(other - one == 1 for one, other in pairwise(strays))
    return frozenset(strays) if is_slip and not side_by_side else None


def _parts(captions: Sequence[Caption]) -> list[Sequence[Caption]] | None:
    """Return the parts of which each begins anew, None where times only stray."""
    cuts = [
        index
        for index in range(1, len(captions))
        if captions[index].start_s < captions[index - 1].start_s - _BACK_S
    ]
    if not 0 < len(cuts) < _MOST_PARTS:
        return None
    edges = [0, *cuts, len(captions)]
    parts = [captions[start:end] for start, end in pairwise(edges)]
    if any(len(part) < _LEAST_PART for part in parts):
        return None
    # The second and the last but one: a single wrong time on either side of a cut makes no part.
    anew = all(after[1].start_s < _HALF * before[-2].start_s for before, after in pairwise(parts))
    return parts if anew else None


def within(
    cues: Sequence[Cue], duration_s: float | None
) -> tuple[tuple[Cue, ...], tuple[str, ...]]:
    """Return cues that do not overlap and begin within the duration, and what is wrong with them.

    `cues` are in order of time. A time beyond the end is that of the end.
    """
    notices = [*_pace(cues)]
    if duration_s is not None and cues:
        beyond = len(cues) - bisect_left(cues, duration_s + _BEYOND_S, key=lambda one: one.start_s)
        if beyond:
            notices.append(
                f"{beyond:,} captions come after the recording's end at {shown(duration_s)};"
                " their times are not its."
            )
        last = max(one.end_s for one in cues)
        if last < _HALF * duration_s and duration_s - last > _UNCOVERED_S:
            notices.append(
                f"The captions end at {shown(last)}, the recording at {shown(duration_s)}:"
                " the rest has none."
            )
    most = duration_s if duration_s is not None else float("inf")
    settled: list[Cue] = []
    for one, following in zip_longest(cues, cues[1:]):
        after = following.start_s if following else one.end_s
        start = min(one.start_s, most)
        end = min(one.end_s, after, most) if after > one.start_s else min(one.end_s, most)
        settled.append(replace(one, start_s=start, end_s=max(start, end)))
    return tuple(settled), tuple(notices)


def _pace(cues: Sequence[Cue]) -> list[str]:
    """Return a sentence where more is said than anybody can say in that time."""
    words = sum(len(one.text.split()) for one in cues)
    lasts = max((one.end_s for one in cues), default=0.0) - (cues[0].start_s if cues else 0.0)
    if words < _ENOUGH_WORDS or words <= _MOST_WORDS_A_SECOND * lasts:
        return []
    return [
        f"All {words:,} words have times within {lasts:.0f} seconds: the times cannot be right."
    ]
