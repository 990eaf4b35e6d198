"""Ingest in a real browser: sources named by keyboard, notes accepted, nothing asked of elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from notemill.config import CLIPPINGS
from tests.notemill.web.browser.reviewing import current, press
from tests.notemill.web.browser.test_accessibility import violations
from tests.notemill.web.test_ingest import HOSTILE, PAGE, TALK
from tests.notemill.workflows.notes import write_notes

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import FilePayload, Page

    from tests.notemill.web.conftest import Serve, Visit
    from tests.notemill.web.served import Served

pytestmark = pytest.mark.loopback

NOWHERE = "https://127.0.0.1/page"
"""An address that is refused before anything is sent to it."""
READ = "Read, and show the price…"


@pytest.fixture
def served(tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Served:
    """A server over a vault of one note; no embeddings are computed."""
    monkeypatch.setenv("NOTEMILL_EMBEDDING", "off")
    return serve(write_notes(tmp_path / "vault", {"Home.md": "# Home\n\nWhere things begin.\n"}))


def add(page: Page, files: dict[str, str]) -> None:
    """Choose files, and wait until the server has them."""
    chosen: list[FilePayload] = [
        {"name": name, "mimeType": "text/plain", "buffer": text.encode()}
        for name, text in files.items()
    ]
    page.get_by_label("Files: choose them").set_input_files(chosen)
    for name in files:
        expect(page.get_by_role("button", name=f"Remove {name}", exact=True)).to_be_visible()


def make(page: Page, notes: int) -> None:
    """Have the sources read, and agree to the price by keyboard."""
    page.get_by_role("button", name=READ).press("Enter")
    go = page.get_by_role("dialog").get_by_role("button", name=f"Make {notes} note")
    expect(go).to_have_attribute("aria-disabled", "false")
    go.press("Enter")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("heading", name="Work")).to_be_focused()


def test_a_file_becomes_a_note_that_is_accepted_by_keyboard(
    served: Served, visit: Visit, tmp_path: Path
) -> None:
    """From the file over its price and preview to the queue, and written."""
    page = visit(served, "/ingest")
    expect(page.get_by_role("heading", name="Nothing ingested yet")).to_be_visible()
    add(page, TALK)
    make(page, 1)
    note = page.get_by_role("article", name="Glaze & <b>ash</b>")
    expect(note.get_by_text("waits for you")).to_be_visible()
    expect(note.get_by_role("img", name="2 chapters in 6:00")).to_be_visible()
    expect(note.get_by_role("listitem").filter(has_text="Ash [wood]").first).to_be_visible()
    expect(page.get_by_role("list", name="Files to ingest")).to_be_hidden()
    summary = note.locator("summary", has_text="How the note begins")
    summary.press("Enter")
    expect(note.locator(".prose")).to_be_hidden()
    note.get_by_role("link", name="Review").press("Enter")
    expect(current(page)).to_contain_text("Glaze & <b>ash</b>")
    press(page, "a")
    page.goto(f"{served.url}/ingest")
    expect(note.get_by_text("accepted, not written yet")).to_be_visible()
    page.get_by_role("link", name="Write what you accepted").press("Enter")
    page.get_by_role("button", name="Apply").first.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Apply").press("Enter")
    expect(page.get_by_text("1 note written").first).to_be_visible()
    assert len(list((tmp_path / "vault" / CLIPPINGS).iterdir())) == 1


def test_a_source_that_cannot_be_read_is_named_while_others_go_on(
    served: Served, visit: Visit
) -> None:
    """In the price and at the work; what was typed stays when the dialog is left."""
    page = visit(served, "/ingest")
    page.get_by_role("button", name=READ).click()
    expect(page.get_by_text("Paste an address, or add a file.")).to_be_visible()
    addresses = page.get_by_label("Addresses, one a line")
    expect(addresses).to_be_focused()
    addresses.fill(f"\n  {NOWHERE}  \n\n")
    add(page, {"Drying.html": PAGE, "bad.vtt": "WEBVTT\n"})
    page.get_by_role("button", name=READ).click()
    sources = page.get_by_role("dialog").get_by_role("list", name="Sources")
    expect(sources.get_by_role("listitem")).to_have_count(3)
    expect(sources.get_by_role("listitem").filter(has_text=NOWHERE)).to_contain_text("not read")
    page.keyboard.press("Escape")
    assert NOWHERE in addresses.input_value()
    page.get_by_role("button", name="Remove bad.vtt").press("Enter")
    expect(page.get_by_role("button", name="Remove bad.vtt")).to_have_count(0)
    make(page, 1)
    work = page.get_by_role("region", name="Work")
    expect(work.get_by_text("Sources: 1 made into notes, 1 not read.")).to_be_visible()
    expect(work.get_by_role("listitem").filter(has_text=NOWHERE)).to_be_visible()
    expect(page.get_by_role("article", name="Drying")).to_be_visible()
    addresses.fill("no address")
    page.get_by_role("button", name=READ).click()
    expect(page.get_by_role("alert")).to_contain_text("“no address” is no address")


def test_the_screen_is_accessible_and_asks_nobody_else(served: Served, visit: Visit) -> None:
    """In both schemes, from a small to a large window; a note's picture and player are words."""
    page = visit(served, "/ingest", reduced_motion="reduce")
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    found = violations(page)
    add(page, {**TALK, HOSTILE: PAGE})
    page.get_by_role("button", name=READ).click()
    expect(page.get_by_role("dialog").get_by_role("list", name="Sources")).to_be_visible()
    found += violations(page)
    page.keyboard.press("Escape")
    make(page, 2)
    expect(page.locator("article.note")).to_have_count(2)
    unfold = "all => all.forEach((one) => { one.open = true; })"
    page.locator("article details").evaluate_all(unfold)
    expect(page.get_by_text("[image: rim]")).to_be_visible()
    found += violations(page)
    assert found == []
    for width in (320, 400, 2_560):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width
    assert [one for one in asked if not one.startswith((served.url, "data:"))] == []
