"""The keys of the review: each decides what is in focus, and nothing else ever does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.notemill.web.browser.reviewing import Held, current, desk_with, id_of, press

if TYPE_CHECKING:
    from pathlib import Path

    from tests.notemill.web.browser.reviewing import Desk
    from tests.notemill.web.conftest import Serve, Visit

pytestmark = pytest.mark.loopback

COMBINED = ("Control+a", "Control+x", "Alt+a", "Meta+x", "Control+Shift+a")


@pytest.fixture
def desk(serve: Serve, tmp_path: Path) -> Desk:
    """Four notes with three proposals each."""
    return desk_with(serve, tmp_path)


def test_no_letter_decides_together_with_ctrl_alt_or_meta(desk: Desk, visit: Visit) -> None:
    """What the browser does with them stays the browser's; alone, A decides exactly one."""
    page = visit(desk.served, "/review")
    expect(current(page)).to_have_count(1)
    press(page, *COMBINED, "a")
    expect(page.locator("[data-state=accepted]")).to_have_count(1)
    assert desk.decided() == {"p1": "accepted"}


def test_what_is_typed_into_a_field_decides_nothing(desk: Desk, visit: Visit) -> None:
    """It stands there; Escape leaves the proposal open with its old value."""
    page = visit(desk.served, "/review")
    press(page, "e")
    page.keyboard.type(" xan u?")
    expect(page.get_by_label("Description")).to_have_value(" xan u?")
    press(page, "Escape")
    expect(page.get_by_label("Description")).to_have_count(0)
    expect(current(page)).to_contain_text("Said in one sentence.")
    press(page, "/")
    page.keyboard.type("axn")
    press(page, "Escape")
    assert desk.decided() == {}


def test_under_an_open_dialog_nothing_is_decided(desk: Desk, visit: Visit) -> None:
    """Not under the help, nor under the summary before applying; after it, A decides one."""
    page = visit(desk.served, "/review")
    for opens in ("?", None):
        if opens:
            press(page, opens)
        else:
            page.get_by_role("button", name="Apply").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        press(page, "a", "x", "n", "u", "Shift+A", "j")
        press(page, "Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    assert id_of(page) == "p1"
    press(page, "a")
    expect(page.locator("[data-state=accepted]")).to_have_count(1)
    assert desk.decided() == {"p1": "accepted"}


@pytest.mark.parametrize(
    ("init", "decided"),
    [
        ({"key": "ф", "code": "KeyA"}, {"p1": "accepted"}),  # Russian: the letter's place counts
        ({"key": "ч", "code": "KeyX"}, {"p1": "rejected"}),
        (
            {"key": "Ф", "code": "KeyA", "shiftKey": True},
            dict.fromkeys(("p1", "p2", "p3"), "accepted"),
        ),
        ({"key": "a", "code": "KeyQ"}, {"p1": "accepted"}),  # AZERTY: what it writes counts
        ({"key": "q", "code": "KeyA"}, {}),
        ({"key": "x", "code": "KeyB"}, {"p1": "rejected"}),  # Dvorak
        ({"key": "A", "code": "KeyA"}, {"p1": "accepted"}),  # Caps Lock is not Shift
        (
            {"key": "a", "code": "KeyA", "shiftKey": True},
            dict.fromkeys(("p1", "p2", "p3"), "accepted"),
        ),
        ({"key": "a", "code": "KeyA", "isComposing": True}, {}),
        ({"key": "Process", "code": "KeyA", "keyCode": 229}, {}),
        ({"key": "a", "code": "KeyA", "repeat": True}, {}),
        ({"key": "a", "code": "KeyA", "modifierAltGraph": True}, {}),
    ],
)
def test_a_letter_counts_by_what_it_writes(
    desk: Desk, visit: Visit, init: dict[str, object], decided: dict[str, str]
) -> None:
    """Other layouts, Caps Lock, composing and a key held down mean what a person expects."""
    page = visit(desk.served, "/review")
    expect(current(page)).to_have_count(1)
    page.evaluate(
        "(init) => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', init))",
        {"bubbles": True, "cancelable": True, **init},
    )
    press(page, "j")
    if decided:
        expect(page.locator("[data-state=pending]")).to_have_count(12 - len(decided))
    expect(page.locator("[data-state=saving]")).to_have_count(0)
    assert desk.decided() == decided


def test_keys_faster_than_the_server_decide_what_was_in_focus(desk: Desk, visit: Visit) -> None:
    """Four keys decide four proposals, sent one after another; each is one step to undo."""
    page = visit(desk.served, "/review")
    expect(current(page)).to_have_count(1)
    held = Held(page, "**/api/review/decisions")
    press(page, "a", "x", "a", "x")
    expect(page.locator("[data-state=saving]")).to_have_count(4)
    assert id_of(page) == "p5"
    for count in range(4):
        assert len(desk.decided()) == count
        held.let_one_go(page)
        expect(page.locator("[data-state=saving]")).to_have_count(3 - count)
    wanted = {"p1": "accepted", "p2": "rejected", "p3": "accepted", "p4": "rejected"}
    assert desk.decided() == wanted
    page.unroute_all()
    press(page, "u", "u", "u", "u")
    expect(page.locator("[data-state=pending]")).to_have_count(12)
    expect(current(page)).to_have_attribute("id", "row-p1")
    assert desk.decided() == {}


def test_a_key_that_is_held_down_decides_once(desk: Desk, visit: Visit) -> None:
    """Neither a letter nor Enter on a button goes on deciding; J goes on moving."""
    page = visit(desk.served, "/review")
    expect(current(page)).to_have_count(1)
    page.keyboard.down("a")
    page.keyboard.down("a")
    page.keyboard.down("a")
    page.keyboard.up("a")
    current(page).get_by_role("button", name="Accept").focus()
    page.keyboard.down("Enter")
    page.keyboard.down("Enter")
    page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    expect(page.locator("[data-state=accepted]")).to_have_count(2)
    page.keyboard.down("j")
    page.keyboard.down("j")
    page.keyboard.up("j")
    assert id_of(page) == "p5"
    assert desk.decided() == {"p1": "accepted", "p2": "accepted"}


def test_a_double_click_decides_once(desk: Desk, visit: Visit) -> None:
    """The next proposal, which has moved under the pointer, stays open; there is no message."""
    page = visit(desk.served, "/review")
    current(page).get_by_role("button", name="Accept").dblclick()
    expect(page.locator("[data-state=accepted]")).to_have_count(1)
    expect(page.locator(".toast")).to_have_count(0)
    assert desk.decided() == {"p1": "accepted"}


def test_focus_goes_on_to_the_next_button(desk: Desk, visit: Visit) -> None:
    """Enter on Accept accepts one, its successor's button has focus, and X decides one more."""
    page = visit(desk.served, "/review")
    expect(current(page)).to_be_focused()
    press(page, "Tab")
    expect(current(page).get_by_role("button", name="Accept")).to_be_focused()
    press(page, "Enter")
    expect(page.locator("[data-state=accepted]")).to_have_count(1)
    assert id_of(page) == "p2"
    expect(current(page).get_by_role("button", name="Accept")).to_be_focused()
    press(page, "x")
    expect(page.locator("[data-state=rejected]")).to_have_count(1)
    expect(current(page)).to_have_attribute("id", "row-p3")
    assert page.evaluate("document.activeElement !== document.body")
    assert desk.decided() == {"p1": "accepted", "p2": "rejected"}


def test_keys_can_be_moved_and_switched_off(desk: Desk, visit: Visit) -> None:
    """A moved key works at its new place alone, also after a reload; switched off, none does."""
    page = visit(desk.served, "/review")
    press(page, "?")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Another key for: Accept", exact=True).click()
    press(page, "x")
    expect(dialog.get_by_role("status")).to_contain_text("taken")
    press(page, "y")
    expect(dialog.get_by_role("row", name="Accept", exact=False).first).to_contain_text("Y")
    press(page, "Escape")
    page.reload()
    expect(current(page)).to_have_count(1)
    press(page, "a", "y")
    expect(page.locator("[data-state=accepted]")).to_have_count(1)
    press(page, "?")
    page.get_by_label("Use single-key shortcuts").uncheck()
    press(page, "Escape")
    expect(dialog).to_have_count(0)
    press(page, "y", "x", "?", "ArrowDown")
    expect(current(page)).to_have_attribute("id", "row-p3")
    assert desk.decided() == {"p1": "accepted"}


def test_text_that_is_pasted_or_dropped_decides_nothing(desk: Desk, visit: Visit) -> None:
    """A clipboard full of letters is no keyboard."""
    page = visit(desk.served, "/review")
    expect(current(page)).to_have_count(1)
    page.keyboard.insert_text("aaxxnn")
    page.evaluate(
        """() => {
          const held = new DataTransfer();
          held.setData('text/plain', 'aaxxnn');
          for (const [kind, name] of [[ClipboardEvent, 'paste'], [DragEvent, 'drop']]) {
            const how = { bubbles: true, clipboardData: held, dataTransfer: held };
            document.activeElement.dispatchEvent(new kind(name, how));
          }
        }"""
    )
    press(page, "a")
    expect(page.locator("[data-state=accepted]")).to_have_count(1)
    assert desk.decided() == {"p1": "accepted"}
