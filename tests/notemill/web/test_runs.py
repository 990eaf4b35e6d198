"""The API and the pages of runs, as the site answers them."""

from __future__ import annotations

import html
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from notemill.app.ledger_lines import BatchLine
from notemill.app.terms import OFFLINE
from notemill.web.desk import Desk
from notemill.web.figures import span
from notemill.web.site import create_site
from notemill.web.timeline import CALLS_HEIGHT, MOST_BATCH_ROWS, WIDTH, chart_of
from tests.notemill.web.asking import asked
from tests.notemill.web.ledgers import HOSTILE, LONG_S, hostile_run, large_run, long_run
from tests.notemill.workflows.notes import write_notes
from tests.twolane.ledger.sound import T0, make_sound
from twolane import BatchState, Interval, Settings, Timeline

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.types import ASGIApp


@asynccontextmanager
async def site_over(home: Path) -> AsyncIterator[ASGIApp]:
    """Open a site over the ledger in `home`, without a vault."""
    desk = await Desk.open(None, Settings(home=home, provider=OFFLINE), clock=lambda: T0 + 300)
    try:
        yield create_site(desk)
    finally:
        await desk.aclose()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[ASGIApp]:
    """A site over a ledger with runs in every state."""
    make_sound(tmp_path)
    async with site_over(tmp_path) as opened:
        yield opened


async def got(site: ASGIApp, target: str) -> Any:  # noqa: ANN401
    """Return what the API answers."""
    answer = await asked(site, "GET", f"/api{target}", [])
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


async def posted(site: ASGIApp, target: str, body: object) -> tuple[int, Any]:
    """Return the status and the answer to a change."""
    headers = [("content-type", "application/json")]
    answer = await asked(site, "POST", f"/api{target}", headers, [json.dumps(body).encode()])
    return answer.status, json.loads(answer.body)


async def text_of(site: ASGIApp, target: str) -> str:
    """Return a page as text."""
    answer = await asked(site, "GET", target, [])
    assert answer.status == 200, answer.body
    return answer.body.decode()


# -- the API --------------------------------------------------------------------------------------


async def test_runs_are_listed_and_shown_alike(site: ASGIApp) -> None:
    """What a list says of a run is what the run says of itself."""
    listed = (await got(site, "/runs"))["runs"]
    assert {one["run"] for one in listed} == {"done", "open", "canceled", "stopped"}
    for one in listed:
        shown = await got(site, f"/runs/{one['run']}")
        assert {name: shown[name] for name in one} == one
    done = await got(site, "/runs/done")
    assert (done["can"], done["retryable"]) == (
        {"cancel": False, "resume": False, "retry": True}, 1,
    )  # fmt: skip
    assert [one["count"] for one in done["failures"]] == [1]
    assert len((await got(site, "/runs?limit=2"))["runs"]) == 2


async def test_items_come_in_pages_and_by_state(site: ASGIApp) -> None:
    """A page's cursor leads to the next one; a state leaves the others out."""
    page = await got(site, "/runs/open/items?limit=3")
    assert (len(page["items"]), page["next"]) == (3, "2")
    rest = await got(site, f"/runs/open/items?limit=3&after={page['next']}")
    assert (len(rest["items"]), rest["next"]) == (2, None)
    assert set(page["items"][0]) == {
        "key", "lane", "state", "attempts", "seconds", "cost_usd", "reason",
    }  # fmt: skip
    out = await got(site, "/runs/open/items?state=submitted")
    assert {one["state"] for one in out["items"]} == {"submitted"}
    assert len(out["items"]) == (await got(site, "/runs/open"))["counts"]["submitted"]
    assert (await got(site, "/runs/open/items?state=submitted&skip=1"))["items"] == out["items"][1:]


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/runs/nobody", 404),
        ("/runs/nobody/items", 404),
        ("/runs/open/items?after=x", 422),
        ("/runs/open/items?after=99999999999999999999", 400),
        ("/runs/open/items?state=lost", 422),
        ("/runs/open/items?limit=0", 422),
        ("/runs/open/items?skip=-1", 422),
        (f"/runs/{'x' * 101}", 422),
    ],
)
async def test_what_is_not_there_or_no_value_is_refused(
    site: ASGIApp, target: str, status: int
) -> None:
    """The answer says what is wrong; nothing fails on the server."""
    answer = await asked(site, "GET", f"/api{target}", [])
    assert answer.status == status
    assert json.loads(answer.body)["error"]["message"]


async def test_a_run_and_an_item_are_canceled(site: ASGIApp) -> None:
    """The request stands until the run is worked on; what has ended says so."""
    assert await posted(site, "/runs/open/cancel", {"item": "k0"}) == (
        200, {"run": "open", "ended": ""},
    )  # fmt: skip
    assert (await posted(site, "/runs/open/cancel", {"item": "nobody"}))[0] == 400
    assert not (await got(site, "/runs/open"))["cancel_asked"]
    assert (await posted(site, "/runs/open/cancel", {}))[0] == 200
    assert (await got(site, "/runs/open"))["cancel_asked"]
    assert "has ended" in (await posted(site, "/runs/done/cancel", {}))[1]["ended"]
    assert (await posted(site, "/runs/open/cancel", {"all": True}))[0] == 422
    assert (await posted(site, "/runs/open/cancel", {"item": "\ud800"}))[0] in (400, 422)


async def test_only_what_can_be_continued_is(site: ASGIApp) -> None:
    """A run that has ended is not resumed, one without failures not retried, no stage agreed to."""
    for target, body in (
        ("/runs/done/resume", {}),
        ("/runs/canceled/resume", {}),
        ("/runs/open/retry", {}),
        ("/runs/open/resume", {"after_stage": 1}),
    ):
        status, answer = await posted(site, target, body)
        assert status == 400
        assert answer["error"]["message"]
    assert (await posted(site, "/runs/open/resume", {"max_cost_usd": "-1"}))[0] == 422


# -- pages ----------------------------------------------------------------------------------------


async def test_pages_can_be_read_without_script(site: ASGIApp) -> None:
    """The list links to each run; a run shows its items, its batches and its failures."""
    listed = await text_of(site, "/runs")
    for run in ("done", "open", "canceled", "stopped"):
        assert f'href="/runs/{run}"' in listed
    done = await text_of(site, "/runs/done")
    for said in (
        "3 of 4 succeeded",
        "msgbatch_aaaa",
        "reply in the wrong form",
        "k3",
        "Retry failed (1)",
    ):
        assert said in done
    only = await text_of(site, "/runs/open?state=submitted")
    assert "k1" in only
    assert ">k0<" not in only
    moved = await asked(site, "GET", "/runs/last", [])
    assert moved.status == 303
    assert moved.headers["location"].startswith("/runs/")


async def test_names_are_text_wherever_they_stand(tmp_path: Path) -> None:
    """No name, label, reason or error of a run becomes markup or a part of the page's data."""
    run = hostile_run(tmp_path)
    async with site_over(tmp_path) as site:
        for target in ("/runs", f"/runs/{run}"):
            page = await text_of(site, target)
            for name in HOSTILE[:3]:
                assert name not in page
            assert (
                html.escape(HOSTILE[0]).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
                in page
            )
        assert "{{ 7 * 7 }}" in page
        items = (await got(site, f"/runs/{run}/items"))["items"]
        assert [one["key"] for one in items] == list(HOSTILE)


async def test_a_name_that_is_no_unicode_is_shown_all_the_same(tmp_path: Path) -> None:
    """Half a character, as odd file names have it, becomes a sign that stands for it."""
    run = hostile_run(tmp_path, names=("\udce9t\ud800.md",))
    async with site_over(tmp_path) as site:
        (item,) = (await got(site, f"/runs/{run}/items"))["items"]
        assert item["key"] == "\ufffdt\ufffd.md"
        for target in ("/runs", f"/runs/{run}"):
            assert "\ufffdt\ufffd.md" in await text_of(site, target)


async def test_a_note_that_was_excluded_since_is_on_no_page(tmp_path: Path) -> None:
    """Neither a run's page, nor its items, nor an answer to a request names it."""
    root = write_notes(tmp_path / "vault", {"Soil.md": "Compost.\n", "Diary.md": "Secret soil.\n"})
    desk = await Desk.open(root, Settings(home=tmp_path / "home", provider=OFFLINE))
    site = create_site(desk)
    job = desk.jobs.start("curate", {"stages": "none", "vocabulary": False})
    assert job.task is not None
    await job.task
    assert "Diary" in await text_of(site, f"/runs/{job.run}")
    (root / "Diary.md").write_text("---\nnotemill: ignore\n---\nSecret soil.\n")
    page = await text_of(site, f"/runs/{job.run}")
    assert "Diary" not in page
    assert "not shown" in page
    assert "Diary" not in json.dumps(await got(site, f"/runs/{job.run}"))
    assert "Diary" not in json.dumps(await got(site, f"/runs/{job.run}/items"))
    _, answer = await posted(site, f"/runs/{job.run}/cancel", {"item": "Diary"})
    assert "Diary.md" not in json.dumps(answer)
    await desk.aclose()


async def test_a_run_of_more_than_a_day_says_so_everywhere(tmp_path: Path) -> None:
    """Durations are reckoned from instants: 25 h 10 min in the list, the run and its batch."""
    run = long_run(tmp_path)
    async with site_over(tmp_path) as site:
        for target in ("/runs", f"/runs/{run}"):
            page = await text_of(site, target)
            assert "25 h 10 min" in page
            assert ">1 h 10 min<" not in page
        (batch,) = (await got(site, f"/runs/{run}"))["batches"]
        assert batch["age_s"] == LONG_S
        items = (await got(site, f"/runs/{run}/items"))["items"]
        assert [one["seconds"] for one in items] == [LONG_S, LONG_S]


async def test_a_large_run_is_read_by_pages(tmp_path: Path) -> None:
    """Its page holds a hundred of its items, and the next ones are a link away."""
    run = large_run(tmp_path, 5_000)
    async with site_over(tmp_path) as site:
        page = await text_of(site, f"/runs/{run}")
        assert "4,802 of 5,000 succeeded" in page
        assert page.count("<tr>") < 300
        assert "after=99#items" in page
        assert ">k100<" in await text_of(site, f"/runs/{run}?after=99")
        (group,) = (await got(site, f"/runs/{run}"))["failures"]
        assert (group["count"], group["kind"]) == (98, "overloaded_error")
        assert "provider overloaded</strong>" in page
        assert "overloaded_error" not in page


# -- figures and the timeline ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""), (0, "0 s"), (0.44, "0.4 s"), (59.4, "59 s"), (60, "1 min"), (185, "3 min 5 s"),
        (3_600, "1 h"), (LONG_S, "25 h 10 min"), (90_000 + 29, "25 h"), (-5, "0 s"),
    ],
)  # fmt: skip
def test_durations_are_said_in_hours_however_long(seconds: float | None, words: str) -> None:
    """A day is not lost, and half a minute is rounded."""
    assert span(seconds) == words


def batch(number: int, begin: float, end: float | None) -> BatchLine:
    """Return a batch that was out from `begin` to `end`."""
    return BatchLine(
        number, f"b{number}", 10, BatchState.SUBMITTED if end is None else BatchState.COLLECTED,
        is_open=end is None, reason="", submitted_at=begin, ended_at=end,
        age_s=None if end is None else end - begin, usual=None, expected_at=None, late_at=None,
        expires_at=None,
    )  # fmt: skip


def test_a_timeline_fits_its_box(tmp_path: Path) -> None:
    """Bars stay inside; batches that overlap stand in rows of their own, up to a bound."""
    del tmp_path
    calls = Timeline(1_000.0, 1_100.0, 10.0, (Interval(1_000.0, 3, 1), Interval(1_090.0, 8, 0)))
    batches = [batch(n, 1_000.0 + n, None if n == 19 else 1_300.0 + n) for n in range(20)]
    chart = chart_of(calls, batches, now=2_000.0)
    assert chart is not None
    assert (chart.begin_at, chart.end_at) == (1_000.0, 2_000.0)
    for bar in (*chart.calls, *chart.batches):
        assert 0 <= bar.x <= bar.x + bar.width <= WIDTH + 0.001
        assert bar.y >= 0
    assert max(bar.height for bar in chart.calls) == CALLS_HEIGHT
    assert len({bar.y for bar in chart.batches}) == MOST_BATCH_ROWS
    assert chart.batches[-1].tone == "out"
    assert len(chart.rows) == 22
    after = chart_of(None, [batch(1, 0.5, 5.0), batch(2, 6.0, 9.0)], now=10.0)
    assert after is not None
    assert {bar.y for bar in after.batches} == {0}
    assert chart_of(None, [], now=10.0) is None
