"""`notemill spending`: what runs have cost and saved."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from notemill.app.spending import money_spent
from notemill.app.views.spending import money
from twolane import format_usd
from twolane.front.console import Table, print_json, result_console

if TYPE_CHECKING:
    from notemill.app.spending import MoneySpent
    from twolane import Settings
    from twolane.front.console import Console


async def show_spending(settings: Settings, *, as_json: bool) -> int:
    """Show the money of all runs, by month; return the exit code. Raises LedgerError."""
    found = money_spent(settings, now_s=time.time())
    if as_json:
        print_json(money(found))
    else:
        _show(found, result_console())
    return 0


def _show(found: MoneySpent, console: Console) -> None:
    if not found.months:
        console.print("nothing spent yet")
        return
    table = Table(("month", "spent", "saved"), frozenset({"spent", "saved"}))
    for one in found.months:
        table.add(one.month, format_usd(one.cost_nano), format_usd(one.saved_nano))
    table.add("all", format_usd(found.cost_nano), format_usd(found.saved_nano))
    console.print_table(table)
    if found.budget_nano is not None and found.left_nano is not None:
        left, budget = format_usd(found.left_nano), format_usd(found.budget_nano)
        console.print(f"{left} of this month's budget of {budget} left")
    if (ahead := found.projection) is not None:
        console.print(
            f"like the last {ahead.days} days ({format_usd(ahead.cost_nano)}): "
            f"{format_usd(ahead.week_nano)} a week, {format_usd(ahead.month_nano)} a month, "
            f"{format_usd(ahead.year_nano)} a year"
        )
