"""The vault's own thread: all work on its notes and databases runs there, one call at a time.

Any number of tasks may wait for it. Tasks take turns between calls, so that a long piece of work
(`each`) does not block the others.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Final, Generic, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Iterator

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")

PULLED_AT_ONCE: Final = 64
"""Items fetched together for another thread: a thread switch costs as much as a note."""


class StoppedError(Exception):
    """The task that made a call was canceled, and the call may end early."""


class VaultThread:
    """One thread, and the calls queued for it."""

    def __init__(self, name: str = "notemill-vault") -> None:
        """Create the thread; it starts with the first call."""
        self._executor = ThreadPoolExecutor(1, name)
        self._ident = 0
        self._stop = threading.Event()

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `call` on the thread; return what it returns, raise what it raises.

        A task that is canceled meanwhile waits until the call has ended, so that nothing is closed
        while in use; `check_stop` lets the call end early.
        """
        stop = threading.Event()

        def on_thread() -> T:
            self._ident, self._stop = threading.get_ident(), stop
            return call(*args, **kwargs)

        future = asyncio.get_running_loop().run_in_executor(self._executor, on_thread)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            stop.set()
            with contextlib.suppress(Exception):
                await future
            raise

    def check_stop(self) -> None:
        """Raise StoppedError if the task that made the current call was canceled."""
        if self._stop.is_set():
            raise StoppedError

    async def each(self, make: Callable[[], Iterable[T]]) -> AsyncGenerator[T, None]:
        """Iterate what `make` returns on the thread, one step at a time.

        It is closed on the thread if this ends early; a caller that may leave the loop early wraps
        this in `contextlib.aclosing`.
        """
        end = object()
        iterator = await self.run(lambda: iter(make()))
        try:
            while (one := await self.run(next, iterator, end)) is not end:
                yield one  # type: ignore[misc]  # `end` was told apart
        finally:
            if (close := getattr(iterator, "close", None)) is not None:
                await self.run(close)

    async def beside(self, call: Callable[[Iterable[T]], R], items: Iterable[T]) -> R:
        """Run `call` with `items` on a thread of its own; return what it returns.

        The items are iterated here, in parts, so that other calls get their turns. A task that is
        canceled meanwhile waits until the call has ended, which is with the next part.
        """
        stop = threading.Event()

        def checked() -> None:
            if stop.is_set():
                raise StoppedError

        future = asyncio.ensure_future(asyncio.to_thread(call, _Pulled(self, items, checked)))
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            stop.set()
            with contextlib.suppress(Exception):
                await future
            raise

    def pulled(self, items: Iterable[T]) -> Iterable[T]:
        """Return `items` for another thread: they are iterated here and handed over in parts."""
        return _Pulled(self, items)

    def parts(self, items: Iterable[T], check: Callable[[], None]) -> Iterator[T]:
        """Iterate `items` on this thread for another one; `check` may raise between parts."""
        if threading.get_ident() == self._ident:
            yield from items
            return
        iterator = self._executor.submit(iter, items).result()
        while part := self._executor.submit(
            lambda: list(islice(iterator, PULLED_AT_ONCE))
        ).result():
            check()
            yield from part

    def close(self) -> None:
        """Wait for the running call, and end the thread."""
        self._executor.shutdown(wait=True)


class _Pulled(Generic[T]):
    """Items on the vault's thread, iterable from any thread."""

    def __init__(
        self, thread: VaultThread, items: Iterable[T], check: Callable[[], None] = lambda: None
    ) -> None:
        self._thread = thread
        self._items = items
        self._check = check

    def __iter__(self) -> Iterator[T]:
        return self._thread.parts(self._items, self._check)
