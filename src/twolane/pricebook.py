"""Prices by provider, model and date: the genai-prices data, and a custom price file.

The data comes with the installed genai-prices; nothing is fetched. It is imported on first use,
because the import alone takes a third of a second.

A price file is TOML or JSON, one table per model, in US dollars per million tokens::

    ["my-model"]
    input = 0.25
    output = 1.25
    cache_write_5m = 0.30      # the cache prices default to `input`
    cache_write_1h = 0.50
    cache_read = 0.025
    batch_factor = 0.5         # or a table [my-model.batch] with the same keys as above

A model with neither `batch_factor` nor `batch` has a price in real time only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from twolane.core.pricing import FREE, LanePrices, Rates, Tier
from twolane.core.types import Lane
from twolane.errors import ConfigError, UnknownModelError
from twolane.files import read_json, read_toml
from twolane.values import shortened

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from genai_prices.types import ModelInfo, ModelPrice, Provider, TieredPrices

OFFLINE: Final = "offline"
"""The provider inside this program, which costs nothing."""

MAX_PRICE: Final = 1_000_000
"""US dollars per million tokens: a higher price is a typing error."""

# USD per million tokens are micro-dollars per token: a millionth of a dollar is 10^6 pico.
_PICO_PER_PRICE: Final = 10**6
_PICO_PER_FEE: Final = 10**9
# The field of Rates, and the prices it is taken from, first to last: the order in which
# genai-prices bills a kind of token that has no price of its own.
_SOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "input": ("input_mtok",),
    "output": ("output_mtok",),
    "cache_write_5m": ("cache_write_mtok", "input_mtok"),
    "cache_write_1h": ("cache_write_1h_mtok", "cache_write_mtok", "input_mtok"),
    "cache_read": ("cache_read_mtok", "input_mtok"),
}
_PRICE_KEYS: Final = frozenset(_SOURCES)
_FILE_KEYS: Final = _PRICE_KEYS | {"batch_factor", "batch"}
_BATCH_CONTEXT: Final = {"processing": "batch"}


@dataclass(frozen=True, slots=True)
class OwnPrices:
    """One model of a price file; `batch` is None if it has only a real-time price."""

    realtime: Rates
    batch: Rates | None


@dataclass(frozen=True, slots=True)
class PriceBook:
    """Finds a model's prices; those of the price file, by exact name, take precedence."""

    own: Mapping[str, OwnPrices] = field(default_factory=dict)

    def lookup(self, provider: str, model: str, at: datetime) -> LanePrices:
        """Return the prices of `model` in both lanes at the moment `at`.

        Raises UnknownModelError, suggesting similar names, if the model is unknown, and if it has
        no batch price at that date: the standard price is never used for a batch.
        """
        if provider == OFFLINE:
            return LanePrices.free(model)
        if own := self.own.get(model):
            if own.batch is None:
                raise _no_batch_price(model, at)
            return LanePrices(own.realtime, own.batch, model)
        info = self._find(provider, model)
        standard = _standard_rates(info, at)
        # A search costs the same in a batch.
        batch = replace(_batch_rates(info, at), web_search=standard.web_search)
        return LanePrices(standard, batch, info.id)

    def lookup_realtime(self, provider: str, model: str, at: datetime) -> Rates:
        """Return the prices of `model` in real time, for runs that send no batch.

        Raises UnknownModelError if the model is unknown.
        """
        if provider == OFFLINE:
            return FREE
        if own := self.own.get(model):
            return own.realtime
        return _standard_rates(self._find(provider, model), at)

    def models(self, provider: str) -> tuple[str, ...]:
        """Return the names of the provider's models and of the price file's, sorted.

        Raises UnknownModelError for a provider that is not known.
        """
        if provider == OFFLINE:
            return tuple(sorted(self.own))
        listed = (info.id for info in _provider(provider).models)
        return tuple(sorted({*listed, *self.own}))

    def cheapest_haiku(self, at: datetime) -> str:
        """Return the current Claude Haiku with the lowest prices at the moment `at`.

        Current is what is not marked deprecated and has a price in both lanes. Input and output
        count alike; of equal prices the later name wins. Raises UnknownModelError if there is
        none.
        """
        deprecated = {info.id for info in _provider("anthropic").models if info.deprecated}
        priced: list[tuple[int, str]] = []
        for name in self.models("anthropic"):
            if "haiku" not in name or name in deprecated:
                continue
            try:
                rates = self.lookup("anthropic", name, at).realtime
            except UnknownModelError:
                continue
            priced.append((rates.input + rates.output, name))
        if not priced:
            raise UnknownModelError(f"No Claude Haiku has a price in both lanes on {at:%Y-%m-%d}.")
        lowest = min(price for price, _ in priced)
        return max(name for price, name in priced if price == lowest)

    def _find(self, provider: str, model: str) -> ModelInfo:
        """Return the book's entry for a model, or raise UnknownModelError with names like it."""
        if info := _provider(provider).find_model(model):
            return info
        near = get_close_matches(model.lower(), self.models(provider), n=3, cutoff=0.5)
        hint = f" Known names like it: {', '.join(near)}." if near else ""
        raise UnknownModelError(
            f"No price is known for the model {model!r} of {provider}.{hint}"
            " Name another, or give its prices in a price file."
        )


def _provider(name: str) -> Provider:
    """Return the book's entry for a provider; it knows `gemini` as `google`, for instance."""
    from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415  # 0.3 s, see above

    try:
        return get_snapshot().find_provider(None, name, None)
    except LookupError:
        raise UnknownModelError(f"No prices are known for the provider {name!r}.") from None


def _standard_rates(info: ModelInfo, at: datetime) -> Rates:
    """Return the real-time rates at a moment."""
    if not info.prices:
        raise _no_token_price(info)
    return _rates(info, info.get_prices(at))


def _batch_rates(info: ModelInfo, at: datetime) -> Rates:
    """Return the batch rates at a moment.

    genai-prices silently gives the standard price where a context matches nothing, so the
    variants are read first: one that is active has to price input and output for batches.
    """
    active = [
        variant
        for variant in info.price_variants or ()
        if variant.when == _BATCH_CONTEXT
        and (variant.constraint is None or variant.constraint.active(at))
        and variant.prices.input_mtok is not None
        and variant.prices.output_mtok is not None
    ]
    if not active:
        raise _no_batch_price(info.id, at)
    return _rates(info, info.get_prices(at, _BATCH_CONTEXT))


def _no_batch_price(model: str, at: datetime) -> UnknownModelError:
    """Say that the batch lane has no price for a model."""
    return UnknownModelError(
        f"No price is known for {model} in the {Lane.BATCH} lane on {at:%Y-%m-%d}."
        " Use --lane realtime, name another model, or give its prices in a price file."
    )


def _no_token_price(info: ModelInfo) -> UnknownModelError:
    """Say that a model is not sold by the token."""
    return UnknownModelError(
        f"{info.id} has no price per input token. Give its prices in a price file."
    )


def _rates(info: ModelInfo, price: ModelPrice) -> Rates:
    """Turn USD per million tokens, with tiers where any of them has some, into Rates."""
    if price.input_mtok is None:
        raise _no_token_price(info)
    starts = sorted(
        {tier.start for value in vars(price).values() for tier in getattr(value, "tiers", ())}
    )
    tier: Tier | None = None
    for start in reversed(starts):
        tier = Tier(start, _rates_above(price, start, tier))
    return _rates_above(price, -1, tier)


def _rates_above(price: ModelPrice, start: int, tier: Tier | None) -> Rates:
    """Return the rates that hold for prompts just above `start` tokens; -1: the base rates."""
    picos = {name: _pico(_price_above(price, keys, start)) for name, keys in _SOURCES.items()}
    return Rates(**picos, tier=tier, web_search=_fee(price))


def _fee(price: ModelPrice) -> int | None:
    """Return the fee of one web search in pico-dollars; the book gives USD per thousand."""
    listed = price.web_searches_kcount
    return _whole(listed * _PICO_PER_FEE) if isinstance(listed, Decimal) else None


def _price_above(price: ModelPrice, keys: tuple[str, ...], start: int) -> Decimal:
    """Return the first of the named prices, for prompts just above `start` tokens."""
    found = (getattr(price, key) for key in keys)
    value: Decimal | TieredPrices | None = next((each for each in found if each is not None), None)
    if value is None:
        return Decimal(0)
    if isinstance(value, Decimal):
        return value
    reached = [tier.price for tier in value.tiers if tier.start <= start]
    return reached[-1] if reached else value.base


def _pico(price: Decimal) -> int:
    """Turn USD per million tokens into pico-dollars per token."""
    return _whole(price * _PICO_PER_PRICE)


def _whole(number: Decimal) -> int:
    """Round to the nearest integer, half up."""
    return int(number.to_integral_value(ROUND_HALF_UP))


def load_price_book(path: Path | None = None) -> PriceBook:
    """Return the price book, with the prices of the file at `path` on top where one is given.

    Raises ConfigError that names the file, and the model and key where one is wrong.
    """
    if path is None:
        return PriceBook()
    tables = _read_tables(path)
    return PriceBook({model: _own_prices(path, model, table) for model, table in tables.items()})


def _read_tables(path: Path) -> dict[str, object]:
    """Return a price file's tables; numbers with a point come as exact decimals."""
    read = read_json if path.suffix.lower() == ".json" else read_toml
    try:
        tables = read(path, parse_float=Decimal)
    except OSError as error:
        raise ConfigError(f"price file {path}: {error.strerror or error}") from None
    if not isinstance(tables, dict):
        raise ConfigError(f"price file {path}: expected an object with one entry per model")
    return tables


def _own_prices(path: Path, model: str, entry: object) -> OwnPrices:
    """Read one model's table."""
    where = f"price file {path}: {shortened(model)}"
    table = _table(where, entry, _FILE_KEYS)
    realtime = _own_rates(where, table)
    if "batch" in table and "batch_factor" in table:
        raise ConfigError(f"{where}: give either batch or batch_factor, not both")
    if "batch" in table:
        inner = f"{where}.batch"
        return OwnPrices(realtime, _own_rates(inner, _table(inner, table["batch"], _PRICE_KEYS)))
    if "batch_factor" not in table:
        return OwnPrices(realtime, None)
    factor = _number(f"{where}.batch_factor", table["batch_factor"], limit=1)
    picos = {name: _whole(getattr(realtime, name) * factor) for name in _SOURCES}
    return OwnPrices(realtime, Rates(**picos, tier=None))


def _table(where: str, entry: object, known: frozenset[str]) -> Mapping[str, object]:
    """Return an entry that is a table with known keys, `input` and `output` among them."""
    if not isinstance(entry, Mapping):
        raise ConfigError(f"{where}: expected a table of prices")
    if unknown := sorted(set(entry) - known):
        raise ConfigError(
            f"{where}.{shortened(unknown[0])}: unknown key; known: {', '.join(sorted(known))}"
        )
    for name in ("input", "output"):
        if name not in entry:
            raise ConfigError(f"{where}.{name}: missing")
    return entry


def _own_rates(where: str, table: Mapping[str, object]) -> Rates:
    """Read the five prices of a table; the cache prices default to `input`."""
    prices = {name: table.get(name, table["input"]) for name in _SOURCES}
    picos = {name: _pico(_number(f"{where}.{name}", prices[name])) for name in _SOURCES}
    return Rates(**picos, tier=None)


def _number(where: str, value: object, *, limit: int = MAX_PRICE) -> Decimal:
    """Read a finite number from 0 to `limit`."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ConfigError(f"{where}: expected a number, found {shortened(repr(value))}")
    number = Decimal(value)
    if not number.is_finite() or not 0 <= number <= limit:
        raise ConfigError(f"{where}: {shortened(str(value))} is not between 0 and {limit:,}")
    return number
