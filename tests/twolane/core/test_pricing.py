"""Usage times prices, to the nano-dollar."""

from __future__ import annotations

from dataclasses import astuple
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twolane.core.money import format_usd, plain_usd, usd
from twolane.core.pricing import (
    FREE,
    LanePrices,
    Rates,
    Tier,
    compare,
    cost_nano,
    project,
    quote,
    reserve_nano,
)
from twolane.core.types import Lane, Usage

# $1, $5, $1.25, $2 and $0.10 per million tokens.
PLAIN = Rates(1_000_000, 5_000_000, 1_250_000, 2_000_000, 100_000)
HALF = Rates(500_000, 2_500_000, 625_000, 1_000_000, 50_000)
TIERED = Rates(
    100_000,
    500_000,
    125_000,
    200_000,
    10_000,
    Tier(100_000, Rates(500_000, 2_500_000, 625_000, 1_000_000, 50_000)),
)
COUNTS = st.integers(0, 2_000_000)
USAGES = st.builds(Usage, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)
PICOS = st.integers(0, 10**9)
FLAT = st.builds(Rates, PICOS, PICOS, PICOS, PICOS, PICOS)
TIERS = st.recursive(
    FLAT,
    lambda inner: st.builds(
        Rates, PICOS, PICOS, PICOS, PICOS, PICOS, st.builds(Tier, st.integers(0, 10**6), inner)
    ),
    max_leaves=3,
)
NANOS = st.integers(-(10**15), 10**15)


def test_each_kind_of_token_has_its_price() -> None:
    """A million tokens of each kind cost the five list prices."""
    million = 1_000_000
    costs = [
        cost_nano(Usage(**{kind: million}), PLAIN)
        for kind in (
            "input_tokens",
            "output_tokens",
            "cache_write_5m_tokens",
            "cache_write_1h_tokens",
            "cache_read_tokens",
        )
    ]
    assert [plain_usd(cost) for cost in costs] == ["1", "5", "1.25", "2", "0.1"]


@given(USAGES, FLAT)
def test_the_cost_is_exact(usage: Usage, rates: Rates) -> None:
    """A cost is the exact sum of tokens times price, rounded half up once."""
    tokens = (
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_write_5m_tokens,
        usage.cache_write_1h_tokens,
        usage.cache_read_tokens,
    )
    exact = Decimal(sum(n * price for n, price in zip(tokens, astuple(rates)[:5], strict=True)))
    assert cost_nano(usage, rates) == int((exact / 1000).to_integral_value(ROUND_HALF_UP))


@pytest.mark.parametrize(
    ("prompt", "cost"),
    [
        (Usage(input_tokens=100_000, output_tokens=1_000), 10_500_000),
        (Usage(input_tokens=100_001, output_tokens=1_000), 52_500_500),
        (Usage(input_tokens=1, cache_read_tokens=100_000, output_tokens=1_000), 7_500_500),
        (Usage(cache_write_5m_tokens=60_000, cache_write_1h_tokens=60_000), 97_500_000),
        (Usage(output_tokens=200_000), 100_000_000),
    ],
)
def test_a_long_prompt_bills_every_token_at_its_tier(prompt: Usage, cost: int) -> None:
    """Past the start of a tier, cached input counted, the whole request costs the tier's rates."""
    assert cost_nano(prompt, TIERED) == cost


def test_tiers_can_follow_each_other() -> None:
    """Of several tiers the last one that the prompt exceeds counts."""
    top = Rates(3_000, 0, 0, 0, 0)
    middle = Rates(2_000, 0, 0, 0, 0, Tier(20, top))
    rates = Rates(1_000, 0, 0, 0, 0, Tier(10, middle))
    assert [cost_nano(Usage(n), rates) for n in (10, 11, 20, 21)] == [10, 22, 40, 63]


@given(USAGES, TIERS, st.integers(0, 1_000), st.integers(0, 1_000))
def test_a_reserve_is_never_too_small(
    usage: Usage, rates: Rates, spare_input: int, spare_output: int
) -> None:
    """No reply within its bounds costs more than what was reserved for it, caches included."""
    prompt = (
        usage.input_tokens
        + usage.cache_write_5m_tokens
        + usage.cache_write_1h_tokens
        + usage.cache_read_tokens
    )
    reserve = reserve_nano(
        prompt + spare_input, usage.output_tokens + spare_output, rates, caches=True
    )
    assert cost_nano(usage, rates) <= reserve
    uncached = Usage(usage.input_tokens, usage.output_tokens)
    reserve = reserve_nano(usage.input_tokens, usage.output_tokens, rates, caches=False)
    assert cost_nano(uncached, rates) <= reserve


def test_a_reserve_without_caching_is_the_list_price() -> None:
    """Cache writes are reserved for only where the request asks for caching."""
    assert reserve_nano(1_000_000, 1_000_000, PLAIN, caches=False) == 6_000_000_000
    assert reserve_nano(1_000_000, 1_000_000, PLAIN, caches=True) == 7_000_000_000
    assert reserve_nano(1, 0, Rates(1, 0, 0, 0, 0), caches=False) == 1


def test_a_reserve_reaches_a_tier_with_its_first_token() -> None:
    """One token past the start of a tier the whole bound is reserved at the tier's rates."""
    assert reserve_nano(100_000, 0, TIERED, caches=False) == 10_000_000
    assert reserve_nano(100_001, 0, TIERED, caches=False) == 50_000_500


@given(NANOS)
def test_plain_dollars_are_exact(nano: int) -> None:
    """The string for machines reads back to the same amount, without exponent or padding."""
    text = plain_usd(nano)
    assert Decimal(text) == usd(nano) == Decimal(nano) / 10**9
    assert "e" not in text.lower()
    assert not ("." in text and text.endswith(("0", ".")))
    assert text != "-0"


@pytest.mark.parametrize(
    ("nano", "text"),
    [
        (0, "0"),
        (12_300_000, "0.0123"),
        (2_000_000_000, "2"),
        (1_800_000_000, "1.8"),
        (1, "0.000000001"),
        (-50_000_000, "-0.05"),
        (10_000_000_000, "10"),
    ],
)
def test_plain_dollars_look_as_documented(nano: int, text: str) -> None:
    """Zeros at the end are left out, those before the point stay."""
    assert plain_usd(nano) == text


@pytest.mark.parametrize(
    ("nano", "text"),
    [
        (0, "$0.00"),
        (1_800_000_000, "$1.80"),
        (12_300_000, "$0.0123"),
        (50_000_000, "$0.05"),
        (120_000, "$0.00012"),
        (123_456, "$0.00012"),
        (1, "$0.000000001"),
        (15, "$0.000000015"),
        (9_999_999, "$0.01"),
        (999_960_000, "$1.00"),
        (1_234_500_000_000, "$1,234.50"),
        (1_005_000_000, "$1.01"),
        (-50_000_000, "-$0.05"),
    ],
)
def test_dollars_for_people(nano: int, text: str) -> None:
    """Amounts show as many digits as matter, and never fewer than the cents."""
    assert format_usd(nano) == text


@given(NANOS)
def test_dollars_for_people_are_close(nano: int) -> None:
    """What is shown is off by half a cent or a twentieth at most, and zero only for zero."""
    shown = Decimal(format_usd(nano).replace("$", "").replace(",", ""))
    off = abs(shown - usd(nano))
    assert off <= min(Decimal("0.005"), abs(usd(nano)) / 20)
    assert (shown == 0) == (nano == 0)


def test_a_lane_picks_its_rates() -> None:
    """Each lane has its own rates, and what is free is free in both."""
    prices = LanePrices(PLAIN, HALF, "m")
    assert prices.rates(Lane.REALTIME) is PLAIN
    assert prices.rates(Lane.BATCH) is HALF
    free = LanePrices.free("x")
    assert free == LanePrices(FREE, FREE, "x")
    assert cost_nano(Usage(10**6, 10**6, 10**6, 10**6, 10**6), free.batch) == 0


def test_a_quote_prices_all_items_in_both_lanes() -> None:
    """Tokens are per item, and what is saved is the difference of the lanes."""
    made = quote("m", LanePrices(PLAIN, HALF), 782, 2_000, 300)
    assert (made.realtime_nano, made.batch_nano) == (2_737_000_000, 1_368_500_000)
    assert made.saved_nano == 1_368_500_000
    assert (made.model, made.items) == ("m", 782)


def test_a_quote_uses_the_tier_of_one_prompt() -> None:
    """A tier follows from one item's prompt, not from the run's total."""
    prices = LanePrices(TIERED, TIERED)
    assert quote("m", prices, 1_000, 1_000, 0).realtime_nano == 100_000_000
    assert quote("m", prices, 1, 100_001, 0).realtime_nano == 50_000_500


def test_a_quote_is_rounded_once() -> None:
    """A thousand half nano-dollars are five hundred, not a thousand."""
    assert quote("m", LanePrices(Rates(500, 0, 0, 0, 0), FREE), 1_000, 1, 0).realtime_nano == 500


def test_a_comparison_begins_with_the_cheapest() -> None:
    """Models are listed by what the batch lane costs."""
    models = {"dear": LanePrices(PLAIN, PLAIN), "cheap": LanePrices(TIERED, TIERED)}
    models["middle"] = LanePrices(PLAIN, HALF)
    rows = compare(models, 100, 1_000, 100)
    assert [row.model for row in rows] == ["cheap", "middle", "dear"]
    assert rows[1] == quote("middle", models["middle"], 100, 1_000, 100)


def test_recurring_work_is_projected() -> None:
    """A year is 52 weeks, and a month a twelfth of a year."""
    made = project(1_800_000_000, 100, 50)
    assert plain_usd(made.week_nano) == "0.9"
    assert plain_usd(made.month_nano) == "3.9"
    assert plain_usd(made.year_nano) == "46.8"


@given(st.integers(0, 10**14), st.integers(1, 10**6), st.integers(0, 10**6))
def test_a_projection_is_rounded_once(cost: int, items: int, per_week: int) -> None:
    """Each figure is within half a nano-dollar of the exact fraction."""
    made = project(cost, items, per_week)
    week = Fraction(cost * per_week, items)
    assert abs(made.week_nano - week) <= Fraction(1, 2)
    assert abs(made.year_nano - 52 * week) <= Fraction(1, 2)
    assert abs(made.month_nano - 52 * week / 12) <= Fraction(1, 2)


def test_a_projection_needs_items() -> None:
    """A run of nothing has no price per item."""
    with pytest.raises(ValueError, match="at least one"):
        project(1, 0, 10)
