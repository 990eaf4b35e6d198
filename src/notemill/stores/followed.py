"""Playlists, channels and feeds that are looked at for what is new, and what became of each entry.

An entry is new until its note is proposed, or until it was tried in vain often and long enough. It
is known by any of its keys, as publishers change what tells one entry from another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from notemill.sources.listed import Listed, ListedEntry
    from notemill.stores.store import Store

MOST_TRIES: Final = 3
TRIED_FOR_S: Final = 3 * 86_400.0
"""Captions may appear days after their video: fewer tries, or all in an hour, would say too little."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A source of sources; times are in seconds since the epoch, `looked_at` None for never.

    `problem` is why it could not be read when it was last looked at, '' if it could. `seen` and
    `new` count its entries.
    """

    key: str
    address: str
    title: str
    since: float
    looked_at: float | None
    problem: str = ""
    seen: int = 0
    new: int = 0


@dataclass(frozen=True, slots=True)
class FailedEntry:
    """An entry that no note could be made of, and why; `given_up` if it is not tried again."""

    source: str
    title: str
    why: str
    given_up: bool


class Following:
    """What is followed for one vault."""

    def __init__(self, store: Store) -> None:
        """Keep it in `store`."""
        self._store = store

    def follow(self, listed: Listed, *, everything: bool, now: float) -> bool:
        """Follow a list, with its entries as new if `everything`, else as seen; return if it is new.

        Of one that is followed already, address and title are brought up to date, and no entry
        changes.
        """
        with self._store.transaction() as db:
            known = self._store.rows("SELECT 1 FROM followed WHERE key = ?", listed.key)
            db.execute(
                "INSERT INTO followed VALUES (?,?,?,?,?,'') ON CONFLICT (key) DO UPDATE SET"
                " address = excluded.address, title = excluded.title",
                (listed.key, listed.address, listed.title, now, now),
            )
            if not known:
                self.take_in(listed.key, listed.entries)
                if not everything:
                    db.execute(
                        "UPDATE followed_entries SET seen_at = ? WHERE source = ?",
                        (now, listed.key),
                    )
            return not known

    def unfollow(self, key: str) -> bool:
        """Follow a source no longer and forget its entries; return whether it was followed."""
        with self._store.transaction() as db:
            for table in ("followed_entry_keys", "followed_entries"):
                db.execute(f"DELETE FROM {table} WHERE source = ?", (key,))  # noqa: S608
            return bool(db.execute("DELETE FROM followed WHERE key = ?", (key,)).rowcount)

    def followed(self) -> tuple[Followed, ...]:
        """Return what is followed, the longest followed first."""
        rows = self._store.rows(
            "SELECT f.key, f.address, f.title, f.since, f.looked_at, f.problem, count(e.seen_at),"
            " count(e.id) - count(e.seen_at) FROM followed AS f LEFT JOIN followed_entries AS e"
            " ON e.source = f.key GROUP BY f.key ORDER BY f.since, f.key"
        )
        return tuple(Followed(*row) for row in rows)

    # -- entries ------------------------------------------------------------------------------

    def take_in(self, source: str, entries: Sequence[ListedEntry]) -> frozenset[str]:
        """Take in what a source lists now; return the strongest keys of the entries that are new.

        A new entry that is not listed any more is forgotten.
        """
        with self._store.transaction() as db:
            known = self._known(source)
            seen = {
                int(entry)
                for (entry,) in self._store.rows(
                    "SELECT id FROM followed_entries WHERE source = ? AND seen_at IS NOT NULL",
                    source,
                )
            }
            listed: dict[int, str] = {}
            for one in entries:
                entry = next((known[key] for key in one.keys if key in known), None)
                if entry is None:
                    entry = _insert(db, source, one.title)
                known.update(_add_keys(db, source, entry, one.keys, known))
                listed.setdefault(entry, one.keys[0])
            gone = [(one,) for one in {*known.values()} - listed.keys() - seen]
            db.executemany("DELETE FROM followed_entry_keys WHERE entry = ?", gone)
            db.executemany("DELETE FROM followed_entries WHERE id = ?", gone)
            return frozenset(key for entry, key in listed.items() if entry not in seen)

    def see(self, keys: Collection[str], now: float) -> None:
        """Record that nothing is left to do for the entries with these keys, whatever lists them."""
        with self._store.transaction() as db:
            db.executemany(
                "UPDATE followed_entries SET seen_at = ? WHERE seen_at IS NULL AND id IN"
                " (SELECT entry FROM followed_entry_keys WHERE key = ?)",
                [(now, key) for key in keys],
            )

    def fail(self, failed: Mapping[str, str], now: float) -> None:
        """Record, by their keys, of which entries no note could be made, and why; the last try ends."""
        with self._store.transaction() as db:
            db.executemany(
                "UPDATE followed_entries SET tries = tries + 1, why = ?1, tried_at = ?2,"
                " failed_at = coalesce(failed_at, ?2),"
                " seen_at = CASE WHEN tries + 1 >= ?4 AND ?2 - failed_at >= ?5 THEN ?2 END"
                " WHERE seen_at IS NULL AND id IN"
                " (SELECT entry FROM followed_entry_keys WHERE key = ?3)",
                [(why, now, key, MOST_TRIES, TRIED_FOR_S) for key, why in failed.items()],
            )

    def failed(self, since: float) -> tuple[FailedEntry, ...]:
        """Return the entries that failed since a time, by source and title."""
        rows = self._store.rows(
            "SELECT f.title, e.title, e.why, e.seen_at IS NOT NULL FROM followed_entries AS e"
            " JOIN followed AS f ON f.key = e.source WHERE e.tried_at >= ?"
            " ORDER BY f.since, e.title, e.id",
            since,
        )
        return tuple(
            FailedEntry(source, title, why, bool(given_up)) for source, title, why, given_up in rows
        )

    def _known(self, source: str) -> dict[str, int]:
        rows = self._store.rows(
            "SELECT key, entry FROM followed_entry_keys WHERE source = ?", source
        )
        return {str(key): int(entry) for key, entry in rows}

    # -- looks --------------------------------------------------------------------------------

    def looked(self, problems: Iterable[tuple[str, str]], now: float) -> None:
        """Record that sources were looked at, each with why it could not be read, or ''."""
        with self._store.transaction() as db:
            db.executemany(
                "UPDATE followed SET looked_at = ?, problem = ? WHERE key = ?",
                [(now, problem, key) for key, problem in problems],
            )

    def began(self, run: str, now: float) -> None:
        """Record the last run that took what is new, '' for none, and when it looked."""
        with self._store.transaction() as db:
            db.execute("DELETE FROM followed_look")
            db.execute("INSERT INTO followed_look VALUES (?,?)", (now, run))

    def last_look(self) -> tuple[float, str] | None:
        """Return when what is new was last taken, and by which run, '' for none."""
        rows = self._store.rows("SELECT at, run FROM followed_look ORDER BY at DESC LIMIT 1")
        return (float(rows[0][0]), str(rows[0][1])) if rows else None


def _insert(db: sqlite3.Connection, source: str, title: str) -> int:
    made = db.execute(
        "INSERT INTO followed_entries (source, title, tries, why) VALUES (?,?,0,'')",
        (source, title),
    )
    return int(made.lastrowid or 0)


def _add_keys(
    db: sqlite3.Connection,
    source: str,
    entry: int,
    keys: Iterable[str],
    known: Collection[str],
) -> dict[str, int]:
    """Give an entry those of its keys that no entry of its source has; return them."""
    new = {key: entry for key in keys if key not in known}
    db.executemany(
        "INSERT INTO followed_entry_keys VALUES (?,?,?)", [(source, key, entry) for key in new]
    )
    return new
