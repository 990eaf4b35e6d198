"""Which lane a run takes, and the reason it states."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twolane.core.routing import route
from twolane.core.types import Lane, LaneDecision

MAYBE_NANO = st.none() | st.integers(0, 10**13)


def test_one_item_goes_in_real_time() -> None:
    """A single item is answered at once."""
    reason = "1 item: real time, the answer is there in seconds"
    assert route(1) == LaneDecision(Lane.REALTIME, reason)


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        (2, "2 items: batch, half price"),
        (782, "782 items: batch, half price"),
        (100_000, "100,000 items: batch, half price"),
    ],
)
def test_more_items_go_as_batches(items: int, reason: str) -> None:
    """From two items on the cheaper lane is taken."""
    assert route(items) == LaneDecision(Lane.BATCH, reason)


@given(st.integers(0, 10**6), MAYBE_NANO, MAYBE_NANO, MAYBE_NANO)
def test_a_forced_lane_wins(
    items: int, budget_nano: int | None, realtime_nano: int | None, batch_nano: int | None
) -> None:
    """The lane a person asked for is taken, whatever count and prices say."""
    forced_route = partial(
        route, items, budget_nano=budget_nano, realtime_nano=realtime_nano, batch_nano=batch_nano
    )
    assert forced_route(forced=Lane.REALTIME) == LaneDecision(
        Lane.REALTIME, "real time: asked for with --lane realtime"
    )
    assert forced_route(forced=Lane.BATCH) == LaneDecision(
        Lane.BATCH, "batch: asked for with --lane batch"
    )


def test_one_item_takes_the_lane_that_fits_the_budget() -> None:
    """Where only a batch fits the cap, one item goes as a batch and the reason names both."""
    decision = route(1, budget_nano=20_000_000, realtime_nano=30_000_000, batch_nano=15_000_000)
    reason = "1 item: batch, real time at $0.03 exceeds the cap of $0.02"
    assert decision == LaneDecision(Lane.BATCH, reason)


@pytest.mark.parametrize("budget_nano", [10_000_000, 30_000_000, 50_000_000, None])
def test_a_budget_that_decides_nothing_changes_nothing(budget_nano: int | None) -> None:
    """Where both lanes fit, or neither, one item stays in real time."""
    decision = route(1, budget_nano=budget_nano, realtime_nano=30_000_000, batch_nano=15_000_000)
    assert decision.lane is Lane.REALTIME


def test_the_reason_states_the_price_where_it_is_not_half() -> None:
    """A batch that costs other than half is not called half price."""
    decision = route(5, realtime_nano=2_000_000_000, batch_nano=1_600_000_000)
    assert decision.reason == "5 items: batch, $1.60 instead of $2.00"
    assert route(5, realtime_nano=3, batch_nano=2).reason == "5 items: batch, half price"
    assert "price" not in route(5, realtime_nano=0, batch_nano=0).reason


@given(st.integers(2, 10**6), MAYBE_NANO, MAYBE_NANO, MAYBE_NANO)
def test_many_items_always_state_their_count(
    items: int, budget_nano: int | None, realtime_nano: int | None, batch_nano: int | None
) -> None:
    """Whatever the prices, several items go as batches and the reason begins with the count."""
    decision = route(
        items, budget_nano=budget_nano, realtime_nano=realtime_nano, batch_nano=batch_nano
    )
    assert decision.lane is Lane.BATCH
    assert decision.reason.startswith(f"{items:,} items: batch, ")


def test_nothing_needs_no_batch() -> None:
    """A run without items posts nothing."""
    assert route(0) == LaneDecision(Lane.REALTIME, "0 items: nothing to send")
