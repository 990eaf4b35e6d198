"""Every run of the ledger, for a front that stays open for weeks.

The ledger is read on a thread of its own, so that neither a vault's work nor a large run holds up
the other. Names of notes that may not be shown by now come without their name, see `ShownItem`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Self

from notemill.app.ledger_reading import LedgerReading
from notemill.app.thread import VaultThread

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from notemill.app.ledger_lines import BatchLine, Failures, ItemPage, RunDetail, RunLine
    from notemill.app.runs import CancelWish
    from twolane import Counts, Expiring, ItemState, Settings, Timeline

RUNS_SHOWN: Final = 200
ITEMS_SHOWN: Final = 100


class LedgerView:
    """Reads and cancels runs of any kind; for any number of concurrent tasks.

    Runs are named as everywhere where they are looked up (`run`, `cancel`); all else takes an id.
    Everything raises LedgerError if the ledger cannot be read.
    """

    def __init__(self, thread: VaultThread, reading: LedgerReading) -> None:
        """Take an open ledger, and its thread; `open` is the usual way."""
        self._thread = thread
        self._reading = reading

    @classmethod
    async def open(cls, settings: Settings, *, clock: Callable[[], float] = time.time) -> Self:
        """Open the ledger in the settings' home, empty if there is none. Raises LedgerError."""
        thread = VaultThread("notemill-ledger")
        try:
            return cls(thread, await thread.run(LedgerReading, settings, clock))
        except BaseException:
            thread.close()
            raise

    async def aclose(self) -> None:
        """Close it."""
        await self._thread.run(self._reading.close)
        self._thread.close()

    async def version(self) -> int:
        """Return a number that is another one after anybody wrote to the ledger or a store."""
        return await self._thread.run(self._reading.version)

    async def runs(self, *, limit: int = RUNS_SHOWN) -> tuple[RunLine, ...]:
        """Return the newest runs, of the engine and of the vaults' stores."""
        return await self._thread.run(self._reading.runs, limit)

    async def run(self, named: str) -> RunDetail:
        """Return all about a run but its items, failures and timeline.

        Raises UnknownRunError, AmbiguousRunError.
        """
        return await self._thread.run(self._reading.run, named)

    async def line(self, run_id: str) -> RunLine:
        """Return a run as a list shows it. Raises UnknownRunError."""
        return await self._thread.run(self._reading.line, run_id)

    async def counts(self, run_id: str) -> Counts:
        """Count the items of a run by state. Raises UnknownRunError if it asked no model."""
        return await self._thread.run(self._reading.counts, run_id)

    async def items(
        self,
        run_id: str,
        *,
        after: str | None = None,
        skip: int = 0,
        limit: int = ITEMS_SHOWN,
        states: Collection[ItemState] | None = None,
    ) -> ItemPage:
        """Return up to `limit` items in input order, those behind the cursor `after`.

        The cursor is the index of an item, as text, or a page's `next`. `states` None is any;
        `skip` leaves out as many of what would be returned, to jump within a filtered list. Raises
        UnknownRunError, UsageError for a cursor that is none.
        """
        return await self._thread.run(
            self._reading.items, run_id, after=after, skip=skip, limit=limit, states=states
        )

    async def failures(self, run_id: str) -> Failures:
        """Return what did not succeed in groups, each with what to do. Raises UnknownRunError."""
        return await self._thread.run(self._reading.failures, run_id)

    async def batches(self, run_id: str) -> tuple[BatchLine, ...]:
        """Return a run's batches, in the order in which they were posted."""
        return await self._thread.run(self._reading.batches, run_id)

    async def timeline(self, run_id: str) -> Timeline | None:
        """Return when real-time calls of a run ended; None if nothing was sent."""
        return await self._thread.run(self._reading.timeline, run_id)

    async def expiring(self) -> tuple[Expiring, ...]:
        """Return the batches, of all runs, whose results the provider will soon delete."""
        return await self._thread.run(self._reading.expiring)

    async def cancel(self, named: str, item: str | None = None) -> CancelWish:
        """Request the cancellation of a run or an item of it, unless it has ended.

        The process that works on the run carries it out; otherwise the next one will. Raises
        UnknownRunError, AmbiguousRunError, UsageError for an item that it does not have.
        """
        return await self._thread.run(self._reading.cancel, named, item)
