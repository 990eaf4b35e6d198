"""Links that were written, held against the notes as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.stores.pairs import PairState
from notemill.workflows.links.upkeep import Mend, by_note, look_after
from tests.notemill.workflows.kept import NOW, kept
from tests.notemill.workflows.links.linked import NOTES, proposed, write

if TYPE_CHECKING:
    from pathlib import Path


def test_what_stands_as_it_was_written_needs_nothing(tmp_path: Path) -> None:
    """Looked at once and again, nothing is to be mended and no pair changes."""
    with kept(tmp_path, NOTES) as one:
        proposed(one, ("Compost.md", "Soil.md"))
        write(one)
        for _ in range(2):
            upkeep = look_after(one.scene(), one.links, now=NOW)
            assert (upkeep.repairs, upkeep.rejected, dict(upkeep.renamed)) == ((), (), {})
        assert [pair.state for pair in one.links.pairs()] == [PairState.WRITTEN]
        assert set(by_note(one.links.sides())) == {"Compost.md", "Soil.md"}


def test_a_link_taken_out_turns_its_pair_down(tmp_path: Path) -> None:
    """The link back is to go from the other note, and nothing is written by the look itself."""
    with kept(tmp_path, NOTES) as one:
        proposed(one, ("Compost.md", "Soil.md"))
        write(one)
        back = one.text("Soil.md")
        one.edit("Compost.md", NOTES["Compost.md"])
        upkeep = look_after(one.scene(), one.links, now=NOW)
        assert upkeep.rejected == (("Compost.md", "Soil.md"),)
        assert [(repair.mend, repair.note) for repair in upkeep.repairs] == [
            (Mend.REMOVE, "Soil.md")
        ]
        assert one.text("Soil.md") == back


def test_a_link_to_a_renamed_note_is_to_be_retargeted(tmp_path: Path) -> None:
    """The rename is told, and the repair has the new name."""
    with kept(tmp_path, NOTES) as one:
        proposed(one, ("Compost.md", "Soil.md"))
        write(one)
        (one.vault.root / "Soil.md").rename(one.vault.root / "Earth.md")
        upkeep = look_after(one.scene(), one.links, now=NOW)
        assert dict(upkeep.renamed) == {"Soil.md": "Earth.md"}
        (repair,) = upkeep.repairs
        assert (repair.mend, repair.note, repair.text) == (
            Mend.RETARGET,
            "Compost.md",
            "[[Earth]]",
        )
        assert repair.keeps_place


def test_what_would_name_a_hidden_note_is_not_shown(tmp_path: Path) -> None:
    """A look is shown without rejections, renames and repairs of hidden notes."""
    with kept(tmp_path, NOTES) as one:
        proposed(one, ("Compost.md", "Soil.md"))
        write(one)
        one.edit("Compost.md", NOTES["Compost.md"])
        upkeep = look_after(one.scene(), one.links, now=NOW)
    with kept(tmp_path / "other", NOTES, hidden=("Soil.md",)) as other:
        shown = upkeep.shown(other.sight())
    assert (shown.rejected, shown.repairs) == ((), ())
