"""The one socket of a page, `/live`: what has changed, as coalesced deltas with sequence numbers.

Each connection keeps the newest message of each subject until it can be sent, so that a slow reader
gets fewer messages and never a growing queue. What a page shows of a run's items is a window; the
server reads that window again when the ledger has changed, and sends the rows that differ. A page
that is hidden asks for quiet: it hears of runs and batches that end, and costs nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
from starlette.websockets import WebSocketDisconnect

from notemill.app.reviewing import Wanted
from notemill.app.views.ledger import batch_view, item_view, run_line_view
from notemill.errors import NotemillError
from notemill.stores.proposals import ProposalState
from twolane import ItemState, TwolaneError, UnknownRunError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.websockets import WebSocket

    from notemill.app.ledger_view import LedgerView
    from notemill.app.mill import Mill
    from notemill.web.jobs import Job, Jobs

TICK_S: Final = 0.2
QUIET_TICK_S: Final = 5.0
REST: Final = 4
"""After a look that took long, others are left alone for so many times as long."""
LONGEST_REST_S: Final = 0.6
"""The longest such rest: others' decisions have to show within a second."""
FRESH_S: Final = 1.0
"""Whoever goes quickly from page to page does not have proposals counted for each."""
PATIENCE_S: Final = 0.25
"""How long a page waits for the number of proposals; for another than it had, a fifth of that."""
MOST_ROWS: Final = 1_000
"""The largest window of items, and how many rows a page that named none hears of."""
MOST_PAGES: Final = 64
"""The most connections: every tab has one."""
MOST_FRAME_BYTES: Final = 4_096
RECENT_RUNS: Final = 20
MOST_DIGITS: Final = 12
MOST_SKIPPED: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """The items of a run that a page shows; no `run` is those of all runs that change."""

    run: str = ""
    after: str | None = None
    skip: int = 0
    limit: int = MOST_ROWS
    states: tuple[ItemState, ...] | None = None


EVERYTHING: Final = Window()


class Counted(NamedTuple):
    """The proposals of a vault by state, when its queue had this version; `at_s` is monotonic."""

    mill: Mill
    version: int
    counts: Mapping[ProposalState, int]
    at_s: float


class Page:
    """One connection: what it watches, and what waits to be sent, the newest of each subject."""

    def __init__(self, socket: WebSocket) -> None:
        """Begin with nothing sent."""
        self.socket = socket
        self.window = EVERYTHING
        self.is_quiet = False
        self.shown: dict[tuple[str, str], object] = {}
        self._waiting: dict[tuple[str, str], dict[str, Any]] = {}
        self._some = asyncio.Event()
        self._seq = 0

    def offer(self, kind: str, name: str, message: dict[str, Any]) -> None:
        """Send a message soon, in place of an older one of the same subject."""
        self._waiting.pop((kind, name), None)
        self._waiting[kind, name] = {"type": kind, **message}
        self._some.set()

    def offer_first(self, message: dict[str, Any]) -> None:
        """Send a snapshot before anything that waits."""
        self._waiting = {("snapshot", ""): {"type": "snapshot", **message}, **self._waiting}
        self._some.set()

    def differs(self, kind: str, name: str, value: object) -> bool:
        """Return whether a subject is not as it was last sent, and keep it as sent."""
        if self.shown.get((kind, name)) == value:
            return False
        self.shown[kind, name] = value
        return True

    def begin_anew(self) -> None:
        """Forget what was sent: a snapshot follows."""
        self.shown.clear()
        self._waiting.clear()

    async def send_all(self) -> None:
        """Send messages as they come, each with the next number, until the socket closes."""
        while True:
            await self._some.wait()
            self._some.clear()
            waiting, self._waiting = self._waiting, {}
            for message in waiting.values():
                self._seq += 1
                await self.socket.send_text(orjson.dumps({"seq": self._seq, **message}).decode())


class Hub:
    """All connections, and the loop that looks for changes while there are any."""

    def __init__(self, ledger: LedgerView, jobs: Jobs, mill: Callable[[], Mill | None]) -> None:
        """Watch the ledger, the work of this server and the vault, if it has one."""
        self._ledger = ledger
        self._jobs = jobs
        self._mill = mill
        self._pages: set[Page] = set()
        self._ticking: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._versions: tuple[int, int] | None = None
        self._counted: Counted | None = None
        self._closed = False
        jobs.listeners.append(self._job_changed)

    async def serve(self, socket: WebSocket) -> None:
        """Keep one connection until it ends."""
        if self._closed or len(self._pages) >= MOST_PAGES:
            await socket.close(1013)
            return
        await socket.accept()
        page = Page(socket)
        tasks = [asyncio.create_task(one) for one in (page.send_all(), self._hear(page))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
        except (WebSocketDisconnect, ConnectionError):
            pass  # the page has gone
        except KeyError:
            await _close(socket, 1003)  # a frame without text
        finally:
            self._pages.discard(page)
            for one in tasks:
                one.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def aclose(self) -> None:
        """End all connections and the loop; pages connect again when a server is there."""
        self._closed = True
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)
        await asyncio.gather(*(_close(one.socket) for one in self._pages))

    async def waiting(self, *, patience_s: float = PATIENCE_S) -> int:
        """Return how many proposals wait, counted anew only after the queue has changed.

        Notes may have been hidden meanwhile, or the vault is busy with long work, which holds no
        page up; one that connects hears of the other number.
        """
        mill = self._mill()
        if mill is None:
            return 0
        kept = self._counted if self._counted and self._counted.mill is mill else None
        counting = asyncio.ensure_future(self._counts(mill))
        await asyncio.wait([counting], timeout=patience_s / 5 if kept else patience_s)
        if counting.done():
            kept = counting.result()
        else:
            counting.add_done_callback(lambda one: one.cancelled() or one.exception())
        return kept.counts.get(ProposalState.PENDING, 0) if kept else 0

    async def _counts(self, mill: Mill, *, within_s: float = math.inf) -> Counted:
        """Return the counts, those of the last `within_s` seconds if the queue has not changed."""
        version = await mill.reviewing.version()
        kept, now = self._counted, time.monotonic()
        is_same = kept is not None and (kept.mill, kept.version) == (mill, version)
        if kept is None or not is_same or now - kept.at_s > within_s:
            counts = await mill.reviewing.counts(Wanted(states=None))
            kept = self._counted = Counted(mill, version, counts, now)
        return kept

    async def _hear(self, page: Page) -> None:
        await self._snapshot(page, within_s=FRESH_S)
        if self._closed:  # meanwhile; what is looked at is closed next
            await _close(page.socket)
            return
        self._pages.add(page)
        self._begin_ticking()
        while True:
            await self._heard(page, await page.socket.receive_text())

    async def _heard(self, page: Page, frame: str) -> None:
        """Take what a page says; what cannot be understood is ignored."""
        if len(frame) > MOST_FRAME_BYTES:
            return
        try:
            said = orjson.loads(frame)
        except ValueError:
            return
        if not isinstance(said, dict):
            return
        if isinstance(quiet := said.get("quiet"), bool):
            woken = page.is_quiet and not quiet
            page.is_quiet = quiet
            self._wake.set()
            if woken:
                await self._snapshot(page, within_s=FRESH_S)
        if said.get("ask") is True:
            page.offer("here", "", {})
        if "watch" in said:
            page.window = _window_of(said["watch"])
            await self._snapshot(page)

    # -- looking for changes ------------------------------------------------------------------

    def _begin_ticking(self) -> None:
        if self._ticking is None or self._ticking.done():
            self._versions = None
            self._ticking = asyncio.create_task(self._tick_on())

    async def _tick_on(self) -> None:
        rest_s = TICK_S
        while self._pages:
            awake = any(not one.is_quiet for one in self._pages)
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(
                    self._wake.wait() if not awake else asyncio.sleep(rest_s), QUIET_TICK_S
                )
            began = time.monotonic()
            try:
                await self._tick()
            except (NotemillError, TwolaneError):
                self._versions = None  # read again: a page keeps what it has until then
            took_s = time.monotonic() - began
            rest_s = max(TICK_S, min(REST * took_s, LONGEST_REST_S))

    async def _tick(self) -> None:
        mill = self._mill()
        ledger = await self._ledger.version()
        queue = 0 if mill is None else await mill.reviewing.version()
        before, self._versions = self._versions, (ledger, queue)
        if before is None or before[0] != ledger:
            await self._tell_of_runs()
        if mill is not None and (before is None or before[1] != queue):
            counted = await self._counts(mill)
            for page in self._pages:
                if not page.is_quiet and page.differs("review", "", counted[:3]):
                    page.offer("review", "", _review_view(counted))

    async def _tell_of_runs(self) -> None:
        runs = (await self._ledger.runs())[:RECENT_RUNS]
        views = {one.id: run_line_view(one) for one in runs}
        for watched in {one.window.run for one in self._pages} - {"", *views}:
            with contextlib.suppress(UnknownRunError):
                views[watched] = run_line_view(await self._ledger.line(watched))
        for page in tuple(self._pages):
            changed = [name for name, view in views.items() if page.differs("run", name, view)]
            for name in changed:
                page.offer("run", name, views[name])
            watched = page.window.run
            for name in (watched,) if watched else changed:
                with contextlib.suppress(UnknownRunError):  # a page may name what it likes
                    await self._tell_of_batches(page, name)
                    if not page.is_quiet:
                        await self._tell_of_items(page, name)

    async def _tell_of_batches(self, page: Page, run: str) -> None:
        for one in await self._ledger.batches(run):
            view = batch_view(one)
            if page.differs("batch", f"{run} {one.number}", (one.state,)):
                page.offer("batch", f"{run} {one.number}", {"run": run, **view})

    async def _tell_of_items(self, page: Page, run: str) -> None:
        window = page.window
        found = await self._ledger.items(
            run,
            after=window.after,
            skip=window.skip,
            limit=window.limit,
            states=window.states,
        )
        for number, one in enumerate(found.items):
            view = item_view(one)
            if page.window is window and page.differs("item", f"{run} {number}", view):
                page.offer("item", f"{run} {number}", {"run": run, **view})

    async def _snapshot(self, page: Page, *, within_s: float = math.inf) -> None:
        """Offer everything that a page may show, as it is now; see `_counts`."""
        page.begin_anew()
        mill = self._mill()
        message: dict[str, Any] = {}
        try:
            runs = (await self._ledger.runs())[:RECENT_RUNS]
            message["runs"] = [run_line_view(one) for one in runs]
            for one in runs:
                page.differs("run", one.id, run_line_view(one))
            if mill is not None:
                message["review"] = _review_view(await self._counts(mill, within_s=within_s))
            self._versions = None
        except (NotemillError, TwolaneError) as error:
            message["error"] = str(error)
        page.offer_first({**message, "jobs": [one.shown() for one in self._jobs]})

    def tell(self, words: str) -> None:
        """Tell all pages what is being done for a price that one of them has asked for."""
        for page in self._pages:
            page.offer("plan", "", {"words": words})

    def _job_changed(self, job: Job) -> None:
        for page in self._pages:
            page.offer("job", job.id, {"job": job.shown()})


def _window_of(wanted: object) -> Window:
    """Return the window that a page asks for; what cannot be understood is left out of it."""
    if not isinstance(wanted, dict) or not isinstance(run := wanted.get("run"), str):
        return EVERYTHING
    after, skip, limit = wanted.get("after"), wanted.get("skip"), wanted.get("limit")
    named = wanted.get("states")
    states = tuple(one for one in ItemState if one in named) if isinstance(named, list) else ()
    return Window(
        run,
        after
        if isinstance(after, str) and after.isdecimal() and len(after) <= MOST_DIGITS
        else None,
        skip if type(skip) is int and 0 <= skip <= MOST_SKIPPED else 0,
        limit if type(limit) is int and 0 < limit <= MOST_ROWS else MOST_ROWS,
        states or None,
    )


def _review_view(counted: Counted) -> dict[str, Any]:
    named = {str(state): count for state, count in counted.counts.items()}
    return {"counts": named, "version": counted.version}


async def _close(socket: WebSocket, code: int = 1001) -> None:
    with contextlib.suppress(RuntimeError, ConnectionError):
        await socket.close(code)
