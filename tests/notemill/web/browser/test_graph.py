"""The graph in a browser: what is drawn, chosen, found and toggled, also without WebGL."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import expect  # noqa: E402  # where it is installed

from notemill.workflows.links.network import note_id  # noqa: E402
from tests.notemill.cli.test_link import MULCH  # noqa: E402
from tests.notemill.web.conftest import CHROMIUM, CHROMIUM_FLAGS, listen  # noqa: E402
from tests.notemill.web.graphs import GARDEN, HOSTILE, propose_links  # noqa: E402
from tests.notemill.workflows.notes import write_notes  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.notemill.web.conftest import Serve, Visit
    from tests.notemill.web.served import Served

pytestmark = pytest.mark.loopback

DRAWN = "nm-graph[data-ready]"
COUNT = """async ([image, colour]) => {
  const picture = new Image();
  picture.src = "data:image/png;base64," + image;
  await picture.decode();
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const place = canvas.getContext("2d");
  place.drawImage(picture, 0, 0);
  const { data } = place.getImageData(0, 0, picture.width, picture.height);
  let found = 0;
  for (let at = 0; at < data.length; at += 4) {
    if (colour.every((one, axis) => Math.abs(data[at + axis] - one) < 12)) found += 1;
  }
  return found;
}"""
WHERE = """([id]) => {
  const { sigma } = document.querySelector("nm-graph");
  const shown = sigma.getNodeDisplayData(id);
  const { x, y } = sigma.framedGraphToViewport(shown);
  const box = document.querySelector(".canvas").getBoundingClientRect();
  return [box.x + x, box.y + y];
}"""
GARDEN_BLUE, RAIL_ORANGE, DASHED = (11, 106, 168), (194, 80, 10), (179, 92, 0)
"""Colours in the light scheme: the first two groups, and links that are proposed."""


@pytest.fixture
def served(serve: Serve, tmp_path: Path) -> Served:
    """A server over a vault with links of its owner, and others that are proposed."""
    served = serve(write_notes(tmp_path / "vault", GARDEN))
    propose_links(served)
    return served


@pytest.fixture
def plain(browser: Browser) -> Iterator[Browser]:
    """A browser without WebGL."""
    flags = [one for one in CHROMIUM_FLAGS if one != "--enable-unsafe-swiftshader"]
    without = browser.browser_type.launch(
        executable_path=CHROMIUM, args=[*flags, "--disable-3d-apis"]
    )
    yield without
    without.close()


def pixels(page: Page, colour: tuple[int, int, int]) -> int:
    """Return how many pixels of the picture have about a colour."""
    image = base64.b64encode(page.locator("[data-stage] .canvas").screenshot()).decode()
    return int(page.evaluate(COUNT, [image, colour]))


def test_before_and_after_are_drawn_differently(served: Served, visit: Visit) -> None:
    """Notes in the colours of their tags, proposed links dashed, and only in the after."""
    page = visit(served, f"/graph?note={note_id(MULCH)}")
    page.wait_for_selector(DRAWN)
    assert pixels(page, GARDEN_BLUE) > 60
    assert pixels(page, RAIL_ORANGE) > 30
    dashed = pixels(page, DASHED)
    assert dashed > 60
    where = page.evaluate(WHERE, [note_id("Trains.md")])
    page.get_by_role("link", name="Before").click()
    expect(page.get_by_role("link", name="Before")).to_have_attribute("aria-current", "true")
    expect(page).to_have_url(re.compile("shown=before"))
    assert pixels(page, GARDEN_BLUE) > 60
    assert pixels(page, DASHED) < dashed / 4
    assert page.evaluate(WHERE, [note_id("Trains.md")]) == pytest.approx(where, abs=0.5)


def test_a_click_on_a_note_shows_what_is_known_of_it(served: Served, visit: Visit) -> None:
    """Its links and tags stand beside the picture, with the way to its neighbours and to review."""
    page = visit(served, f"/graph?note={note_id(MULCH)}")
    page.wait_for_selector(DRAWN)
    card = page.locator("[data-card]")
    expect(card).to_contain_text("What keeps soil moist.")
    expect(card.get_by_role("link", name=re.compile(r"Review \d+ proposal"))).to_have_attribute(
        "href", re.compile("^/review")
    )
    page.mouse.click(*page.evaluate(WHERE, [note_id("Trains.md")]))
    expect(card.get_by_role("heading", level=2)).to_have_text("Trains")
    expect(card).to_contain_text("#rail")
    card.get_by_role("link", name="Show its neighbours").click()
    page.wait_for_selector(DRAWN)
    expect(page).to_have_url(re.compile(note_id("Trains.md")))


def test_a_note_is_found_by_keyboard_as_one_types(served: Served, visit: Visit) -> None:
    """Arrows choose among what is found, Escape closes it, Enter goes to the note."""
    page = visit(served, "/graph")
    field = page.get_by_role("combobox", name="Find a note")
    field.press_sequentially("garden")
    options = page.get_by_role("option")
    expect(options.first).to_have_attribute("aria-selected", "true")
    field.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    field.press("Escape")
    expect(options.first).to_be_hidden()
    field.fill("vien")
    expect(options).to_have_count(1)
    field.press("Enter")
    expect(page).to_have_url(re.compile(note_id("Vienna.md")))
    expect(page.locator("[data-card]").get_by_role("heading", level=2)).to_have_text("Vienna")


def test_the_legend_shows_one_tag_alone(served: Served, visit: Visit) -> None:
    """The other notes are pale while it is pressed."""
    page = visit(served, f"/graph?note={note_id(MULCH)}")
    page.wait_for_selector(DRAWN)
    button = page.locator("[data-legend]").get_by_role("button", name="#rail")
    page.mouse.move(2, 2)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    page.mouse.move(2, 2)
    assert pixels(page, RAIL_ORANGE) > 30
    blue = pixels(page, GARDEN_BLUE)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    page.mouse.move(2, 2)
    assert pixels(page, GARDEN_BLUE) >= blue


def test_the_whole_vault_is_drawn_and_follows_decisions(served: Served, visit: Visit) -> None:
    """What another front rejects goes without a reload."""
    page = visit(served, "/graph?whole=true")
    page.wait_for_selector(DRAWN)
    dashed = pixels(page, DASHED)
    assert dashed > 40
    mill = served.desk.mill
    assert mill is not None
    from notemill.app.reviewing import Wanted  # noqa: PLC0415
    from notemill.stores.proposals import Decision  # noqa: PLC0415

    served.wait_for(mill.reviewing.decide_all(Wanted(), Decision.REJECT, by="another"))
    expect(page.locator(".canvas")).to_have_attribute("aria-label", re.compile("and 2 links"))
    assert pixels(page, DASHED) < dashed / 4


def test_both_schemes_have_their_colours(served: Served, visit: Visit) -> None:
    """A change of the system's scheme repaints the picture without a reload."""
    page = visit(served, f"/graph?note={note_id(MULCH)}", color_scheme="dark")
    page.wait_for_selector(DRAWN)
    assert pixels(page, (93, 181, 240)) > 60
    assert pixels(page, GARDEN_BLUE) < 20
    page.emulate_media(color_scheme="light")
    expect(page.locator("body")).to_have_css("background-color", "rgb(247, 246, 243)")
    assert pixels(page, GARDEN_BLUE) > 60


def test_without_webgl_the_drawing_stays_and_leads_on(served: Served, plain: Browser) -> None:
    """The server's drawing is complete and its notes are links; the table is there as well."""
    said: list[str] = []
    page = plain.new_page()
    page.goto(served.enter)
    listen(page, said)
    page.goto(f"{served.url}/graph?note={note_id(MULCH)}")
    drawing = page.locator("[data-drawing]")
    expect(drawing).to_be_visible()
    drawing.get_by_role("link", name="Trains").click()
    expect(page).to_have_url(re.compile(note_id("Trains.md")))
    expect(page.locator("[data-card]").get_by_role("heading", level=2)).to_have_text("Trains")
    page.goto(f"{served.url}/graph?whole=true")
    expect(page.locator("[data-loading]")).to_contain_text("This browser has no WebGL")
    expect(page.locator("tbody tr")).to_have_count(len(GARDEN))
    assert said == []


def test_odd_links_and_lonely_notes_are_drawn(serve: Serve, visit: Visit, tmp_path: Path) -> None:
    """A link to itself, a doubled one, one to no note, an empty note, a vault of one note."""
    odd = {
        "Self.md": "[[Self]]\n",
        "Twice.md": "[[Target]] [[Target]] [[Missing]]\n",
        "Target.md": "[[Twice]]\n",
        "Empty.md": "",
    }
    served = serve(write_notes(tmp_path / "odd", odd))
    for path, rows in (("", 4), ("?whole=true", 4), (f"?note={note_id('Self.md')}", 1)):
        page = visit(served, f"/graph{path}")
        page.wait_for_selector(DRAWN)
        expect(page.locator("tbody tr")).to_have_count(rows)
    one = serve(write_notes(tmp_path / "one", {"Only.md": "Alone."}))
    page = visit(one, "/graph")
    page.wait_for_selector(DRAWN)
    expect(page.locator(".notice")).to_contain_text("No note links to another yet")


def test_names_that_are_markup_do_nothing(serve: Serve, visit: Visit, tmp_path: Path) -> None:
    """In the picture, under the pointer, in the card, in what is found: text, and no dialog."""
    served = serve(write_notes(tmp_path / "vault", HOSTILE))
    page = visit(served, "/graph?whole=true")
    page.on("dialog", lambda _: pytest.fail("a name was run"))
    page.wait_for_selector(DRAWN)
    for key in HOSTILE:
        at = page.evaluate(WHERE, [note_id(key)])
        page.mouse.move(*at)
        page.mouse.click(*at)
        title = page.locator("[data-card]").get_by_role("heading", level=2)
        expect(title).to_have_text(key.removesuffix(".md"))
    page.get_by_role("combobox", name="Find a note").press_sequentially("<img")
    expect(page.get_by_role("option").first).to_contain_text("<img src=x")
    assert page.locator("main img, main svg[onload]").count() == 0
