"""The question before money is spent: the price, and how much of it a budget covers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twolane.core.money import NANO_PER_USD
from twolane.core.pricing import compare
from twolane.core.types import Lane

if TYPE_CHECKING:
    from twolane.config import Settings
    from twolane.core.pricing import Quote
    from twolane.engine import Engine
    from twolane.planning import Plan


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan, and what a person has to agree to.

    About `fitting` items fit the cap, and about `month_fitting` the rest of the month's budget,
    None if that covers all; `cheaper` are quotes of other models. `question` is '' if nobody has to
    be asked.
    """

    plan: Plan
    cap_nano: int | None
    fitting: int | None
    month_fitting: int | None
    cheaper: tuple[Quote, ...]
    question: str


def offer_of(plan: Plan, engine: Engine, settings: Settings, *, cap_nano: int | None) -> Offer:
    """Return the offer for a plan.

    A month's budget was agreed to when it was set: items it does not cover are named, and wait.
    """
    estimate, month = plan.estimated_nano, plan.month
    month_fitting = None
    if month is not None and month.left_nano < estimate:
        month_fitting = _fitting(plan, month.left_nano)
    if cap_nano is not None and estimate > cap_nano:
        return Offer(
            plan,
            cap_nano,
            _fitting(plan, cap_nano),
            month_fitting,
            tuple(_cheaper(plan, engine)),
            "go on with the first that fit the cap?",
        )
    question = ""
    if estimate > int(settings.confirm_usd * NANO_PER_USD):
        question = f"this is estimated above {settings.confirm_usd} dollars; go on?"
    return Offer(plan, cap_nano, None, month_fitting, (), question)


def in_lane(plan: Plan, quote: Quote) -> int:
    """Return a quote's price in the lane of `plan`, in nano-dollars."""
    return quote.batch_nano if plan.decision.lane is Lane.BATCH else quote.realtime_nano


def _fitting(plan: Plan, nano: int) -> int:
    """Return about how many items so much money is enough for."""
    each = max(1, -(-plan.estimated_nano // max(1, plan.quote.items)))
    return min(plan.quote.items, nano // each)


def _cheaper(plan: Plan, engine: Engine) -> list[Quote]:
    found = plan.survey
    items = max(1, found.total)
    quotes = compare(
        engine.known_prices(),
        found.total,
        found.input_tokens // items,
        found.output_tokens // items,
    )
    return [one for one in quotes if one.batch_nano < plan.quote.batch_nano]
