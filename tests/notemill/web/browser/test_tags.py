"""The tags' screen in a browser: the tree by keyboard and by drag, previews, writing, undo."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.notemill.workflows.notes import tree, write_notes

if TYPE_CHECKING:
    from pathlib import Path

    from tests.notemill.web.conftest import Serve, Visit

pytestmark = pytest.mark.loopback

NOTES: dict[str, str | bytes] = {
    "one.md": "---\ntags: [soup, bread]\n---\nWords.\n",
    "two.md": "---\ntags: [food/cake]\n---\nMore words.\n",
    "three.md": "A #soup in words.\n",
    "board.md": "```dataview\nLIST FROM #soup\n```\n\nNotes with the tag `#bread` are about baking.\n",
    "odd.md": "---\ntags: ['<img>', '\"><svg-onload=alert(1)>']\n---\n",
    '<b onclick="alert(1)">.md': "---\ntags: [bread]\n---\n",
    "Plan.md": "---\nnotemill: ignore\ntags: [zeppelin, bread]\n---\nNobody reads of it.\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A vault of seven notes, one of which is excluded."""
    return write_notes(tmp_path / "vault", NOTES)


@pytest.fixture
def page(serve: Serve, visit: Visit, root: Path) -> Page:
    """The screen, with its tree."""
    page = visit(serve(root), "/tags")
    expect(row(page, "bread")).to_be_visible()
    return page


def row(page: Page, leaf: str) -> Locator:
    """Return the tag whose last level this is."""
    return page.get_by_role("treeitem", name=re.compile(rf"^{re.escape(leaf)},"))


def dialog(page: Page) -> Locator:
    """Return the open dialog."""
    return page.get_by_role("dialog")


def focus(page: Page, leaf: str) -> None:
    """Put the focus on a tag, by keyboard: from the filter down into the tree, then by its name."""
    expect(page.get_by_role("treeitem").first).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Home")
    page.keyboard.type(leaf)
    expect(row(page, leaf)).to_be_focused()
    # What is typed after a while is no longer part of the name.
    page.wait_for_function(
        "at => performance.now() - at > 750", arg=page.evaluate("performance.now()")
    )


def test_a_tag_is_renamed_by_keyboard_and_the_change_undone(page: Page, root: Path) -> None:
    """The notes and the query show before anything is written; the focus goes to the new tag."""
    before = tree(root)
    focus(page, "soup")
    page.keyboard.press("F2")
    field = dialog(page).get_by_label("New name")
    expect(field).to_be_focused()
    field.fill("#food/soup")
    page.keyboard.press("Enter")
    expect(dialog(page).get_by_text("#soup becomes #food/soup.")).to_be_visible()
    expect(dialog(page).get_by_text("Queries in 1 note change with it.")).to_be_visible()
    expect(dialog(page).locator("ins").get_by_text("LIST FROM #food/soup")).to_be_visible()
    assert tree(root) == before
    expect(dialog(page).get_by_role("button", name="Change 3 notes")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog(page)).to_have_count(0)
    expect(page.get_by_text("3 notes written.")).to_be_visible()
    expect(row(page, "soup")).to_be_focused()
    expect(row(page, "soup")).to_have_attribute("aria-level", "2")
    assert "A #food/soup in words." in (root / "three.md").read_text()
    page.get_by_role("button", name="Undo").click()
    expect(row(page, "soup")).to_have_attribute("aria-level", "1")
    assert tree(root) == before


def test_one_gesture_agrees_once_and_a_held_key_never(page: Page, root: Path) -> None:
    """The key that asked for a preview, held down, does not write; neither does a second click."""
    before = tree(root)
    focus(page, "soup")
    page.keyboard.press("F2")
    dialog(page).get_by_label("New name").fill("dish")
    page.keyboard.down("Enter")
    change = dialog(page).get_by_role("button", name="Change 3 notes")
    expect(change).to_be_focused()
    for _ in range(3):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    change.dispatch_event("click", {"detail": 2})
    expect(change).to_be_enabled()
    assert tree(root) == before
    change.dblclick()
    expect(page.get_by_text("3 notes written.")).to_have_count(1)


def test_a_place_that_keeps_the_old_name_is_named_before(page: Page, root: Path) -> None:
    """A sentence that speaks of the tag is shown; who goes on changes the tag all the same."""
    focus(page, "bread")
    page.keyboard.press("F2")
    dialog(page).get_by_label("New name").fill("loaf")
    page.keyboard.press("Enter")
    expect(dialog(page).get_by_text("These places keep the old name:")).to_be_visible()
    expect(dialog(page).get_by_text("board.md:5")).to_be_visible()
    dialog(page).get_by_role("button", name="Change 2 notes").click()
    expect(page.get_by_text("2 notes written.")).to_be_visible()
    assert "tags: [soup, loaf]" in (root / "one.md").read_text()
    assert "bread" in (root / "Plan.md").read_text()


def test_nothing_is_written_where_a_person_turns_back(page: Page, root: Path) -> None:
    """Escape closes a preview or a field, and the tag has the focus again."""
    before = tree(root)
    focus(page, "soup")
    page.keyboard.press("Delete")
    expect(dialog(page).get_by_text("#soup goes.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog(page)).to_have_count(0)
    expect(row(page, "soup")).to_be_focused()
    page.keyboard.press("F2")
    page.keyboard.type(" m x ")
    page.keyboard.press("Escape")
    expect(row(page, "soup")).to_be_focused()
    assert tree(root) == before


@pytest.mark.parametrize("keys", ["Control+m", "Alt+m", "Meta+m", "Control+Delete"])
def test_a_key_with_a_modifier_is_the_browsers(page: Page, keys: str) -> None:
    """It opens no dialog."""
    focus(page, "soup")
    page.keyboard.press(keys)
    expect(row(page, "soup")).to_be_focused()
    assert page.locator("dialog[open]").count() == 0


def test_a_tag_dragged_onto_another_moves_below_it_or_becomes_one_with_it(
    page: Page, root: Path
) -> None:
    """The dialog asks which; a tag cannot be dropped on one below itself."""
    row(page, "food").drag_to(row(page, "cake"))
    assert page.locator("dialog[open]").count() == 0
    row(page, "bread").drag_to(row(page, "food"))
    expect(dialog(page).get_by_text("#bread becomes #food/bread")).to_be_visible()
    expect(dialog(page).get_by_role("button", name="Merge into")).to_be_visible()
    dialog(page).get_by_role("button", name="Move below").click()
    dialog(page).get_by_role("button", name="Change 2 notes").click()
    expect(row(page, "bread")).to_have_attribute("aria-level", "2")
    assert "tags: [soup, food/bread]" in (root / "one.md").read_text()
    row(page, "bread").drag_to(row(page, "cake"))
    dialog(page).get_by_role("button", name="Merge into").click()
    expect(dialog(page).get_by_text("#food/cake is in 1 note already")).to_be_visible()
    dialog(page).get_by_role("button", name="Change 2 notes").click()
    expect(row(page, "bread")).to_have_count(0)
    assert "tags: [soup, food/cake]" in (root / "one.md").read_text()


def test_a_note_edited_after_the_preview_is_not_overwritten(page: Page, root: Path) -> None:
    """The dialog says so, and nothing at all is written."""
    focus(page, "bread")
    page.keyboard.press("Delete")
    change = dialog(page).get_by_role("button", name="Change 2 notes")
    expect(change).to_be_focused()
    (root / "one.md").write_text("---\ntags: [soup, bread, mine]\n---\nOther words.\n")
    before = tree(root)
    change.click()
    expect(dialog(page).get_by_role("alert")).to_contain_text("changed since the preview")
    assert tree(root) == before
    dialog(page).get_by_role("button", name="Cancel").click()
    expect(dialog(page)).to_have_count(0)


def test_a_name_that_cannot_be_a_tag_is_explained_and_kept_to_be_corrected(page: Page) -> None:
    """The field still has what was typed."""
    focus(page, "soup")
    page.keyboard.press("F2")
    dialog(page).get_by_label("New name").fill("two words")
    page.keyboard.press("Enter")
    expect(dialog(page).get_by_role("alert")).to_contain_text("cannot be a tag")
    expect(dialog(page).get_by_label("New name")).to_have_value("two words")


def test_a_tag_is_shown_with_its_notes_and_has_an_address(
    serve: Serve, visit: Visit, root: Path
) -> None:
    """Enter shows it; the same address shows the same; Escape leads back to the suggestions."""
    served = serve(root)
    page = visit(served, "/tags?tag=food/cake")
    side = page.get_by_role("region", name="Tag food/cake")
    expect(side.get_by_text("two.md")).to_be_visible()
    focus(page, "soup")
    page.keyboard.press("Enter")
    side = page.get_by_role("region", name="Tag soup")
    expect(side.get_by_text("three.md")).to_be_visible()
    expect(side.get_by_text("board.md:2")).to_be_visible()
    expect(page).to_have_url(f"{served.url}/tags?tag=soup")
    page.keyboard.press("Escape")
    expect(page.get_by_role("region", name="Suggestions")).to_be_visible()


def test_names_are_text_and_an_excluded_note_lends_no_tag(page: Page) -> None:
    """No element is made of a tag or a note's name, wherever it shows; nothing runs."""
    page.on("dialog", lambda _: pytest.fail("a name was run"))
    expect(row(page, "<img>")).to_be_visible()
    row(page, "<img>").hover()
    row(page, "bread").click()
    expect(page.get_by_text('<b onclick="alert(1)">.md')).to_be_visible()
    assert page.locator("main img, main svg, main b").count() == 0
    assert "zeppelin" not in page.content()
    page.get_by_role("searchbox").fill("zep")
    expect(page.get_by_text("No tag has these letters.")).to_be_visible()
    page.get_by_role("searchbox").fill("cak")
    expect(page.get_by_role("treeitem")).to_have_count(2)


def test_a_suggestion_is_turned_down_and_taken_back(serve: Serve, visit: Visit, root: Path) -> None:
    """It is gone at once, and back after Undo."""
    (root / "four.md").write_text("---\ntags: [soups]\n---\n")
    page = visit(serve(root), "/tags")
    found = page.get_by_role("listitem").filter(has_text="#soups")
    found.get_by_role("button", name="Never").click()
    expect(page.get_by_text("#soups stays as it is.")).to_be_visible()
    expect(found).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(found).to_have_count(1)
    found.get_by_role("button", name="Preview").click()
    expect(dialog(page).get_by_text("#soups becomes #soup.")).to_be_visible()


def test_a_large_vocabulary_is_usable(serve: Serve, visit: Visit, tmp_path: Path) -> None:
    """Of 2,000 tags only those in sight are elements; the end, a name and a filter are reached."""
    names = [f"area{n % 40:02}/topic{n:04}" for n in range(2_000)]
    notes: dict[str, str | bytes] = {
        f"n{n:02}.md": f"---\ntags: [{', '.join(names[n * 50 : n * 50 + 50])}]\n---\n"
        for n in range(40)
    }
    page = visit(serve(write_notes(tmp_path / "vault", notes)), "/tags")
    expect(page.get_by_role("treeitem").first).to_have_attribute("aria-setsize", "40")
    page.get_by_role("button", name="Expand all").click()
    focus(page, "area39")
    page.keyboard.press("End")
    expect(row(page, "topic1999")).to_be_focused()
    expect(row(page, "topic1999")).to_be_in_viewport()
    assert page.get_by_role("treeitem").count() < 150
    page.get_by_role("searchbox").fill("topic0777")
    expect(page.get_by_role("treeitem")).to_have_count(2)
