"""The pages of runs in a browser: they follow what happens, however large a run is."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING, TypeVar

import pytest
from playwright.sync_api import expect

from tests.doubles import ScriptedProvider
from tests.notemill.web.ledgers import HOSTILE, hostile_run, large_run, long_run
from tests.notemill.workflows.notes import write_notes
from tests.twolane.worker.scene import ask
from twolane import Engine, Lane, Settings, Stage

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from playwright.sync_api import APIResponse, Locator, Page, Route

    from tests.notemill.web.conftest import Serve, Visit
    from tests.notemill.web.served import Served
    from twolane import Reply, RunState

pytestmark = pytest.mark.loopback

T = TypeVar("T")
HALF = 250


class Held(ScriptedProvider):
    """Takes half a second for an answer; batches and the question `held` wait to be let go."""

    def __init__(self, held: str) -> None:
        """Hold back the answer to one question."""
        super().__init__()
        self.now = time.time
        self.latency_s = 0.5
        self.hold = True
        self._held = held.encode()
        self._gone_on = asyncio.Event()

    async def send(self, body: bytes, *, most_bytes: int, betas: Sequence[str] = ()) -> Reply:
        """Answer, now or later."""
        if self._held in body:
            await self._gone_on.wait()
        return await super().send(body, most_bytes=most_bytes, betas=betas)

    def let_go(self) -> None:
        """Answer what is held, and end the batches; to be called on the loop."""
        self.hold = False
        self._gone_on.set()


class Driven:
    """A run of 500 prompts, half in each lane, driven on the server's own loop."""

    def __init__(self, served: Served) -> None:
        """Record the run; nothing is sent yet."""
        self._served = served
        self.provider = Held('"q9"')
        self.id = self._on(self._begin()).result(30)

    def drive(self) -> Future[RunState]:
        """Begin to work on it."""
        return self._on(self._drive())

    def let_go(self) -> None:
        """Have everything answered from now on."""
        self._served.on_loop(self.provider.let_go)

    def _on(self, work: Coroutine[object, object, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(work, self._served.loop)

    async def _begin(self) -> str:
        settings = Settings(home=self._served.settings.home, poll_s=0.2, concurrency=20)
        self._engine = Engine.open(settings, provider=self.provider)
        self._run = await self._engine.start(
            ask(2 * HALF, echo=False),
            label="prompts.jsonl",
            stages=[
                Stage(frozenset(range(HALF)), Lane.REALTIME),
                Stage(frozenset(range(HALF, 2 * HALF)), Lane.BATCH),
            ],
        )
        return self._run.id

    async def _drive(self) -> RunState:
        try:
            return await self._run.drive()
        finally:
            await self._engine.aclose()


def row(page: Page, key: str) -> Locator:
    """Return the row of an item."""
    return page.get_by_role("row").filter(has=page.locator("bdi", has_text=re.compile(rf"^{key}$")))


def succeeded(page: Page) -> int:
    """Return the number that the page says succeeded."""
    text = page.locator("[data-total]").inner_text()
    return int(text.partition(" of ")[0].replace(",", ""))


def cancel(page: Page, key: str) -> None:
    """Cancel an item by its button, and agree."""
    page.get_by_role("button", name=f"Cancel {key}").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel item").click()


def test_a_run_of_500_is_followed_while_an_item_of_each_lane_is_canceled(
    serve: Serve, visit: Visit
) -> None:
    """Rows and counts move by themselves; what is canceled in flight ends as canceled."""
    served = serve(None)
    driven = Driven(served)
    page = visit(served, f"/runs/{driven.id}")
    expect(page.locator("[data-total]")).to_have_text("0 of 500 succeeded")
    work = driven.drive()
    expect(page.get_by_role("row").filter(has_text="running").first).to_be_visible()
    expect(page.get_by_text("Closing this page stops nothing")).to_be_visible()
    key = "n9.md"
    expect(row(page, key)).to_contain_text("running")
    cancel(page, key)
    expect(row(page, key)).to_contain_text("canceled")
    page.get_by_role("grid").press("End")
    last = row(page, "n499.md")
    expect(last).to_contain_text("in a batch")
    cancel(page, "n499.md")
    expect(last).to_contain_text("canceled")
    page.get_by_role("link", name=re.compile("^Canceled")).click()
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "3")
    expect(row(page, key)).to_be_visible()
    expect(last).to_be_visible()
    assert 0 < succeeded(page) < 498
    driven.let_go()
    expect(page.locator("[data-total]")).to_have_text("498 of 500 succeeded", timeout=60_000)
    expect(page.get_by_role("heading", level=1)).to_contain_text("done")
    expect(page.locator("[data-total]")).to_have_class(re.compile("amber"))
    assert page.title().startswith("● A batch of ")
    assert work.result(30) == "done"


def test_each_stage_of_a_curation_is_agreed_to_by_keyboard(
    serve: Serve, visit: Visit, tmp_path: Path
) -> None:
    """A stage that is verified waits, says so, and is followed by the next after a yes."""
    notes = {f"bees/{n}.md": f"Bees of hive {n} collect honey in June.\n" for n in range(12)}
    served = serve(write_notes(tmp_path / "vault", notes))
    options = {"stages": "2,4", "vocabulary": False}
    job = served.on_loop(lambda: served.desk.jobs.start("curate", options))
    page = visit(served, "/runs")
    page.get_by_role("link", name="Curation").click()
    expect(page.get_by_role("grid")).to_be_visible()  # the script is there
    stages = page.get_by_role("list").filter(has_text="all others").get_by_role("listitem")
    question = page.get_by_role("group", name="A question of this run")
    for number in range(2):
        expect(stages.nth(number)).to_contain_text("waiting for your review")
        expect(stages.nth(number)).to_contain_text("provably belong")
        expect(stages.nth(number + 1)).to_contain_text("not begun")
        if number:  # the work that asked is gone with the server, the stage is not
            served.stop()
            served.start()
            expect(question).to_have_count(0)
        else:
            expect(question).to_contain_text("Bees of hive")
        page.get_by_role("button", name="Continue with the next stage").press("Enter")
        expect(stages.nth(number)).to_have_text(re.compile("verified"))
    expect(page.locator("[data-total]")).to_have_text("12 of 12 succeeded")
    expect(page.get_by_role("heading", level=1)).to_contain_text("proposed")
    assert job.run in page.url
    expect(page.get_by_role("link", name="Review what it proposes")).to_be_visible()


def test_what_failed_is_sent_again_and_a_spent_budget_raised(
    serve: Serve, visit: Visit, tmp_path: Path
) -> None:
    """A page asks first; what would fail the same way is only sent where a person insists."""
    provider = ScriptedProvider()
    provider.refuse = lambda _: ("invalid_request_error", "not like this")
    settings = Settings(home=tmp_path, poll_s=0.05)
    served = serve(None, settings=settings, engine=lambda: open_engine(served, provider))
    run = served.wait_for(begun(served, provider, cap_nano=3_000_000))
    page = visit(served, f"/runs/{run}")
    expect(page.get_by_role("grid")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("dialog").get_by_role("button", name="Not now").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("paused")
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("dialog").get_by_role("button", name="Resume").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("stopped by the budget")
    expect(page.get_by_role("heading", name="did not succeed")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    page.get_by_label("Budget in dollars").fill("1")
    page.get_by_label("Budget in dollars").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("done")
    expect(page.locator("[data-total]")).to_have_text("0 of 20 succeeded")
    expect(page.get_by_text("Would fail the same way:")).to_be_visible()
    provider.refuse = lambda _: None
    page.get_by_role("button", name="Retry all failed (20)").click()
    page.get_by_role("dialog").get_by_role("button", name="Retry").click()
    expect(page.locator("[data-total]")).to_have_text("20 of 20 succeeded")
    expect(page.get_by_role("button", name=re.compile("Retry"))).to_have_count(0)


def open_engine(served: Served, provider: ScriptedProvider) -> Engine:
    """Open an engine on the server's ledger."""
    return Engine.open(served.settings, provider=provider)


async def begun(served: Served, provider: ScriptedProvider, *, cap_nano: int) -> str:
    """Record a run of 20 prompts under a cap; return its id."""
    async with open_engine(served, provider) as engine:
        run = await engine.start(ask(20, echo=False), lane=Lane.REALTIME, cap_nano=cap_nano)
        return run.id


BEGUN = """
document.addEventListener("DOMContentLoaded", () => { window.allRan = true; });
window.WebSocket = class extends WebSocket {
  constructor(...given) { super(...given); window.begun ??= Boolean(window.allRan); }
};
"""


def test_the_connection_begins_when_every_script_listens(serve: Serve, visit: Visit) -> None:
    """What the server tells first is heard also by the part of a page whose script came last."""
    page = visit(serve(None), "/runs")
    page.add_init_script(BEGUN)
    page.reload()
    page.wait_for_function("() => window.begun !== undefined")
    assert page.evaluate("window.begun")


def test_a_lost_server_costs_the_page_nothing_but_time(serve: Serve, visit: Visit) -> None:
    """After a restart the page shows what happened meanwhile, without being loaded again."""
    served = serve(None)
    first = long_run(served.settings.home)
    page = visit(served, "/runs")
    expect(page.get_by_role("link", name="Prompts")).to_have_count(1)
    served.stop()
    hostile_run(served.settings.home)
    served.start()
    expect(page.get_by_role("link", name="Prompts")).to_have_count(2, timeout=40_000)
    assert first in page.content()


def test_a_run_that_nobody_works_on_is_canceled_when_it_is_resumed(
    serve: Serve, visit: Visit
) -> None:
    """The page says what becomes of the request, and offers it no second time.

    It is read once more where the request was made while it was being read.
    """
    served = serve(None)
    run = hostile_run(served.settings.home)
    page = visit(served, "/runs")
    held: list[tuple[Route, APIResponse]] = []
    again = f"**/runs/{run}?whole=yes"
    page.route(again, lambda route: held.append((route, route.fetch())), times=1)
    with page.expect_request(again):
        page.goto(f"{served.url}/runs/{run}")
    expect(page.get_by_role("grid")).to_be_visible()
    page.get_by_role("button", name="Cancel run").click()
    page.get_by_role("dialog").press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.get_by_role("button", name="Cancel run").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel run").click()
    expect(page.get_by_role("status").filter(has_text="Cancellation requested")).to_be_visible()
    ((route, answer),) = held
    route.fulfill(response=answer)
    expect(page.get_by_text("it is carried out when the run is resumed")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel run")).to_have_count(0)


def test_a_notice_of_batches_is_opted_into(serve: Serve, visit: Visit) -> None:
    """It is off at first, and a choice holds on every page of runs."""
    served = serve(None)
    run = long_run(served.settings.home)
    page = visit(served, "/runs", permissions=["notifications"])
    page.get_by_role("button", name="Notify me when a batch ends").click()
    expect(page.get_by_role("button", name="Notifications are on")).to_be_visible()
    page.goto(f"{served.url}/runs/{run}")
    page.get_by_role("button", name="Notifications are on").click()
    expect(page.get_by_role("button", name="Notify me when a batch ends")).to_be_visible()


def test_names_of_a_run_run_nothing(serve: Serve, visit: Visit) -> None:
    """Hostile names are shown as they are written, in rows, tooltips and dialogs."""
    served = serve(None)
    run = hostile_run(served.settings.home)
    page = visit(served, f"/runs/{run}")
    for name in HOSTILE[:3]:
        shown = page.locator(".items .name", has_text=name)
        expect(shown.first).to_be_visible()
        shown.first.hover()
    assert page.locator("main img, main script").count() == 0
    page.goto(f"{served.url}/runs")
    assert page.locator("main img, main script").count() == 0
    assert "ran" not in page.title()


def test_a_run_of_more_than_a_day_is_told_in_the_readers_zone(serve: Serve, visit: Visit) -> None:
    """Durations come from instants, times are local with their date, on every page alike."""
    served = serve(None)
    run = long_run(served.settings.home)
    page = visit(served, "/runs", timezone_id="America/New_York", locale="en-GB")
    expect(page.get_by_text("25 h 10 min")).to_have_count(1)
    begun = page.locator("time").first.inner_text()
    assert begun.startswith("31 Oct")
    page.goto(f"{served.url}/runs/{run}")
    expect(page.locator("#summary").get_by_text("25 h 10 min")).to_be_visible()
    expect(page.locator("#batches").get_by_text("took 25 h 10 min")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="25 h 10 min")).to_have_count(2)
    assert page.locator("#summary time").first.inner_text() == begun


def test_a_hundred_thousand_items_scroll_in_a_small_page(serve: Serve, visit: Visit) -> None:
    """Any place is reached at once, and the page never holds more than what is in view."""
    served = serve(None)
    run = large_run(served.settings.home)
    page = visit(served, f"/runs/{run}")
    grid = page.get_by_role("grid")
    expect(row(page, "k0")).to_be_visible()
    expect(grid).to_have_attribute("aria-rowcount", "100001")
    for place in (0.5, 0.987, 0.25, 1.0):
        grid.evaluate("(one, place) => { one.scrollTop = place * one.scrollHeight; }", place)
        expect(grid.locator(".item .name", has_text="k").first).to_be_visible()
        expect(grid.get_by_text("…", exact=True)).to_have_count(0)
        assert page.evaluate("document.querySelectorAll('*').length") < 3_000
    expect(row(page, "k99999")).to_contain_text("waiting")
    grid.press("Home")
    grid.press("ArrowDown")
    expect(row(page, "k1").and_(page.locator("[aria-selected=true]"))).to_be_visible()
    page.get_by_role("link", name=re.compile("^Failed")).click()
    expect(page).to_have_url(re.compile(r"\?state=failed"))
    expect(grid).to_have_attribute("aria-rowcount", "1999")
    grid.press("End")
    expect(row(page, "k99850")).to_be_visible()
    page.reload()
    expect(row(page, "k0")).to_be_visible()
    expect(row(page, "k1")).to_have_count(0)


def test_a_run_is_read_without_script(serve: Serve, visit: Visit) -> None:
    """Items, pages of them and states are plain links; times name their zone."""
    served = serve(None)
    run = large_run(served.settings.home, 1_000)
    page = visit(served, f"/runs/{run}", java_script_enabled=False)
    expect(page.get_by_role("cell", name="k99", exact=True)).to_be_visible()
    expect(page.locator("#summary time")).to_contain_text("UTC")
    page.get_by_role("link", name="Next items").click()
    expect(page.get_by_role("cell", name="k100", exact=True)).to_be_visible()
    page.get_by_role("link", name=re.compile("^Failed")).click()
    expect(page.get_by_role("cell", name="k50", exact=True)).to_be_visible()


def test_without_runs_the_list_says_how_one_begins(
    serve: Serve, visit: Visit, tmp_path: Path
) -> None:
    """An empty ledger has a state of its own."""
    del tmp_path
    page = visit(serve(None), "/runs")
    expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()
