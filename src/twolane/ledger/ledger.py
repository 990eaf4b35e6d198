"""The ledger: every change of a run is one durable step.

Methods are synchronous and are called from one thread; a step that is not in the transition
tables changes no row. Times come from the caller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twolane.core.naming import pick_run
from twolane.core.states import (
    CLOSED_BATCHES,
    ITEM_STEPS,
    RUN_STEPS,
    BatchState,
    ItemState,
    RunState,
    sources,
)
from twolane.core.types import Lane
from twolane.core.wording import counted
from twolane.errors import LedgerError, UnknownRunError
from twolane.ledger import months
from twolane.ledger.columns import (
    BATCH_COLUMNS,
    ITEM_COLUMNS,
    RUN_COLUMNS,
    batch_of,
    damaged,
    item_of,
    readable,
    run_of,
    whole,
)
from twolane.ledger.rows import (
    ITEM_BITS,
    BatchRow,
    ItemRow,
    NewItem,
    NewRun,
    RunRow,
    SentItem,
    Settlement,
    grow,
    item_id,
    storable,
)
from twolane.ledger.statements import (
    claim_items,
    insert_attempts,
    insert_batch,
    insert_items,
    insert_run,
    move_batch,
    move_items,
    settle,
)
from twolane.ledger.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path


def _quoted(states: Iterable[str]) -> str:
    return ", ".join(f"'{state}'" for state in sorted(states))


class Ledger:
    """All runs of one ledger file."""

    def __init__(self, path: Path, *, read_only: bool = False, rehearsal: bool = False) -> None:
        """Open the ledger at `path`, creating it unless `read_only`. Raises LedgerError.

        A `rehearsal` reads an existing ledger, and otherwise uses an empty one in memory.
        """
        self.store = Store(path, read_only=read_only, rehearsal=rehearsal)
        self.path = path

    def close(self) -> None:
        """Close the file."""
        self.store.close()

    # -- runs ---------------------------------------------------------------------------------

    def create_run(self, run: NewRun, items: Iterable[NewItem], now: float) -> RunRow:
        """Write a run with all its items and requests in one transaction, in constant memory.

        Raises LedgerError if a key is used twice or the number of items is not `run.total`.
        """
        with self.store.transaction() as db:
            written = insert_items(db, insert_run(db, run, now), items)
            if written != run.total:
                message = f"the run was announced with {run.total} items and has {written}"
                raise LedgerError(message)
        return self.run(run.id)

    def run(self, run_id: str) -> RunRow:
        """Return the run with this id. Raises UnknownRunError if there is none."""
        row = self.store.db.execute(
            f"SELECT {RUN_COLUMNS} FROM runs WHERE id = ?", (run_id,)
        ).fetchone()
        if row is None:
            raise UnknownRunError(f"there is no run {run_id} in {self.path}; `runs` lists them")
        return run_of(row)

    def find_run(self, named: str) -> RunRow:
        """Return the run that a person means: by its id, a unique beginning of it, or `last`.

        Raises UnknownRunError, AmbiguousRunError.
        """
        ids = self.store.db.execute("SELECT id FROM runs ORDER BY created_at DESC, run_no DESC")
        return self.run(pick_run(named, [str(row[0]) for row in ids]))

    def runs(self, *, bare: bool = False) -> list[RunRow]:
        """Return all runs, newest first; `bare` leaves out what their requests share."""
        columns = RUN_COLUMNS.replace(" shared,", " X'7B7D',") if bare else RUN_COLUMNS
        rows = self.store.db.execute(
            f"SELECT {columns} FROM runs ORDER BY created_at DESC, run_no DESC"
        )
        return [run_of(row) for row in rows]

    def latest_run(self, source: str) -> RunRow | None:
        """Return the newest run of this source, None if there is none."""
        row = self.store.db.execute(
            f"SELECT {RUN_COLUMNS} FROM runs WHERE source = ? "
            "ORDER BY created_at DESC, run_no DESC LIMIT 1",
            (storable(source),),
        ).fetchone()
        return None if row is None else run_of(row)

    def move_run(
        self, run: RunRow, state: RunState, *, reason: str, now: float, worked_s: float = 0.0
    ) -> RunRow:
        """Move a run to `state` and add the time worked; staying in its state is not a step."""
        allowed = _quoted(sources(RUN_STEPS, state) | {state})
        with self.store.transaction() as db:
            changed = db.execute(
                "UPDATE runs SET state = ?, state_reason = ?, worked_s = worked_s + ?,"
                f" ended_at = ? WHERE run_no = ? AND state IN ({allowed})",
                (state, reason, worked_s, None if state is RunState.OPEN else now, run.run_no),
            ).rowcount
        if changed != 1:
            message = f"run {run.id} cannot go from {run.state} to {state}"
            raise LedgerError(message)
        return self.run(run.id)

    def set_cap(self, run: RunRow, cap_nano: int | None) -> RunRow:
        """Change a run's cap; items that the old cap left out become pending again."""
        with self.store.transaction() as db:
            db.execute("UPDATE runs SET cap_nano = ? WHERE run_no = ?", (cap_nano, run.run_no))
            move_items(db, run.run_no, ItemState.PENDING, only=ItemState.SKIPPED, reason="")
        return self.run(run.id)

    # -- items --------------------------------------------------------------------------------

    def pending(
        self, run: RunRow, *, stage: int, lane: Lane, after: ItemRow | None, limit: int
    ) -> list[ItemRow]:
        """Return up to `limit` pending items of the stages so far, highest need first."""
        place = "" if after is None else "AND (need, -id) < (:need, -:after)"
        rows = self.store.db.execute(
            f"SELECT {ITEM_COLUMNS} FROM items WHERE state = 'pending' AND id >> {ITEM_BITS} = :run"
            f" AND lane = :lane AND stage <= :stage {place}"
            " ORDER BY need DESC, id LIMIT :limit",
            {
                "stage": stage, "lane": lane, "run": run.run_no, "limit": limit,
                "need": after.need if after else 0, "after": after.id if after else 0,
            },
        )  # fmt: skip
        return [item_of(row) for row in rows]

    def requests(self, items: Sequence[int]) -> dict[int, bytes]:
        """Return the own part of each item's params, by item id. Raises LedgerError."""
        found: dict[int, bytes] = {}
        for start in range(0, len(items), 500):
            some = items[start : start + 500]
            low, high = min(some), max(some)
            if high - low < len(some):
                # Most that leave together stand together: one look along the table gets them.
                which, bound = "BETWEEN ? AND ?", [low, high]
            else:
                which, bound = f"IN ({','.join('?' * len(some))})", [*some]
            rows = self.store.db.execute(
                f"SELECT item, params FROM requests WHERE item {which}", bound
            )
            found.update((item, grow(params)) for item, params in rows)
        if len(found) < len(items) and (missing := set(items) - set(found)):
            raise damaged(f"{counted(len(missing), 'item')} without a request, as {min(missing)}")
        return found

    def wrong_replies(self, items: Sequence[int]) -> dict[int, tuple[str, bytes]]:
        """Return, by item, its last invalid reply's fault and result."""
        found: dict[int, tuple[str, bytes]] = {}
        for item in items:
            row = self.store.db.execute(
                "SELECT a.message, r.body FROM attempts a JOIN replies r USING (attempt_no)"
                " WHERE a.item = ? AND a.error_kind = 'invalid_reply'"
                " ORDER BY a.attempt_no DESC LIMIT 1",
                (item,),
            ).fetchone()
            if row is not None:
                found[item] = (str(row[0]), grow(row[1]))
        return found

    def item_by_key(self, run: RunRow, key: str) -> ItemRow | None:
        """Return the item with this key, None if there is none."""
        row = self.store.db.execute(
            f"SELECT {ITEM_COLUMNS} FROM items WHERE id >= ? AND id < ? AND key = ?",
            (item_id(run.run_no, 0), item_id(run.run_no + 1, 0), storable(key)),
        ).fetchone()
        return None if row is None else item_of(row)

    def items(self, run: RunRow) -> Iterator[ItemRow]:
        """Iterate all items of a run in their order."""
        rows = self.store.db.execute(
            f"SELECT {ITEM_COLUMNS} FROM items WHERE id >= ? AND id < ? ORDER BY id",
            (item_id(run.run_no, 0), item_id(run.run_no + 1, 0)),
        )
        for row in rows:
            yield item_of(row)

    def move_item(self, item: int, state: ItemState, *, reason: str) -> bool:
        """Move one item; return whether the step was allowed from its state."""
        allowed = _quoted(sources(ITEM_STEPS, state))
        with self.store.transaction() as db:
            changed = db.execute(
                f"UPDATE items SET state = ?, reason = ? WHERE id = ? AND state IN ({allowed})",
                (state, reason, item),
            ).rowcount
        return changed == 1

    def set_lane(self, items: Sequence[int], lane: Lane) -> None:
        """Move pending items to another lane."""
        with self.store.transaction() as db:
            db.executemany(
                "UPDATE items SET lane = ? WHERE id = ? AND state = 'pending'",
                [(lane, item) for item in items],
            )

    def leave_out(self, items: Sequence[int], *, reason: str) -> None:
        """Skip these items if they are pending."""
        with self.store.transaction() as db:
            db.executemany(
                "UPDATE items SET state = 'skipped', reason = ? WHERE id = ? AND state = 'pending'",
                [(reason, item) for item in items],
            )

    def cancel_all(self, run: RunRow, *, reason: str) -> int:
        """Cancel every item that has not ended, in any state; count them."""
        with self.store.transaction() as db:
            return sum(
                move_items(db, run.run_no, ItemState.CANCELED, only=state, reason=reason)
                for state in (ItemState.PENDING, ItemState.RUNNING, ItemState.SUBMITTED)
            )

    # -- attempts -----------------------------------------------------------------------------

    def claim(
        self,
        reserves: Sequence[tuple[int, int]],
        *,
        nonce: str,
        now: float,
        state: ItemState = ItemState.PENDING,
        month_cap_nano: int | None = None,
    ) -> list[int]:
        """Record real-time attempts before they are sent.

        `reserves` holds (item id, reserve in nano-dollars). Returns one attempt number each. Raises
        LedgerError if an item is no longer in `state` (pending, or submitted in a race with its
        batch), MonthSpentError if the month's budget leaves no room.
        """
        with self.store.transaction() as db:
            months.take(db, sum(nano for _, nano in reserves), month_cap_nano, now=now)
            claim_items(db, [item for item, _ in reserves], ItemState.RUNNING, only=state)
            return insert_attempts(db, reserves, nonce=nonce, batch_no=None, now=now)

    def intend_batch(
        self,
        run: RunRow,
        reserves: Sequence[tuple[int, int]],
        *,
        nonce: str,
        base_url: str,
        key_fingerprint: str,
        now: float,
        month_cap_nano: int | None = None,
    ) -> BatchRow:
        """Record a batch and its attempts as intended, before anything is sent.

        Raises MonthSpentError if the month's budget leaves no room.
        """
        with self.store.transaction() as db:
            months.take(db, sum(nano for _, nano in reserves), month_cap_nano, now=now)
            batch_no = insert_batch(
                db,
                run.run_no,
                len(reserves),
                nonce=nonce,
                base_url=base_url,
                key_fingerprint=key_fingerprint,
                now=now,
            )
            claim_items(db, [item for item, _ in reserves], ItemState.SUBMITTED)
            insert_attempts(db, reserves, nonce=nonce, batch_no=batch_no, now=now)
        return self.batch(batch_no)

    @readable
    def submitted(self, items: Sequence[int]) -> frozenset[int]:
        """Return those of these items that are in a batch and in no real-time call."""
        rows = self.store.db.execute(
            f"SELECT id FROM items WHERE id IN ({','.join('?' * len(items))})"
            " AND state = 'submitted'",
            items,
        )
        return frozenset(int(row[0]) for row in rows)

    @readable
    def sent(self, run: RunRow, *, batch_no: int | None) -> list[SentItem]:
        """Return the attempts of a batch, or the unsettled real-time attempts of the run."""
        which = "a.batch_no = ?" if batch_no else "a.batch_no IS NULL AND a.outcome IS NULL"
        columns = ", ".join(f"i.{name}" for name in ITEM_COLUMNS.split(", "))
        rows = self.store.db.execute(
            "SELECT a.attempt_no, a.lane, a.nonce, a.batch_no, a.reserve_nano,"
            f" a.outcome IS NOT NULL, {columns}"
            f" FROM attempts a JOIN items i ON i.id = a.item WHERE {which}"
            " AND a.item >= ? AND a.item < ?",
            (
                *((batch_no,) if batch_no else ()),
                item_id(run.run_no, 0),
                item_id(run.run_no + 1, 0),
            ),
        )
        return [
            SentItem(row[0], item_of(row[6:]), Lane(row[1]), row[2], row[3], row[4], bool(row[5]))
            for row in rows
        ]

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """Settle attempts and move their items, in one transaction.

        An attempt is settled once: a second ending changes nothing. An item canceled by a person
        meanwhile keeps its state. An item without an answer stays in flight while another attempt
        at it is, in that attempt's lane: that attempt decides.
        """
        with self.store.transaction() as db:
            settle(db, settlements)

    def money(self, run: RunRow) -> tuple[int, int]:
        """Return (spent, reserved) in nano-dollars: settled attempts, and those still in flight."""
        row = self.store.db.execute(
            "SELECT coalesce(sum(cost_nano), 0),"
            " coalesce(sum(CASE WHEN outcome IS NULL THEN reserve_nano ELSE 0 END), 0)"
            " FROM attempts WHERE item >= ? AND item < ?",
            (item_id(run.run_no, 0), item_id(run.run_no + 1, 0)),
        ).fetchone()
        return whole(row[0]), whole(row[1])

    # -- batches ------------------------------------------------------------------------------

    def batch(self, batch_no: int) -> BatchRow:
        """Return one batch. Raises LedgerError if there is none."""
        row = self.store.db.execute(
            f"SELECT {BATCH_COLUMNS} FROM batches WHERE batch_no = ?", (batch_no,)
        ).fetchone()
        if row is None:
            message = f"there is no batch {batch_no} in {self.path}"
            raise LedgerError(message)
        return batch_of(row)

    def batches(self, run: RunRow, *, open_only: bool = False) -> list[BatchRow]:
        """Return the batches of a run in the order they were intended."""
        closed = f" AND state NOT IN ({_quoted(CLOSED_BATCHES)})" if open_only else ""
        rows = self.store.db.execute(
            f"SELECT {BATCH_COLUMNS} FROM batches WHERE run_no = ?{closed} ORDER BY batch_no",
            (run.run_no,),
        )
        return [batch_of(row) for row in rows]

    def known_batch_ids(self) -> frozenset[str]:
        """Return the provider's ids of every batch of every run."""
        rows = self.store.db.execute(
            "SELECT provider_id FROM batches WHERE provider_id IS NOT NULL"
        )
        return frozenset(str(row[0]) for row in rows)

    def move_batch(
        self,
        batch: BatchRow,
        state: BatchState,
        *,
        reason: str = "",
        provider_id: str | None = None,
        newest: tuple[str, float | None] | None = None,
        submitted_at: float | None = None,
        ended_at: float | None = None,
    ) -> BatchRow:
        """Move a batch one step. Raises LedgerError if the step is not in the table."""
        with self.store.transaction() as db:
            move_batch(
                db,
                batch,
                state,
                reason=reason,
                provider_id=provider_id,
                newest=newest,
                submitted_at=submitted_at,
                ended_at=ended_at,
            )
        return self.batch(batch.batch_no)

    def close_batch(
        self,
        settlements: Sequence[Settlement],
        batch: BatchRow,
        state: BatchState,
        *,
        reason: str,
    ) -> None:
        """Settle a batch's open attempts and close it, in one step: it cannot turn up in between."""
        with self.store.transaction() as db:
            settle(db, settlements)
            move_batch(db, batch, state, reason=reason)

    def ask_to_cancel(self, batch: BatchRow, *, reason: str, now: float) -> BatchRow:
        """Record that a batch is about to be canceled, and why; the first time counts."""
        with self.store.transaction() as db:
            db.execute(
                "UPDATE batches SET cancel_at = ?, reason = ? WHERE batch_no = ?"
                " AND cancel_at IS NULL",
                (now, reason, batch.batch_no),
            )
        return self.batch(batch.batch_no)
