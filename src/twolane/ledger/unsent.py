"""Items of a run that were never sent, and their requests, which may still change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from twolane.ledger.rows import ITEM_BITS, grow, restored, shrink

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from twolane.ledger.rows import RunRow


class NewRequest(NamedTuple):
    """What replaces an item's request: `own` is the part of its params that it does not share."""

    item: int
    content_hash: str
    echo: bool
    size_bytes: int
    own: bytes


def keys_of(db: sqlite3.Connection, run: RunRow) -> tuple[dict[str, int], set[str]]:
    """Return a run's items that were never sent, by key, and the keys of all others.

    An item with an attempt counts as sent, whatever became of it.
    """
    open_: dict[str, int] = {}
    others: set[str] = set()
    for item, key, is_open in db.execute(
        "SELECT id, key, state = 'pending' AND NOT EXISTS"
        " (SELECT 1 FROM attempts WHERE attempts.item = items.id)"
        " FROM items WHERE id >= ? AND id < ?",
        (run.run_no << ITEM_BITS, (run.run_no + 1) << ITEM_BITS),
    ):
        if is_open:
            open_[restored(key)] = int(item)
        else:
            others.add(restored(key))
    return open_, others


def requests_of(db: sqlite3.Connection, items: Sequence[int]) -> dict[int, bytes]:
    """Return the own part of each item's params, by item id."""
    rows = db.execute(
        "SELECT item, params FROM requests WHERE item IN (SELECT value FROM json_each(?))",
        (json.dumps(items),),
    )
    return {int(item): grow(params) for item, params in rows}


def replace(db: sqlite3.Connection, rows: Sequence[NewRequest]) -> None:
    """Replace the requests of items that were never sent."""
    db.executemany(
        "UPDATE requests SET params = ? WHERE item = ?",
        [(shrink(one.own), one.item) for one in rows],
    )
    db.executemany(
        "UPDATE items SET content_hash = ?, echo = ?, size_bytes = ? WHERE id = ?",
        [(one.content_hash, int(one.echo), one.size_bytes, one.item) for one in rows],
    )
