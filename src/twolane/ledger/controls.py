"""Requests of other processes to the one that works on a run, stored as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twolane.ledger.guards import check_here

if TYPE_CHECKING:
    from twolane.ledger.ledger import Ledger
    from twolane.ledger.rows import RunRow

CANCEL = "cancel"


def cancel(ledger: Ledger, run: RunRow, key: str | None, *, now: float) -> bool:
    """Ask for a run, or its item with this key, to be canceled; False if there is no such item.

    Raises HandedOverError.
    """
    check_here(ledger.run(run.id))
    item = None
    if key is not None:
        found = ledger.item_by_key(run, key)
        if found is None:
            return False
        item = found.id
    ask(ledger, run, CANCEL, item=item, now=now)
    return True


def ask(ledger: Ledger, run: RunRow, action: str, *, item: int | None, now: float) -> None:
    """Leave a request for the process that works on the run, from any process."""
    with ledger.store.transaction() as db:
        db.execute(
            "INSERT INTO controls (run_no, item, action, asked_at) VALUES (?,?,?,?)",
            (run.run_no, item, action, now),
        )


def wishes(ledger: Ledger, run: RunRow) -> list[tuple[int, str, int | None]]:
    """Return the open requests for a run: (control_no, action, item or None for the run)."""
    rows = ledger.store.db.execute(
        "SELECT control_no, action, item FROM controls WHERE run_no = ? AND done_at IS NULL"
        " ORDER BY control_no",
        (run.run_no,),
    )
    return [(int(row[0]), str(row[1]), row[2]) for row in rows]


def was_granted(ledger: Ledger, run: RunRow, action: str) -> bool:
    """Tell whether a request for the whole run was already carried out."""
    row = ledger.store.db.execute(
        "SELECT count(*) FROM controls WHERE run_no = ? AND action = ? AND item IS NULL"
        " AND done_at IS NOT NULL",
        (run.run_no, action),
    ).fetchone()
    return bool(row[0])


def grant(ledger: Ledger, control_no: int, *, now: float) -> None:
    """Mark a request as carried out."""
    with ledger.store.transaction() as db:
        db.execute("UPDATE controls SET done_at = ? WHERE control_no = ?", (now, control_no))
