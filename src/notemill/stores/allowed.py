"""Exclusions that fit no note of a vault, and that a person allowed to: the config serves many.

Kept outside the vault. Once one fits a note its leave is over: when the note's folder is renamed
and it fits nothing again, that has to be said again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notemill.stores.durable import DurableFile
from notemill.vault.journal import moment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from twolane.databases import Readers

FILE: Final = "allowed.sqlite3"
SCHEMA_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE unmatched (
  entry       TEXT PRIMARY KEY,      -- an exclusion as it was written
  at          REAL NOT NULL
) WITHOUT ROWID;
"""


_READERS: Final[Readers] = {"unmatched.at": moment}


class Allowed(DurableFile):
    """The exclusions of one vault that may fit no note."""

    def __init__(self, path: Path) -> None:
        """Open or create the file at `path`. Raises VaultError where it cannot be used."""
        super().__init__(
            path,
            schema=_SCHEMA,
            version=SCHEMA_VERSION,
            what="allowed exclusions",
            readers=_READERS,
        )

    def entries(self) -> frozenset[str]:
        """Return the exclusions that may fit no note."""
        return frozenset(str(row[0]) for row in self._db.execute("SELECT entry FROM unmatched"))

    def allow(self, entries: Iterable[str], *, now: float) -> None:
        """Remember that these may."""
        with self._transaction():
            self._db.executemany(
                "INSERT OR REPLACE INTO unmatched VALUES (?,?)", [(one, now) for one in entries]
            )

    def end(self, entries: Iterable[str]) -> None:
        """Forget these, which fit a note by now."""
        if over := self.entries().intersection(entries):
            with self._transaction():
                self._db.executemany(
                    "DELETE FROM unmatched WHERE entry = ?", [(one,) for one in sorted(over)]
                )
