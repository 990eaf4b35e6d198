"""Driving a run with its progress shown, so that Ctrl-C stops it without loss."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from typing import TYPE_CHECKING

from twolane.core.money import format_usd
from twolane.core.routing import span
from twolane.core.wording import clock, counted, time_left_s
from twolane.front.console import waiting_line
from twolane.front.signals import handled
from twolane.front.terminal import Gauge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from twolane.core.states import RunState
    from twolane.front.terminal import Console
    from twolane.run import Progress, Run

REFRESH_S = 0.25
PLAIN_LINE_EVERY_S = 5.0


async def drive(run: Run, console: Console, *, stage: int | None = None) -> RunState:
    """Drive a run with its progress shown; Ctrl-C stops it cleanly, a second one immediately.

    Raises what Run.drive raises.
    """
    async with following(run, console):
        return await run.drive(stage)


@contextlib.asynccontextmanager
async def following(run: Run, console: Console) -> AsyncIterator[None]:
    """Show a run's progress while the block drives it; see `drive` for Ctrl-C."""
    with _stop_on_signals(run, console):
        watching = asyncio.get_running_loop().create_task(_watch(run, console))
        try:
            yield
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching


@contextlib.contextmanager
def _stop_on_signals(run: Run, console: Console) -> Iterator[None]:
    """Let SIGINT and SIGTERM stop the run; a second one raises KeyboardInterrupt.

    It is raised between two callbacks of the loop, as a callback of its own: raised in the midst
    of one, it may take a wake-up with it whose task could then not even be canceled. A third one
    raises at once, for a loop that comes to no other callback.
    """
    asked = 0
    loop = asyncio.get_running_loop()

    def stop() -> None:
        console.print(
            "stopping: what is in flight is waited for and booked; press again to stop now"
        )
        run.stop()

    def interrupt() -> None:
        raise KeyboardInterrupt

    def on_signal(_number: int, _frame: object) -> None:
        nonlocal asked
        asked += 1
        if asked > len(answers):
            raise KeyboardInterrupt
        # Not answered from here: the signal may have come in the middle of a write.
        loop.call_soon_threadsafe(answers[asked - 1])

    answers = (stop, interrupt)
    with handled(on_signal, signal.SIGINT, signal.SIGTERM):
        yield


async def _watch(run: Run, console: Console) -> None:
    """Show a run's progress until canceled: one live line, or plain lines without a terminal."""
    began = time.monotonic()
    is_free = run.row.estimated_nano == 0
    if not console.can_redraw:
        last = ""
        while True:
            await asyncio.sleep(PLAIN_LINE_EVERY_S)
            progress = await run.progress()
            gauge = gauge_of(progress, time.monotonic() - began, is_free=is_free, now=time.time())
            line = ", ".join(gauge.parts)
            if line != last:
                console.print(line)
            last = line
    with console.gauge() as show:
        while True:
            progress = await run.progress()
            show(gauge_of(progress, time.monotonic() - began, is_free=is_free, now=time.time()))
            await asyncio.sleep(REFRESH_S)


def gauge_of(progress: Progress, elapsed_s: float, *, is_free: bool, now: float) -> Gauge:
    """Return how far a run is, with its details, the most important first.

    For a free run neither lane nor price is shown. `now` is in seconds since the epoch.
    """
    items = progress.items
    done = items.total - items.open
    parts = [f"{done:,}/{counted(items.total, 'item')}"]
    if progress.waiting is not None:
        parts.append(waiting_line(progress.waiting, now))
    # Of the items in batches nothing is known until they end.
    elif not items.submitted and (left_s := time_left_s(done, items.total, elapsed_s)) is not None:
        parts.append(f"about {clock(left_s)} left")
    if items.failed or items.quarantined:
        parts.append(f"{items.failed:,} failed, {items.quarantined:,} quarantined")
    if is_free and not progress.spent_nano:
        return Gauge(done, items.total, parts)
    parts.append(f"{format_usd(progress.spent_nano)} so far")
    if items.running:
        parts.append(f"{items.running:,} in real time")
    if items.submitted:
        parts.append(f"{items.submitted:,} in {counted(len(progress.batches), 'batch')}")
    if progress.batches:
        tempo = progress.tempo
        parts.append(
            f"half of the batches end within {span(tempo.queue_p50_s)}, nine of ten within "
            f"{span(tempo.queue_p90_s)}"
        )
    return Gauge(done, items.total, parts)
