"""In which order the steps of a page are taken: that of its keys, however they arrive.

A page sends one step after another. When it ends, it sends what still waits all at once, and each
names the one before it: an undo that overtook its decision would take back another.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from notemill.errors import NotemillError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

WAITS_S: Final = 2.0
"""How long a step waits for one that was sent before it: it is on its way, or lost."""
MOST_FRONTS: Final = 1_000
"""The most pages whose last turn is remembered; the oldest goes first."""


class OutOfTurnError(NotemillError):
    """What was decided before this did not arrive or was refused, so this was not done either."""

    exit_code = 8
    http_status = 409


class Turns:
    """The last turn of each page."""

    def __init__(self) -> None:
        """Begin with none."""
        self._last: dict[str, int] = {}
        self._moved = asyncio.Condition()

    @asynccontextmanager
    async def of(self, front: str, turn: int, after: int) -> AsyncIterator[None]:
        """Take a turn of a front, once the turn `after` was taken; 0 is none.

        Raises OutOfTurnError if that one is not taken in time.
        """
        if after:
            try:
                async with asyncio.timeout(WAITS_S), self._moved:
                    await self._moved.wait_for(lambda: self._last.get(front, 0) >= after)
            except TimeoutError:
                raise OutOfTurnError from None
        yield
        if turn:
            async with self._moved:
                self._last[front] = max(turn, self._last.pop(front, 0))
                if len(self._last) > MOST_FRONTS:
                    del self._last[next(iter(self._last))]
                self._moved.notify_all()
