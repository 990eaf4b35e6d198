"""The graph's page without script, and what its API answers."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from notemill.workflows.links.network import note_id
from tests.notemill.cli.test_link import MULCH, SOIL
from tests.notemill.web.graphs import GARDEN, HOSTILE, IMAGE, asked_for, got, propose_links
from tests.notemill.workflows.notes import write_notes

if TYPE_CHECKING:
    from pathlib import Path

    from tests.notemill.web.conftest import Serve
    from tests.notemill.web.served import Served

pytestmark = pytest.mark.loopback


@pytest.fixture
def served(serve: Serve, tmp_path: Path) -> Served:
    """A server over a vault with links of its owner, and others that are proposed."""
    served = serve(write_notes(tmp_path / "vault", GARDEN))
    propose_links(served)
    return served


def test_the_page_shows_a_neighbourhood_and_all_notes(served: Served) -> None:
    """Without script: a drawing with a link for each note, the note's card, the table."""
    status, page = got(served, f"/graph?note={note_id(MULCH)}")
    assert status == 200
    drawing = page[page.index("<svg viewBox") : page.index("</svg>", page.index("data-drawing"))]
    assert f'href="/graph?note={note_id(SOIL)}' in drawing
    assert 'class="own"' in drawing
    assert 'class="proposed"' in drawing
    assert "What keeps soil moist." in page
    assert re.search(r"Review \d+ proposals?", page)
    assert "Mulch and its neighbours" in page
    status, page = got(served, "/graph")
    assert status == 200
    rows = page[page.index("<tbody>") : page.index("</tbody>")]
    assert rows.count("<tr>") == len(GARDEN)


def test_before_shows_only_what_the_owner_linked(served: Served) -> None:
    """A note that is only proposed to be linked is not in the drawing, but in the table."""
    _, page = got(served, f"/graph?note={note_id(MULCH)}&shown=before")
    drawing = page[page.index("<svg viewBox") : page.index("</svg>", page.index("data-drawing"))]
    assert drawing.count("<circle") == 3
    assert "proposed" not in drawing
    assert "Soil" in page[page.index("<tbody>") :]


def test_the_table_is_sorted_and_parted_by_the_server(serve: Serve, tmp_path: Path) -> None:
    """Fifty rows at a time; each heading says how it sorts, and turns the order round."""
    notes: dict[str, str | bytes] = {f"n{number:02d}.md": "Text.\n" for number in range(60)}
    served = serve(write_notes(tmp_path / "vault", notes))
    _, page = got(served, "/graph?sort=name")
    rows = page[page.index("<tbody>") : page.index("</tbody>")]
    assert re.findall(r">(n\d\d)<", rows)[:2] == ["n00", "n01"]
    assert 'aria-sort="ascending"' in page
    assert "/graph?sort=name&amp;part=2#notes" in page
    _, page = got(served, "/graph?sort=name&backwards=true&part=2")
    assert re.findall(r">(n\d\d)<", page[page.index("<tbody>") :])[0] == "n09"
    assert 'aria-sort="descending"' in page


def test_a_search_works_without_script(served: Served) -> None:
    """Found notes lead to their neighbourhoods; nothing found is said."""
    _, page = got(served, "/graph?q=mul")
    assert "1 note for “mul”" in page
    assert f'href="/graph?note={note_id(MULCH)}"' in page
    _, page = got(served, "/graph?q=%3Cb%3Ezz")
    assert "No notes for “&lt;b&gt;zz”" in page


def test_a_vault_without_links_says_what_comes_next(serve: Serve, tmp_path: Path) -> None:
    """One note, or none that may be shown, have a state of their own."""
    served = serve(write_notes(tmp_path / "one", {"Only.md": "Alone.\n"}))
    status, page = got(served, "/graph")
    assert status == 200
    assert "No note links to another yet" in page
    assert page.count("<circle") == 1
    served = serve(write_notes(tmp_path / "none", {"Away.md": "---\nnotemill: ignore\n---\n"}))
    status, page = got(served, "/graph")
    assert status == 200
    assert "No notes to show" in page
    assert "Away" not in page


def test_names_that_are_markup_stay_text(serve: Serve, tmp_path: Path) -> None:
    """In the drawing, its titles, the card, the table and the data for the script."""
    served = serve(write_notes(tmp_path / "vault", HOSTILE))
    for path in ("/graph", f"/graph?note={note_id(f'{IMAGE}.md')}", "/graph?q=%3Cimg"):
        status, page = got(served, path)
        assert status == 200
        assert "<img src=x" not in page
        assert "<svg onload" not in page
        assert "alert(4)</script>" not in page
        assert "49" not in page.replace("#b3490", "")[page.index("<tbody>") :]
        start = page[page.index('id="data">') + 10 :]
        data = json.loads(start[: start.index("</script>")])
        assert data["picture"]["notes"]


def test_the_api_has_pictures_a_search_and_notes(served: Served) -> None:
    """A neighbourhood or the whole vault, before and after; a note with all that is known."""
    near = asked_for(served, f"/api/graph?note={note_id(MULCH)}&shown=before")
    assert near["focus"] == note_id(MULCH)
    assert {one["title"] for one in near["notes"]} == {"Mulch", "Trains", "Compost"}
    assert [one["tag"] for one in near["groups"]] == ["garden", "rail"]
    whole = asked_for(served, "/api/graph")
    assert len(whole["notes"]) == len(GARDEN)
    assert {standing for _, _, standing in whole["links"]} == {"own", "proposed"}
    assert len({(one["x"], one["y"]) for one in whole["notes"]}) == len(GARDEN)
    found = asked_for(served, "/api/graph/notes?search=GARDEN")["items"]
    assert MULCH in {one["note"] for one in found}
    card = asked_for(served, f"/api/graph/notes/{note_id(MULCH)}")
    assert (card["tags"], card["description"]) == (["garden/soil"], "What keeps soil moist.")
    assert {one["standing"] for one in card["linked"]} == {"own", "proposed"}
    assert card["waiting"] >= 1


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/graph?note=0123456789abcdef", 404),
        ("/api/graph/notes/0123456789abcdef", 404),
        ("/graph?note=0123456789abcdef", 404),
        ("/api/graph?note=../../etc/passwd", 422),
        ("/api/graph/notes/..%2F..%2Fetc", 404),
        ("/api/graph?depth=99", 422),
        ("/api/graph?shown=never", 422),
        (f"/api/graph/notes?search={'x' * 300}", 422),
        ("/graph?part=0", 400),
        ("/graph?sort=size", 400),
    ],
)
def test_what_is_not_there_is_said(served: Served, path: str, expected: int) -> None:
    """An id of no note, a path in its place, numbers beyond their bounds: no fault of the server."""
    status, text = got(served, path)
    assert status == expected, text
    if path.startswith("/api"):
        assert json.loads(text)["error"]["message"]
