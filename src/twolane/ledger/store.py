"""The SQLite file under the ledger: opened, migrated, guarded; one transaction at a time."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from importlib import resources
from typing import TYPE_CHECKING, Any, Self

from twolane.errors import LedgerError, LedgerFullError
from twolane.ledger.migrations import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SCHEMA_VERSION = 2
APPLICATION_ID = 0x326C616E  # "2lan": tells a ledger from any other SQLite file
BUSY_TIMEOUT_S = 30.0


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
        except sqlite3.Error as error:
            raise _translated(error, self.connection.path) from error

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Self:
        try:
            return super().executemany(sql, parameters)
        except sqlite3.Error as error:
            raise _translated(error, self.connection.path) from error

    def fetchone(self) -> Any:  # noqa: ANN401
        try:
            return super().fetchone()
        except sqlite3.Error as error:
            raise _translated(error, self.connection.path) from error

    def fetchall(self) -> list[Any]:
        try:
            return super().fetchall()
        except sqlite3.Error as error:
            raise _translated(error, self.connection.path) from error

    def __next__(self) -> Any:  # noqa: ANN401
        try:
            return super().__next__()
        except sqlite3.Error as error:
            raise _translated(error, self.connection.path) from error


class Store:
    """One connection to a ledger file. Used from one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open or create the ledger at `path`.

        Raises LedgerError where the file is no ledger, is damaged, cannot be written or was
        made by a newer version.
        """
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Created by hand first: a ledger holds prompts and must never be readable by others,
            # not even for the moment between sqlite's create and a chmod.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            message = (
                f"the ledger {path} cannot be opened for writing ({error.strerror}); "
                "give its folder rights to write, or name another with TWOLANE_HOME"
            )
            raise LedgerError(message) from error
        self.db = sqlite3.connect(
            path,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
            factory=_Connection,
        )
        self.db.path = path
        try:
            self._prepare()
        except LedgerError:
            self.db.close()
            raise

    def _prepare(self) -> None:
        # In this order: another process may be creating the ledger between any two of these.
        empty = self.db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        application = int(self.db.execute("PRAGMA application_id").fetchone()[0])
        version = int(self.db.execute("PRAGMA user_version").fetchone()[0])
        if not empty and application != APPLICATION_ID:
            message = f"{self.path} is an SQLite file, but not a ledger of twolane; move it away"
            raise LedgerError(message)
        if version > SCHEMA_VERSION:
            message = (
                f"the ledger {self.path} was written by a newer version (format {version}, this "
                f"one reads {SCHEMA_VERSION}); install the newer version"
            )
            raise LedgerError(message)
        self.db.execute("PRAGMA journal_mode = WAL")
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

    def _create(self) -> None:
        schema = resources.files("twolane.ledger").joinpath("schema.sql").read_text("utf-8")
        for statement in _statements(schema):
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

        Raises LedgerFullError where the disk is full, LedgerError for any other fault.
        """
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield self.db
            self.commit()
        except BaseException:
            self._rollback()
            raise

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


def _statements(script: str) -> Iterator[str]:
    """Split a script at its semicolons, as sqlite itself understands them."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _translated(error: sqlite3.Error, path: Path) -> LedgerError:
    text = str(error)
    if "full" in text:
        return LedgerFullError(
            f"no space is left for the ledger {path}; free some and run the same command again"
        )
    if "malformed" in text or "not a database" in text:
        return LedgerError(
            f"the ledger {path} is damaged ({text}); nothing was changed. Restore it from a copy, "
            "or move it away to begin with an empty one"
        )
    if "readonly" in text or "read-only" in text:
        return LedgerError(f"the ledger {path} is read-only; give it rights to write")
    if "locked" in text:
        return LedgerError(f"the ledger {path} is busy for over {BUSY_TIMEOUT_S:.0f} s; try again")
    return LedgerError(f"the ledger {path} cannot be used: {text}")
