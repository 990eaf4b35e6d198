"""Orphans: batches given up as never created are watched for, and booked if found.

The grace period before a create counts as never arrived makes them rare; a list that lags for
longer makes them possible, and money that was spent has to be in the ledger.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from twolane.core.expiry import RESULTS_KEPT_S
from twolane.core.identity import make_custom_id, parse_custom_id
from twolane.core.pricing import bill
from twolane.core.types import Lane, Succeeded
from twolane.errors import InvalidReplyError, ProviderError, ReplyTooLargeError
from twolane.ledger import orphans
from twolane.worker.reconcile import requests_bounds
from twolane.worker.spool import lines, spooled

if TYPE_CHECKING:
    from pathlib import Path

    from twolane.core.types import BatchInfo
    from twolane.ledger import BatchRow, RunRow
    from twolane.worker.context import Context
    from twolane.worker.reconcile import Reconciler

LOOK_EVERY_S = 600.0
# As long as an answer can still be fetched.
WATCHED_S = RESULTS_KEPT_S


class OrphanWatch:
    """Looks for the orphans of one workspace and model, of every run of the ledger."""

    def __init__(self, context: Context, reconciler: Reconciler) -> None:
        """Watch the workspace of `context`'s run."""
        self._context = context
        self._reconciler = reconciler
        self._foreign: set[tuple[int, str]] = set()

    async def watch(self) -> None:
        """Look periodically, until canceled or the run stops."""
        while await self._context.pause(LOOK_EVERY_S):
            await self.look()

    async def look(self) -> None:
        """Book every orphan that has turned up; if the provider cannot be asked now, retry later."""
        context = self._context
        if context.provider.ephemeral:
            return
        for batch in await context.db(
            orphans.given_up,
            context.ledger,
            context.run,
            base_url=context.provider.base_url,
            key_fingerprint=context.provider.key_fingerprint,
            since=context.now() - WATCHED_S,
        ):
            try:
                await self._look_for(batch)
            except ProviderError:
                return

    async def _look_for(self, batch: BatchRow) -> None:
        for one in (await self._reconciler.newer(batch)).batches:
            if one.status != "ended" or (batch.batch_no, one.id) in self._foreign:
                continue
            ours = await self._reconciler.is_ours(one, batch)
            if ours:
                await self._book(batch, one)
                return
            if ours is False:
                self._foreign.add((batch.batch_no, one.id))

    async def _book(self, batch: BatchRow, found: BatchInfo) -> None:
        context = self._context
        path = context.spool / f"{context.run.id}-{batch.nonce}.orphan.jsonl"
        try:
            requests = await context.db(orphans.requests_of, context.ledger, batch)
            # Of results without end what came is booked.
            with (
                spooled(path, requests_bounds(requests)) as out,
                contextlib.suppress(ReplyTooLargeError),
            ):
                await context.provider.fetch_results(found.id, out)
            run = await context.db(orphans.run_of, context.ledger, batch)
            costs = self._costs(path, batch, requests, run)
        finally:
            path.unlink(missing_ok=True)
        await context.db(orphans.book, context.ledger, batch, found, costs, now=context.now())
        if batch.run_no == context.run.run_no:
            context.budget.settle(0, sum(one.cost_nano for one in costs))

    def _costs(
        self, path: Path, batch: BatchRow, requests: dict[int, orphans.Sent], run: RunRow
    ) -> list[orphans.OrphanCost]:
        """Return what each answered request cost; an id stands for one request, once."""
        context = self._context
        costs: list[orphans.OrphanCost] = []
        for line in lines(path):
            try:
                answer = context.provider.read_line(line)
            except InvalidReplyError:
                continue
            parsed = parse_custom_id(answer.custom_id)
            if parsed is None or not isinstance(answer.outcome, Succeeded):
                continue
            sent = requests.get(parsed[0])
            if sent and answer.custom_id == make_custom_id(parsed[0], sent.name, batch.nonce):
                del requests[parsed[0]]
                reply, prices = answer.outcome.reply, context.prices
                paid = bill(
                    reply,
                    prices,
                    Lane.BATCH,
                    sent.reserve_nano,
                    bounded=run.bounded,
                    capped=run.cap_nano is not None,
                )
                costs.append(
                    orphans.OrphanCost(sent.attempt_no, paid.cost_nano, paid.usage, paid.unpriced)
                )
        return costs
