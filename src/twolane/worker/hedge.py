"""The deadline of a run: how long its batches may still take before they are given up."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

from twolane.core.deadline import Owed, Tempo, finish_s, realtime_s
from twolane.ledger import history

if TYPE_CHECKING:
    from twolane.core.types import MinuteLimits
    from twolane.worker.context import Context


class NeededTime(Protocol):
    """Computes how many seconds the open items need."""

    def __call__(
        self, owed: Owed, /, *, concurrency: int, tempo: Tempo, limits: MinuteLimits
    ) -> float:
        """Return the seconds."""


# What the ledger has measured changes with every call; looking at it again is not free.
LEARN_EVERY_S = 60.0


class Hedge:
    """Decides when batches have to be given up; without a deadline, never."""

    def __init__(self, context: Context) -> None:
        """Watch the deadline of `context`'s run."""
        self._context = context
        self._tempo = Tempo()
        self._learned_at_s = -math.inf

    async def left_s(self) -> float:
        """Return how long batches may still take; 0 or less: their items must go in real time.

        Every item of the run without an ending counts.
        """
        return await self._left_s(finish_s)

    async def overdue_s(self) -> float:
        """Return how long a cancellation has delayed items that should be in real time by now."""
        return -await self._left_s(realtime_s)

    async def tempo(self) -> Tempo:
        """Return how long batches and calls take, as measured recently by the ledger."""
        context, now_s = self._context, self._context.steady_s()
        if now_s - self._learned_at_s >= LEARN_EVERY_S:
            self._tempo = await context.db(
                history.tempo,
                context.ledger,
                history.Service(context.run.provider, context.provider.base_url, context.run.model),
                size=context.run.batch_size,
            )
            self._learned_at_s = now_s
        return self._tempo

    async def _left_s(self, needed_s: NeededTime) -> float:
        context = self._context
        if context.run.deadline_at is None:
            return math.inf
        needs_s = needed_s(
            await context.db(history.owed, context.ledger, context.run),
            concurrency=context.policy.concurrency,
            tempo=await self.tempo(),
            limits=context.pacer.limits,
        )
        return context.run.deadline_at - context.now() - needs_s
