"""What every part of the worker shares: the run, its ledger, its provider, its money."""

from __future__ import annotations

import asyncio
import errno
import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, ParamSpec, TypeVar

from twolane.core.cooldown import sensible_s, wait_s
from twolane.core.pacing import STORM_PATIENCE_S
from twolane.core.retry import backoff_s
from twolane.core.types import Wait
from twolane.core.wording import clock_time
from twolane.errors import (
    ConnectionFailedError,
    LedgerError,
    LedgerFullError,
    LongWaitError,
    NotTheProviderError,
    ProviderError,
    RunRefusedError,
    TooManyFilesError,
    TransientError,
    TwolaneError,
    UnreachableError,
)

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

PROVIDER = "provider"

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
    simulation needs for its virtual clock. `now` gives seconds since the epoch. `reached` says
    that the provider has answered the run before, in this process or an earlier one; `waits` are
    what is waited for now, by what waits for it. `stirred` counts
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
    reached: bool = False
    waits: dict[str, Wait] = field(default_factory=dict)
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
            fatal = _file_fault(fatal, self.spool)
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
    def brings_in(self) -> bool:
        """Whether its replies may hold what no `max_tokens` bounds; so may those of old runs."""
        return self.run.setting("brings_in") is not False

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

    async def wait(self, wait_s: float, who: str, why: str, *, in_all_s: float = 0.0) -> bool:
        """Wait in sight of everybody, `who` for `why`; return whether the run goes on.

        `in_all_s` is how long it may yet take, where this is only the pause to the next look.
        What a stop has cut short stays on record: the run ended while it waited for that.
        """
        self.waits[who] = Wait(why, self.now() + max(wait_s, in_all_s))
        goes_on = await self.pause(wait_s)
        if goes_on:
            self.waits.pop(who, None)
        return goes_on

    @property
    def waiting(self) -> Wait | None:
        """What is waited for longest, None where nothing is waited for."""
        return max(self.waits.values(), key=until, default=None)

    async def back_off(
        self, try_no: int, who: str, error: ProviderError | None = None, *, least_s: float = 0.0
    ) -> bool:
        """Wait as the retry policy says after `error`; return whether the run goes on.

        It is `least_s` at least. Where the provider wants to be left alone for longer than a run
        waits, the run stops.
        """
        if error is not None and self.too_long(error):
            return False
        jitter = self.random.random()
        own_s = max(backoff_s(try_no, retry_after_s=None, jitter=jitter), least_s)
        why = str(error or "the results are not whole yet")
        return await self.wait(wait_s(own_s, asked_s(error), jitter=jitter), who, why)

    # -- who can be reached -------------------------------------------------------------------

    def heard(self, error: ProviderError | None = None) -> None:
        """Note that the provider has answered, be it with an error that is its own."""
        if error is None or not (
            unreachable(error) or isinstance(error, RunRefusedError | NotTheProviderError)
        ):
            self.reached = True

    def check_reached(self, error: ProviderError) -> None:
        """Raise UnreachableError where the provider was never reached: the address may be wrong.

        Later it is the network, which comes back.
        """
        if not self.reached:
            raise UnreachableError(str(error), provider=error.provider) from error

    def too_long(self, error: ProviderError) -> bool:
        """Stop the run where `error` asks for a longer wait than a run's; tell whether it does."""
        pause_s = asked_s(error)
        if pause_s is None or pause_s <= STORM_PATIENCE_S:
            return False
        self.stop(self.long_wait(error, pause_s))
        return True

    def no_word(self, error: ProviderError) -> LongWaitError:
        """Return the end of a run that has heard nothing of the provider for a day."""
        self.waits[PROVIDER] = Wait(str(error), None)
        message = f"{error}; there was no word from it for a day: resume the run later"
        return LongWaitError(message, provider=error.provider, kind=error.kind)

    def long_wait(self, error: ProviderError, pause_s: float | None) -> LongWaitError:
        """Return the end of a run that would wait for too long, `pause_s` if that is known."""
        until = None if pause_s is None else self.now() + pause_s
        self.waits[PROVIDER] = Wait(str(error), until)
        when = (
            "nothing was answered for an hour: resume the run later"
            if until is None
            else f"that is over at {clock_time(until, self.now())}: resume the run then"
        )
        return LongWaitError(f"{error}; {when}", provider=error.provider, status=error.status)


def _file_fault(fault: OSError, spool: Path) -> TwolaneError:
    """Return what a fault of a file on its way to or from the provider is told as."""
    if fault.errno in (errno.EMFILE, errno.ENFILE):
        return TooManyFilesError()
    message = f"the folder {spool} cannot be used: {fault.strerror or fault}"
    full = fault.errno in (errno.ENOSPC, errno.EDQUOT)
    return LedgerFullError(message) if full else LedgerError(message)


def asked_s(error: ProviderError | None) -> float | None:
    """Return how long an error asks to be waited for, None where it does not."""
    return sensible_s(error.retry_after_s) if isinstance(error, TransientError) else None


def unreachable(error: ProviderError) -> bool:
    """Tell whether a request never left: that counts against nobody."""
    return isinstance(error, ConnectionFailedError) and not error.sent


def until(wait: Wait) -> float:
    """Return when a wait is over, never where nobody can tell."""
    return math.inf if wait.until is None else wait.until
