"""Prices by provider, model and date."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

import pytest
from genai_prices import Usage as BookUsage
from genai_prices import calc_price
from genai_prices.data_snapshot import DataSnapshot, get_snapshot, set_custom_snapshot
from genai_prices.types import ClauseEquals, ModelInfo, ModelPrice, PriceVariant, Provider

from twolane.core.pricing import FREE, LanePrices, Rates, cost_nano
from twolane.core.types import Usage
from twolane.errors import ConfigError, UnknownModelError
from twolane.pricebook import PriceBook, load_price_book

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TODAY = datetime(2026, 11, 23, tzinfo=UTC)
BEFORE_BATCH = datetime(2026, 10, 13, 23, 59, tzinfo=UTC)
BOOK = PriceBook()
USAGES = [
    Usage(1_000, 200),
    Usage(0, 7),
    Usage(123_457, 3_211),
    Usage(99_999, 10, 1, 0, 0),
    Usage(99_999, 10, 1, 1, 0),
    Usage(50, 900, 2_048, 0, 40_000),
    Usage(50, 900, 0, 2_048, 40_000),
    Usage(10, 10, 90_000, 90_000, 90_000),
]


def claude_models(*, batch: bool) -> list[str]:
    """Return the Claude models of the book that have, or do not have, a batch price today."""
    models = get_snapshot().find_provider(None, "anthropic", None).models
    return [model.id for model in models if bool(model.price_variants) == batch]


def book_nano(model: str, usage: Usage, context: dict[str, str] | None, at: datetime) -> int:
    """Return what genai-prices itself says a reply cost, in nano-dollars, rounded half up."""
    written = usage.cache_write_5m_tokens + usage.cache_write_1h_tokens
    counted = BookUsage(
        input_tokens=usage.input_tokens + written + usage.cache_read_tokens,
        output_tokens=usage.output_tokens,
        cache_write_tokens=written,
        cache_write_1h_tokens=usage.cache_write_1h_tokens,
        cache_read_tokens=usage.cache_read_tokens,
    )
    price = calc_price(
        counted,
        model,
        provider_id="anthropic",
        genai_request_timestamp=at,
        price_context=context,
    )
    return int((price.total_price * 10**9).to_integral_value(ROUND_HALF_UP))


def steps_of(rates: Rates) -> list[Rates]:
    """Return the base rates and those of each tier."""
    return [rates, *(steps_of(rates.tier.rates) if rates.tier else [])]


@pytest.mark.parametrize("model", claude_models(batch=True))
def test_both_lanes_cost_what_the_price_data_says(model: str) -> None:
    """Every Claude model, with caches and long prompts, costs the same as genai-prices computes."""
    prices = BOOK.lookup("anthropic", model, TODAY)
    for usage in USAGES:
        assert cost_nano(usage, prices.realtime) == book_nano(model, usage, None, TODAY)
        batch = book_nano(model, usage, {"processing": "batch"}, TODAY)
        assert cost_nano(usage, prices.batch) == batch


@pytest.mark.parametrize("model", claude_models(batch=True))
def test_a_claude_batch_costs_exactly_half(model: str) -> None:
    """All five rates of every Claude model, and of its tiers, halve in the batch lane."""
    prices = BOOK.lookup("anthropic", model, TODAY)
    for realtime, batch in zip(steps_of(prices.realtime), steps_of(prices.batch), strict=True):
        assert realtime.input == 2 * batch.input > 0
        assert realtime.output == 2 * batch.output > 0
        assert realtime.cache_write_5m == 2 * batch.cache_write_5m > 0
        assert realtime.cache_write_1h == 2 * batch.cache_write_1h > 0
        assert realtime.cache_read == 2 * batch.cache_read > 0
        assert (realtime.tier is None) == (batch.tier is None)


@pytest.mark.parametrize("model", claude_models(batch=False))
def test_without_a_batch_price_the_lane_is_named(model: str) -> None:
    """A model that no batch price is known for is refused for batches and priced in real time."""
    with pytest.raises(UnknownModelError, match=r"batch lane on 2026-11-23"):
        BOOK.lookup("anthropic", model, TODAY)
    rates = BOOK.lookup_realtime("anthropic", model, TODAY)
    usage = Usage(1_000, 200)
    assert cost_nano(usage, rates) == book_nano(model, usage, None, TODAY)


def test_a_batch_price_is_not_taken_before_its_date() -> None:
    """Before the batch variants begin, the standard price does not stand in for them."""
    with pytest.raises(UnknownModelError, match="batch lane"):
        BOOK.lookup("anthropic", "claude-haiku-5-5", BEFORE_BATCH)
    assert BOOK.lookup_realtime("anthropic", "claude-haiku-5-5", BEFORE_BATCH).input == 100_000


def test_prices_follow_their_dates() -> None:
    """A model whose long-prompt tier ended has it before that day and not after."""
    before = BOOK.lookup_realtime(
        "anthropic", "claude-sonnet-4-6", datetime(2026, 3, 12, tzinfo=UTC)
    )
    after = BOOK.lookup_realtime(
        "anthropic", "claude-sonnet-4-6", datetime(2026, 3, 13, tzinfo=UTC)
    )
    assert before.tier is not None
    assert before.tier.start_tokens == 200_000
    assert before.tier.rates.input == 2 * before.input
    assert after.tier is None


def test_a_variant_without_input_and_output_prices_is_no_batch_price() -> None:
    """A variant that leaves out what batches cost does not let the standard price through."""
    with pytest.raises(UnknownModelError, match="batch lane"):
        BOOK.lookup("openai", "gpt-3.5-turbo-1106", TODAY)


@pytest.fixture
def scant_data() -> Iterator[None]:
    """Put price data of another provider in the place of the bundled data."""
    standard = ModelPrice(input_mtok=Decimal(2), output_mtok=Decimal(4))
    variants = {
        "input-only": ModelPrice(input_mtok=Decimal(1)),
        "output-only": ModelPrice(output_mtok=Decimal(2)),
        "both": ModelPrice(input_mtok=Decimal(1), output_mtok=Decimal(2)),
    }
    models = [
        ModelInfo(
            id=name,
            match=ClauseEquals(name),
            prices=standard,
            price_variants=[PriceVariant(when={"processing": "batch"}, prices=prices)],
        )
        for name, prices in variants.items()
    ]
    models.append(ModelInfo(id="unpriced", match=ClauseEquals("unpriced")))
    provider = Provider(id="scant", name="Scant", api_pattern="scant", models=models)
    set_custom_snapshot(DataSnapshot(providers=[provider], from_auto_update=False))
    yield
    set_custom_snapshot(None)


@pytest.mark.usefixtures("scant_data")
@pytest.mark.parametrize("model", ["input-only", "output-only"])
def test_half_a_batch_price_is_none(model: str) -> None:
    """A variant has to price both input and output, or the standard price would slip in."""
    with pytest.raises(UnknownModelError, match="batch lane"):
        BOOK.lookup("scant", model, TODAY)


@pytest.mark.usefixtures("scant_data")
def test_caches_without_prices_bill_as_input() -> None:
    """What has no price of its own costs what input costs, in either lane."""
    prices = BOOK.lookup("scant", "both", TODAY)
    assert prices.realtime == Rates(2_000_000, 4_000_000, 2_000_000, 2_000_000, 2_000_000)
    assert prices.batch == Rates(1_000_000, 2_000_000, 1_000_000, 1_000_000, 1_000_000)


@pytest.mark.usefixtures("scant_data")
def test_a_model_listed_without_prices_is_refused() -> None:
    """A model that is known but has no price is an error that says so."""
    with pytest.raises(UnknownModelError, match="unpriced has no price"):
        BOOK.lookup_realtime("scant", "unpriced", TODAY)


def test_other_providers_are_known_by_their_common_names() -> None:
    """OpenAI, Gemini and Mistral models have both lanes, and OpenAI's batches cost half."""
    gpt = BOOK.lookup("openai", "gpt-5", TODAY)
    assert gpt.realtime.input == 2 * gpt.batch.input > 0
    assert gpt.realtime.output == 2 * gpt.batch.output > 0
    assert BOOK.lookup("gemini", "gemini-2.5-flash", TODAY).batch.input > 0
    assert BOOK.lookup("mistral", "mistral-large-4", TODAY).model == "mistral-large-4"


def test_a_dated_name_finds_its_model_and_says_so() -> None:
    """A snapshot's name is priced as its model, whose own name comes with the prices."""
    prices = BOOK.lookup("anthropic", "claude-haiku-4-5-20251001", TODAY)
    assert prices == BOOK.lookup("anthropic", "claude-haiku-4-5", TODAY)
    assert prices.model == "claude-haiku-4-5"


def test_an_unknown_model_names_its_neighbours() -> None:
    """A slip in the name is answered with the names nearest to it."""
    with pytest.raises(UnknownModelError, match=r"claude-hiaku-5-5.*anthropic.*claude-haiku-5-5"):
        BOOK.lookup("anthropic", "claude-hiaku-5-5", TODAY)
    with pytest.raises(UnknownModelError, match="claude-hiaku"):
        BOOK.lookup_realtime("anthropic", "claude-hiaku-5-5", TODAY)


def test_an_unknown_provider_is_refused() -> None:
    """A provider without prices is named."""
    with pytest.raises(UnknownModelError, match="nobody"):
        BOOK.lookup("nobody", "claude-haiku-5-5", TODAY)


def test_a_model_not_sold_by_the_token_is_refused() -> None:
    """A model priced by the minute has no token price to calculate with."""
    with pytest.raises(UnknownModelError, match="per input token"):
        BOOK.lookup_realtime("openai", "whisper-1", TODAY)


def test_offline_is_free() -> None:
    """The provider inside the program costs nothing in either lane, whatever the model."""
    assert BOOK.lookup("offline", "extractive", TODAY) == LanePrices.free("extractive")
    assert BOOK.lookup_realtime("offline", "extractive", TODAY) == FREE


def test_the_cheapest_current_haiku() -> None:
    """Today the default model is Haiku 5.5."""
    assert BOOK.cheapest_haiku(TODAY) == "claude-haiku-5-5"


def test_without_batch_prices_there_is_no_current_haiku() -> None:
    """Before any Haiku has a price in both lanes none is chosen."""
    with pytest.raises(UnknownModelError, match="2026-10-13"):
        BOOK.cheapest_haiku(BEFORE_BATCH)


TOML = """
["claude-haiku-9"]
input = 0.04
output = 0.2
cache_write_5m = 0.05
cache_write_1h = 0.08
cache_read = 0.004
batch_factor = 0.5

["local/llama"]
input = 0
output = 0

[explicit]
input = 1
output = 2
batch = {input = 0.6, output = 1.1, cache_read = 0.000001}

["claude-haiku-5-5"]
input = 7
output = 8
batch_factor = 0.25
"""


def written(folder: Path, name: str, text: str) -> Path:
    """Write a price file and return its path."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_price_file_adds_and_replaces_models(tmp_path: Path) -> None:
    """Prices of one's own count before the book's, exactly as written, for any provider."""
    book = load_price_book(written(tmp_path, "prices.toml", TOML))
    haiku = book.lookup("anthropic", "claude-haiku-9", TODAY)
    assert haiku.realtime == Rates(40_000, 200_000, 50_000, 80_000, 4_000)
    assert haiku.batch == Rates(20_000, 100_000, 25_000, 40_000, 2_000)
    explicit = book.lookup("openai", "explicit", TODAY)
    assert explicit.realtime == Rates(1_000_000, 2_000_000, 1_000_000, 1_000_000, 1_000_000)
    assert explicit.batch == Rates(600_000, 1_100_000, 600_000, 600_000, 1)
    replaced = book.lookup("anthropic", "claude-haiku-5-5", TODAY)
    assert (replaced.realtime.input, replaced.batch.input) == (7_000_000, 1_750_000)
    assert book.lookup("anthropic", "claude-opus-5", TODAY) == BOOK.lookup(
        "anthropic", "claude-opus-5", TODAY
    )
    assert book.cheapest_haiku(TODAY) == "claude-haiku-9"


def test_a_model_of_the_file_without_batch_prices_is_real_time_only(tmp_path: Path) -> None:
    """No discount is assumed where the file states none."""
    book = load_price_book(written(tmp_path, "prices.toml", TOML))
    assert book.lookup_realtime("openai", "local/llama", TODAY) == FREE
    with pytest.raises(UnknownModelError, match="local/llama in the batch lane"):
        book.lookup("openai", "local/llama", TODAY)


def test_a_model_of_the_file_is_among_the_neighbours(tmp_path: Path) -> None:
    """A slip in the name of one's own model is recognised."""
    book = load_price_book(written(tmp_path, "prices.toml", TOML))
    with pytest.raises(UnknownModelError, match="local/llama"):
        book.lookup("anthropic", "local/lama", TODAY)
    assert "explicit" in book.models("anthropic")
    assert "explicit" in book.models("offline")


def test_a_price_file_may_be_json(tmp_path: Path) -> None:
    """JSON holds the same tables, a byte order mark included, and its numbers stay exact."""
    tables = {"m": {"input": 0.1, "output": 0.3, "batch_factor": 0.5}}
    path = written(tmp_path, "prices.JSON", "\ufeff" + json.dumps(tables))
    prices = load_price_book(path).lookup("x", "m", TODAY)
    assert (prices.realtime.input, prices.batch.output) == (100_000, 150_000)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("input = 1", "input: expected a table"),
        ("[m]\noutput = 1", r"m\.input: missing"),
        ("[m]\ninput = 1", r"m\.output: missing"),
        ("[m]\ninput = 1\noutput = 1\ninptu = 2", r"m\.inptu: unknown key"),
        ("[m]\ninput = '1'\noutput = 1", r"m\.input: expected a number"),
        ("[m]\ninput = true\noutput = 1", r"m\.input: expected a number"),
        ("[m]\ninput = -1\noutput = 1", r"m\.input: -1 is not between"),
        ("[m]\ninput = inf\noutput = 1", r"m\.input: .* is not between"),
        ("[m]\ninput = nan\noutput = 1", r"m\.input: .* is not between"),
        ("[m]\ninput = 1e7\noutput = 1", r"m\.input: .* is not between"),
        ("[m]\ninput = 1\noutput = 1\ncache_read = []", r"m\.cache_read: expected a number"),
        ("[m]\ninput = 1\noutput = 1\nbatch_factor = 50", r"m\.batch_factor: 50 is not between"),
        ("[m]\ninput = 1\noutput = 1\nbatch = 0.5", r"m\.batch: expected a table"),
        ("[m]\ninput = 1\noutput = 1\nbatch = {input = 1}", r"m\.batch\.output: missing"),
        (
            "[m]\ninput = 1\noutput = 1\nbatch_factor = 1\nbatch = {input = 1, output = 1}",
            "either batch or batch_factor",
        ),
        ("[m\ninput = 1", "line 1"),
    ],
)
def test_a_bad_price_file_names_file_and_key(tmp_path: Path, text: str, complaint: str) -> None:
    """Whatever is wrong, the message says in which file and at which key."""
    path = written(tmp_path, "prices.toml", text)
    with pytest.raises(ConfigError, match=complaint) as caught:
        load_price_book(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "text", ["[]", "5", "{", "[" * 100_000, '{"m": {"input": NaN, "output": 1}}']
)
def test_a_bad_json_file_is_a_configuration_error(tmp_path: Path, text: str) -> None:
    """JSON of another shape, or no JSON at all, is named with its file."""
    path = written(tmp_path, "prices.json", text)
    with pytest.raises(ConfigError, match=r"prices\.json"):
        load_price_book(path)


def test_an_unreadable_price_file_is_a_configuration_error(tmp_path: Path) -> None:
    """A missing file, a folder, bytes that are no text, and a huge file are each refused."""
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    huge = written(tmp_path, "huge.toml", "#" * 1_000_001)
    for path in (tmp_path / "none.toml", tmp_path, binary, huge):
        with pytest.raises(ConfigError, match="price file"):
            load_price_book(path)


@pytest.mark.loopback
def test_importing_the_price_book_does_not_import_the_data() -> None:
    """The slow import of the price data waits until a price is asked for."""
    code = "import sys, twolane.pricebook; sys.exit('genai_prices' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)  # noqa: S603
    assert done.returncode == 0
