"""Every screen under axe-core, light and dark: no serious violation."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.notemill.web.browser.reviewing import NOTES, desk_with

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.notemill.web.conftest import Serve, Visit
    from tests.notemill.web.served import Served

pytestmark = pytest.mark.loopback

TAGGED = {
    **NOTES,
    "four.md": "---\ntags: [garden/soil, gardens, bread]\n---\nWords of [[a]].\n",
    "five.md": "---\ntags: [garden, breads]\n---\n```dataview\nLIST FROM #bread\n```\n",
}
SCREENS = (
    "/",
    "/ingest",
    "/runs",
    "/review",
    "/review?order=value",
    "/tags",
    "/graph",
    "/settings",
)


def violations(page: Page) -> list[str]:
    """Return the serious violations of what a page shows, each with the first element that has it.

    Light is looked at whole; of dark, the colours are what differs.
    """
    found = Axe().run(page).response["violations"]
    page.emulate_media(color_scheme="dark")
    found += Axe().run(page, options={"runOnly": ["color-contrast"]}).response["violations"]
    page.emulate_media(color_scheme="light")
    return [
        f"{one['id']}: {one['nodes'][0]['html']}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def shown(page: Page, address: str) -> None:
    """Open a screen, and wait until its data has come."""
    page.goto(address)
    page.wait_for_load_state("networkidle")


def run_over(served: Served) -> str:
    """Curate the served vault; return the run."""
    job = served.on_loop(lambda: served.desk.jobs.start("curate", {"stages": "none"}))
    assert job.task is not None
    asyncio.run_coroutine_threadsafe(asyncio.wait([job.task]), served.loop).result(60)
    return job.run


def test_no_name_makes_a_screen_wider_than_its_window(
    serve: Serve, visit: Visit, tmp_path: Path
) -> None:
    """A name, a tag or a word without an end is broken or cut, at the width of 400 % zoom."""
    word = "x" * 180
    text = f"---\ntags: [{word}]\n---\n# {word}\n\n{word * 9} [[a]]\n"
    served = desk_with(serve, tmp_path, {**NOTES, f"{word}.md": text}).served
    page = visit(served, "/", viewport={"width": 320, "height": 640}, reduced_motion="reduce")
    note = page.request.get(f"{served.url}/api/graph/notes?search={word}").json()["items"][0]["id"]
    wide: dict[str, int] = {}
    for path in ("/review", f"/tags?tag={word}", f"/graph?note={note}", f"/notes/{note}"):
        shown(page, served.url + path)
        wide[path] = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert max(wide.values()) <= 0, wide


def test_with_colours_of_the_system_one_proposal_stands_out(
    serve: Serve, visit: Visit, tmp_path: Path
) -> None:
    """What is transparent elsewhere would be as dark as the mark of the one in focus."""
    page = visit(desk_with(serve, tmp_path).served, "/review", forced_colors="active")
    sides = "all => all.map(one => getComputedStyle(one).borderLeftColor)"
    first, *others = page.locator(".proposal").evaluate_all(sides)
    assert others
    assert first not in others


def test_no_screen_has_a_serious_violation(serve: Serve, visit: Visit, tmp_path: Path) -> None:
    """Contrast, names, roles and focus hold on each screen with proposals, tags and links in it."""
    served = desk_with(serve, tmp_path, TAGGED).served
    page = visit(served, "/", reduced_motion="reduce")
    found: dict[str, list[str]] = {}
    for path in SCREENS:
        shown(page, served.url + path)
        found[path] = violations(page)
    shown(page, f"{served.url}/runs/{run_over(served)}")
    found["a run"] = violations(page)
    shown(page, f"{served.url}/tags?tag=garden")
    expect(page.get_by_role("region", name="Tag garden").get_by_text("five.md")).to_be_visible()
    found["a tag"] = violations(page)
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("New name").fill("plot")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Change 2 notes")).to_be_visible()
    found["a preview"] = violations(page)
    shown(page, f"{served.url}/review")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    found["the help"] = violations(page)
    assert {name: some for name, some in found.items() if some} == {}
