"""Reading a run: its report, and its results one by one, from any process at any time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twolane.core.deadline import LATE
from twolane.core.expiry import is_expiring, results_expire_at
from twolane.core.identity import make_custom_id
from twolane.core.retry import retryable
from twolane.core.states import CLOSED_BATCHES, ItemState, RunState
from twolane.core.types import (
    Counts,
    Failure,
    Kept,
    Lane,
    LaneDecision,
    LaneTotals,
    Orphans,
    Report,
    Wait,
)
from twolane.core.wording import counted
from twolane.ledger.columns import damaged, item_of, readable, whole
from twolane.ledger.rows import ItemRow, ResultRow, RunRow, grow, item_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from twolane.ledger.ledger import Ledger

BUDGET_REASON = "budget"
# The ends that an answer, or its failing to come, led to.
_ENDED = ("succeeded", "failed", "quarantined", "conflict")


def counts(ledger: Ledger, run: RunRow) -> Counts:
    """Count the items of a run by state, and its uncertain attempts."""
    return _counts(ledger, run, _tally(ledger, run))


def _tally(ledger: Ledger, run: RunRow) -> dict[tuple[str, str], int]:
    """Count the items of a run by state and lane.

    Most of a large run are in one group of these: it is what the others leave of the whole,
    because counting is much faster than grouping.
    """
    bounds = (item_id(run.run_no, 0), item_id(run.run_no + 1, 0))
    usual = (ItemState.SUCCEEDED.value, run.decision_lane.value)
    rows = ledger.store.db.execute(
        "SELECT state, lane, count(*) FROM items WHERE id >= ? AND id < ?"
        " AND NOT (state = ? AND lane = ?) GROUP BY state, lane",
        (*bounds, *usual),
    )
    found = {(state, lane): int(count) for state, lane, count in rows}
    total = ledger.store.db.execute(
        "SELECT count(*) FROM items WHERE id >= ? AND id < ?", bounds
    ).fetchone()[0]
    found[usual] = int(total) - sum(found.values())
    for place, (known, what) in enumerate(((ItemState, "state"), (Lane, "lane"))):
        if strange := sorted(map(str, {key[place] for key in found} - set(known))):
            raise damaged(f"items of run {run.id} have the unknown {what} {strange[0]!r}")
    if total != run.total:
        raise damaged(f"run {run.id} has {total} of its {run.total} items")
    return found


def _counts(ledger: Ledger, run: RunRow, tally: dict[tuple[str, str], int]) -> Counts:
    by_state = dict.fromkeys((state.value for state in ItemState), 0)
    for (state, _), count in tally.items():
        by_state[state] += count
    uncertain = ledger.store.db.execute(
        "SELECT count(*) FROM attempts WHERE item >= ? AND item < ? AND outcome = 'uncertain'",
        (item_id(run.run_no, 0), item_id(run.run_no + 1, 0)),
    ).fetchone()[0]
    return Counts(total=sum(by_state.values()), uncertain=int(uncertain), **by_state)


def lanes(ledger: Ledger, run: RunRow) -> dict[Lane, LaneTotals]:
    """Return each lane's totals: items that ended in it, batches posted, cost."""
    return _lanes(ledger, run, _tally(ledger, run))[0]


def _lanes(
    ledger: Ledger, run: RunRow, tally: dict[tuple[str, str], int]
) -> tuple[dict[Lane, LaneTotals], int]:
    """Return what each lane did, and what all of it would have cost in real time."""
    sums = ledger.store.db.execute(
        "SELECT sum(cost_nano) FILTER (WHERE lane = 'realtime'),"
        " sum(cost_nano) FILTER (WHERE lane = 'batch'), sum(realtime_nano),"
        " count(*) FILTER (WHERE lane IS NOT 'realtime' AND lane IS NOT 'batch')"
        " FROM attempts WHERE item >= ? AND item < ?",
        (item_id(run.run_no, 0), item_id(run.run_no + 1, 0)),
    ).fetchone()
    realtime, batch, all_realtime, strange = (whole(value or 0) for value in sums)
    if strange:
        raise damaged(f"{counted(strange, 'attempt')} of run {run.id} with an unknown lane")
    batches = ledger.store.db.execute(
        "SELECT count(*) FROM batches WHERE run_no = ? AND provider_id IS NOT NULL", (run.run_no,)
    ).fetchone()[0]
    return {
        lane: LaneTotals(
            items=sum(tally.get((state, lane.value), 0) for state in _ENDED),
            batches=int(batches) if lane is Lane.BATCH else 0,
            cost_nano=realtime if lane is Lane.REALTIME else batch,
        )
        for lane in Lane
    }, all_realtime


def failures(ledger: Ledger, run: RunRow) -> tuple[Failure, ...]:
    """Return every item that did not succeed, in order, with what a person needs to act on it."""
    return tuple(
        Failure(
            item=row.item.key,
            custom_id=row.custom_id,
            kind=failure_kind(row.item.state, row.error_kind, row.outcome),
            message=row.item.reason or row.message,
            retryable=is_retryable(row.item.state, row.item.faults),
        )
        for row in results(
            ledger, run, where="i.state IN ('failed', 'quarantined', 'conflict', 'skipped')"
        )
    )


def is_retryable(state: ItemState, faults: Collection[str]) -> bool:
    """Tell whether sending an item again as it is may end otherwise."""
    if state is ItemState.FAILED:
        return retryable(faults)
    return state is ItemState.SKIPPED


def _has_failures(items: Counts) -> bool:
    return bool(items.failed or items.quarantined or items.conflict or items.skipped)


def failure_kind(state: ItemState, error_kind: str, outcome: str) -> str:
    """Return the kind of a failure, from the item's state and its last attempt."""
    if state is ItemState.SKIPPED:
        return BUDGET_REASON
    if state is ItemState.FAILED:
        return error_kind or outcome or "failed"
    return state.value


@dataclass(frozen=True, slots=True)
class Expiring:
    """An open batch whose results expire at `expires_at`, in seconds since the epoch."""

    run: str
    kind: str
    batch: str
    expires_at: float


@readable
def expiring(ledger: Ledger, now: float) -> list[Expiring]:
    """Return the batches submitted long ago and not yet collected, oldest first.

    Batches of runs that were handed over are left to the other computer.
    """
    rows = ledger.store.db.execute(
        "SELECT r.id, r.kind, coalesce(b.provider_id, b.nonce), b.submitted_at FROM batches b"
        " JOIN runs r USING (run_no) WHERE r.handed_over IS NULL AND b.submitted_at IS NOT NULL"
        f" AND b.state NOT IN ({', '.join(repr(str(state)) for state in sorted(CLOSED_BATCHES))})"
        " ORDER BY b.submitted_at"
    )
    return [
        Expiring(run, kind, batch, results_expire_at(submitted_at))
        for run, kind, batch, submitted_at in rows
        if is_expiring(submitted_at, now)
    ]


def report(ledger: Ledger, run: RunRow, *, with_failures: bool = True) -> Report:
    """Return the current report of a run; its failures are a row each, and may be left out."""
    tally = _tally(ledger, run)
    items = _counts(ledger, run, tally)
    by_lane, realtime = _lanes(ledger, run, tally)
    endings, unpriced = _remarks(ledger, run)
    return Report(
        run=run.id,
        kind=run.kind,
        state="partial" if run.state is RunState.OPEN else run.state.value,
        items=items,
        lanes=by_lane,
        estimated_nano=run.estimated_nano,
        actual_nano=sum(lane.cost_nano for lane in by_lane.values()),
        all_realtime_nano=realtime,
        failures=failures(ledger, run) if with_failures and _has_failures(items) else (),
        duration_s=run.worked_s,
        decision=LaneDecision(run.decision_lane, run.decision_reason),
        deadline=_deadline(ledger, run, items),
        orphans=_orphans(ledger, run),
        waiting=Wait(run.waits_for, run.waits_until) if run.waits_for else None,
        endings=endings,
        unpriced=unpriced,
    )


@readable
def _remarks(ledger: Ledger, run: RunRow) -> tuple[dict[str, int], dict[str, int]]:
    """Count how answers ended that did not end as usual, and what has no known price in them."""
    endings: Counter[str] = Counter()
    unpriced: Counter[str] = Counter()
    for ending, names, count in ledger.store.db.execute(
        "SELECT ending, unpriced, count(*) FROM attempts WHERE (ending IS NOT NULL OR"
        " unpriced <> '') AND item >= ? AND item < ? GROUP BY ending, unpriced",
        (item_id(run.run_no, 0), item_id(run.run_no + 1, 0)),
    ):
        if ending is not None:
            endings[str(ending)] += whole(count)
        for name in filter(None, str(names).split(", ")):
            unpriced[name] += whole(count)
    return dict(sorted(endings.items())), dict(sorted(unpriced.items()))


def _orphans(ledger: Ledger, run: RunRow) -> Orphans:
    row = ledger.store.db.execute(
        "SELECT count(DISTINCT b.batch_no), count(a.attempt_no), coalesce(sum(a.cost_nano), 0)"
        " FROM batches b LEFT JOIN attempts a ON a.batch_no = b.batch_no AND a.outcome = 'orphan'"
        " WHERE b.run_no = ? AND b.state = 'orphan'",
        (run.run_no,),
    ).fetchone()
    return Orphans(*(whole(value) for value in row))


def _deadline(ledger: Ledger, run: RunRow, items: Counts) -> Kept | None:
    """Say whether a deadline held, counting every item that was not left out or canceled."""
    if run.deadline_at is None:
        return None
    last_at = ledger.store.db.execute(
        "SELECT max(a.settled_at) FROM attempts a JOIN items i ON i.id = a.item"
        " WHERE a.item >= ? AND a.item < ? AND i.state NOT IN ('skipped', 'canceled')",
        (item_id(run.run_no, 0), item_id(run.run_no + 1, 0)),
    ).fetchone()[0]
    given_up = ledger.store.db.execute(
        "SELECT count(*) FROM batches WHERE run_no = ? AND reason LIKE ? || '%'",
        (run.run_no, LATE),
    ).fetchone()[0]
    late = last_at is not None and last_at > run.deadline_at
    return Kept(run.deadline_at, (not late) if late or not items.open else None, int(given_up))


def results(
    ledger: Ledger, run: RunRow, *, where: str = "1", bodies: bool = False
) -> Iterator[ResultRow]:
    """Iterate items in input order, each with its last attempt; `bodies` loads the results."""
    columns = ", ".join(f"i.{name}" for name in ItemRow._fields)
    width = len(ItemRow._fields)
    body = "r.body" if bodies else "NULL"
    rows = ledger.store.db.execute(
        f"SELECT {columns}, a.lane, a.nonce, a.outcome, a.error_kind, a.message,"
        " (SELECT count(*) FROM attempts x WHERE x.item = i.id),"
        " (SELECT coalesce(sum(x.cost_nano), 0) FROM attempts x WHERE x.item = i.id),"
        f" {body} FROM items i"
        # A success decides, and of two (a race) the one that came first.
        " LEFT JOIN attempts a ON a.attempt_no = (SELECT x.attempt_no FROM attempts x"
        " WHERE x.item = i.id ORDER BY x.outcome = 'succeeded' DESC,"
        " iif(x.outcome = 'succeeded', x.settled_at, 0), x.attempt_no DESC LIMIT 1)"
        " LEFT JOIN replies r ON r.attempt_no = a.attempt_no"
        f" WHERE i.id >= ? AND i.id < ? AND {where} ORDER BY i.id",
        (item_id(run.run_no, 0), item_id(run.run_no + 1, 0)),
    )
    for row in rows:
        yield _result(item_of(row[:width]), row[width:])


def result(ledger: Ledger, run: RunRow, index: int) -> ResultRow:
    """Return one item with its last attempt and result. Raises StopIteration where none."""
    return next(results(ledger, run, where=f"i.id = {item_id(run.run_no, index)}", bodies=True))


@readable
def _result(item: ItemRow, rest: tuple[Any, ...]) -> ResultRow:
    lane, nonce, outcome, error_kind, message, attempts, cost_nano, body = rest
    return ResultRow(
        item=item,
        lane=Lane(lane or item.lane),
        attempts=whole(attempts),
        cost_nano=whole(cost_nano),
        custom_id=make_custom_id(item.index, item.name, nonce) if nonce else "",
        outcome=outcome or "",
        error_kind=error_kind or "",
        message=message or "",
        body=None if body is None else grow(body),
    )
