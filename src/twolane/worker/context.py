"""What every part of the worker shares: the run, its ledger, its provider, its money."""

from __future__ import annotations

import asyncio
import errno
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, ParamSpec, TypeVar

from twolane.core.retry import backoff_s
from twolane.errors import LedgerError, LedgerFullError

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    from twolane.core.budget import Budget
    from twolane.core.pacing import Pacer
    from twolane.core.pricing import LanePrices
    from twolane.core.render import Renderer
    from twolane.ledger import Ledger, RunRow, SentItem, Settlement
    from twolane.providers.base import Provider

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Policy:
    """How the worker works: the few settings that reach it."""

    poll_s: float = 30.0
    concurrency: int = 32
    reconcile_grace_s: float = 600.0


@dataclass(slots=True)
class Denial:
    """How long the provider has denied something that it should have."""

    since_s: float | None = None

    def lasted_s(self, now_s: float) -> float:
        """Note a denial, and return how long it has been so."""
        if self.since_s is None:
            self.since_s = now_s
        return now_s - self.since_s


class Settled(NamedTuple):
    """An ending that is durable, as listeners get it."""

    sent: SentItem
    settlement: Settlement


@dataclass(slots=True)
class Context:
    """One run being worked on.

    `executor` is the one thread that touches the ledger; None runs its calls in place, which the
    simulation needs for its virtual clock. `now` gives seconds since the epoch. `stirred` counts
    how often something other than a claim has changed what is pending: what was read before the
    latest time may be out of date.
    """

    run: RunRow
    ledger: Ledger
    provider: Provider
    prices: LanePrices
    renderer: Renderer
    budget: Budget
    policy: Policy
    pacer: Pacer
    spool: Path
    executor: Executor | None
    random: random.Random
    now: Callable[[], float] = time.time
    listeners: list[Callable[[Sequence[Settled]], None]] = field(default_factory=list)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    fatal: BaseException | None = None
    stirred: int = 0

    async def db(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a ledger call on the ledger's thread."""
        if self.executor is None:
            return call(*args, **kwargs)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.executor, lambda: call(*args, **kwargs))

    def stop(self, fatal: BaseException | None = None) -> None:
        """Let nothing new begin; `fatal` is raised when what is in flight has ended.

        An OSError comes from the files on the way to and from the provider, and is told as such.
        """
        if isinstance(fatal, OSError):
            message = f"the folder {self.spool} cannot be used: {fatal.strerror or fatal}"
            full = fatal.errno == errno.ENOSPC
            fatal = LedgerFullError(message) if full else LedgerError(message)
        self.fatal = self.fatal or fatal
        self.stopping.set()
        self.wake.set()

    def steady_s(self) -> float:
        """Return seconds of a clock that only goes forward: durations are measured with it.

        A wall clock that jumps must neither shorten the grace of an unknown create nor give up
        a batch; what a laptop sleeps away does not count, so that waiting errs to the long side.
        """
        return asyncio.get_running_loop().time()

    def ended(self, task: asyncio.Task[None]) -> None:
        """Note the end of a task of the worker: a fault in it stops the run."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self.stop(error)
        self.wake.set()

    @property
    def betas(self) -> tuple[str, ...]:
        """The betas of the provider's service that the run's requests ask for."""
        betas = self.run.setting("betas")
        return tuple(map(str, betas)) if isinstance(betas, list) else ()

    @property
    def strict(self) -> bool:
        """Whether the deadline is worth paying some items twice."""
        return bool(self.run.setting("by_strict"))

    async def pause(self, wait_s: float) -> bool:
        """Wait, or less when the run stops; return whether it goes on."""
        try:
            async with asyncio.timeout(wait_s):
                await self.stopping.wait()
        except TimeoutError:
            return True
        return False

    async def back_off(self, try_no: int, retry_after_s: float | None = None) -> bool:
        """Wait as the retry policy says; return whether the run goes on."""
        return await self.pause(
            backoff_s(try_no, retry_after_s=retry_after_s, jitter=self.random.random())
        )
