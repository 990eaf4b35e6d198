"""Home in a real browser: work started by keyboard, prices that move, a first visit, no notes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.notemill.web.browser.reviewing import Held
from tests.notemill.workflows.notes import many, write_notes
from twolane import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from tests.notemill.web.conftest import Serve, Visit

pytestmark = pytest.mark.loopback

HOSTILE = "<img src=x onerror=alert(1)>.md"


@pytest.fixture(autouse=True)
def _words_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute no embeddings."""
    monkeypatch.setenv("NOTEMILL_EMBEDDING", "off")


def dialog_of(page: Page, button: str) -> Locator:
    """Open a dialog by keyboard, and wait until it has its plan."""
    page.get_by_role("button", name=button, exact=True).focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("[data-outlook]")).to_have_attribute("aria-busy", "false")
    return dialog


def paid(tmp_path: Path, serve: Serve, visit: Visit) -> Locator:
    """Return the dialog of a curation that would cost something; nothing is sent."""
    settings = Settings(home=tmp_path / "home", provider="anthropic")
    served = serve(write_notes(tmp_path / "vault", many(40)), settings=settings)
    return dialog_of(visit(served), "Curate notes…")


def test_a_curation_is_started_and_agreed_to_by_keyboard(
    tmp_path: Path, serve: Serve, visit: Visit
) -> None:
    """From the obvious button over a stage's sample to its end; names of notes are text."""
    notes = {**many(8), HOSTILE: "A name that is no markup.\n"}
    page = visit(serve(write_notes(tmp_path / "vault", notes)))
    expect(page.get_by_role("heading", name="9 notes need work")).to_be_visible()
    dialog = dialog_of(page, "Curate 9 notes…")
    dialog.get_by_label("Propose a vocabulary first").focus()
    page.keyboard.press("Space")
    dialog.get_by_label("Stages").focus()
    expect(dialog.get_by_text("Stages of 2, 7 notes")).to_be_visible()
    go = dialog.get_by_role("button", name="Curate 9 notes")
    expect(go).to_have_attribute("aria-disabled", "false")
    go.focus()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    question = page.get_by_role("group", name="A question of this run")
    expect(question.locator("ins").first).to_contain_text("description:")
    run = page.get_by_role("region", name="Work").get_by_role("link", name="curate-").first
    beside = page.context.new_page()
    beside.goto(run.evaluate("link => link.href"))
    sample = beside.get_by_role("group", name="A question of this run")
    expect(sample.locator("ins").first).to_contain_text("description:")
    question.get_by_role("button", name="Continue").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("9 of 9 notes answered").first).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile(r"\d+ proposals to review"))).to_be_visible()
    expect(question).to_have_count(0)
    expect(sample).to_have_count(0)
    expect(page.locator("img[src=x]")).to_have_count(0)
    waits = page.get_by_role("region", name="Waiting for you")
    expect(waits.get_by_role("link", name="Descriptions")).to_be_visible()


def test_the_keyboard_keeps_its_place_where_its_button_was_taken_away(
    tmp_path: Path, serve: Serve, visit: Visit
) -> None:
    """A run is quicker than the answer to its start: the button that opened the dialog is gone by then."""
    page = visit(serve(write_notes(tmp_path / "vault", many(8))))
    dialog = dialog_of(page, "Curate 8 notes…")
    go = dialog.get_by_role("button", name="Curate 8 notes")
    expect(go).to_have_attribute("aria-disabled", "false")
    held = Held(page, "**/api/runs")
    go.press("Enter")
    route = held.one(page)
    answer = route.fetch()
    expect(page.locator("[data-part=next] h2")).to_have_text("A run asks you something")
    route.fulfill(response=answer)
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Answer")).to_be_focused()
    page.locator("[data-part=next]").evaluate("(part) => part.replaceWith(part.cloneNode(true))")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Answer")).to_be_focused()


def test_the_slider_moves_price_lane_and_end(tmp_path: Path, serve: Serve, visit: Visit) -> None:
    """By arrow keys: without a deadline a batch at half price, with a short one real time."""
    dialog = paid(tmp_path, serve, visit)
    price, finish, lane = (dialog.locator(f"[data-{one}]") for one in ("price", "finish", "lane"))
    expect(lane).to_have_text("Batch")
    cheap, late = price.inner_text(), finish.inner_text()
    slider = dialog.get_by_role("slider")
    slider.focus()
    slider.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "within 2 min")
    expect(lane).to_have_text("Real time")
    assert float(price.inner_text().lstrip("$")) > float(cheap.lstrip("$"))
    assert finish.inner_text() != late
    expect(dialog.locator("[data-reason]")).to_contain_text("the deadline leaves a batch")
    expect(dialog.get_by_label("Keep it at any price")).to_be_visible()
    slider.press("End")
    expect(lane).to_have_text("Batch")
    expect(price).to_have_text(cheap)


def test_a_long_search_for_a_price_is_seen_to_be_at_work(
    tmp_path: Path, serve: Serve, visit: Visit
) -> None:
    """What it does stands in place of the price that no longer holds; the dialog can be left."""
    settings = Settings(home=tmp_path / "home", provider="anthropic")
    page = visit(serve(write_notes(tmp_path / "vault", many(3)), settings=settings))
    dialog = dialog_of(page, "Find links…")
    held = Held(page, "**/api/plan")
    dialog.get_by_label("Have a model judge every pair").press("Space")
    expect(dialog.get_by_text("Finding the pairs that a model would judge")).to_be_visible()
    expect(dialog.get_by_role("progressbar", name="Planning")).to_be_visible()
    expect(dialog.get_by_text("free of charge")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Find links…")).to_be_focused()
    assert held.routes


def test_a_budget_that_is_too_small_says_so(tmp_path: Path, serve: Serve, visit: Visit) -> None:
    """It tells how many notes it is enough for; with a deadline that it cannot keep nothing goes."""
    dialog = paid(tmp_path, serve, visit)
    dialog.get_by_label("Budget in dollars").fill("0,001")
    expect(dialog.locator("[data-reason]")).to_contain_text("the budget of $0.001 is enough for")
    dialog.get_by_role("slider").press("Home")
    expect(dialog.get_by_role("alert")).to_contain_text("raise it, or leave out the deadline")
    go = dialog.get_by_role("button", name="Curate 40 notes")
    expect(go).to_have_attribute("aria-disabled", "true")
    go.press("Enter")
    expect(dialog).to_be_visible()
    for unclear in ("much", "1,500"):
        dialog.get_by_label("Budget in dollars").fill("2")
        expect(dialog.get_by_role("alert")).to_have_count(0)
        dialog.get_by_label("Budget in dollars").fill(unclear)
        expect(dialog.get_by_role("alert")).to_contain_text("an amount in dollars")


def test_tidying_says_what_would_change_and_writes_what_is_chosen(
    tmp_path: Path, serve: Serve, visit: Visit
) -> None:
    """The button names how many notes; the end is told on the page, with its undo."""
    notes = {"A.md": "---\ntag: one\n---\nText.\n", "B.md": "---\nTags: two\n---\nText.\n"}
    root = write_notes(tmp_path / "vault", notes)
    page = visit(serve(root))
    dialog = dialog_of(page, "Tidy properties…")
    dialog.get_by_label("tag, alias become tags, aliases").check()
    dialog.get_by_role("button", name="Write into 1 note").click()
    expect(page.get_by_text("1 note written.").first).to_be_visible()
    assert b"tags:" in (root / "A.md").read_bytes()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("1 note restored.").first).to_be_visible()
    assert (root / "A.md").read_text() == notes["A.md"]


def test_a_first_visit_is_told_what_happens(tmp_path: Path, serve: Serve, visit: Visit) -> None:
    """What is read, proposed and decided; without a key nothing is sent."""
    page = visit(serve(write_notes(tmp_path / "vault", many(3))))
    expect(page.get_by_role("heading", name="What notemill does with your notes")).to_be_visible()
    expect(page.get_by_text("nothing is sent, and nothing is paid")).to_be_visible()


def test_an_empty_folder_says_what_to_do_and_looks_again(
    tmp_path: Path, serve: Serve, visit: Visit
) -> None:
    """With its first note the same address shows it."""
    (tmp_path / "vault").mkdir()
    page = visit(serve(tmp_path / "vault"))
    expect(page.get_by_role("heading", name="There are no notes in this folder")).to_be_visible()
    write_notes(tmp_path / "vault", {"a.md": "The first.\n"})
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_role("heading", name="1 note needs work")).to_be_visible()


def test_nothing_is_seriously_inaccessible(tmp_path: Path, serve: Serve, visit: Visit) -> None:
    """Neither the screen nor a dialog; nothing is wider than a small screen."""
    settings = Settings(home=tmp_path / "home", provider="anthropic")
    served = serve(write_notes(tmp_path / "vault", many(12)), settings=settings)
    page = visit(served, color_scheme="dark", viewport={"width": 400, "height": 800})
    expect(page.get_by_role("heading", name="12 notes need work")).to_be_visible()
    for _ in range(2):
        found = Axe().run(page).response["violations"]
        serious = [one["id"] for one in found if one["impact"] in ("serious", "critical")]
        assert serious == []
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0
        if page.get_by_role("dialog").count() == 0:
            dialog_of(page, "Curate notes…")
