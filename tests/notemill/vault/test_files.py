"""Writing, undoing, locking: what a note is afterwards, and what is said."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from notemill.errors import (
    ExternallyChangedError,
    NoteNotFoundError,
    StoreError,
    VaultLockedError,
    WriteFailedError,
)
from notemill.vault import writerlock
from notemill.vault.files import Ending
from notemill.vault.note import bytes_hash
from tests.notemill.vault.folders import make_vault, names_in, reopen, write

SOURCES = Path(__file__).resolve().parents[3] / "src"
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="rights as POSIX has them")
LINUX = pytest.mark.skipif(
    sys.platform != "linux", reason="extended attributes by Python's own calls"
)


def acl(group_bits: int) -> bytes:
    """Return a POSIX access list, as Linux keeps it, that lets user 4321 read."""
    nobody = 0xFFFFFFFF
    entries = [
        (1, 6, nobody),
        (2, 4, 4321),
        (4, group_bits, nobody),
        (16, 4, nobody),
        (32, 0, nobody),
    ]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def attributes(path: Path) -> dict[str, bytes]:
    """Return the extended attributes of a file."""
    return {name: os.getxattr(path, name) for name in os.listxattr(path)}


def give(path: Path, name: str, value: bytes) -> None:
    """Set an extended attribute, or skip the test where the file system has none."""
    try:
        os.setxattr(path, name, value)
    except OSError as error:
        pytest.skip(f"no {name} here: {error}")


def test_a_write_replaces_exactly_the_note(tmp_path: Path) -> None:
    """The note has the new bytes, nothing else is there or changed."""
    vault = make_vault(tmp_path, {"a.md": b"old", "sub/b.md": b"b"})
    write(vault, "a.md", b"new\r\n")
    assert vault.read("a.md") == b"new\r\n"
    assert vault.read("sub/b.md") == b"b"
    assert names_in(tmp_path) == ["a.md", "sub/b.md"]


@POSIX
def test_a_write_keeps_the_notes_rights(tmp_path: Path) -> None:
    """The mode of the file stays."""
    vault = make_vault(tmp_path, {"a.md": b"old"})
    (tmp_path / "vault" / "a.md").chmod(0o640)
    write(vault, "a.md", b"new")
    assert (tmp_path / "vault" / "a.md").stat().st_mode & 0o777 == 0o640


@LINUX
def test_a_write_and_its_undo_keep_extended_attributes_and_access_lists(tmp_path: Path) -> None:
    """What tags, origins and rights are attached to the file are attached to the new one as well."""
    vault = make_vault(tmp_path, {"a.md": b"old"})
    path = tmp_path / "vault" / "a.md"
    give(path, "user.xdg.tags", "wichtig,später".encode())
    give(path, "user.empty", b"")
    give(path, "system.posix_acl_access", acl(4))
    before = (attributes(path), path.stat().st_mode)
    assert len(before[0]) >= 3
    write(vault, "a.md", b"new")
    assert (attributes(path), path.stat().st_mode, path.read_bytes()) == (*before, b"new")
    assert vault.undo("r1")[0].restored
    assert (attributes(path), path.stat().st_mode, path.read_bytes()) == (*before, b"old")


@LINUX
def test_a_folder_that_gives_access_to_new_files_gives_none_to_a_written_note(
    tmp_path: Path,
) -> None:
    """A note without an access list has none afterwards, though new files beside it get one."""
    vault = make_vault(tmp_path, {"a.md": b"old"})
    path = tmp_path / "vault" / "a.md"
    path.chmod(0o640)
    give(tmp_path / "vault", "system.posix_acl_default", acl(6))
    write(vault, "a.md", b"new")
    assert "system.posix_acl_access" not in attributes(path)
    assert path.stat().st_mode & 0o777 == 0o640


@POSIX
def test_a_note_with_a_second_name_is_left_alone_with_the_reason(tmp_path: Path) -> None:
    """The two names hold one text before and after, whether a run writes or an undo does."""
    vault = make_vault(tmp_path, {"a.md": b"old", "b.md": b"old"})
    path, other = tmp_path / "vault" / "a.md", tmp_path / "shared.md"
    os.link(path, other)
    assert "hard link" in vault.why_not_writable("a.md")
    assert vault.why_not_writable("b.md") == ""
    with pytest.raises(WriteFailedError, match=r"a\.md .*hard link"):
        write(vault, "a.md", b"new")
    assert vault.runs() == []
    other.unlink()
    write(vault, "a.md", b"new")
    os.link(path, other)
    (one,) = vault.undo("r1")
    assert (one.ending, path.read_bytes(), other.read_bytes()) == (Ending.FAILED, b"new", b"new")
    assert "hard link" in one.problem
    assert path.samefile(other)
    other.unlink()
    assert vault.undo("r1")[0].ending is Ending.RESTORED
    assert names_in(tmp_path) == ["a.md", "b.md"]


@POSIX
def test_a_note_is_as_new_after_a_write_and_after_an_undo(tmp_path: Path) -> None:
    """What synchronises by the time of modification sees both, though the bytes are the old ones."""
    vault = make_vault(tmp_path, {"a.md": b"old"})
    path = tmp_path / "vault" / "a.md"
    os.utime(path, (1_000_000_000, 1_000_000_000))
    write(vault, "a.md", b"new")
    assert path.stat().st_mtime > 1_500_000_000
    os.utime(path, (1_000_000_000, 1_000_000_000))
    vault.undo("r1")
    assert path.stat().st_mtime > 1_500_000_000


def test_a_note_changed_since_it_was_read_is_left_alone(tmp_path: Path) -> None:
    """Another hash than the expected one refuses the write, and the journal stays empty."""
    vault = make_vault(tmp_path, {"a.md": b"edited"})
    with pytest.raises(ExternallyChangedError, match=r"a\.md") as caught:
        vault.write("a.md", b"new", expected=bytes_hash(b"read"), run="r1")
    assert caught.value.exit_code == 3
    assert vault.read("a.md") == b"edited"
    assert vault.runs() == []


def test_writing_what_is_there_leaves_no_trace(tmp_path: Path) -> None:
    """The same bytes are not written, and count as nothing to undo."""
    vault = make_vault(tmp_path, {"a.md": b"same"})
    before = (tmp_path / "vault" / "a.md").stat()
    write(vault, "a.md", b"same")
    after = (tmp_path / "vault" / "a.md").stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)
    assert vault.runs() == []


@POSIX
def test_a_note_that_its_owner_made_read_only_is_not_written(tmp_path: Path) -> None:
    """A file without the right to write it stays, though its folder would allow a rename."""
    vault = make_vault(tmp_path, {"a.md": b"old"})
    (tmp_path / "vault" / "a.md").chmod(0o444)
    if os.access(tmp_path / "vault" / "a.md", os.W_OK):
        pytest.skip("root may write all")
    with pytest.raises(WriteFailedError, match="rights"):
        write(vault, "a.md", b"new")
    assert vault.read("a.md") == b"old"
    assert vault.runs() == []


@POSIX
def test_a_read_only_note_that_the_user_may_write_keeps_its_rights(tmp_path: Path) -> None:
    """Where the system lets the user write, as root, a note is written and stays read-only."""
    vault = make_vault(tmp_path, {"a.md": b"old"})
    path = tmp_path / "vault" / "a.md"
    path.chmod(0o444)
    if not os.access(path, os.W_OK):
        pytest.skip("only root may")
    write(vault, "a.md", b"new")
    assert vault.undo("r1")[0].restored
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"old", 0o444)


def test_undo_restores_the_exact_bytes_and_repeating_it_changes_nothing(tmp_path: Path) -> None:
    """Each note of the run is back, the last written first; a second undo finds it so."""
    originals = {"a.md": b"\xef\xbb\xbfa\r\n\xff", "b.md": b"", "c.md": b"c" * 100_000}
    vault = make_vault(tmp_path, originals)
    for key in originals:
        write(vault, key, b"new " + key.encode())
    first = vault.undo("r1")
    assert [(one.key, one.ending) for one in first] == [
        (key, Ending.RESTORED) for key in ("c.md", "b.md", "a.md")
    ]
    assert {key: vault.read(key) for key in originals} == originals
    assert {one.ending for one in vault.undo("r1")} == {Ending.ALREADY}
    assert {key: vault.read(key) for key in originals} == originals


def test_undo_takes_single_notes_and_single_runs(tmp_path: Path) -> None:
    """With a key one note is restored; a run that wrote nothing restores nothing."""
    vault = make_vault(tmp_path, {"a.md": b"a", "b.md": b"b"})
    write(vault, "a.md", b"a2")
    write(vault, "b.md", b"b2")
    assert [one.key for one in vault.undo("r1", key="b.md")] == ["b.md"]
    assert (vault.read("a.md"), vault.read("b.md")) == (b"a2", b"b")
    assert vault.undo("unknown") == []
    assert vault.undo("r1", key="c.md") == []


def test_undo_leaves_an_edited_note_alone_and_says_so(tmp_path: Path) -> None:
    """A note edited after the run keeps the edit; the others are restored."""
    vault = make_vault(tmp_path, {"a.md": b"a", "b.md": b"b"})
    write(vault, "a.md", b"a2")
    write(vault, "b.md", b"b2")
    (tmp_path / "vault" / "a.md").write_bytes(b"mine")
    endings = {one.key: one for one in vault.undo("r1")}
    assert (endings["a.md"].ending, endings["b.md"].ending) == (Ending.EDITED, Ending.RESTORED)
    assert not endings["a.md"].restored
    assert endings["a.md"].problem
    assert vault.read("a.md") == b"mine"


def test_undo_of_a_note_its_owner_put_back_says_it_is_so_already(tmp_path: Path) -> None:
    """A note that has its old bytes again is counted as restored, without a write."""
    vault = make_vault(tmp_path, {"a.md": b"a"})
    write(vault, "a.md", b"a2")
    (tmp_path / "vault" / "a.md").write_bytes(b"a")
    (one,) = vault.undo("r1")
    assert (one.ending, one.restored) == (Ending.ALREADY, True)
    assert vault.runs()[0].undone == 1


def test_undo_reports_a_note_that_is_gone(tmp_path: Path) -> None:
    """A deleted note is reported and not made again."""
    vault = make_vault(tmp_path, {"a.md": b"a", "b.md": b"b"})
    write(vault, "a.md", b"a2")
    (tmp_path / "vault" / "a.md").unlink()
    (one,) = vault.undo("r1")
    assert one.ending is Ending.MISSING
    assert names_in(tmp_path) == ["b.md"]


def test_undo_names_the_later_runs_in_its_way(tmp_path: Path) -> None:
    """A note that a later run wrote to is left alone, the run named; `through` takes both back."""
    vault = make_vault(tmp_path, {"a.md": b"a", "b.md": b"b", "c.md": b"c"})
    write(vault, "a.md", b"a1", "r1")
    write(vault, "b.md", b"b1", "r1")
    write(vault, "a.md", b"a2", "r2")
    write(vault, "c.md", b"c2", "r2")
    blocked = {one.key: one for one in vault.undo("r1")}
    assert (blocked["a.md"].ending, blocked["a.md"].runs) == (Ending.BLOCKED, ("r2",))
    assert "r2" in blocked["a.md"].problem
    assert blocked["b.md"].restored
    assert vault.read("a.md") == b"a2"
    (through,) = vault.undo("r1", key="a.md", through=True)
    assert (through.ending, through.runs) == (Ending.RESTORED, ("r2", "r1"))
    assert (vault.read("a.md"), vault.read("c.md")) == (b"a", b"c2")
    assert {one.ending for one in vault.undo("r2", key="a.md")} == {Ending.ALREADY}


def test_undone_later_runs_are_not_in_the_way(tmp_path: Path) -> None:
    """Newest first, run by run, every undo goes through, back to the first bytes."""
    vault = make_vault(tmp_path, {"a.md": b"0"})
    for number in (1, 2, 3):
        write(vault, "a.md", b"%d" % number, f"r{number}")
    for number in (3, 2, 1):
        assert [one.ending for one in vault.undo(f"r{number}")] == [Ending.RESTORED]
        assert vault.read("a.md") == b"%d" % (number - 1)


def test_several_writes_of_a_run_to_a_note_are_undone_together(tmp_path: Path) -> None:
    """A run that wrote a note twice is undone to the bytes before the first write."""
    vault = make_vault(tmp_path, {"a.md": b"0"})
    write(vault, "a.md", b"1")
    write(vault, "a.md", b"2")
    assert [one.ending for one in vault.undo("r1")] == [Ending.RESTORED]
    assert vault.read("a.md") == b"0"


def test_an_edit_between_two_writes_is_never_lost_in_an_undo(tmp_path: Path) -> None:
    """What a person wrote between two writes is not taken out with them."""
    vault = make_vault(tmp_path, {"a.md": b"0"})
    write(vault, "a.md", b"1", "r1")
    (tmp_path / "vault" / "a.md").write_bytes(b"1 and mine")
    write(vault, "a.md", b"2 and mine", "r2")
    assert [one.ending for one in vault.undo("r1", through=True)] == [Ending.EDITED]
    assert vault.read("a.md") == b"2 and mine"
    assert [one.ending for one in vault.undo("r2")] == [Ending.RESTORED]
    assert vault.read("a.md") == b"1 and mine"


def test_the_runs_are_listed_newest_first_with_counts(tmp_path: Path) -> None:
    """A run has its number of notes, of undone notes, and its first and last time."""
    vault = make_vault(tmp_path, {"a.md": b"a", "b.md": b"b"})
    write(vault, "a.md", b"a1", "r1")
    write(vault, "b.md", b"b1", "r1")
    write(vault, "b.md", b"b2", "r2")
    vault.undo("r1", key="a.md")
    listed = [
        (one.run, one.notes, one.undone, one.first_at_s, one.last_at_s) for one in vault.runs()
    ]
    assert listed == [("r2", 1, 0, 3.0, 3.0), ("r1", 2, 1, 1.0, 2.0)]


def test_an_undo_survives_another_process(tmp_path: Path) -> None:
    """What one process wrote another one undoes."""
    vault = make_vault(tmp_path, {"a.md": b"a"})
    write(vault, "a.md", b"a1")
    vault.close()
    assert [one.restored for one in reopen(tmp_path).undo("r1")] == [True]


_HOLDER = """
import sys, pathlib
sys.path[:0] = [sys.argv[3]]
from notemill.stores.journal import StoredJournal
from notemill.stores.store import FILE, Store
from notemill.vault.files import Vault
state = pathlib.Path(sys.argv[2])
journal = StoredJournal(Store(state / FILE))
vault = Vault(pathlib.Path(sys.argv[1]).resolve(), state, journal, clock=lambda: 1.0)
with vault.lock():
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.loopback
def test_a_second_writer_is_told_who_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a process holds the lock another may read, not write, and is told the holder."""
    monkeypatch.setattr(writerlock, "LOCK_WAIT_S", 0)
    vault = make_vault(tmp_path, {"a.md": b"a"})
    arguments = [str(tmp_path / "vault"), str(tmp_path / "state"), str(SOURCES)]
    with subprocess.Popen(  # noqa: S603  # this interpreter, and the text above
        [sys.executable, "-c", _HOLDER, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as holder:  # fmt: skip
        assert holder.stdin
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        assert vault.read("a.md") == b"a"
        with pytest.raises(VaultLockedError, match=str(holder.pid)) as caught:
            write(vault, "a.md", b"new")
        with pytest.raises(VaultLockedError):
            vault.undo("r1")
        assert caught.value.exit_code == 7
        holder.stdin.write("\n")
        holder.stdin.close()
        assert holder.wait(timeout=30) == 0
    write(vault, "a.md", b"new")
    assert vault.read("a.md") == b"new"


def test_a_vault_is_used_on_the_thread_that_opened_it(tmp_path: Path) -> None:
    """Another thread is refused, and no note is touched; its own thread goes on."""
    vault = make_vault(tmp_path, {"a.md": b"old"})
    vault.scan()
    refused: list[str] = []

    def elsewhere() -> None:
        try:
            write(vault, "a.md", b"new")
        except StoreError as error:
            refused.append(str(error))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert len(refused) == 1
    assert "thread" in refused[0]
    assert vault.read("a.md") == b"old"
    write(vault, "a.md", b"new")
    assert [one.restored for one in vault.undo("r1")] == [True]


def test_the_lock_may_be_taken_again_inside(tmp_path: Path) -> None:
    """Whoever holds the lock writes and undoes inside, and it is free afterwards."""
    vault = make_vault(tmp_path, {"a.md": b"a"})
    with vault.lock():
        write(vault, "a.md", b"b")
        with vault.lock():
            assert vault.undo("r1")[0].restored
    with reopen(tmp_path).lock():
        pass


def test_writing_a_note_that_is_gone_says_so(tmp_path: Path) -> None:
    """A note deleted since it was read is not made again."""
    vault = make_vault(tmp_path, {"a.md": b"a", "b.md": b""})
    vault.scan()
    os.remove(tmp_path / "vault" / "a.md")  # noqa: PTH107
    with pytest.raises(NoteNotFoundError):
        vault.write("a.md", b"new", expected=bytes_hash(b"a"), run="r1")
    assert names_in(tmp_path) == ["b.md"]
