"""What was written into a vault, byte for byte, so that it can be taken out again.

Kept outside the vault in SQLite; a write is durable here before the note is touched. A write is
`intended`, then `done`; `undoing`, then `undone`. One that never reached the note is removed. One
that a crash left open and whose note is now something else is `unclear`: it is reported, and its
bytes are kept.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from notemill.errors import JournalError, WriteFailedError
from notemill.vault.disk import MAX_NOTE_BYTES
from notemill.vault.note import bytes_hash
from twolane import TwolaneError, private
from twolane.databases import guard, inflate, schema_problem, value_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from twolane.databases import Readers

SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS writes (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  run         TEXT NOT NULL,
  key         TEXT NOT NULL,
  path        BLOB NOT NULL,       -- in the vault, as the folder lists it: names keep their form
  temporary   BLOB NOT NULL,       -- the file beside it that a crash may leave
  before      BLOB NOT NULL,       -- zlib
  before_hash TEXT NOT NULL,
  after_hash  TEXT NOT NULL,
  state       TEXT NOT NULL,
  at_s        REAL NOT NULL        -- since the epoch
);
CREATE INDEX IF NOT EXISTS writes_key ON writes (key, seq);
CREATE INDEX IF NOT EXISTS writes_run ON writes (run, seq);
CREATE INDEX IF NOT EXISTS writes_open ON writes (seq) WHERE state IN ('intended', 'undoing');
"""
_COLUMNS = "seq, run, key, path, temporary, before_hash, after_hash, state, at_s"
_BUSY_S = 30.0
_LATEST_S = 1e11  # the year 5138
_RETRY_S = 0.02


class State(StrEnum):
    """Where a write stands."""

    INTENDED = "intended"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Intent:
    """A write about to happen; `path` and `temporary` lie in the vault, as the folder lists them."""

    run: str
    key: str
    path: str
    temporary: str
    before: bytes
    before_hash: str
    after_hash: str
    at_s: float


@dataclass(frozen=True, slots=True)
class Write:
    """One write to one note, as it stands; its old bytes are read with `Journal.before`."""

    seq: int
    run: str
    key: str
    path: str
    temporary: str
    before_hash: str
    after_hash: str
    state: State
    at_s: float


@dataclass(frozen=True, slots=True)
class WrittenRun:
    """What a run wrote: how many notes, how many of them are undone, from when to when."""

    run: str
    notes: int
    undone: int
    first_at_s: float
    last_at_s: float


class Journal:
    """The writes to one vault."""

    def __init__(self, path: Path) -> None:
        """Open or create the journal at `path`. Raises JournalError where it cannot be used."""
        self.path = path
        self._lock = threading.RLock()
        try:
            private.database(path)
            self._db = sqlite3.connect(
                path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
            )
            self._prepare()
        except (OSError, sqlite3.Error, TwolaneError) as error:
            raise _unusable(path, error) from error

    def _prepare(self) -> None:
        write_ahead(self._db)
        guard(self._db)
        self._db.execute("PRAGMA synchronous = FULL")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            self._db.close()
            message = f"the journal {self.path} was written by a newer version; install that one"
            raise JournalError(message)
        if version < SCHEMA_VERSION:
            self._db.executescript(
                f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
            )
        if why := schema_problem(self._db, _SCHEMA) or value_problem(self._db, _READERS):
            self._db.close()
            raise _unusable(self.path, why)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    yield self._db
                    self._db.execute("COMMIT")
                except BaseException:
                    if self._db.in_transaction:
                        self._db.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise _unusable(self.path, error) from error

    def _writes(self, rows: Iterable[Sequence[Any]]) -> list[Write]:
        try:
            return [_write(row) for row in rows]
        except (ValueError, TypeError) as error:
            raise _unusable(self.path, error) from error

    def _rows(self, statement: str, *values: object) -> list[Any]:
        with self._lock:
            try:
                return self._db.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                raise _unusable(self.path, error) from error

    def intend(self, intent: Intent) -> int:
        """Record a write before it happens and return its number; durable on return."""
        with self._transaction() as db:
            cursor = db.execute(
                "INSERT INTO writes (run, key, path, temporary, before, before_hash, after_hash,"
                " state, at_s) VALUES (?,?,?,?,?,?,?,'intended',?)",
                (
                    intent.run,
                    intent.key,
                    os.fsencode(intent.path),
                    os.fsencode(intent.temporary),
                    zlib.compress(intent.before, 1),
                    intent.before_hash,
                    intent.after_hash,
                    intent.at_s,
                ),
            )
        return int(cursor.lastrowid or 0)

    def mark(self, seqs: Iterable[int], state: State, *, temporary: str = "") -> None:
        """Write down where writes stand, all in one commit."""
        values = [(state, os.fsencode(temporary), seq) for seq in seqs]
        with self._transaction() as db:
            db.executemany("UPDATE writes SET state = ?, temporary = ? WHERE seq = ?", values)

    def remove(self, seq: int) -> None:
        """Forget a write that never reached its note."""
        with self._transaction() as db:
            db.execute("DELETE FROM writes WHERE seq = ?", (seq,))

    def open_writes(self) -> list[Write]:
        """Return what a crash left open, oldest first."""
        rows = self._rows(
            f"SELECT {_COLUMNS} FROM writes WHERE state IN ('intended', 'undoing') ORDER BY seq"  # noqa: S608
        )
        return self._writes(rows)

    def of_run(self, run: str) -> list[Write]:
        """Return a run's writes, newest first."""
        rows = self._rows(
            f"SELECT {_COLUMNS} FROM writes WHERE run = ? ORDER BY seq DESC",  # noqa: S608
            run,
        )
        return self._writes(rows)

    def standing(self, key: str, since: int) -> list[Write]:
        """Return the writes to a note from number `since` on that are not undone, newest first."""
        rows = self._rows(
            f"SELECT {_COLUMNS} FROM writes WHERE key = ? AND seq >= ? AND state != 'undone'"  # noqa: S608
            " ORDER BY seq DESC",
            key,
            since,
        )
        return self._writes(rows)

    def before(self, write: Write) -> bytes:
        """Return the bytes that a write replaced.

        Raises WriteFailedError where they are not what was kept: then nothing is restored.
        """
        rows = self._rows("SELECT before FROM writes WHERE seq = ?", write.seq)
        try:
            before = inflate(rows[0][0], most_bytes=MAX_NOTE_BYTES)
            if bytes_hash(before) == write.before_hash:
                return before
            why = "it is another text"
        except (IndexError, TypeError, zlib.error) as error:
            why = str(error)
        raise WriteFailedError(
            f"what {write.key} was before is damaged in the journal ({why}); the note stays as it is"
        )

    def forget(self, run: str) -> None:
        """Delete what a run wrote, from the disk as well: it cannot be undone any more.

        Raises JournalError where a crash has left a write of it open.
        """
        if any(one.run == run for one in self.open_writes()):
            message = (
                f"run {run} was stopped while it wrote a note; settle that with `notemill apply "
                f"{run}` or `notemill undo {run}`, and forget it then"
            )
            raise JournalError(message)
        self._rows("PRAGMA secure_delete = ON")
        with self._transaction() as db:
            db.execute("DELETE FROM writes WHERE run = ?", (run,))
        self._rows("VACUUM")
        self._rows("PRAGMA wal_checkpoint(TRUNCATE)")

    def runs(self) -> list[WrittenRun]:
        """Return the runs that wrote something, newest first."""
        rows = self._rows(
            "SELECT run, count(DISTINCT key), count(DISTINCT key) - count(DISTINCT CASE WHEN"
            " state != 'undone' THEN key END), min(at_s), max(at_s) FROM writes"
            " GROUP BY run ORDER BY max(seq) DESC"
        )
        try:
            return [
                WrittenRun(_text(run), notes, undone, moment(first), moment(last))
                for run, notes, undone, first, last in rows
            ]
        except (ValueError, TypeError) as error:
            raise _unusable(self.path, error) from error


def write_ahead(
    db: sqlite3.Connection,
    *,
    clock: Callable[[], float] = time.monotonic,
    wait: Callable[[float], None] = time.sleep,
) -> None:
    """Switch a file to write-ahead logging, waiting for a process that does the same.

    SQLite itself does not wait where both have begun. Raises sqlite3.OperationalError where the
    other is not done after half a minute.
    """
    give_up_at = clock() + _BUSY_S
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or clock() >= give_up_at:
                raise
            wait(_RETRY_S)
        else:
            return


def moment(value: float) -> float:
    """Return a time in seconds since the epoch, as one of our files keeps it. Raises ValueError."""
    if not 0 <= value < _LATEST_S:
        message = f"a time of {value}"
        raise ValueError(message)
    return value


_READERS: Final[Readers] = {"writes.state": State, "writes.at_s": moment}


def _write(row: Sequence[Any]) -> Write:
    seq, run, key, path, temporary, before_hash, after_hash, state, at_s = row
    return Write(
        seq,
        _text(run),
        _text(key),
        os.fsdecode(path),
        os.fsdecode(temporary),
        _text(before_hash),
        _text(after_hash),
        State(state),
        moment(at_s),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        message = f"{type(value).__name__} in place of a text"
        raise TypeError(message)
    return value


def _unusable(path: Path, error: object) -> JournalError:
    return JournalError(
        f"the journal {path} cannot be used ({error}), and without it nothing is written; check "
        "rights and free space"
    )
