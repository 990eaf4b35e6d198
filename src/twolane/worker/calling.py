"""Getting one request answered in real time: turns, refusals and their causes, lost networks."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from typing import TYPE_CHECKING, TypeGuard

from twolane.core.blame import Blame, Met, Whose, own_pause_s
from twolane.core.bounds import reply_bytes
from twolane.core.outside import MAX_TOKENS, whole
from twolane.core.pacing import LAST_PATIENCE_S, STORM_PATIENCE_S
from twolane.core.retry import FaultClass, RetryDecision, backoff_s, decide, decide_call
from twolane.core.types import Errored, Succeeded, Wait
from twolane.errors import (
    GatewayTimeoutError,
    InvalidReplyError,
    LongWaitError,
    OverloadedError,
    ProviderError,
    RateLimitedError,
    ReplyTooLargeError,
    TransientError,
)
from twolane.worker.context import asked_s, unreachable
from twolane.worker.judge import TOO_LARGE, unread

if TYPE_CHECKING:
    from collections.abc import Callable

    from twolane.core.types import Outcome, Reply
    from twolane.ledger import ItemRow, SentItem
    from twolane.worker.context import Context

# So many in a row want to be left alone for hours, and nobody is answered: no further one is asked.
LONG_WAITS_IN_A_ROW = 3
# So many refused calls, where they are all that is left of a run, end with it.
FEW_LEFT = 8
CALLS = "calls"
BEHIND_S = 0.05
# A gateway's error that comes at once is waited out like the fifth refusal in a row, and longer.
GATEWAY_BACKOFF = 4


class Caller:
    """Sends the calls of one run, as many at a time as the pacer allows.

    `resting` are the items whose calls wait by themselves while the others continue, with the
    reason; `put_off` those that have to wait for longer than a run does.
    """

    def __init__(self, context: Context, left: Callable[[], int | None]) -> None:
        """Call the provider of `context`.

        `left` returns how many calls are left if no others can be sent, None if more can.
        """
        self._left = left
        self._context = context
        self._betas = context.betas
        self._brings_in = context.brings_in
        self._exchanging: set[int] = set()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._blame = Blame()
        self._why = ""
        self._put_off_since_s = 0.0
        self.cut: set[int] = set()
        self.resting: dict[int, Wait] = {}
        self.put_off: dict[int, LongWaitError] = {}

    async def ask(self, sent: SentItem, body: bytes) -> Outcome | None:
        """Send until there is an answer; None if the run stops first.

        Only calls that certainly cost nothing are sent again here: a refusal, or a connection that
        was never established. Raises errors of calls that may have been billed, and errors that
        refuse the whole run.
        """
        context, met, item = self._context, Met(began_at_s=self._context.steady_s()), sent.item
        self.cut.discard(item.id)
        while await self._turn(item.id, met):
            left_at_s = context.steady_s()
            try:
                reply = await self._exchange(item, body)
            except ProviderError as error:
                if error.maybe_paid:
                    await self._after_payment(error, item)
                    raise
                after = self._after(item, error, met, left_at_s)
                if isinstance(after, Errored):
                    return after
                if not await self._rest(item.id, after, str(error)):
                    return None
            else:
                context.heard()
                now_s = context.steady_s()
                self._blame.answered(met, left_at_s=left_at_s, now_s=now_s)
                written = whole(reply.usage.output_tokens, most=MAX_TOKENS) or 0
                context.pacer.answered(reply.rates, written, now_s)
                return Succeeded(reply)
        return None

    async def _after_payment(self, error: ProviderError, item: ItemRow) -> None:
        """Note that the item may have been paid for; a gateway's error is waited out a while.

        It may come at once, and the next attempt would be right behind it.
        """
        self._context.heard(error)
        self.cut.add(item.id)
        last = decide(FaultClass.DROPPED, attempt=item.tries, again=True) is RetryDecision.GIVE_UP
        if isinstance(error, GatewayTimeoutError) and not last:
            # Half of it at least: five tries reach over the better part of a minute.
            jitter = 0.5 + self._context.random.random() / 2
            pause_s = backoff_s(GATEWAY_BACKOFF + item.tries, retry_after_s=None, jitter=jitter)
            await self._rest(item.id, pause_s, str(error))

    def _after(
        self, item: ItemRow, error: ProviderError, met: Met, left_at_s: float
    ) -> Errored | float:
        """Return how an item ends with `error`, or for how long its call rests by itself.

        Raises the error where it ends the run.
        """
        context = self._context
        if unreachable(error):
            self._lost(error, left_at_s)
            return 0.0
        context.heard(error)
        if _asks_for_patience(error):
            return self._refused(item.id, error, met, left_at_s)
        met.tries += 1
        # Of an item that was refused before, the run's other answers say enough.
        again = FaultClass.RUN_REFUSED in item.faults and context.reached
        others_answered = again or self._blame.others_answered(met.began_at_s)
        decision = decide_call(error, try_no=met.tries, others_answered=others_answered)
        match decision:
            case RetryDecision.RESEND:
                return backoff_s(met.tries, retry_after_s=None, jitter=context.random.random())
            case RetryDecision.STOP_RUN:
                raise error
            case _:
                return _errored(error, own=decision is RetryDecision.FIX)

    def _lost(self, error: ProviderError, left_at_s: float) -> None:
        """Have all calls wait for the network; stop the run where it has been gone for too long."""
        context, now_s = self._context, self._context.steady_s()
        context.check_reached(error)
        self._why = str(error)
        context.pacer.lost(left_at_s=left_at_s, now_s=now_s, jitter=context.random.random())
        if context.pacer.silent(now_s):
            context.stop(context.no_word(error))

    def _refused(
        self, item: int, error: TransientError, met: Met, left_at_s: float
    ) -> Errored | float:
        """Do what a refusal for load asks for, of everybody or of this call alone."""
        context, pacer, now_s = self._context, self._context.pacer, self._context.steady_s()
        whose = self._blame.whose(met, left_at_s=left_at_s, now_s=now_s)
        if context.provider.traits.full_is_load:
            whose = Whose.LOAD
        self._why = str(error)
        pause_s = asked_s(error)
        if pause_s is not None and pause_s > STORM_PATIENCE_S:
            self._put_off(item, context.long_wait(error, pause_s))
            return pause_s
        if whose is Whose.LOAD:
            pacer.refused(
                left_at_s=left_at_s,
                now_s=now_s,
                retry_after_s=pause_s,
                jitter=context.random.random(),
            )
            return self._patience(error, now_s)
        if self._blame.hopeless(met):
            return _errored(error, own=True)
        return own_pause_s(met, retry_after_s=pause_s, jitter=context.random.random())

    def _patience(self, error: TransientError, now_s: float) -> Errored | float:
        """Wait a storm out with all others, as long as that makes sense.

        Then the run stops with its items to do; where no more than a few are left, they fail: they
        may be such as are never taken, and would stop every resume.
        """
        context, left = self._context, self._left()
        short = left == 1 and self._blame.others_answered(-math.inf)
        if context.pacer.patient(now_s, LAST_PATIENCE_S if short else STORM_PATIENCE_S):
            # Behind the others: the next one is asked in its place, and shows whose fault it is.
            return max(0.0, context.pacer.cooldown_until_s - now_s) + self._behind_s()
        if left is not None and left <= FEW_LEFT:
            return _errored(error, own=True)
        raise context.long_wait(error, None)

    def _behind_s(self) -> float:
        """Return for how much longer than the others a call waits that was refused."""
        return BEHIND_S * (1.0 + self._context.random.random())

    def _put_off(self, item: int, error: LongWaitError) -> None:
        """Leave a call for later, while others may be answered; stop the run where none is."""
        context = self._context
        self._put_off_since_s = self._put_off_since_s if self.put_off else context.steady_s()
        self.put_off[item] = error
        silent = self._blame.answered_at_s < self._put_off_since_s
        if len(self.put_off) >= (
            LONG_WAITS_IN_A_ROW if silent else max(LONG_WAITS_IN_A_ROW, context.policy.concurrency)
        ):
            context.stop(error)
        context.wake.set()

    async def _rest(self, item: int, pause_s: float, why: str) -> bool:
        """Wait by itself while others go on; return whether the run does."""
        if pause_s <= 0:
            return True
        context = self._context
        self.resting[item] = Wait(why, context.now() + pause_s)
        context.wake.set()
        try:
            return await context.pause(pause_s)
        finally:
            self.resting.pop(item, None)
            self.put_off.pop(item, None)

    async def _exchange(self, item: ItemRow, body: bytes) -> Reply:
        """Send once; what is cut off in here may have been paid for."""
        self._exchanging.add(item.id)
        try:
            return await self._context.provider.send(
                body,
                most_bytes=reply_bytes(item.max_tokens, brings_in=self._brings_in),
                betas=self._betas,
            )
        except ReplyTooLargeError as error:
            # It came with success, so it was paid for: judged as a reply, whatever it is.
            return unread(error.beginning, str(error), TOO_LARGE)
        except InvalidReplyError as error:
            return unread(b"", str(error))
        except asyncio.CancelledError:
            self.cut.add(item.id)
            raise
        finally:
            self._exchanging.discard(item.id)
            self.give_turn()

    async def _turn(self, item: int, met: Met) -> bool:
        """Wait until a call may leave: cooled down, and not too many out; False: the run stops.

        One that was refused before rests meanwhile, however often others prolong the cooldown: it
        holds no place that one which was not refused could have.
        """
        context, loop = self._context, asyncio.get_running_loop()
        while not context.stopping.is_set():
            cooldown_s = context.pacer.cooldown_until_s - context.steady_s()
            if cooldown_s > 0 and met.refused_at_s is not None:
                wait = Wait(self._why, context.now() + cooldown_s)
                if not await self._rest(item, cooldown_s + self._behind_s(), self._why):
                    # What a stop has cut short stays on record, as of those that were not refused.
                    context.waits[CALLS] = wait
            elif cooldown_s > 0:
                await context.wait(cooldown_s, CALLS, self._why)
            elif len(self._exchanging) < context.pacer.width:
                return True
            else:
                turn = loop.create_future()
                self._waiting.append(turn)
                if met.refused_at_s is not None:
                    self.resting[item] = Wait(self._why, context.now())
                try:
                    await turn
                finally:
                    self.resting.pop(item, None)
        return False

    def give_turn(self) -> None:
        """Give the next waiting call its turn."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    def let_go(self) -> None:
        """Wake every call that waits for its turn, so that it sees the run stop."""
        while self._waiting:
            self.give_turn()


def _errored(error: ProviderError, *, own: bool) -> Errored:
    return Errored(error.kind, str(error), request_id=error.request_id, own=own)


def _asks_for_patience(error: ProviderError) -> TypeGuard[TransientError]:
    """Tell whether the provider refuses for a reason that need not be this request's."""
    if isinstance(error, RateLimitedError | OverloadedError):
        return True
    return isinstance(error, TransientError) and asked_s(error) is not None
