"""Which lane a run takes, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twolane.core.money import format_usd
from twolane.core.types import Lane, LaneDecision
from twolane.core.wording import counted

if TYPE_CHECKING:
    from twolane.core.deadline import Window


def route(
    count: int,
    *,
    forced: Lane | None = None,
    budget_nano: int | None = None,
    realtime_nano: int | None = None,
    batch_nano: int | None = None,
    window: Window | None = None,
    no_batches: str = "",
) -> LaneDecision:
    """Choose the lane for `count` items.

    `forced` wins over everything. Otherwise one item goes in real time and more go as batches,
    unless the deadline's `window` leaves a batch less time than half of them need; a single item
    whose real-time estimate exceeds the budget goes as a batch if that fits. `realtime_nano` and
    `batch_nano` are the run's estimates in the two lanes, if known; a budget that neither fits does
    not change the lane: the caller then shows the price.
    """
    if forced is not None:
        words = "real time" if forced is Lane.REALTIME else "batch"
        return LaneDecision(forced, f"{words}: asked for with --lane {forced.value}")
    items = counted(count, "item")
    if count == 0:
        return LaneDecision(Lane.REALTIME, "0 items: nothing to send")
    if no_batches:
        return LaneDecision(Lane.REALTIME, f"{items}: real time, {no_batches}")
    if count == 1:
        return _route_one(items, budget_nano, realtime_nano, batch_nano)
    bargain = _bargain(realtime_nano, batch_nano)
    if window is None:
        return LaneDecision(Lane.BATCH, f"{items}: batch, {bargain}")
    if window.room_s < window.tempo.queue_p50_s:
        return LaneDecision(
            Lane.REALTIME,
            f"{items}: real time, the deadline leaves a batch {span(window.room_s)} and half of "
            f"them take over {span(window.tempo.queue_p50_s)}",
        )
    return LaneDecision(
        Lane.BATCH,
        f"{items}: batch, {bargain}; what is late in {span(window.room_s)} goes in real time",
    )


def _route_one(
    items: str, budget_nano: int | None, realtime_nano: int | None, batch_nano: int | None
) -> LaneDecision:
    """Choose for a single item, which only a budget turns into a batch."""
    if (
        budget_nano is not None
        and realtime_nano is not None
        and batch_nano is not None
        and batch_nano <= budget_nano < realtime_nano
    ):
        price, cap = format_usd(realtime_nano), format_usd(budget_nano)
        return LaneDecision(
            Lane.BATCH, f"{items}: batch, real time at {price} exceeds the cap of {cap}"
        )
    return LaneDecision(Lane.REALTIME, f"{items}: real time, the answer is there in seconds")


def _bargain(realtime_nano: int | None, batch_nano: int | None) -> str:
    """Say what the batch lane saves: half, unless the estimates say otherwise."""
    if realtime_nano is None or batch_nano is None:
        return "half price"
    if realtime_nano == 0:
        return "the lane for many at once"
    # Estimates are rounded to the nano-dollar, so half may be off by one.
    if abs(2 * batch_nano - realtime_nano) <= 1:
        return "half price"
    return f"{format_usd(batch_nano)} instead of {format_usd(realtime_nano)}"


def span(seconds: float) -> str:
    """Return a duration in a few words, such as `2 h 5 min`."""
    whole = max(0, round(seconds))
    if whole < 100:  # noqa: PLR2004  # up to there seconds say more
        return f"{whole} s"
    hours, minutes = divmod(round(whole / 60), 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
