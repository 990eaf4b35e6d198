"""What notes say is analysed once for each content, and can always be made again."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from notemill.index import Index
from notemill.index.contents import PART_NOTES
from tests.notemill.vault.folders import open_vault

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.linking.corpus import Document


MARK = "marked"


class Kept:
    """A vault with its index, opened anew for every look, as commands do."""

    def __init__(self, folder: Path) -> None:
        """Start with an empty vault."""
        self.notes, self.state = folder / "vault", folder / "state"
        self.notes.mkdir()

    def look(self) -> dict[str, Document]:
        """Return the documents of the vault by key."""
        vault = open_vault(self.notes, self.state)
        index = Index(self.state / "d.sqlite3")
        try:
            documents, _ = index.contents.documents(vault, index.refresh(vault, vault.scan()))
        finally:
            index.close()
            vault.close()
        return {one.key: one for one in documents}

    def change_rows(self, column: str, value: str) -> None:
        """Write a value into a column of all that is kept."""
        with sqlite3.connect(self.state / "d.sqlite3") as db:
            db.execute(f"UPDATE contents SET {column} = ?", (value,))  # noqa: S608
        db.close()


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    """An empty vault."""
    return Kept(tmp_path)


def test_only_what_changed_is_analysed_again(kept: Kept) -> None:
    """A second look takes the others as they are kept."""
    for name in ("a", "b", "c"):
        (kept.notes / f"{name}.md").write_text(f"Several words of text in {name}")
    assert list(kept.look()) == ["a.md", "b.md", "c.md"]
    kept.change_rows("terms", MARK)
    (kept.notes / "b.md").write_text("Rivers and lakes altogether")
    sizes = {key: len(one.terms) for key, one in kept.look().items()}
    assert sizes == {"a.md": 1, "b.md": 3, "c.md": 1}


def test_a_renamed_note_is_recognised_by_its_bytes(kept: Kept) -> None:
    """Its name is new, what it says is known."""
    (kept.notes / "old name.md").write_text("Several words of text")
    kept.look()
    kept.change_rows("terms", MARK)
    (kept.notes / "old name.md").rename(kept.notes / "garden plan.md")
    found = kept.look()
    assert list(found) == ["garden plan.md"]
    assert len(found["garden plan.md"].names[0]) == 2
    assert len(found["garden plan.md"].terms) == 1


def test_notes_with_the_same_bytes_are_all_there(kept: Kept) -> None:
    """What is kept once serves them all, in the vault's order."""
    for name in ("x", "y"):
        (kept.notes / f"{name}.md").write_text("Twins")
    assert list(kept.look()) == ["x.md", "y.md"]


@pytest.mark.parametrize("damage", ["deleted", "garbage", "a row that is none"])
def test_a_lost_or_damaged_file_costs_time_only(kept: Kept, damage: str) -> None:
    """It is made again from the notes."""
    (kept.notes / "a.md").write_text("Text of a")
    before = kept.look()["a.md"].terms.tolist()
    file = kept.state / "d.sqlite3"
    if damage == "deleted":
        file.unlink()
    elif damage == "garbage":
        file.write_bytes(b"no database at all" * 100)
    else:
        kept.change_rows("about", "[1]")
    assert kept.look()["a.md"].terms.tolist() == before


def test_a_note_that_cannot_be_read_is_left_out(kept: Kept) -> None:
    """The others are there all the same."""
    (kept.notes / "a.md").write_text("Text of a")
    (kept.notes / "b.md").write_bytes(b"\xff\xfe broken \x00 bytes")
    (kept.notes / "c.md").mkdir()
    assert set(kept.look()) == {"a.md", "b.md"}


@pytest.mark.parametrize("damage", ["", "[1]"])
def test_contents_come_one_after_another(kept: Kept, damage: str) -> None:
    """Each with its note, once; what is damaged is made again."""
    for name in ("a", "b"):
        (kept.notes / f"{name}.md").write_text(f"See [[{name}x]].")
    kept.look()
    if damage:
        kept.change_rows("about", damage)
    vault, index = open_vault(kept.notes, kept.state), Index(kept.state / "d.sqlite3")
    facts = index.refresh(vault, vault.scan())
    found = {one.key: content.links[0][0] for one, content in index.contents.each(vault, facts)}
    assert found == {"a.md": "ax", "b.md": "bx"}
    index.close()
    vault.close()


def test_contents_are_read_in_parts(kept: Kept) -> None:
    """Each part is kept at once; what is known by then is not read again."""
    for number in range(PART_NOTES + 5):
        (kept.notes / f"{number}.md").write_text(f"[[Note {number}]] is linked")
    vault = open_vault(kept.notes, kept.state)
    index = Index(kept.state / "d.sqlite3")
    try:
        facts = index.refresh(vault, vault.scan())
        parts = index.contents.read_in_parts(vault, facts)
        assert next(parts) == PART_NOTES
        assert len(index.contents.known()) == PART_NOTES
        assert list(parts) == [5]
        assert list(index.contents.read_in_parts(vault, facts)) == []
        assert index.contents.links(vault, facts)["3.md"] == (("Note 3", ""),)
    finally:
        index.close()
        vault.close()
