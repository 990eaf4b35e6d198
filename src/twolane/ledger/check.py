"""The check of every invariant that a ledger's rows can show.

It only reads, from one snapshot: a ledger may be checked while a run works on it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from twolane.core.naming import is_run_id
from twolane.core.outside import identifier
from twolane.databases import schema_problem
from twolane.errors import LedgerDamagedError, LedgerError
from twolane.ledger import reports
from twolane.ledger.invariants import INVARIANTS, MONEY, PAYS, RESTORE
from twolane.ledger.rows import grow, item_id
from twolane.ledger.store import schema

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

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
    """Return every broken invariant; none for a sound ledger.

    Raises LedgerError if the file cannot be read at all.
    """
    with ledger.store.snapshot():
        return list(_findings(ledger))


def _findings(ledger: Ledger) -> Iterator[Finding]:
    db = ledger.store.db
    if damaged := _damage(db):
        yield damaged
        return
    for invariant, query, advice in INVARIANTS:
        try:
            rows = [str(row[0]) for row in db.execute(query)]
        except LedgerDamagedError:  # numbers whose sum is beyond any
            rows = ["what cannot be added up"]
        yield from _finding(invariant, rows, advice)
    yield from _finding(
        "an id is one that a run, or a batch of a provider, can have", _odd_ids(db), RESTORE
    )
    unreadable = False
    for invariant, what, query in _OBJECTS:
        bad = [f"{what} {number}" for number, blob in db.execute(query) if not _is_object(blob)]
        unreadable |= bool(bad)
        yield from _finding(invariant, bad, RESTORE)
    if not unreadable:
        yield from _finding(
            "a request that is still to be sent asks the run's model for what is set aside for it",
            _asks_for_more(db),
            PAYS,
        )
        # Else nothing adds up, and each may take long to unpack.
        yield from _finding("a run's report adds up to its rows", _wrong_sums(ledger), MONEY)


def _finding(invariant: str, rows: Iterable[str], advice: str) -> Iterator[Finding]:
    """Yield a finding where there are rows that break an invariant."""
    if found := list(rows):
        yield Finding(invariant, len(found), tuple(found[:SHOWN_ROWS]), advice)


def _damage(db: sqlite3.Connection) -> Finding | None:
    """Return why no row can be looked at, None if all can."""
    if why := schema_problem(db, schema()):
        return Finding("the file has the tables of a ledger, and no others", 1, (why,), RESTORE)
    try:
        damage = [str(row[0]) for row in db.execute("PRAGMA integrity_check(10)")]
    except LedgerDamagedError:
        damage = ["SQLite cannot read it to its end"]
    if damage == ["ok"]:
        return None
    return Finding("the file is whole", len(damage), tuple(damage[:SHOWN_ROWS]), RESTORE)


def _odd_ids(db: sqlite3.Connection) -> Iterator[str]:
    """Yield what has an id that could lead elsewhere, in a file's name or a URL."""
    for run_no, run_id in db.execute("SELECT run_no, id FROM runs"):
        if not is_run_id(str(run_id)):
            yield f"run {run_no}"
    for batch_no, *ids in db.execute("SELECT batch_no, provider_id, newest_id FROM batches"):
        if any(one is not None and identifier(one) is None for one in ids):
            yield f"batch {batch_no}"


def _is_object(blob: bytes | str) -> bool:
    try:
        value = orjson.loads(blob if isinstance(blob, str) else grow(blob))
    except (ValueError, LedgerError):
        return False
    return isinstance(value, dict)


def _asks_for_more(db: sqlite3.Connection) -> Iterator[str]:
    """Yield the items of runs with work left whose requests are not what was planned and priced."""
    runs = db.execute(
        "SELECT run_no, model, shared FROM runs WHERE state IN ('open', 'stopped')"
        " AND dropped_at IS NULL"
    ).fetchall()
    for run_no, model, shared in runs:
        beside = _once(shared)
        rows = db.execute(
            "SELECT id, max_tokens, params FROM items JOIN requests ON item = id"
            " WHERE id BETWEEN ? AND ?",
            (item_id(run_no, 0), item_id(run_no + 1, 0) - 1),
        )
        for item, max_tokens, params in rows:
            own = _once(params)
            if beside is None or own is None or beside.keys() & own.keys():
                yield f"item {item}"
                continue
            asked = {"model": model, "max_tokens": max_tokens, **beside, **own}
            if (asked["model"], asked["max_tokens"]) != (model, max_tokens):
                yield f"item {item}"


def _once(blob: bytes | str) -> dict[str, Any] | None:
    """Return a JSON object, None if one of its names stands twice: which one would count?"""

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(found)
        if len(value) != len(found):
            raise ValueError(found)
        return value

    try:
        value = json.loads(blob if isinstance(blob, str) else grow(blob), object_pairs_hook=pairs)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


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
