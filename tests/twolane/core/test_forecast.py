"""When a run is expected to end: by its lane, what was measured, and a deadline."""

from __future__ import annotations

import pytest

from twolane.core.deadline import Owed, Tempo, learned
from twolane.core.forecast import at_once, finishing
from twolane.core.types import Lane, MinuteLimits

MEASURED = Tempo(
    queue_p50_s=300.0, queue_p90_s=2_000.0, call_p90_s=8.0, call_p50_s=2.0, batches=9, calls=50
)


def finish(lane: Lane, items: int, left_s: float | None = None) -> tuple[float, float]:
    """Return the expected end with eight calls at a time."""
    return finishing(
        lane,
        Owed(items, 0),
        concurrency=8,
        tempo=MEASURED,
        limits=MinuteLimits(),
        left_s=left_s,
    )


def test_real_time_takes_as_many_rounds_as_there_are_calls_at_a_time() -> None:
    """Half of the runs are as fast as the usual call, nine of ten as fast as the slow tenth."""
    assert finish(Lane.REALTIME, 24) == (6.0, 24.0)
    assert finish(Lane.REALTIME, 25) == (8.0, 32.0)
    assert finish(Lane.REALTIME, 0) == (0.0, 0.0)


def test_a_batch_takes_what_batches_took_and_never_longer_than_the_deadline() -> None:
    """What would be late goes in real time, so that the deadline is the latest end."""
    assert finish(Lane.BATCH, 24) == (300.0, 2_000.0)
    assert finish(Lane.BATCH, 24, left_s=900.0) == (300.0, 900.0)
    assert finish(Lane.BATCH, 24, left_s=-5.0) == (0.0, 0.0)


def test_this_process_is_not_expected_to_take_as_long_as_a_service() -> None:
    """Without measurements it takes seconds; with them, what was measured."""
    assert at_once(Tempo(), 1_000).queue_p50_s == pytest.approx(20.0)
    assert at_once(Tempo(), 1).queue_p50_s == 1.0
    assert at_once(Tempo(), 10).call_p90_s < 1.0
    assert at_once(MEASURED, 1_000) == MEASURED


def test_a_tempo_tells_how_many_measurements_it_is_from() -> None:
    """Too few count as none, since the usual duration stands then."""
    few = learned([(10, 1.0)] * 4, [1.0] * 3, [], size=10)
    assert (few.batches, few.calls) == (0, 0)
    enough = learned([(10, 1.0)] * 7, [1.0, 2.0, 3.0, 4.0, 9.0], [], size=10)
    assert (enough.batches, enough.calls, enough.call_p50_s) == (7, 5, 3.0)
