"""Orphans: batches that turned up after they had been given up as never created, and their cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from twolane.core.outside import clamped
from twolane.core.states import BATCH_STEPS, BatchState, sources
from twolane.errors import LedgerError
from twolane.ledger import months
from twolane.ledger.columns import BATCH_COLUMNS, batch_of, readable, whole
from twolane.ledger.rows import restored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twolane.core.types import BatchInfo, Usage
    from twolane.ledger.ledger import Ledger
    from twolane.ledger.rows import BatchRow, RunRow

NEVER_ARRIVED = "the create never arrived"
ORPHAN = "orphan"


class OrphanCost(NamedTuple):
    """What the provider charged for one request of an orphan."""

    attempt_no: int
    cost_nano: int
    usage: Usage
    unpriced: tuple[str, ...] = ()


class Sent(NamedTuple):
    """One request of a batch: what identifies its results, and its worst case."""

    attempt_no: int
    name: str
    max_tokens: int
    reserve_nano: int


@readable
def given_up(
    ledger: Ledger, run: RunRow, *, base_url: str, key_fingerprint: str, since: float
) -> list[BatchRow]:
    """Return the batches of this workspace and the run's model that have not turned up so far."""
    columns = ", ".join(f"b.{name}" for name in BATCH_COLUMNS.split(", "))
    rows = ledger.store.db.execute(
        f"SELECT {columns} FROM batches b JOIN runs r USING (run_no) WHERE b.state = 'refused'"
        " AND b.reason = ? AND b.base_url = ? AND b.key_fingerprint = ? AND b.intended_at > ?"
        " AND r.provider = ? AND r.model = ?",
        (NEVER_ARRIVED, base_url, key_fingerprint, since, run.provider, run.model),
    )
    return [batch_of(row) for row in rows]


@readable
def requests_of(ledger: Ledger, batch: BatchRow) -> dict[int, Sent]:
    """Return every request of a batch by its index in its run."""
    rows = ledger.store.db.execute(
        "SELECT i.id & 0xFFFFFFFF, a.attempt_no, i.name, i.max_tokens, a.reserve_nano"
        " FROM attempts a"
        " JOIN items i ON i.id = a.item WHERE a.batch_no = ?",
        (batch.batch_no,),
    )
    return {
        int(index): Sent(int(attempt_no), restored(name), int(max_tokens), whole(reserve))
        for index, attempt_no, name, max_tokens, reserve in rows
    }


def run_of(ledger: Ledger, batch: BatchRow) -> RunRow:
    """Return the run that a batch belongs to."""
    (run_id,) = ledger.store.db.execute(
        "SELECT id FROM runs WHERE run_no = ?", (batch.run_no,)
    ).fetchone()
    return ledger.run(run_id)


def book(
    ledger: Ledger, batch: BatchRow, found: BatchInfo, costs: Sequence[OrphanCost], *, now: float
) -> None:
    """Book an orphan's cost and close it, in one transaction; its items stay unchanged."""
    allowed = ", ".join(f"'{state}'" for state in sources(BATCH_STEPS, BatchState.ORPHAN))
    submitted_at = clamped(found.created_at, batch.intended_at, now)
    ended_at = clamped(found.ended_at or now, submitted_at, now)
    with ledger.store.transaction() as db:
        db.executemany(
            "UPDATE attempts SET outcome = ?, settled_at = ?,"
            " cost_nano = ?, input_tokens = ?, output_tokens = ?,"
            " cache_write_5m_tokens = ?, cache_write_1h_tokens = ?, cache_read_tokens = ?,"
            " web_searches = ?, unpriced = ?, message = 'it arrived after it had been given up'"
            " WHERE attempt_no = ? AND outcome = 'unsent'",
            [
                (
                    ORPHAN, now, one.cost_nano, *one.usage, ", ".join(one.unpriced),
                    one.attempt_no,
                )
                for one in costs
            ],
        )  # fmt: skip
        months.add(db, [one.attempt_no for one in costs])
        changed = db.execute(
            "UPDATE batches SET state = 'orphan', provider_id = ?, submitted_at = ?, ended_at = ?,"
            " reason = 'it arrived after it had been given up; what it cost is booked'"
            f" WHERE batch_no = ? AND state IN ({allowed})",
            (found.id, submitted_at, ended_at, batch.batch_no),
        ).rowcount
        if changed != 1:
            message = f"batch {batch.nonce} was booked by another process"
            raise LedgerError(message)
