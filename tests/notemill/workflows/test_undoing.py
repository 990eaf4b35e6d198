"""A run's writing undone: the bytes, and what is known of the notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.stores.proposals import NewProposal, ProposalKind
from notemill.vault.note import bytes_hash
from notemill.vault.proposal import set_properties
from notemill.workflows.undoing import undo_run
from tests.notemill.workflows.kept import NOW, Kept, kept

if TYPE_CHECKING:
    from pathlib import Path

NOTES = {"a.md": "Apples.\n", "b.md": "Pears.\n"}


def _written(one: Kept, run: str) -> None:
    """Write a description into both notes, as a curation does."""
    found = [
        (key, one.facts(key).source_hash, [NewProposal(ProposalKind.DESCRIPTION, "Fruit.")])
        for key in NOTES
    ]
    one.review.store(run, found, now=NOW)
    with one.vault.lock():
        for key in NOTES:
            raw = one.vault.read(key)
            new = set_properties(raw, {"description": "Fruit."})
            one.vault.write(key, new, expected=bytes_hash(raw), run=run)


def _undone(one: Kept, run: str, note: str | None = None) -> dict[str, bool]:
    restored = undo_run(
        one.vault, one.review, one.links, run,
        note=note, through=False, look=one.scene, now=lambda: NOW,
    )  # fmt: skip
    return {one.key: one.restored for one in restored}


def test_all_notes_of_a_run_are_what_they_were(tmp_path: Path) -> None:
    """The bytes are back, and the notes count as never curated, so that they can be again."""
    with kept(tmp_path, NOTES) as one:
        _written(one, "r1")
        assert one.text("a.md") != NOTES["a.md"]
        assert set(one.review.curated()) == {"a.md", "b.md"}
        assert _undone(one, "r1") == {"a.md": True, "b.md": True}
        assert {key: one.text(key) for key in NOTES} == NOTES
        assert one.review.curated() == {}


def test_one_note_is_undone_by_itself(tmp_path: Path) -> None:
    """The other one keeps what was written, and stays curated."""
    with kept(tmp_path, NOTES) as one:
        _written(one, "r1")
        assert _undone(one, "r1", "a.md") == {"a.md": True}
        assert one.text("a.md") == NOTES["a.md"]
        assert "Fruit." in one.text("b.md")
        assert set(one.review.curated()) == {"b.md"}


def test_a_note_edited_since_is_left(tmp_path: Path) -> None:
    """Its owner's words are worth more than an undo; the other note is restored."""
    with kept(tmp_path, NOTES) as one:
        _written(one, "r1")
        one.edit("a.md", "Mine now.\n")
        assert _undone(one, "r1") == {"a.md": False, "b.md": True}
        assert one.text("a.md") == "Mine now.\n"
