"""A note that did not exist is whole or not there, overwrites nothing, and goes by its run's undo."""

from __future__ import annotations

import errno
import os
import unicodedata
from typing import TYPE_CHECKING

import pytest

from notemill.errors import (
    NoteExistsError,
    NoteNotFoundError,
    OutsideVaultError,
    StoreError,
    WriteFailedError,
)
from notemill.vault import attributes
from notemill.vault.disk import MAX_NOTE_BYTES, Disk
from notemill.vault.files import Ending
from notemill.vault.journal import State
from notemill.vault.note import bytes_hash
from tests.notemill.vault.folders import (
    Death,
    ScriptedDisk,
    folders_in,
    killed_at,
    make_vault,
    names_in,
    reopen,
    write,
)

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.vault.files import Vault

OTHERS = {"Own/b.md": b"mine"}
KEY = "Clippings/2026/Talk.md"
NEW = b"# Talk\r\n" * 500
THERE = ("half add", "after add", "sync_folder")
STEPS = (
    "make_folder", "after make_folder", "create", "half create", "add", "half add", "after add",
)  # fmt: skip


def create(vault: Vault, key: str = KEY, new: bytes = NEW, run: str = "r1") -> bool:
    """Create a note."""
    return vault.create(key, new, run=run)


def test_a_note_is_created_with_its_folders_and_taken_back_with_them(tmp_path: Path) -> None:
    """The note can be read at once; the undo of its run leaves the vault as it was."""
    vault = make_vault(tmp_path, OTHERS)
    assert create(vault)
    assert vault.read(KEY) == NEW
    assert [one.key for one in vault.scan()] == [KEY, "Own/b.md"]
    assert vault.written_by("r1") == [KEY]
    (one,) = vault.undo("r1")
    assert (one.ending, one.restored, one.problem) == (Ending.REMOVED, True, "")
    assert (names_in(tmp_path), folders_in(tmp_path)) == (["Own/b.md"], ["Own"])
    assert [one.ending for one in vault.undo("r1")] == [Ending.ALREADY]
    assert [(one.notes, one.undone) for one in vault.runs()] == [(1, 1)]


def test_a_new_note_has_the_rights_that_any_new_file_has(tmp_path: Path) -> None:
    """An editor's new note and ours have the same mode."""
    vault = make_vault(tmp_path, OTHERS)
    (tmp_path / "vault" / "theirs.md").touch()
    create(vault)
    ours, theirs = ((tmp_path / "vault" / name).stat().st_mode for name in (KEY, "theirs.md"))
    assert ours == theirs
    assert (tmp_path / "vault" / KEY).stat().st_nlink == 1


@pytest.mark.parametrize(
    "taken",
    [
        "Café.md",
        "CAFÉ.MD",
        unicodedata.normalize("NFD", "café.md"),
        "Café.md.cloud",
        ".Café.md.icloud",
        "Café.md/",
    ],
)
def test_a_name_that_differs_in_case_or_form_alone_is_taken(taken: str, tmp_path: Path) -> None:
    """On no file system does a new note get a name that another one takes for the same."""
    vault = make_vault(tmp_path, OTHERS)
    path = tmp_path / "vault" / taken.rstrip("/")
    if taken.endswith("/"):
        path.mkdir()
    else:
        path.write_bytes(b"theirs")
    with pytest.raises(NoteExistsError, match="exists"):
        create(vault, "Café.md")
    assert path.is_dir() or path.read_bytes() == b"theirs"
    assert vault.runs() == []
    assert vault.free_key("Café.md") == "Café 2.md"
    assert vault.free_key("Café.md", {"café 2.md"}) == "Café 3.md"


def test_a_folder_keeps_the_spelling_that_the_vault_has(tmp_path: Path) -> None:
    """A folder in another case is not made beside the one there is; the free key names that one."""
    vault = make_vault(tmp_path, {"clippings/Über/b.md": b"b"})
    with pytest.raises(NoteExistsError, match="clippings/Über/b"):
        create(vault, "Clippings/über/b.md")
    key = vault.free_key("Clippings/über/b.md")
    assert key == "clippings/Über/b 2.md"
    assert create(vault, key)
    assert folders_in(tmp_path) == ["clippings", "clippings/Über"]


def test_a_decomposed_folder_is_used_as_it_is_listed(tmp_path: Path) -> None:
    """A key in NFC means a folder that is listed in NFD."""
    listed = unicodedata.normalize("NFD", "Bücher")
    vault = make_vault(tmp_path, {f"{listed}/b.md": b"b"})
    create(vault, "Bücher/a.md")
    assert folders_in(tmp_path) == [listed]
    assert vault.read("Bücher/a.md") == NEW
    assert vault.undo("r1")[0].ending is Ending.REMOVED


@pytest.mark.parametrize(
    "key",
    ["../out.md", "/abs.md", "a/../../out.md", "a\\..\\..\\out.md", ".hidden/a.md", ".a.md", "a.txt",
     "", "a//b.md", "a\0.md", "\ud800.md", "a\udcff.md", unicodedata.normalize("NFD", "é.md"), "./a.md"],
)  # fmt: skip
def test_a_path_that_is_no_notes_is_refused(key: str, tmp_path: Path) -> None:
    """Nothing is written outside, hidden, or under a name that is not the note's key."""
    vault = make_vault(tmp_path, OTHERS)
    for ask in (lambda: create(vault, key), lambda: vault.free_key(key)):
        with pytest.raises(OutsideVaultError):
            ask()
    assert names_in(tmp_path) == ["Own/b.md"]
    assert not (tmp_path / "out.md").exists()


@pytest.mark.parametrize("link", ["Clippings", "Clippings/2026"])
def test_a_folder_that_is_a_link_is_not_written_through(link: str, tmp_path: Path) -> None:
    """Wherever it leads: outside, into the vault, or nowhere."""
    vault = make_vault(tmp_path, OTHERS)
    (tmp_path / "out" / "2026").mkdir(parents=True)
    at = tmp_path / "vault" / link
    at.parent.mkdir(exist_ok=True)
    for target in (tmp_path / "out", tmp_path / "vault" / "Own", tmp_path / "nowhere"):
        at.symlink_to(target)
        with pytest.raises(OutsideVaultError, match="link"):
            create(vault)
        at.unlink()
    assert names_in(tmp_path) == ["Own/b.md"]
    assert not list((tmp_path / "out" / "2026").iterdir())


def test_a_link_of_that_name_counts_as_taken(tmp_path: Path) -> None:
    """A broken link is not replaced, and not followed."""
    vault = make_vault(tmp_path, OTHERS)
    (tmp_path / "vault" / "Talk.md").symlink_to(tmp_path / "nowhere.md")
    with pytest.raises(NoteExistsError):
        create(vault, "Talk.md")
    assert not (tmp_path / "nowhere.md").exists()


@pytest.mark.parametrize("name", ["Talk.md", "TALK.md"])
def test_a_file_that_appears_while_the_note_is_written_wins(name: str, tmp_path: Path) -> None:
    """What another program puts there between the look and the step is never overwritten."""
    theirs = tmp_path / "vault" / name

    class Racing(Disk):
        def create(self, path: str, data: bytes, like: str) -> None:
            super().create(path, data, like)
            theirs.write_bytes(b"theirs")

    vault = make_vault(tmp_path, OTHERS, Racing())
    with pytest.raises(NoteExistsError):
        create(vault, "Talk.md")
    assert theirs.read_bytes() == b"theirs"
    assert names_in(tmp_path) == ["Own/b.md", name]
    assert vault.runs() == []


def test_the_last_step_itself_replaces_nothing(tmp_path: Path) -> None:
    """Even a file that appears after the last look stays, on file systems without links, too."""
    theirs = tmp_path / "vault" / "Talk.md"

    class Racing(Disk):
        def add(self, temporary: str, path: str) -> None:
            theirs.write_bytes(b"theirs")
            super().add(temporary, path)

    vault = make_vault(tmp_path, OTHERS, Racing())
    with pytest.raises(NoteExistsError):
        create(vault, "Talk.md")
    assert theirs.read_bytes() == b"theirs"
    assert names_in(tmp_path) == ["Own/b.md", "Talk.md"]


def test_without_hard_links_the_systems_renaming_is_as_careful(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a file can have one name only, as on FAT, a note is created and nothing replaced."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_bytes(b"old")
    attributes.take_free_place(str(old), str(new))
    assert (old.exists(), new.read_bytes()) == (False, b"old")
    old.write_bytes(b"later")
    with pytest.raises(FileExistsError):
        attributes.take_free_place(str(old), str(new))
    assert (old.read_bytes(), new.read_bytes()) == (b"later", b"old")


@pytest.mark.parametrize("step", [*STEPS, "sync_folder"])
def test_a_creation_that_dies_at_any_step_is_settled_by_the_next(step: str, tmp_path: Path) -> None:
    """After a death the note is whole or not there, and the undo gives the folder back."""
    vault = make_vault(tmp_path, OTHERS, ScriptedDisk(fails=step, fault=Death()))
    key = KEY if "make" in step else "Own/Talk.md"
    with pytest.raises(Death):
        create(vault, key)
    next_one = reopen(tmp_path)
    assert all(one.key in (key, "Own/b.md") for one in next_one.scan())
    next_one.settle()
    is_there = step in THERE
    state = State.DONE if is_there else None
    assert [(one.key, one.run, one.state) for one in next_one.recovered] == [(key, "r1", state)]
    if is_there:
        assert next_one.read(key) == NEW
        assert os.stat(next_one.path_of(key)).st_nlink == 1  # noqa: PTH116
    else:
        with pytest.raises(NoteNotFoundError):
            next_one.read(key)
    assert [one.ending for one in next_one.undo("r1")] == [Ending.REMOVED] * is_there
    assert (names_in(tmp_path), folders_in(tmp_path)) == (["Own/b.md"], ["Own"])
    assert create(next_one, key, run="r2")


@pytest.mark.parametrize("step", ["remove", "after remove", "remove_folder", "after remove_folder"])
@pytest.mark.parametrize("tagged", [False, True])
def test_an_undo_that_dies_at_any_step_is_finished_by_repeating_it(
    step: str,
    tagged: bool,  # noqa: FBT001  # pytest passes it by name
    tmp_path: Path,
) -> None:
    """After a death the note is whole or gone; the same undo again gives the folder back."""
    first = make_vault(tmp_path, OTHERS)
    create(first)
    if tagged:
        write(first, KEY, NEW + b"#tag")
    first.close()
    vault = reopen(tmp_path, ScriptedDisk(fails=step, fault=Death()))
    with pytest.raises(Death):
        vault.undo("r1")
    next_one = reopen(tmp_path)
    assert all(one.restored for one in next_one.undo("r1"))
    state = State.DONE if step == "remove" else State.UNDONE
    assert {one.state for one in next_one.recovered} == {state}
    assert (names_in(tmp_path), folders_in(tmp_path)) == (["Own/b.md"], ["Own"])
    assert all(one.notes == one.undone for one in next_one.runs())


@pytest.mark.parametrize("step", [one for one in STEPS if one not in THERE])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_creation_that_fails_leaves_nothing_behind(
    step: str, number: int, tmp_path: Path
) -> None:
    """No space, no rights: no note, no folder, no file beside it; the error says so."""
    disk = ScriptedDisk(fails=step, fault=OSError(number, "as told"))
    vault = make_vault(tmp_path, OTHERS, disk)
    with pytest.raises(WriteFailedError, match=r"Talk\.md") as caught:
        create(vault)
    assert ("space" in str(caught.value)) == (number == errno.ENOSPC)
    assert (names_in(tmp_path), folders_in(tmp_path)) == (["Own/b.md"], ["Own"])
    assert vault.runs() == []
    disk.fails = ""
    assert create(vault)


def test_a_note_beyond_the_bound_is_refused(tmp_path: Path) -> None:
    """What could not be read again is not written."""
    vault = make_vault(tmp_path, OTHERS)
    with pytest.raises(WriteFailedError, match="at most"):
        create(vault, new=bytes(MAX_NOTE_BYTES + 1))
    assert folders_in(tmp_path) == ["Own"]


def test_what_no_longer_holds_is_not_created(tmp_path: Path) -> None:
    """A decision that was taken back meanwhile leaves no note and no folder."""
    vault = make_vault(tmp_path, OTHERS)
    assert not vault.create(KEY, NEW, run="r1", holds=lambda: False)
    assert (names_in(tmp_path), folders_in(tmp_path)) == (["Own/b.md"], ["Own"])
    assert vault.runs() == []


def test_a_note_whose_commit_fails_is_settled_by_the_next_lock(tmp_path: Path) -> None:
    """The note that is there stays journaled: its undo removes it."""

    def fail() -> None:
        raise StoreError("as told")

    vault = make_vault(tmp_path, OTHERS)
    assert vault.create(KEY, NEW, run="r1", also=fail)
    assert vault.undo("r1")[0].ending is Ending.REMOVED
    assert [one.state for one in vault.recovered] == [State.DONE]


def test_a_created_note_that_was_edited_or_written_later_stays(tmp_path: Path) -> None:
    """The owner's words and a later run's are not removed with a note; through all of it is."""
    vault = make_vault(tmp_path, OTHERS)
    create(vault)
    write(vault, KEY, NEW + b"tags", "r2")
    assert [(one.ending, one.runs) for one in vault.undo("r1")] == [(Ending.BLOCKED, ("r2",))]
    (tmp_path / "vault" / KEY).write_bytes(NEW + b"mine")
    assert [one.ending for one in vault.undo("r1", through=True)] == [Ending.EDITED]
    (tmp_path / "vault" / KEY).write_bytes(NEW + b"tags")
    assert [one.ending for one in vault.undo("r2")] == [Ending.RESTORED]
    assert vault.read(KEY) == NEW
    write(vault, KEY, NEW + b"tags", "r3")
    assert [one.ending for one in vault.undo("r1", through=True)] == [Ending.REMOVED]
    assert (names_in(tmp_path), folders_in(tmp_path)) == (["Own/b.md"], ["Own"])
    assert [one.ending for one in vault.undo("r3")] == [Ending.ALREADY]


def test_an_owners_edit_back_to_the_very_bytes_counts_as_unedited(tmp_path: Path) -> None:
    """The undo goes by what the note is, not by when it was saved."""
    vault = make_vault(tmp_path, OTHERS)
    create(vault)
    (tmp_path / "vault" / KEY).write_bytes(b"")
    (tmp_path / "vault" / KEY).write_bytes(NEW)
    assert vault.undo("r1")[0].ending is Ending.REMOVED


def test_folders_go_with_the_last_note_that_they_were_made_for(tmp_path: Path) -> None:
    """In whatever order runs are undone; a folder that the owner uses, or made, stays."""
    vault = make_vault(tmp_path, OTHERS)
    create(vault, "Clippings/a.md", b"a", "r1")
    create(vault, "Clippings/b.md", b"b", "r2")
    create(vault, "Own/c.md", b"c", "r2")
    assert vault.undo("r1")[0].restored
    assert folders_in(tmp_path) == ["Clippings", "Own"]
    (tmp_path / "vault" / "Own" / "b.md").unlink()
    assert all(one.restored for one in vault.undo("r2"))
    assert folders_in(tmp_path) == ["Own"]
    create(vault, "Clippings/d.md", b"d", "r3")
    (tmp_path / "vault" / "Clippings" / "picture.png").write_bytes(b"p")
    assert vault.undo("r3")[0].ending is Ending.REMOVED
    assert names_in(tmp_path) == ["Clippings/picture.png"]


def test_a_created_note_that_is_gone_is_named_and_not_called_restored(tmp_path: Path) -> None:
    """Its owner may have moved it: nothing says that it is gone."""
    vault = make_vault(tmp_path, OTHERS)
    create(vault)
    (tmp_path / "vault" / KEY).rename(tmp_path / "vault" / "Own" / "moved.md")
    (one,) = vault.undo("r1")
    assert (one.ending, one.problem) == (Ending.MISSING, "it was renamed or deleted")
    assert names_in(tmp_path) == ["Own/b.md", "Own/moved.md"]


def test_a_drive_that_is_away_makes_no_crash_forgotten(tmp_path: Path) -> None:
    """A note created in a folder that was there, and is missing now, stays journaled."""
    vault = make_vault(tmp_path, OTHERS, ScriptedDisk(fails="sync_folder", fault=Death()))
    with pytest.raises(Death):
        create(vault, "Own/Talk.md")
    own, away = tmp_path / "vault" / "Own", tmp_path / "away"
    own.rename(away)
    (tmp_path / "vault" / "c.md").touch()
    next_one = reopen(tmp_path)
    next_one.settle()
    assert [one.state for one in next_one.recovered] == [State.UNCLEAR]
    away.rename(own)
    assert next_one.undo("r1")[0].ending is Ending.REMOVED


def test_free_keys_are_cut_to_what_a_file_system_takes(tmp_path: Path) -> None:
    """A number finds its place in a name of the longest length, at a letter's border."""
    vault = make_vault(tmp_path, OTHERS)
    key = f"{'ä' * 126}.md"
    create(vault, key, b"one")
    second = vault.free_key(key)
    assert second.endswith("ä 2.md")
    assert len(second.encode()) <= 255
    assert create(vault, second, b"two")


@pytest.mark.loopback
@pytest.mark.parametrize("step", ["make_folder", "after create", "add", "after add"])
def test_a_process_killed_in_a_creation_leaves_a_whole_note_or_none(
    step: str, tmp_path: Path
) -> None:
    """A real process ended at a step holds no lock, and the next one settles what it left."""
    make_vault(tmp_path, OTHERS).close()
    work = 'vault.create("Clippings/a.md", b"new", run="r1")'
    assert killed_at(step, work, tmp_path / "vault", tmp_path / "state") == 9
    vault = reopen(tmp_path)
    vault.settle()
    there = ["Clippings/a.md"] if step == "after add" else []
    assert names_in(tmp_path) == [*there, "Own/b.md"]
    assert len(vault.recovered) == 1
    assert bytes_hash(vault.read("Own/b.md")) == bytes_hash(b"mine")
    assert len(vault.undo("r1")) == len(there)
    assert folders_in(tmp_path) == ["Own"]
