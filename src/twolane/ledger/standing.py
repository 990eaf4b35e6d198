"""A run's standing with its provider: its address, batch sizes, and what the run waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twolane.ledger.rows import item_id

if TYPE_CHECKING:
    from twolane.core.types import Wait
    from twolane.ledger.ledger import Ledger
    from twolane.ledger.rows import RunRow


def set_place(ledger: Ledger, run: RunRow, base_url: str) -> RunRow:
    """Record where a run is worked on; a run worked on in several places has no single one."""
    if run.base_url in ("", base_url):
        return run
    with ledger.store.transaction() as db:
        db.execute("UPDATE runs SET base_url = '' WHERE run_no = ?", (run.run_no,))
    return ledger.run(run.id)


def set_batch_size(ledger: Ledger, run: RunRow, items: int) -> RunRow:
    """Set the most items in a batch of the run from now on."""
    with ledger.store.transaction() as db:
        db.execute("UPDATE runs SET batch_size = ? WHERE run_no = ?", (items, run.run_no))
    return ledger.run(run.id)


def set_batch_bytes(ledger: Ledger, run: RunRow, size_bytes: int) -> RunRow:
    """Set the largest create of the run from now on; a single item may be larger."""
    with ledger.store.transaction() as db:
        db.execute("UPDATE runs SET batch_bytes = ? WHERE run_no = ?", (size_bytes, run.run_no))
    return ledger.run(run.id)


def was_answered(ledger: Ledger, run: RunRow) -> bool:
    """Tell whether the provider has ever answered the run, in any way."""
    found = ledger.store.db.execute(
        "SELECT EXISTS (SELECT 1 FROM batches WHERE run_no = ? AND provider_id IS NOT NULL)"
        " OR EXISTS (SELECT 1 FROM attempts WHERE item >= ? AND item < ?"
        " AND outcome NOT IN ('unsent', 'uncertain'))",
        (run.run_no, item_id(run.run_no, 0), item_id(run.run_no + 1, 0)),
    ).fetchone()
    return bool(found[0])


def has_batch(ledger: Ledger, provider_id: str) -> bool:
    """Tell whether a batch of any run has this id at the provider."""
    found = ledger.store.db.execute(
        "SELECT 1 FROM batches WHERE provider_id = ?", (provider_id,)
    ).fetchone()
    return found is not None


def note_wait(ledger: Ledger, run: RunRow, wait: Wait | None) -> None:
    """Record what the process that works on the run waits for; None means nothing."""
    why, until = (wait.why, wait.until) if wait else ("", None)
    with ledger.store.transaction() as db:
        db.execute(
            "UPDATE runs SET waits_for = ?, waits_until = ? WHERE run_no = ?",
            (why, until, run.run_no),
        )
