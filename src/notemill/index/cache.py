"""A file of derived rows: made afresh where it is absent, damaged or of another format."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

Watch = Callable[[], AbstractContextManager[Callable[[int], None]]]
"""Opened while notes are read; what it gives is told how many more are."""


@contextmanager
def unseen() -> Iterator[Callable[[int], None]]:
    """Watch nothing."""
    yield lambda _: None


class Cache:
    """An SQLite file whose loss costs time only; nothing waits for the disk on its behalf."""

    def __init__(self, path: Path, *create: str) -> None:
        """Open the file at `path`; `create` are the statements that make absent tables."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = path
        self._create = create
        try:
            self.db = self._opened()
        except sqlite3.DatabaseError:
            self.start_afresh()

    def _opened(self) -> sqlite3.Connection:
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        db = sqlite3.connect(self._path, timeout=30)
        try:
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
        self.db = self._opened()

    def close(self) -> None:
        """Close the file."""
        self.db.close()
