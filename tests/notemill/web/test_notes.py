"""A note's page: its text and what it is linked with, as far as it may be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notemill.workflows.links.network import note_id
from tests.notemill.cli.test_link import MULCH
from tests.notemill.web.graphs import GARDEN, HOSTILE, IMAGE, SVG, got
from tests.notemill.workflows.notes import write_notes

if TYPE_CHECKING:
    from pathlib import Path

    from tests.notemill.web.conftest import Serve

pytestmark = pytest.mark.loopback


def test_a_note_is_read_as_it_is_now(serve: Serve, tmp_path: Path) -> None:
    """Its text without properties, what is known of it, and the notes it is linked with."""
    vault = write_notes(tmp_path / "vault", GARDEN)
    served = serve(vault)
    status, page = got(served, f"/notes/{note_id(MULCH)}")
    assert status == 200
    text = page[page.index("<article") : page.index("</article>")]
    assert "See Trains and Compost." in text
    assert "What keeps soil moist." not in text
    assert "What keeps soil moist." in page
    assert f'href="/notes/{note_id("Trains.md")}"' in page
    (vault / MULCH).write_text("# Leaves\n\n- *dry*\n")
    _, page = got(served, f"/notes/{note_id(MULCH)}")
    assert "<em>dry</em>" in page


def test_names_and_texts_of_notes_are_text(serve: Serve, tmp_path: Path) -> None:
    """Nothing on the page is an element that a note named."""
    served = serve(write_notes(tmp_path / "vault", HOSTILE))
    for name in HOSTILE:
        status, page = got(served, f"/notes/{note_id(name)}")
        assert status == 200
        assert IMAGE not in page
        assert SVG not in page
        assert "<script>" not in page
        assert 'href="javascript' not in page
        assert "49" not in page[page.index("<main") :]


def test_a_hidden_note_is_not_there(serve: Serve, tmp_path: Path) -> None:
    """One that is excluded, one that is gone and one that never was answer alike."""
    notes = {**GARDEN, "Diary.md": "---\nnotemill: ignore\n---\nsecret\n"}
    vault = write_notes(tmp_path / "vault", notes)
    served = serve(vault)
    (vault / "Trains.md").unlink()
    told = set()
    for name in ("Diary.md", "Trains.md", "Never.md"):
        status, page = got(served, f"/notes/{note_id(name)}")
        assert status == 404
        assert "secret" not in page
        told.add(page)
    assert len(told) == 1
    status, page = got(served, f"/notes/{note_id(MULCH)}")
    assert status == 200
    (vault / MULCH).write_text("---\nnotemill: ignore\n---\nsecret\n")
    assert got(served, f"/notes/{note_id(MULCH)}")[0] == 404
