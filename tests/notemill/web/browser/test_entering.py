"""The way into the dashboard with a real browser, and what other pages get of it: nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from notemill.web.browser import leading_file
from notemill.web.own_files import own_files
from notemill.workflows.links.network import note_id
from tests.notemill.web.graphs import HOSTILE
from tests.notemill.workflows.notes import write_notes

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.notemill.web.conftest import Serve, Visit

pytestmark = pytest.mark.loopback

ODD = """![seen](http://203.0.113.1/seen.png) <img src=http://203.0.113.1/x.png>

<script>document.title = 'ran'</script>

[press](javascript:document.title='ran')

<svg onload="document.title='ran'">
"""
FOREIGN = """<!doctype html><a href="{url}/runs">a link</a>
<img src="{own}/icon.svg"><script src="{own}/js/page.js"></script>
<iframe src="{url}/runs"></iframe><form method="post" action="{url}/api/undo"><button>b</button></form>"""


@pytest.fixture
def stranger(browser: Browser) -> Page:
    """A page of a browser without a session."""
    return browser.new_context().new_page()


def test_a_file_leads_into_the_dashboard(
    serve: Serve, sample: Path, stranger: Page, tmp_path: Path
) -> None:
    """A page of another origin leads to it, and the strict cookie is there from the first page."""
    served = serve(sample)
    stranger.goto(leading_file(served.enter, tmp_path).as_uri())
    expect(stranger).to_have_url(f"{served.url}/")
    stranger.goto(f"{served.url}/runs")
    expect(stranger).to_have_title(re.compile("Runs"))
    (cookie,) = stranger.context.cookies()
    assert (cookie["name"], cookie["sameSite"]) == (f"notemill_{served.port}", "Strict")
    assert stranger.evaluate("document.cookie") == ""
    stranger.context.close()


def test_a_stranger_is_told_what_to_do(serve: Serve, sample: Path, stranger: Page) -> None:
    """The page has the command in it and is as readable as all others."""
    served = serve(sample)
    stranger.goto(f"{served.url}/review")
    expect(stranger.get_by_text("notemill serve --url")).to_be_visible()
    assert stranger.evaluate("getComputedStyle(document.body).maxWidth") == "576px"
    stranger.context.close()


def test_another_port_s_page_gets_nothing(
    serve: Serve, sample: Path, visit: Visit, tmp_path: Path
) -> None:
    """A page with the same cookies sends and frames nothing; its link leads to a way back."""
    served = serve(sample)
    own = visit(served, "/runs")
    other = own.context.new_page()
    got: list[int] = []
    other.on("response", lambda one: got.append(one.status) if served.url in one.url else None)
    foreign = tmp_path / "foreign.html"
    foreign.write_text(FOREIGN.format(url=served.url, own=served.url + own_files().address))
    other.goto(foreign.as_uri())
    other.get_by_role("button", name="b").click()
    expect(other.get_by_text("Another page asked for this.")).to_be_visible()
    other.goto(foreign.as_uri())
    other.get_by_role("link", name="a link").click()
    expect(other.get_by_role("heading", name="A link from another page")).to_be_visible()
    assert set(got) == {403}
    other.get_by_role("link", name="Open the dashboard").click()
    expect(other).to_have_url(f"{served.url}/")
    expect(other).not_to_have_title(re.compile("another page"))


def test_a_hostile_note_is_read_in_peace(serve: Serve, tmp_path: Path, visit: Visit) -> None:
    """Nothing runs, nothing is asked of another machine, the console stays empty."""
    served = serve(write_notes(tmp_path / "vault", {**HOSTILE, "Odd.md": ODD}))
    page = visit(served, "/graph")
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    for name in (*HOSTILE, "Odd.md"):
        page.goto(f"{served.url}/notes/{note_id(name)}")
        expect(page.get_by_role("article")).to_be_visible()
    assert page.get_by_role("article").locator("img, svg, script").count() == 0
    expect(page.get_by_text("[image: seen]")).to_be_visible()
    expect(page).to_have_title(re.compile("Odd"))
    assert all(one.startswith(served.url) for one in asked)
