"""What was written into a vault, byte for byte, so that it can be taken out again.

Kept outside the vault in SQLite; an entry is durable before the note is touched.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notemill.errors import VaultError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCHEMA_VERSION = 1
INTENDED, DONE, DROPPED, UNDONE = "intended", "done", "dropped", "undone"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS writes (
  seq         INTEGER PRIMARY KEY,
  run         TEXT NOT NULL,
  key         TEXT NOT NULL,
  path        BLOB NOT NULL,       -- the path on disk, as bytes: names keep their form
  before      BLOB NOT NULL,       -- zlib
  before_hash TEXT NOT NULL,
  after_hash  TEXT NOT NULL,
  state       TEXT NOT NULL,
  at          REAL NOT NULL
)"""


@dataclass(frozen=True, slots=True)
class Write:
    """One write to one note."""

    seq: int
    run: str
    key: str
    path: str
    before: bytes
    before_hash: str
    after_hash: str
    state: str


class Journal:
    """The writes to one vault, oldest first."""

    def __init__(self, path: Path) -> None:
        """Open or create the journal at `path`. Raises VaultError where it cannot be used."""
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version > SCHEMA_VERSION:
                message = f"the journal {path} was written by a newer version; install that one"
                raise VaultError(message)
            self._db.execute(_SCHEMA)
            self._db.execute("CREATE INDEX IF NOT EXISTS writes_key ON writes (key, state)")
            self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        except (OSError, sqlite3.Error) as error:
            raise _unusable(path, error) from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextlib.contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _unusable(self.path, error) from error

    def intend(
        self, *, run: str, key: str, path: str, before: bytes, hashes: tuple[str, str], at: float
    ) -> int:
        """Record a write before it happens; `hashes` are those before and after it."""
        with self._faults():
            cursor = self._db.execute(
                "INSERT INTO writes (run, key, path, before, before_hash, after_hash, state, at)"
                " VALUES (?,?,?,?,?,?,?,?)",
                (run, key, os.fsencode(path), zlib.compress(before), *hashes, INTENDED, at),
            )
        return int(cursor.lastrowid or 0)

    def mark(self, seq: int, state: str) -> None:
        """Write down what became of a write."""
        with self._faults():
            self._db.execute("UPDATE writes SET state = ? WHERE seq = ?", (state, seq))

    def writes(self, *, run: str | None = None, state: str) -> list[Write]:
        """Return the writes in a state, of one run or of all, newest first."""
        with self._faults():
            rows = self._db.execute(
                "SELECT seq, run, key, path, before, before_hash, after_hash, state FROM writes"
                " WHERE run = coalesce(?, run) AND state = ? ORDER BY seq DESC",
                (run, state),
            )
            return [
                Write(seq, by, key, os.fsdecode(path), zlib.decompress(before), *rest)
                for seq, by, key, path, before, *rest in rows
            ]


def _unusable(path: Path, error: Exception) -> VaultError:
    return VaultError(
        f"the journal {path} cannot be used ({error}); no note was changed. Check rights and free "
        "space"
    )
