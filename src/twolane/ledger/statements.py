"""Statements that several steps of the ledger share, inside their transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twolane.core.states import ITEM_STEPS, ItemState
from twolane.core.types import Lane
from twolane.errors import LedgerError
from twolane.ledger.rows import NewItem, item_id, shrink, storable

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

# Values are bound as what they are in SQLite: sqlite3 takes longer for a bool or an enum, which
# it has to have adapted, than for all the rest of a row.
INSERT_ROWS = 200
# A statement for many rows takes half the time of one for each; its values stay below 999, which
# older builds of SQLite allow.
STATEMENT_ROWS = 100


def insert_items(db: sqlite3.Connection, run_no: int, items: Iterable[NewItem]) -> int:
    """Insert items and requests in chunks; return how many there were."""
    index = 0
    item_rows: list[tuple[Any, ...]] = []
    request_rows: list[tuple[int, bytes]] = []

    def write() -> None:
        db.executemany(
            "INSERT INTO items (id, key, name, content_hash, echo, need, stage, lane, state,"
            " size_bytes, max_tokens) VALUES (?,?,?,?,?,?,?,?,'pending',?,?)",
            item_rows,
        )
        db.executemany("INSERT INTO requests (item, params) VALUES (?, ?)", request_rows)
        item_rows.clear()
        request_rows.clear()

    for item in items:
        number = item_id(run_no, index)
        item_rows.append(
            (
                number, storable(item.key), storable(item.name), item.content_hash,
                int(item.echo), item.need, item.stage, item.lane.value, item.size_bytes,
                item.max_tokens,
            )
        )  # fmt: skip
        request_rows.append((number, shrink(item.params)))
        index += 1
        if len(item_rows) >= INSERT_ROWS:
            write()
    write()
    return index


def claim_items(
    db: sqlite3.Connection,
    items: Sequence[int],
    state: ItemState,
    *,
    only: ItemState = ItemState.PENDING,
) -> None:
    """Take items for an attempt. Raises LedgerError where one is not in the state `only`."""
    changed = db.executemany(
        f"UPDATE items SET state = '{state.value}', tries = tries + 1, reason = ''"
        f" WHERE id BETWEEN ? AND ? AND state = '{only.value}'",
        _stretches(items),
    ).rowcount
    if changed != len(items):
        message = f"{len(items) - changed} items were taken by someone else; nothing was sent"
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
    for start in range(0, len(reserves), STATEMENT_ROWS):
        some = reserves[start : start + STATEMENT_ROWS]
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
