"""Home's API: the vault at a glance, plans, work that is started, answered and undone, money."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from notemill.app.reviewing import Wanted
from notemill.app.spending import MonthSpent
from notemill.app.terms import OFFLINE
from notemill.stores.proposals import Decision
from notemill.web.charts import HEIGHT, MOST_MONTHS, WIDTH, month_bars
from notemill.web.desk import Desk
from notemill.web.figures import alike_usd
from notemill.web.jobs import RUNNING
from notemill.web.site import create_site
from tests.notemill.web.asking import Answer, asked
from tests.notemill.workflows.notes import many, tree, write_notes
from twolane import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HOSTILE = '<img src=x onerror=alert(1)> "&.md'
NOTES = {**many(9), HOSTILE: "Its name is no markup.\n"}


class Home:
    """A site over a vault, asked as its page does."""

    def __init__(self, desk: Desk) -> None:
        """Ask the site of `desk`."""
        self.desk = desk
        self.site = create_site(desk)

    async def get(self, target: str) -> Answer:
        """Return an answer."""
        return await asked(self.site, "GET", target, [])

    async def post(self, target: str, body: object) -> tuple[int, Any]:
        """Return the status and the answer to a change."""
        headers = [("content-type", "application/json")]
        answer = await asked(self.site, "POST", target, headers, [json.dumps(body).encode()])
        return answer.status, json.loads(answer.body)

    async def json(self, target: str) -> Any:  # noqa: ANN401
        """Return what the API answers."""
        answer = await self.get(target)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    async def started(self, kind: str, **options: object) -> Any:  # noqa: ANN401
        """Start work, and return its job once it has ended or asks."""
        status, begun = await self.post("/api/runs", {"kind": kind, "options": options})
        assert status == 200, begun
        return await self.settled(begun["job"]["id"])

    async def settled(self, named: str) -> Any:  # noqa: ANN401
        """Return a job once it has ended or asks."""
        (job,) = (one for one in self.desk.jobs if one.id == named)
        while job.state in RUNNING and job.asked is None:
            await asyncio.wait([job.task] if job.task else [], timeout=0.05)
        return job.shown()


@asynccontextmanager
async def home_over(folder: Path, **settings: Any) -> AsyncIterator[Home]:  # noqa: ANN401
    """Open a site over the vault in a folder."""
    asked_for = {"home": folder / "home", "provider": OFFLINE, **settings}
    desk = await Desk.open(folder / "vault", Settings(**asked_for))
    try:
        yield Home(desk)
    finally:
        await desk.aclose()


@pytest.fixture
async def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Home]:
    """A site over ten notes."""
    monkeypatch.setenv("NOTEMILL_EMBEDDING", "off")
    write_notes(tmp_path / "vault", NOTES)
    async with home_over(tmp_path) as opened:
        yield opened


async def test_the_vault_is_shown_at_a_glance_with_the_next_step(home: Home) -> None:
    """Links are counted when they are asked for; a first visit is told as such."""
    seen = await home.json("/api/overview")
    assert (seen["notes"], seen["described"], seen["new"]) == (10, 0, True)
    assert seen["needs"] == [{"reason": "no description and no tags", "count": 10}]
    assert seen["next"] == {"step": "curate", "count": 10, "run": ""}
    assert seen["links"] is None
    linked = await home.json("/api/overview?links=true")
    assert linked["links"] == {"links": 0, "written": 0, "linked": 0, "orphans": 10}


async def test_the_page_reads_without_script_and_names_no_markup(home: Home) -> None:
    """Figures, the next step and what notemill does stand in the page itself."""
    page = (await home.get("/?whole=true")).body.decode()
    for said in ("10 notes need work", "What notemill does with your notes", "Nothing spent yet"):
        assert said in page
    assert "onerror" not in page


async def test_a_plan_moves_with_its_terms(tmp_path: Path) -> None:
    """A deadline makes it dearer and sooner; a budget too small for it is a problem, said."""
    write_notes(tmp_path / "vault", many(40))
    async with home_over(tmp_path, provider="anthropic") as home:

        async def plan(**options: object) -> Any:  # noqa: ANN401
            body = {"kind": "curate", "options": {"vocabulary": False, **options}}
            status, found = await home.post("/api/plan", body)
            assert status == 200, found
            return found

        usual, soon = await plan(), await plan(by="2m")
        assert (usual["lane"], soon["lane"]) == ("batch", "realtime")
        assert float(soon["price_usd"]) > float(usual["price_usd"]) > 0
        assert float(usual["worst_usd"]) > float(usual["price_usd"])
        assert 0 < soon["p50"] <= soon["p90"] < usual["p90"]
        assert usual["stages"] == [2]
        assert (
            "all of it may have to go in real time"
            in ((await plan(by="1h", max_cost_usd="0.00001"))["problem"])
        )
        assert "is enough for about 0 of" in (await plan(max_cost_usd="0.00001"))["reason"]


async def test_a_survey_for_its_price_takes_no_turn_from_the_pages(tmp_path: Path) -> None:
    """Notes and pairs are looked for beside what pages read; who does not wait is not planned for."""
    write_notes(
        tmp_path / "vault", {f"{n}.md": f"Garden soil and worms, part {n}.\n" for n in range(3)}
    )
    async with home_over(tmp_path, provider="anthropic") as home:
        assert home.desk.mill is not None
        done = threading.Event()
        busy = asyncio.create_task(home.desk.mill.on(lambda _: done.wait(30)))
        judged = {"ask_model": True, "min_score": 0, "embedding": "off"}
        for kind, options in (("link", judged), ("curate", {"vocabulary": False})):
            status, found = await home.post("/api/plan", {"kind": kind, "options": options})
            assert (status, found["items"]) == (200, 3)
        sent = [json.dumps({"kind": "tidy"}).encode()]
        headers = [("content-type", "application/json")]
        left = await asked(home.site, "POST", "/api/plan", headers, sent, leaves=True)
        assert left.status == 400
        assert not busy.done()
        done.set()
        assert await busy


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "bake"}, 400),
        ({"kind": "curate", "options": {"colour": 1}}, 400),
        ({"kind": "curate", "options": {"by": "soon"}}, 400),
        ({"kind": "curate", "options": []}, 422),
        ({"kind": "curate", "more": 1}, 422),
        ({"kind": "c" * 2_000}, 422),
        ({"kind": "curate", "options": {"only": "x" * 2_000}}, 422),
        ({"kind": "undo", "options": {"run": "nothing"}}, 200),
    ],
)
async def test_what_is_not_allowed_is_refused_before_anything_begins(
    home: Home, body: dict[str, Any], status: int
) -> None:
    """Plans and starts refuse the same; an error is a sentence."""
    found, answer = await home.post("/api/plan", body)
    assert found == status, answer
    if status != 200:
        assert answer["error"]["message"]
        assert (await home.post("/api/runs", body))[0] == status
    assert [one.kind for one in home.desk.jobs] == []


async def test_a_stage_is_agreed_to_and_its_run_ends(home: Home) -> None:
    """The question has a sample; a yes goes on, another answer to the same question is refused."""
    first = await home.started("curate", vocabulary=False, stages="2")
    asked_for = first["question"]
    assert len(asked_for["sample"]) == 2
    where = f"/api/runs/{first['run']}/answer"
    status, gone_on = await home.post(where, {"question": asked_for["id"], "yes": True})
    assert status == 200
    assert gone_on["run"] == first["run"]
    last = await home.settled(gone_on["job"]["id"])
    assert last["result"]["whole"]
    assert (await home.post(where, {"question": asked_for["id"], "yes": True}))[0] == 400
    seen = await home.json("/api/overview")
    assert seen["next"]["step"] == "review"
    assert sum(one["count"] for one in seen["waiting"]) == last["result"]["found"]


async def test_a_stage_that_waits_is_the_next_step_whoever_put_it_off(tmp_path: Path) -> None:
    """After "Not now", and after a restart: Home says what is done, and one button goes on."""
    write_notes(tmp_path / "vault", NOTES)
    async with home_over(tmp_path) as home:
        job = await home.started("curate", vocabulary=False, stages="2")
        assert "A run asks you something" in (await home.get("/?whole=true")).body.decode()
        body = {"question": job["question"]["id"], "yes": False}
        assert (await home.post(f"/api/runs/{job['run']}/answer", body))[0] == 200
        put_off = (await home.get("/?whole=true")).body.decode()
    async with home_over(tmp_path) as home:
        assert (await home.get("/?whole=true")).body.decode() == put_off
        assert "2 notes are done, 8 wait." in put_off
        assert f'data-continue="{job["run"]}" data-stage="1"' in put_off
        where = f"/api/runs/{job['run']}/resume"
        status, gone_on = await home.post(where, {"after_stage": 1})
        assert status == 200, gone_on
        assert (await home.settled(gone_on["job"]["id"]))["result"]["whole"]
        assert "proposals to review" in (await home.get("/?whole=true")).body.decode()


async def test_what_was_written_is_undone(home: Home) -> None:
    """The run that wrote is named by the job that applied; its undo gives every byte back."""
    assert home.desk.mill is not None
    before = tree(home.desk.mill.root)
    await home.started("curate", vocabulary=False, stages="none")
    await home.desk.mill.reviewing.decide_all(Wanted(), Decision.ACCEPT, by="test")
    applied = await home.started("apply")
    assert tree(home.desk.mill.root) != before
    status, begun = await home.post("/api/undo", {"run": applied["run"]})
    assert status == 200
    undone = await home.settled(begun["job"]["id"])
    assert undone["result"]["words"] == "10 notes restored."
    assert tree(home.desk.mill.root) == before


async def test_money_is_told_by_month_and_run(home: Home) -> None:
    """Offline nothing costs anything, and the run is there all the same."""
    assert (await home.json("/api/spending"))["runs"] == []
    job = await home.started("curate", vocabulary=False, stages="none")
    found = await home.json("/api/spending")
    assert [one["run"] for one in found["runs"]] == [job["run"]]
    assert (found["spent_usd"], found["projection"]) == ("0", None)


@pytest.mark.parametrize(
    ("dollars", "written"),
    [
        (["12.3", "0.0041", "0.4", "0", "1234.567"], ["$12.30", "<$0.01", "$0.40", "$0.00", "$1,234.57"]),
        (["0.182", "0.0509", "-0.00002"], ["$0.1820", "$0.0509", "-<$0.0001"]),
        ([], []),
    ],
)  # fmt: skip
def test_amounts_that_stand_beside_each_other_are_written_alike(
    dollars: list[str], written: list[str]
) -> None:
    """All with the same decimals, and something that costs is never nothing."""
    amounts = [int(Decimal(one) * 1_000_000_000) for one in dollars]
    assert list(map(alike_usd(amounts), amounts)) == written


async def test_an_empty_folder_has_its_own_page_until_there_are_notes(tmp_path: Path) -> None:
    """It names the folder; with the first note it becomes Home, without a restart."""
    (tmp_path / "vault").mkdir()
    async with home_over(tmp_path) as home:
        page = await home.get("/")
        assert page.status == 200
        assert "There are no notes in this folder yet" in page.body.decode()
        assert str(tmp_path / "vault") in page.body.decode()
        assert '<a href="/">Home' in (await home.get("/runs")).body.decode()
        refused = await home.get("/api/overview")
        assert refused.status == 404
        assert b"there are no notes in" in refused.body
        write_notes(tmp_path / "vault", {"a.md": "The first note.\n"})
        assert (await home.get("/review")).status == 200
        assert "1 note needs work" in (await home.get("/?whole=true")).body.decode()


async def test_a_vault_that_is_away_is_told_of(home: Home) -> None:
    """No screen shows it as one without notes; runs and settings are there all the same."""
    root = home.desk.root
    assert root is not None
    root.rename(root.with_name("away"))
    for path in ("/", "/?whole=true", "/review", "/tags", "/graph", "/api/tags"):
        answer = await home.get(path)
        assert (answer.status, b"there is no folder" in answer.body) == (404, True), path
    assert (await home.get("/runs")).status == 200
    settings = await home.get("/settings")
    assert (settings.status, b"there is no folder" in settings.body) == (200, True)
    root.with_name("away").rename(root)
    assert (await home.get("/")).status == 200


async def test_without_a_vault_home_is_the_runs(tmp_path: Path) -> None:
    """There is nothing else to show."""
    desk = await Desk.open(None, Settings(home=tmp_path, provider=OFFLINE))
    try:
        answer = await Home(desk).get("/")
    finally:
        await desk.aclose()
    assert (answer.status, answer.headers["location"]) == (303, "/runs")


def test_bars_fill_their_chart_and_stay_in_it() -> None:
    """The dearest month reaches the top; what was saved stands on what was spent."""
    months = [
        MonthSpent(f"2026-{number:02d}", 10 * number, 5 * number) for number in range(1, 10)
    ] + [MonthSpent(f"2027-{number:02d}", number, -3) for number in range(1, 10)]
    bars = month_bars(months)
    assert len(bars) == MOST_MONTHS
    assert min(one.saved_y for one in bars) == 0
    for one in bars:
        assert 0 <= one.x < one.x + one.width <= WIDTH
        assert one.cost_y + one.cost_height == pytest.approx(HEIGHT, abs=0.1)
        assert one.saved_y + one.saved_height == pytest.approx(one.cost_y, abs=0.2)
    assert month_bars([]) == month_bars([MonthSpent("2026-01", 0, 0)]) == ()
