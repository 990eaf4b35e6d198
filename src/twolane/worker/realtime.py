"""The real-time lane: claimed in chunks, sent with bounded concurrency, answered at once."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING

from twolane.core.identity import make_nonce
from twolane.core.retry import RetryDecision, decide_call
from twolane.core.types import Errored, Lane, Succeeded
from twolane.errors import (
    AuthenticationError,
    ConnectionFailedError,
    InvalidReplyError,
    ProviderError,
    SpendCapError,
    TransientError,
)

if TYPE_CHECKING:
    from twolane.core.types import Outcome
    from twolane.ledger import ItemRow, SentItem
    from twolane.worker.context import Context
    from twolane.worker.judge import Judge
    from twolane.worker.recorder import Recorder


class RealtimeLane:
    """Sends single requests; at most `policy.concurrency` are in flight."""

    def __init__(self, context: Context, judge: Judge, recorder: Recorder) -> None:
        """Work on the run of `context`."""
        self._context = context
        self._judge = judge
        self._recorder = recorder
        self._warm = not context.renderer.cached
        self._dropped: set[int] = set()
        self.calls: dict[int, asyncio.Task[None]] = {}

    async def fill(self, stage: int) -> bool:
        """Claim and send what there is room for; return whether the budget held some back."""
        context = self._context
        room = context.policy.concurrency - len(self.calls)
        if not self._warm:
            # The first request writes the provider's prompt cache, the others then read it.
            room = 0 if self.calls else 1
        elif self.calls and room < context.policy.concurrency // 4:
            # One commit per claim: worth waiting until it covers a few.
            return False
        if room <= 0:
            return False
        items = await context.db(
            context.ledger.pending,
            context.run,
            stage=stage,
            lane=Lane.REALTIME,
            after=None,
            limit=room,
        )
        chosen = self._affordable(items)
        if chosen:
            await self._send(chosen)
        return len(chosen) < len(items)

    def _affordable(self, items: list[ItemRow]) -> list[tuple[ItemRow, int]]:
        chosen: list[tuple[ItemRow, int]] = []
        for item in items:
            reserve = self._judge.reserve_nano(item, Lane.REALTIME)
            if not self._context.budget.fits(reserve):
                break
            self._context.budget.reserve(reserve)
            chosen.append((item, reserve))
        return chosen

    async def _send(self, chosen: list[tuple[ItemRow, int]]) -> None:
        context = self._context
        nonce = make_nonce(context.random.randbytes(8))
        numbers = await context.db(
            context.ledger.claim,
            [(item.id, reserve) for item, reserve in chosen],
            nonce=nonce,
            now=context.now(),
        )
        own = await context.db(context.ledger.requests, [item.id for item, _ in chosen])
        for number, (item, reserve) in zip(numbers, chosen, strict=True):
            sent = self._judge.sent(number, item, reserve, nonce)
            body = self._judge.body(item, own[item.id], Lane.REALTIME)
            call = asyncio.get_running_loop().create_task(self._call(sent, body))
            self.calls[item.id] = call
            call.add_done_callback(functools.partial(self._done, item.id))

    def drop(self, item: int) -> None:
        """Drop the call of an item, if one is in flight; it may have been paid for."""
        if (call := self.calls.get(item)) is not None:
            self._dropped.add(item)
            call.cancel()

    def _done(self, item: int, call: asyncio.Task[None]) -> None:
        del self.calls[item]
        if not call.cancelled() and (error := call.exception()) is not None:
            self._context.stop(error)
        self._context.wake.set()

    async def _call(self, sent: SentItem, body: bytes) -> None:
        """Get one request answered and hand its ending to the recorder."""
        try:
            outcome = await self._ask(body)
        except asyncio.CancelledError:
            # Otherwise the process is ending, and the next one books what it finds unsettled.
            if sent.item.id in self._dropped:
                self._recorder.add(sent, self._judge.uncertain(sent, "the call was dropped"))
            raise
        except (AuthenticationError, SpendCapError) as error:
            # Not this request but the whole run is refused: the item stays to be done.
            self._recorder.add(sent, self._judge.unsent(sent, str(error), error.kind))
            self._context.stop(error)
            return
        except (ConnectionFailedError, InvalidReplyError) as error:
            self._recorder.add(sent, self._judge.uncertain(sent, str(error)))
            return
        if outcome is None:
            self._recorder.add(sent, self._judge.unsent(sent, "the run was stopped", "stopped"))
            return
        self._warm = self._warm or isinstance(outcome, Succeeded)
        self._recorder.add(sent, self._judge.ending(sent, outcome))

    async def _ask(self, body: bytes) -> Outcome | None:
        """Send until there is an answer; None where the run stops before one.

        Only what certainly cost nothing is sent again here: a refusal, or a connection that
        never stood. Raises what may have been paid for, and what refuses the whole run.
        """
        context, try_no = self._context, 0
        while True:
            try_no += 1
            if not await context.cooled_down():
                return None
            try:
                return Succeeded(await context.provider.send(body))
            except (AuthenticationError, SpendCapError, InvalidReplyError):
                raise
            except ProviderError as error:
                if isinstance(error, ConnectionFailedError) and error.sent:
                    raise
                pause_s = error.retry_after_s if isinstance(error, TransientError) else None
                if decide_call(error, try_no=try_no) is not RetryDecision.RESEND:
                    return Errored(error.kind, str(error), request_id=error.request_id)
            if pause_s is not None:
                context.cool_down(pause_s)
            if not await context.back_off(try_no, pause_s):
                return None
