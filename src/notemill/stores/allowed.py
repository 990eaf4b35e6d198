"""Exclusions that a person allowed to match no note of this vault: one config serves many vaults.

Kept outside the vault. The permission ends once the exclusion matches a note: if the note's folder
is then renamed and it matches nothing again, the person is asked again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notemill.stores.store import Store


class Allowed:
    """The exclusions of one vault that are allowed to match no note."""

    def __init__(self, store: Store) -> None:
        """Keep them in `store`."""
        self._store = store

    def entries(self) -> frozenset[str]:
        """Return the exclusions that are allowed to match no note."""
        return frozenset(
            str(row[0]) for row in self._store.rows("SELECT entry FROM unmatched_exclusions")
        )

    def allow(self, entries: Iterable[str], *, now: float) -> None:
        """Allow these exclusions to match no note."""
        with self._store.transaction() as db:
            db.executemany(
                "INSERT OR REPLACE INTO unmatched_exclusions VALUES (?,?)",
                [(one, now) for one in entries],
            )

    def end(self, entries: Iterable[str]) -> None:
        """End the permission for these exclusions, which now match a note."""
        if over := self.entries().intersection(entries):
            with self._store.transaction() as db:
                db.executemany(
                    "DELETE FROM unmatched_exclusions WHERE entry = ?",
                    [(one,) for one in sorted(over)],
                )
