"""The transition tables: the only place that says which state may follow which.

The ledger refuses every step that is not in these tables, and the diagrams in the documentation
are generated from them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping


class ItemState(StrEnum):
    """The state of an item; every item is in exactly one."""

    PENDING = "pending"
    RUNNING = "running"
    SUBMITTED = "submitted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    SKIPPED = "skipped"
    CONFLICT = "conflict"
    QUARANTINED = "quarantined"


class BatchState(StrEnum):
    """The state of a batch, from the intent to its last result."""

    INTENDED = "intended"
    SENDING = "sending"
    UNKNOWN = "unknown"
    PROVISIONAL = "provisional"
    SUBMITTED = "submitted"
    CANCELING = "canceling"
    ENDED = "ended"
    COLLECTED = "collected"
    REFUSED = "refused"
    LOST = "lost"
    ORPHAN = "orphan"


class RunState(StrEnum):
    """The state of a run; only an `open` one has work to do by itself."""

    OPEN = "open"
    DONE = "done"
    STOPPED = "stopped"
    CANCELED = "canceled"


_I = ItemState
ITEM_STEPS: Mapping[ItemState, frozenset[ItemState]] = {
    _I.PENDING: frozenset({_I.RUNNING, _I.SUBMITTED, _I.FAILED, _I.CANCELED, _I.SKIPPED}),
    # Between running and submitted: a batch too late for a strict deadline is raced by a real-time
    # call, and has its item to itself again where that call ends without an answer.
    _I.RUNNING: frozenset(
        {_I.PENDING, _I.SUBMITTED, _I.SUCCEEDED, _I.FAILED, _I.CANCELED, _I.QUARANTINED}
    ),
    _I.SUBMITTED: frozenset(
        {_I.PENDING, _I.RUNNING, _I.SUCCEEDED, _I.FAILED, _I.CANCELED, _I.QUARANTINED}
    ),
    # The source may change between the answer and the moment it would be written.
    _I.SUCCEEDED: frozenset({_I.CONFLICT}),
    # A person may ask again for what failed, or give more money for what was left out.
    _I.FAILED: frozenset({_I.PENDING}),
    _I.SKIPPED: frozenset({_I.PENDING}),
    _I.CANCELED: frozenset(),
    _I.CONFLICT: frozenset(),
    _I.QUARANTINED: frozenset({_I.PENDING}),
}

_B = BatchState
BATCH_STEPS: Mapping[BatchState, frozenset[BatchState]] = {
    _B.INTENDED: frozenset({_B.SENDING, _B.REFUSED}),
    # Certainly refused for now (a rate limit): the same batch may be posted again.
    _B.SENDING: frozenset({_B.SUBMITTED, _B.UNKNOWN, _B.INTENDED}),
    _B.UNKNOWN: frozenset({_B.PROVISIONAL, _B.SUBMITTED, _B.REFUSED}),
    # Lost: the results that could have told whether it arrived are gone.
    _B.PROVISIONAL: frozenset({_B.SUBMITTED, _B.UNKNOWN, _B.LOST}),
    _B.SUBMITTED: frozenset({_B.CANCELING, _B.ENDED, _B.LOST}),
    _B.CANCELING: frozenset({_B.ENDED, _B.LOST}),
    _B.ENDED: frozenset({_B.COLLECTED, _B.LOST}),
    _B.COLLECTED: frozenset(),
    # Given up as never arrived, and there after all: what it cost is booked.
    _B.REFUSED: frozenset({_B.ORPHAN}),
    _B.LOST: frozenset(),
    _B.ORPHAN: frozenset(),
}

_R = RunState
RUN_STEPS: Mapping[RunState, frozenset[RunState]] = {
    _R.OPEN: frozenset({_R.DONE, _R.STOPPED, _R.CANCELED}),
    _R.DONE: frozenset({_R.OPEN}),
    _R.STOPPED: frozenset({_R.OPEN}),
    _R.CANCELED: frozenset(),
}

TERMINAL_ITEMS = frozenset(
    {_I.SUCCEEDED, _I.FAILED, _I.CANCELED, _I.SKIPPED, _I.CONFLICT, _I.QUARANTINED}
)
IN_FLIGHT_ITEMS = frozenset({_I.RUNNING, _I.SUBMITTED})
CLOSED_BATCHES = frozenset({_B.COLLECTED, _B.REFUSED, _B.LOST, _B.ORPHAN})

S = TypeVar("S", ItemState, BatchState, RunState)


def sources(table: Mapping[S, frozenset[S]], target: S) -> frozenset[S]:
    """Return every state from which `target` may be reached in one step."""
    return frozenset(state for state, nexts in table.items() if target in nexts)
