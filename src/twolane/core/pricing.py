"""Usage times prices: what a request cost, could cost at most, and would cost elsewhere.

Everything is integer arithmetic: rates are pico-dollars (1e-12) per token, in which every list
price per million tokens is whole; sums are rounded once, to nano-dollars (1e-9), half up.
As dollars they are written in `money`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from twolane.core.outside import MAX_SEARCHES, MAX_TOKENS
from twolane.core.types import BEYOND_USAGE, UNKNOWN_USAGE, Lane, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twolane.core.types import Reply

PICO_PER_NANO: Final = 1_000
WEEKS_PER_YEAR: Final = 52
MONTHS_PER_YEAR: Final = 12


@dataclass(frozen=True, slots=True)
class Rates:
    """Prices of one model in one lane, in pico-dollars per token.

    `web_search` is the fee for one search, None if unknown.
    """

    input: int
    output: int
    cache_write_5m: int
    cache_write_1h: int
    cache_read: int
    tier: Tier | None = None
    web_search: int | None = None


@dataclass(frozen=True, slots=True)
class Tier:
    """Rates by prompt length: above `start_tokens` every token of the request bills at `rates`.

    The prompt is all input, cached or not. `rates` may hold a further tier with a later start.
    """

    start_tokens: int
    rates: Rates


FREE: Final = Rates(input=0, output=0, cache_write_5m=0, cache_write_1h=0, cache_read=0)


@dataclass(frozen=True, slots=True)
class LanePrices:
    """One model's rates in both lanes; `model` is its name in the price book."""

    realtime: Rates
    batch: Rates
    model: str = ""

    @classmethod
    def free(cls, model: str = "") -> LanePrices:
        """Return prices of zero in both lanes."""
        return cls(FREE, FREE, model)

    def rates(self, lane: Lane) -> Rates:
        """Return the rates of one lane."""
        return self.realtime if lane is Lane.REALTIME else self.batch


def cost_nano(usage: Usage, rates: Rates) -> int:
    """Return what a reply cost, in nano-dollars."""
    return _to_nano(_cost_pico(usage, rates))


class Bill(NamedTuple):
    """What an answer cost, what it would have cost in real time, and its unpriced usage.

    `usage` holds its token counts, if they are plausible.
    """

    cost_nano: int = 0
    realtime_nano: int = 0
    unpriced: tuple[str, ...] = ()
    usage: Usage = Usage()


def bill(
    reply: Reply, prices: LanePrices, lane: Lane, reserve_nano: int, *, bounded: bool, capped: bool
) -> Bill:
    """Return what an answer cost: by its own counts, or its reserve if it has none.

    `bounded` says that the request's tokens cannot cost more than its reserve: counts that do are
    false, and the reserve is booked. Otherwise they may be true, for images or content that a tool
    fetched. Search fees are added, unless the run is `capped`.
    """
    rates, unpriced, usage = prices.rates(lane), reply.unpriced, reply.usage
    if not _can_be(usage):
        usage = Usage()
        unpriced = unpriced if UNKNOWN_USAGE in unpriced else (*unpriced, UNKNOWN_USAGE)
    if rates == FREE:
        return Bill(usage=usage)
    if usage.web_searches and rates.web_search is None:
        unpriced = (*unpriced, "web_search")
    if UNKNOWN_USAGE in unpriced:
        return Bill(reserve_nano, reserve_nano, unpriced, usage)
    fees = usage.web_searches * (rates.web_search or 0) // PICO_PER_NANO
    cost, realtime = cost_nano(usage, rates), cost_nano(usage, prices.realtime)
    most = reserve_nano if capped else reserve_nano + fees
    if (bounded or capped) and cost > most:
        return Bill(most, most, (*unpriced, BEYOND_USAGE), usage)
    return Bill(cost, realtime, unpriced, usage)


def _can_be(usage: Usage) -> bool:
    """Tell whether these are counts: a provider of somebody else's making may say anything."""
    for one in usage:
        if type(one) is not int or not 0 <= one <= MAX_TOKENS:
            return False
    return usage.web_searches <= MAX_SEARCHES


def _to_nano(pico: int) -> int:
    """Round pico-dollars (not negative) to nano-dollars, half up."""
    return (pico + PICO_PER_NANO // 2) // PICO_PER_NANO


def _cost_pico(usage: Usage, rates: Rates) -> int:
    """Return the exact cost in pico-dollars."""
    plain, write_5m = usage.input_tokens, usage.cache_write_5m_tokens
    write_1h, read = usage.cache_write_1h_tokens, usage.cache_read_tokens
    tier, fee = rates.tier, usage.web_searches * (rates.web_search or 0)
    if tier is not None:
        prompt = plain + write_5m + write_1h + read
        while tier is not None and prompt > tier.start_tokens:
            rates = tier.rates
            tier = rates.tier
    return (
        plain * rates.input
        + usage.output_tokens * rates.output
        + write_5m * rates.cache_write_5m
        + write_1h * rates.cache_write_1h
        + read * rates.cache_read
        + fee
    )


def reserve_nano(input_bound_tokens: int, max_tokens: int, rates: Rates, *, caches: bool) -> int:
    """Return the most a request can cost, in nano-dollars, rounded up.

    `input_bound_tokens` bounds its prompt, `max_tokens` its output. `caches` says that the request
    asks for prompt caching: each input token may then be billed as the most expensive cache write.
    Of the tiers that the bound reaches, the most expensive applies.
    """
    return most_nano(
        input_bound_tokens, max_tokens, rates, longest_tokens=input_bound_tokens, caches=caches
    )


def most_nano(
    input_bound_tokens: int, max_tokens: int, rates: Rates, *, longest_tokens: int, caches: bool
) -> int:
    """Return the most that several requests can cost together, in nano-dollars, rounded up.

    See `reserve_nano`; none of their prompts exceeds `longest_tokens`.
    """
    worst = 0
    step: Rates | None = rates
    while step is not None:
        per_input = step.input
        if caches:
            per_input = max(per_input, step.cache_write_5m, step.cache_write_1h, step.cache_read)
        worst = max(worst, input_bound_tokens * per_input + max_tokens * step.output)
        tier = step.tier
        step = tier.rates if tier and longest_tokens > tier.start_tokens else None
    return -(-worst // PICO_PER_NANO)


@dataclass(frozen=True, slots=True)
class Quote:
    """The price of a number of items with one model in both lanes, without caching."""

    model: str
    items: int
    realtime_nano: int
    batch_nano: int

    @property
    def saved_nano(self) -> int:
        """What the batch lane saves."""
        return self.realtime_nano - self.batch_nano


def quote(
    model: str, prices: LanePrices, items: int, input_tokens: int, output_tokens: int
) -> Quote:
    """Price `items` requests of `input_tokens` and `output_tokens` each."""
    return Quote(
        model=model,
        items=items,
        realtime_nano=_uncached_nano(prices.realtime, items, input_tokens, output_tokens),
        batch_nano=_uncached_nano(prices.batch, items, input_tokens, output_tokens),
    )


def _uncached_nano(rates: Rates, items: int, input_tokens: int, output_tokens: int) -> int:
    """Return the cost of equal requests, rounded once for all of them."""
    while rates.tier is not None and input_tokens > rates.tier.start_tokens:
        rates = rates.tier.rates
    return _to_nano(items * (input_tokens * rates.input + output_tokens * rates.output))


def compare(
    models: Mapping[str, LanePrices], items: int, input_tokens: int, output_tokens: int
) -> tuple[Quote, ...]:
    """Price the same work with several models, the cheapest in the batch lane first."""
    quotes = [
        quote(name, prices, items, input_tokens, output_tokens) for name, prices in models.items()
    ]
    return tuple(sorted(quotes, key=lambda each: (each.batch_nano, each.realtime_nano, each.model)))


@dataclass(frozen=True, slots=True)
class Projection:
    """What recurring work costs."""

    week_nano: int
    month_nano: int
    year_nano: int


def project(cost_nano: int, items: int, items_per_week: int) -> Projection:
    """Project the cost of a run of `items` items onto `items_per_week` items every week.

    A year is 52 weeks and a month a twelfth of it; each figure is rounded by itself, half up.
    Raises ValueError if `items` is not positive.
    """
    if items < 1:
        raise ValueError("a projection needs a run of at least one item")
    week = cost_nano * items_per_week
    year = week * WEEKS_PER_YEAR
    return Projection(
        week_nano=_divide(week, items),
        month_nano=_divide(year, items * MONTHS_PER_YEAR),
        year_nano=_divide(year, items),
    )


def _divide(amount: int, by: int) -> int:
    """Divide and round half up."""
    return (2 * amount + by) // (2 * by)
