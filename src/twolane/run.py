"""One run: driven to its end by one process, watched and canceled from any."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from twolane.core.budget import Budget
from twolane.core.climbing import Climber
from twolane.core.deadline import Tempo
from twolane.core.pacing import Pacer
from twolane.core.packing import batch_size
from twolane.core.render import Renderer
from twolane.core.states import TERMINAL_ITEMS, ItemState, RunState
from twolane.errors import ConfigError, SpendCapError
from twolane.ledger import controls, history, item_id, months, retrying, standing
from twolane.ledger.guards import check_workable
from twolane.ledger.runlock import run_lock
from twolane.open_files import calls_within_limit
from twolane.replacing import replace_unsent
from twolane.worker import Context, Policy, Worker

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    from twolane.config import Settings
    from twolane.core.pricing import LanePrices
    from twolane.core.types import Counts, Report, Request, Wait
    from twolane.ledger import BatchRow, Ledger, RunRow
    from twolane.outcomes import ItemOutcome
    from twolane.providers.base import Provider
    from twolane.reader import Reader
    from twolane.worker import SettledAttempt

P = ParamSpec("P")
T = TypeVar("T")

ALL_STAGES = 1 << 30
BUDGET_OVER = "the budget is spent"
MONTH_OVER = "the budget of the month is spent"
"""The reason for a stopped run, as stored in the ledger."""


@dataclass(frozen=True, slots=True)
class RunFiles:
    """A run's files outside the ledger: locks, and bodies in transit."""

    locks: Path
    spool: Path


@dataclass(frozen=True, slots=True)
class Progress:
    """A run's current state; `tempo` is how long its batches are expected to take.

    `waiting` is what it waits for if nothing else can be done, as far as this process knows.
    """

    items: Counts
    batches: tuple[BatchRow, ...]
    calls_in_flight: int
    spent_nano: int
    tempo: Tempo = field(default=Tempo())
    waiting: Wait | None = None


class Run:
    """A run of the ledger, driven here or only read."""

    def __init__(
        self,
        row: RunRow,
        *,
        ledger: Ledger,
        reader: Reader,
        provider: Provider,
        prices: Callable[[], LanePrices],
        settings: Settings,
        files: RunFiles,
        executor: Executor | None,
        now: Callable[[], float],
        draw: random.Random,
    ) -> None:
        """Take the run's row and what driving it needs; an Engine creates runs."""
        self.row = row
        self._ledger = ledger
        self._reader = reader
        self._provider = provider
        self._prices = prices
        self._settings = settings
        self._files = files
        self._executor = executor
        self._now = now
        self._draw = draw
        self._context: Context | None = None
        self._worker: Worker | None = None
        self._stopping = False
        self._driven: asyncio.Event | None = None
        self.listeners: list[Callable[[Sequence[SettledAttempt]], None]] = []

    @property
    def id(self) -> str:
        """The run's id, as commands take it."""
        return self.row.id

    # -- driving ------------------------------------------------------------------------------

    async def drive(self, stage: int | None = None) -> RunState:
        """Work until every item up to `stage` (None: of all stages) has ended.

        Returns the run's state: `open` if later stages, or a stop, leave work to do. Raises
        LedgerLockedError if another process works on the run, and the provider's error if it
        refuses the whole run; everything received is booked first.
        """
        with self._lock(), self._driven_here():
            started = time.monotonic()
            self.row = await self._workable()
            if self.row.state is RunState.CANCELED:
                return self.row.state
            if self.row.state is RunState.STOPPED:
                await self._db(
                    months.make_room, self._ledger.store, self.row, self._month_cap, now=self._now()
                )
            if self.row.state is not RunState.OPEN:
                self.row = await self._move(RunState.OPEN, "")
            worker = self._worker = self._worker or await self._begin()
            reason = "stopped; the same command goes on"
            try:
                await worker.drive(ALL_STAGES if stage is None else stage)
                reason = ""
            except Exception as error:
                reason = str(error)
                raise
            finally:
                await self._settle(worker, reason, time.monotonic() - started)
        return self.row.state

    @contextlib.contextmanager
    def _driven_here(self) -> Iterator[None]:
        self._driven = driven = asyncio.Event()
        try:
            yield
        finally:
            self._driven = None
            self._stopping = False
            driven.set()

    async def let_go(self) -> None:
        """Stop the run if it is driven here, and wait until everything in flight is booked."""
        if self._driven is not None:
            self.stop()
            await self._driven.wait()

    async def _begin(self) -> Worker:
        """Put the worker together and take up what an earlier process left."""
        if self._provider.name != self.row.provider:
            message = (
                f"run {self.id} was started with the provider {self.row.provider}, and here it is "
                f"{self._provider.name}; set its key, or name it with --provider"
            )
            raise ConfigError(message)
        served = await self._provider.connect(self.row.model, self.row.begun_at)
        if served is not None and served.base_url != self.row.base_url:
            message = (
                f"run {self.id} was started with the server at {self.row.base_url}, and here it "
                f"is {served.base_url}; name the other with --base-url, or start over with --again"
            )
            raise ConfigError(message)
        self.row = await self._db(
            standing.set_place, self._ledger, self.row, self._provider.base_url
        )
        if self._settings.batch_size is not None:
            size = batch_size(self.row.total, self._settings.batch_size, self._provider.limits)
            if size != self.row.batch_size:
                self.row = await self._db(standing.set_batch_size, self._ledger, self.row, size)
        # Every attempt is looked at for that: only where a cap asks what is left of it.
        capped = self.row.cap_nano is not None
        spent, reserved = await self._db(self._ledger.money, self.row) if capped else (0, 0)
        shared = self.row.shared
        settings = self._settings
        for left_over in self._files.spool.glob(f"{self.id}-*"):
            left_over.unlink(missing_ok=True)
        concurrency = calls_within_limit(settings.concurrency)
        self._context = Context(
            run=self.row,
            ledger=self._ledger,
            provider=self._provider,
            prices=self._prices(),
            renderer=Renderer(shared, cache=bool(self.row.setting("cache"))),
            budget=Budget(self.row.cap_nano, spent, reserved, self._month_cap),
            policy=Policy(settings.poll_s, concurrency, settings.reconcile_grace_s),
            pacer=_pacer(concurrency, self._provider.traits.first_calls),
            spool=self._files.spool,
            executor=self._executor,
            random=self._draw,
            now=self._now,
            listeners=self.listeners,
            reached=await self._db(standing.was_answered, self._ledger, self.row),
        )
        if self._stopping:
            self._context.stop()
        limits = await self._db(
            history.minute_limits, self._ledger, self._workspace(), self.row.model
        )
        self._context.pacer.expect(limits, self._context.steady_s())
        worker = Worker(self._context)
        await worker.recover()
        return worker

    async def _settle(self, worker: Worker, reason: str, worked_s: float) -> None:
        """Write down how the run stands when work on it ends here, and what was learned."""
        if self._context is not None:
            await self._db(
                history.keep_limits,
                self._ledger,
                self._workspace(),
                self.row.model,
                self._context.pacer.limits,
                now=self._now(),
            )
        items = await self._db(self._reader.counts, self.row)
        open_batches = await self._db(self._ledger.batches, self.row, open_only=True)
        state = RunState.OPEN
        if worker.canceled and not open_batches:
            state = RunState.CANCELED
        elif self._context is not None and isinstance(self._context.fatal, SpendCapError):
            state = RunState.STOPPED
        elif worker.blocked_by_budget or (items.open == 0 and items.skipped):
            of_month = await self._db(months.keeps_back, self._ledger.store, self.row)
            state, reason = RunState.STOPPED, MONTH_OVER if of_month else BUDGET_OVER
        elif items.open == 0 and not open_batches:
            state = RunState.DONE
        self.row = await self._move(state, reason, worked_s)
        if state is not RunState.OPEN or self.interrupted:
            self._worker = None

    def _workspace(self) -> history.Workspace:
        return history.Workspace(self._provider.base_url, self._provider.key_fingerprint)

    async def _move(self, state: RunState, reason: str, worked_s: float = 0.0) -> RunRow:
        return await self._db(
            self._ledger.move_run,
            self.row,
            state,
            reason=reason,
            now=self._now(),
            worked_s=worked_s,
        )

    def _lock(self) -> contextlib.AbstractContextManager[None]:
        """Hold the run: one process works on it; all others may read, decide and cancel."""
        return run_lock(self._files.locks, self.id)

    async def _workable(self) -> RunRow:
        """Return the row as it is now. Raises LedgerError if no work may be done on it here."""
        row = await self._db(self._ledger.run, self.id)
        check_workable(row)
        return row

    async def __aiter__(self) -> AsyncIterator[ItemOutcome]:
        """Drive the run and iterate its items' outcomes as they become durable.

        Items that had ended before come first.
        """
        ended: asyncio.Queue[int | None] = asyncio.Queue()

        def listen(settled: Sequence[SettledAttempt]) -> None:
            for one in settled:
                if one.settlement.item_state in TERMINAL_ITEMS:
                    ended.put_nowait(one.sent.item.index)

        before = await self._db(self._ended)
        seen = set(before)
        self.listeners.append(listen)
        driving = asyncio.get_running_loop().create_task(self.drive())
        driving.add_done_callback(lambda _: ended.put_nowait(None))
        try:
            for index in before:
                yield await self.outcome(index)
            while (index_or_end := await ended.get()) is not None:
                if index_or_end not in seen:
                    seen.add(index_or_end)
                    yield await self.outcome(index_or_end)
            await driving
            # What ended without an answer: canceled before it was sent, left out by the budget.
            for index in await self._db(self._ended):
                if index not in seen:
                    yield await self.outcome(index)
        finally:
            self.listeners.remove(listen)
            if not driving.done():
                self.stop()
                await asyncio.wait([driving])

    def _ended(self) -> list[int]:
        return [item.index for item in self._ledger.items(self.row) if item.state in TERMINAL_ITEMS]

    @property
    def interrupted(self) -> bool:
        """Whether the work here was told to stop before it was finished."""
        return self._context is not None and self._context.stopping.is_set()

    def stop(self) -> None:
        """Start nothing new and end once nothing is in flight; the run can be resumed later.

        If called before driving has begun, it ends the next `drive` after its first step.
        """
        self._stopping = True
        if self._context is not None:
            self._context.stop()

    # -- changing from outside ----------------------------------------------------------------

    async def cancel(self, key: str | None = None) -> bool:
        """Ask for the run, or the item with this key, to be canceled; False if there is no such item.

        The process that works on the run carries it out; otherwise the next one will. Raises
        HandedOverError.
        """
        return await self._db(controls.cancel, self._ledger, self.row, key, now=self._now())

    async def set_cap(self, cap_nano: int | None) -> None:
        """Change the run's cap; items that the old cap left out are pending again."""
        with self._lock():
            await self._workable()
            self.row = await self._db(self._ledger.set_cap, self.row, cap_nano)
            self._worker = None
            await self._reopen()

    async def replace(self, requests: Iterable[Request]) -> int:
        """Replace the requests of items that were never sent; return how many were.

        Each request names its item by `key`, and replaces its messages and `content_hash`; what
        was sent before, or has ended, is left as it is. All are replaced or, on an error, none.
        Raises InputError for a key that the run does not have, or if another member of the params
        differs; LedgerLockedError if another process works on the run.
        """
        with self._lock():
            await self._workable()
            return await self._db(replace_unsent, self._ledger, self.row, requests, self._provider)

    async def retry_failed(self, *, everything: bool = False) -> int:
        """Make failed items pending again; return how many.

        Those that would fail the same way again (`always_failing`) stay failed, unless
        `everything`.
        """
        with self._lock():
            await self._workable()
            count = await self._db(
                retrying.retry_failed, self._ledger, self.row, everything=everything
            )
            if count:
                await self._reopen()
        return count

    async def always_failing(self) -> Mapping[str, int]:
        """Count the failed items that a retry leaves, by the kind of their failure."""
        return await self._db(retrying.always_failing, self._ledger, self.row)

    async def _reopen(self) -> None:
        if self.row.state is not RunState.OPEN:
            self.row = await self._move(RunState.OPEN, "")

    async def index_of(self, key: str) -> int | None:
        """Return the index of the item with this key, None if there is none."""
        found = await self._db(self._ledger.item_by_key, self.row, key)
        return None if found is None else found.index

    async def mark_conflict(self, index: int, reason: str) -> bool:
        """Revoke a success whose source changed before its use; tell whether it was a success."""
        return bool(
            await self._db(
                self._ledger.move_item,
                item_id(self.row.run_no, index),
                ItemState.CONFLICT,
                reason=reason,
            )
        )

    # -- looking ------------------------------------------------------------------------------

    async def report(self) -> Report:
        """Return the run's report so far."""
        self.row = await self._db(self._ledger.run, self.id)
        return await self._db(self._reader.report, self.row)

    @property
    def _month_cap(self) -> int | None:
        return self._settings.month_cap_nano

    async def progress(self) -> Progress:
        """Return the run's current progress."""
        items = await self._db(self._reader.counts, self.row)
        spent = await self._db(self._reader.spent_nano, self.row)
        worker = self._worker
        return Progress(
            items,
            tuple(worker.open_batches) if worker else (),
            worker.calls_in_flight if worker else 0,
            spent,
            await worker.tempo() if worker else Tempo(),
            worker.waiting if worker else None,
        )

    async def outcome(self, index: int) -> ItemOutcome:
        """Return the outcome of the item at `index`."""
        return await self._db(self._reader.outcome, self.row, index)

    def outcomes(self) -> Iterator[ItemOutcome]:
        """Iterate all items' outcomes in input order, read straight from the ledger.

        The ledger is read on this thread: do not use it while driving.
        """
        return self._reader.outcomes(self.row)

    def keys_of_stage(self, stage: int) -> tuple[str, ...]:
        """Return the keys of a stage's items in input order, 0 for the first; see `outcomes`."""
        items = self._reader.items(self.row)
        return tuple(one.key for one in items if one.stage == stage)

    async def _db(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._executor is None:
            return call(*args, **kwargs)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, lambda: call(*args, **kwargs))


def _pacer(bound: int, first_calls: int | None) -> Pacer:
    """Return a pacer for a service with limits, or one that finds out what a server can do."""
    return Pacer(bound) if first_calls is None else Climber(bound, first=first_calls)
