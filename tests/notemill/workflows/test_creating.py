"""Writing proposed notes while others decide, create files, or damage what was kept."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from notemill.config import Exclusions
from notemill.privacy import Privacy
from notemill.stores.deciding import Deciding
from notemill.stores.journal import StoredJournal
from notemill.stores.new_notes import NewNote, NewNotes, StoredNote
from notemill.stores.proposals import Decision, ProposalState
from notemill.stores.review import Review
from notemill.stores.store import FILE, Store
from notemill.vault.disk import Disk
from notemill.vault.files import Vault
from notemill.vault.note import bytes_hash
from notemill.workflows.creating import MOST_TRIES, NoteCreation
from tests.notemill.workflows.notes import tree, write_notes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from notemill.workflows.curation.apply import Applied

NOTE = NewNote("In/New.md", "New", b"new\n", "", "a file", ("sha256:1",), "1")


@dataclass
class Desk:
    """A vault, its store, and what writes notes into it."""

    root: Path
    store: Store
    vault: Vault
    notes: NewNotes

    def accepted(self, *notes: NewNote) -> list[StoredNote]:
        """Propose notes and accept them."""
        self.notes.store("r1", notes, now=1.0)
        pending = self.notes.of_run("r1", ProposalState.PENDING)
        self.decide(pending, Decision.ACCEPT)
        return self.notes.accepted()

    def decide(self, notes: list[StoredNote], decision: Decision) -> None:
        """Decide notes."""
        ids = [f"p{one.id}" for one in notes]
        Deciding(self.store).decide(ids, decision, by="me", now=2.0)

    def write(self, notes: list[StoredNote]) -> list[Applied]:
        """Write notes."""
        creation = NoteCreation(
            self.vault, self.notes, "w1", lambda: 3.0, Privacy(Exclusions()),
            (ProposalState.ACCEPTED,),
        )  # fmt: skip
        return list(creation.write(notes))


class Meddling(Disk):
    """A disk on which somebody does something at the last moment."""

    meddle: Callable[[], object] = staticmethod(lambda: None)

    def create(self, path: str, data: bytes, like: str) -> None:
        """Create a file; then somebody comes."""
        super().create(path, data, like)
        self.meddle()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Open a vault with one note."""
    root = write_notes(tmp_path / "vault", {"Old.md": "old\n"})
    with contextlib.closing(Store(tmp_path / FILE)) as store:
        vault = Vault(root, tmp_path, StoredJournal(store), clock=lambda: 1.0, disk=Meddling())
        yield Desk(root, store, vault, NewNotes(store))


def test_a_decision_taken_back_before_its_turn_counts(desk: Desk) -> None:
    """A note is written only if it is still accepted right before it is."""
    notes = desk.accepted(NOTE)
    desk.decide(notes, Decision.PENDING)
    assert desk.write(notes) == []
    assert tree(desk.root) == {"Old.md": b"old\n"}


def test_names_taken_at_the_last_moment_are_left(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time the next name is tried, within a bound; the note then stays accepted."""

    def take() -> None:
        taken = len(list((desk.root / "In").glob("*.md")))
        name = f"New {taken + 1}.md" if taken else "New.md"
        (desk.root / "In" / name).write_bytes(b"theirs")

    notes = desk.accepted(NOTE)
    monkeypatch.setattr(Meddling, "meddle", staticmethod(take))
    (done,) = desk.write(notes)
    assert "again and again" in done.problem
    assert [one.id for one in desk.notes.accepted()] == [one.id for one in notes]
    found = tree(desk.root)
    assert len(found) == MOST_TRIES + 1
    assert set(found.values()) == {b"old\n", b"theirs"}
    monkeypatch.undo()
    assert [one.note for one in desk.write(notes)] == [f"In/New {MOST_TRIES + 1}.md"]


def test_a_damaged_text_is_named_and_the_others_are_written(desk: Desk) -> None:
    """One note that cannot be read from the store ends nothing."""
    other = NewNote("In/Other.md", "Other", b"other\n", "", "", ("sha256:2",), "2")
    notes = desk.accepted(NOTE, other)
    desk.store.db.execute("UPDATE new_notes SET content = x'00' WHERE proposal = ?", (notes[0].id,))
    assert ["damaged" in one.problem for one in desk.write(notes)] == [True, False]
    assert tree(desk.root) == {"Old.md": b"old\n", "In/Other.md": b"other\n"}


def test_a_note_to_replace_that_is_gone_is_a_conflict_and_one_that_is_away_waits(
    desk: Desk,
) -> None:
    """A placeholder of a cloud is no deletion."""
    again = NewNote("Old.md", "Old", b"better\n", bytes_hash(b"old\n"), "", ("sha256:3",), "3")
    notes = desk.accepted(again)
    (desk.root / "Old.md").rename(desk.root / "Kept.md")
    (desk.root / ".Old.md.icloud").touch()
    (away,) = desk.write(notes)
    assert (away.conflict, "cloud" in away.problem) == (False, True)
    (desk.root / ".Old.md.icloud").unlink()
    (gone,) = desk.write(notes)
    assert gone.conflict
    assert desk.notes.accepted() == []


@pytest.mark.parametrize("place", ["In/New.md", "In/New (conflicted copy 2026-01-02).md"])
def test_nothing_is_written_where_no_scan_would_find_it(desk: Desk, place: str) -> None:
    """Among Obsidian's excluded files, or by a name that a sync service gives; it can be put right."""
    settings = desk.root / ".obsidian" / "app.json"
    settings.parent.mkdir()
    settings.write_text('{"userIgnoreFilters": ["In/"]}', "utf-8")
    notes = desk.accepted(replace(NOTE, note=place))
    (done,) = desk.write(notes)
    assert "nobody would find it there" in done.problem
    assert not (desk.root / "In").exists()
    settings.write_text("{}", "utf-8")
    (done,) = desk.write(notes)
    assert bool(done.problem) == ("conflicted" in place)


def test_two_notes_of_the_same_bytes_are_two(desk: Desk) -> None:
    """What one of them left is not taken for the other."""
    twin = NewNote("In/Twin.md", "Twin", NOTE.content, "", "", ("sha256:4",), "4")
    notes = desk.accepted(NOTE, twin)
    assert [one.note for one in desk.write(notes)] == ["In/New.md", "In/Twin.md"]
    assert len(tree(desk.root)) == 3
    assert Review(desk.store).curated() == {}


def test_a_folder_that_is_a_link_is_refused_and_the_note_waits(desk: Desk, tmp_path: Path) -> None:
    """Nothing is written outside the vault; the owner can put the folder right."""
    (tmp_path / "out").mkdir()
    (desk.root / "In").symlink_to(tmp_path / "out")
    (done,) = desk.write(desk.accepted(NOTE))
    assert "link" in done.problem
    assert not list((tmp_path / "out").iterdir())
    assert len(desk.notes.accepted()) == 1
