"""The only loop: claim pending items, send them, wait for something to happen, repeat."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from twolane.core.budget import MONTH_SPENT, RUN_SPENT
from twolane.core.states import BatchState, ItemState
from twolane.core.types import Lane, Wait
from twolane.errors import LedgerError
from twolane.ledger import controls, months, standing
from twolane.worker.batches import BatchLane
from twolane.worker.context import SettledAttempt
from twolane.worker.follow import Follower
from twolane.worker.judge import Judge
from twolane.worker.orphans import OrphanWatch
from twolane.worker.realtime import RealtimeLane
from twolane.worker.reconcile import Reconciler
from twolane.worker.recorder import Recorder

if TYPE_CHECKING:
    from twolane.core.deadline import Tempo
    from twolane.ledger import BatchRow, ItemRow
    from twolane.worker.context import Context

# How often the wishes of other processes are read while nothing else happens.
WISH_POLL_S = 1.0
# And how often at most while much does: a look is a visit to the ledger's thread.
LEAST_WISH_POLL_S = 0.1
LOOK_ROWS = 2_000
# What is over sooner is no news to anybody.
SHOWN_WAIT_S = 5.0
CANCELED_REASON = "canceled by hand"


class Worker:
    """Works on one run, stage by stage, in one process."""

    def __init__(self, context: Context) -> None:
        """Work on the run of `context`. Raises InputError if its schema cannot be used."""
        self._context = context
        self._judge = Judge(context)
        self._recorder = Recorder(context)
        self._realtime = RealtimeLane(context, self._judge, self._recorder)
        self._reconciler = Reconciler(context)
        self._follower = Follower(
            context, self._judge, self._recorder, self._reconciler, self._realtime.race
        )
        self._batches = BatchLane(context, self._judge, self._reconciler, self._follower)
        self._orphans = OrphanWatch(context, self._reconciler)
        self._obeyed_at_s = -math.inf
        run = context.run
        self._noted = Wait(run.waits_for, run.waits_until) if run.waits_for else None
        self.blocked_by_budget = False
        self.canceled = False

    @property
    def open_batches(self) -> list[BatchRow]:
        """The batches in progress, for display."""
        return list(self._follower.open.values())

    async def tempo(self) -> Tempo:
        """Return how long batches take, as far as the ledger knows."""
        return await self._follower.hedge.tempo()

    @property
    def calls_in_flight(self) -> int:
        """The real-time calls in flight."""
        return len(self._realtime.calls)

    @property
    def waiting(self) -> Wait | None:
        """What the run waits for right now, None if it is doing something."""
        own = None if self._batches.busy else self._realtime.waiting
        return self._context.waiting or own

    async def recover(self) -> None:
        """Resume what an earlier process left: book uncertain calls, follow open batches.

        Raises ConfigError if an open batch belongs to a workspace that this key cannot see.
        """
        context, judge = self._context, self._judge
        self.canceled = await context.db(
            controls.was_granted, context.ledger, context.run, controls.CANCEL
        )
        if self.canceled:
            await self._cancel_batches()
        lost = await context.db(context.ledger.sent, context.run, batch_no=None)
        if lost:
            why = "the process ended before its answer was booked"
            await self._recorder.write(
                [SettledAttempt(one, judge.uncertain(one, why)) for one in lost]
            )
        left = await context.db(context.ledger.batches, context.run, open_only=True)
        for batch in left:
            if batch.state is not BatchState.INTENDED:
                await self._check_workspace(batch)
        # Nothing is followed before the last step that can fail: no task outlives a failure here.
        for taken in [await self._take_up(batch) for batch in left]:
            if taken is not None:
                self._follower.follow(taken)

    async def _check_workspace(self, batch: BatchRow) -> None:
        if not self._context.provider.ephemeral:
            await self._reconciler.check_workspace(batch)

    async def _cancel_batches(self) -> None:
        self._batches.canceled = True
        await self._follower.cancel_all()

    async def _take_up(self, batch: BatchRow) -> BatchRow | None:
        """Bring a batch of an earlier process to where it can be followed; None: it is closed."""
        context = self._context
        if batch.state is BatchState.INTENDED:
            await self._follower.give_back(
                batch, BatchState.REFUSED, "the process ended before it was posted", "unsent"
            )
            return None
        if batch.state is BatchState.SENDING:
            batch = await context.db(
                context.ledger.move_batch,
                batch,
                BatchState.UNKNOWN,
                reason="the process ended while it was posted",
            )
        return batch

    async def drive(self, stage: int) -> None:
        """Work until every item up to `stage` has ended, or the run stops.

        Raises the error that stopped the run, once everything in flight has ended and is booked.
        """
        context = self._context
        watching = asyncio.get_running_loop().create_task(self._orphans.watch())
        watching.add_done_callback(context.ended)
        try:
            await self._work(stage)
        finally:
            watching.cancel()
        await self._recorder.drain()
        try:
            await self._note_last_wait()
        except LedgerError as error:
            context.stop(error)
        if context.fatal is not None:
            raise context.fatal
        await self._orphans.look()

    async def _work(self, stage: int) -> None:
        context = self._context
        context.stirred += 1  # by whatever has happened since it was last driven
        self._obeyed_at_s = -math.inf
        while True:
            context.wake.clear()
            held_back = await self._round(stage)
            if self._idle() and not context.wake.is_set():
                if not held_back:
                    break
                await self._leave_out(stage)
                continue
            await self._something_happens()

    async def _round(self, stage: int) -> bool:
        """Obey, and send what may leave; return whether the budget held some back.

        What goes wrong here stops the run, but what is in flight is still waited for and booked.
        """
        context = self._context
        try:
            if context.fatal is None:
                await self._obey()
            if context.stopping.is_set():
                self._realtime.let_go()
                return False
            await self._look_at_the_month()
            held_back = await self._realtime.fill(stage)
            held_back = await self._batches.fill(stage) or held_back
            self._stop_put_off()
            await self._note_wait()
        except Exception as error:  # noqa: BLE001  # it is raised at the end of the run
            context.stop(error)
            return False
        return held_back

    def _stop_put_off(self) -> None:
        """Stop where nothing is left but calls that the provider wants to come back much later."""
        late = self._realtime.put_off
        if late is not None and not self._batches.busy and not self._recorder.busy:
            self._context.stop(late)

    async def _note_last_wait(self) -> None:
        """Leave on record what a stop has cut short, and nothing where all is through."""
        if not self._context.stopping.is_set():
            self._context.waits.clear()
        await self._note(self.waiting)

    async def _note_wait(self) -> None:
        """Write down what is waited for, so that others can see it, where that takes a while."""
        context = self._context
        wait, noted = self.waiting, self._noted
        if wait is not None and wait.until is not None:
            again = noted is not None and noted.why == wait.why
            soon = wait.until - context.now() < SHOWN_WAIT_S
            wait = None if soon and not again else wait
        await self._note(wait)

    async def _note(self, wait: Wait | None) -> None:
        if wait != self._noted:
            context, self._noted = self._context, wait
            await context.db(standing.note_wait, context.ledger, context.run, wait)

    async def _look_at_the_month(self) -> None:
        """See what other runs of the ledger have spent or set aside since."""
        context = self._context
        if context.budget.month_cap_nano is not None:
            context.budget.month_nano = await context.db(
                months.spent, context.ledger.store.db, context.now()
            )

    def _idle(self) -> bool:
        """Tell whether nothing is under way that a further round could wait for."""
        if self._realtime.busy or self._recorder.busy:
            return False
        return not self._batches.busy

    async def _something_happens(self) -> None:
        try:
            async with asyncio.timeout(WISH_POLL_S):
                await self._context.wake.wait()
        except TimeoutError:
            return

    async def _leave_out(self, stage: int) -> None:
        """Set aside what the budget cannot pay for: nothing in flight can release more.

        What is smaller, and needed less, may still fit.
        """
        context, ledger = self._context, self._context.ledger
        self.blocked_by_budget = True
        context.stirred += 1
        for lane in Lane:
            after: ItemRow | None = None
            while some := await context.db(
                ledger.pending, context.run, stage=stage, lane=lane, after=after, limit=LOOK_ROWS
            ):
                after = some[-1]
                out: dict[str, list[int]] = {RUN_SPENT: [], MONTH_SPENT: []}
                for item in some:
                    if why := context.budget.why_not(self._judge.reserve_nano(item, lane)):
                        out[why].append(item.id)
                for why, items in out.items():
                    await context.db(ledger.leave_out, items, reason=why)

    async def _obey(self) -> None:
        """Carry out what other processes wish: cancel the run, or one item of it."""
        context = self._context
        if context.steady_s() - self._obeyed_at_s < LEAST_WISH_POLL_S:
            return
        self._obeyed_at_s = context.steady_s()
        for control_no, action, item in await context.db(
            controls.wishes, context.ledger, context.run
        ):
            if action == controls.CANCEL:
                context.stirred += 1
                await self._cancel(item)
            await context.db(controls.grant, context.ledger, control_no, now=context.now())

    async def _cancel(self, item: int | None) -> None:
        """Cancel one item, or all that has not ended: the same for both lanes.

        A real-time call is dropped; a batch is canceled as a whole only with the run, because no
        provider can cancel one request of it: an item's answer is then booked and not used.
        """
        context, ledger = self._context, self._context.ledger
        if item is not None:
            await context.db(ledger.move_item, item, ItemState.CANCELED, reason=CANCELED_REASON)
            self._realtime.drop(item)
            return
        self.canceled = True
        await context.db(ledger.cancel_all, context.run, reason=CANCELED_REASON)
        for one in list(self._realtime.calls):
            self._realtime.drop(one)
        await self._cancel_batches()
