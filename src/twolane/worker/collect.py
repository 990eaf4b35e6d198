"""Collecting an ended batch: results streamed to disk, counted, matched, booked in chunks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twolane.bodies import KEPT_BYTES, in_words
from twolane.core.bounds import AROUND_BYTES, reply_bytes, result_bounds
from twolane.core.expiry import results_expire_at
from twolane.core.retry import MAX_STRANGE_TRIES, FaultClass, is_own_or_all
from twolane.core.states import BatchState
from twolane.core.types import UNKNOWN_USAGE, Errored, Missing, Succeeded
from twolane.core.wording import counted
from twolane.errors import (
    InvalidReplyError,
    NotTheProviderError,
    ProviderError,
    RejectedError,
    ReplyTooLargeError,
    RunRefusedError,
)
from twolane.ledger.rows import NO_USAGE
from twolane.worker.context import Denial, SettledAttempt, Troubles
from twolane.worker.judge import TOO_LARGE, unread
from twolane.worker.reconcile import GONE_AFTER_S
from twolane.worker.spool import lines, spooled

if TYPE_CHECKING:
    from pathlib import Path

    from twolane.core.types import Outcome, Reply
    from twolane.ledger import BatchRow, SentItem
    from twolane.providers.base import ResultLine
    from twolane.worker.context import Context
    from twolane.worker.judge import Judge
    from twolane.worker.recorder import Recorder

COMPLETE_FETCHES = 3
# A network that breaks off every fetch is not waited for in vain: a resume goes on.
MAX_BROKEN_FETCHES = 20
# Lines that cannot be read and name nobody: so many are kept, for those who may miss theirs.
MAX_NAMELESS = 1_000
CHUNK_LINES = 1_000


async def collect(context: Context, judge: Judge, recorder: Recorder, batch: BatchRow) -> None:
    """Book every result of an ended batch, then close it; does nothing if the run stops first."""
    sent = {
        judge.custom_id(one.item, one.nonce): one
        for one in await context.db(context.ledger.sent, context.run, batch_no=batch.batch_no)
    }
    await judge.forms.learn(one.item.id for one in sent.values() if not one.settled)
    path = context.spool / f"{context.run.id}-{batch.nonce}.results.jsonl"
    try:
        collector = _Collector(context, judge, recorder, batch, sent)
        if not await collector.book(path):
            return
        await collector.book_missing()
    finally:
        path.unlink(missing_ok=True)
    await context.db(
        context.ledger.move_batch, batch, BatchState.COLLECTED, reason=collector.remarks()
    )


class _Collector:
    """One batch being collected; `_open` holds the attempts that have no ending yet."""

    def __init__(
        self,
        context: Context,
        judge: Judge,
        recorder: Recorder,
        batch: BatchRow,
        sent: dict[str, SentItem],
    ) -> None:
        self._context = context
        self._judge = judge
        self._recorder = recorder
        self._batch = batch
        self._sent = sent
        self._open = {own: one for own, one in sent.items() if not one.settled}
        self._given_up = batch.cancel_at is not None
        self._strays = 0
        self._nameless: list[Reply] = []
        self._not_results = self._strange = self._broken = 0
        self._gone = self._overflow = ""
        self._brings_in = context.brings_in
        max_tokens = (one.item.max_tokens for one in sent.values())
        self._bounds = result_bounds(max_tokens, brings_in=self._brings_in)
        self._who = f"batch {batch.batch_no}"

    async def book(self, path: Path) -> bool:
        """Fetch and book results until no attempt is open; False where the run stops before.

        A stream can end early without an error, so every id is checked off; after three complete
        fetches that stay short, what is there is all there is.
        """
        context, try_no, complete = self._context, 0, 0
        denial, troubles = Denial(), Troubles()
        while complete < COMPLETE_FETCHES:
            try_no += 1
            try:
                with spooled(path, self._bounds) as out:
                    await context.provider.fetch_results(self._batch.provider_id or "", out)
            except ReplyTooLargeError as error:
                # What came counts; what may come behind it is never asked for.
                self._overflow = str(error)
                await self._book_lines(path, last=True)
                return True
            except ProviderError as error:
                troubles.note(error, context.steady_s())
                if troubles.silent(context.steady_s()):
                    context.stop(context.no_word(error))
                    return False
                ends = await self._failed(error, denial, try_no)
                if ends is not None:
                    return ends
                continue
            complete, troubles = complete + 1, Troubles()
            await self._book_lines(path, last=complete == COMPLETE_FETCHES)
            if not self._open:
                return True
            if complete < COMPLETE_FETCHES and not await context.back_off(complete, self._who):
                return False
        return True

    async def _failed(self, error: ProviderError, denial: Denial, try_no: int) -> bool | None:
        """Wait after a fetch that failed; return what `book` does where no other one follows."""
        context = self._context
        if isinstance(error, RunRefusedError):
            context.stop(error)
            return False
        if isinstance(error, RejectedError):
            if denial.lasted_s(context.steady_s()) >= GONE_AFTER_S or self._expired():
                self._gone = str(error)
                return True
            waited = await context.wait(context.policy.poll_s, self._who, f"no results: {error}")
            return None if waited else False
        self._strange += isinstance(error, NotTheProviderError)
        self._broken += isinstance(error, InvalidReplyError) or error.maybe_paid
        if self._strange >= MAX_STRANGE_TRIES or self._broken >= MAX_BROKEN_FETCHES:
            context.stop(error)
        # Each fetch may be of gigabytes: in the end as seldom as a batch is asked after.
        least_s = context.growing_s(try_no)
        waited = await context.back_off(try_no, self._who, error, least_s=least_s)
        return None if waited else False

    def _expired(self) -> bool:
        """Tell whether the provider keeps these results no more: they will not come back."""
        submitted_at, context = self._batch.submitted_at, self._context
        if submitted_at is None or context.provider.ephemeral:
            return True
        return context.now() >= results_expire_at(submitted_at)

    async def _book_lines(self, path: Path, *, last: bool) -> None:
        """Settle the attempts that have a line, a chunk at a time.

        A line that cannot be read may be one that was cut off, and is whole the next time: only
        in the `last` fetch it counts.
        """
        self._strays = self._not_results = 0
        self._nameless.clear()
        chunk: list[SettledAttempt] = []
        doubtful: list[tuple[SentItem, Errored]] = []
        answered = False
        for line in lines(path):
            answer = self._read(line)
            if answer is None:
                continue
            one = self._sent.get(answer.custom_id)
            if one is None:
                self._strays += 1
                continue
            if answer.custom_id not in self._open or (_is_unreadable(answer) and not last):
                continue
            del self._open[answer.custom_id]
            answered = answered or isinstance(answer.outcome, Succeeded)
            if isinstance(answer.outcome, Errored) and is_own_or_all(answer.outcome):
                doubtful.append((one, answer.outcome))
                continue
            chunk.append(self._settled(one, self._bounded(one, answer.outcome, line)))
            if len(chunk) >= CHUNK_LINES:
                await self._recorder.write(chunk)
                chunk = []
        # What is refused to one while others of its batch were answered is its own fault.
        for one, error in doubtful:
            again = FaultClass.RUN_REFUSED in one.item.faults and self._context.reached
            chunk.append(self._settled(one, replace(error, own=answered or again)))
        if chunk:
            await self._recorder.write(chunk)

    async def book_missing(self) -> None:
        """Settle the attempts without a line.

        Where lines cannot be read and name nobody, their answers may be among those: they were
        paid for, and are not bought again unasked.
        """
        endings: list[SettledAttempt] = []
        replies = iter(self._nameless)
        for one in self._open.values():
            outcome: Outcome = Missing()
            if self._overflow:
                reply = unread(b"", self._overflow)
                why = f"{self._overflow}, and its answer is not among what was read"
                outcome = Errored("results_too_large", why, reply)
            elif self._nameless:
                reply = next(replies, self._nameless[-1])
                # Whose counts these are, nobody can tell either.
                reply = reply._replace(usage=NO_USAGE, unpriced=(UNKNOWN_USAGE,))
                outcome = Errored("unreadable_reply", self._lost_among(), reply)
            endings.append(self._settled(one, outcome))
        if endings:
            await self._recorder.write(endings)

    def _lost_among(self) -> str:
        count = counted(len(self._nameless), "line")
        return f"its answer may be in {count} of its batch's results that cannot be read"

    def remarks(self) -> str:
        """Return what was odd about the results, for a person."""
        lost = len(self._nameless) + self._not_results
        parts = [
            self._batch.reason,
            self._gone,
            self._overflow,
            f"{counted(self._strays, 'line')} of ids that were never sent" if self._strays else "",
            f"{counted(lost, 'line')} that cannot be read" if lost else "",
        ]
        return "; ".join(part for part in parts if part)

    def _read(self, line: bytes) -> ResultLine | None:
        """Return what a line says of a request that it names; None, noted, for any other."""
        try:
            answer = self._context.provider.read_line(line)
        except InvalidReplyError:
            self._not_results += 1
            return None
        if answer.custom_id:
            return answer
        if isinstance(answer.outcome, Succeeded) and len(self._nameless) < MAX_NAMELESS:
            self._nameless.append(answer.outcome.reply)
        return None

    def _bounded(self, one: SentItem, outcome: Outcome, line: bytes) -> Outcome:
        """Return what a line says of its request, or that it says more than there can be."""
        if len(line) <= AROUND_BYTES or not isinstance(outcome, Succeeded):
            return outcome
        most_bytes = reply_bytes(one.item.max_tokens, brings_in=self._brings_in)
        if len(line.rstrip(b"\r\n")) <= most_bytes:
            return outcome
        error = ReplyTooLargeError(in_words(most_bytes))
        reply = outcome.reply._replace(
            message=line[:KEPT_BYTES], text="", problem=str(error), problem_kind=TOO_LARGE
        )
        return Succeeded(reply)

    def _settled(self, one: SentItem, outcome: Outcome) -> SettledAttempt:
        return SettledAttempt(one, self._judge.ending(one, outcome, given_up=self._given_up))


def _is_unreadable(answer: ResultLine) -> bool:
    return isinstance(answer.outcome, Succeeded) and bool(answer.outcome.reply.problem)
