"""The index knows what the notes say; it notices changes, and losing it costs time alone."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from notemill.index import Index, NoteFacts
from notemill.index.derived import FORMAT
from tests.notemill.vault.folders import open_vault
from tests.notemill.workflows.notes import write_notes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from notemill.vault.files import Vault

NOTES = {
    "a.md": "---\ntags: [x/y, Z]\ndescription: About a.\ntopics: [T]\n---\nWords #inline here.\n",
    "Sub/é 🌶.md": "Nothing but words.\n",
    "mine.md": "---\nnotemill: ignore\n---\nText.\n",
    "bad.md": "---\ntags: [x\n---\nText.\n",
    "empty.md": "",
}


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    """Open a vault of five notes."""
    opened = open_vault(write_notes(tmp_path / "vault", NOTES), tmp_path / "state")
    yield opened
    opened.close()


class CountingVault:
    """A vault that counts what is read from it."""

    def __init__(self, vault: Vault) -> None:
        """Read from `vault`."""
        self._vault = vault
        self.read_keys: list[str] = []

    def read(self, key: str) -> bytes:
        """Return a note's bytes."""
        self.read_keys.append(key)
        return self._vault.read(key)


def refresh(index: Index, vault: Vault) -> tuple[dict[str, NoteFacts], list[str]]:
    """Return all facts, and which notes were read for them."""
    counting = CountingVault(vault)
    facts = index.refresh(counting, vault.scan())  # type: ignore[arg-type]  # it reads, no more
    return {one.key: one for one in facts}, sorted(counting.read_keys)


def look(path: Path, vault: Vault) -> tuple[dict[str, NoteFacts], list[str]]:
    """Open the index as another process would, refresh it and close it."""
    index = Index(path)
    try:
        return refresh(index, vault)
    finally:
        index.close()


def test_properties_and_queries_are_kept_with_a_note(tmp_path: Path) -> None:
    """As they stand in the file, and as a later look finds them; what notemill writes is left out."""
    text = (
        "---\nTags: [x]\ntopics: [y]\nSR-due: 2024-05-01\nempty:\n---\n"
        "`#y` and `=this.x`.\n\n```dataview\nLIST FROM #a/b OR #c\n```\n"
    )
    vault = open_vault(write_notes(tmp_path / "vault", {"a.md": text}), tmp_path / "state")
    with closing(Index(tmp_path / "d.sqlite3")) as index:
        for _ in range(2):
            (facts,) = index.refresh(vault, vault.scan())
            assert facts.properties == ("sr-due", "empty")
            assert facts.queried == ("a/b", "c")
    vault.close()


def test_facts_are_what_the_notes_say(tmp_path: Path, vault: Vault) -> None:
    """Tags, description, topics, words, wishes and problems stand in the facts."""
    facts, _ = look(tmp_path / "i", vault)
    a = facts["a.md"]
    assert (a.tags, a.inline_tags, a.description, a.topics) == (
        ("x/y", "Z"),
        ("inline",),
        "About a.",
        ("T",),
    )
    assert (a.title, a.folder, a.words) == ("a", "", 3)
    assert (facts["Sub/é 🌶.md"].title, facts["Sub/é 🌶.md"].folder) == ("é 🌶", "Sub")
    assert [key for key, one in facts.items() if one.ignored] == ["mine.md"]
    assert [key for key, one in facts.items() if one.problem] == ["bad.md"]
    assert facts["empty.md"].words == 0


def test_only_what_changed_is_read_again(tmp_path: Path, vault: Vault) -> None:
    """Size or time of change tells; what is kept is what was read."""
    first, read = look(tmp_path / "i", vault)
    assert len(read) == len(NOTES)
    second, read = look(tmp_path / "i", vault)
    assert (second, read) == (first, [])
    path = vault.root / "empty.md"
    path.write_text("Now there is something.\n", "utf-8")
    facts, read = look(tmp_path / "i", vault)
    assert read == ["empty.md"]
    assert facts["empty.md"].words == 4
    info = (vault.root / "a.md").stat()
    os.utime(vault.root / "a.md", ns=(info.st_atime_ns, info.st_mtime_ns + 1))
    assert look(tmp_path / "i", vault)[1] == ["a.md"]


def test_notes_that_come_and_go_are_noticed(tmp_path: Path, vault: Vault) -> None:
    """A renamed note is another one, and nothing is kept of one that is gone."""
    look(tmp_path / "i", vault)
    (vault.root / "a.md").rename(vault.root / "b.md")
    facts, read = look(tmp_path / "i", vault)
    assert read == ["b.md"]
    assert "a.md" not in facts
    with sqlite3.connect(tmp_path / "i") as db:
        kept = {row[0] for row in db.execute("SELECT key FROM notes")}
    db.close()
    assert kept == set(facts)


def test_a_forgotten_note_is_read_again(tmp_path: Path, vault: Vault) -> None:
    """Whoever saw that the facts are stale can say so."""
    index = Index(tmp_path / "i")
    refresh(index, vault)
    index.forget("a.md")
    assert refresh(index, vault)[1] == ["a.md"]
    index.close()


def test_an_index_that_stays_open_knows_what_another_process_wrote(
    tmp_path: Path, vault: Vault
) -> None:
    """What nobody has written since is not even taken from the file again; all else is."""
    with closing(Index(tmp_path / "i")) as index:
        refresh(index, vault)
        first, _ = refresh(index, vault)
        again, read = refresh(index, vault)
        assert all(again[key] is facts for key, facts in first.items())
        (vault.root / "a.md").write_text("Other words.\n")
        (vault.root / "mine.md").unlink()
        assert look(tmp_path / "i", vault)[1] == ["a.md"]
        now, read = refresh(index, vault)
        assert (now["a.md"].tags, read) == ((), [])
        assert now.keys() == first.keys() - {"mine.md"}


@pytest.mark.parametrize("at", [0, 20, 100, 4096, 4200, 8192])
@pytest.mark.parametrize("damage", [b"\x00" * 64, b"\xff" * 64, b"garbage!" * 200])
def test_damage_anywhere_is_mended_from_the_notes(
    tmp_path: Path, vault: Vault, at: int, damage: bytes
) -> None:
    """Pages overwritten in any part of the file cost time, and no command and no fact."""
    first, _ = look(tmp_path / "i", vault)
    with (tmp_path / "i").open("r+b") as file:
        file.seek(at)
        file.write(damage)
    assert look(tmp_path / "i", vault)[0] == first
    assert look(tmp_path / "i", vault)[0] == first


@pytest.mark.parametrize("facts", ["", "[]", "[1, 2]", "{}", "null", "nonsense", None])
def test_rows_that_are_no_facts_are_mended(tmp_path: Path, vault: Vault, facts: str | None) -> None:
    """What another program wrote into the table is thrown away."""
    first, _ = look(tmp_path / "i", vault)
    with sqlite3.connect(tmp_path / "i") as db:
        db.execute("UPDATE notes SET facts = ?", (facts,))
    db.close()
    assert look(tmp_path / "i", vault)[0] == first


def test_a_note_that_vanishes_between_listing_and_reading_is_left_alone(
    tmp_path: Path, vault: Vault
) -> None:
    """It has a problem, so nothing is asked about it; the next look sees it gone."""
    index = Index(tmp_path / "i")
    files = vault.scan()
    (vault.root / "a.md").unlink()
    facts = {one.key: one for one in index.refresh(vault, files)}
    assert facts["a.md"].problem
    assert facts["mine.md"].ignored
    assert "a.md" not in refresh(index, vault)[0]
    index.close()


@pytest.mark.skipif(os.name == "nt", reason="rights are kept in another way there")
def test_the_index_is_its_owners_alone(tmp_path: Path, vault: Vault) -> None:
    """Descriptions of notes are nobody else's business."""
    look(tmp_path / "deep" / "i", vault)
    assert (tmp_path / "deep" / "i").stat().st_mode & 0o077 == 0
    assert (tmp_path / "deep").stat().st_mode & 0o077 == 0


def test_a_note_is_read_once_for_facts_and_contents(tmp_path: Path, vault: Vault) -> None:
    """Contents that will be wanted are found in the reading that finds the facts."""
    index = Index(tmp_path / "i")
    counting = CountingVault(vault)
    facts = index.refresh(
        counting,  # type: ignore[arg-type]  # it reads, no more
        vault.scan(),
        with_contents=lambda one: not one.ignored,
    )
    assert sorted(counting.read_keys) == sorted(NOTES)
    shown = [one for one in facts if not one.ignored]
    documents, _ = index.contents.documents(counting, shown)  # type: ignore[arg-type]
    assert [one.key for one in documents] == [one.key for one in shown]
    assert sorted(counting.read_keys) == sorted(NOTES)
    index.close()


@pytest.mark.parametrize("other", [0, FORMAT + 1])
def test_a_file_of_another_format_is_made_again(tmp_path: Path, vault: Vault, other: int) -> None:
    """What an older or newer program kept is not understood, and costs time alone."""
    first, _ = look(tmp_path / "i", vault)
    with closing(sqlite3.connect(tmp_path / "i")) as db:
        db.execute("ALTER TABLE notes ADD COLUMN more TEXT")
        db.execute(f"PRAGMA user_version = {other}")
    facts, read = look(tmp_path / "i", vault)
    assert facts == first
    assert len(read) == len(NOTES)


def test_a_file_that_was_deleted_or_replaced_while_it_was_open_costs_time_alone(
    tmp_path: Path, vault: Vault
) -> None:
    """Two processes that have it open go on, with the same file, as one of them begins it anew."""
    with closing(Index(tmp_path / "i")) as one, closing(Index(tmp_path / "i")) as other:
        first, _ = refresh(one, vault)
        (tmp_path / "i").unlink()
        (vault.root / "a.md").write_text("Changed.\n")
        again, read = refresh(one, vault)
        assert again["a.md"] != first["a.md"]
        assert read == sorted(NOTES)
        assert refresh(other, vault) == (again, [])
        assert refresh(one, vault) == (again, [])
