"""When batches have to be given up, from what was measured."""

from __future__ import annotations

import pytest

from twolane.core.deadline import (
    USUAL_QUEUE_P50_S,
    Owed,
    Tempo,
    Window,
    finish_s,
    learned,
    realtime_s,
)
from twolane.core.routing import route, span
from twolane.core.types import Lane, MinuteLimits


def test_too_few_measurements_leave_the_usual_tempo() -> None:
    """Four batches say nothing about the slow tenth."""
    assert learned([(10, 1.0)] * 4, [1.0] * 4, [1.0] * 4, size=10) == Tempo()


def test_percentiles_are_those_of_the_measurements() -> None:
    """Half of the batches took up to p50, nine of ten up to p90."""
    queues = [(10, float(s)) for s in range(10, 110, 10)]
    tempo = learned(queues, [1.0, 2.0, 3.0, 4.0, 9.0], [5.0] * 5, size=10)
    assert (tempo.queue_p50_s, tempo.queue_p90_s) == (50.0, 90.0)
    assert (tempo.call_p90_s, tempo.cancel_p90_s) == (9.0, 5.0)


def test_batches_of_a_similar_size_count_where_there_are_enough() -> None:
    """Large batches say little about small ones."""
    queues = [(10_000, 5_000.0)] * 20 + [(100, 60.0)] * 5
    assert learned(queues, [], [], size=100).queue_p90_s == 60.0
    assert learned(queues, [], [], size=9_000).queue_p50_s == 5_000.0


def test_clocks_that_disagree_count_as_no_time() -> None:
    """A batch that ended before it began, by two clocks, took 0 s and not less."""
    assert learned([(1, -5.0)] * 5, [], [], size=1).queue_p50_s == 0.0


@pytest.mark.parametrize(
    ("items", "limits", "expected_s"),
    [
        (0, MinuteLimits(), 0.0),
        (8, MinuteLimits(), 5.0),
        (9, MinuteLimits(), 10.0),
        (90, MinuteLimits(requests=60), 90.0),
        (90, MinuteLimits(requests=60, input_tokens=3_000), 180.0),
    ],
)
def test_real_time_takes_rounds_or_the_limits_a_minute(
    items: int, limits: MinuteLimits, expected_s: float
) -> None:
    """As many rounds as the concurrency asks for, or as the provider's limits allow."""
    owed, tempo = Owed(items, 100 * items), Tempo(call_p90_s=5.0)
    assert realtime_s(owed, concurrency=8, tempo=tempo, limits=limits) == expected_s


def test_finishing_takes_cancellation_calls_and_a_margin() -> None:
    """The margin is a share of the work, and never below two seconds."""
    owed, limits = Owed(8, 800), MinuteLimits()
    tempo = Tempo(call_p90_s=10.0, cancel_p90_s=30.0)
    assert finish_s(owed, concurrency=8, tempo=tempo, limits=limits) == pytest.approx(46.0)
    quick = Tempo(call_p90_s=0.1, cancel_p90_s=0.1)
    assert finish_s(owed, concurrency=8, tempo=quick, limits=limits) == pytest.approx(2.2)


@pytest.mark.parametrize(
    ("room_s", "lane"), [(USUAL_QUEUE_P50_S - 1, Lane.REALTIME), (USUAL_QUEUE_P50_S, Lane.BATCH)]
)
def test_the_lane_follows_the_room_that_a_deadline_leaves(room_s: float, lane: Lane) -> None:
    """Batch where half of them would be through in time, otherwise real time."""
    decision = route(50, window=Window(room_s + 100.0, 100.0, Tempo()))
    assert decision.lane is lane


def test_one_item_goes_in_real_time_whatever_the_deadline() -> None:
    """A deadline of a day makes no batch of a single item."""
    assert route(1, window=Window(86_400.0, 10.0, Tempo())).lane is Lane.REALTIME


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0 s"), (59.6, "60 s"), (130, "2 min"), (3_600, "1 h"), (5_400, "1 h 30 min")],
)
def test_spans_are_words(seconds: float, words: str) -> None:
    """A length of time is told in the unit that fits it."""
    assert span(seconds) == words
