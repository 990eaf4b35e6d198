"""The cost of a calendar month over all runs of the ledger, under the month's budget.

Months are in UTC, as on the providers' bills. An attempt counts in the month in which it was sent:
at its reserve while in flight, at its cost once it has ended. The sum is a row that every claim and
every ending updates in its own transaction, so that processes sharing a ledger cannot exceed a
budget together; forgetting runs does not change it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from twolane.core.budget import MONTH_SPENT
from twolane.core.money import format_usd
from twolane.core.states import ItemState
from twolane.core.types import Month
from twolane.errors import MonthSpentError
from twolane.ledger.columns import whole
from twolane.ledger.rows import item_id

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from twolane.ledger.rows import RunRow
    from twolane.ledger.store import Store


def month_of(now: float) -> str:
    """Return the month of a moment, in UTC: `2026-11`."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m")


def empty_month(cap_nano: int | None, now: float) -> Month | None:
    """Return the state of this month without a ledger, None without a budget."""
    return None if cap_nano is None else Month(month_of(now), cap_nano, 0)


def standing(store: Store, cap_nano: int | None, now: float) -> Month | None:
    """Return the state of this month under a budget, None without one."""
    if cap_nano is None:
        return None
    return Month(month_of(now), cap_nano, spent(store.db, now))


def spent(db: sqlite3.Connection, now: float) -> int:
    """Return what this month has cost so far, reserves included, in nano-dollars."""
    row = db.execute(
        "SELECT committed_nano FROM months WHERE month = ?", (month_of(now),)
    ).fetchone()
    return whole(row[0]) if row else 0


def take(db: sqlite3.Connection, reserve_nano: int, cap_nano: int | None, *, now: float) -> None:
    """Add the reserve of a claim, in the claim's transaction.

    Raises MonthSpentError if the budget leaves no room: another process was first.
    """
    if cap_nano is not None and reserve_nano and spent(db, now) + reserve_nano > cap_nano:
        message = f"the budget of {month_of(now)}, {format_usd(cap_nano)}, leaves no room"
        raise MonthSpentError(message)
    db.execute(
        "INSERT INTO months (month, committed_nano) VALUES (?, ?) ON CONFLICT (month)"
        " DO UPDATE SET committed_nano = committed_nano + excluded.committed_nano",
        (month_of(now), reserve_nano),
    )


def settle(db: sqlite3.Connection, attempts: Iterable[int]) -> None:
    """Replace the reserves of attempts that have just ended by their costs."""
    _change(db, attempts, "cost_nano - reserve_nano")


def add(db: sqlite3.Connection, attempts: Iterable[int]) -> None:
    """Add the cost of attempts that had been settled as never sent."""
    _change(db, attempts, "cost_nano")


def _change(db: sqlite3.Connection, attempts: Iterable[int], by: str) -> None:
    sums = db.execute(
        f"SELECT sum({by}), strftime('%Y-%m', sent_at, 'unixepoch') FROM attempts"
        " WHERE attempt_no IN (SELECT value FROM json_each(?)) GROUP BY 2",
        (json.dumps(list(attempts)),),
    ).fetchall()
    db.executemany("UPDATE months SET committed_nano = committed_nano + ? WHERE month = ?", sums)


def make_room(store: Store, run: RunRow, cap_nano: int | None, *, now: float) -> None:
    """Make a run's items skipped for a month's budget pending again, if there is room now."""
    if cap_nano is not None and spent(store.db, now) >= cap_nano:
        return
    with store.transaction() as db:
        db.execute(
            "UPDATE items SET state = ?, reason = '' WHERE id >= ? AND id < ? AND state = ?"
            " AND reason = ?",
            (
                ItemState.PENDING, item_id(run.run_no, 0), item_id(run.run_no + 1, 0),
                ItemState.SKIPPED, MONTH_SPENT,
            ),
        )  # fmt: skip


def keeps_back(store: Store, run: RunRow) -> bool:
    """Tell whether all skipped items of a run were skipped for a month's budget."""
    row = store.db.execute(
        "SELECT count(*), count(*) FILTER (WHERE reason = ?) FROM items"
        " WHERE id >= ? AND id < ? AND state = ?",
        (MONTH_SPENT, item_id(run.run_no, 0), item_id(run.run_no + 1, 0), ItemState.SKIPPED),
    ).fetchone()
    return bool(row[0]) and row[0] == row[1]
