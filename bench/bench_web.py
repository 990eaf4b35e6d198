"""The dashboard: how fast its pages and decisions are, and what a large run costs a browser.

A vault of generated notes is indexed, curated offline in part, and served on loopback; a run of
many items stands in the ledger beside it. Seconds are wall time as a browser, or a client in
another thread of this process, sees them; the first request of a server is told apart from the later
ones. What a browser shows needs Chromium, and is left out where there is none.

- screens: each by HTTP, of a server of its own, and Home until its first paint;
- decision: one proposal accepted, until the answer;
- run: a page of many items, nearly all of which have ended, until its first rows; its heap and
  nodes after scrolling to the end;
- updates: items that change 50 times a second; how far apart the frames of the page are;
- hidden: processor time of a server whose only page is hidden, and of one without a page, for an
  hour.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import shutil
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.bench_index import write_vault
from notemill.app.mill import Mill
from notemill.app.terms import OFFLINE, RunTerms
from notemill.workflows.curation.survey import Selection
from tests.doubles import ScriptedProvider
from tests.notemill.fronts import KeepingFront
from tests.notemill.web.conftest import CHROMIUM, CHROMIUM_FLAGS
from tests.notemill.web.ledgers import large_run
from tests.notemill.web.served import Served
from tests.twolane.worker.scene import ask
from twolane import Engine, Lane, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Browser, Page

SCREENS = ("/", "/runs", "/review", "/tags", "/graph", "/settings")
UPDATES_A_SECOND = 50
UPDATED_S = 30
CALLS_AT_ONCE = 10
FIRST_ROW = "[role=grid] [role=row][aria-rowindex='2']"
WHEN_ROWS = f"""(() => {{ const look = () => {{
  if (document.querySelector("{FIRST_ROW}")) window.rowsAt = performance.now();
  else requestAnimationFrame(look); }}; look(); }})()"""
HIDDEN_S = 60
FRAMES = """() => new Promise((done) => {
  const gaps = []; let last = performance.now(); const end = last + 5000;
  const next = (now) => { gaps.push(now - last); last = now;
    if (now < end) requestAnimationFrame(next); else done(gaps); };
  requestAnimationFrame(next);
})"""


class Client:
    """A client with a session of its own."""

    def __init__(self, served: Served) -> None:
        """Open the session."""
        secret = served.sessions.enter(served.sessions.token())
        self._headers = {
            "Cookie": f"{served.sessions.cookie}={secret}",
            "X-Notemill": "1",
            "Content-Type": "application/json",
        }
        self._connection = http.client.HTTPConnection("127.0.0.1", served.port)

    def ask(self, method: str, path: str, body: object = None) -> tuple[float, bytes]:
        """Send a request; return the seconds to its whole answer, and that."""
        began = time.perf_counter()
        sent = None if body is None else json.dumps(body)
        self._connection.request(method, path, sent, self._headers)
        answer = self._connection.getresponse()
        raw = answer.read()
        took = time.perf_counter() - began
        if answer.status >= 400:  # noqa: PLR2004
            raise RuntimeError(f"{method} {path}: {answer.status} {raw[:300]!r}")
        return took, raw


async def prepare(root: Path, settings: Settings, curated: int, items: int) -> str:
    """Index the vault, curate some notes, record a run of many items; return that run."""
    async with await Mill.open(root, settings, KeepingFront()) as mill:
        await mill.curating.curate(
            Selection(limit=curated), RunTerms(stages="none"), vocabulary=False
        )
    return large_run(settings.home, items)


def open_slow(settings: Settings) -> Engine:
    """Open the engine that work of the server runs with."""
    return Engine.open(settings, provider=slow())


def line(name: str, values: Sequence[float], unit: str = "ms", scale: float = 1000) -> None:
    """Print a row: the least, the middle and the largest value."""
    low, middle, high = min(values), statistics.median(values), max(values)
    print(f"{name:<34}{low * scale:>9.1f}{middle * scale:>9.1f}{high * scale:>9.1f} {unit}")


def screen(served: Served, path: str) -> None:
    """Time a screen by HTTP: the first request of a server, then ten more."""
    client = Client(served)
    first, _ = client.ask("GET", path)
    line(f"{path} first", [first])
    line(f"{path} later", [client.ask("GET", path)[0] for _ in range(10)])


def decision(served: Served, count: int) -> None:
    """Time single decisions."""
    client = Client(served)
    _, raw = client.ask("GET", f"/api/review?state=pending&limit={count}")
    ids = [one["id"] for one in json.loads(raw)["items"]]
    took = [
        client.ask(
            "POST",
            "/api/review/decisions",
            {"ids": [one], "decision": "accept", "was": "pending", "by": "bench"},
        )[0]
        for one in ids
    ]
    line(f"decision, {len(took)} of them", took)


def in_browser(served: Served, run: str) -> None:
    """Time what a browser shows, and count what it holds."""
    if CHROMIUM is None:
        print("no Chromium on this machine: nothing is measured in a browser")
        return
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(CHROMIUM_FLAGS))
        many_items(served, browser, run)
        paint(served, browser)
        browser.close()


def paint(served: Served, browser: Browser) -> None:
    """Time Home until its first paint, ten times."""
    page = browser.new_page()
    page.goto(served.enter)
    times = []
    for _ in range(10):
        page.goto(served.url + "/")
        page.wait_for_function(
            "() => performance.getEntriesByName('first-contentful-paint').length"
        )
        script = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
        times.append(page.evaluate(script) / 1000)
        page.wait_for_timeout(1000)
    line("Home, first paint", times)
    page.close()


def many_items(served: Served, browser: Browser, run: str) -> None:
    """Time a run's first rows; count heap and nodes at its end; follow updates; hide the page."""
    page = browser.new_page()
    page.add_init_script(WHEN_ROWS)
    page.context.add_cookies([served.cookie()])
    times = []
    for _ in range(10):
        page.goto(f"{served.url}/runs/{run}")
        page.wait_for_function("() => window.rowsAt")
        times.append(page.evaluate("window.rowsAt") / 1000)
        page.wait_for_timeout(1000)  # what a page does once it has loaded
    line("run, first rows", times)
    grid = page.locator("[role=grid]")
    for share in (0.25, 0.5, 0.75, 1.0):
        grid.evaluate("(one, share) => { one.scrollTop = one.scrollHeight * share; }", share)
        page.wait_for_timeout(400)
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    heap = session.send("Runtime.getHeapUsage")["usedSize"]
    nodes = page.evaluate("document.querySelectorAll('*').length")
    print(f"{'run, heap and nodes':<34}{heap / 1e6:>9.1f} MB{nodes:>9,} nodes")
    updates(served, page)
    hidden(page)


def updates(served: Served, page: Page) -> None:
    """Drive a run whose items end 50 times a second; measure the frames of its page meanwhile."""
    name = served.wait_for(_begun(served.settings))
    page.goto(f"{served.url}/runs/{name}")
    page.wait_for_selector(FIRST_ROW)
    job = served.on_loop(lambda: served.desk.jobs.start("resume", {"run": name}))
    page.wait_for_function("() => document.body.innerText.includes('succeeded')")
    gaps: list[float] = page.evaluate(FRAMES)
    if job.ended_at_s is not None:
        raise RuntimeError("the run ended before the frames were measured")
    served.on_loop(lambda: job.driven.stop() if job.driven else None)
    ordered = sorted(gaps)
    middle, most = statistics.median(gaps), ordered[int(len(ordered) * 0.95)]
    print(f"{'updates, 50 a second':<34}{middle:>9.1f} ms a frame, p95 {most:.1f} ms")


async def _begun(settings: Settings) -> str:
    """Record a run for real time that lasts longer than the measurement."""
    async with Engine.open(settings, provider=slow()) as engine:
        items = UPDATES_A_SECOND * UPDATED_S
        run = await engine.start(ask(items, echo=False), lane=Lane.REALTIME)
        return run.id


def slow() -> ScriptedProvider:
    """Return a provider that answers 50 times a second, ten calls at once."""
    provider = ScriptedProvider()
    provider.latency_s = CALLS_AT_ONCE / UPDATES_A_SECOND
    return provider


def hidden(page: Page) -> None:
    """Measure the processor time of the server with a hidden page, and then without one."""
    hide: Any = """() => { Object.defineProperty(document, 'hidden', {get: () => true});
        document.dispatchEvent(new Event('visibilitychange')); }"""
    page.evaluate(hide)
    idle(page, "hidden page, processor in an hour")
    page.goto("about:blank")
    idle(page, "no page, processor in an hour")


def idle(page: Page, name: str) -> None:
    """Measure the processor time of this process while nothing happens."""
    page.wait_for_timeout(1000)
    began, cpu = time.monotonic(), time.process_time()
    page.wait_for_timeout(HIDDEN_S * 1000)
    share = (time.process_time() - cpu) / (time.monotonic() - began)
    print(f"{name:<34}{share * 3600:>9.2f} s")


def main() -> int:
    """Run all parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--notes", type=int, default=10_000)
    parser.add_argument("--curated", type=int, default=500, help="notes with proposals")
    parser.add_argument("--items", type=int, default=100_000, help="items of the large run")
    args = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="notemill-bench-"))
    try:
        root = base / "vault"
        write_vault(root, args.notes)
        settings = Settings(home=base / "home", provider=OFFLINE, concurrency=CALLS_AT_ONCE)
        run = asyncio.run(prepare(root, settings, args.curated, args.items))
        print(f"{args.notes:,} notes, {args.curated:,} with proposals, {args.items:,} items")
        print(f"{'':<34}{'least':>9}{'median':>9}{'most':>9}")
        engine = partial(open_slow, settings)
        serve = partial(Served, root, base / "home", settings=settings, engine=engine)
        for path in SCREENS:
            with serve() as served:
                screen(served, path)
        with serve() as served:
            decision(served, 100)
            in_browser(served, run)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
