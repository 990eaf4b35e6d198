"""`twolane price`: the same job across models and both lanes, and the cost of recurring work."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from twolane.core.budget import month_line, month_object
from twolane.core.money import format_usd, plain_usd
from twolane.core.pricing import compare, project
from twolane.core.wording import counted
from twolane.errors import UnknownModelError
from twolane.front.console import Table, print_json, result_console
from twolane.ledger import LEDGER_FILE, Ledger, months
from twolane.pricebook import load_price_book

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twolane.config import Settings
    from twolane.core.pricing import LanePrices, Quote
    from twolane.core.types import Month


def print_prices(  # the command's flags
    settings: Settings,
    *,
    items: int,
    input_tokens: int,
    output_tokens: int,
    models: tuple[str, ...],
    weekly: int | None,
    as_json: bool,
) -> int:
    """Price a job; return the exit code. Raises UnknownModelError naming similar models."""
    book, at = load_price_book(settings.prices), datetime.now(UTC)
    prices: dict[str, LanePrices] = {}
    if models:
        prices = {name: book.lookup(settings.provider, name, at) for name in models}
    else:
        for name in book.models(settings.provider):
            with contextlib.suppress(UnknownModelError):
                prices[name] = book.lookup(settings.provider, name, at)
    quotes = compare(prices, items, input_tokens, output_tokens)
    month = _month(settings, at.timestamp())
    if as_json:
        told: dict[str, object] = {"items": items}
        told["models"] = [_object(one, weekly) for one in quotes]
        print_json({**told, "month": month_object(month)} if month else told)
    else:
        _print_table(quotes, weekly)
        if month is not None:
            result_console().print(month_line(month))
    return 0


def _month(settings: Settings, now: float) -> Month | None:
    """Return how the month stands under its budget; no ledger is made to find out."""
    path = settings.home / LEDGER_FILE
    if settings.month_cap_nano is None or not path.exists():
        return months.empty_month(settings.month_cap_nano, now)
    with contextlib.closing(Ledger(path, read_only=True)) as ledger:
        return months.standing(ledger.store, settings.month_cap_nano, now)


def _object(quote: Quote, weekly: int | None) -> dict[str, object]:
    value: dict[str, object] = {
        "model": quote.model,
        "realtime_usd": plain_usd(quote.realtime_nano),
        "batch_usd": plain_usd(quote.batch_nano),
        "saved_usd": plain_usd(quote.saved_nano),
    }
    if weekly is not None:
        for lane, nano in (("realtime", quote.realtime_nano), ("batch", quote.batch_nano)):
            costs = project(nano, quote.items, weekly)
            value[f"{lane}_recurring_usd"] = {
                "week": plain_usd(costs.week_nano),
                "month": plain_usd(costs.month_nano),
                "year": plain_usd(costs.year_nano),
            }
    return value


def _print_table(quotes: Sequence[Quote], weekly: int | None) -> None:
    columns = ["model", "real time", "batch", "saved"]
    caption = ""
    if weekly is not None:
        columns += ["a week", "a month", "a year"]
        caption = (
            f"recurring: {counted(weekly, 'item')} a week in the batch lane; a year is 52 weeks"
        )
    table = Table(columns, frozenset(columns[1:]), caption=caption)
    for quote in quotes:
        row = [
            quote.model,
            format_usd(quote.realtime_nano),
            format_usd(quote.batch_nano),
            format_usd(quote.saved_nano),
        ]
        if weekly is not None:
            costs = project(quote.batch_nano, quote.items, weekly)
            row += [
                format_usd(costs.week_nano),
                format_usd(costs.month_nano),
                format_usd(costs.year_nano),
            ]
        table.add(*row)
    result_console().print_table(table)
