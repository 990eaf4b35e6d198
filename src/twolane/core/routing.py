"""Which lane a run takes, and why."""

from __future__ import annotations

from twolane.core.pricing import format_usd
from twolane.core.types import Decision, Lane


def route(
    count: int,
    *,
    forced: Lane | None = None,
    budget_nano: int | None = None,
    realtime_nano: int | None = None,
    batch_nano: int | None = None,
) -> Decision:
    """Choose the lane for `count` items.

    `forced` wins over everything. Otherwise one item goes in real time and more go as batches,
    and a single item whose real-time estimate exceeds the budget goes as a batch where that
    fits. `realtime_nano` and `batch_nano` are the run's estimates in the two lanes, where known;
    a budget that neither fits leaves the lane as it is: the caller then shows the price.
    """
    if forced is not None:
        words = "real time" if forced is Lane.REALTIME else "batch"
        return Decision(forced, f"{words}: asked for with --lane {forced.value}")
    items = "1 item" if count == 1 else f"{count:,} items"
    if count == 0:
        return Decision(Lane.REALTIME, "0 items: nothing to send")
    if count == 1:
        return _route_one(items, budget_nano, realtime_nano, batch_nano)
    return Decision(Lane.BATCH, f"{items}: batch, {_bargain(realtime_nano, batch_nano)}")


def _route_one(
    items: str, budget_nano: int | None, realtime_nano: int | None, batch_nano: int | None
) -> Decision:
    """Choose for a single item, which only a budget turns into a batch."""
    if (
        budget_nano is not None
        and realtime_nano is not None
        and batch_nano is not None
        and batch_nano <= budget_nano < realtime_nano
    ):
        price, cap = format_usd(realtime_nano), format_usd(budget_nano)
        return Decision(
            Lane.BATCH, f"{items}: batch, real time at {price} exceeds the cap of {cap}"
        )
    return Decision(Lane.REALTIME, f"{items}: real time, the answer is there in seconds")


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
