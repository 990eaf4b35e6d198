"""Which note that is not there any more is which note that was not there before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.workflows.links.renames import renamed
from notemill.workflows.links.upkeep import look_after
from tests.notemill.workflows.kept import NOW, Kept, kept
from tests.notemill.workflows.links.linked import NOTES, proposed, write

if TYPE_CHECKING:
    from pathlib import Path


def found(one: Kept) -> dict[str, str]:
    """Return what was renamed, by the ledger and the notes as they are."""
    facts = {known.key: known for known in one.sight().facts}
    return renamed(one.vault, facts, one.links, one.vault.presence())


def linked(one: Kept) -> None:
    """Write a pair, and look at it where it stands."""
    proposed(one, ("Compost.md", "Soil.md"))
    write(one)
    look_after(one.scene(), one.links, now=NOW)


def test_nothing_is_renamed_where_all_notes_are_there(tmp_path: Path) -> None:
    """An edit is no rename."""
    with kept(tmp_path, NOTES) as one:
        linked(one)
        one.edit("Soil.md", one.text("Soil.md") + "More.\n")
        assert found(one) == {}


def test_a_note_is_known_again_by_its_links_and_words(tmp_path: Path) -> None:
    """Another name in another folder is found."""
    with kept(tmp_path, NOTES) as one:
        linked(one)
        (one.vault.root / "Garden").mkdir()
        (one.vault.root / "Soil.md").rename(one.vault.root / "Garden" / "Earth.md")
        assert found(one) == {"Soil.md": "Garden/Earth.md"}


def test_two_that_come_into_question_alike_are_neither(tmp_path: Path) -> None:
    """A guess would link the wrong note."""
    with kept(tmp_path, NOTES) as one:
        linked(one)
        text = one.text("Soil.md")
        (one.vault.root / "Soil.md").unlink()
        one.edit("Earth.md", text)
        one.edit("Ground.md", text)
        assert found(one) == {}


def test_another_note_in_its_place_is_no_rename(tmp_path: Path) -> None:
    """A new note with other words and another name is a new note."""
    with kept(tmp_path, NOTES) as one:
        linked(one)
        (one.vault.root / "Soil.md").unlink()
        one.edit("Trains.md", "Night trains run to Rome.\n")
        assert found(one) == {}
