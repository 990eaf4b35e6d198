"""The ingest screen below the browser: files that come in, the notes of a run, its chapters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notemill.app.ingest_shown import MOST_CHARS, beginning, chapters_in
from notemill.app.reviewing import Wanted
from notemill.stores.dropped import MOST_FILE_BYTES
from notemill.stores.proposals import Decision, ProposalKind
from notemill.web import guard
from notemill.web.guard import FILES, Guard
from notemill.web.sessions import Sessions
from tests.notemill.web.asking import asked, echo
from tests.notemill.web.test_home import Home, home_over
from tests.notemill.workflows.notes import write_notes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

BATCH = "0123456789abcdef" * 2
HOSTILE = "<img src=x onerror=alert(1)>.html"
VIDEO = "Wd7tK2pLm9Q"
PORT = 8765
TALK = {
    f"Glaze [{VIDEO}].en.vtt": "WEBVTT\n"
    + "".join(
        f"\n00:0{n}:00.000 --> 00:0{n}:50.000\nThe glaze of step {n} is ash, and chalk beside it.\n"
        for n in range(6)
    ),
    f"Glaze [{VIDEO}].info.json": json.dumps(
        {
            "id": VIDEO, "title": "Glaze & <b>ash</b>", "duration": 360, "language": "en",
            "chapters": [
                {"title": "Weighing", "start_time": 0, "end_time": 120},
                {"title": "Ash [wood]", "start_time": 120, "end_time": 360},
            ],
        }
    ),
}  # fmt: skip
PAGE = "<html><body><article><h1>Drying</h1>{}<p><img src='https://far.example/a.png' alt='rim'></p></article></body></html>".format(
    "".join(f"<p>A wall of {n} mm dries slowly, the rim before it.</p>" for n in range(9))
)


@pytest.fixture
async def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Home]:
    """A site over one note."""
    monkeypatch.setenv("NOTEMILL_EMBEDDING", "off")
    write_notes(tmp_path / "vault", {"Home.md": "# Home\n\nWhere things begin.\n"})
    async with home_over(tmp_path) as opened:
        yield opened


async def put(
    home: Home, name: str, *parts: bytes, length: int | None = None, leaves: bool = False
) -> tuple[int, Any]:
    """Put a file into the batch; return the status and the answer."""
    told = sum(map(len, parts)) if length is None else length
    target = f"/api/ingest/files/{BATCH}/{name}".replace("?", "%3F")
    headers = [("content-length", str(told))]
    answer = await asked(home.site, "PUT", target, headers, parts or (b"",), leaves=leaves)
    return answer.status, json.loads(answer.body)


async def put_all(home: Home, files: dict[str, str]) -> None:
    """Put files into the batch."""
    for name, text in files.items():
        status, said = await put(home, name, text.encode())
        assert status == 200, said


async def ingested(home: Home, **options: object) -> Any:  # noqa: ANN401
    """Ingest the batch; return the job that ended."""
    return await home.started("ingest", dropped=BATCH, **options)


async def shown(home: Home, query: str = "") -> str:
    """Return the screen."""
    answer = await home.get(f"/ingest{query}")
    assert answer.status == 200
    return answer.body.decode()


# -- files ----------------------------------------------------------------------------------------


async def test_a_file_comes_in_pieces_and_goes_again(home: Home, tmp_path: Path) -> None:
    """It is listed by its name, whatever letters that has, and lies outside of the vault."""
    assert await put(home, "Ton & Töpfe #1.html", b"<p>", b"a", b"</p>") == (
        200, {"files": ["Ton & Töpfe #1.html"]},
    )  # fmt: skip
    assert sorted(one.name for one in (tmp_path / "vault").iterdir()) == ["Home.md"]
    await put(home, "b.vtt", b"")
    answer = await asked(home.site, "DELETE", f"/api/ingest/files/{BATCH}/b.vtt", [])
    assert json.loads(answer.body) == {"files": ["Ton & Töpfe #1.html"]}


@pytest.mark.parametrize("length", [0, 3, 9])
async def test_a_file_of_another_length_than_told_is_refused(home: Home, length: int) -> None:
    """Whatever was received of it is gone."""
    status, said = await put(home, "a.vtt", b"12", b"34", length=length)
    assert (status, said["error"]["kind"]) == (400, "Usage")
    assert (await put(home, "b.vtt", b"1"))[1] == {"files": ["b.vtt"]}


async def test_a_page_that_leaves_while_it_sends_leaves_nothing(home: Home) -> None:
    """Half a file is none."""
    status, said = await put(home, "a.vtt", length=9, leaves=True)
    assert status == 400
    assert "did not come whole" in said["error"]["message"]


@pytest.mark.parametrize("name", [".hidden", "..", "a\\b", "a\nb", "x" * 241])
async def test_a_name_that_is_no_file_s_is_refused(home: Home, name: str) -> None:
    """With what is wrong, by the API's own checks or by the store's."""
    status, said = await put(home, name, b"1")
    assert status in (400, 422)
    assert said["error"]["message"]


async def test_the_guard_lets_large_files_through_to_their_place_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Piece by piece, up to their bound; anywhere else the usual one holds."""
    monkeypatch.setattr(guard, "MAX_BODY_BYTES", 8)
    sessions = Sessions.open(tmp_path, None, PORT)
    cookie = f"notemill_{PORT}={sessions.enter(sessions.token())}"
    here = [("Host", f"127.0.0.1:{PORT}"), ("Cookie", cookie), ("X-Notemill", "1")]

    async def status(method: str, target: str, length: str) -> int:
        headers = [*here, ("Content-Length", length)]
        answer = await asked(Guard(echo, sessions), method, target, headers, [b"12345678", b"9"])
        return answer.status

    place = f"{FILES}{BATCH}/a.pdf"
    assert await status("PUT", place, "9") == 200
    assert await status("POST", place, "9") == 413
    assert await status("PUT", "/api/ingest/other", "9") == 413
    for length in (str(MOST_FILE_BYTES + 1), "-1", "1e3", "9" * 30):
        assert await status("PUT", place, length) == 413
    sessions.close()


# -- the screen -----------------------------------------------------------------------------------


async def test_an_empty_screen_says_what_to_do(home: Home) -> None:
    """Also of a run that is not there; and it reads without script."""
    page = await shown(home)
    assert "Nothing ingested yet" in page
    assert "notemill ingest SOURCE" in page
    assert "No such ingest" in await shown(home, "?run=nothing")


async def test_a_plan_names_each_source_and_a_run_shows_its_notes(home: Home) -> None:
    """What cannot be read is told while the others go on; a note embeds nothing from elsewhere."""
    await put_all(home, {**TALK, HOSTILE: PAGE, "bad.vtt": "WEBVTT\n"})
    body = {"kind": "ingest", "options": {"dropped": BATCH}}
    status, plan = await home.post("/api/plan", body)
    assert status == 200
    assert (plan["items"], plan["price_usd"]) == (2, "0")
    assert [(one["became"], one["title"]) for one in plan["sources"]] == [
        ("unread", "bad.vtt"), ("new", "Drying"), ("new", "Glaze & <b>ash</b>"),
    ]  # fmt: skip
    job = await ingested(home)
    assert job["result"]["words"] == "Sources: 2 made into notes, 1 not read."
    assert [one["note"] for one in job["result"]["left"]] == ["bad.vtt"]
    page = await shown(home)
    assert "2 notes of 2 sources" in page
    assert page.count("waits for you") == 2
    assert "Glaze &amp; &lt;b&gt;ash&lt;/b&gt;" in page
    assert "2 chapters in 6:00" in page
    assert "Ash [wood]" in page
    assert f"/review?run={job['run']}" in page
    for outside in ("<img", "<iframe", "<b>ash"):
        assert outside not in page.replace('<img src="/static', "")
    assert page == await shown(home, f"?run={job['run']}")


async def test_the_screen_follows_what_becomes_of_its_notes(home: Home, tmp_path: Path) -> None:
    """Accepted, written, undone; a note that is gone says so, and a hidden one is not named."""
    await put_all(home, {"Drying.html": PAGE})
    run = (await ingested(home))["run"]
    mill = home.desk.mill
    assert mill is not None
    found = await mill.reviewing.page(Wanted(kinds=(ProposalKind.NOTE,)))
    await mill.reviewing.decide([one.id for one in found.rows], Decision.ACCEPT, by="test")
    assert "Write what you accepted" in await shown(home)
    await home.started("apply")
    page = await shown(home)
    assert "written</span>" in page
    assert "How the note begins" in page
    (tmp_path / "vault" / "Clippings" / "Drying.md").unlink()
    page = await shown(home)
    assert "notice-bad" in page
    assert run in page


async def test_what_is_no_note_yet_is_named_by_its_title(home: Home) -> None:
    """A source that waits for a yes stands above the notes that are there, with where it goes."""
    await put_all(home, {f"{n}.html": PAGE.replace("Drying", f"Drying {n}") for n in range(3)})
    job = await ingested(home, stages="2")
    assert job["question"]
    page = await shown(home)
    assert "2 notes of 3 sources" in page
    unmade = page.partition("Not a note yet")[2].partition("</section>")[0]
    assert "Drying 2" in unmade
    assert "waiting" in unmade
    await home.post(
        f"/api/runs/{job['run']}/answer", {"question": job["question"]["id"], "yes": True}
    )
    await home.settled([one.id for one in home.desk.jobs][-1])
    page = await shown(home)
    assert "3 notes of 3 sources" in page
    assert "Not a note yet" not in page


async def test_work_of_an_ingest_reports_what_it_reads(home: Home) -> None:
    """By name, in the lines of its job."""
    await put_all(home, {"Drying.html": PAGE, "bad.vtt": "WEBVTT\n"})
    lines = (await ingested(home))["lines"]
    assert "reading 1 of 2: Drying.html" in lines
    assert any(one.startswith("not read: bad.vtt: ") for one in lines)
    assert "1 to be made into notes, 0 known already, 1 not read" in lines


# -- chapters -------------------------------------------------------------------------------------


def test_chapters_are_read_from_the_lines_that_tell_them() -> None:
    """As links into a video, as links to a paragraph, or plain; only if time grows."""
    text = (
        "## Chapters\n\n- [0:00](https://a.example/w?v=x&t=0s#t=0) One\n"
        "- [[#^t90|1:30]] Two \\[of\\] three\n- [[Talk (transcript)#^t3600|1:00:00]] Last\n"
    )
    assert [(one.title, one.start_s) for one in chapters_in(text)] == [
        ("One", 0), ("Two [of] three", 90), ("Last", 3_600),
    ]  # fmt: skip
    assert chapters_in(text.replace("1:30", "0:00")) == ()
    assert chapters_in("- [0:00](x) Only one") == ()
    assert chapters_in("- [page](x) No time\n- [[Note|other]] None\n") == ()


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="-[]|()0123456789:# \nab\\^", max_size=400))
def test_no_text_breaks_the_reading_of_chapters(text: str) -> None:
    """Whatever a note says, they begin at growing seconds."""
    starts = [one.start_s for one in chapters_in(text)]
    assert starts == sorted(set(starts))


def test_a_preview_is_whole_lines_as_an_editor_shows_them() -> None:
    """Without ids of blocks, a callout with its title; bounded, also where the note is one line."""
    assert beginning("> [!info]- About it\n> More\n") == "> **About it**\n>\n> More\n"
    assert beginning("said ^t90\n\nmore ^p1\nno ^id here\n") == "said\n\nmore\nno ^id here\n"
    assert beginning("line\n" * 2_000).endswith("line")
    assert len(beginning("x" * 9_000)) == MOST_CHARS
