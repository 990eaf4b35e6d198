"""A vault's primary data in one SQLite file, used on one thread.

Review, links, decisions and journal are views of this one file, so that related rows are written in
one transaction. Nothing is cached in memory: another process's writes are seen at once. A
connection is used on the thread that opened it.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from notemill.errors import StoreError
from notemill.stores.schema import FORMAT, READERS, SCHEMA
from notemill.vault.state_files import STORE_FILE
from twolane import TwolaneError, private
from twolane.databases import file_number, guard, schema_problem, value_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

R = TypeVar("R")
T = TypeVar("T")

FILE: Final = STORE_FILE
"""Its name in the vault's state folder."""

_BUSY_S: Final = 30.0
"""How long to wait for another process's transaction: far longer than any of ours takes."""
_RETRY_S: Final = 0.02


class Store:
    """The file of one vault, kept outside it; a committed transaction is durable on the disk."""

    def __init__(self, path: Path) -> None:
        """Open the file at `path`, or create it. Raises StoreError if it cannot be used."""
        self.path = path
        self._erases = False
        try:
            private.database(path)
            self._file = file_number(path)
            self.db = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self.db.close()
                raise
        except (OSError, sqlite3.Error, TwolaneError) as error:
            message = (
                f"the vault's state in {path} cannot be opened ({error}); nothing was changed. "
                "Check its permissions and free space"
            )
            raise StoreError(message) from error

    def _prepare(self) -> None:
        write_ahead(self.db)
        guard(self.db)
        self.db.execute("PRAGMA synchronous = FULL")
        # Checked within the transaction: two processes may open a new file at once.
        with self.transaction():
            found = self.db.execute("PRAGMA user_version").fetchone()[0]
            if found > FORMAT:
                message = f"{self.path} was written by a newer version; install that one"
                raise StoreError(message)
            if found < FORMAT:
                there = {name for (name,) in self.db.execute("SELECT name FROM sqlite_master")}
                for statement in SCHEMA.strip().split(";\n"):
                    if statement.split()[2] not in there:
                        self.db.execute(statement)
                self.db.execute(f"PRAGMA user_version = {FORMAT}")
        if why := schema_problem(self.db, SCHEMA) or value_problem(self.db, READERS):
            raise sqlite3.DatabaseError(why)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write in one transaction; a nested one becomes part of it.

        Raises StoreError if the disk takes nothing more or the file is damaged.
        """
        try:
            if self.db.in_transaction:
                with self._part("SAVEPOINT part", "RELEASE part", "ROLLBACK TO part"):
                    yield self.db
            else:
                with self._part("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"):
                    self._check_file()
                    yield self.db
        except sqlite3.Error as error:
            raise self._unusable("written", error) from error

    def _check_file(self) -> None:
        """Raise StoreError if what is written now would be in no file: this one was replaced."""
        if file_number(self.path) != self._file:
            raise StoreError(
                f"the vault's state in {self.path} was deleted or replaced while it was in use, so "
                "nothing is saved; put it back, or run the command again"
            )

    @contextlib.contextmanager
    def _part(self, begin: str, end: str, back: str) -> Iterator[None]:
        self.db.execute(begin)
        try:
            yield
            self.db.execute(end)
        except BaseException:
            # A full disk may have ended the whole transaction already.
            if self.db.in_transaction:
                self.db.execute(back)
            raise

    @contextlib.contextmanager
    def erasing(self) -> Iterator[sqlite3.Connection]:
        """Delete in one transaction and erase from the disk; a nested one becomes part of it.

        Raises StoreError.
        """
        if self._erases:
            yield self.db
            return
        try:
            self._erases = True
            self.db.execute("PRAGMA secure_delete = ON")
            with self.transaction():
                yield self.db
            self.db.execute("VACUUM")
            self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error as error:
            raise self._unusable("written", error) from error
        finally:
            self._erases = False

    def version(self) -> int:
        """Return a number that grows with every commit to the file, by whichever process.

        Raises StoreError if the file is damaged.
        """
        # SQLite counts what other connections commit; one's own changes are counted beside it.
        ((others,),) = self.rows("PRAGMA data_version")
        return int(others) + self.db.total_changes

    def rows(self, statement: str, *values: object, **named: object) -> list[Any]:
        """Return the rows of a query, with its parameters by position or by name.

        Raises StoreError if the file is damaged.
        """
        try:
            return self.db.execute(statement, named or values).fetchall()
        except sqlite3.Error as error:
            raise self._unusable("read", error) from error

    def read_each(
        self, rows: Iterable[R], make: Callable[[R], T], name: Callable[[R], str]
    ) -> list[T]:
        """Return what `make` returns for each row.

        Raises StoreError with the `name` of a row that holds what this version does not know.
        """
        made: list[T] = []
        for row in rows:
            try:
                made.append(make(row))
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                raise StoreError(
                    f"the vault's state in {self.path} holds {name(row)}, which cannot be read "
                    f"({error}); if a newer version wrote it, install that one, or restore the "
                    "file from a backup"
                ) from error
        return made

    def _unusable(self, how: str, error: sqlite3.Error) -> StoreError:
        why, what = str(error), "free space or check permissions"
        # Not every error of the module comes from the library.
        if getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
            why, what = "another program keeps it locked", "close that"
        return StoreError(
            f"the vault's state in {self.path} cannot be {how} ({why}); {what}, and run the "
            "command again"
        )

    def close(self) -> None:
        """Close the file."""
        self.db.close()


def write_ahead(
    db: sqlite3.Connection,
    *,
    clock: Callable[[], float] = time.monotonic,
    wait: Callable[[float], None] = time.sleep,
) -> None:
    """Switch a file to write-ahead logging, waiting for another process that does the same.

    SQLite itself does not wait once both have begun. Raises sqlite3.OperationalError if the other
    is not done after half a minute.
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
