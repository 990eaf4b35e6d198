"""The file under the ledger: private, guarded, and clear about what is wrong with it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from tests.twolane.ledger.test_ledger_machine import new_items, new_run
from twolane.errors import LedgerError, LedgerFullError, TooManyFilesError
from twolane.ledger import Ledger
from twolane.ledger.store import APPLICATION_ID, SCHEMA_VERSION

if TYPE_CHECKING:
    from pathlib import Path


def test_the_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    """A ledger holds prompts: neither it nor its log may be read by others."""
    previous = os.umask(0)
    try:
        ledger = Ledger(tmp_path / "home" / "ledger.sqlite3")
        ledger.create_run(new_run(), new_items(), 1.0)
        modes = {
            path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "home").iterdir()
        }
        ledger.close()
    finally:
        os.umask(previous)
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700
    assert set(modes.values()) == {0o600}, modes


def test_a_commit_survives_power_loss_by_its_settings(tmp_path: Path) -> None:
    """The journal is a write-ahead log that is flushed at every commit."""
    ledger = Ledger(tmp_path / "ledger.sqlite3")
    db = ledger.store.db
    assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert db.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert db.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION
    assert db.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    ledger.close()


def test_a_damaged_file_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    """Bytes that are no database are refused with a way out, and not touched."""
    path = tmp_path / "ledger.sqlite3"
    path.write_bytes(b"these are not the bytes of a database, but quite a few of them" * 50)
    before = path.read_bytes()
    with pytest.raises(LedgerError, match=r"damaged .*nothing was changed") as caught:
        Ledger(path)
    assert caught.value.exit_code == 7
    assert path.read_bytes() == before


def test_damage_met_while_reading_is_a_ledger_error(tmp_path: Path) -> None:
    """A page that is broken inside a file that opens is told like any other damage."""
    path = tmp_path / "ledger.sqlite3"
    ledger = Ledger(path)
    ledger.create_run(new_run(total=5_000), new_items(5_000), 1.0)
    ledger.store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ledger.close()
    data = bytearray(path.read_bytes())
    half = len(data) // 2
    data[half:] = b"\xff" * (len(data) - half)
    path.write_bytes(data)
    ledger = Ledger(path)
    run = ledger.runs()[0]
    with pytest.raises(LedgerError, match="damaged"):
        list(ledger.items(run))
    ledger.close()


def test_a_foreign_database_is_refused(tmp_path: Path) -> None:
    """An SQLite file of something else is never written into."""
    path = tmp_path / "ledger.sqlite3"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE mine (a)")
    db.commit()
    db.close()
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="not a twolane ledger"):
        Ledger(path)
    assert path.read_bytes() == before


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    """A ledger of a later version is not read by guesswork."""
    path = tmp_path / "ledger.sqlite3"
    Ledger(path).close()
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    db.close()
    with pytest.raises(LedgerError, match=r"newer version \(format"):
        Ledger(path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """Where the home is no folder the error says which file and which setting."""
    (tmp_path / "home").write_text("a file")
    with pytest.raises(LedgerError, match="TWOLANE_HOME"):
        Ledger(tmp_path / "home" / "ledger.sqlite3")
    (tmp_path / "ledger.sqlite3").mkdir()
    with pytest.raises(LedgerError, match="cannot be opened for writing"):
        Ledger(tmp_path / "ledger.sqlite3")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)
def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    """Without rights to write the error says so and names the folder's setting."""
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o500)
    try:
        with pytest.raises(LedgerError, match="cannot be opened for writing"):
            Ledger(home / "ledger.sqlite3")
    finally:
        home.chmod(0o700)


def test_a_ledger_turned_read_only_tells_so(tmp_path: Path) -> None:
    """A write that SQLite refuses as read-only is a LedgerError with what to do."""
    ledger = Ledger(tmp_path / "ledger.sqlite3")
    ledger.store.db.execute("PRAGMA query_only = ON")
    with pytest.raises(
        LedgerError, match=r"is read-only .*; give it and its folder rights to write"
    ):
        ledger.create_run(new_run(), new_items(), 1.0)
    ledger.close()


def test_a_full_disk_is_told_and_changes_nothing(tmp_path: Path) -> None:
    """When SQLite finds no more room the transaction is undone and the error is its own class."""
    ledger = Ledger(tmp_path / "ledger.sqlite3")
    pages = ledger.store.db.execute("PRAGMA page_count").fetchone()[0]
    ledger.store.db.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(LedgerFullError, match="no space left on its disk") as caught:
        ledger.create_run(new_run(total=5_000), new_items(5_000), 1.0)
    assert caught.value.exit_code == 7
    assert ledger.runs() == []
    ledger.store.db.execute("PRAGMA max_page_count = 1000000")
    assert ledger.create_run(new_run(total=5_000), new_items(5_000), 1.0).total == 5_000
    ledger.close()


def test_a_row_that_is_there_already_is_no_matter_of_space(tmp_path: Path) -> None:
    """What SQLite refuses as a second row of its kind is called that, and nothing is written."""
    ledger = Ledger(tmp_path / "ledger.sqlite3")
    ledger.create_run(new_run(), new_items(), 1.0)
    with pytest.raises(LedgerError, match=r"UNIQUE constraint failed: runs\.id") as caught:
        ledger.create_run(new_run(), new_items(), 1.0)
    assert "space" not in str(caught.value)
    assert len(ledger.runs()) == 1
    ledger.close()


@pytest.mark.skipif(sys.platform == "win32", reason="limits are POSIX's")
def test_too_many_open_files_are_named_as_such(tmp_path: Path) -> None:
    """A ledger that cannot be opened for want of a descriptor is not one without rights."""
    import resource  # noqa: PLC0415  # absent on Windows

    path = tmp_path / "ledger.sqlite3"
    Ledger(path).close()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held: list[int] = []
    try:
        with contextlib.suppress(OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
            while True:
                held.append(os.open(os.devnull, os.O_RDONLY))
        with pytest.raises(TooManyFilesError, match="files are open") as caught:
            Ledger(path)
        for _ in range(2):  # the file's own look passes, and SQLite's log has none left
            os.close(held.pop())
            with contextlib.suppress(TooManyFilesError):
                Ledger(path).close()
    finally:
        for one in held:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert caught.value.exit_code == 2
    Ledger(path).close()


def test_processes_that_begin_at_once_share_one_new_ledger(tmp_path: Path) -> None:
    """Whoever opens a ledger that is just being created waits and finds it whole."""
    path = tmp_path / "ledger.sqlite3"
    faults: list[BaseException] = []
    ready = threading.Barrier(8)

    def open_one(number: int) -> None:
        try:
            ready.wait()
            ledger = Ledger(path)
            ledger.create_run(new_run(f"run-{number}"), new_items(), 1.0)
            ledger.close()
        except BaseException as error:  # noqa: BLE001  # whatever it is fails the test
            faults.append(error)

    threads = [threading.Thread(target=open_one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    ledger = Ledger(path)
    assert len(ledger.runs()) == 8
    ledger.close()
