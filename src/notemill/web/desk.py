"""What all routes of the dashboard share: the vault, the ledger, the work that runs here."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from weakref import WeakSet

from notemill.app.configuring import Configuring
from notemill.app.engine_runs import go_on
from notemill.app.ingest_events import SourceBegun
from notemill.app.ledger_view import LedgerView
from notemill.app.mill import Mill
from notemill.app.runs import find_asked, open_run
from notemill.app.work_asked import Curation, Ingest, LinkSearching, Resume
from notemill.app.work_ended import WorkEnded
from notemill.config import load_exclusions
from notemill.errors import EmptyVaultError, NotemillError
from notemill.web.jobs import Jobs, SilentFront
from notemill.web.kept_runs import KeptRuns
from notemill.web.live import Hub
from notemill.web.turns import Turns
from notemill.web.wording import told
from twolane import Engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from notemill.app.events import Event, Front
    from notemill.app.planning import WorkPlan
    from notemill.app.work import Work
    from twolane import Settings

FIRST_LOOK_S: Final = 1.0
"""How long the first look at all notes is waited for, so that the first page need not."""


class Desk:
    """A server's open vault, its ledger and its work. Each piece of work opens the vault anew.

    `mill` is None if the server was started without a vault, or with a folder that has no notes
    yet, which is then `empty`.
    """

    def __init__(
        self,
        settings: Settings,
        ledger: LedgerView,
        mill: Mill | None,
        *,
        empty: Path | None,
        clock: Callable[[], float],
        engine: Callable[[], Engine] | None,
        configuring: Configuring | None = None,
    ) -> None:
        """Put it together; `open` is the usual way."""
        self.settings = settings
        self.configuring = configuring or Configuring(
            {"home": settings.home, "config": settings.config}
        )
        self._follows = configuring is not None
        self._seen = self.configuring.version()
        self._taking_up = asyncio.Lock()
        self._retired: Mill | None = None
        self._planners: dict[Mill, Mill] = {}
        self._opening = asyncio.Lock()
        self._working: WeakSet[Mill] = WeakSet()
        self.ledger = ledger
        self.mill = mill
        self.empty = empty
        self.clock = clock
        self._engine = engine
        self.jobs = Jobs(self.carry_out, clock, KeptRuns(settings.home, self.root))
        self.hub = Hub(ledger, self.jobs, lambda: self.mill)
        self.turns = Turns()

    @classmethod
    async def open(
        cls,
        folder: Path | None,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        engine: Callable[[], Engine] | None = None,
        configuring: Configuring | None = None,
    ) -> Self:
        """Open the vault in `folder`, None for the engine's runs alone.

        `engine` returns the one that work runs with; None opens what `settings` describe. With
        `configuring` the settings are followed as they change; without, these stay in force. Raises
        VaultError, LedgerError, ConfigError.
        """
        mill, empty = None, None
        # First of all, since it makes the ledger: the vault is opened without making one, and its
        # prices and times are those of a ledger that is there.
        ledger = await LedgerView.open(settings, clock=clock)
        try:
            if folder is not None:
                mill = await _read(folder, settings, clock)
        except EmptyVaultError:
            empty = folder
        except BaseException:
            await ledger.aclose()
            raise
        desk = cls(
            settings, ledger, mill,
            empty=empty, clock=clock, engine=engine, configuring=configuring,
        )  # fmt: skip
        with suppress(NotemillError):  # a vault that has just gone away is told of by its pages
            await desk.hub.waiting(patience_s=FIRST_LOOK_S)
        return desk

    async def take_up(self) -> None:
        """Go by the settings as they are now, if the config file has changed since they were read.

        What is excluded now is hidden at once, and left out by running work, which otherwise goes
        on with what it began with; the state folder is that of the start. Raises ConfigError,
        UsageError for a file that cannot be used: nothing is shown by exclusions of before.
        """
        if self.configuring.version() == self._seen:
            return
        async with self._taking_up:
            if (version := self.configuring.version()) == self._seen:
                return
            settings = await asyncio.to_thread(self.configuring.settings)
            if self._follows:
                self.settings = replace(settings, home=self.settings.home)
            exclusions = load_exclusions(config=self.settings.config)
            for working in tuple(self._working):
                with suppress(RuntimeError):  # it has just been closed
                    await working.excluding.also(exclusions)
            if self.mill is not None:
                mill = await _read(self.mill.root, self.settings, self.clock)
                # What is being answered may still need the one before; not the one before that.
                retired, self._retired, self.mill = self._retired, self.mill, mill
                await self._close(retired)
            self._seen = version

    async def look_again(self) -> None:
        """Open the vault if its folder had no notes before, and has some now."""
        if self.empty is not None:
            with suppress(EmptyVaultError):
                mill = await _read(self.empty, self.settings, self.clock)
                if self.empty is None:  # another request was faster
                    await mill.aclose()
                else:
                    self.mill, self.empty = mill, None

    @property
    def root(self) -> Path | None:
        """The vault's folder, None without one."""
        return self.empty if self.mill is None else self.mill.root

    async def plan(self, work: Work) -> WorkPlan:
        """Plan work over the vault. Raises NotemillError, TwolaneError.

        For a price notes and sources are read, and links have to be found, which may take minutes:
        that is done in the vault as opened a second time, so that no page waits for it.
        """
        mill = self.mill
        if mill is None:
            raise NoVaultError
        if isinstance(work, Curation | Ingest) or (isinstance(work, LinkSearching) and work.terms):
            async with self._opening:
                if mill not in self._planners:
                    front = _PlanFront(self.hub)
                    self._planners[mill] = await _read(mill.root, self.settings, self.clock, front)
            mill = self._planners[mill]
        return await work.plan(mill)

    async def carry_out(self, work: Work, front: Front) -> WorkEnded:
        """Do a piece of work, over the vault that it is about, while `front` follows.

        Raises NotemillError, TwolaneError, OSError.
        """
        await self.take_up()
        if isinstance(work, Resume):
            line = (await self.ledger.run(work.named)).line
            if not line.of_vault:
                return await self._go_on(work, line.id, front)
            if Path(line.label) != self.root:
                found = await asyncio.to_thread(find_asked, self.settings, line.id)
                async with await open_run(self.settings, found, front) as mill:
                    self._working.add(mill)
                    return await work.run(mill)
        if self.root is None:
            raise NoVaultError
        engine = None if self._engine is None else self._engine()
        async with await Mill.open(
            self.root, self.settings, front, clock=self.clock, engine=engine
        ) as mill:
            self._working.add(mill)
            return await work.run(mill)

    async def _go_on(self, work: Resume, run: str, front: Front) -> WorkEnded:
        """Continue a run that no vault has."""
        async with self._engine() if self._engine else Engine.open(self.settings) as engine:
            report = await go_on(
                engine,
                run,
                front,
                cap_nano=work.cap_nano,
                failed=work.failed,
                everything=work.everything,
            )
        items = report.items
        words = f"{items.succeeded:,} of {items.total:,} succeeded; `twolane export {run}` has them"
        return WorkEnded(run, words, items.succeeded == items.total)

    async def end(self) -> None:
        """Close the pages' connections and stop what runs here; what is open can still be read."""
        await self.hub.aclose()
        await self.jobs.stop()

    async def aclose(self) -> None:
        """End, and close everything that is open."""
        await self.end()
        with suppress(asyncio.CancelledError):
            await self.ledger.aclose()
        for mill in (self.mill, self._retired):
            await self._close(mill)

    async def _close(self, mill: Mill | None) -> None:
        for one in (mill, self._planners.pop(mill, None) if mill else None):
            if one is not None:
                await one.aclose()


class _PlanFront(SilentFront):
    """The front of the vault in which work is planned: pages hear which source is being read."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def tell(self, event: Event) -> None:
        if isinstance(event, SourceBegun):
            self._hub.tell(told(event))


async def _read(
    folder: Path,
    settings: Settings,
    clock: Callable[[], float],
    front: SilentFront | None = None,
) -> Mill:
    """Open a vault for pages to read and decide: nothing is sent through it."""
    return await Mill.open(folder, settings, front or SilentFront(), clock=clock, rehearsal=True)


class NoVaultError(NotemillError):
    """The dashboard was started without a vault; start it with `notemill serve VAULT`."""

    exit_code = 2
    http_status = 404
