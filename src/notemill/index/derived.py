"""The file of all that is derived from a vault's notes: facts, contents and vectors.

It is made afresh where it is absent, damaged, of another format, or from another computer: its loss
costs time only.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from notemill.errors import VaultError
from twolane import TwolaneError, private
from twolane.databases import ARRIVED, guard

FORMAT: Final = 1
"""Kept in the file's header. Raise it whenever what is kept would come out otherwise: with another
parser, another cleaning, other terms, other columns."""
_SCHEMA: Final = """
CREATE TABLE notes (key TEXT PRIMARY KEY, facts TEXT);
CREATE TABLE contents (hash TEXT PRIMARY KEY, about TEXT, terms TEXT);
CREATE TABLE surfaces (language TEXT, term TEXT, word TEXT, PRIMARY KEY (language, term))
  WITHOUT ROWID;
CREATE TABLE vectors (key TEXT, model TEXT, vector BLOB, PRIMARY KEY (key, model)) WITHOUT ROWID;
"""
# What is wrong with the disk, its rights or another process, and not with the file.
_OUTSIDE: Final = frozenset(
    (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
     sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY)
)  # fmt: skip
_PRIMARY: Final = 0xFF  # https://sqlite.org/rescode.html: the rest says more of the same

Watch = Callable[[], AbstractContextManager[Callable[[int], None]]]
"""Opened while notes are read; what it gives is told how many more are."""


@contextmanager
def unseen() -> Iterator[Callable[[int], None]]:
    """Watch nothing."""
    yield lambda _: None


class Derived:
    """An open connection to the file; nothing waits for the disk on its behalf."""

    def __init__(self, path: Path) -> None:
        """Open the file at `path`. Raises VaultError where the disk takes no file."""
        self._path = path
        try:
            with self._faults():
                self.db = self._opened()
        except sqlite3.DatabaseError:
            self.start_afresh()

    def _opened(self) -> sqlite3.Connection:
        private.database(self._path)
        db = sqlite3.connect(self._path, timeout=30)
        try:
            guard(db)
            if db.execute("PRAGMA application_id").fetchone()[0] == ARRIVED:
                # What others have derived of their notes says nothing of these.
                raise sqlite3.DatabaseError("it was imported")
            db.execute("PRAGMA synchronous = OFF")
            if _format_of(db) != FORMAT:
                _make_tables(db)
        except sqlite3.Error:
            db.close()
            raise
        return db

    def start_afresh(self) -> None:
        """Replace the file with an empty one: it is made again from the notes."""
        if hasattr(self, "db"):
            self.db.close()
        for suffix in ("", "-journal"):
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)
        with self._faults():
            self.db = self._opened()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Write in one transaction. Raises VaultError where the disk takes nothing more."""
        with self._faults(), self.db as db:
            yield db

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Tell what is wrong outside the file; a damaged one is its caller's to make afresh."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & _PRIMARY not in _OUTSIDE:
                raise
            raise self._unusable(error) from error
        except (OSError, TwolaneError) as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> VaultError:
        return VaultError(
            f"the index {self._path} cannot be written ({error}); free space or check "
            "permissions, and run the command again"
        )

    def close(self) -> None:
        """Close the file."""
        self.db.close()


def _format_of(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _make_tables(db: sqlite3.Connection) -> None:
    """Fill an empty file. Raises DatabaseError where it holds another format."""
    db.execute("BEGIN IMMEDIATE")
    with db:
        # Another process may have been quicker.
        if (found := _format_of(db)) == FORMAT:
            return
        if found or db.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise sqlite3.DatabaseError(f"its format is {found}")
        for statement in _SCHEMA.split(";\n"):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {FORMAT}")
