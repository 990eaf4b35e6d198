"""Group commit: endings are made durable together, back to back, off the event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from twolane.core.states import ItemState
from twolane.worker.context import Context, SettledAttempt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twolane.ledger import SentItem, Settlement

# One commit costs a disk flush (some 8 ms); waiting this long lets one flush carry many endings
# and still leaves none undurable for over 100 ms.
GATHER_S = 0.03


class Recorder:
    """Collects endings and commits them; an ending counts only once it is durable."""

    def __init__(self, context: Context) -> None:
        """Write into the ledger of `context`."""
        self._context = context
        self._waiting: list[SettledAttempt] = []
        self._flushing: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether endings wait to be made durable."""
        return self._flushing is not None

    def add(self, sent: SentItem, settlement: Settlement) -> None:
        """Add an ending to the next commit."""
        self._waiting.append(SettledAttempt(sent, settlement))
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().create_task(self._flush())

    async def write(
        self,
        endings: Sequence[SettledAttempt],
        commit: Callable[[Sequence[Settlement]], None] | None = None,
    ) -> None:
        """Commit endings now, then book their money and tell the listeners.

        `commit` is a larger step of the ledger that they are part of.
        """
        context = self._context
        await context.db(commit or context.ledger.settle, [one.settlement for one in endings])
        for one in endings:
            context.budget.settle(one.sent.reserve_nano, one.settlement.cost_nano)
        if any(one.settlement.item_state is ItemState.PENDING for one in endings):
            context.stirred += 1
        for listener in context.listeners:
            listener(endings)
        context.wake.set()

    async def drain(self) -> None:
        """Wait until everything added is durable. Raises LedgerError if it cannot be."""
        while self._flushing is not None:
            await self._flushing

    async def _flush(self) -> None:
        try:
            await asyncio.sleep(GATHER_S)
            while self._waiting:
                endings, self._waiting = self._waiting, []
                await self.write(endings)
        except Exception as error:  # noqa: BLE001  # it stops the run and is raised at its end
            self._context.stop(error)
        finally:
            self._flushing = None
