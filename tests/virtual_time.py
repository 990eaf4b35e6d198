"""An event loop whose clock jumps: waiting costs no time, and the order of events is fixed."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple, Unpack, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from concurrent.futures import Executor

    from _typeshed import FileDescriptorLike

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

START = 1_800_000_000.0
"""Where a virtual clock starts unless told otherwise: a moment in January 2027."""

_THREAD_WAIT_S = 10.0


class DeadlockError(RuntimeError):
    """Nothing is ready, no timer runs and no thread works: the test would wait for ever."""


class _JumpingSelector(selectors.BaseSelector):
    """Asks the real selector what is ready; where nothing is, moves the loop's time instead."""

    def __init__(self, loop_of: Callable[[], VirtualLoop]) -> None:
        self._real = selectors.DefaultSelector()
        self._loop_of = loop_of

    def register(
        self, fileobj: FileDescriptorLike, events: int, data: object = None
    ) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(
        self, fileobj: FileDescriptorLike, events: int, data: object = None
    ) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def get_map(self) -> Mapping[FileDescriptorLike, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        loop = self._loop_of()
        if loop.threads_working:
            # A thread reports through the loop's own pipe; virtual time stands still until then.
            ready = self._real.select(_THREAD_WAIT_S)
            if not ready:
                raise DeadlockError(f"a thread has been working for {_THREAD_WAIT_S} s")
            return ready
        if timeout is None:
            raise DeadlockError("nothing is ready, no timer is set and no thread works")
        loop.advance(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop that starts at 0 and jumps to the next timer when nothing else is to be done.

    It does not jump while `run_in_executor` has a thread at work. Sockets work, but what comes
    from another process is not waited for: such tests belong on a real loop.
    """

    def __init__(self) -> None:
        """Start at time 0."""
        self._time = 0.0
        self.epoch = START
        self.threads_working = 0
        super().__init__(_JumpingSelector(lambda: self))
        # Adding up many short steps must not leave a timer a hair's breadth in the future.
        self._clock_resolution = 1e-6

    def time(self) -> float:
        """Return the virtual seconds since the loop began."""
        return self._time

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self._time += seconds

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run in a thread, and hold the clock until its result is in the loop."""
        self.threads_working += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._thread_done)
        return future

    async def shutdown_default_executor(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Wait for the executor's threads; a thread of asyncio's own does the waiting."""
        self.threads_working += 1
        try:
            await super().shutdown_default_executor(*args, **kwargs)
        finally:
            self.threads_working -= 1

    def _thread_done(self, _: object) -> None:
        self.threads_working -= 1


class VirtualClock:
    """Seconds since the epoch, moved by the loops it runs and by `advance`."""

    def __init__(self, start: float = START) -> None:
        """Start at `start`."""
        self._base = start
        self._loop: VirtualLoop | None = None

    def now(self) -> float:
        """Return the time; fit to be a `now` argument."""
        return self._base + (self._loop.time() if self._loop else 0.0)

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass, outside a loop."""
        self._base += seconds

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run `main` to its end in a loop of its own, in no time. Raises DeadlockError."""

        def make() -> VirtualLoop:
            self._loop = VirtualLoop()
            return self._loop

        try:
            with asyncio.Runner(loop_factory=make) as runner:
                return runner.run(main)
        finally:
            self._base = self.now()
            self._loop = None


def run_virtual(main: Coroutine[Any, Any, T], start: float = START) -> T:
    """Run `main` on a virtual clock that starts at `start`; `virtual_now` tells its time."""

    async def run() -> T:
        cast("VirtualLoop", asyncio.get_running_loop()).epoch = start
        return await main

    return VirtualClock(start).run(run())


def virtual_now() -> float:
    """Return the time of the virtual loop that is running."""
    loop = cast("VirtualLoop", asyncio.get_running_loop())
    return loop.epoch + loop.time()
