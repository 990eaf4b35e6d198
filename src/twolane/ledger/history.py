"""The ledger's measurements, as deadlines need them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from twolane.core.deadline import Owed, Tempo, Usual, learned, usual
from twolane.core.tokens import usual_input_tokens
from twolane.core.types import MinuteLimits
from twolane.ledger.rows import ITEM_BITS, item_id

if TYPE_CHECKING:
    from twolane.ledger.ledger import Ledger
    from twolane.ledger.rows import RunRow

SAMPLES = 500
# Looking for calls ends here: a ledger of batches alone has none, however long it is.
RECENT_ATTEMPTS = 20_000


class Workspace(NamedTuple):
    """The workspace that a provider's limits apply to."""

    base_url: str
    key_fingerprint: str


class Service(NamedTuple):
    """The service a tempo belongs to: a simulator's or proxy's says nothing about the provider's."""

    provider: str
    base_url: str
    model: str


def tempo(ledger: Ledger, service: Service, *, size: int) -> Tempo:
    """Return how long batches of about `size` items, cancellations and calls took recently."""
    batches = _batches(ledger, service)
    calls = ledger.store.db.execute(
        "SELECT a.settled_at - a.sent_at FROM attempts a"
        f" JOIN runs r ON r.run_no = a.item >> {ITEM_BITS}"
        " WHERE a.attempt_no > (SELECT coalesce(max(attempt_no), 0) FROM attempts) - ?"
        " AND a.batch_no IS NULL AND a.outcome = 'succeeded' AND r.provider = ? AND r.base_url = ?"
        " AND r.model = ? ORDER BY a.attempt_no DESC LIMIT ?",
        (RECENT_ATTEMPTS, *service, SAMPLES),
    ).fetchall()
    return learned(
        [(int(n), float(queue_s)) for n, queue_s, cancel_s in batches if cancel_s is None],
        [float(call_s) for (call_s,) in calls],
        [float(cancel_s) for _, _, cancel_s in batches if cancel_s is not None],
        size=size,
    )


def usual_queue(ledger: Ledger, service: Service, *, size: int) -> Usual:
    """Return how long batches of about `size` items took recently, those left to their end."""
    ended = _batches(ledger, service)
    return usual([(int(n), float(s)) for n, s, early_s in ended if early_s is None], size=size)


def _batches(ledger: Ledger, service: Service) -> list[tuple[int, float, float | None]]:
    """Return size, seconds to the end, and those since a cancellation, of the newest batches."""
    return ledger.store.db.execute(
        "SELECT b.size, b.ended_at - b.submitted_at, b.ended_at - b.cancel_at FROM batches b"
        " JOIN runs r ON r.run_no = b.run_no WHERE r.provider = ? AND b.base_url = ?"
        " AND r.model = ? AND b.ended_at IS NOT NULL AND b.submitted_at IS NOT NULL"
        " ORDER BY b.batch_no DESC LIMIT ?",
        (*service, SAMPLES),
    ).fetchall()


def owed(ledger: Ledger, run: RunRow) -> Owed:
    """Return what is still to be answered of a run."""
    row = ledger.store.db.execute(
        "SELECT count(*), coalesce(sum(size_bytes), 0) FROM items WHERE id >= ? AND id < ?"
        " AND state IN ('pending', 'running', 'submitted')",
        (item_id(run.run_no, 0), item_id(run.run_no + 1, 0)),
    ).fetchone()
    return Owed(int(row[0]), usual_input_tokens(int(row[1])))


def minute_limits(ledger: Ledger, workspace: Workspace, model: str) -> MinuteLimits:
    """Return a workspace's last known limits per minute."""
    row = ledger.store.db.execute(
        "SELECT requests_per_min, input_tokens_per_min FROM limits"
        " WHERE base_url = ? AND key_fingerprint = ? AND model = ?",
        (*workspace, model),
    ).fetchone()
    return MinuteLimits(*row) if row is not None else MinuteLimits()


def keep_limits(
    ledger: Ledger, workspace: Workspace, model: str, limits: MinuteLimits, *, now: float
) -> None:
    """Store the limits per minute for the next deadline, if they have changed."""
    if limits in (MinuteLimits(), minute_limits(ledger, workspace, model)):
        return
    with ledger.store.transaction() as db:
        db.execute(
            "INSERT OR REPLACE INTO limits VALUES (?, ?, ?, ?, ?, ?)",
            (*workspace, model, *limits, now),
        )


def hurry(ledger: Ledger, run: RunRow) -> None:
    """Move all of a run's items that are pending for a batch to real time."""
    with ledger.store.transaction() as db:
        db.execute(
            "UPDATE items SET lane = 'realtime' WHERE id >= ? AND id < ? AND state = 'pending'",
            (item_id(run.run_no, 0), item_id(run.run_no + 1, 0)),
        )
