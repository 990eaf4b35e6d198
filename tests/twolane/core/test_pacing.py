"""The pacer: how many calls may be in flight, and when the next may leave."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twolane.core.pacing import FIRST_WINDOW, STORM_PATIENCE_S, Pacer
from twolane.core.types import Headroom, MinuteLimits, RateHeaders


def _told(requests: int, left: int) -> RateHeaders:
    return RateHeaders(Headroom(requests, left))


def test_answers_widen_the_window_up_to_the_bound() -> None:
    """Slow start: a call more for each answer, never above the bound."""
    pacer = Pacer(100)
    assert pacer.width == FIRST_WINDOW
    for _ in range(FIRST_WINDOW):
        pacer.answered(None, 10, 0.0)
    assert pacer.width == 2 * FIRST_WINDOW
    for _ in range(200):
        pacer.answered(None, 10, 0.0)
    assert pacer.width == 100


def test_the_refusals_of_one_round_halve_the_window_once() -> None:
    """Calls that had left before the last halving say nothing new."""
    pacer = Pacer(16)
    for at_s in (1.0, 1.1, 1.2):
        pacer.refused(left_at_s=0.5, now_s=at_s, retry_after_s=None, jitter=0.0)
    assert pacer.width == 8
    pacer.refused(left_at_s=2.0, now_s=2.1, retry_after_s=None, jitter=0.0)
    assert pacer.width == 4


def test_after_a_refusal_the_window_grows_by_one_a_round() -> None:
    """Additive increase: a full window of answers widens it by about one."""
    pacer = Pacer(64)
    pacer.refused(left_at_s=0.5, now_s=1.0, retry_after_s=None, jitter=0.0)
    width = pacer.width
    for _ in range(width + 1):
        pacer.answered(None, 10, 2.0)
    assert pacer.width == width + 1


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 100)), max_size=60), st.integers(1, 50))
def test_the_window_stays_between_one_and_the_bound(
    events: list[tuple[bool, float]], bound: int
) -> None:
    """Whatever comes back, at least one call may be in flight and never more than the bound."""
    pacer, now_s = Pacer(bound), 0.0
    for refused, wait_s in events:
        now_s += wait_s
        if refused:
            pacer.refused(left_at_s=now_s, now_s=now_s, retry_after_s=None, jitter=0.5)
        else:
            pacer.answered(None, 1, now_s)
        assert 1 <= pacer.width <= bound


def test_the_providers_cooldown_holds_every_call() -> None:
    """`retry-after` is obeyed by all, and exceeded by a second at most."""
    pacer = Pacer(8)
    pacer.refused(left_at_s=0.0, now_s=10.0, retry_after_s=40.0, jitter=0.999)
    assert 40.0 <= pacer.wait_s(1, 10.0) <= 41.0
    assert pacer.wait_s(1, 51.1) == 0.0


def test_without_a_cooldown_the_pause_doubles_and_stays_short() -> None:
    """Storms are probed again and again, after at most half a minute."""
    pacer, now_s, pauses = Pacer(8), 0.0, []
    for _ in range(12):
        now_s += 100.0
        pacer.refused(left_at_s=now_s, now_s=now_s, retry_after_s=None, jitter=1.0)
        pauses.append(pacer.cooldown_until_s - now_s)
    assert pauses[:4] == [0.5, 1.0, 2.0, 4.0]
    assert max(pauses) <= 30.0


def test_requests_a_minute_are_a_bucket_that_refills() -> None:
    """What the headers leave may go at once, the rest comes evenly over the minute."""
    pacer = Pacer(50)
    assert pacer.grant([100] * 4, 0.0) == 4
    for _ in range(4):
        pacer.back(100)
    pacer.answered(_told(60, 3), 10, 0.0)
    assert pacer.grant([100] * 10, 0.0) == 3
    assert pacer.grant([100] * 10, 0.5) == 0
    assert 0 < pacer.wait_s(100, 0.5) <= 0.5
    assert pacer.grant([100] * 10, 2.0) == 2
    assert pacer.limits.requests == 60


def test_calls_on_their_way_are_counted_against_what_is_left() -> None:
    """The headers of an answer know nothing of calls that left after it."""
    pacer = Pacer(50)
    assert pacer.grant([10] * 5, 0.0) == 5
    pacer.back(10)
    pacer.answered(_told(100, 6), 1, 0.0)  # four of the five are still out
    assert pacer.grant([10] * 10, 0.0) == 2


def test_input_tokens_a_minute_hold_long_requests_back() -> None:
    """A request larger than the limit goes when the bucket is full, and not never."""
    pacer = Pacer(50)
    pacer.answered(RateHeaders(None, Headroom(1_000, 500), None), 10, 0.0)
    assert pacer.grant([400, 400], 0.0) == 1
    assert pacer.wait_s(5_000, 0.0) > 0
    assert pacer.grant([5_000], 60.0) == 1


def test_a_storm_is_waited_out_for_an_hour() -> None:
    """Refusals alone end the patience after an hour; an answer renews it."""
    pacer = Pacer(8)
    pacer.refused(left_at_s=0.0, now_s=0.0, retry_after_s=None, jitter=0.0)
    assert pacer.patient(STORM_PATIENCE_S - 1)
    assert not pacer.patient(STORM_PATIENCE_S)
    pacer.answered(None, 1, STORM_PATIENCE_S)
    assert pacer.patient(STORM_PATIENCE_S + 1)


def test_what_rounding_leaves_over_is_not_waited_for() -> None:
    """A wait too short for a timer would be asked for again at the same moment, for ever."""
    pacer = Pacer(4)
    pacer.answered(_told(60, 0), 10, 0.0)
    assert pacer.wait_s(1, 0.5) == 0.5
    assert pacer.wait_s(1, 1.0 - 1e-9) == 0.0
    assert pacer.grant([1], 1.0 - 1e-9) == 1


def test_limits_seen_before_hold_from_the_first_call_on() -> None:
    """What an earlier process was told is obeyed until an answer says otherwise."""
    pacer = Pacer(50)
    pacer.expect(MinuteLimits(requests=5, input_tokens=1_000), 0.0)
    assert pacer.grant([10] * 10, 0.0) == 5
    assert pacer.limits == (5, 1_000)
