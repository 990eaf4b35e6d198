"""The real-time lane: claimed in chunks, sent as fast as the provider allows, answered at once."""

from __future__ import annotations

import asyncio
import functools
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

from twolane.core.identity import make_nonce
from twolane.core.states import ItemState
from twolane.core.tokens import usual_input_tokens
from twolane.core.types import Lane, Succeeded, Wait
from twolane.errors import MonthSpentError, ProviderError
from twolane.worker.calling import Caller
from twolane.worker.context import until

if TYPE_CHECKING:
    from twolane.errors import LongWaitError
    from twolane.ledger import ItemRow, SentItem
    from twolane.worker.context import Context
    from twolane.worker.judge import Judge
    from twolane.worker.recorder import Recorder

LIMITS = "limits"
# Each holds its request, and is uncertain where the process dies.
MAX_RESTING = 16
HELD_UP = "the provider's limit a minute is used up"


class RealtimeLane:
    """Sends single requests, as many at a time as the pacer allows."""

    def __init__(self, context: Context, judge: Judge, recorder: Recorder) -> None:
        """Work on the run of `context`."""
        self._context = context
        self._judge = judge
        self._recorder = recorder
        self._caller = Caller(context, self._left)
        self._warm = not context.renderer.cached
        self._dropped: set[int] = set()
        self._racing: deque[ItemRow] = deque()
        self._held_up = False
        self._unaffordable = False
        self._ahead: list[ItemRow] = []
        self._ahead_of: tuple[int, int] | None = None
        self.calls: dict[int, asyncio.Task[None]] = {}

    def _left(self) -> int | None:
        """Return how many calls are all that can go on, None if more can leave."""
        return None if self._ahead and not self._unaffordable else len(self.calls)

    @property
    def busy(self) -> bool:
        """Whether calls are in flight, or wait for the provider's limits per minute."""
        return bool(self.calls) or self._held_up

    @property
    def put_off(self) -> LongWaitError | None:
        """Why all calls wait for longer than a run does, None if one does not."""
        put_off = self._caller.put_off
        return next(iter(put_off.values())) if put_off and len(put_off) == len(self.calls) else None

    @property
    def waiting(self) -> Wait | None:
        """What all calls wait for, each by itself; None if one does not wait."""
        resting = self._caller.resting
        if not resting or len(resting) < len(self.calls):
            return None
        return max(resting.values(), key=until)

    async def fill(self, stage: int) -> bool:
        """Claim and send what there is room for; return whether the budget held items back."""
        width = self._context.pacer.width
        self._held_up = False
        self._context.waits.pop(LIMITS, None)
        # Calls that rest by themselves are in nobody's way, as long as they are not too many.
        active = len(self.calls) - len(self._caller.resting)
        room = min(width - active, width + MAX_RESTING - len(self.calls))
        if not self._warm:
            # The first request writes the provider's prompt cache, the others then read it.
            room = 0 if active else 1
        elif active and room < width // 8:
            # One commit per claim: worth waiting until it covers a few.
            return False
        if room <= 0:
            return False
        racing = bool(self._racing)
        items = [*islice(self._racing, room)] if racing else await self._pending(stage, room)
        affordable = self._affordable(items)
        if chosen := self._granted(affordable):
            await self._send(chosen, stage, racing=racing)
        self._unaffordable = len(affordable) < len(items)
        return self._unaffordable

    async def _pending(self, stage: int, room: int) -> list[ItemRow]:
        """Return what is next: as it was read with an earlier claim, where nothing stirred since."""
        now = (stage, self._context.stirred)
        if self._ahead_of != now:
            self._ahead = await self._context.db(self._read, stage, None)
            self._ahead_of = now
        return self._ahead[:room]

    def _read(self, stage: int, after: ItemRow | None) -> list[ItemRow]:
        """Return as many pending items as calls may be out; runs on the ledger's thread."""
        context = self._context
        return context.ledger.pending(
            context.run,
            stage=stage,
            lane=Lane.REALTIME,
            after=after,
            limit=context.policy.concurrency,
        )

    async def _still_out(self, chosen: list[tuple[ItemRow, int]]) -> list[tuple[ItemRow, int]]:
        """Return those that their batch has not answered meanwhile; the others need no race."""
        context = self._context
        for _ in chosen:
            self._racing.popleft()
        out = await context.db(context.ledger.submitted, [item.id for item, _ in chosen])
        for item, reserve in chosen:
            if item.id not in out:
                context.budget.settle(reserve, 0)
                context.pacer.back(_tokens(item))
        return [(item, reserve) for item, reserve in chosen if item.id in out]

    def race(self, items: list[ItemRow]) -> None:
        """Also send items of a batch in real time; the first answer counts."""
        self._racing.extend(items)
        self._context.wake.set()

    def _affordable(self, items: list[ItemRow]) -> list[tuple[ItemRow, int]]:
        chosen: list[tuple[ItemRow, int]] = []
        for item in items:
            reserve = self._judge.reserve_nano(item, Lane.REALTIME)
            if not self._context.budget.fits(reserve):
                break
            self._context.budget.reserve(reserve)
            chosen.append((item, reserve))
        return chosen

    def _granted(self, affordable: list[tuple[ItemRow, int]]) -> list[tuple[ItemRow, int]]:
        """Return those that the provider's limits a minute let leave now; come back for others."""
        if not affordable:
            return []
        context, loop = self._context, asyncio.get_running_loop()
        tokens = [_tokens(item) for item, _ in affordable]
        count = context.pacer.grant(tokens, context.steady_s())
        self._held_up = count < len(affordable)
        if self._held_up:
            for _, reserve in affordable[count:]:
                context.budget.settle(reserve, 0)
            wait_s = context.pacer.wait_s(tokens[count], context.steady_s())
            context.waits[LIMITS] = Wait(HELD_UP, context.now() + wait_s)
            loop.call_later(wait_s, context.wake.set)
        return affordable[:count]

    async def _send(self, chosen: list[tuple[ItemRow, int]], stage: int, *, racing: bool) -> None:
        context = self._context
        nonce = make_nonce(context.random.randbytes(8))
        if racing:
            chosen = await self._still_out(chosen)
            if not chosen:
                # Their batch has ended: what it left is pending, and next.
                context.wake.set()
                return
        else:
            self._ahead = self._ahead[len(chosen) :]
        try:
            numbers, own, more = await context.db(self._claim, chosen, nonce, stage, racing=racing)
        except MonthSpentError:
            self._give_back(chosen)
            return
        self._ahead += more
        wrong = await self._judge.wrong(item for item, _ in chosen)
        for number, (item, reserve) in zip(numbers, chosen, strict=True):
            sent = self._judge.sent(number, item, reserve, nonce)
            body = self._judge.body(item, own[item.id], Lane.REALTIME, wrong.get(item.id))
            call = asyncio.get_running_loop().create_task(self._call(sent, body))
            self.calls[item.id] = call
            call.add_done_callback(functools.partial(self._done, item))

    def _give_back(self, chosen: list[tuple[ItemRow, int]]) -> None:
        """Take up again later what another process left no money of the month for."""
        context = self._context
        for item, reserve in chosen:
            context.budget.settle(reserve, 0)
            context.pacer.back(_tokens(item))
        context.stirred += 1
        context.wake.set()

    def _claim(
        self, chosen: list[tuple[ItemRow, int]], nonce: str, stage: int, *, racing: bool
    ) -> tuple[list[int], dict[int, bytes], list[ItemRow]]:
        """Claim, and read what is sent and what comes next, in one visit to the ledger's thread."""
        context, ledger = self._context, self._context.ledger
        numbers = ledger.claim(
            [(item.id, reserve) for item, reserve in chosen],
            nonce=nonce,
            now=context.now(),
            state=ItemState.SUBMITTED if racing else ItemState.PENDING,
            month_cap_nano=context.budget.month_cap_nano,
        )
        more: list[ItemRow] = []
        if not racing and len(self._ahead) <= context.policy.concurrency // 2:
            more = self._read(stage, (self._ahead or [chosen[-1][0]])[-1])
        return numbers, ledger.requests([item.id for item, _ in chosen]), more

    def drop(self, item: int) -> None:
        """Drop an item's call if one is in flight; it may have been billed."""
        if (call := self.calls.get(item)) is not None:
            self._dropped.add(item)
            call.cancel()

    def let_go(self) -> None:
        """Wake every call that waits for its turn, so that it sees the run stop."""
        self._held_up = False
        self._caller.let_go()

    def _done(self, item: ItemRow, call: asyncio.Task[None]) -> None:
        del self.calls[item.id]
        self._context.pacer.back(_tokens(item))
        if not call.cancelled() and (error := call.exception()) is not None:
            self._context.stop(error)
        self._context.wake.set()

    async def _call(self, sent: SentItem, body: bytes) -> None:
        """Get one request answered and hand its ending to the recorder."""
        judge, item = self._judge, sent.item.id
        try:
            outcome = await self._caller.ask(sent, body)
        except asyncio.CancelledError:
            # Otherwise the process is ending, and the next one books what it finds unsettled.
            if item in self._dropped:
                cut, why = item in self._caller.cut, "the call was dropped"
                ending = judge.uncertain(sent, why) if cut else judge.unsent(sent, why, "canceled")
                self._recorder.add(sent, ending)
            self._caller.give_turn()
            raise
        except ProviderError as error:
            if error.maybe_paid:
                self._recorder.add(sent, judge.uncertain(sent, str(error), error.kind))
                return
            # Not this request but the whole run is refused: the item stays to be done.
            self._recorder.add(sent, judge.refused(sent, str(error), error.kind))
            self._context.stop(error)
            return
        if outcome is None:
            self._recorder.add(sent, judge.unsent(sent, "the run was stopped", "stopped"))
            return
        self._warm = self._warm or isinstance(outcome, Succeeded)
        self._recorder.add(sent, judge.ending(sent, outcome))


def _tokens(item: ItemRow) -> int:
    return usual_input_tokens(item.size_bytes)
