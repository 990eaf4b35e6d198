"""Engines with one safeguard taken out: a simulation that cannot tell them is worth nothing.

Each mutant is the engine as it is, with one place of it changed while it runs. The place is named
beside the change.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tests.twolane.chaos.places import replaced
from tests.twolane.chaos.play import play
from twolane import run
from twolane.core.budget import Budget
from twolane.core.identity import Echo, make_custom_id
from twolane.core.pricing import LanePrices, Rates
from twolane.core.states import BatchState
from twolane.errors import ConnectionFailedError, TransientError
from twolane.ledger import Ledger
from twolane.providers.anthropic import AnthropicProvider
from twolane.worker import Context, Policy, collect, judge
from twolane.worker.hedge import Hedge
from twolane.worker.judge import Judge
from twolane.worker.loop import Worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence

    from tests.twolane.chaos.schedule import Schedule
    from twolane.core.types import BatchInfo, Lane
    from twolane.ledger import BatchRow, ItemRow, RunRow, SentItem, Settlement


@dataclass(frozen=True, slots=True)
class Mutant:
    """An engine without one safeguard: what it lacks, and the places that are replaced."""

    name: str
    lacks: str
    places: tuple[tuple[Any, str, Any], ...]


@dataclass(frozen=True, slots=True)
class Caught:
    """When a mutant was caught: by which schedule, from 1 (None: by none), and by what."""

    mutant: Mutant
    count: int | None
    by: str


def hunt(mutant: Mutant, schedules: Iterable[Schedule]) -> Caught:
    """Play schedules until an invariant breaks under the mutant."""
    with replaced(mutant.places):
        for count, schedule in enumerate(schedules, 1):
            if broken := play(schedule).broken:
                return Caught(mutant, count, broken[0])
    return Caught(mutant, None, "")


# -- the intent is forgotten: Ledger.move_batch -----------------------------------------------

_move_batch = Ledger.move_batch


def _move_late(self: Ledger, batch: BatchRow, state: BatchState, **steps: Any) -> BatchRow:  # noqa: ANN401
    """Write that a batch is being sent only together with what became of it."""
    if state is BatchState.SENDING:
        newest = steps["newest"] or (None, None)
        return replace(batch, state=state, newest_id=newest[0], newest_at=newest[1])
    if self.batch(batch.batch_no).state is BatchState.INTENDED and state is not BatchState.REFUSED:
        newest = (batch.newest_id, batch.newest_at) if batch.newest_id else None
        _move_batch(self, batch, BatchState.SENDING, newest=newest)
    return _move_batch(self, batch, state, **steps)


# -- a cancellation is recorded when it was taken: Ledger.ask_to_cancel, Ledger.move_batch -----


def _ask_untold(self: Ledger, batch: BatchRow, *, reason: str, now: float) -> BatchRow:
    """Keep in memory that a batch is about to be canceled."""
    return replace(self.batch(batch.batch_no), cancel_at=now, reason=reason)


def _move_canceled(self: Ledger, batch: BatchRow, state: BatchState, **steps: Any) -> BatchRow:  # noqa: ANN401
    """Write it once the provider has taken it."""
    moved = _move_batch(self, batch, state, **steps)
    if state is BatchState.CANCELING and batch.cancel_at is not None:
        return _ask_to_cancel(self, moved, reason=batch.reason, now=batch.cancel_at)
    return moved


_ask_to_cancel = Ledger.ask_to_cancel


# -- a create is retried blindly: AnthropicProvider.create_batch ------------------------------

_create_batch = AnthropicProvider.create_batch


async def _create_twice(
    self: AnthropicProvider,
    body: AsyncIterable[bytes],
    size_bytes: int,
    *,
    betas: Sequence[str] = (),
) -> BatchInfo:
    """Post again, once, when the answer is an error or does not come."""
    pieces = [piece async for piece in body]

    async def again() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    try:
        return await _create_batch(self, again(), size_bytes, betas=betas)
    except (ConnectionFailedError, TransientError):
        return await _create_batch(self, again(), size_bytes, betas=betas)


# -- an index counts inside its batch: Judge.custom_id ----------------------------------------


def _place_id(self: Judge, item: ItemRow, nonce: str) -> str:
    """Make the id of the item's place among as many as a batch holds, and of nothing else."""
    return make_custom_id(item.index % self._context.run.batch_size, "", nonce)


# -- the reserve is dropped: Budget.reserve and Budget.settle ---------------------------------


def _reserve_nothing(self: Budget, reserve_nano: int) -> None:
    """Set nothing aside."""


def _settle_cost(self: Budget, _: int, cost_nano: int) -> None:
    """Book the cost, and release nothing."""
    self.spent_nano += cost_nano


# -- a call cut off counts as free: Judge.uncertain -------------------------------------------


def _certainly_free(self: Judge, sent: SentItem, message: str) -> Settlement:
    """Take what is uncertain for never sent."""
    return self.unsent(sent, message, "connection")


# -- an unknown create is given no time to show up: the Policy that Run makes -----------------


def _no_grace(poll_s: float, concurrency: int, _: float) -> Policy:
    """Make a policy without the grace."""
    return Policy(poll_s, concurrency, 0.0)


# -- any reference will do: judge.check_echo --------------------------------------------------


def _always_ok(_: str, __: str) -> Echo:
    """Believe every answer."""
    return Echo.OK


# -- a lane's price is the other's: LanePrices.rates ------------------------------------------


def _list_price(self: LanePrices, _: Lane) -> Rates:
    """Return what real time costs, always."""
    return self.realtime


# -- what is asked again is written before it is: Recorder.write in Worker.recover ------------


async def _recover_late(self: Worker) -> None:
    """Forget the calls that an earlier process had out, and follow its batches."""
    ledger = self._context.ledger
    sent = ledger.sent

    def none_out(run: RunRow, *, batch_no: int | None) -> list[SentItem]:
        return sent(run, batch_no=batch_no) if batch_no is not None else []

    ledger.sent = none_out  # type: ignore[method-assign]
    try:
        await _recover(self)
    finally:
        ledger.sent = sent  # type: ignore[method-assign]


_recover = Worker.recover


# -- every deadline is strict: Context.strict -------------------------------------------------


def _always(_: Context) -> bool:
    """Let lanes race whenever a cancellation takes long."""
    return True


# -- a deadline gives no batch up: Hedge.left_s -----------------------------------------------


async def _plenty(_: Hedge) -> float:
    """Leave batches all the time in the world."""
    return math.inf


MUTANTS = (
    Mutant(
        "forget the intent",
        "a batch is posted before the ledger says that it is being sent",
        ((Ledger, "move_batch", _move_late),),
    ),
    Mutant(
        "retry a create",
        "a create without an answer is posted again at once",
        ((AnthropicProvider, "create_batch", _create_twice),),
    ),
    Mutant(
        "index per batch",
        "the custom_id counts places of a batch instead of items of the run",
        ((Judge, "custom_id", _place_id),),
    ),
    Mutant(
        "skip the count",
        "results that end early are taken as complete at the first read",
        ((collect, "COMPLETE_FETCHES", 1),),
    ),
    Mutant(
        "drop the reserve",
        "nothing is set aside before a request leaves",
        ((Budget, "reserve", _reserve_nothing), (Budget, "settle", _settle_cost)),
    ),
    Mutant(
        "cancel untold",
        "that a batch is to be canceled is recorded only once the provider has taken it",
        ((Ledger, "ask_to_cancel", _ask_untold), (Ledger, "move_batch", _move_canceled)),
    ),
    Mutant(
        "call it free",
        "a call that was cut off is booked as if it had never left",
        ((Judge, "uncertain", _certainly_free),),
    ),
    Mutant(
        "forget the calls",
        "a process does not look for the calls that an earlier one had out",
        ((Worker, "recover", _recover_late),),
    ),
    Mutant(
        "skip the grace",
        "a batch that is not in the list at once counts as never arrived",
        ((run, "Policy", _no_grace),),
    ),
    Mutant(
        "skip the echo",
        "an answer is believed whatever reference it repeats",
        ((judge, "check_echo", _always_ok),),
    ),
    Mutant(
        "race at once",
        "what a late batch owes is sent in real time before the batch has ended",
        ((Context, "strict", property(_always)),),
    ),
    Mutant(
        "miss the deadline",
        "late batches are not given up",
        ((Hedge, "left_s", _plenty),),
    ),
    Mutant(
        "one price",
        "batches are booked at the price of real time",
        ((LanePrices, "rates", _list_price),),
    ),
)
