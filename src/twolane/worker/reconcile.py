"""The fate of an unanswered create, found out before anything is sent again.

The provider has no idempotency key and no client tag, and its list names no custom_ids. The only
evidence is the list (creation time, size), and the custom_ids of a batch's results once it has
ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from filelock import Timeout

from twolane import private
from twolane.core.bounds import ResultBounds, result_bounds
from twolane.core.expiry import BATCH_LIFE_S, OVERDUE_S
from twolane.core.identity import make_custom_id, parse_custom_id
from twolane.core.outside import clamped
from twolane.core.states import BatchState
from twolane.core.wording import counted
from twolane.errors import (
    ConfigError,
    InvalidReplyError,
    LongWaitError,
    ProviderError,
    RejectedError,
    ReplyTooLargeError,
)
from twolane.ledger import orphans
from twolane.worker import spool
from twolane.worker.context import Denial, Troubles

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from twolane.core.types import BatchInfo
    from twolane.ledger import BatchRow
    from twolane.providers.base import BatchPage
    from twolane.worker.context import Context

PAGE_LIMIT = 1_000
# Nobody has posted so many thousands of batches while results are kept (core/expiry.py).
MAX_PAGES = 50
# Each is asked for its results. Others post in the same minutes, but not thousands of one size.
MAX_CANDIDATES = 1_000
# Results that end early without an error look like results that are complete.
SHORT_FETCHES = 3
LOCK_POLL_S = 0.05
# Results may answer 404 for a while; only after this long do they count as gone.
GONE_AFTER_S = 3_600.0
# Some gateways count only at the end: no batch is empty, so it says nothing of its size.
UNCOUNTED = 0
# Every batch ends within a day; of one that does not in so long, nobody can tell when it will.
UNDECIDED_AFTER_S = BATCH_LIFE_S + OVERDUE_S
# What stands in the list and cannot be told has no id.
UNREADABLE = ""
WAITING = "a batch of its size is there, and only its results tell whose it is"


class BatchCandidates(NamedTuple):
    """The batches of a list that may be ours; `unreadable` counts those that cannot be judged."""

    batches: list[BatchInfo]
    unreadable: int

    @property
    def trouble(self) -> str:
        """What in the list prevents a decision, to append to a message; '' for nothing."""
        count = counted(self.unreadable, "batch")
        return f": the list has {count} without a usable id" if self.unreadable else ""


class Reconciler:
    """Finds the batches of one workspace (a base URL and a key) in the provider's list."""

    def __init__(self, context: Context) -> None:
        """Look for the batches of `context`'s run."""
        self._context = context
        self._short: Counter[str] = Counter()
        self._gone: dict[str, Denial] = {}

    @contextlib.asynccontextmanager
    async def workspace(self) -> AsyncIterator[None]:
        """Lock the workspace: all processes here post creates one at a time."""
        context = self._context
        folder = context.ledger.path.parent / "locks"
        private.folder(folder)
        lock = private.lock(folder / f"workspace-{context.provider.key_fingerprint}.lock")
        while True:
            try:
                lock.acquire()
                break
            except Timeout:
                await asyncio.sleep(LOCK_POLL_S)
        try:
            yield
        finally:
            lock.release()

    async def check_workspace(self, batch: BatchRow) -> None:
        """Check that the provider's list is the one an earlier process posted `batch` to.

        With another key or base URL that needs proof: a batch known from then must be listed.
        Otherwise a batch in progress in the other workspace would seem never to have arrived, and
        would be paid for twice. Raises ConfigError without such proof.
        """
        context = self._context
        place = (batch.base_url, batch.key_fingerprint)
        if place == (context.provider.base_url, context.provider.key_fingerprint):
            return
        then = [
            one
            for one in await context.db(context.ledger.batches, context.run)
            if (one.base_url, one.key_fingerprint) == place
        ]
        for known in {one.provider_id or one.newest_id for one in then} - {None}:
            with contextlib.suppress(RejectedError):
                await context.provider.retrieve_batch(known or "")
                return
        message = (
            f"batch {batch.nonce} was posted to {batch.base_url} with another key, and this one "
            "does not see that workspace; resume with the original key and base URL, or its "
            "items would be paid for twice"
        )
        raise ConfigError(message)

    async def newest(self) -> tuple[str, float | None] | None:
        """Return (id, created_at) of the newest batch in the list. Raises ProviderError."""
        page = await self._context.provider.list_batches(after_id=None, limit=1)
        return (page.batches[0].id, page.batches[0].created_at) if page.batches else None

    async def is_listed(self, batch_id: str) -> bool:
        """Tell whether a complete list names the batch. Raises ProviderError."""
        async for page in self._pages():
            if any(one.id == batch_id for one in page.batches):
                return True
        return False

    async def _pages(self) -> AsyncIterator[BatchPage]:
        """Yield the provider's list to its end, newest first.

        Raises ProviderError, InvalidReplyError also for a list that comes to no end: what does not
        stand in it so far may stand behind.
        """
        provider, after_id = self._context.provider, None
        seen: set[str | None] = {None}
        for _ in range(MAX_PAGES):
            page = await provider.list_batches(after_id=after_id, limit=PAGE_LIMIT)
            yield page
            if not page.has_more:
                return
            after_id = page.last_id or (page.batches[-1].id if page.batches else None)
            if after_id in seen:
                raise InvalidReplyError(
                    "the provider's list of batches goes round in a circle; tell whoever runs it, "
                    "and resume the run then",
                    provider=provider.name,
                )
            seen.add(after_id)
        raise InvalidReplyError(
            f"the provider's list of batches has no end within {MAX_PAGES:,} pages; tell whoever "
            "runs it, and resume the run then",
            provider=provider.name,
        )

    async def resolve(self, batch: BatchRow) -> BatchRow | None:
        """Find out the fate of an unanswered create.

        Returns the batch as SUBMITTED (found), as UNKNOWN (proved never to have arrived) or as
        PROVISIONAL (the results that could tell are gone for good), and None if the run stops
        first. Nothing is guessed: a batch is ours only when one of its results has an id of ours,
        and absent only when a complete list, begun after the grace, has no candidate left.
        """
        context, ledger = self._context, self._context.ledger
        first_list: float | None = None
        foreign: set[str] = set()
        # The batches of an embedded provider ended with their process: its list is the proof.
        grace_s = 0.0 if context.provider.ephemeral else context.policy.reconcile_grace_s
        pause_s, troubles = context.policy.poll_s, Troubles()
        while True:
            began, trouble = context.steady_s(), ""
            try:
                found = await self.newer(batch)
                first_list = began if first_list is None else first_list
                trouble = found.trouble
                ours, running, gone = await self._told(found, batch, foreign)
                troubles = Troubles()
                if ours is not None:
                    return await context.db(
                        ledger.move_batch,
                        batch,
                        BatchState.SUBMITTED,
                        provider_id=ours.id,
                        submitted_at=clamped(ours.created_at, batch.intended_at, context.now()),
                    )
                if began - first_list >= grace_s and not running:
                    state = BatchState.PROVISIONAL if gone else BatchState.UNKNOWN
                    return await self._as(batch, state)
                batch = await self._as(
                    batch, BatchState.PROVISIONAL if running else BatchState.UNKNOWN
                )
                if began - first_list >= UNDECIDED_AFTER_S:
                    context.stop(self._undecided(batch))
                    return None
            except ProviderError as error:
                # Not reachable now; without its list there is no proof either way.
                if context.gives_up(error, troubles):
                    return None
                trouble = f": {error}"
            since_s = began if first_list is None else first_list
            left_s = grace_s - (context.steady_s() - since_s)
            if not await context.wait(
                pause_s,
                f"batch {batch.batch_no}",
                f"it is found out whether batch {batch.nonce} was taken{trouble}",
                in_all_s=left_s,
            ):
                return None
            if left_s <= 0:
                pause_s = context.next_pause_s(pause_s)

    def _undecided(self, batch: BatchRow) -> LongWaitError:
        """Return the end of a run that has waited for long enough for what may be its batch."""
        message = (
            f"it cannot be found out whether batch {batch.nonce} was taken: one of its size is in "
            "the provider's list and does not end; resume the run later to look again"
        )
        return LongWaitError(message, provider=self._context.provider.name)

    async def _told(
        self, found: BatchCandidates, batch: BatchRow, foreign: set[str]
    ) -> tuple[BatchInfo | None, bool, bool]:
        """Return the candidate that is ours, and whether some may be: running, or gone for good.

        Those that are somebody else's are added to `foreign`.
        """
        # Any that cannot be read may be ours, and none can be asked for.
        gone = bool(found.unreadable) and self._denied(UNREADABLE)
        running = bool(found.unreadable) and not gone
        for one in found.batches:
            if one.id in foreign:
                continue
            ours = await self._decided(one, batch)
            if ours:
                return one, running, gone
            if ours is False:
                foreign.add(one.id)
            else:
                gone = gone or self._is_gone(one)
                running = running or not self._is_gone(one)
        return None, running, gone

    async def _decided(self, one: BatchInfo, batch: BatchRow) -> bool | None:
        """Tell whether a candidate is ours, None if it cannot be told, or not yet."""
        if one.status != "ended":
            return None
        try:
            return await self.is_ours(one, batch)
        except RejectedError:
            self._denied(one.id)
            return None

    def _denied(self, batch_id: str) -> bool:
        """Note that a candidate cannot be asked for; tell whether it is so for good."""
        denial = self._gone.setdefault(batch_id, Denial())
        return denial.lasted_s(self._context.steady_s()) >= GONE_AFTER_S

    def _is_gone(self, one: BatchInfo) -> bool:
        denial = self._gone.get(one.id)
        return denial is not None and denial.lasted_s(self._context.steady_s()) >= GONE_AFTER_S

    async def _as(self, batch: BatchRow, state: BatchState) -> BatchRow:
        if batch.state is state:
            return batch
        why = WAITING if state is BatchState.PROVISIONAL else batch.reason
        return await self._context.db(self._context.ledger.move_batch, batch, state, reason=why)

    async def newer(self, batch: BatchRow) -> BatchCandidates:
        """Return the unknown batches of the right size that are newer than `batch.newest_id`."""
        context = self._context
        known = await context.db(context.ledger.known_batch_ids)
        found: list[BatchInfo] = []
        unreadable = 0
        async for page in self._pages():
            unreadable += page.unreadable
            for one in page.batches:
                if one.id == batch.newest_id:
                    return BatchCandidates(found, unreadable)
                if one.id not in known and one.counts.total in (batch.size, UNCOUNTED):
                    found.append(one)
            if len(found) > MAX_CANDIDATES:
                raise InvalidReplyError(
                    f"the provider's list has over {MAX_CANDIDATES:,} batches that may be batch "
                    f"{batch.nonce}; tell whoever runs it, and resume the run then",
                    provider=context.provider.name,
                )
        return BatchCandidates(found, unreadable)

    async def is_ours(self, ended: BatchInfo, batch: BatchRow) -> bool | None:
        """Tell by the custom_ids of its results whether an ended batch is ours.

        One id of ours proves that it is. That it is somebody else's needs all of its results, or an
        incomplete set that stays the same. None if they are incomplete and may still name us, or
        name nobody.
        """
        context, count = self._context, 0
        requests = await context.db(orphans.requests_of, context.ledger, batch)
        path = context.spool / f"{context.run.id}-{batch.nonce}.probe.jsonl"
        try:
            # Results without end are told by what came of them, like such as end early.
            with (
                spool.spooled(path, requests_bounds(requests)) as out,
                contextlib.suppress(ReplyTooLargeError),
            ):
                await context.provider.fetch_results(ended.id, out)
            for line in spool.lines(path):
                with contextlib.suppress(InvalidReplyError):
                    answer = context.provider.read_line(line)
                    parsed = parse_custom_id(answer.custom_id)
                    # A line that lost its name may be ours, and says that of nobody else.
                    count += bool(answer.custom_id)
                    if parsed is None or parsed[0] not in requests:
                        continue
                    name = requests[parsed[0]].name
                    if answer.custom_id == make_custom_id(parsed[0], name, batch.nonce):
                        return True
        finally:
            path.unlink(missing_ok=True)
        if count >= ended.counts.total != UNCOUNTED:
            return False
        self._short[ended.id] += 1
        if self._short[ended.id] >= SHORT_FETCHES:
            if count:
                return False
            # No name at all, time and again: nobody can tell whose it is, so nobody may say.
            self._gone[ended.id] = Denial(-math.inf)
        return None


def requests_bounds(requests: Mapping[int, orphans.Sent]) -> ResultBounds:
    """Return the bounds for the results of a batch that may be ours, whatever its run asked for."""
    return result_bounds((one.max_tokens for one in requests.values()), brings_in=True)
