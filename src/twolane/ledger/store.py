"""The SQLite file under the ledger: opened, migrated, guarded; one transaction at a time."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import time
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, Self

from twolane import private
from twolane.databases import guard
from twolane.errors import (
    LedgerDamagedError,
    LedgerError,
    LedgerFullError,
    LedgerOutdatedError,
    TooManyFilesError,
    TwolaneError,
)
from twolane.ledger.migrations import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

SCHEMA_VERSION = 3
APPLICATION_ID = 0x326C616E  # "2lan": tells a ledger from any other SQLite file
BUSY_TIMEOUT_S = 30.0
WAL_RETRY_S = 0.01
PAGE_BYTES = 16_384
CANNOT_OPEN = "unable to open"
SIGNS_OF_DAMAGE = (
    "malformed",
    "not a database",
    "unsupported file format",
    "no such table",
    "no such column",
    "duplicate column",
    "already exists",
    "integer overflow",
    "too big",
)


# What a fault means, by SQLite's primary result code: https://www.sqlite.org/rescode.html
_PRIMARY = 0xFF
_BUSY = f"is busy for over {BUSY_TIMEOUT_S:.0f} s; try again"
_BY_CODE: Final[Mapping[int, str]] = {
    sqlite3.SQLITE_FULL: "has no space left on its disk; free some and run the same command again",
    sqlite3.SQLITE_READONLY: "is read-only ({text}); give it and its folder rights to write",
    sqlite3.SQLITE_PERM: "may not be used ({text}); give it and its folder rights to write",
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_CANTOPEN: (
        "cannot be read ({text}): give its folder rights to write, or copy it with its -wal to a "
        "folder that has them, and name that with --home"
    ),
    sqlite3.SQLITE_IOERR: (
        "cannot be read or written ({text}): check its disk, and whether it is still there, then "
        "run the same command again"
    ),
    sqlite3.SQLITE_NOMEM: "needs more memory than there is; close other programs",
    sqlite3.SQLITE_CONSTRAINT: (
        "has a row already where a new one would stand ({text}); nothing was written. Run the same "
        "command again, and report it if it stays"
    ),
}

# Python cannot even tell SQLite's message where it names what was damaged.
_FAULTS = (sqlite3.Error, UnicodeDecodeError)


class _Connection(sqlite3.Connection):
    """A connection whose every fault is a LedgerError, wherever rows are read or written."""

    path: Path

    def execute(self, sql: str, parameters: Any = (), /) -> _Cursor:  # noqa: ANN401
        return self.cursor(_Cursor).execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> _Cursor:
        return self.cursor(_Cursor).executemany(sql, parameters)


class _Cursor(sqlite3.Cursor):
    connection: _Connection

    def execute(self, sql: str, parameters: Any = (), /) -> Self:  # noqa: ANN401
        try:
            return super().execute(sql, parameters)
        except _FAULTS as error:
            raise _translated(error, self.connection.path) from error

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Self:
        try:
            return super().executemany(sql, parameters)
        except _FAULTS as error:
            raise _translated(error, self.connection.path) from error

    def fetchone(self) -> Any:  # noqa: ANN401
        try:
            return super().fetchone()
        except _FAULTS as error:
            raise _translated(error, self.connection.path) from error

    def fetchall(self) -> list[Any]:
        try:
            return super().fetchall()
        except _FAULTS as error:
            raise _translated(error, self.connection.path) from error

    def __next__(self) -> Any:  # noqa: ANN401
        try:
            return super().__next__()
        except _FAULTS as error:
            raise _translated(error, self.connection.path) from error


class Store:
    """One connection to a ledger file. Used from one thread at a time."""

    def __init__(self, path: Path, *, read_only: bool = False, rehearsal: bool = False) -> None:
        """Open or create the ledger at `path`; `read_only` neither creates nor changes anything.

        Nor does a `rehearsal`, which uses an empty one in memory if there is none. Raises
        LedgerError if the file is not a ledger, is damaged, was emptied or removed, cannot be
        written or was made by a newer version, and if its folder is not private.
        """
        self.path = path
        # Looked for before the file is: another process may be creating both, the file first.
        lived = marker_of(path).exists()
        if path.is_dir():
            message = (
                f"the ledger {path} cannot be opened for writing: it is a folder; move it away"
            )
            raise LedgerError(message)
        with _making(path):
            private.state_folder(path.parent, create=not (read_only or rehearsal))
        size_bytes = path.stat().st_size if path.exists() else 0
        if lived and not size_bytes:
            raise _gone(path)
        if rehearsal and not path.exists():
            self.db = self._connected(":memory:")
            self._prepare(lived=False)
            return
        if read_only or rehearsal:
            self.db = self._reading()
            return
        with _making(path):
            private.database(path)
        self.db = self._connected(str(path))
        try:
            self._prepare(lived=lived)
        except TwolaneError:
            self.db.close()
            raise
        if not lived:
            _leave_marker(path)

    def _connected(self, name: str, *, uri: bool = False) -> _Connection:
        db = sqlite3.connect(
            name,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
            factory=_Connection,
            uri=uri,
        )
        db.path = self.path
        guard(db)
        return db

    def _reading(self) -> _Connection:
        """Return a connection that cannot write, also on a medium that cannot be written."""
        if not self.path.exists():
            message = f"there is no ledger at {self.path}; name its folder with --home"
            raise LedgerError(message)
        # SQLite keeps a file for its readers beside one with a log. Where that cannot be made,
        # nobody else can have made the log either: without one the file stands still.
        log = self.path.with_name(self.path.name + "-wal")
        logged = log.exists() and log.stat().st_size > 0
        modes = ("mode=ro",) if logged else ("mode=ro", "mode=ro&immutable=1")
        for mode in modes:
            db = self._connected(f"{self.path.absolute().as_uri()}?{mode}", uri=True)
            try:
                self._check_format(db)
            except LedgerError as error:
                db.close()
                if mode == modes[-1] or CANNOT_OPEN not in str(error):
                    raise
            else:
                return db
        raise AssertionError(modes)

    def _check_format(self, db: _Connection) -> None:
        """See that a file is a ledger of this format. Raises LedgerError."""
        version = self._version(db)
        if version < SCHEMA_VERSION:
            message = (
                f"the ledger {self.path} has the older format {version}; `twolane runs` brings it "
                f"up to format {SCHEMA_VERSION}, then run the command again"
            )
            raise LedgerOutdatedError(message) if version else _gone(self.path)

    def _version(self, db: _Connection) -> int:
        """Return the file's format, 0 for an empty one. Raises LedgerError for a foreign file."""
        # In this order: another process may be creating the ledger between any two of these.
        empty = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        application = int(db.execute("PRAGMA application_id").fetchone()[0])
        version = int(db.execute("PRAGMA user_version").fetchone()[0])
        if not empty and application != APPLICATION_ID:
            message = f"{self.path} is an SQLite file, but not a twolane ledger; move it away"
            raise LedgerError(message)
        if version > SCHEMA_VERSION:
            message = (
                f"the ledger {self.path} was written by a newer version (format {version}, this "
                f"one reads {SCHEMA_VERSION}); install the newer version"
            )
            raise LedgerError(message)
        if version < 0 or (version == 0 and not empty):
            raise _damaged(self.path, f"its header claims format {version}")
        return 0 if empty else version

    def _prepare(self, *, lived: bool) -> None:
        version = self._version(self.db)
        if lived and version == 0:
            raise _gone(self.path)
        if version == 0:
            # A request and its answer are some kilobytes: fewer, larger pages take less work.
            self.db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        self._to_wal()
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.execute("PRAGMA foreign_keys = OFF")  # held by the code; checking costs per row
        if version < SCHEMA_VERSION:
            with self.transaction():
                # Another process may have been first while this one waited for the lock.
                version = int(self.db.execute("PRAGMA user_version").fetchone()[0])
                if version == 0:
                    self._create()
                else:
                    self._migrate(version)

    def _to_wal(self) -> None:
        """Switch to WAL, waiting for a process that does the same: SQLite does not wait here."""
        give_up_at = time.monotonic() + BUSY_TIMEOUT_S
        while True:
            try:
                self.db.execute("PRAGMA journal_mode = WAL")
            except LedgerError as error:
                if "locked" not in str(error.__cause__) or time.monotonic() >= give_up_at:
                    raise
                time.sleep(WAL_RETRY_S)
            else:
                return

    def _create(self) -> None:
        for statement in _statements(schema()):
            self.db.execute(statement)
        self.db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        self.db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _migrate(self, version: int) -> None:
        for step in range(version, SCHEMA_VERSION):
            for statement in _statements(MIGRATIONS[step]):
                self.db.execute(statement)
        self.db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run a block as one write transaction: all of it is durable afterwards, or none.

        Raises LedgerFullError if the disk is full, LedgerError for any other fault.
        """
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield self.db
            self.commit()
        except BaseException:
            self._rollback()
            raise

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read one consistent snapshot inside the block, whatever other processes write."""
        self.db.execute("BEGIN")
        try:
            yield
        finally:
            self._rollback()

    def commit(self) -> None:
        """Make the open transaction durable: the one place that commits."""
        self.db.execute("COMMIT")

    def _rollback(self) -> None:
        if self.db.in_transaction:
            with contextlib.suppress(LedgerError):
                self.db.execute("ROLLBACK")

    def close(self) -> None:
        """Close the connection."""
        self.db.close()


def schema() -> str:
    """Return the statements that create a ledger of this version."""
    return resources.files("twolane.ledger").joinpath("schema.sql").read_text("utf-8")


def _statements(script: str) -> Iterator[str]:
    """Split a script at its semicolons, as sqlite itself understands them."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def marker_of(path: Path) -> Path:
    """Return the path of the small file that marks that a ledger was created at `path`.

    Without it an emptied ledger, or one whose log was deleted before its first contents reached the
    file, would look like a new one, and its runs would be paid for again.
    """
    return path.with_name(path.name + ".made")


def _leave_marker(path: Path) -> None:
    # Where it cannot be written now, the next opening writes it.
    with contextlib.suppress(OSError):
        private.write(
            marker_of(path), b"A ledger was made beside this file. Delete both to begin anew.\n"
        )


@contextlib.contextmanager
def _making(path: Path) -> Iterator[None]:
    """Tell what keeps the ledger's folder or file from being made. Raises LedgerError."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise TooManyFilesError from error
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            message = f"no space is left for the ledger {path}; free some and run the command again"
            raise LedgerFullError(message) from error
        message = (
            f"the ledger {path} cannot be opened for writing ({error.strerror or error}); "
            "give its folder rights to write, or name another with TWOLANE_HOME"
        )
        raise LedgerError(message) from error


def _gone(path: Path) -> LedgerError:
    return LedgerDamagedError(
        f"the ledger {path} is empty or gone, and there was one: its runs may still be working, "
        f"and billing, at the provider. Restore it from a copy (`twolane state import`); to begin "
        f"with an empty one all the same, delete {marker_of(path).name} beside it and what is left "
        "of the ledger"
    )


def _damaged(path: Path, why: str) -> LedgerError:
    return LedgerDamagedError(
        f"the ledger {path} is damaged ({why}); nothing was changed. Restore it from a copy "
        f"(`twolane state import`), or move it away, and {marker_of(path).name} with it, to begin "
        "with an empty one"
    )


def _translated(error: Exception, path: Path) -> TwolaneError:
    """Return what a fault of SQLite means for a person, by its code first."""
    text, code = str(error), getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    if isinstance(error, UnicodeDecodeError) or "Could not decode" in text:
        # What else the message says is of a prompt or a reply.
        return _damaged(path, "invalid UTF-8 in a text column")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR) and not _may_open():
        return TooManyFilesError()
    if code in _BY_CODE:
        kind = LedgerFullError if code == sqlite3.SQLITE_FULL else LedgerError
        return kind(f"the ledger {path} {_BY_CODE[code].format(text=text)}")
    if any(sign in text for sign in SIGNS_OF_DAMAGE):
        return _damaged(path, text)
    return LedgerError(
        f"the ledger {path} cannot be used ({text}); run the same command again, and report it if "
        "it stays"
    )


def _may_open() -> bool:
    """Tell whether this process may open one more file."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno not in (errno.EMFILE, errno.ENFILE)
    return True
