"""What runs have cost and saved, day by day, over the whole ledger.

An attempt counts on the day, in UTC, on which it was sent, as in `months`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twolane.ledger.columns import readable, whole
from twolane.ledger.rows import ITEM_BITS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twolane.core.types import Month
    from twolane.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class DaySpent:
    """What a run has cost on a day (`2026-11-28`), in nano-dollars.

    `saved_nano` is what real time would have cost beyond that; `reserved_nano` is set aside for
    what is in flight.
    """

    run: str
    day: str
    cost_nano: int
    saved_nano: int
    reserved_nano: int


@dataclass(frozen=True, slots=True)
class Spending:
    """All days of all runs, oldest first; and all that was spent or set aside in each month.

    The latter includes what runs cost that were forgotten since. `budget` is the state of this
    month's budget, None without one.
    """

    days: tuple[DaySpent, ...]
    months: Mapping[str, int]
    budget: Month | None = None


@readable
def spending(ledger: Ledger, budget: Month | None) -> Spending:
    """Return what was spent and saved: one pass over all attempts."""
    rows = ledger.store.db.execute(
        "SELECT r.id, date(a.day * 86400, 'unixepoch'), a.cost, a.realtime, a.reserved"
        f" FROM (SELECT item >> {ITEM_BITS} AS run_no,"
        " CAST(sent_at / 86400 AS INTEGER) AS day, sum(cost_nano) AS cost,"
        " sum(iif(outcome IS NULL, 0, realtime_nano)) AS realtime,"
        " sum(iif(outcome IS NULL, reserve_nano, 0)) AS reserved FROM attempts GROUP BY 1, 2) a"
        " JOIN runs r ON r.run_no = a.run_no ORDER BY a.day, a.run_no"
    )
    days = tuple(
        DaySpent(str(run), str(day), whole(cost), whole(realtime) - whole(cost), whole(reserved))
        for run, day, cost, realtime, reserved in rows
    )
    sums = ledger.store.db.execute("SELECT month, committed_nano FROM months ORDER BY month")
    return Spending(days, {str(month): whole(nano) for month, nano in sums}, budget)
