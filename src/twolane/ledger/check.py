"""Every invariant of a ledger that its rows can show, looked at for the ones that do not hold.

Reading only, as of one moment: a ledger may be checked while a run works on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from twolane.errors import LedgerDamagedError, LedgerError
from twolane.ledger import reports
from twolane.ledger.invariants import INVARIANTS, MONEY, RESTORE
from twolane.ledger.rows import grow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twolane.ledger.ledger import Ledger

SHOWN_ROWS = 5
# The blobs, and what the first of two columns is called in a finding.
_OBJECTS = (
    ("a run's settings and the part its requests share are JSON objects", "run", (
        "SELECT id, settings FROM runs UNION ALL SELECT id, shared FROM runs"
    )),
    ("a request is a JSON object", "item", "SELECT item, params FROM requests"),
    ("a reply is a JSON object", "attempt", "SELECT attempt_no, body FROM replies"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """An invariant that does not hold; `rows` names the first few rows that break it."""

    invariant: str
    count: int
    rows: tuple[str, ...]
    advice: str


def check(ledger: Ledger) -> list[Finding]:
    """Return every invariant that does not hold; none for a ledger that is sound.

    Raises LedgerError where the file cannot be read at all.
    """
    with ledger.store.snapshot():
        return list(_findings(ledger))


def _findings(ledger: Ledger) -> Iterator[Finding]:
    db = ledger.store.db
    try:
        damage = [str(row[0]) for row in db.execute("PRAGMA integrity_check(10)")]
    except LedgerDamagedError:
        damage = ["SQLite cannot read it to its end"]
    if damage != ["ok"]:
        yield Finding("the file is whole", len(damage), tuple(damage[:SHOWN_ROWS]), RESTORE)
        return
    for invariant, query, advice in INVARIANTS:
        rows = [str(row[0]) for row in db.execute(query)]
        if rows:
            yield Finding(invariant, len(rows), tuple(rows[:SHOWN_ROWS]), advice)
    for invariant, what, query in _OBJECTS:
        bad = [f"{what} {number}" for number, blob in db.execute(query) if not _is_object(blob)]
        if bad:
            yield Finding(invariant, len(bad), tuple(bad[:SHOWN_ROWS]), RESTORE)
    if bad := list(_wrong_sums(ledger)):
        yield Finding(
            "a run's report adds up to its rows", len(bad), tuple(bad[:SHOWN_ROWS]), MONEY
        )


def _is_object(blob: bytes | str) -> bool:
    try:
        value = orjson.loads(blob if isinstance(blob, str) else grow(blob))
    except (ValueError, LedgerError):
        return False
    return isinstance(value, dict)


def _wrong_sums(ledger: Ledger) -> Iterator[str]:
    """Yield the runs whose report cannot be made, or does not add up to their rows."""
    for (run_id,) in ledger.store.db.execute("SELECT id FROM runs").fetchall():
        try:
            run = ledger.run(run_id)
            counts = reports.counts(ledger, run)
            lanes = reports.lanes(ledger, run)
            spent, _ = ledger.money(run)
        except LedgerError:
            yield str(run_id)
            continue
        ended = (
            counts.succeeded + counts.failed + counts.canceled + counts.skipped
            + counts.conflict + counts.quarantined
        )  # fmt: skip
        costs = sum(lane.cost_nano for lane in lanes.values())
        if (counts.open + ended, costs) != (run.total, spent):
            yield str(run_id)
