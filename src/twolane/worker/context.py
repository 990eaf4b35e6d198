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
    """The few settings that the worker uses."""

    poll_s: float = 30.0
    concurrency: int = 32
    reconcile_grace_s: float = 600.0


@dataclass(slots=True)
class Denial:
    """How long the provider has denied having something that it should have."""

    since_s: float | None = None

    def lasted_s(self, now_s: float) -> float:
        """Note a denial, and return how long it has been so."""
        if self.since_s is None:
            self.since_s = now_s
        return now_s - self.since_s


@dataclass(slots=True)
class Troubles:
    """The failed polls in a row of one thing: since when, and what came instead."""

    since_s: float | None = None
    strange: int = 0
    broken: int = 0

    def note(self, error: ProviderError, now_s: float) -> None:
        """Note one more failure; foreign answers count in a row only with others of their kind."""
        self.since_s = now_s if self.since_s is None else self.since_s
        self.strange = self.strange + 1 if isinstance(error, NotTheProviderError) else 0
        self.broken = self.broken + 1 if isinstance(error, InvalidReplyError) else 0

    @property
    def hopeless(self) -> bool:
        """Whether another poll would fail the same way."""
        return self.strange >= MAX_STRANGE_LOOKS or self.broken >= MAX_BROKEN_LOOKS

    def silent(self, now_s: float) -> bool:
        """Tell whether nothing has come for longer than the run waits."""
        return self.since_s is not None and now_s - self.since_s >= SILENCE_PATIENCE_S


class SettledAttempt(NamedTuple):
    """An ending that is durable, as listeners get it."""

    sent: SentItem
    settlement: Settlement


@dataclass(slots=True)
class Context:
    """One run being worked on.

    `executor` is the one thread that touches the ledger; None runs its calls in place, which the
    simulation needs for its virtual clock. `now` returns seconds since the epoch. `reached` says
    that the provider has answered the run before, in this process or an earlier one; `waits` are
    the current waits, by who waits. `stirred` counts how often something other than a claim has
    changed what is pending: anything read before the latest change may be out of date.
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
        """Start nothing new; `fatal` is raised once everything in flight has ended.

        An OSError comes from the spool files, and is reported as such.
        """
        if isinstance(fatal, OSError):
            fatal = _file_fault(fatal, self.spool)
        self.fatal = self.fatal or fatal
        self.stopping.set()
        self.wake.set()

    def steady_s(self) -> float:
        """Return seconds of a monotonic clock, for measuring durations.

        A jump of the wall clock must neither shorten the grace of an unanswered create nor give up
        a batch; time a laptop spends asleep does not count, so that waits err on the long side.
        """
        return asyncio.get_running_loop().time()

    def ended(self, task: asyncio.Task[None]) -> None:
        """Note the end of a worker task: a fault in it stops the run."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self.stop(error)
        self.wake.set()

    @property
    def betas(self) -> tuple[str, ...]:
        """The provider's betas that the run's requests ask for."""
        betas = self.run.setting("betas")
        kept = betas if isinstance(betas, list) else ()
        return tuple(one for one in kept if identifier(one))  # it becomes a header

    @property
    def brings_in(self) -> bool:
        """Whether replies may hold content that `max_tokens` does not bound; true for old runs."""
        return self.run.setting("brings_in") is not False

    @property
    def strict(self) -> bool:
        """Whether the deadline is worth paying some items twice."""
        return bool(self.run.setting("by_strict"))

    async def pause(self, wait_s: float) -> bool:
        """Wait, or less if the run stops; return whether the run continues."""
        try:
            async with asyncio.timeout(wait_s):
                await self.stopping.wait()
        except TimeoutError:
            return True
        return False

    async def wait(self, wait_s: float, who: str, why: str, *, in_all_s: float = 0.0) -> bool:
        """Wait visibly, `who` for `why`; return whether the run continues.

        `in_all_s` is how long it may take in total, if this is only the pause until the next poll.
        A wait cut short by a stop stays on record: the run ended while waiting for it.
        """
        self.waits[who] = Wait(why, self.now() + max(wait_s, in_all_s))
        goes_on = await self.pause(wait_s)
        if goes_on:
            self.waits.pop(who, None)
        return goes_on

    def next_pause_s(self, pause_s: float) -> float:
        """Return the pause after one of `pause_s` between two polls of a batch."""
        return min(pause_s * POLL_GROWTH, self._seldom_s)

    def growing_s(self, failures: int) -> float:
        """Return the minimum pause after so many failed large transfers in a row."""
        doublings = min(failures - 1, MAX_DOUBLINGS)
        return min(FIRST_BACKOFF_S * 2.0**doublings, self._seldom_s)

    @property
    def _seldom_s(self) -> float:
        """How seldom a batch is looked at in the end; a deadline needs every look."""
        poll_s = self.policy.poll_s
        return poll_s if self.run.deadline_at is not None else poll_s * MAX_POLL_FACTOR

    @property
    def waiting(self) -> Wait | None:
        """The longest current wait, None if there is none."""
        return max(self.waits.values(), key=until, default=None)

    async def back_off(
        self, try_no: int, who: str, error: ProviderError | None = None, *, least_s: float = 0.0
    ) -> bool:
        """Wait as the retry policy says after `error`; return whether the run continues.

        At least `least_s`. If the provider asks for a longer wait than a run makes, the run stops.
        """
        if error is not None and self.too_long(error):
            return False
        jitter = self.random.random()
        own_s = max(backoff_s(try_no, retry_after_s=None, jitter=jitter), least_s)
        why = str(error or "the results are not whole yet")
        return await self.wait(wait_s(own_s, asked_s(error), jitter=jitter), who, why)

    # -- who can be reached -------------------------------------------------------------------

    def heard(self, error: ProviderError | None = None) -> None:
        """Note that the provider has answered, even with an error of its own."""
        if error is None or not (
            unreachable(error) or isinstance(error, RunRefusedError | NotTheProviderError)
        ):
            self.reached = True

    def check_reached(self, error: ProviderError) -> None:
        """Raise UnreachableError if the provider was never reached: the address may be wrong.

        Later the network is at fault, and comes back.
        """
        if not self.reached:
            raise UnreachableError(str(error), provider=error.provider) from error

    def too_long(self, error: ProviderError) -> bool:
        """Stop the run if `error` asks for a longer wait than a run makes; tell whether it does."""
        pause_s = asked_s(error)
        if pause_s is None or pause_s <= STORM_PATIENCE_S:
            return False
        self.stop(self.long_wait(error, pause_s))
        return True

    def gives_up(self, error: ProviderError, troubles: Troubles) -> bool:
        """Note a failed poll; stop the run if no further one is worthwhile.

        Every polling loop ends here: a refusal of the run, a request for too long a wait, repeated
        foreign answers, or a day of silence are left to a person.
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
        """Return the error that ends a run that has met nothing but this one for a day."""
        self.waits[PROVIDER] = Wait(str(error), None)
        message = f"{error}; it has been so for a day: resume the run later"
        return LongWaitError(message, provider=error.provider, kind=error.kind)

    def long_wait(self, error: ProviderError, pause_s: float | None) -> LongWaitError:
        """Return the error that ends a run that would wait too long, `pause_s` if known."""
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
    """Return how long an error asks to wait, None if it does not."""
    return sensible_s(error.retry_after_s) if isinstance(error, TransientError) else None


def unreachable(error: ProviderError) -> bool:
    """Tell whether a request was never sent, which uses up no try."""
    return isinstance(error, ConnectionFailedError) and not error.sent


def until(wait: Wait) -> float:
    """Return when a wait is over, None if unknown."""
    return math.inf if wait.until is None else wait.until
