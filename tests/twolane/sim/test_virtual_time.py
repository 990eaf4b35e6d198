"""The virtual clock that the simulation tests run on."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from tests.virtual_time import START, DeadlockError, VirtualClock, run_virtual, virtual_now


def test_waiting_costs_no_time() -> None:
    """A day of sleep is over at once, and the clock shows a day more."""

    async def main() -> float:
        await asyncio.sleep(86_400)
        return virtual_now()

    began = time.perf_counter()
    assert run_virtual(main()) == pytest.approx(START + 86_400)
    assert time.perf_counter() - began < 5


def test_timers_fire_in_their_order() -> None:
    """Tasks wake in the order of their times, whatever the order they were started in."""

    async def main() -> list[float]:
        woken: list[float] = []

        async def nap(seconds: float) -> None:
            await asyncio.sleep(seconds)
            woken.append(seconds)

        await asyncio.gather(*(nap(seconds) for seconds in (5, 0.5, 3_600, 2, 0.25)))
        return woken

    assert run_virtual(main()) == [0.25, 0.5, 2, 5, 3_600]


def test_timeouts_work() -> None:
    """A timeout fires at its virtual time."""

    async def main() -> float:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 30)
        return virtual_now()

    assert run_virtual(main(), start=100.0) == pytest.approx(130.0)


def test_a_deadlock_is_an_error() -> None:
    """Waiting for what nobody will do raises instead of hanging."""

    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(DeadlockError):
        run_virtual(main())


def test_the_clock_stands_while_a_thread_works() -> None:
    """Time does not jump past a timer while an executor's thread is at work."""
    go = threading.Event()

    async def main() -> tuple[float, list[str]]:
        happened: list[str] = []
        loop = asyncio.get_running_loop()
        loop.call_later(60, happened.append, "timer")

        def work() -> None:
            go.wait(5)
            happened.append("thread")

        future = loop.run_in_executor(None, work)
        loop.call_soon(go.set)
        await future
        at = loop.time()
        await asyncio.sleep(61)
        return at, happened

    assert run_virtual(main()) == (0.0, ["thread", "timer"])


def test_a_clock_goes_on_from_loop_to_loop() -> None:
    """One clock can run several loops and be moved between them."""
    clock = VirtualClock(1_000.0)
    clock.run(asyncio.sleep(10))
    clock.advance(5)

    async def main() -> float:
        await asyncio.sleep(1)
        return clock.now()

    assert clock.run(main()) == pytest.approx(1_016.0)
    assert clock.now() == pytest.approx(1_016.0)
