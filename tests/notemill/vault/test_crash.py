"""A write or an undo that dies or fails at any step: the note is whole, old or new, always."""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from typing import TYPE_CHECKING

import pytest

from notemill.errors import ExternallyChangedError, StoreError, VaultError, WriteFailedError
from notemill.stores.store import write_ahead
from notemill.vault.disk import Disk
from notemill.vault.files import Ending
from notemill.vault.journal import State
from tests.notemill.vault.folders import (
    Death,
    ScriptedDisk,
    killed_at,
    make_vault,
    names_in,
    reopen,
    write,
)

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW = b"old\r\n" * 1_000, b"new" * 2_000
WRITE_STEPS = ("create", "half create", "replace", "after replace", "sync_folder")


@pytest.mark.parametrize("step", WRITE_STEPS)
def test_a_write_that_dies_at_any_step_is_settled_by_the_next(step: str, tmp_path: Path) -> None:
    """After a death the note is old or new, the journal knows which, and no file is left."""
    disk = ScriptedDisk(fails=step, fault=Death())
    vault = make_vault(tmp_path, {"a.md": OLD, "b.md": b"b"}, disk)
    with pytest.raises(Death):
        write(vault, "a.md", NEW)
    now = (tmp_path / "vault" / "a.md").read_bytes()
    assert now == (NEW if step in ("after replace", "sync_folder") else OLD)
    next_one = reopen(tmp_path)
    assert [note.key for note in next_one.scan()] == ["a.md", "b.md"]
    with next_one.lock():
        pass
    assert names_in(tmp_path) == ["a.md", "b.md"]
    state = State.DONE if now == NEW else None
    assert [(one.key, one.run, one.state) for one in next_one.recovered] == [("a.md", "r1", state)]
    assert [one.restored for one in next_one.undo("r1")] == ([True] if now == NEW else [])
    assert next_one.read("a.md") == OLD
    assert not next_one.undo("r2")
    assert len(next_one.recovered) == 1


@pytest.mark.parametrize("through", [False, True])
@pytest.mark.parametrize("step", WRITE_STEPS)
def test_an_undo_that_dies_at_any_step_is_finished_by_repeating_it(
    step: str,
    through: bool,  # noqa: FBT001  # pytest passes it by name
    tmp_path: Path,
) -> None:
    """After a death the note is old or new; the same undo again makes it old."""
    first = make_vault(tmp_path, {"a.md": OLD})
    write(first, "a.md", b"between")
    write(first, "a.md", NEW, "r2" if through else "r1")
    first.close()
    vault = reopen(tmp_path, ScriptedDisk(fails=step, fault=Death()))
    with pytest.raises(Death):
        vault.undo("r1", through=through)
    now = (tmp_path / "vault" / "a.md").read_bytes()
    assert now == (OLD if step in ("after replace", "sync_folder") else NEW)
    next_one = reopen(tmp_path)
    assert [one.restored for one in next_one.undo("r1", through=through)] == [True]
    state = State.UNDONE if now == OLD else State.DONE
    assert [one.state for one in next_one.recovered] == [state, state]
    assert next_one.read("a.md") == OLD
    assert names_in(tmp_path) == ["a.md"]
    assert all(one.notes == one.undone for one in next_one.runs())


def test_what_was_edited_after_a_crash_is_reported_and_kept(tmp_path: Path) -> None:
    """A note that is neither old nor new after a crash stays as it is, and its undo is refused."""
    vault = make_vault(tmp_path, {"a.md": OLD}, ScriptedDisk(fails="replace", fault=Death()))
    with pytest.raises(Death):
        write(vault, "a.md", NEW)
    (tmp_path / "vault" / "a.md").write_bytes(b"mine")
    next_one = reopen(tmp_path)
    assert [one.ending for one in next_one.undo("r1")] == [Ending.EDITED]
    assert [one.state for one in next_one.recovered] == [State.UNCLEAR]
    assert names_in(tmp_path) == ["a.md"]
    assert next_one.read("a.md") == b"mine"


@pytest.mark.parametrize("step", ["create", "half create", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EIO, errno.EROFS])
def test_a_write_that_fails_leaves_the_note_as_it_was(
    step: str, number: int, tmp_path: Path
) -> None:
    """No space, no rights, a bad disk: the note is old, no file is left, the error says so."""
    disk = ScriptedDisk(fails=step, fault=OSError(number, "as told"))
    vault = make_vault(tmp_path, {"a.md": OLD}, disk)
    with pytest.raises(WriteFailedError, match=r"a\.md.*unchanged") as caught:
        write(vault, "a.md", NEW)
    assert ("space" in str(caught.value)) == (number == errno.ENOSPC)
    assert vault.read("a.md") == OLD
    assert names_in(tmp_path) == ["a.md"]
    assert vault.runs() == []
    disk.fails = ""
    write(vault, "a.md", NEW)
    assert vault.read("a.md") == NEW


@pytest.mark.parametrize("step", ["create", "half create", "replace"])
def test_an_undo_that_fails_is_reported_and_can_be_repeated(step: str, tmp_path: Path) -> None:
    """A full disk in an undo leaves the note as the run wrote it, and a later undo restores it."""
    disk = ScriptedDisk()
    vault = make_vault(tmp_path, {"a.md": OLD}, disk)
    write(vault, "a.md", NEW)
    disk.fails = step
    (one,) = vault.undo("r1")
    assert (one.ending, one.restored) == (Ending.FAILED, False)
    assert one.problem
    assert vault.read("a.md") == NEW
    assert names_in(tmp_path) == ["a.md"]
    disk.fails = ""
    assert vault.undo("r1")[0].ending is Ending.RESTORED
    assert vault.read("a.md") == OLD


def test_a_folder_that_cannot_be_flushed_does_not_fail_the_write(tmp_path: Path) -> None:
    """After the rename the note is written, whatever the flush of its folder says."""
    vault = make_vault(tmp_path, {"a.md": OLD}, ScriptedDisk(fails="sync_folder"))
    write(vault, "a.md", NEW)
    assert vault.read("a.md") == NEW
    assert vault.undo("r1")[0].restored


def test_an_edit_during_a_write_is_seen_before_the_rename(tmp_path: Path) -> None:
    """An edit that comes while the new file is being written wins; nothing is left over."""
    note = tmp_path / "vault" / "a.md"

    class EditingDisk(Disk):
        def create(self, path: str, data: bytes, like: str) -> None:
            super().create(path, data, like)
            note.write_bytes(b"mine")

    vault = make_vault(tmp_path, {"a.md": OLD}, EditingDisk())
    with pytest.raises(ExternallyChangedError):
        write(vault, "a.md", NEW)
    assert vault.read("a.md") == b"mine"
    assert names_in(tmp_path) == ["a.md"]
    assert vault.runs() == []


def test_a_new_file_that_another_process_reads_is_waited_for(tmp_path: Path) -> None:
    """Two first runs at once: the one that comes second waits, and fails only where it has to."""
    path = tmp_path / "new.sqlite3"
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("CREATE TABLE t (x)")
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM t").fetchall()
    clock = iter(range(100))
    with contextlib.closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as db:
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            write_ahead(db, clock=lambda: next(clock), wait=lambda _: None)
        assert next(clock) > 30
        write_ahead(db, wait=lambda _: reader.close())
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_without_a_journal_nothing_is_written(tmp_path: Path) -> None:
    """Where the write cannot be journaled first, the note is not touched."""
    vault = make_vault(tmp_path, {"a.md": OLD})
    (journal,) = (tmp_path / "state").glob("vault.sqlite3")
    vault.close()
    for path in (tmp_path / "state").glob("vault.sqlite3*"):
        path.unlink()
    journal.write_bytes(b"no database at all, but longer than a header of one hundred bytes" * 3)
    with pytest.raises(StoreError):
        reopen(tmp_path)
    with pytest.raises((StoreError, VaultError)):
        write(vault, "a.md", NEW)
    assert (tmp_path / "vault" / "a.md").read_bytes() == OLD
    assert names_in(tmp_path) == ["a.md"]


@pytest.mark.loopback
@pytest.mark.parametrize("step", ["create", "after create", "replace", "after replace"])
def test_a_process_killed_in_a_write_leaves_a_whole_note(step: str, tmp_path: Path) -> None:
    """A real process ended at a step holds no lock, and the next one settles what it left."""
    make_vault(tmp_path, {"a.md": b"old"}).close()
    work = 'vault.write("a.md", b"new", expected=bytes_hash(b"old"), run="r1")'
    assert killed_at(step, work, tmp_path / "vault", tmp_path / "state") == 9
    vault = reopen(tmp_path)
    assert vault.read("a.md") == (b"new" if step == "after replace" else b"old")
    with vault.lock():
        assert names_in(tmp_path) == ["a.md"]
    assert len(vault.recovered) == 1
    write(vault, "a.md", b"again", "r2")
    assert vault.undo("r2")[0].restored
