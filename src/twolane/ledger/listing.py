"""Reading a run for a list on a screen: a page of its items, its stages, what was done when.

A page costs what its rows cost, however large the run is. Only a filter by state, a jump and the
counts look along the whole run, without its requests and results.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from twolane.core.states import ItemState
from twolane.core.types import Lane
from twolane.ledger.columns import damaged, readable, whole
from twolane.ledger.reports import failure_kind, is_retryable
from twolane.ledger.rows import item_id, item_index, restored

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from twolane.ledger.ledger import Ledger
    from twolane.ledger.rows import RunRow

FAILED: Final = (
    ItemState.FAILED, ItemState.QUARANTINED, ItemState.CONFLICT, ItemState.SKIPPED,
)  # fmt: skip
"""The states of items that ended without a usable result, though nobody canceled them."""
_AT_ONCE: Final = 500


class ItemLine(NamedTuple):
    """An item as a list shows it. Times are seconds since the epoch, money is nano-dollars.

    `lane` is the lane in which it waits to be sent, or that of the attempt that decided. `sent_at`
    is when it was first sent; `settled_at` when its last attempt ended, None while one is in
    flight. `kind` is that of its failure, '' if it did not fail; `retryable` tells whether sending
    it again may end otherwise.
    """

    index: int  # type: ignore[assignment]  # nobody looks for values in a row
    key: str
    stage: int
    lane: Lane
    state: ItemState
    attempts: int
    sent_at: float | None
    settled_at: float | None
    cost_nano: int
    reason: str
    kind: str
    retryable: bool


class _Attempt(NamedTuple):
    """An attempt as a line tells of it."""

    lane: str
    outcome: str | None
    error_kind: str
    message: str
    sent_at: float
    settled_at: float | None
    cost_nano: int


def items(
    ledger: Ledger,
    run: RunRow,
    *,
    after: int = -1,
    skip: int = 0,
    limit: int,
    states: Collection[ItemState] | None = None,
) -> list[ItemLine]:
    """Return up to `limit` items in input order, those behind the index `after`.

    `states` None is any; `skip` leaves out as many of what would be returned.
    """
    wanted = sorted(states or ())
    which = f" AND state IN ({', '.join('?' * len(wanted))})" if states is not None else ""
    rows = ledger.store.db.execute(
        "SELECT id, key, stage, lane, state, reason, fault FROM items WHERE id > ? AND id < ?"
        f"{which} ORDER BY id LIMIT ? OFFSET ?",
        (item_id(run.run_no, 0) + after, item_id(run.run_no + 1, 0), *wanted, limit, skip),
    ).fetchall()
    attempts = _attempts(ledger, [row[0] for row in rows])
    return [_line(row, attempts.get(row[0], ())) for row in rows]


def _attempts(ledger: Ledger, ids: Sequence[int]) -> Mapping[int, Sequence[_Attempt]]:
    """Return the attempts at each of these items, which are in order, in the order of sending."""
    found: dict[int, list[_Attempt]] = defaultdict(list)
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        stands_together = some[-1] - some[0] < len(some)
        which = "BETWEEN ? AND ?" if stands_together else f"IN ({', '.join('?' * len(some))})"
        for item, *rest in ledger.store.db.execute(
            "SELECT item, lane, outcome, error_kind, message, sent_at, settled_at, cost_nano"
            f" FROM attempts WHERE item {which} ORDER BY item, attempt_no",
            (some[0], some[-1]) if stands_together else some,
        ):
            found[item].append(_Attempt(*rest))
    return found


def _deciding(attempts: Sequence[_Attempt]) -> _Attempt | None:
    """Return the attempt that decided: of two successes (a race) the first, else the last one."""
    won = [one for one in attempts if one.outcome == "succeeded"]
    if won:
        return min(won, key=lambda one: one.settled_at or 0.0)
    return attempts[-1] if attempts else None


@readable
def _line(row: Sequence[Any], attempts: Sequence[_Attempt]) -> ItemLine:
    item, key, stage, lane, state, reason, fault = row
    state = ItemState(state)
    decided = _deciding(attempts)
    open_still = any(one.outcome is None for one in attempts)
    settled = [one.settled_at for one in attempts if one.settled_at is not None]
    failed = state in FAILED
    error_kind, outcome, message = "", "", ""
    if decided is not None:
        error_kind, outcome, message = decided.error_kind, decided.outcome or "", decided.message
    return ItemLine(
        index=item_index(item),
        key=restored(key),
        stage=stage,
        lane=Lane(lane if decided is None or state is ItemState.PENDING else decided.lane),
        state=state,
        attempts=len(attempts),
        sent_at=min((one.sent_at for one in attempts), default=None),
        settled_at=None if open_still else max(settled, default=None),
        cost_nano=sum(whole(one.cost_nano) for one in attempts),
        reason=reason or (message if failed else ""),
        kind=failure_kind(state, error_kind, outcome) if failed else "",
        retryable=failed and is_retryable(state, frozenset(fault.split())),
    )


def stages(ledger: Ledger, run: RunRow) -> dict[int, dict[ItemState, int]]:
    """Count the items of each stage by state; stages are numbered from 0."""
    found: dict[int, dict[ItemState, int]] = {}
    for stage, state, count in ledger.store.db.execute(
        "SELECT stage, state, count(*) FROM items WHERE id >= ? AND id < ? GROUP BY 1, 2 ORDER BY 1",
        (item_id(run.run_no, 0), item_id(run.run_no + 1, 0)),
    ):
        found.setdefault(whole(stage), {})[_state(state)] = whole(count)
    return found


def _state(value: object) -> ItemState:
    try:
        return ItemState(str(value))
    except ValueError as error:
        raise damaged(error) from error


class Interval(NamedTuple):
    """Calls in real time that ended from `begin_at` on, and before the next interval."""

    begin_at: float
    succeeded: int
    failed: int


class Timeline(NamedTuple):
    """When a run's real-time calls ended: intervals of `step_s` seconds that have any."""

    begin_at: float
    end_at: float
    step_s: float
    intervals: tuple[Interval, ...]


@readable
def timeline(ledger: Ledger, run: RunRow, *, most: int, now: float) -> Timeline | None:
    """Return when calls in real time ended, in at most `most` intervals; None if nothing was sent.

    It spans what was sent in either lane; `now` is its end while anything is in flight.
    """
    db = ledger.store.db
    bounds = (item_id(run.run_no, 0), item_id(run.run_no + 1, 0))
    begin, end, in_flight = db.execute(
        "SELECT min(sent_at), max(coalesce(settled_at, sent_at)), sum(outcome IS NULL)"
        " FROM attempts WHERE item >= ? AND item < ?",
        bounds,
    ).fetchone()
    if begin is None:
        return None
    end = max(float(end), now if in_flight else 0.0)
    step_s = max((end - begin) / most, 0.001)
    rows = db.execute(
        "SELECT min(cast((settled_at - ?) / ? AS INTEGER), ?), sum(outcome = 'succeeded'),"
        " sum(outcome <> 'succeeded') FROM attempts WHERE item >= ? AND item < ?"
        " AND batch_no IS NULL AND settled_at IS NOT NULL GROUP BY 1 ORDER BY 1",
        (begin, step_s, most - 1, *bounds),
    )
    return Timeline(float(begin), end, step_s, tuple(_intervals(rows, float(begin), step_s)))


def _intervals(rows: Iterable[Sequence[Any]], begin: float, step_s: float) -> Iterable[Interval]:
    for number, succeeded, failed in rows:
        yield Interval(begin + whole(number) * step_s, whole(succeeded), whole(failed))
