"""Every night, while a server runs, what is new of the followed sources becomes proposals.

It is a job like any other, begun by nobody's click. Which night was taken is told by when the
sources were looked at, so that a command, another server and a restart count, and a night that a
laptop slept through is caught up once, however many there were.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Final

from notemill.config import load_nightly
from notemill.errors import NotemillError, VaultLockedError
from twolane import TwolaneError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from notemill.web.desk import Desk

QUIET_HOUR: Final = 3
"""By the clock of this machine: people sleep, and batches are answered by the morning."""
LOOKS_EVERY_S: Final = 600.0
"""How often the clock is looked at: one long wait would stand still while a laptop sleeps."""


class Nights:
    """The nightly looks of one server."""

    def __init__(
        self, desk: Desk, *, wait: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        """Look for the vault of `desk`, by its clock; `wait` passes the time between two looks."""
        self._desk = desk
        self._wait = wait
        self._done_s = 0.0
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Begin to look, at once for a night that was missed."""
        self._task = asyncio.get_running_loop().create_task(self._go_on())

    async def end(self) -> None:
        """Look no more; a job that has begun is the server's to stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _go_on(self) -> None:
        while True:
            # What is wrong with the settings or the vault is told by every page, and may end.
            with contextlib.suppress(NotemillError, TwolaneError, OSError):
                await self.look()
            await self._wait(LOOKS_EVERY_S)

    async def look(self) -> bool:
        """Take what is new if tonight's look is due; return whether it was begun.

        Where other work has the vault, the next look tries again. Raises NotemillError,
        TwolaneError, OSError.
        """
        desk = self._desk
        night_s = last_night(desk.clock())
        if night_s == self._done_s or desk.mill is None:
            return False
        await desk.take_up()
        if not load_nightly(config=desk.settings.config):
            return False
        if not await desk.mill.following.is_due(night_s):
            return False
        job = desk.jobs.start("followed", {"since": night_s})
        if job.task is not None:
            await asyncio.wait([job.task])
        if not isinstance(job.error, VaultLockedError):
            self._done_s = night_s
        return True


def last_night(now_s: float) -> float:
    """Return when the last quiet hour began, both in seconds since the epoch."""
    day = time.localtime(now_s)
    for days in (0, 1):
        # The day before the first of a month is the last of the month before; -1: DST as it was.
        began = (day.tm_year, day.tm_mon, day.tm_mday - days, QUIET_HOUR, 0, 0, 0, 0, -1)
        if (night_s := time.mktime(began)) <= now_s:
            break
    return night_s
