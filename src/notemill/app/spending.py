"""Money: what runs have cost and saved, by run and month, and what that leads to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from notemill.app.aside import belongs_to
from notemill.app.kinds import ASIDES
from twolane import Reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from twolane import RunRow, Settings, Spending

WINDOW_DAYS: Final = 28
"""The days that a projection is made from: whole weeks, so that no weekday counts more."""
_WEEK_DAYS: Final = 7
_WEEKS_A_YEAR: Final = 52
_MONTHS_A_YEAR: Final = 12


@dataclass(frozen=True, slots=True)
class RunSpent:
    """What a run has cost, and saved against real time, in nano-dollars, with what it asked beside.

    `at_s` is when it began, in seconds since the epoch; `label` what it worked on.
    """

    run: str
    kind: str
    label: str
    at_s: float
    cost_nano: int
    saved_nano: int


@dataclass(frozen=True, slots=True)
class MonthSpent:
    """What a month (`2026-11`, in UTC) has cost and saved, in nano-dollars.

    `reserved_nano` is set aside for what is in flight, `forgotten_nano` was spent by runs that were
    forgotten since: it is part of the cost, and what it saved is not known any more.
    """

    month: str
    cost_nano: int
    saved_nano: int
    reserved_nano: int = 0
    forgotten_nano: int = 0


@dataclass(frozen=True, slots=True)
class Projection:
    """What a week, a month and a year will cost if it goes on like in the last `days`.

    These have cost `cost_nano`, in nano-dollars.
    """

    days: int
    cost_nano: int
    week_nano: int
    month_nano: int
    year_nano: int


@dataclass(frozen=True, slots=True)
class MoneySpent:
    """All money of a ledger: runs newest first, months oldest first, none left out between them.

    `budget_nano` is the budget of a month, None without one, and `left_nano` what is left of it.
    """

    runs: tuple[RunSpent, ...]
    months: tuple[MonthSpent, ...]
    projection: Projection | None
    budget_nano: int | None = None
    left_nano: int | None = None

    @property
    def cost_nano(self) -> int:
        """What all months have cost."""
        return sum(one.cost_nano for one in self.months)

    @property
    def saved_nano(self) -> int:
        """What batches have saved in all of them."""
        return sum(one.saved_nano for one in self.months)


def money_spent(settings: Settings, *, now_s: float) -> MoneySpent:
    """Return what the runs of the ledger have cost and saved. Raises LedgerError."""
    with Reader.open(settings, now=lambda: now_s) as reader:
        rows, found = reader.runs(), reader.spending()
    today = datetime.fromtimestamp(now_s, UTC).date()
    return MoneySpent(
        _by_run(rows, found),
        _by_month(found),
        _projected(found, today),
        None if found.budget is None else found.budget.cap_nano,
        None if found.budget is None else found.budget.left_nano,
    )


def _by_run(rows: Sequence[RunRow], found: Spending) -> tuple[RunSpent, ...]:
    """Return the runs, newest first; what was asked beside or before one counts as its own."""
    asides = [row for row in rows if row.kind in ASIDES]
    parents = {
        aside.id: row.id
        for row in rows
        if row.kind not in ASIDES
        for aside in asides
        if belongs_to(aside, row)
    }
    cost: dict[str, int] = defaultdict(int)
    saved: dict[str, int] = defaultdict(int)
    for one in found.days:
        whole = parents.get(one.run, one.run)
        cost[whole] += one.cost_nano
        saved[whole] += one.saved_nano
    return tuple(
        RunSpent(row.id, row.kind, row.label, row.created_at, cost[row.id], saved[row.id])
        for row in rows
        if row.id not in parents
    )


def _by_month(found: Spending) -> tuple[MonthSpent, ...]:
    names = sorted({*found.months, *(one.day[:7] for one in found.days)})
    if not names:
        return ()
    return tuple(_month(name, found) for name in _without_gaps(names[0], names[-1]))


def _month(name: str, found: Spending) -> MonthSpent:
    days = [one for one in found.days if one.day.startswith(name)]
    cost = sum(one.cost_nano for one in days)
    reserved = sum(one.reserved_nano for one in days)
    forgotten = max(0, found.months.get(name, 0) - cost - reserved)
    return MonthSpent(
        name, cost + forgotten, sum(one.saved_nano for one in days), reserved, forgotten
    )


def _without_gaps(first: str, last: str) -> Iterable[str]:
    """Yield all months from the first to the last."""
    year, month = map(int, first.split("-"))
    while (name := f"{year:04d}-{month:02d}") <= last:
        yield name
        year, month = (year, month + 1) if month < _MONTHS_A_YEAR else (year + 1, 1)


def _projected(found: Spending, today: date) -> Projection | None:
    """Return where the last weeks lead, None if nothing was ever spent.

    A ledger that is younger counts from its first day, but at least a week: a first day on which
    all notes are asked about says nothing about every day.
    """
    by_day = _cost_by_day(found)
    spent = sorted(day for day, nano in by_day.items() if nano)
    if not spent:
        return None
    age = (today - spent[0]).days + 1
    days = min(WINDOW_DAYS, max(_WEEK_DAYS, age))
    since = today - timedelta(days=days - 1)
    cost = sum(nano for day, nano in by_day.items() if day >= since)
    return Projection(
        days,
        cost,
        _divided(cost * _WEEK_DAYS, days),
        _divided(cost * _WEEK_DAYS * _WEEKS_A_YEAR, days * _MONTHS_A_YEAR),
        _divided(cost * _WEEK_DAYS * _WEEKS_A_YEAR, days),
    )


def _cost_by_day(found: Spending) -> Mapping[date, int]:
    by_day: dict[date, int] = defaultdict(int)
    for one in found.days:
        by_day[date.fromisoformat(one.day)] += one.cost_nano
    return by_day


def _divided(amount: int, by: int) -> int:
    """Divide and round half up."""
    return (2 * amount + by) // (2 * by)
