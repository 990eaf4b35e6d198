"""Collecting an ended batch: results streamed to disk, counted, matched, booked in chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twolane.core.expiry import results_expire_at
from twolane.core.states import BatchState
from twolane.core.types import Missing
from twolane.errors import (
    InvalidReplyError,
    ProviderError,
    RejectedError,
    RunRefusedError,
    TransientError,
)
from twolane.worker.context import Denial, Settled
from twolane.worker.reconcile import GONE_AFTER_S
from twolane.worker.spool import lines, private

if TYPE_CHECKING:
    from pathlib import Path

    from twolane.core.types import Outcome
    from twolane.ledger import BatchRow, SentItem
    from twolane.providers.base import ResultLine
    from twolane.worker.context import Context
    from twolane.worker.judge import Judge
    from twolane.worker.recorder import Recorder

COMPLETE_FETCHES = 3
CHUNK_LINES = 1_000


async def collect(context: Context, judge: Judge, recorder: Recorder, batch: BatchRow) -> None:
    """Book every result of an ended batch, then close it; nothing where the run stops before."""
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
        self._unreadable = 0
        self._gone = ""

    async def book(self, path: Path) -> bool:
        """Fetch and book results until no attempt is open; False where the run stops before.

        A stream can end early without an error, so every id is checked off; after three complete
        fetches that stay short, what is there is all there is.
        """
        context, try_no, complete = self._context, 0, 0
        denial = Denial()
        while complete < COMPLETE_FETCHES:
            try_no += 1
            try:
                with private(path) as out:
                    await context.provider.fetch_results(self._batch.provider_id or "", out)
            except RunRefusedError as error:
                context.stop(error)
                return False
            except RejectedError as error:
                if denial.lasted_s(context.steady_s()) >= GONE_AFTER_S or self._expired():
                    self._gone = str(error)
                    return True
                if not await context.pause(context.policy.poll_s):
                    return False
                continue
            except ProviderError as error:
                pause_s = error.retry_after_s if isinstance(error, TransientError) else None
                if not await context.back_off(try_no, pause_s):
                    return False
                continue
            complete += 1
            await self._book_lines(path)
            if not self._open:
                return True
            if complete < COMPLETE_FETCHES and not await context.back_off(complete):
                return False
        return True

    def _expired(self) -> bool:
        """Tell whether the provider keeps these results no more: they will not come back."""
        submitted_at, context = self._batch.submitted_at, self._context
        if submitted_at is None or context.provider.ephemeral:
            return True
        return context.now() >= results_expire_at(submitted_at)

    async def _book_lines(self, path: Path) -> None:
        """Settle the attempts that have a line, a chunk at a time."""
        self._strays = self._unreadable = 0
        chunk: list[Settled] = []
        for line in lines(path):
            answer = self._read(line)
            if answer is None:
                self._unreadable += 1
                continue
            one = self._owner(answer)
            if one is None:
                self._strays += 1
                continue
            if self._open.pop(answer.custom_id, None) is None:
                continue
            chunk.append(self._settled(one, answer.outcome))
            if len(chunk) >= CHUNK_LINES:
                await self._recorder.write(chunk)
                chunk = []
        if chunk:
            await self._recorder.write(chunk)

    async def book_missing(self) -> None:
        """Settle the attempts without a line."""
        if not self._open:
            return
        endings = [self._settled(one, Missing()) for one in self._open.values()]
        await self._recorder.write(endings)

    def remarks(self) -> str:
        """Return what was odd about the results, for a person."""
        parts = [
            self._batch.reason,
            self._gone,
            f"{self._strays} lines of ids that were never sent" if self._strays else "",
            f"{self._unreadable} lines that cannot be read" if self._unreadable else "",
        ]
        return "; ".join(part for part in parts if part)

    def _read(self, line: bytes) -> ResultLine | None:
        try:
            return self._context.provider.read_line(line)
        except InvalidReplyError:
            return None

    def _owner(self, answer: ResultLine) -> SentItem | None:
        """Return the attempt an answer belongs to: by its whole id, and only in this batch."""
        return self._sent.get(answer.custom_id)

    def _settled(self, one: SentItem, outcome: Outcome) -> Settled:
        return Settled(one, self._judge.ending(one, outcome, given_up=self._given_up))
