"""The deadline of a run: how long its batches may still take before they are given up."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from twolane.core.deadline import Tempo, finish_s, realtime_s
from twolane.ledger import history

if TYPE_CHECKING:
    from twolane.worker.context import Context

# What the ledger has measured changes with every call; looking at it again is not free.
LEARN_EVERY_S = 60.0


class Hedge:
    """Says when batches have to be given up; without a deadline, never."""

    def __init__(self, context: Context) -> None:
        """Watch the deadline of `context`'s run."""
        self._context = context
        self._tempo = Tempo()
        self._learned_at_s = -math.inf

    async def left_s(self) -> float:
        """Return how long batches may still take; 0 or less: what they owe must go in real time.

        What they owe is every item of the run that has no ending yet.
        """
        left_s, owed = await self._left()
        if left_s == math.inf:
            return left_s
        context = self._context
        return left_s - finish_s(
            owed,
            concurrency=context.policy.concurrency,
            tempo=self._tempo,
            per_min=context.pacer.per_min,
        )

    async def overdue_s(self) -> float:
        """Return for how long a cancellation has kept back what should be under way by now."""
        left_s, owed = await self._left()
        if left_s == math.inf:
            return -math.inf
        context = self._context
        return (
            realtime_s(
                owed,
                concurrency=context.policy.concurrency,
                tempo=self._tempo,
                per_min=context.pacer.per_min,
            )
            - left_s
        )

    async def _left(self) -> tuple[float, int]:
        context = self._context
        if context.run.deadline_at is None:
            return math.inf, 0
        now_s = asyncio.get_running_loop().time()
        if now_s - self._learned_at_s >= LEARN_EVERY_S:
            self._tempo = await context.db(
                history.tempo,
                context.ledger,
                context.run.provider,
                context.run.model,
                size=context.run.batch_size,
            )
            self._learned_at_s = now_s
        owed = await context.db(history.owed, context.ledger, context.run)
        return context.run.deadline_at - context.now(), owed
