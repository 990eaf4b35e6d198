"""A full disk at any step, and a process that is killed, with all that is checked on the way."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import notemill
from notemill.errors import VaultError
from notemill.stores.store import Store
from notemill.vault.files import Ending
from notemill.vault.note import bytes_hash
from notemill.vault.places import known_vaults, remember
from tests.notemill.vault.folders import killed_at, open_vault
from tests.notemill.workflows.notes import write_notes
from tests.twolane.ledger.sound import T0, make_sound
from twolane import TwolaneError
from twolane.databases import ARRIVED
from twolane.ledger import LEDGER_FILE, Ledger
from twolane.ledger.check import check
from twolane.ledger.transfer import export_state, import_state

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCES = Path(notemill.__file__).parents[1]
REVIEW = "vaults/notes-0123456789ab/vault.sqlite3"
OLD, NEW = b"old\n" * 2_000, b"new\n" * 2_000


@contextlib.contextmanager
def full_disk(at_bytes: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, as on a disk that is full by then."""
    resource = pytest.importorskip("resource", reason="no limits of files on Windows")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (at_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def exported(folder: Path) -> Path:
    """Return an export of a sound ledger and a review beside it."""
    make_sound(folder / "here")
    Store(folder / "here" / REVIEW).close()
    ledger = Ledger(folder / "here" / LEDGER_FILE)
    export_state(ledger, folder / "state", now=T0)
    ledger.close()
    return folder / "state"


def tree(folder: Path) -> list[str]:
    """Return the names of all that is in a folder."""
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*"))


# -- state ------------------------------------------------------------------------------------------


def test_an_import_onto_a_full_disk_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    """At whichever file and size the disk is full: told as an error, and done again it succeeds."""
    state, there = exported(tmp_path), tmp_path / "there"
    there.mkdir()
    refused = 0
    for at_bytes in (0, 1, 100, 1_000, 4_096, 16_384, 20_000, 65_536, 100_000, 200_000):
        with full_disk(at_bytes), contextlib.suppress(TwolaneError):
            import_state(state, there / LEDGER_FILE)
            break
        refused += 1
        assert tree(there) == []
    assert refused
    if not (there / LEDGER_FILE).exists():
        import_state(state, there / LEDGER_FILE)
    ledger = Ledger(there / LEDGER_FILE)
    assert check(ledger) == []
    ledger.close()


def test_a_store_that_arrived_is_looked_at_again_where_the_disk_was_full(tmp_path: Path) -> None:
    """That it was found sound is written down, or it is not sound yet."""
    path = tmp_path / "vault.sqlite3"
    Store(path).close()
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute(f"PRAGMA application_id = {ARRIVED}")
    with full_disk(0), pytest.raises(VaultError, match="cannot be opened"):
        Store(path)
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA application_id").fetchone()[0] == ARRIVED
    Store(path).close()
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA application_id").fetchone()[0] == 0


def test_where_a_vault_lies_is_kept_whole_on_a_full_disk(tmp_path: Path) -> None:
    """Half a name would be another folder's."""
    state = tmp_path / "home" / "vaults" / "notes-0123456789ab"
    state.mkdir(parents=True)
    remember(state, tmp_path / "vault")
    with full_disk(3), pytest.raises(VaultError, match="cannot be written"):
        remember(state, tmp_path / "another")
    assert list(known_vaults(tmp_path / "home")) == [(tmp_path / "vault", state)]
    assert tree(state) == ["folder"]


_KILLED = """
import os, pathlib, sys
sys.path[:0] = [sys.argv[1]]
from twolane.ledger.transfer import import_state
left = int(sys.argv[4])
def at_a_step(event, arguments):
    global left
    if event in ("os.rename", "os.mkdir", "os.remove", "sqlite3.connect"):
        left -= 1
        if not left:
            os._exit(9)
sys.addaudithook(at_a_step)
import_state(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
"""


@pytest.mark.loopback
@pytest.mark.parametrize("step", [4, 9, 14, 19])
def test_an_import_that_is_killed_is_given_again(tmp_path: Path, step: int) -> None:
    """Whatever it has left, there is no ledger before all of it is there, and then it is whole."""
    state, path = exported(tmp_path), tmp_path / "there" / LEDGER_FILE
    ended = subprocess.run(  # noqa: S603  # this interpreter, and the text above
        [sys.executable, "-c", _KILLED, SOURCES, state, path, str(step)], check=False, timeout=60
    )
    assert ended.returncode in (0, 9)
    if not path.exists():
        import_state(state, path)
    ledger = Ledger(path)
    assert check(ledger) == []
    assert {run.imported for run in ledger.runs()} == {True}
    ledger.close()
    Store(tmp_path / "there" / REVIEW).close()


# -- vault ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at_bytes", [0, 10, 1_000, 5_000, 7_999, 8_000, 30_000, 60_000])
def test_a_disk_that_is_full_leaves_every_note_whole_and_undo_complete(
    tmp_path: Path, at_bytes: int
) -> None:
    """In a write and in its undo, wherever they stop: old or new, and nothing beside it."""
    root = write_notes(tmp_path / "vault", {"a.md": OLD})
    vault = open_vault(root, tmp_path / "state")
    with full_disk(at_bytes), contextlib.suppress(VaultError):
        vault.write("a.md", NEW, expected=bytes_hash(OLD), run="r1")
    assert (root / "a.md").read_bytes() in (OLD, NEW)
    assert tree(root) == ["a.md"]
    vault.close()
    vault = open_vault(root, tmp_path / "state")
    if vault.read("a.md") == OLD:
        vault.write("a.md", NEW, expected=bytes_hash(OLD), run="r1")
    with full_disk(at_bytes), contextlib.suppress(VaultError):
        vault.undo("r1")
    assert (root / "a.md").read_bytes() in (OLD, NEW)
    assert tree(root) == ["a.md"]
    vault.close()
    vault = open_vault(root, tmp_path / "state")
    assert vault.undo("r1")[0].ending in (Ending.RESTORED, Ending.ALREADY)
    assert vault.read("a.md") == OLD
    vault.close()


@pytest.mark.loopback
@pytest.mark.parametrize("step", ["create", "after create", "replace", "after replace"])
def test_a_process_killed_in_an_undo_leaves_a_whole_note(tmp_path: Path, step: str) -> None:
    """The next one removes what it left beside the note, and the undo is finished by repeating it."""
    root = write_notes(tmp_path / "vault", {"sub/a.md": OLD})
    vault = open_vault(root, tmp_path / "state")
    vault.write("sub/a.md", NEW, expected=bytes_hash(OLD), run="r1")
    vault.close()
    assert killed_at(step, 'vault.undo("r1")', root, tmp_path / "state") == 9
    assert (root / "sub" / "a.md").read_bytes() == (OLD if step == "after replace" else NEW)
    vault = open_vault(root, tmp_path / "state")
    assert vault.undo("r1")[0].restored
    assert tree(root) == ["sub", "sub/a.md"]
    assert vault.read("sub/a.md") == OLD
    vault.close()
