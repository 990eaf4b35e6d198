"""The vault's own thread: whatever touches its notes and databases runs there, one call at a time.

Any number of tasks may wait for it. Between two calls another task has its turn, so that a long
piece of work (`each`) holds nobody up.
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

PULLED_AT_ONCE: Final = 64
"""Requests fetched together for another thread: a switch of threads costs as much as a note."""


class StoppedError(Exception):
    """The task that a call was made for was canceled, and the call may end early."""


class VaultThread:
    """One thread, and what is to be run on it in turn."""

    def __init__(self) -> None:
        """Make the thread; it starts with the first call."""
        self._executor = ThreadPoolExecutor(1, "notemill-vault")
        self._ident = 0
        self._stop = threading.Event()

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `call` there; return what it returns, raise what it raises.

        A task that is canceled meanwhile waits until the call has ended, so that nothing is closed
        under it; `check_stop` lets it end early.
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
        """Raise StoppedError where the task was canceled that the present call was made for."""
        if self._stop.is_set():
            raise StoppedError

    async def each(self, make: Callable[[], Iterable[T]]) -> AsyncGenerator[T, None]:
        """Iterate what `make` returns, a step at a time.

        It is closed there where this ends early; who may leave the loop in its midst closes this
        with `contextlib.aclosing`.
        """
        end = object()
        iterator = await self.run(lambda: iter(make()))
        try:
            while (one := await self.run(next, iterator, end)) is not end:
                yield one  # type: ignore[misc]  # `end` was told apart
        finally:
            if (close := getattr(iterator, "close", None)) is not None:
                await self.run(close)

    def pulled(self, items: Iterable[T]) -> Iterable[T]:
        """Return `items` for another thread: they are iterated here, and handed over in parts."""
        return _Pulled(self, items)

    def parts(self, items: Iterable[T]) -> Iterator[T]:
        """Iterate `items` on this thread for the one that asks; see `pulled`."""
        if threading.get_ident() == self._ident:
            yield from items
            return
        iterator = self._executor.submit(iter, items).result()
        while part := self._executor.submit(
            lambda: list(islice(iterator, PULLED_AT_ONCE))
        ).result():
            yield from part

    def close(self) -> None:
        """Wait for what is running, and end the thread."""
        self._executor.shutdown(wait=True)


class _Pulled(Generic[T]):
    """Items that live on the vault's thread, iterable from any."""

    def __init__(self, thread: VaultThread, items: Iterable[T]) -> None:
        self._thread = thread
        self._items = items

    def __iter__(self) -> Iterator[T]:
        return self._thread.parts(self._items)
