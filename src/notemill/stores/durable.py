"""What a person decided, and what waits for a decision: files that nothing could make again."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from notemill.errors import VaultError
from notemill.vault.journal import write_ahead
from twolane import TwolaneError, private
from twolane.databases import guard, schema_problem, value_problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from twolane.databases import Readers


class DurableFile:
    """An SQLite file outside the vault; what a transaction has written is on the disk."""

    def __init__(
        self,
        path: Path,
        *,
        schema: str,
        version: int,
        what: str,
        steps: Mapping[int, str] | None = None,
        readers: Readers | None = None,
    ) -> None:
        """Open the file at `path`, or create it with `schema` as format `version`.

        `steps` are the statements that lead from a format to the one after it; `what` names its
        content in messages; `readers` take the values of columns (by `table.column`) apart, and
        are tried on a file that was imported. Raises VaultError where it cannot be used.
        """
        self.path = path
        self._what = what
        try:
            private.database(path)
            self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
            try:
                self._prepare(schema, version, steps or {})
                self._check(schema, readers or {})
            except BaseException:
                self._db.close()
                raise
        except (OSError, sqlite3.Error, TwolaneError) as error:
            message = f"the {what} in {path} cannot be opened ({error}); nothing was changed"
            raise VaultError(message) from error

    def _prepare(self, schema: str, version: int, steps: Mapping[int, str]) -> None:
        write_ahead(self._db)
        guard(self._db)
        self._db.execute("PRAGMA synchronous = FULL")
        with self._transaction():
            found = self._db.execute("PRAGMA user_version").fetchone()[0]
            if found > version:
                message = f"{self.path} was written by a newer version; install that one"
                raise VaultError(message)
            if found == version:
                return
            for part in [schema] if found == 0 else [steps[one] for one in range(found, version)]:
                for statement in part.split(";\n"):
                    self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version = {version}")

    def _check(self, schema: str, readers: Readers) -> None:
        """See that the file is one of ours: it may have been imported. Raises DatabaseError."""
        if why := schema_problem(self._db, schema) or value_problem(self._db, readers):
            raise sqlite3.DatabaseError(why)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """Write in one transaction. Raises VaultError where the disk takes nothing more."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                # A full disk may have ended it already.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.OperationalError as error:
            message = (
                f"the {self._what} in {self.path} cannot be written ({error}); free space or check "
                "rights, and run the command again"
            )
            raise VaultError(message) from error

    @contextlib.contextmanager
    def _erasing(self) -> Iterator[None]:
        """Delete within a transaction, and from the disk as well."""
        self._db.execute("PRAGMA secure_delete = ON")
        with self._transaction():
            yield
        self._db.execute("VACUUM")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close the file."""
        self._db.close()
