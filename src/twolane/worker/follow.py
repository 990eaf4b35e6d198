"""Batches in progress: polled in parallel until each ends, given up if a deadline requires it."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING

from twolane.core.cooldown import wait_s
from twolane.core.deadline import LATE
from twolane.core.expiry import overdue_at, results_expire_at
from twolane.core.outside import clamped
from twolane.core.retry import FaultClass, RetryDecision, decide
from twolane.core.states import BatchState
from twolane.errors import LongWaitError, ProviderError
from twolane.ledger.orphans import NEVER_ARRIVED
from twolane.worker.collect import collect
from twolane.worker.context import Denial, SettledAttempt, Troubles, asked_s
from twolane.worker.hedge import Hedge

if TYPE_CHECKING:
    from collections.abc import Callable

    from twolane.core.types import BatchInfo, Outcome
    from twolane.ledger import BatchRow, ItemRow, SentItem, Settlement
    from twolane.worker.context import Context
    from twolane.worker.judge import Judge
    from twolane.worker.reconcile import Reconciler
    from twolane.worker.recorder import Recorder

# A batch that is given up is asked after more often: what it leaves over is waited for.
HASTY_POLL_S = 5.0
# Then it is not what is waited for any more.
HASTY_FOR_S = 3_600.0
# A cancellation takes minutes; of one that takes hours nothing will come.
CANCEL_PATIENCE_S = 3_600.0
# A fresh batch id may answer 404 for minutes; only after this long, and absent from a complete
# list, is a batch given up.
LOST_AFTER_S = 3_600.0
UNDECIDED = "the results that could tell whether it arrived are gone; it may have been paid for"


class Follower:
    """Follows every open batch of one run to its end and has it collected."""

    def __init__(
        self,
        context: Context,
        judge: Judge,
        recorder: Recorder,
        reconciler: Reconciler,
        race: Callable[[list[ItemRow]], None],
    ) -> None:
        """Follow the batches of `context`'s run; `race` sends items in real time as well."""
        self._context = context
        self._judge = judge
        self._recorder = recorder
        self._reconciler = reconciler
        self._race = race
        self._raced: set[int] = set()
        self._canceled = False
        # Polls and cancellations move batches side by side: each looks and moves without the other.
        self._moving = asyncio.Lock()
        self._collecting = asyncio.Semaphore(1)
        self._unlisted = Troubles()
        self.hedge = Hedge(context)
        self.following: dict[int, asyncio.Task[None]] = {}
        self.open: dict[int, BatchRow] = {}

    @property
    def unresolved(self) -> bool:
        """Whether it is unknown for some batch if the provider has it."""
        unknown = (BatchState.UNKNOWN, BatchState.PROVISIONAL)
        return any(batch.state in unknown for batch in self.open.values())

    def follow(self, batch: BatchRow) -> None:
        """Watch a batch until it is collected."""
        self.open[batch.batch_no] = batch
        task = asyncio.get_running_loop().create_task(self._follow(batch))
        self.following[batch.batch_no] = task

        def done(task: asyncio.Task[None]) -> None:
            self.following.pop(batch.batch_no, None)
            self.open.pop(batch.batch_no, None)
            self._context.ended(task)

        task.add_done_callback(done)

    async def cancel_all(self) -> None:
        """Ask the provider to end every batch early, now or as soon as possible.

        Each is then collected: its finished answers were billed.
        """
        self._canceled = True
        for batch in list(self.open.values()):
            await self._cancel(batch, "canceled with the run")

    async def _cancel(self, batch: BatchRow, reason: str) -> None:
        context, ledger = self._context, self._context.ledger
        # Recorded first: whoever finds canceled items in it has to know that it was us.
        ask = partial(ledger.ask_to_cancel, reason=reason, now=context.now())
        if not await self._while_submitted(batch, ask):
            return
        with contextlib.suppress(ProviderError):
            await context.provider.cancel_batch(batch.provider_id or "")
            # While the answer was on its way the batch may have ended, or the run stopped.
            await self._while_submitted(
                batch, lambda now: ledger.move_batch(now, BatchState.CANCELING, reason=now.reason)
            )

    async def _while_submitted(
        self, batch: BatchRow, change: Callable[[BatchRow], BatchRow]
    ) -> bool:
        """Change a batch as it is now, unless it is no longer at work; tell whether it was."""
        async with self._moving:
            now = self.open.get(batch.batch_no)
            if now is None or now.state is not BatchState.SUBMITTED:
                return False
            self.open[batch.batch_no] = await self._context.db(change, now)
            return True

    async def give_back(self, batch: BatchRow, state: BatchState, reason: str, kind: str) -> None:
        """Close a batch whose results will never come: its items become pending again.

        That costs nothing if the provider never accepted it; a lost batch may have been billed.
        """
        judge = self._judge
        if state is BatchState.LOST and not self._context.provider.ephemeral:
            await self._close(batch, state, reason, lambda one: judge.uncertain(one, reason))
        else:
            await self._close(batch, state, reason, lambda one: judge.unsent(one, reason, kind))

    async def fail(self, batch: BatchRow, reason: str, outcome: Outcome) -> None:
        """Close a batch that was refused for its content: `outcome` is its items' ending."""
        judge = self._judge
        await self._close(batch, BatchState.REFUSED, reason, lambda one: judge.ending(one, outcome))

    async def _close(
        self,
        batch: BatchRow,
        state: BatchState,
        reason: str,
        ending: Callable[[SentItem], Settlement],
    ) -> None:
        context = self._context
        sent = await context.db(context.ledger.sent, context.run, batch_no=batch.batch_no)
        endings = [SettledAttempt(one, ending(one)) for one in sent if not one.settled]
        close = partial(context.ledger.close_batch, batch=batch, state=state, reason=reason)
        async with self._moving:
            await self._recorder.write(endings, close)
            self.open.pop(batch.batch_no, None)

    async def _follow(self, batch: BatchRow) -> None:
        if batch.state in (BatchState.UNKNOWN, BatchState.PROVISIONAL):
            found = await self._reconciler.resolve(batch)
            if found is None:
                return
            if found.state is BatchState.UNKNOWN:
                await self.give_back(found, BatchState.REFUSED, NEVER_ARRIVED, "never_arrived")
                return
            if found.state is BatchState.PROVISIONAL:
                await self.give_back(found, BatchState.LOST, UNDECIDED, "lost")
                return
            self.open[batch.batch_no] = batch = found
        if batch.state is not BatchState.ENDED:
            ended = await self._until_ended(batch)
            if ended is None:
                return
            batch = ended
        async with self._collecting:
            await collect(self._context, self._judge, self._recorder, batch)

    async def _until_ended(self, batch: BatchRow) -> BatchRow | None:
        """Poll until the batch ends; None if the run stops, or the batch is lost, before."""
        context, pause_s = self._context, self._context.policy.poll_s
        denial, troubles = Denial(), Troubles()
        while True:
            trouble: ProviderError | None = None
            try:
                info = await context.provider.retrieve_batch(batch.provider_id or "")
            except ProviderError as error:
                # An unreachable poll does not end a run: the batch works on, and bills.
                trouble = error
                if context.gives_up(error, troubles):
                    return None
                denied = error.status == 404  # noqa: PLR2004
                if denied and await self._lost(batch, denial.lasted_s(context.steady_s())):
                    return None
            else:
                denial, troubles = Denial(), Troubles()
                if info.status == "ended":
                    return await self._ended(batch, info)
                if await self._is_overdue(self._open(batch), info):
                    return None
                if self._canceled:
                    await self._cancel(self._open(batch), "canceled with the run")
            jittered_s = pause_s * (0.9 + 0.2 * context.random.random())
            look_s = min(jittered_s, await self._keep_deadline(batch))
            if not await self._until_next_look(batch, look_s, trouble):
                return None
            pause_s = context.next_pause_s(pause_s)

    async def _until_next_look(
        self, batch: BatchRow, look_s: float, trouble: ProviderError | None
    ) -> bool:
        """Wait until a batch is asked after again, in sight where the last look failed."""
        context = self._context
        if trouble is None:
            return await context.pause(look_s)
        pause_s = wait_s(look_s, asked_s(trouble), jitter=context.random.random())
        why = f"batch {batch.provider_id} cannot be asked after: {trouble}"
        return await context.wait(pause_s, f"batch {batch.batch_no}", why)

    async def _is_overdue(self, batch: BatchRow, info: BatchInfo) -> bool:
        """Tell whether a batch is waited for no longer that should have ended long ago.

        The run stops, and a later one asks again. The batch counts as lost where its results are
        kept no longer, or where it was to be canceled and does not even end then.
        """
        context, now = self._context, self._context.now()
        submitted_at = batch.intended_at if batch.submitted_at is None else batch.submitted_at
        if now < overdue_at(submitted_at, info.expires_at):
            return False
        why = f"it is {info.status or 'in no state'} long after it should have ended"
        in_vain = batch.cancel_at is not None and now >= batch.cancel_at + CANCEL_PATIENCE_S
        if now >= results_expire_at(submitted_at) or (self._canceled and in_vain):
            await self.give_back(batch, BatchState.LOST, f"the provider lost it: {why}", "lost")
        elif not self._canceled:
            context.stop(
                LongWaitError(
                    f"batch {batch.provider_id} does not end: {why}; resume the run later to ask "
                    "again, or cancel it"
                )
            )
        else:
            return False
        return True

    async def _ended(self, batch: BatchRow, info: BatchInfo) -> BatchRow:
        context = self._context
        async with self._moving:
            now = self._open(batch)
            ended = await context.db(
                context.ledger.move_batch,
                now,
                BatchState.ENDED,
                # Why it was given up stays with it to the end.
                reason=now.reason,
                ended_at=clamped(
                    info.ended_at or context.now(),
                    now.submitted_at or now.intended_at,
                    context.now(),
                ),
            )
            self.open[batch.batch_no] = ended
        return ended

    def _open(self, batch: BatchRow) -> BatchRow:
        return self.open[batch.batch_no]

    async def _keep_deadline(self, batch: BatchRow) -> float:
        """Give a late batch up, and return how long may be waited before the next look.

        Nothing of it is sent in real time before it has ended, unless the deadline is strict and
        the cancellation itself takes too long.
        """
        left_s = await self.hedge.left_s()
        if left_s > 0:
            return left_s
        context = self._context
        await self._cancel(self._open(batch), LATE)
        canceling = self._open(batch).state is BatchState.CANCELING
        asked_at = self._open(batch).cancel_at
        hasty_s = min(HASTY_POLL_S, context.policy.poll_s)
        if asked_at is not None and context.now() - asked_at > HASTY_FOR_S:
            hasty_s = context.policy.poll_s
        if not (context.strict and canceling) or batch.batch_no in self._raced:
            return hasty_s
        overdue_s = await self.hedge.overdue_s()
        if overdue_s < 0:
            return min(hasty_s, -overdue_s)
        self._raced.add(batch.batch_no)
        sent = await context.db(context.ledger.sent, context.run, batch_no=batch.batch_no)
        self._race([one.item for one in sent if not one.settled and _may_race(one.item)])
        return hasty_s

    async def _lost(self, batch: BatchRow, denied_s: float) -> bool:
        """Close a batch that the provider has denied for long enough; tell whether it is so.

        Or whether the run stops, as the list cannot be read.
        """
        context = self._context
        if not context.provider.ephemeral:
            if denied_s < LOST_AFTER_S:
                return False
            try:
                listed = await self._reconciler.is_listed(batch.provider_id or "")
            except ProviderError as error:
                return context.gives_up(error, self._unlisted)
            self._unlisted = Troubles()
            if listed:
                return False
        await self.give_back(
            self._open(batch), BatchState.LOST, "the provider lost the batch", "lost"
        )
        return True


def _may_race(item: ItemRow) -> bool:
    """Tell whether the item has a try left: processes that die in each race would pay for ever."""
    decision = decide(FaultClass.DROPPED, attempt=item.tries, again=True)
    return decision is RetryDecision.RESEND
