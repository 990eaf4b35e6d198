"""The file of the data derived from a vault's notes: facts, contents, vectors, a lesson, a layout.

It is recreated if it is absent, damaged, of another format, or from another computer: losing it
only costs time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from notemill.errors import StoreError
from twolane import TwolaneError, private
from twolane.databases import ARRIVED, file_number, guard

FORMAT: Final = 5
"""In the file's header; raise it when the parser, the cleaning, the terms or the columns change."""
_SCHEMA: Final = """
CREATE TABLE notes (key TEXT PRIMARY KEY, facts TEXT);
CREATE TABLE contents (hash TEXT PRIMARY KEY, about TEXT, terms TEXT);
CREATE TABLE surfaces (language TEXT, term TEXT, word TEXT, PRIMARY KEY (language, term))
  WITHOUT ROWID;
CREATE TABLE vectors (key TEXT, model TEXT, vector BLOB, PRIMARY KEY (key, model)) WITHOUT ROWID;
"""
# Came later: a file without it gets it as it is, where another FORMAT would lose the rest.
_ADDED: Final = (
    "CREATE TABLE IF NOT EXISTS lessons (weights TEXT PRIMARY KEY, lesson TEXT) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS layout (graph TEXT PRIMARY KEY, places TEXT) WITHOUT ROWID",
)
# Errors of the disk, its permissions or another process, not of the file.
_OUTSIDE: Final = frozenset(
    (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
     sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY)
)  # fmt: skip
_PRIMARY: Final = 0xFF  # https://sqlite.org/rescode.html: the other bits are details

Watch = Callable[[], AbstractContextManager[Callable[[int], None]]]
"""A context around the reading of notes; its value is called with the number of notes just read."""


@contextmanager
def unseen() -> Iterator[Callable[[int], None]]:
    """Watch nothing."""
    yield lambda _: None


class Derived:
    """An open connection to the file; commits do not wait for the disk."""

    def __init__(self, path: Path) -> None:
        """Open the file at `path`. Raises StoreError if it cannot be created."""
        self._path = path
        self._open()

    def _open(self) -> None:
        try:
            with self._faults():
                self.db = self._opened()
        except sqlite3.DatabaseError:
            self.start_afresh()

    def _opened(self) -> sqlite3.Connection:
        private.database(self._path)
        self._file = file_number(self._path)
        db = sqlite3.connect(self._path, timeout=30)
        try:
            guard(db)
            if db.execute("PRAGMA application_id").fetchone()[0] == ARRIVED:
                # Data that others derived from their notes does not apply to these.
                raise sqlite3.DatabaseError("it was imported")
            db.execute("PRAGMA synchronous = OFF")
            if _format_of(db) != FORMAT:
                _make_tables(db)
            for statement in _ADDED:
                db.execute(statement)
        except sqlite3.Error:
            db.close()
            raise
        return db

    def check(self) -> None:
        """Open what stands in the file's place if somebody has deleted or replaced it."""
        if file_number(self._path) != self._file:
            self.db.close()
            self._open()

    def start_afresh(self) -> None:
        """Replace the file with an empty one, to be rebuilt from the notes."""
        if hasattr(self, "db"):
            self.db.close()
        for suffix in ("", "-journal"):
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)
        with self._faults():
            self.db = self._opened()

    def version(self) -> object:
        """Return a value that equals an earlier one only if nobody has written meanwhile."""
        others = self.db.execute("PRAGMA data_version").fetchone()[0]
        return self.db, others, self.db.total_changes

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Write in one transaction. Raises StoreError if the disk is full."""
        with self._faults(), self.db as db:
            yield db

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Raise StoreError for errors outside the file; the caller recreates a damaged file."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & _PRIMARY not in _OUTSIDE:
                raise
            raise self._unusable(error) from error
        except (OSError, TwolaneError) as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> StoreError:
        return StoreError(
            f"the index {self._path} cannot be written ({error}); free space or check "
            "permissions, and run the command again"
        )

    def close(self) -> None:
        """Close the file."""
        self.db.close()


def _format_of(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _make_tables(db: sqlite3.Connection) -> None:
    """Create the tables in an empty file. Raises DatabaseError if it has another format."""
    db.execute("BEGIN IMMEDIATE")
    with db:
        # Another process may have been faster.
        if (found := _format_of(db)) == FORMAT:
            return
        if found or db.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise sqlite3.DatabaseError(f"its format is {found}")
        for statement in _SCHEMA.split(";\n"):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {FORMAT}")
