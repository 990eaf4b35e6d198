"""When a run is expected to end, and what it costs at most, before it begins. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from twolane.core.deadline import Owed, Tempo, realtime_s
from twolane.core.types import Lane

if TYPE_CHECKING:
    from twolane.core.types import MinuteLimits

_ITEM_HERE_S: Final = 0.02
"""How long an item takes that this process answers itself: measured with short texts, on two cores."""
_SLOW: Final = 3.0
"""So many times longer takes the slow tenth."""


class Finish(NamedTuple):
    """Seconds until everything is answered: in half of all cases, and in nine of ten."""

    p50_s: float
    p90_s: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """When a run is expected to end, and the most it can cost, in nano-dollars.

    `worst_nano` is for one answer to each item, with every byte a token and replies as long as they
    may be; `tempo` says how much of this was measured.
    """

    finish: Finish
    worst_nano: int
    tempo: Tempo


def at_once(tempo: Tempo, items: int) -> Tempo:
    """Return the tempo of this process itself, as far as nothing was measured of it."""
    usual_s = max(1.0, items * _ITEM_HERE_S)
    if not tempo.batches:
        tempo = replace(tempo, queue_p50_s=usual_s, queue_p90_s=_SLOW * usual_s)
    if not tempo.calls:
        tempo = replace(tempo, call_p50_s=_ITEM_HERE_S, call_p90_s=_SLOW * _ITEM_HERE_S)
    return tempo


def finishing(
    lane: Lane,
    owed: Owed,
    *,
    concurrency: int,
    tempo: Tempo,
    limits: MinuteLimits,
    left_s: float | None,
) -> Finish:
    """Return when `owed` is expected to be answered in a lane; `left_s` is until a deadline.

    A batch that would miss the deadline is given up so early that real time still meets it.
    """
    if lane is Lane.REALTIME:
        usual = replace(tempo, call_p90_s=tempo.call_p50_s)
        return Finish(
            realtime_s(owed, concurrency=concurrency, tempo=usual, limits=limits),
            realtime_s(owed, concurrency=concurrency, tempo=tempo, limits=limits),
        )
    most_s = float("inf") if left_s is None else max(0.0, left_s)
    return Finish(min(tempo.queue_p50_s, most_s), min(tempo.queue_p90_s, most_s))
