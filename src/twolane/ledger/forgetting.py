"""Deleting runs, and the bodies of old ones, so that they are gone from the disk as well."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from twolane.core.expiry import DAY_S
from twolane.core.states import RunState
from twolane.core.wording import counted
from twolane.errors import LedgerError
from twolane.ledger.rows import RunRow, item_id
from twolane.ledger.runlock import LOCKS_FOLDER, SPOOL_FOLDER, run_lock, workshop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twolane.ledger.ledger import Ledger
    from twolane.ledger.store import Store

# Bodies are let go at the start of a run, which must not wait for a file to be written anew each
# time: only for one of which so much is free.
WORTH_VACUUM = 0.25
_OF_RUN = "BETWEEN :low AND :high"
_BODIES = (
    (
        "DELETE FROM replies WHERE attempt_no IN"
        f" (SELECT attempt_no FROM attempts WHERE item {_OF_RUN})"
    ),
    f"DELETE FROM requests WHERE item {_OF_RUN}",
)
_ROWS = (
    f"DELETE FROM attempts WHERE item {_OF_RUN}",
    f"DELETE FROM items WHERE id {_OF_RUN}",
    "DELETE FROM batches WHERE run_no = :run_no",
    "DELETE FROM controls WHERE run_no = :run_no",
    "DELETE FROM runs WHERE run_no = :run_no",
)
# A reply that was not in the form asked for is quoted where that is said.
_QUOTES = (
    (
        f"UPDATE items SET reason = 'its reply was not in the form asked for' WHERE id {_OF_RUN}"
        " AND reason <> '' AND EXISTS (SELECT 1 FROM attempts a WHERE a.item = items.id"
        " AND a.error_kind IN ('invalid_reply', 'unreadable_reply'))"
    ),
    (
        f"UPDATE attempts SET message = '' WHERE item {_OF_RUN}"
        " AND error_kind IN ('invalid_reply', 'unreadable_reply')"
    ),
)


def check_forgettable(ledger: Ledger, run: RunRow) -> None:
    """Check that nothing of a run is in progress. Raises LedgerError saying what to do."""
    if run.handed_over is not None:
        return  # what is left of it here is a copy
    if run.state is RunState.OPEN:
        message = (
            f"run {run.id} is not finished; finish it (`resume {run.id}`), or cancel it (`cancel "
            f"{run.id}`, then `resume {run.id}` carries that out), and forget it then"
        )
        raise LedgerError(message)
    if count := len(ledger.batches(run, open_only=True)):
        message = (
            f"run {run.id} has {counted(count, 'batch')} at the provider not collected yet; fetch "
            f"what is there with `resume {run.id}`, then forget it"
        )
        raise LedgerError(message)


def forget(ledger: Ledger, run_ids: Sequence[str]) -> None:
    """Delete all data of runs from the ledger and its folder, and free the space.

    No trace remains in the file or its log. Raises LedgerError, before anything is deleted, if a
    run is not closed; LedgerLockedError if a process works on one.
    """
    locks = ledger.path.parent / LOCKS_FOLDER
    with contextlib.ExitStack() as held:
        for run_id in dict.fromkeys(run_ids):
            held.enter_context(run_lock(locks, run_id))
        # No copy is being made of them meanwhile, and what an export left that died is removed.
        held.enter_context(workshop(ledger.path.parent))
        runs = [ledger.run(run_id) for run_id in dict.fromkeys(run_ids)]
        for run in runs:
            check_forgettable(ledger, run)
        _execute(ledger.store, runs, _BODIES + _ROWS)
        for run in runs:
            for left_over in (ledger.path.parent / SPOOL_FOLDER).glob(f"{run.id}-*"):
                left_over.unlink(missing_ok=True)
    for run in runs:
        (locks / f"{run.id}.lock").unlink(missing_ok=True)
    if not _free(ledger.store, always=True):
        message = (
            "forgotten, but a process that reads the ledger keeps its log, in which they still "
            "are; they are gone from there when that process has ended"
        )
        raise LedgerError(message)


def let_go(ledger: Ledger, *, keep_days: float, now: float) -> list[str]:
    """Delete requests and replies of runs that closed over `keep_days` ago; return their ids.

    Their rows stay: what they were, every item's outcome, and what they cost.
    """
    runs = [
        run
        for run in ledger.runs()
        if run.state in (RunState.DONE, RunState.CANCELED)
        and run.dropped_at is None
        and run.ended_at is not None
        and run.ended_at < now - keep_days * DAY_S
    ]
    if not runs:
        return []
    mark = "UPDATE runs SET dropped_at = :now, shared = x'7b7d' WHERE run_no = :run_no"
    _execute(ledger.store, runs, (*_BODIES, *_QUOTES, mark), now=now)
    # A run does not wait for others to be done with the ledger: the next one tidies up as well.
    with contextlib.suppress(LedgerError):
        _free(ledger.store, always=False)
    return [run.id for run in runs]


def _execute(
    store: Store, runs: Sequence[RunRow], statements: Sequence[str], **values: float
) -> None:
    """Run statements for each run in one transaction, with what they delete overwritten."""
    store.db.execute("PRAGMA secure_delete = ON")
    try:
        with store.transaction() as db:
            for run in runs:
                bounds = {
                    "low": item_id(run.run_no, 0),
                    "high": item_id(run.run_no + 1, 0) - 1,
                    "run_no": run.run_no,
                    **values,
                }
                for statement in statements:
                    named = {k: v for k, v in bounds.items() if f":{k}" in statement}
                    db.execute(statement, named)
    finally:
        store.db.execute("PRAGMA secure_delete = OFF")


def _free(store: Store, *, always: bool) -> bool:
    """Empty the log, which still has what was deleted, and give free space back.

    Returns False where another process reads the log, so that it cannot be emptied yet.
    """
    store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    free = int(store.db.execute("PRAGMA freelist_count").fetchone()[0])
    pages = int(store.db.execute("PRAGMA page_count").fetchone()[0])
    if always or free > pages * WORTH_VACUUM:
        # Without room for a second file, or while others write, the space is used again later;
        # what was in it is overwritten already.
        with contextlib.suppress(LedgerError):
            store.db.execute("VACUUM")
    return not store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
