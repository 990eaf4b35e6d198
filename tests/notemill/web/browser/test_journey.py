"""The whole way of a person who has no mouse: from Home over a curation and its review to an undo."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.notemill.web.browser.reviewing import current, id_of, press
from tests.notemill.web.served import SAMPLE
from tests.notemill.workflows.notes import tree

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.notemill.web.conftest import Serve, Visit

pytestmark = pytest.mark.loopback

REAL = Path(__file__).resolve().parents[4] / ".." / "shared" / "data" / "vaults" / "foam"
MOST_TABS = 60
NOTES = 5
FOCUS = """() => {
  const one = document.activeElement;
  const style = getComputedStyle(one);
  return one !== document.body && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
}"""


def tab_to(page: Page, wanted: Locator, key: str = "Tab") -> None:
    """Press Tab until something has focus; whatever has it on the way is seen to have it."""
    for _ in range(MOST_TABS):
        page.keyboard.press(key)
        assert page.evaluate(FOCUS), page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        if wanted.count() == 1 and wanted.evaluate("(one) => one === document.activeElement"):
            return
    pytest.fail(f"{wanted} is not reached by {key}")


def counted(page: Page, state: str) -> int:
    """Return how many proposals the page says to be in a state."""
    link = page.get_by_role("navigation", name="State").get_by_role("link", name=state)
    return int(link.inner_text().split()[-1].replace(",", "")) if link.count() else 0


def curate(page: Page) -> None:
    """From Home: start a curation of a few notes, and agree to its next stage."""
    opener = page.get_by_role("button", name=re.compile(r"^Curate [\d,]+ notes?…$"))
    expect(opener).to_be_visible()
    tab_to(page, opener)
    press(page, "Enter")
    dialog = page.get_by_role("dialog")
    tab_to(page, dialog.get_by_label("At most this many notes"))
    page.keyboard.type(str(NOTES))
    tab_to(page, dialog.get_by_label("Propose a vocabulary first"))
    press(page, "Space")
    go = dialog.get_by_role("button", name=f"Curate {NOTES} notes")
    expect(go).to_have_attribute("aria-disabled", "false")
    tab_to(page, go)
    press(page, "Enter")
    expect(dialog).to_be_hidden()
    answer = page.get_by_role("button", name="Continue")
    expect(answer).to_be_visible()
    tab_to(page, answer)
    press(page, "Enter")
    expect(page.get_by_role("heading", name="Work", exact=True)).to_be_focused()
    expect(page.get_by_text(f"{NOTES} of {NOTES} notes answered").first).to_be_visible()


def review(page: Page) -> None:
    """Decide by every key of the review, and take a step back."""
    expect(current(page)).to_be_focused()
    open_ = counted(page, "Open")
    first = id_of(page)
    press(page, "j", "ArrowDown", "k", "k")
    assert id_of(page) == first
    press(page, "e", "End")
    page.keyboard.type(" By hand.")
    press(page, "Enter")
    expect(page.locator(f"#row-{first}")).to_have_attribute("data-state", "accepted")
    press(page, "x", "a", "u", "a")
    expect(page.locator(".proposal[aria-busy]")).to_have_count(0)
    expect(page.locator(".pace")).to_contain_text(f"{open_ - 3} decision")
    assert (counted(page, "Accepted"), counted(page, "Rejected")) == (2, 1)
    press(page, "Shift+A")
    expect(page.locator(".proposal[aria-busy]")).to_have_count(0)
    expect(current(page)).to_be_focused()


def test_the_whole_way_by_keyboard_alone(tmp_path: Path, serve: Serve, visit: Visit) -> None:
    """On a real vault, where one is here: what was written is undone to the byte."""
    root = tmp_path / "vault"
    shutil.copytree(REAL if REAL.is_dir() else SAMPLE, root)
    before = tree(root)
    page = visit(serve(root))
    curate(page)
    to_review = page.get_by_role("link", name="Review", exact=True)
    expect(page.get_by_role("heading", name=re.compile("proposals to review"))).to_be_visible()
    tab_to(page, to_review.last)
    press(page, "Enter")
    review(page)
    tab_to(page, page.get_by_role("button", name="Apply", exact=True), "Shift+Tab")
    press(page, "Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Apply")).to_be_focused()
    press(page, "Enter")
    undo = dialog.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    after = tree(root)
    assert after != before
    assert b"By hand." in b"".join(after.values())
    press(page, "Enter")
    expect(dialog.get_by_role("status")).to_contain_text("restored")
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    press(page, "Enter")
    expect(dialog).to_have_count(0)
    assert tree(root) == before
