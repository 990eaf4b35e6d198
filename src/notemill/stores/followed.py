"""Playlists, channels and feeds that are looked at for what is new, and what was seen in each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notemill.stores.store import Store


@dataclass(frozen=True, slots=True)
class Followed:
    """A source of sources; times are in seconds since the epoch, `looked_at` None for never."""

    key: str
    address: str
    title: str
    since: float
    looked_at: float | None


class Following:
    """What is followed for one vault; what was seen is kept for other sources, too."""

    def __init__(self, store: Store) -> None:
        """Keep it in `store`."""
        self._store = store

    def follow(self, key: str, address: str, title: str, now: float) -> None:
        """Follow a source; of one that is followed already, address and title are brought up to date."""
        with self._store.transaction() as db:
            db.execute(
                "INSERT INTO followed VALUES (?,?,?,?,NULL) ON CONFLICT (key) DO UPDATE SET"
                " address = excluded.address, title = excluded.title",
                (key, address, title, now),
            )

    def unfollow(self, key: str) -> bool:
        """Follow a source no longer and forget what was seen in it; return whether it was followed."""
        with self._store.transaction() as db:
            db.execute("DELETE FROM seen_entries WHERE source = ?", (key,))
            return bool(db.execute("DELETE FROM followed WHERE key = ?", (key,)).rowcount)

    def followed(self) -> tuple[Followed, ...]:
        """Return what is followed, the longest followed first."""
        rows = self._store.rows(
            "SELECT key, address, title, since, looked_at FROM followed ORDER BY since, key"
        )
        return tuple(Followed(*row) for row in rows)

    def see(self, key: str, entry_keys: Iterable[str], now: float) -> None:
        """Record entries as seen in a source; the first time counts."""
        with self._store.transaction() as db:
            db.executemany(
                "INSERT OR IGNORE INTO seen_entries VALUES (?,?,?)",
                [(key, one, now) for one in entry_keys],
            )

    def seen(self, key: str) -> frozenset[str]:
        """Return the entries that were seen in a source."""
        rows = self._store.rows("SELECT entry FROM seen_entries WHERE source = ?", key)
        return frozenset(str(entry) for (entry,) in rows)

    def looked(self, key: str, now: float) -> None:
        """Record that a followed source was looked at."""
        with self._store.transaction() as db:
            db.execute("UPDATE followed SET looked_at = ? WHERE key = ?", (now, key))
