"""Every invariant of a ledger that its rows can show, looked for the ones that do not hold.

Reading only: a ledger may be checked while a run works on it, within one read transaction.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from twolane.core.states import (
    CLOSED_BATCHES,
    IN_FLIGHT_ITEMS,
    TERMINAL_ITEMS,
    BatchState,
    ItemState,
    RunState,
)
from twolane.ledger.rows import ITEM_BITS, grow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twolane.ledger.ledger import Ledger

SHOWN_ROWS = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """An invariant that does not hold; `rows` names the first few rows that break it."""

    invariant: str
    count: int
    rows: tuple[str, ...]


def _list(states: Sequence[str] | frozenset[ItemState] | frozenset[BatchState]) -> str:
    return ", ".join(f"'{state}'" for state in sorted(states))


_RUN_OF = f"(item >> {ITEM_BITS})"
# Each query returns one column, a name for the row that breaks the invariant.
_INVARIANTS: tuple[tuple[str, str], ...] = (
    (
        "a state is one there is",
        (
            f"SELECT 'item ' || id || ' ' || state FROM items WHERE state NOT IN ({_list([*ItemState])})"
            " UNION ALL SELECT 'batch ' || batch_no || ' ' || state FROM batches"
            f" WHERE state NOT IN ({_list([*BatchState])})"
            " UNION ALL SELECT 'run ' || id || ' ' || state FROM runs"
            f" WHERE state NOT IN ({_list([*RunState])})"
        ),
    ),
    (
        "a run has as many items as it was announced with",
        (
            f"SELECT id FROM runs r WHERE total <> (SELECT count(*) FROM items i WHERE i.id >> {ITEM_BITS}"
            " = r.run_no)"
        ),
    ),
    (
        "a key stands once in its run",
        f"SELECT min(id) FROM items GROUP BY id >> {ITEM_BITS}, key HAVING count(*) > 1",
    ),
    (
        "an item has its request",
        "SELECT id FROM items WHERE id NOT IN (SELECT item FROM requests)",
    ),
    (
        "a run that is done has only items that ended, and closed batches",
        (
            "SELECT r.id FROM runs r WHERE r.state = 'done' AND (EXISTS (SELECT 1 FROM items i WHERE"
            f" i.id >> {ITEM_BITS} = r.run_no AND i.state NOT IN ({_list(TERMINAL_ITEMS)})) OR EXISTS"
            " (SELECT 1 FROM batches b WHERE b.run_no = r.run_no"
            f" AND b.state NOT IN ({_list(CLOSED_BATCHES)})))"
        ),
    ),
    (
        "an item in flight has exactly one attempt without an ending",
        (
            f"SELECT id FROM items i WHERE state IN ({_list(IN_FLIGHT_ITEMS)}) AND 1 <> (SELECT count(*)"
            " FROM attempts a WHERE a.item = i.id AND a.outcome IS NULL)"
        ),
    ),
    (
        "no other item has one, unless it was canceled meanwhile",
        (
            f"SELECT id FROM items i WHERE state NOT IN ({_list(IN_FLIGHT_ITEMS)}, 'canceled') AND EXISTS"
            " (SELECT 1 FROM attempts a WHERE a.item = i.id AND a.outcome IS NULL)"
        ),
    ),
    (
        "an item that succeeded has one success, and no other has two",
        (
            "SELECT id FROM items i WHERE (state IN ('succeeded', 'conflict')) <> (1 = (SELECT count(*)"
            " FROM attempts a WHERE a.item = i.id AND a.outcome = 'succeeded'))"
            " AND state <> 'canceled'"
        ),
    ),
    (
        "a success has its reply",
        (
            "SELECT attempt_no FROM attempts WHERE outcome = 'succeeded'"
            " AND attempt_no NOT IN (SELECT attempt_no FROM replies)"
        ),
    ),
    (
        "an attempt belongs to an item, and to a batch of the same run with its nonce",
        (
            f"SELECT attempt_no FROM attempts a WHERE item NOT IN (SELECT id FROM items) OR (batch_no IS"
            f" NOT NULL AND NOT EXISTS (SELECT 1 FROM batches b WHERE b.batch_no = a.batch_no AND"
            f" b.run_no = {_RUN_OF} AND b.nonce = a.nonce))"
        ),
    ),
    (
        "a batch has as many attempts as it was intended with, each at another item",
        (
            "SELECT batch_no FROM batches b WHERE size <> (SELECT count(DISTINCT item) FROM attempts a"
            " WHERE a.batch_no = b.batch_no)"
        ),
    ),
    (
        "a closed batch has no attempt without an ending",
        (
            f"SELECT batch_no FROM batches b WHERE state IN ({_list(CLOSED_BATCHES)}) AND EXISTS (SELECT 1"
            " FROM attempts a WHERE a.batch_no = b.batch_no AND a.outcome IS NULL)"
        ),
    ),
    (
        "nothing costs more than was set aside for it, or less than nothing",
        (
            "SELECT attempt_no FROM attempts WHERE cost_nano > reserve_nano OR cost_nano < 0"
            " OR reserve_nano < 0"
        ),
    ),
    (
        "what is uncertain counts as spent at its worst case",
        "SELECT attempt_no FROM attempts WHERE outcome = 'uncertain' AND cost_nano <> reserve_nano",
    ),
    (
        "a run's spending and what it has set aside stay under its cap",
        (
            f"SELECT r.id FROM runs r WHERE cap_nano IS NOT NULL AND cap_nano < (SELECT coalesce(sum(CASE"
            f" WHEN outcome IS NULL THEN reserve_nano ELSE cost_nano END), 0) FROM attempts WHERE"
            f" {_RUN_OF} = r.run_no)"
        ),
    ),
)


def check(ledger: Ledger) -> list[Finding]:
    """Return every invariant that does not hold; none for a ledger that is sound.

    Raises LedgerError where the file itself is damaged.
    """
    return list(_findings(ledger))


def _findings(ledger: Ledger) -> Iterator[Finding]:
    db = ledger.store.db
    damage = [str(row[0]) for row in db.execute("PRAGMA integrity_check(10)")]
    if damage != ["ok"]:
        yield Finding("the file is whole", len(damage), tuple(damage[:SHOWN_ROWS]))
        return
    for invariant, query in _INVARIANTS:
        rows = [str(row[0]) for row in db.execute(query)]
        if rows:
            yield Finding(invariant, len(rows), tuple(rows[:SHOWN_ROWS]))
    for what, query in (
        ("a request is a JSON object", "SELECT item, params FROM requests"),
        ("a reply is a JSON object", "SELECT attempt_no, body FROM replies"),
    ):
        bad = [str(number) for number, blob in db.execute(query) if not _is_object(blob)]
        if bad:
            yield Finding(what, len(bad), tuple(bad[:SHOWN_ROWS]))


def _is_object(blob: bytes) -> bool:
    try:
        return isinstance(orjson.loads(grow(blob)), dict)
    except (ValueError, zlib.error):
        return False
