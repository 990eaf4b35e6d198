"""The review in a browser: what is shown is true, whoever decides, and whatever fails meanwhile."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from notemill.stores.proposals import Decision
from tests.notemill.proposing import propose, propose_note
from tests.notemill.web.browser.reviewing import (
    NOTES,
    TAG,
    TEXT,
    TOPIC,
    VALUES,
    Held,
    current,
    desk_with,
    press,
)
from tests.notemill.workflows.notes import tree, write_notes

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Dialog, Page

    from tests.notemill.web.browser.reviewing import Desk
    from tests.notemill.web.conftest import Serve, Visit

pytestmark = pytest.mark.loopback


@pytest.fixture
def desk(serve: Serve, tmp_path: Path) -> Desk:
    """Four notes with three proposals each."""
    return desk_with(serve, tmp_path)


def in_state(page: Page, state: str, count: int) -> None:
    """Wait until a page shows so many proposals in a state."""
    expect(page.locator(f".proposal[data-state={state}]")).to_have_count(count)


def left(page: Page, count: int) -> None:
    """Wait until a page says how many decisions are left."""
    words = "1 decision," if count == 1 else f"{count} decisions,"
    expect(page.locator(".pace")).to_contain_text(words)


# -- notes that do not exist yet ------------------------------------------------------------------


def test_a_note_that_does_not_exist_is_read_on_the_page(desk: Desk, visit: Visit) -> None:
    """First of its group, with its text as text; turned down, what is for it goes along."""
    home = desk.served.settings.home
    text = "---\ntitle: New\n---\n# New\n\n<b>bold</b> [x](javascript:alert(1))\n"
    propose_note(home, desk.vault, "In/New.md", text, *VALUES)
    page = visit(desk.served, "/review?folder=In")
    expect(current(page)).to_have_attribute("id", "row-p13")
    expect(current(page)).to_contain_text("a file; 1 kB")
    expect(page.locator(".source")).to_contain_text("<b>bold</b> [x](javascript:alert(1))")
    expect(page.locator(".source").get_by_text("title: New")).to_be_visible()
    expect(page.locator(".badge-warn")).to_have_count(0)
    press(page, "x")
    in_state(page, "rejected", 4)
    press(page, "u")
    in_state(page, "pending", 4)
    press(page, "Shift+A")
    in_state(page, "accepted", 4)
    page.get_by_role("button", name="Apply").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 note")
    dialog.get_by_role("button", name="Apply").click()
    expect(dialog.get_by_role("button", name="Undo")).to_be_visible()
    assert b"garden/soil" in tree(desk.vault)["In/New.md"]
    dialog.get_by_role("button", name="Undo").click()
    expect(dialog).to_contain_text("1 note removed")
    assert "In/New.md" not in tree(desk.vault)


# -- several fronts -------------------------------------------------------------------------------


def test_two_tabs_and_the_terminal_see_the_same(desk: Desk, visit: Visit) -> None:
    """What one decides is shown as decided in the other, which stands at another proposal by then."""
    first = visit(desk.served, "/review")
    second = first.context.new_page()
    second.goto(f"{desk.served.url}/review")
    expect(current(second)).to_have_attribute("id", "row-p1")
    press(first, "a")
    expect(second.locator("#row-p1")).to_have_attribute("data-state", "accepted")
    expect(current(second)).to_have_attribute("id", "row-p2")
    press(second, "x")
    in_state(first, "rejected", 1)
    desk.decide(Decision.ACCEPT, "p3")
    for page in (first, second):
        in_state(page, "accepted", 2)
        left(page, 9)
        expect(current(page)).to_have_attribute("id", "row-p4")
    assert desk.decided() == {"p1": "accepted", "p2": "rejected", "p3": "accepted"}


def test_what_another_front_decided_a_moment_ago_is_not_turned_round(
    desk: Desk, visit: Visit
) -> None:
    """A key on a proposal that was still shown as open says so, and moves on."""
    page = visit(desk.served, "/review")
    expect(current(page)).to_have_attribute("id", "row-p1")
    held = Held(page, "**/api/review/decisions")
    press(page, "a")
    desk.decide(Decision.REJECT, "p1")
    held.let_one_go(page)
    expect(page.locator(".toast")).to_contain_text("decided elsewhere")
    expect(page.locator("#row-p1")).to_have_attribute("data-state", "rejected")
    assert desk.decided() == {"p1": "rejected"}
    press(page, "k")
    expect(current(page)).to_contain_text("Decided elsewhere meanwhile: rejected")
    page.unroute_all()
    press(page, "a")
    in_state(page, "accepted", 1)
    assert desk.decided() == {"p1": "accepted"}


def test_undo_takes_back_only_the_steps_of_its_own_page(desk: Desk, visit: Visit) -> None:
    """Also where a tab was made from another, which copies what that one has kept; a reload keeps it."""
    first = visit(desk.served, "/review")
    press(first, "a")
    in_state(first, "accepted", 1)
    with first.context.expect_page() as opened:
        first.evaluate("window.open('/review', '_blank')")
    second = opened.value
    expect(current(second)).to_have_attribute("id", "row-p2")
    press(second, "u")
    expect(second.locator(".toast")).to_contain_text("nothing to undo on this page")
    press(second, "x")
    in_state(second, "rejected", 1)
    first.reload()
    expect(current(first)).to_have_attribute("id", "row-p3")
    press(first, "u")
    expect(current(first)).to_have_attribute("id", "row-p1")
    in_state(first, "accepted", 0)
    assert desk.decided() == {"p2": "rejected"}


def test_what_another_front_has_decided_since_is_not_undone(desk: Desk, visit: Visit) -> None:
    """U says that it could not take it back, and leaves it as it is."""
    page = visit(desk.served, "/review")
    press(page, "a")
    in_state(page, "accepted", 1)
    desk.decide(Decision.REJECT, "p1")
    in_state(page, "rejected", 1)
    press(page, "u")
    expect(page.locator(".toast")).to_contain_text("could not be undone")
    assert desk.decided() == {"p1": "rejected"}


# -- the place in the list ------------------------------------------------------------------------


def test_a_reload_goes_on_with_the_same_filter_and_order(desk: Desk, visit: Visit) -> None:
    """The next open proposal is in focus, and nothing is decided anew."""
    page = visit(desk.served, "/review")
    page.get_by_role("link", name="By value").click()
    page.get_by_role("navigation", name="Kind").get_by_role("link", name="Tags").click()
    expect(current(page)).to_have_attribute("id", "row-p2")
    expect(page).to_have_url(re.compile(r"\?order=value&kind=tag&kind=new\+tag"))
    press(page, "a")
    in_state(page, "accepted", 1)
    page.reload()
    expect(current(page)).to_have_attribute("id", "row-p5")
    in_state(page, "pending", 3)
    page.go_back()
    expect(page).to_have_url(re.compile(r"\?order=value(&at=p\d+)?$"))
    in_state(page, "pending", 11)
    assert desk.decided() == {"p2": "accepted"}


def test_what_was_pressed_is_kept_by_a_reload_at_once(desk: Desk, visit: Visit) -> None:
    """A page that ends with keys under way sends those that still wait, an undo among them."""
    page = visit(desk.served, "/review")
    expect(current(page)).to_be_focused()
    press(page, "a", "x", "a", "x", "u")
    page.reload()
    in_state(page, "pending", 9)
    expect(current(page)).to_have_attribute("id", re.compile("row-p[45]"))
    assert desk.decided() == {"p1": "accepted", "p2": "rejected", "p3": "accepted"}


def test_after_back_the_page_shows_what_is_open_now(desk: Desk, visit: Visit) -> None:
    """What others decided meanwhile is not decided again; A decides the one that is left."""
    page = visit(desk.served, "/review")
    press(page, "a")
    in_state(page, "accepted", 1)
    page.goto(f"{desk.served.url}/settings")
    desk.decide(Decision.REJECT, *(f"p{n}" for n in range(2, 12)))
    page.go_back()
    expect(current(page)).to_have_attribute("id", "row-p12")
    press(page, "a")
    expect(page.locator(".ended")).to_contain_text("All is decided")
    assert list(desk.decided().values()) == ["accepted", *["rejected"] * 10, "accepted"]


def test_the_last_one_of_a_list(serve: Serve, tmp_path: Path, visit: Visit) -> None:
    """The page says what comes next, keys decide nothing outside the filter, U brings it back."""
    desk = desk_with(serve, tmp_path, {"a.md": "About a.\n"}, VALUES)
    page = visit(desk.served, "/review?kind=tag")
    press(page, "a")
    expect(page.locator(".ended")).to_contain_text("Nothing is left with this filter")
    expect(page.locator(".ended")).to_be_focused()
    press(page, "a", "x", "n", "Shift+A", "j", "k", "e")
    assert desk.decided() == {"p2": "accepted"}
    page.get_by_role("link", name="Show all open ones").click()
    expect(current(page)).to_have_attribute("id", "row-p1")
    press(page, "x", "n")
    expect(page.locator(".ended")).to_contain_text("All is decided")
    expect(page.locator(".ended")).to_contain_text("1 accepted proposal can be written")
    press(page, "a", "x", "Shift+A")
    press(page, "u")
    expect(current(page)).to_have_attribute("id", "row-p3")
    expect(current(page)).to_be_focused()
    assert desk.decided() == {"p1": "rejected", "p2": "accepted"}


@pytest.mark.parametrize(
    ("address", "at", "count", "decided"),
    [
        ("/review", "p1", "Take all 2 of this note", {"p1", "p3"}),
        ("/review?kind=topic&kind=description", "p1", "Take all 2 of this note", {"p1", "p3"}),
        ("/review?order=value&kind=topic", "p3", "Take all 4 of this value", {"p3", "p6", "p9", "p12"}),
        ("/review?order=value&kind=tag", "p5", "Take all 3 of this value", {"p5", "p8", "p11"}),
        ("/review?order=value&kind=tag&folder=sub", "p8", "Take all 2 of this value", {"p8", "p11"}),
    ],
)  # fmt: skip
def test_all_is_what_is_shown(  # noqa: PLR0917  # one case each
    desk: Desk, visit: Visit, address: str, at: str, count: str, decided: set[str]
) -> None:
    """The open ones of this note or value within the filter, as many as were announced; one U undoes it."""
    desk.decide(Decision.REJECT, "p2")
    page = visit(desk.served, address)
    expect(current(page)).to_have_attribute("id", f"row-{at}")
    expect(current(page).get_by_role("button", name=count)).to_be_visible()
    press(page, "Shift+A")
    in_state(page, "accepted", len(decided))
    in_state(page, "saving", 0)
    assert {one for one, state in desk.states().items() if state == "accepted"} == decided
    press(page, "u")
    in_state(page, "accepted", 0)
    expect(current(page)).to_have_attribute("id", f"row-{at}")
    assert desk.decided() == {"p2": "rejected"}


def test_one_decision_for_a_value_with_exceptions(desk: Desk, visit: Visit) -> None:
    """The exceptions are rejected one by one, all others accepted at once."""
    page = visit(desk.served, "/review?order=value&kind=tag")
    expect(page.locator(".head")).to_contain_text("#garden/soil")
    expect(page.locator(".head")).to_contain_text("4 notes")
    press(page, "j", "x", "Shift+A")
    in_state(page, "accepted", 3)
    in_state(page, "rejected", 1)
    states = {one: state for one, state in desk.states().items() if state != "pending"}
    assert states == {"p2": "accepted", "p5": "rejected", "p8": "accepted", "p11": "accepted"}
    press(page, "u", "u")
    left(page, 4)
    assert desk.decided() == {}


def test_by_value_a_group_stays_where_it_is_while_more_is_proposed(
    desk: Desk, visit: Visit
) -> None:
    """Neither decisions nor proposals of a run move it below a larger one before the page is read anew."""
    page = visit(desk.served, "/review?order=value&kind=tag&kind=topic")
    heads = page.locator(".head")
    expect(heads).to_contain_text(["#garden/soil", "rot"])
    press(page, "x", "x")
    in_state(page, "rejected", 2)
    write_notes(desk.vault, {"e.md": "About e.\n"})
    home = desk.served.settings.home
    with ThreadPoolExecutor(1) as other:
        other.submit(propose, home, desk.vault, {"e.md": [(TOPIC, "rot")]}, run="later").result()
    in_state(page, "pending", 7)
    two, five = re.compile(r"#garden/soil\s+2 notes"), re.compile(r"rot\s+5 notes")
    expect(heads).to_contain_text([two, five])
    page.reload()
    expect(heads).to_contain_text([five, two])


def test_never_ends_every_open_proposal_of_a_value(desk: Desk, visit: Visit) -> None:
    """All notes lose it at once on the screen, too; one U brings all back."""
    page = visit(desk.served, "/review")
    press(page, "j", "n")
    in_state(page, "rejected", 4)
    expect(page.locator(".badge", has_text="never")).to_have_count(4)
    left(page, 8)
    press(page, "u")
    left(page, 12)
    assert desk.decided() == {}


def test_a_place_has_an_address(desk: Desk, visit: Visit) -> None:
    """The row in focus stands in the address; opened anew, it is in focus again, and on the screen."""
    page = visit(desk.served, "/review")
    press(page, "j", "j", "j", "j")
    expect(page).to_have_url(f"{desk.served.url}/review?at=p5")
    again = page.context.new_page()
    again.goto(page.url)
    expect(current(again)).to_have_attribute("id", "row-p5")
    press(again, "k")
    expect(current(again)).to_have_attribute("id", "row-p4")
    small = visit(desk.served, "/review", viewport={"width": 400, "height": 700})
    expect(current(small)).to_be_focused()
    expect(small.get_by_role("heading", name="Review")).to_be_in_viewport()
    small.goto(f"{desk.served.url}/review?at=p11")
    expect(current(small)).to_have_attribute("id", "row-p11")
    expect(current(small)).to_be_in_viewport()


def test_a_long_queue_is_loaded_as_it_is_decided(
    serve: Serve, tmp_path: Path, visit: Visit
) -> None:
    """Past the first page there is more, also when a value of it all is decided by one key."""
    notes = {f"{n:03}.md": f"Note {n}.\n" for n in range(250)}
    desk = desk_with(serve, tmp_path, notes, [(TAG, "soil")])
    page = visit(desk.served, "/review")
    left(page, 250)
    press(page, *["j"] * 50)
    page.wait_for_function("() => document.querySelectorAll('.proposal').length > 120")
    press(page, *["j"] * 80)
    expect(current(page)).to_have_attribute("id", "row-p131")
    press(page, "a")
    in_state(page, "accepted", 1)
    page.goto(f"{desk.served.url}/review?order=value")
    expect(current(page).get_by_role("button", name="Take all 249 of this value")).to_be_visible()
    press(page, "Shift+A")
    expect(page.locator(".ended")).to_contain_text("All is decided")
    assert set(desk.states().values()) == {"accepted"}


def test_search_and_filters_narrow_the_list(desk: Desk, visit: Visit) -> None:
    """A text is found in values and paths; a folder has its own; both stand in the address."""
    page = visit(desk.served, "/review")
    press(page, "/")
    page.keyboard.type("ROT")
    in_state(page, "pending", 4)
    press(page, "Enter", "a")
    in_state(page, "accepted", 1)
    page.get_by_label("Folder").select_option("sub")
    in_state(page, "pending", 2)
    expect(page).to_have_url(re.compile(r"\?q=ROT&folder=sub"))
    page.go_back()
    in_state(page, "pending", 3)
    assert desk.decided() == {"p3": "accepted"}


# -- what is shown is true ------------------------------------------------------------------------


@pytest.fixture
def watched(browser: Browser, desk: Desk) -> Page:
    """A page whose console may tell of answers that are errors."""
    page = browser.new_context().new_page()
    page.goto(desk.served.enter)
    page.goto(f"{desk.served.url}/review")
    expect(current(page)).to_have_attribute("id", "row-p1")
    return page


def test_a_decision_that_was_refused_is_open_again(desk: Desk, watched: Page) -> None:
    """The page says so, the count has not moved, and what was pressed after it is not sent."""
    page = watched
    desk.on_vault(lambda opened: opened.store.db.execute("PRAGMA query_only = ON").fetchall())
    held = Held(page, "**/api/review/decisions")
    press(page, "a", "x", "a")
    held.let_one_go(page)
    expect(current(page)).to_contain_text("Not saved")
    expect(page.locator(".toast")).to_contain_text("2 keys pressed after it were not sent")
    expect(current(page)).to_have_attribute("id", "row-p1")
    left(page, 12)
    in_state(page, "pending", 12)
    page.unroute_all()
    assert desk.decided() == {}
    desk.on_vault(lambda opened: opened.store.db.execute("PRAGMA query_only = OFF").fetchall())
    press(page, "a")
    in_state(page, "accepted", 1)
    left(page, 11)
    assert desk.decided() == {"p1": "accepted"}


def test_without_a_server_nothing_is_decided_and_the_page_comes_back(
    desk: Desk, watched: Page
) -> None:
    """It says that there is no connection, and shows the truth by itself once there is one."""
    page = watched
    desk.served.stop()
    expect(page.get_by_text("No connection to the server").first).to_be_visible()
    press(page, "a")
    expect(current(page)).to_contain_text("Not saved")
    left(page, 12)
    desk.decide(Decision.REJECT, "p1", "p2")
    desk.served.start()
    in_state(page, "rejected", 2)
    left(page, 10)
    press(page, "a")
    in_state(page, "accepted", 1)
    assert desk.decided() == {"p1": "rejected", "p2": "rejected", "p3": "accepted"}


def test_what_was_decided_elsewhere_during_an_edit_stays_so(desk: Desk, watched: Page) -> None:
    """Who types looks at the text: the decision is on what was shown when they began."""
    page = watched
    press(page, "e", "End", "!")
    desk.decide(Decision.REJECT, "p1")
    in_state(page, "rejected", 1)
    press(page, "Enter")
    expect(page.locator(".toast")).to_contain_text("had been decided elsewhere")
    assert desk.decided() == {"p1": "rejected"}


def test_a_page_in_a_network_and_one_that_keeps_nothing_decide_all_the_same(
    desk: Desk, watched: Page
) -> None:
    """Without what a browser gives to secure addresses alone, and without its storage."""
    page = watched
    page.add_init_script("delete Crypto.prototype.randomUUID; delete Navigator.prototype.locks")
    page.add_init_script("""for (const one of ["localStorage", "sessionStorage"])
      Object.defineProperty(window, one, { get() { throw new DOMException("no", "SecurityError"); } })""")
    page.reload()
    press(page, "a")
    in_state(page, "accepted", 1)
    press(page, "u")
    in_state(page, "accepted", 0)
    assert desk.decided() == {}


def test_a_connection_that_only_looks_alive_is_given_up(desk: Desk, watched: Page) -> None:
    """A server that is halted, as after a sleep, is told of; once it goes on, so does the page."""
    page, goes_on = watched, threading.Event()
    page.clock.install()
    page.reload()
    expect(current(page)).to_be_visible()
    expect(page.locator("[data-standing]")).to_have_attribute("data-tone", "good")
    page.clock.fast_forward(30_000)
    expect(page.locator("[data-standing]")).to_be_empty()
    desk.served.loop.call_soon_threadsafe(goes_on.wait, 60)
    try:
        for _ in range(2):
            page.clock.fast_forward(10_000)
        expect(page.get_by_text("No connection to the server").first).to_be_visible()
    finally:
        goes_on.set()
    page.clock.fast_forward(20_000)
    expect(page.locator("[data-standing]")).to_have_attribute("data-tone", "good")


def test_a_group_that_has_changed_is_not_decided(desk: Desk, watched: Page) -> None:
    """More or fewer are open than were announced: nothing is decided, and the new number is shown."""
    page = watched
    held = Held(page, "**/api/review/group*")
    press(page, "Shift+A")
    desk.decide(Decision.REJECT, "p3")
    held.let_one_go(page)
    expect(current(page)).to_contain_text("2 of these are open now, not 3")
    expect(current(page).get_by_role("button", name="Take all 2 of this note")).to_be_visible()
    assert desk.decided() == {"p3": "rejected"}


def test_a_note_that_is_edited_meanwhile_is_shown_as_such(desk: Desk, visit: Visit) -> None:
    """In the list, beside its source, and before anything is written; it is never overwritten."""
    page = visit(desk.served, "/review")
    press(page, "a")
    in_state(page, "accepted", 1)
    (desk.vault / "a.md").write_text("Written anew by its owner.\n", "utf-8")
    expect(page.locator(".source")).to_contain_text("has changed since")
    expect(page.locator(".source")).to_contain_text("Written anew by its owner.")
    expect(current(page)).to_contain_text("changed since")
    page.get_by_role("button", name="Apply").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("left as they are")
    expect(dialog.get_by_role("listitem")).to_have_text("a")
    dialog.get_by_role("button", name="Apply").click()
    expect(dialog).to_contain_text("1 note could not be")
    assert (desk.vault / "a.md").read_text("utf-8") == "Written anew by its owner.\n"
    assert desk.states()["p1"] == "conflict"


# -- editing, and applying ------------------------------------------------------------------------


def test_an_edited_value_is_accepted_and_a_bad_one_is_not(desk: Desk, watched: Page) -> None:
    """A tag is completed from the vocabulary; what is no tag stays in its field, with the reason."""
    page = watched
    press(page, "j", "e")
    field = page.get_by_label("Another value")
    expect(field).to_have_value("garden/soil")
    field.fill("not a tag!")
    press(page, "Enter")
    expect(current(page).get_by_role("alert").first).to_contain_text("is not a tag")
    expect(field).to_have_value("not a tag!")
    assert desk.decided() == {}
    field.fill("garden/worms")
    press(page, "Enter")
    in_state(page, "accepted", 1)
    expect(page.locator("#row-p2")).to_contain_text("#garden/worms")
    assert desk.decided() == {"p2": "accepted"}
    press(page, "u")
    expect(current(page)).to_contain_text("#garden/soil")


def test_what_was_accepted_is_written_once_and_undone_by_keys(desk: Desk, visit: Visit) -> None:
    """A summary before, what became of it after, and one Undo to the byte."""
    before = tree(desk.vault)
    page = visit(desk.served, "/review")
    press(page, "a", "a", "x")
    in_state(page, "accepted", 2)
    in_state(page, "saving", 0)
    page.get_by_role("button", name="Apply").focus()
    press(page, "Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 description and 1 tag into 1 note")
    expect(dialog.get_by_role("button", name="Apply")).to_be_focused()
    press(page, "Enter")
    expect(dialog).to_contain_text("1 note written")
    assert b"garden/soil" in tree(desk.vault)["a.md"]
    assert [desk.states()[one] for one in ("p1", "p2", "p3")] == ["applied", "applied", "rejected"]
    expect(dialog.get_by_role("button", name="Undo")).to_be_focused()
    press(page, "Enter")
    expect(dialog).to_contain_text("1 note restored")
    assert tree(desk.vault) == before
    press(page, "Escape")
    expect(dialog).to_have_count(0)


def test_the_source_is_shown_with_what_would_change(desk: Desk, visit: Visit) -> None:
    """Links and quotes stand as they are written, and only what is new is marked."""
    page = visit(desk.served, "/review?kind=tag")
    source = page.locator(".source")
    expect(source).to_contain_text("See [[b]].")
    expect(source).to_contain_text("> A quoted line.")
    expect(source.locator("ins", has_text="garden/soil")).to_have_count(1)
    expect(source.locator("del")).to_have_count(0)


def test_names_and_texts_that_are_markup_stay_text(
    serve: Serve, tmp_path: Path, visit: Visit
) -> None:
    """Notes, values and links of strangers run nothing and make no element, on any of them."""
    notes = {
        "<img src=x onerror=alert(1)>.md": "<script>alert(2)</script> [x](javascript:alert(3))\n",
        '"><svg onload=alert(4)>.md': "# <iframe src=javascript:alert(5)>\n\nA sentence.\n",
    }
    desk = desk_with(
        serve, tmp_path, notes, [(TEXT, "<b onmouseover=alert(6)>bold</b>"), (TAG, "a")]
    )
    page = visit(desk.served, "/review")
    asked: list[str] = []

    def refuse(opened: Dialog) -> None:
        asked.append(opened.message)
        opened.dismiss()

    page.on("dialog", refuse)
    expect(page.get_by_role("heading", name="<img src=x onerror=alert(1)>").first).to_be_visible()
    for _ in range(4):
        current(page).hover()
        expect(page.locator(".source .diff")).to_be_visible()
        press(page, "j")
    made = "nm-review :is(img, svg, script, iframe, b[onmouseover]), [onerror], [onload]"
    expect(page.locator(made)).to_have_count(0)
    page.goto(f"{desk.served.url}/review?order=value")
    expect(current(page)).to_be_visible()
    expect(page.locator(made)).to_have_count(0)
    assert asked == []


def test_the_queue_can_be_read_without_script(desk: Desk, visit: Visit) -> None:
    """Proposals stand there note by note, with a way to the next ones."""
    page = visit(desk.served, "/review?limit=2", java_script_enabled=False)
    expect(page.locator(".proposal")).to_have_count(len(NOTES) * len(VALUES))
    expect(page.get_by_role("heading", name="sub/c.md")).to_be_visible()
    expect(page.get_by_text("Said in one sentence.").first).to_be_visible()
    expect(page.get_by_text("notemill review", exact=True)).to_be_visible()
