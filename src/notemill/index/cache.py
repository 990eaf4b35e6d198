"""A file of derived rows: made afresh where it is absent, damaged or of another format."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from notemill.errors import VaultError
from twolane import TwolaneError, private
from twolane.databases import ARRIVED, guard

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


class Cache:
    """An SQLite file whose loss costs time only; nothing waits for the disk on its behalf."""

    def __init__(self, path: Path, *create: str) -> None:
        """Open the file at `path`; `create` are the statements that make absent tables.

        Raises VaultError where the disk takes no file.
        """
        self._path = path
        self._create = create
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
            for statement in self._create:
                db.execute(statement)
        except sqlite3.Error:
            db.close()
            raise
        return db

    def start_afresh(self) -> None:
        """Put an empty file in a damaged one's place: it is made again from the notes."""
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
            f"the index {self._path} cannot be written ({error}); free space or check rights, "
            "and run the command again"
        )

    def close(self) -> None:
        """Close the file."""
        self.db.close()
