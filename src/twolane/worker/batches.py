"""The batch lane: recorded as intended, posted once, polled in parallel, collected as each ends."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from twolane.core.identity import make_nonce
from twolane.core.packing import pack
from twolane.core.routing import route
from twolane.core.states import BatchState
from twolane.core.types import Lane
from twolane.errors import (
    AuthenticationError,
    ConnectionFailedError,
    ProviderError,
    SpendCapError,
    TransientError,
)
from twolane.worker.collect import collect
from twolane.worker.context import Settled
from twolane.worker.reconcile import Reconciler
from twolane.worker.spool import chunks, private

if TYPE_CHECKING:
    from pathlib import Path

    from twolane.ledger import BatchRow, ItemRow
    from twolane.worker.context import Context
    from twolane.worker.judge import Judge
    from twolane.worker.recorder import Recorder

POLL_GROWTH = 1.25
MAX_POLL_FACTOR = 10
# A fresh batch id may answer 404 for minutes; only after this long, and absent from a complete
# list, is a batch given up.
LOST_AFTER_S = 3_600.0
MAX_CREATE_FAILURES = 8
RENDER_ROWS = 500
# Of a line, beside the request: the custom_id and the members' names around it.
ID_BYTES = 100


class BatchLane:
    """Packs, posts, follows and collects the batches of one run."""

    def __init__(self, context: Context, judge: Judge, recorder: Recorder) -> None:
        """Work on the run of `context`."""
        self._context = context
        self._judge = judge
        self._recorder = recorder
        self._reconciler = Reconciler(context)
        self._create_failures = 0
        self._canceled = False
        self._collecting = asyncio.Semaphore(1)
        self.posting: asyncio.Task[None] | None = None
        self.following: dict[int, asyncio.Task[None]] = {}
        self.open: dict[int, BatchRow] = {}

    @property
    def busy(self) -> bool:
        """Whether a batch is being posted or followed."""
        return self.posting is not None or bool(self.following)

    async def fill(self, stage: int) -> bool:
        """Post the next batch if there is one; return whether the budget held some back."""
        context = self._context
        unresolved = any(
            batch.state in (BatchState.UNKNOWN, BatchState.PROVISIONAL)
            for batch in self.open.values()
        )
        if self.posting is not None or unresolved:
            # Creates go out one at a time, and none while it is unknown what became of one:
            # that keeps every unknown create recognisable in the provider's list.
            return False
        items = await context.db(
            context.ledger.pending,
            context.run,
            stage=stage,
            lane=Lane.BATCH,
            after=None,
            limit=context.run.batch_size,
        )
        if len(items) == 1 and items[0].tries and context.run.lane_forced is None:
            # A lone retry is one item: the rule for one item holds for it, too.
            await context.db(context.ledger.set_lane, [items[0].id], route(1).lane)
            context.wake.set()
            return False
        chosen = self._affordable(items)
        held_back = self._held_back(items, chosen)
        if not chosen or (held_back and self.busy):
            # What is in flight will release money, and then a fuller batch can go.
            for _, reserve in chosen:
                context.budget.settle(reserve, 0)
            return held_back
        # Recorded here and not in the task: nobody can cancel an item between the look at what
        # is pending and the claim.
        batch = await self._intend(chosen)
        post = self._post(batch, [item for item, _ in chosen])
        self.posting = asyncio.get_running_loop().create_task(post)
        self.posting.add_done_callback(self._posted)
        return held_back

    def _affordable(self, items: list[ItemRow]) -> list[tuple[ItemRow, int]]:
        """Set aside money for the items of the next batch, in order, and return both."""
        by_index = {item.index: item for item in items}
        sizes = ((item.index, item.size_bytes + ID_BYTES) for item in items)
        limits = self._context.provider.limits
        packs = pack(sizes, self._context.run.batch_size, limits.max_batch_bytes)
        chosen: list[tuple[ItemRow, int]] = []
        for index in next(packs, []):
            reserve = self._judge.reserve_nano(by_index[index], Lane.BATCH)
            if not self._context.budget.fits(reserve):
                break
            self._context.budget.reserve(reserve)
            chosen.append((by_index[index], reserve))
        return chosen

    def _held_back(self, items: list[ItemRow], chosen: list[tuple[ItemRow, int]]) -> bool:
        if len(chosen) == len(items):
            return False
        reserve = self._judge.reserve_nano(items[len(chosen)], Lane.BATCH)
        return not self._context.budget.fits(reserve)

    def _posted(self, task: asyncio.Task[None]) -> None:
        self.posting = None
        self._done(task)

    def _done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._context.stop(error)
        self._context.wake.set()

    async def cancel_all(self) -> None:
        """Ask the provider to end every batch early, now or as soon as it can be asked.

        Each is then collected: what it finished was paid for.
        """
        self._canceled = True
        for batch in list(self.open.values()):
            await self._cancel(batch)

    async def _cancel(self, batch: BatchRow) -> None:
        if batch.state is not BatchState.SUBMITTED:
            return
        context = self._context
        with contextlib.suppress(ProviderError):
            await context.provider.cancel_batch(batch.provider_id or "")
            if self.open[batch.batch_no].state is BatchState.SUBMITTED:
                self.open[batch.batch_no] = await context.db(
                    context.ledger.move_batch, batch, BatchState.CANCELING
                )

    async def check_workspace(self, batch: BatchRow) -> None:
        """See that an open batch can be found with this key. Raises ConfigError."""
        if not self._context.provider.ephemeral:
            await self._reconciler.check_workspace(batch)

    # -- posting ------------------------------------------------------------------------------

    async def _intend(self, chosen: list[tuple[ItemRow, int]]) -> BatchRow:
        context, ledger = self._context, self._context.ledger
        taken = {batch.nonce for batch in await context.db(ledger.batches, context.run)}
        while (nonce := make_nonce(context.random.randbytes(8))) in taken:
            pass
        return await context.db(
            ledger.intend_batch,
            context.run,
            [(item.id, reserve) for item, reserve in chosen],
            nonce=nonce,
            base_url=context.provider.base_url,
            key_fingerprint=context.provider.key_fingerprint,
            now=context.now(),
        )

    async def _post(self, batch: BatchRow, items: list[ItemRow]) -> None:
        body = self._context.spool / f"{self._context.run.id}-{batch.nonce}.create.json"
        try:
            size_bytes = await self._write_body(body, items, batch.nonce)
            async with self._reconciler.workspace():
                if self._canceled or self._context.stopping.is_set():
                    why = "the run was stopped before it was posted"
                    await self.give_back(batch, BatchState.REFUSED, why, "stopped")
                else:
                    await self._create(batch, body, size_bytes)
        finally:
            body.unlink(missing_ok=True)

    async def _write_body(self, path: Path, items: list[ItemRow], nonce: str) -> int:
        """Spool the create's body to disk, so that its length is known and memory stays flat."""
        context = self._context
        before, between, after = context.provider.batch_frame()
        with private(path) as out:
            out.write(before)
            for start in range(0, len(items), RENDER_ROWS):
                some = items[start : start + RENDER_ROWS]
                own = await context.db(context.ledger.requests, [item.id for item in some])
                lines = [
                    context.provider.batch_line(
                        self._judge.custom_id(item, nonce),
                        self._judge.body(item, own[item.id], Lane.BATCH),
                    )
                    for item in some
                ]
                out.write((between if start else b"") + between.join(lines))
            out.write(after)
            return out.tell()

    async def _create(self, batch: BatchRow, body: Path, size_bytes: int) -> None:
        """Post a recorded batch, once, and record what became of it."""
        context, ledger = self._context, self._context.ledger
        try:
            newest = await self._reconciler.newest()
        except ProviderError as error:
            await self._refused(batch, error)
            return
        batch = await context.db(ledger.move_batch, batch, BatchState.SENDING, newest=newest)
        try:
            info = await context.provider.create_batch(chunks(body), size_bytes)
        except ProviderError as error:
            if certainly_refused(error):
                await self._refused(batch, error)
            else:
                batch = await context.db(
                    ledger.move_batch, batch, BatchState.UNKNOWN, reason=str(error)
                )
                self.follow(batch)
            return
        self._create_failures = 0
        batch = await context.db(
            ledger.move_batch,
            batch,
            BatchState.SUBMITTED,
            provider_id=info.id,
            submitted_at=context.now(),
        )
        self.follow(batch)

    async def _refused(self, batch: BatchRow, error: ProviderError) -> None:
        """Give the items of a batch that was certainly not accepted back, and wait."""
        context = self._context
        await self.give_back(batch, BatchState.REFUSED, str(error), error.kind)
        self._create_failures += 1
        if isinstance(error, TransientError) and self._create_failures < MAX_CREATE_FAILURES:
            await context.back_off(self._create_failures, error.retry_after_s)
        else:
            context.stop(error)

    async def give_back(self, batch: BatchRow, state: BatchState, reason: str, kind: str) -> None:
        """Close a batch whose results will never come: its items become pending again.

        That costs nothing where the provider never took it; a lost one may have been billed.
        """
        context, judge = self._context, self._judge
        sent = await context.db(context.ledger.sent, context.run, batch_no=batch.batch_no)
        paid = state is BatchState.LOST and not context.provider.ephemeral
        await self._recorder.write(
            [
                Settled(
                    one, judge.uncertain(one, reason) if paid else judge.unsent(one, reason, kind)
                )
                for one in sent
                if not one.settled
            ]
        )
        await context.db(context.ledger.move_batch, batch, state, reason=reason)

    # -- following ----------------------------------------------------------------------------

    def follow(self, batch: BatchRow) -> None:
        """Watch a batch until it is collected."""
        self.open[batch.batch_no] = batch
        task = asyncio.get_running_loop().create_task(self._follow(batch))
        self.following[batch.batch_no] = task

        def done(task: asyncio.Task[None]) -> None:
            self.following.pop(batch.batch_no, None)
            self.open.pop(batch.batch_no, None)
            self._done(task)

        task.add_done_callback(done)

    async def _follow(self, batch: BatchRow) -> None:
        if batch.state in (BatchState.UNKNOWN, BatchState.PROVISIONAL):
            found = await self._reconciler.resolve(batch)
            if found is None:
                return
            if found.state is BatchState.UNKNOWN:
                await self.give_back(
                    found, BatchState.REFUSED, "the create never arrived", "never_arrived"
                )
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
        """Poll until the batch ends; None where the run stops, or the batch is lost, before."""
        context, wait_s = self._context, self._context.policy.poll_s
        unknown_since: float | None = None
        while True:
            try:
                info = await context.provider.retrieve_batch(batch.provider_id or "")
            except (AuthenticationError, SpendCapError) as error:
                context.stop(error)
                return None
            except ProviderError as error:
                # An unreachable poll never ends a run: the batch works on, and bills.
                if error.status == 404:  # noqa: PLR2004
                    unknown_since = unknown_since or context.now()
                    if await self._lost(batch, unknown_since):
                        return None
            else:
                unknown_since = None
                if info.status == "ended":
                    return await context.db(
                        context.ledger.move_batch,
                        self.open[batch.batch_no],
                        BatchState.ENDED,
                        ended_at=info.ended_at or context.now(),
                    )
                if self._canceled:
                    await self._cancel(self.open[batch.batch_no])
            if not await context.pause(wait_s * (0.9 + 0.2 * context.random.random())):
                return None
            wait_s = min(wait_s * POLL_GROWTH, context.policy.poll_s * MAX_POLL_FACTOR)

    async def _lost(self, batch: BatchRow, unknown_since: float) -> bool:
        """Close a batch that the provider has denied for long enough; tell whether it is so."""
        context = self._context
        if not context.provider.ephemeral:
            if context.now() - unknown_since < LOST_AFTER_S:
                return False
            try:
                listed = await self._reconciler.is_listed(batch.provider_id or "")
            except ProviderError:
                return False
            if listed:
                return False
        await self.give_back(batch, BatchState.LOST, "the provider lost the batch", "lost")
        return True


def certainly_refused(error: ProviderError) -> bool:
    """Tell whether a create was certainly not accepted: a 4xx other than 408, or never sent."""
    if isinstance(error, ConnectionFailedError):
        return not error.sent
    return 400 <= error.status < 500 and error.status != 408  # noqa: PLR2004
