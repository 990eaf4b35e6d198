"""When to give up a batch so that its open items can still be answered in real time.

All times are seconds; a `Tempo` holds what the ledger has measured of a provider and a model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twolane.core.types import MinuteLimits

# Aggregators report a median of about 7 minutes for a batch, and 90% within an hour.
USUAL_QUEUE_P50_S: Final = 420.0
USUAL_QUEUE_P90_S: Final = 3_600.0
# Nothing is published: a reply of 500 tokens at 60 tokens a second, and time for the prompt.
USUAL_CALL_P50_S: Final = 5.0
USUAL_CALL_P90_S: Final = 10.0
# A cancellation waits for the requests that are being answered.
USUAL_CANCEL_P90_S: Final = 30.0
# Of the time that finishing takes: what the measured 90% leave open.
MARGIN_SHARE: Final = 0.15
MIN_MARGIN_S: Final = 2.0
LATE: Final = "given up: it would have missed the deadline"
"""Why a batch was canceled; the batch's reason begins with it from then on."""

# Fewer say nothing about the slow tenth.
MIN_SAMPLES: Final = 5
SIMILAR_SIZE: Final = 4
MINUTE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Tempo:
    """Durations measured at one provider with one model.

    `queue_*_s` is from a batch's creation to its end, `call_*_s` one real-time call,
    `cancel_p90_s` from the cancellation of a batch to its end. `batches` and `calls` were measured,
    0 where too few were and the usual duration stands.
    """

    queue_p50_s: float = USUAL_QUEUE_P50_S
    queue_p90_s: float = USUAL_QUEUE_P90_S
    call_p90_s: float = USUAL_CALL_P90_S
    cancel_p90_s: float = USUAL_CANCEL_P90_S
    call_p50_s: float = USUAL_CALL_P50_S
    batches: int = 0
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """The time left before a deadline: `left_s` in all, `finish_s` of it to finish in real time."""

    left_s: float
    finish_s: float
    tempo: Tempo

    @property
    def room_s(self) -> float:
        """How long a batch may take before it has to be given up; below 0 there is no time."""
        return self.left_s - self.finish_s


@dataclass(frozen=True, slots=True)
class Usual:
    """How long batches take from their creation to their end: half of them, and nine of ten.

    `measured` is the number of batches that this comes from, 0 if there were too few and it is what
    others report.
    """

    p50_s: float = USUAL_QUEUE_P50_S
    p90_s: float = USUAL_QUEUE_P90_S
    measured: int = 0


def usual(queues: Sequence[tuple[int, float]], *, size: int) -> Usual:
    """Return how long batches of about `size` items take.

    `queues` are (items in the batch, seconds); those of a similar `size`, a quarter to four times,
    are preferred if there are enough of them.
    """
    near = [s for n, s in queues if size <= n * SIMILAR_SIZE and n <= size * SIMILAR_SIZE]
    queue_s = near if len(near) >= MIN_SAMPLES else [s for _, s in queues]
    return Usual(
        _percentile(queue_s, 0.5, USUAL_QUEUE_P50_S),
        _percentile(queue_s, 0.9, USUAL_QUEUE_P90_S),
        len(queue_s) if len(queue_s) >= MIN_SAMPLES else 0,
    )


def learned(
    queues: Sequence[tuple[int, float]],
    calls_s: Sequence[float],
    cancels_s: Sequence[float],
    *,
    size: int,
) -> Tempo:
    """Return the tempo from measurements, or the usual one if there are too few.

    `queues` are those of `usual`.
    """
    queue = usual(queues, size=size)
    return Tempo(
        queue.p50_s,
        queue.p90_s,
        _percentile(calls_s, 0.9, USUAL_CALL_P90_S),
        _percentile(cancels_s, 0.9, USUAL_CANCEL_P90_S),
        _percentile(calls_s, 0.5, USUAL_CALL_P50_S),
        queue.measured,
        len(calls_s) if len(calls_s) >= MIN_SAMPLES else 0,
    )


def _percentile(values: Sequence[float], share: float, otherwise: float) -> float:
    """Return the nearest-rank percentile, `otherwise` where there are too few values."""
    if len(values) < MIN_SAMPLES:
        return otherwise
    return max(0.0, sorted(values)[math.ceil(share * len(values)) - 1])


@dataclass(frozen=True, slots=True)
class Owed:
    """What is still to be answered: the number of items and of their input tokens."""

    items: int
    input_tokens: int


def realtime_s(owed: Owed, *, concurrency: int, tempo: Tempo, limits: MinuteLimits) -> float:
    """Return how long answering all of it in real time takes.

    Assumes `concurrency` calls at a time, within the provider's limits per minute.
    """
    rounds_s = -(-owed.items // concurrency) * tempo.call_p90_s
    requests_s = owed.items * MINUTE_S / limits.requests if limits.requests else 0.0
    tokens_s = owed.input_tokens * MINUTE_S / limits.input_tokens if limits.input_tokens else 0.0
    return max(rounds_s, requests_s, tokens_s)


def finish_s(owed: Owed, *, concurrency: int, tempo: Tempo, limits: MinuteLimits) -> float:
    """Return how long before a deadline batches with these open items must be given up.

    That covers the cancellation, all of it in real time, and a margin.
    """
    work_s = tempo.cancel_p90_s + realtime_s(
        owed, concurrency=concurrency, tempo=tempo, limits=limits
    )
    return work_s + max(MIN_MARGIN_S, MARGIN_SHARE * work_s)
