"""The vault's own thread: one call at a time, from any number of tasks, and none cut off midway."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING

import pytest

from notemill.app.thread import PULLED_AT_ONCE, StoppedError, VaultThread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@pytest.fixture
def thread() -> Iterator[VaultThread]:
    """A thread that is ended."""
    thread = VaultThread()
    yield thread
    thread.close()


class Gate:
    """A call that has begun and waits until it may end."""

    def __init__(self, thread: VaultThread) -> None:
        """Wait on `thread`."""
        self._thread = thread
        self._loop = asyncio.get_running_loop()
        self.begun = asyncio.Event()
        self.may_end = threading.Event()
        self.ended = False

    def __call__(self) -> str:
        """Wait; end early where the task was canceled."""
        self._loop.call_soon_threadsafe(self.begun.set)
        assert self.may_end.wait(10)
        self.ended = True
        self._thread.check_stop()
        return "done"


async def test_calls_run_one_at_a_time_on_one_thread(thread: VaultThread) -> None:
    """Whoever asks, calls run in turn on the same thread, which is not the loop's."""
    running: list[int] = []

    def call() -> tuple[int, int]:
        running.append(1)
        count = len(running)
        running.pop()
        return threading.get_ident(), count

    found = await asyncio.gather(*(thread.run(call) for _ in range(20)))
    assert {count for _, count in found} == {1}
    idents = {ident for ident, _ in found}
    assert len(idents) == 1
    assert threading.get_ident() not in idents


async def test_what_a_call_raises_reaches_its_task(thread: VaultThread) -> None:
    """An error is raised where the call was made, and the thread goes on."""

    def fails() -> None:
        raise KeyError("gone")

    with pytest.raises(KeyError, match="gone"):
        await thread.run(fails)
    assert await thread.run(lambda: 1) == 1


async def test_a_canceled_task_waits_until_its_call_has_ended(thread: VaultThread) -> None:
    """Nothing is closed under a call: its task ends after it, and as canceled."""
    gate = Gate(thread)
    task = asyncio.create_task(thread.run(gate))
    await gate.begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not task.done()
    gate.may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert gate.ended


async def test_a_call_may_end_early_where_its_task_was_canceled(thread: VaultThread) -> None:
    """`check_stop` raises for the call of the canceled task, and for no other."""
    raised: list[bool] = []
    gate = Gate(thread)

    def checks() -> None:
        try:
            gate()
        except StoppedError:
            raised.append(True)
            raise

    task = asyncio.create_task(thread.run(checks))
    await gate.begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    gate.may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert raised == [True]
    await thread.run(thread.check_stop)


async def test_others_have_their_turn_between_two_steps(thread: VaultThread) -> None:
    """A long iteration leaves the thread to whoever waits, after every step."""
    order: list[str] = []

    def steps() -> Iterator[int]:
        for number in range(3):
            order.append(f"step {number}")
            yield number

    async def other() -> None:
        await thread.run(order.append, "other")

    found: list[int] = []
    waiting: asyncio.Task[None] | None = None
    async for one in thread.each(steps):
        found.append(one)
        if waiting is None:
            waiting = asyncio.create_task(other())
            await asyncio.sleep(0)
    assert waiting is not None
    await waiting
    assert found == [0, 1, 2]
    assert order.index("other") < order.index("step 2")


@pytest.mark.parametrize("how", ["broken off", "failed", "canceled"])
async def test_an_iteration_that_ends_early_is_closed_there(thread: VaultThread, how: str) -> None:
    """However it ends, what the iteration holds is given back on the vault's thread."""
    idents: list[int] = []

    def steps() -> Iterator[int]:
        idents.append(threading.get_ident())
        try:
            yield from range(100)
        finally:
            idents.append(threading.get_ident())

    first = asyncio.Event()

    async def go() -> None:
        async with contextlib.aclosing(thread.each(steps)) as found:
            async for _ in found:
                first.set()
                if how == "broken off":
                    break
                if how == "failed":
                    raise KeyError(how)
                await asyncio.Event().wait()

    task = asyncio.create_task(go())
    await first.wait()
    if how == "canceled":
        task.cancel()
    await asyncio.wait([task])
    assert len(idents) == 2
    assert len(set(idents)) == 1


async def test_what_lives_on_the_thread_is_pulled_in_parts_from_another(
    thread: VaultThread,
) -> None:
    """All items arrive in their order, each made on the vault's thread, few at a time."""
    made: list[int] = []

    def make() -> Iterator[int]:
        for number in range(3 * PULLED_AT_ONCE):
            made.append(threading.get_ident())
            yield number

    pulled = thread.pulled(make())
    mine = await thread.run(threading.get_ident)

    def first() -> int:
        return next(iter(pulled))

    assert await asyncio.to_thread(first) == 0
    assert len(made) == PULLED_AT_ONCE
    assert set(made) == {mine}
    rest = await asyncio.to_thread(list, pulled)
    assert rest == list(range(PULLED_AT_ONCE, 3 * PULLED_AT_ONCE))


async def test_what_is_pulled_on_the_thread_itself_does_not_wait_for_it(
    thread: VaultThread,
) -> None:
    """A call on the vault's thread may iterate what is to be pulled."""
    pulled = thread.pulled(range(5))
    assert await thread.run(list, pulled) == [0, 1, 2, 3, 4]


async def test_items_are_read_here_in_parts_and_used_beside(thread: VaultThread) -> None:
    """Others have their turn between two parts, and the items come as often as they are wanted."""
    read: list[int] = []
    used: list[int] = []

    class Items:
        def __iter__(self) -> Iterator[int]:
            for number in range(3 * PULLED_AT_ONCE):
                read.append(threading.get_ident())
                yield number

    def use(items: Iterable[int]) -> int:
        used.append(threading.get_ident())
        return sum(items) + sum(items)

    using = asyncio.create_task(thread.beside(use, Items()))
    at = await thread.run(lambda: len(read))
    whole = range(3 * PULLED_AT_ONCE)
    assert await using == 2 * sum(whole)
    assert at < len(read) == 2 * len(whole)
    assert set(read) == {await thread.run(threading.get_ident)}
    assert not set(read) & {*used, threading.get_ident()}


async def test_what_is_used_beside_ends_with_the_next_part_when_its_task_is_canceled(
    thread: VaultThread,
) -> None:
    """Nothing goes on reading for a task that is gone; the task ends as canceled."""
    gate = Gate(thread)
    seen: list[int] = []

    def items() -> Iterator[int]:
        yield from range(PULLED_AT_ONCE)
        gate()
        yield from range(10 * PULLED_AT_ONCE)

    def use(some: Iterable[int]) -> None:
        seen.extend(some)

    task = asyncio.create_task(thread.beside(use, items()))
    await gate.begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    gate.may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(seen) <= PULLED_AT_ONCE
