"""Statements that several steps of the ledger share, inside their transaction."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

from twolane.core.states import (
    BATCH_STEPS,
    IN_FLIGHT_ITEMS,
    ITEM_STEPS,
    BatchState,
    ItemState,
    RunState,
    sources,
)
from twolane.core.types import Lane
from twolane.core.wording import counted, printable
from twolane.errors import LedgerError
from twolane.ledger import months
from twolane.ledger.rows import NewItem, item_id, shrink, storable

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from twolane.ledger.rows import BatchRow, NewRun, Settlement

_IN_FLIGHT = ", ".join(f"'{state.value}'" for state in sorted(IN_FLIGHT_ITEMS))
_STILL_OUT = "SELECT 1 FROM attempts o WHERE o.item = items.id AND o.outcome IS NULL"

# One statement for many rows takes half the time of one for each. Its values stay below 999, which
# older builds of SQLite allow; and they are bound as what they are in SQLite, because sqlite3
# takes longer to have one bool or enum adapted than for all the rest of a row.
ITEM_ROWS = 90
ATTEMPT_ROWS = 140
_ITEM_COLUMNS = (
    "id, key, name, content_hash, echo, need, stage, lane, size_bytes, max_tokens, state"
)


def insert_run(db: sqlite3.Connection, run: NewRun, now: float) -> int:
    """Insert an open run without its items; return its number."""
    cursor = db.execute(
        "INSERT INTO runs (id, kind, label, state, created_at, source, input_hash,"
        " settings, provider, base_url, model, lane_forced, decision_lane, decision_reason,"
        " batch_size, total, estimated_nano, cap_nano, shared, deadline_at)"
        " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            run.id, run.kind, storable(run.label), RunState.OPEN, now, storable(run.source),
            run.input_hash, json.dumps(run.settings, sort_keys=True), run.provider, run.base_url,
            run.model, run.lane_forced, run.decision_lane, run.decision_reason, run.batch_size,
            run.total, run.estimated_nano, run.cap_nano, shrink(run.shared), run.deadline_at,
        ),
    )  # fmt: skip
    return int(cursor.lastrowid or 0)


def insert_items(db: sqlite3.Connection, run_no: int, items: Iterable[NewItem]) -> int:
    """Insert items and requests in chunks; return how many there were."""
    first, left, count = item_id(run_no, 0), iter(items), 0
    while some := list(islice(left, ITEM_ROWS)):
        values: list[Any] = []
        bodies: list[Any] = []
        for number, item in enumerate(some, first + count):
            key, name, content_hash, echo, need, stage, lane, size_bytes, max_tokens, params = item
            values += (
                number, storable(key), storable(name), content_hash, int(echo), need, stage,
                lane.value, size_bytes, max_tokens,
            )  # fmt: skip
            bodies += (number, shrink(params))
        count += len(some)
        marks = ",".join(["(?,?,?,?,?,?,?,?,?,?,'pending')"] * len(some))
        db.execute(f"INSERT INTO items ({_ITEM_COLUMNS}) VALUES {marks}", values)
        marks = ",".join(["(?,?)"] * len(some))
        db.execute(f"INSERT INTO requests (item, params) VALUES {marks}", bodies)
    return count


def claim_items(
    db: sqlite3.Connection,
    items: Sequence[int],
    state: ItemState,
    *,
    only: ItemState = ItemState.PENDING,
) -> None:
    """Claim items for an attempt. Raises LedgerError if one is not in the state `only`."""
    changed = db.executemany(
        f"UPDATE items SET state = '{state.value}', tries = tries + 1, reason = ''"
        f" WHERE id BETWEEN ? AND ? AND state = '{only.value}'",
        _stretches(items),
    ).rowcount
    if changed != len(items):
        message = (
            f"taken by another process: {counted(len(items) - changed, 'item')}; nothing was sent"
        )
        raise LedgerError(message)


def _stretches(items: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last of every stretch of items that follow on each other.

    What leaves together mostly stands together: a stretch is one statement, not one per item.
    """
    ordered = sorted(items)
    first = 0
    for place, item in enumerate(ordered, 1):
        if place == len(ordered) or ordered[place] != item + 1:
            yield ordered[first], item
            first = place


def insert_attempts(
    db: sqlite3.Connection,
    reserves: Sequence[tuple[int, int]],
    *,
    nonce: str,
    batch_no: int | None,
    now: float,
) -> list[int]:
    """Insert an attempt per (item, reserve in nano-dollars); return their numbers."""
    lane = Lane.REALTIME if batch_no is None else Lane.BATCH
    first = int(db.execute("SELECT coalesce(max(attempt_no), 0) + 1 FROM attempts").fetchone()[0])
    for start in range(0, len(reserves), ATTEMPT_ROWS):
        some = reserves[start : start + ATTEMPT_ROWS]
        marks = ",".join(["(?,?,?,?,?,?,?)"] * len(some))
        db.execute(
            "INSERT INTO attempts (attempt_no, item, batch_no, lane, nonce, sent_at, reserve_nano)"
            f" VALUES {marks}",
            [
                value
                for number, (item, reserve) in enumerate(some, first + start)
                for value in (number, item, batch_no, lane.value, nonce, now, reserve)
            ],
        )
    return list(range(first, first + len(reserves)))


def insert_batch(
    db: sqlite3.Connection,
    run_no: int,
    size: int,
    *,
    nonce: str,
    base_url: str,
    key_fingerprint: str,
    now: float,
) -> int:
    """Insert a batch of `size` items as intended; return its number."""
    cursor = db.execute(
        "INSERT INTO batches (run_no, nonce, state, size, base_url, key_fingerprint, intended_at)"
        " VALUES (?,?,?,?,?,?,?)",
        (run_no, nonce, BatchState.INTENDED, size, base_url, key_fingerprint, now),
    )
    return int(cursor.lastrowid or 0)


def move_items(
    db: sqlite3.Connection,
    run_no: int,
    state: ItemState,
    *,
    only: ItemState,
    reason: str,
    tries: int | None = None,
) -> int:
    """Move all items of a run that are in the state `only`; return how many there were."""
    if state not in ITEM_STEPS[only]:
        message = f"items cannot go from {only} to {state}"
        raise LedgerError(message)
    return db.execute(
        "UPDATE items SET state = ?, reason = ?, tries = coalesce(?, tries),"
        " fault = iif(? IS NULL, fault, '') WHERE id >= ? AND id < ? AND state = ?",
        (state, reason, tries, tries, item_id(run_no, 0), item_id(run_no + 1, 0), only),
    ).rowcount


def move_batch(
    db: sqlite3.Connection,
    batch: BatchRow,
    state: BatchState,
    *,
    reason: str,
    provider_id: str | None = None,
    newest: tuple[str, float | None] | None = None,
    submitted_at: float | None = None,
    ended_at: float | None = None,
) -> None:
    """Move a batch one step. Raises LedgerError if the step is not in the table."""
    allowed = ", ".join(f"'{source.value}'" for source in sources(BATCH_STEPS, state))
    changed = db.execute(
        "UPDATE batches SET state = ?, reason = ?,"
        " provider_id = coalesce(?, provider_id), newest_id = coalesce(?, newest_id),"
        " newest_at = coalesce(?, newest_at), submitted_at = coalesce(?, submitted_at),"
        " ended_at = coalesce(?, ended_at)"
        f" WHERE batch_no = ? AND state IN ({allowed})",
        (
            state, reason, provider_id, newest[0] if newest else None,
            newest[1] if newest else None, submitted_at, ended_at, batch.batch_no,
        ),
    ).rowcount  # fmt: skip
    if changed != 1:
        message = f"batch {batch.nonce} of its run cannot go from {batch.state} to {state}"
        raise LedgerError(message)


def settle(db: sqlite3.Connection, settlements: Sequence[Settlement]) -> None:
    """Book endings; see Ledger.settle. If an attempt has two endings, the first one counts."""
    by_attempt = {one.attempt_no: one for one in reversed(settlements)}
    unsettled = db.execute(
        "SELECT attempt_no FROM attempts WHERE outcome IS NULL"
        " AND attempt_no IN (SELECT value FROM json_each(?))",
        (json.dumps(list(by_attempt)),),
    ).fetchall()
    fresh = [by_attempt[attempt_no] for (attempt_no,) in unsettled]
    db.executemany(
        "INSERT OR IGNORE INTO replies (attempt_no, body) VALUES (?, ?)",
        [(one.attempt_no, shrink(one.body)) for one in fresh if one.body is not None],
    )
    db.executemany(
        "UPDATE attempts SET settled_at = ?, outcome = ?, error_kind = ?, message = ?,"
        " request_id = ?, cost_nano = ?, realtime_nano = ?, input_tokens = ?, output_tokens = ?,"
        " cache_write_5m_tokens = ?, cache_write_1h_tokens = ?, cache_read_tokens = ?,"
        " web_searches = ?, unpriced = ?, ending = ? WHERE attempt_no = ?",
        [
            (
                one.settled_at, one.outcome, one.error_kind, printable(one.message), one.request_id,
                one.cost_nano, one.realtime_nano, *one.usage, one.unpriced, one.ending,
                one.attempt_no,
            )
            for one in fresh
        ],
    )  # fmt: skip
    _move_settled(db, fresh)
    months.settle(db, [one.attempt_no for one in fresh])


def _move_settled(db: sqlite3.Connection, fresh: Sequence[Settlement]) -> None:
    """Move the items of attempts that were just settled."""
    # Nearly all of them succeed, and those differ in nothing but their ids.
    answered = [one.item for one in fresh if one.item_state is ItemState.SUCCEEDED]
    db.execute(
        "UPDATE items SET state = 'succeeded', reason = '', fault = ''"
        f" WHERE id IN (SELECT value FROM json_each(?)) AND state IN ({_IN_FLIGHT})",
        (json.dumps(answered),),
    )
    others = [one for one in fresh if one.item_state is not ItemState.SUCCEEDED]
    db.executemany(
        "UPDATE items SET state = ?, reason = ?, fault = ?, tries = tries - ?,"
        f" size_bytes = size_bytes + ? WHERE id = ? AND state IN ({_IN_FLIGHT})"
        f" AND NOT EXISTS ({_STILL_OUT})",
        [
            (
                one.item_state.value, printable(one.reason), one.fault, int(one.refunds_try),
                one.grows_bytes, one.item,
            )
            for one in others
        ],
    )  # fmt: skip
    # In a race the other attempt decides: until then its item is where that one is.
    db.executemany(
        f"UPDATE items SET state = iif(EXISTS ({_STILL_OUT} AND o.batch_no IS NULL),"
        " 'running', 'submitted'), tries = tries - ?"
        f" WHERE id = ? AND state IN ({_IN_FLIGHT}) AND EXISTS ({_STILL_OUT})",
        [(int(one.refunds_try), one.item) for one in others],
    )
