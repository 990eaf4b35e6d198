"""Exclusions that fit no note of a vault, and that a person allowed to: the config serves many.

Kept outside the vault. Once one fits a note its leave is over: when the note's folder is renamed
and it fits nothing again, that has to be said again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notemill.stores.store import Store


class Allowed:
    """The exclusions of one vault that may fit no note."""

    def __init__(self, store: Store) -> None:
        """Keep them in `store`."""
        self._store = store

    def entries(self) -> frozenset[str]:
        """Return the exclusions that may fit no note."""
        return frozenset(
            str(row[0]) for row in self._store.rows("SELECT entry FROM unmatched_exclusions")
        )

    def allow(self, entries: Iterable[str], *, now: float) -> None:
        """Remember that these may."""
        with self._store.transaction() as db:
            db.executemany(
                "INSERT OR REPLACE INTO unmatched_exclusions VALUES (?,?)",
                [(one, now) for one in entries],
            )

    def end(self, entries: Iterable[str]) -> None:
        """Forget these, which fit a note by now."""
        if over := self.entries().intersection(entries):
            with self._store.transaction() as db:
                db.executemany(
                    "DELETE FROM unmatched_exclusions WHERE entry = ?",
                    [(one,) for one in sorted(over)],
                )
