"""The batch lane: recorded as intended, posted once, polled in parallel, collected as each ends."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from twolane.core.identity import make_nonce
from twolane.core.pacing import lost_pause_s
from twolane.core.packing import pack
from twolane.core.routing import route
from twolane.core.states import BatchState
from twolane.core.types import Errored, Lane, Wait
from twolane.errors import (
    ConnectionFailedError,
    EndpointError,
    InvalidReplyError,
    MonthSpentError,
    OverloadedError,
    ProviderError,
    RateLimitedError,
    RepeatedBatchIdError,
    TransientError,
    UnreachableError,
)
from twolane.ledger import history, standing
from twolane.worker.context import Troubles, unreachable
from twolane.worker.spool import chunks, private

if TYPE_CHECKING:
    from pathlib import Path

    from twolane.ledger import BatchRow, ItemRow
    from twolane.worker.context import Context
    from twolane.worker.follow import Follower
    from twolane.worker.judge import Judge
    from twolane.worker.reconcile import Reconciler

MAX_CREATE_FAILURES = 8
CREATE, QUEUE = "create", "queue"
QUEUE_FULL = "the provider's queue is full: the next batch goes when one has ended"
TOO_LARGE = "request_too_large"
RENDER_ROWS = 500
# Of a line, beside the request: the custom_id and the members' names around it.
ID_BYTES = 100
# Of a create, beside its lines.
FRAME_BYTES = 16
# A create that is refused for its size is halved, but never below what one line takes.
LEAST_CREATE_BYTES = 2 * (ID_BYTES + FRAME_BYTES)


class BatchLane:
    """Packs and posts the batches of one run."""

    def __init__(
        self, context: Context, judge: Judge, reconciler: Reconciler, follower: Follower
    ) -> None:
        """Work on the run of `context`."""
        self._context = context
        self._judge = judge
        self._reconciler = reconciler
        self._follower = follower
        self._create_failures = 0
        self._troubles = Troubles()
        self._nothing_at: tuple[int, int] | None = None
        self.canceled = False
        self.posting: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether a batch is being posted or followed."""
        return self.posting is not None or bool(self._follower.following)

    async def fill(self, stage: int) -> bool:
        """Post the next batch, if any; return whether the budget held items back."""
        context = self._context
        if self.posting is not None or self._follower.unresolved:
            # Creates go out one at a time, and none while it is unknown what became of one:
            # that keeps every unknown create recognisable in the provider's list.
            return False
        context.waits.pop(QUEUE, None)
        now = (stage, context.stirred)
        if self._nothing_at == now:
            return False
        items = await context.db(
            context.ledger.pending,
            context.run,
            stage=stage,
            lane=Lane.BATCH,
            after=None,
            limit=context.run.batch_size,
        )
        if not items:
            self._nothing_at = now
            return False
        if await self._in_a_hurry(items):
            context.stirred += 1
            context.wake.set()
            return False
        queued = sum(batch.size for batch in self._follower.open.values())
        if queued and queued + len(items) > context.provider.limits.max_queued:
            context.waits[QUEUE] = Wait(QUEUE_FULL, None)
            return False
        chosen = self._affordable(items)
        held_back = self._held_back(items, chosen)
        if not chosen or (held_back and self.busy):
            # What is in flight will release money, and then a fuller batch can go.
            self._give_back(chosen)
            return held_back
        # Recorded here and not in the task: nobody can cancel an item between the look at what
        # is pending and the claim.
        try:
            batch = await self._intend(chosen)
        except MonthSpentError:  # another process was first: look again
            self._give_back(chosen)
            context.wake.set()
            return True
        post = self._post(batch, [item for item, _ in chosen])
        self.posting = asyncio.get_running_loop().create_task(post)
        self.posting.add_done_callback(self._posted)
        return held_back

    def _give_back(self, chosen: list[tuple[ItemRow, int]]) -> None:
        for _, reserve in chosen:
            self._context.budget.settle(reserve, 0)

    async def _in_a_hurry(self, items: list[ItemRow]) -> bool:
        """Let what is pending for a batch go in real time where that is better; tell whether."""
        context = self._context
        if await self._follower.hedge.left_s() <= 0:
            await context.db(history.hurry, context.ledger, context.run)
            return True
        if len(items) == 1 and items[0].tries and context.run.lane_forced is None:
            # A lone retry is one item: the rule for one item holds for it, too.
            await context.db(context.ledger.set_lane, [items[0].id], route(1).lane)
            return True
        return False

    def _affordable(self, items: list[ItemRow]) -> list[tuple[ItemRow, int]]:
        """Set aside money for the items of the next batch, in order, and return both."""
        context = self._context
        bound = min(context.run.batch_bytes or sys.maxsize, context.provider.limits.max_batch_bytes)
        # What is larger than a create may be goes alone: it may still be taken.
        sizes = (
            (place, min(item.size_bytes + ID_BYTES, bound - FRAME_BYTES))
            for place, item in enumerate(items)
        )
        packs = pack(sizes, context.run.batch_size, bound)
        reserve_nano, budget = self._judge.reserve_nano, context.budget
        chosen: list[tuple[ItemRow, int]] = []
        # `items` are in order, so that the first pack is their beginning.
        for item in items[: len(next(packs, []))]:
            reserve = reserve_nano(item, Lane.BATCH)
            if not budget.fits(reserve):
                break
            budget.reserve(reserve)
            chosen.append((item, reserve))
        return chosen

    def _held_back(self, items: list[ItemRow], chosen: list[tuple[ItemRow, int]]) -> bool:
        if len(chosen) == len(items):
            return False
        reserve = self._judge.reserve_nano(items[len(chosen)], Lane.BATCH)
        return not self._context.budget.fits(reserve)

    def _posted(self, task: asyncio.Task[None]) -> None:
        self.posting = None
        self._context.ended(task)

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
            month_cap_nano=context.budget.month_cap_nano,
        )

    async def _post(self, batch: BatchRow, items: list[ItemRow]) -> None:
        context = self._context
        body = context.spool / f"{context.run.id}-{batch.nonce}.create.json"
        try:
            size_bytes = await self._write_body(body, items, batch.nonce)
            while (why := await self._why_not()) is None:
                async with self._reconciler.workspace():
                    refusal = await self._create(batch, body, size_bytes)
                if refusal is None:
                    return
                batch = await context.db(context.ledger.batch, batch.batch_no)
                if too_large(refusal):
                    await self._split(batch, size_bytes, refusal)
                    return
                if not await self._may_try_again(refusal):
                    why = str(refusal)
                    break
            await self._follower.give_back(batch, BatchState.REFUSED, why, "unsent")
        finally:
            body.unlink(missing_ok=True)

    async def _why_not(self) -> str | None:
        """Return why a recorded batch is not to be posted any more, None if it is."""
        if self.canceled or self._context.stopping.is_set():
            return "the run was stopped before it was posted"
        if await self._follower.hedge.left_s() <= 0:
            return "the deadline came before it was posted"
        return None

    async def _write_body(self, path: Path, items: list[ItemRow], nonce: str) -> int:
        """Spool the create's body to disk, so that its length is known and memory stays flat."""
        context = self._context
        before, between, after = context.provider.batch_frame()
        line, custom_id, body = context.provider.batch_line, self._judge.custom_id, self._judge.body
        with private(path) as out:
            out.write(before)
            for start in range(0, len(items), RENDER_ROWS):
                some = items[start : start + RENDER_ROWS]
                own = await context.db(context.ledger.requests, [item.id for item in some])
                wrong = await self._judge.wrong(some)
                lines = [
                    line(
                        custom_id(item, nonce),
                        body(item, own[item.id], Lane.BATCH, wrong.get(item.id)),
                    )
                    for item in some
                ]
                out.write((between if start else b"") + between.join(lines))
            out.write(after)
            return out.tell()

    async def _create(self, batch: BatchRow, body: Path, size_bytes: int) -> ProviderError | None:
        """Post a recorded batch and record what became of it; return a certain refusal.

        A batch that was certainly refused is intended as before, and may be posted again.
        """
        context, ledger = self._context, self._context.ledger
        try:
            newest = await self._reconciler.newest()
        except ProviderError as error:
            context.heard(error)
            return error
        context.heard()
        batch = await context.db(ledger.move_batch, batch, BatchState.SENDING, newest=newest)
        try:
            info = await context.provider.create_batch(
                chunks(body), size_bytes, betas=context.betas
            )
        except ProviderError as error:
            if certainly_refused(error):
                await context.db(ledger.move_batch, batch, BatchState.INTENDED, reason=str(error))
                return error
            batch = await context.db(
                ledger.move_batch, batch, BatchState.UNKNOWN, reason=str(error)
            )
            self._follower.follow(batch)
            return None
        self._create_failures = 0
        if await context.db(standing.has_batch, ledger, info.id):
            # Nobody can tell by its answer what became of it: the next process looks for it.
            reason = f"the provider gave it the id {info.id}, which another batch has"
            await context.db(ledger.move_batch, batch, BatchState.UNKNOWN, reason=reason)
            context.stop(RepeatedBatchIdError(_repeated(batch, info.id)))
            return None
        batch = await context.db(
            ledger.move_batch,
            batch,
            BatchState.SUBMITTED,
            provider_id=info.id,
            submitted_at=context.now(),
        )
        self._follower.follow(batch)
        return None

    async def _split(self, batch: BatchRow, size_bytes: int, refusal: ProviderError) -> None:
        """Close a batch whose create is too large: its items go in smaller ones, one alone fails.

        What was learned of the size counts for all further creates of the run.
        """
        context, why = self._context, str(refusal)
        if batch.size == 1:
            outcome = Errored(TOO_LARGE, why, request_id=refusal.request_id)
            await self._follower.fail(batch, why, outcome)
            return
        bound = max(LEAST_CREATE_BYTES, size_bytes // 2)
        context.run = await context.db(standing.set_batch_bytes, context.ledger, context.run, bound)
        reason = f"{why}; its items go in smaller batches"
        await self._follower.give_back(batch, BatchState.REFUSED, reason, "unsent")

    async def _may_try_again(self, error: ProviderError) -> bool:
        """Wait after a refusal, and tell whether the same batch is to be posted again.

        Overload, rate limits and a lost network are waited out; where there is no other answer,
        and none ever came, something else is wrong. What refuses for good stops the run.
        """
        context = self._context
        self._create_failures += 1
        if self._create_failures == 1:
            self._troubles = Troubles()
        self._troubles.note(error, context.steady_s())
        if context.reached and self._troubles.silent(context.steady_s()):
            context.stop(context.no_word(error))
            return False
        if unreachable(error) and context.reached:
            pause_s = lost_pause_s(self._create_failures, jitter=context.random.random())
            await context.wait(pause_s, CREATE, str(error))
            return True
        if unreachable(error):
            context.stop(UnreachableError(str(error), provider=error.provider))
            return False
        busy = isinstance(error, RateLimitedError | OverloadedError)
        passing = isinstance(error, TransientError | InvalidReplyError)
        if busy or (passing and self._create_failures < MAX_CREATE_FAILURES):
            # A queue that is full may stay so for hours, whatever `retry-after` says, and a create
            # is a long upload: in the end it is tried as often as a batch is asked after.
            least_s = context.growing_s(self._create_failures)
            await context.back_off(self._create_failures, CREATE, error, least_s=least_s)
            return True
        context.stop(error)
        return False


def _repeated(batch: BatchRow, provider_id: str) -> str:
    return (
        f"the provider answered the create of batch {batch.nonce} with the id {provider_id}, which "
        "another batch has (a proxy that keeps answers may be the cause); nothing is lost: put "
        "that right and resume the run, it is then looked for in the provider's list"
    )


def too_large(error: ProviderError) -> bool:
    """Tell whether a create was refused for its size, by the provider or a proxy in front of it."""
    return error.status == 413 or error.kind == TOO_LARGE  # noqa: PLR2004


def certainly_refused(error: ProviderError) -> bool:
    """Tell whether a create was certainly not accepted.

    That is a 4xx, unless a gateway gave up; an answer from a wrong address; or a create that was
    never sent.
    """
    if isinstance(error, ConnectionFailedError):
        return not error.sent
    if isinstance(error, EndpointError):
        return True
    return 400 <= error.status < 500 and not error.maybe_paid  # noqa: PLR2004
