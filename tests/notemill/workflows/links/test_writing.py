"""Pairs written into both their notes, or into neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.stores.pairs import PairState
from notemill.workflows.links.writing import NotePlan
from tests.notemill.workflows.kept import kept
from tests.notemill.workflows.links.linked import NOTES, proposed, write

if TYPE_CHECKING:
    from pathlib import Path


def test_a_pair_is_written_into_both_notes(tmp_path: Path) -> None:
    """Each names the other, and the pair stands."""
    with kept(tmp_path, NOTES) as one:
        (number,) = proposed(one, ("Compost.md", "Soil.md"))
        written = write(one)
        assert set(written.notes) == {"Compost.md", "Soil.md"}
        assert [pair.id for pair in written.pairs] == [number]
        assert "[[Soil]]" in one.text("Compost.md")
        assert "[[Compost]]" in one.text("Soil.md")
        assert one.text("Mulch.md") == NOTES["Mulch.md"]
        assert [*written.halves, *written.problems, *written.conflicts] == []


def test_a_note_edited_since_the_look_is_left_with_its_pair(tmp_path: Path) -> None:
    """The other pair is written; the conflict says which notes and why."""
    with kept(tmp_path, NOTES) as one:
        proposed(one, ("Compost.md", "Soil.md"), ("Compost.md", "Mulch.md"))
        one.edit("Soil.md", "Something else by now.\n")
        written = write(one)
        assert [(a, b) for a, b, _ in written.conflicts] == [("Compost.md", "Soil.md")]
        assert one.text("Soil.md") == "Something else by now.\n"
        assert "[[Soil]]" not in one.text("Compost.md")
        assert "[[Compost]]" in one.text("Mulch.md")
        states = {pair.b: pair.state for pair in one.links.pairs()}
        assert states == {"Soil.md": PairState.CONFLICT, "Mulch.md": PairState.WRITTEN}


def test_where_one_note_cannot_be_written_to_neither_is(tmp_path: Path) -> None:
    """A link stands in both notes of a pair or in none."""
    notes = NOTES | {"Soil.md": "---\ntags: [a\n---\nSoil.\n"}
    with kept(tmp_path, notes) as one:
        proposed(one, ("Compost.md", "Soil.md"))
        written = write(one)
        assert written.notes == ()
        assert written.problems or written.conflicts
        assert one.text("Compost.md") == notes["Compost.md"]


def test_a_plan_without_anything_to_write_is_empty() -> None:
    """Nothing is written for it, and its edit changes no byte."""
    plan = NotePlan("a.md")
    assert plan.is_empty
    assert plan.edited(b"Text.\n") == b"Text.\n"
