"""What every part of the worker shares: the run, its ledger, its provider, its money."""

from __future__ import annotations

import asyncio
import errno
import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, ParamSpec, TypeVar

from twolane.core.cooldown import sensible_s, wait_s
from twolane.core.outside import identifier
from twolane.core.pacing import (
    MAX_POLL_FACTOR,
    POLL_GROWTH,
    SILENCE_PATIENCE_S,
    STORM_PATIENCE_S,
)
from twolane.core.retry import (
    FIRST_BACKOFF_S,
    MAX_BROKEN_LOOKS,
    MAX_DOUBLINGS,
    MAX_STRANGE_LOOKS,
    backoff_s,
)
from twolane.core.types import Wait
from twolane.core.wording import clock_time
from twolane.errors import (
    ConnectionFailedError,
    InvalidReplyError,
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


@dataclass(slots=True)
class Troubles:
    """The looks in a row at one thing that brought nothing: since when, and what came instead."""

    since_s: float | None = None
    strange: int = 0
    broken: int = 0

    def note(self, error: ProviderError, now_s: float) -> None:
        """Note one more; what something else answered is in a row only with its like."""
        self.since_s = now_s if self.since_s is None else self.since_s
        self.strange = self.strange + 1 if isinstance(error, NotTheProviderError) else 0
        self.broken = self.broken + 1 if isinstance(error, InvalidReplyError) else 0

    @property
    def hopeless(self) -> bool:
        """Whether another look would bring the same."""
        return self.strange >= MAX_STRANGE_LOOKS or self.broken >= MAX_BROKEN_LOOKS

    def silent(self, now_s: float) -> bool:
        """Tell whether nothing has come for longer than is waited for."""
        return self.since_s is not None and now_s - self.since_s >= SILENCE_PATIENCE_S


class SettledAttempt(NamedTuple):
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
    listeners: list[Callable[[Sequence[SettledAttempt]], None]] = field(default_factory=list)
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
        kept = betas if isinstance(betas, list) else ()
        return tuple(one for one in kept if identifier(one))  # it becomes a header

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

    def next_pause_s(self, pause_s: float) -> float:
        """Return the pause after one of `pause_s` between two looks at a batch."""
        return min(pause_s * POLL_GROWTH, self._seldom_s)

    def growing_s(self, failures: int) -> float:
        """Return the least pause after so many failures with something large, in a row."""
        doublings = min(failures - 1, MAX_DOUBLINGS)
        return min(FIRST_BACKOFF_S * 2.0**doublings, self._seldom_s)

    @property
    def _seldom_s(self) -> float:
        """How seldom a batch is looked at in the end; a deadline needs every look."""
        poll_s = self.policy.poll_s
        return poll_s if self.run.deadline_at is not None else poll_s * MAX_POLL_FACTOR

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

    def gives_up(self, error: ProviderError, troubles: Troubles) -> bool:
        """Note a look that brought nothing; stop the run where no further one is worth it.

        Every loop that asks again ends here: what refuses the run, asks for too long a wait, is not
        the provider time and again, or stays silent for a day is for a person to look at.
        """
        now_s = self.steady_s()
        troubles.note(error, now_s)
        if isinstance(error, RunRefusedError) or troubles.hopeless:
            self.stop(error)
        elif troubles.silent(now_s):
            self.stop(self.no_word(error))
        else:
            return self.too_long(error)
        return True

    def no_word(self, error: ProviderError) -> LongWaitError:
        """Return the end of a run that has met nothing but this for a day."""
        self.waits[PROVIDER] = Wait(str(error), None)
        message = f"{error}; it has been so for a day: resume the run later"
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
