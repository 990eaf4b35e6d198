"""Retrying failed items, except those that would fail the same way again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twolane.core.retry import retryable
from twolane.core.states import ItemState
from twolane.ledger.rows import item_id
from twolane.ledger.statements import move_items

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twolane.ledger.ledger import Ledger
    from twolane.ledger.rows import RunRow

_OF_RUN = "id >= :low AND id < :high AND state = 'failed'"


def retry_failed(ledger: Ledger, run: RunRow, *, everything: bool) -> int:
    """Make failed items pending again with all their tries; count them.

    Items that would fail the same way again (an invalid request, a refusal) stay failed, unless
    `everything`.
    """
    with ledger.store.transaction() as db:
        if everything:
            return move_items(
                db, run.run_no, ItemState.PENDING, only=ItemState.FAILED, reason="", tries=0
            )
        return sum(
            db.execute(
                "UPDATE items SET state = 'pending', reason = '', fault = '', tries = 0"
                f" WHERE {_OF_RUN} AND fault = :fault",
                {**_bounds(run), "fault": fault},
            ).rowcount
            for fault in _faults(ledger, run)
            if retryable(fault.split())
        )


def always_failing(ledger: Ledger, run: RunRow) -> Mapping[str, int]:
    """Count the failed items that a retry leaves, by the kind of their failure."""
    found: dict[str, int] = {}
    for fault in _faults(ledger, run):
        if retryable(fault.split()):
            continue
        rows = ledger.store.db.execute(
            "SELECT coalesce((SELECT a.error_kind FROM attempts a WHERE a.item = items.id"
            " ORDER BY a.attempt_no DESC LIMIT 1), ''), count(*) FROM items"
            f" WHERE {_OF_RUN} AND fault = :fault GROUP BY 1",
            {**_bounds(run), "fault": fault},
        )
        for kind, count in rows:
            found[str(kind)] = found.get(str(kind), 0) + int(count)
    return dict(sorted(found.items()))


def _faults(ledger: Ledger, run: RunRow) -> list[str]:
    """Return the classes of faults that failed items of a run have had, as they are kept."""
    rows = ledger.store.db.execute(
        f"SELECT DISTINCT fault FROM items WHERE {_OF_RUN}", _bounds(run)
    ).fetchall()
    return [str(row[0]) for row in rows]


def _bounds(run: RunRow) -> dict[str, int | str]:
    return {"low": item_id(run.run_no, 0), "high": item_id(run.run_no + 1, 0)}
