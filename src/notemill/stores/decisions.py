"""What was decided about the tags of a vault: what was turned down never comes back.

Here stand, too, which note holds the vocabulary (no other does, whatever stands in it), what its
list was proposed before and how a model arranged the tags.
Kept outside the vault; derived from nothing, so it is no cache. A decision is about a change of
tags that are there (merge, rename, move, drop), or about a tag that is new to the vocabulary, for
one note or for the whole vault. What was decided so in the queue of proposals stands there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notemill.markup.tags import tag_key
from notemill.stores.proposals import NEVER, ProposalKind, value_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notemill.stores.store import Store


@dataclass(frozen=True, slots=True)
class Rejection:
    """A change of a tag that was turned down; `into` is '' where the tag would have gone."""

    tag: str
    into: str


@dataclass(frozen=True, slots=True)
class NewTagDecision:
    """A decision about a tag that was to be added; `note` is '' for the whole vault."""

    tag: str
    note: str
    accepted: bool
    run: str


@dataclass(frozen=True, slots=True)
class Adopted:
    """The note whose list of tags a person took for the vault's; '' where there is none.

    `said` is the list as it was then, '' where that is not known.
    """

    note: str = ""
    said: str = ""


class Decisions:
    """All that was decided about the tags of one vault."""

    def __init__(self, store: Store) -> None:
        """Keep them in `store`."""
        self._store = store

    # -- changes of tags ----------------------------------------------------------------------

    def reject(self, changes: Iterable[tuple[str, str | None]], *, now: float) -> None:
        """Remember that each (tag, what it would become; None: it would go) was turned down.

        One that stands in the queue is turned down there, and nowhere else.
        """
        with self._store.transaction() as db:
            for tag, into in changes:
                new = into or ""
                queued = db.execute(
                    "UPDATE proposals SET state = 'rejected', scope = ?, decided_at = ? WHERE"
                    " value_key = ? AND kind = 'tag change'"
                    " AND state IN ('pending', 'accepted', 'rejected')",
                    (NEVER, now, value_key(ProposalKind.TAG_CHANGE, new, tag)),
                )
                if not queued.rowcount:
                    db.execute(
                        "INSERT OR REPLACE INTO tag_changes VALUES (?,?,?,?,?)",
                        (tag_key(tag), tag_key(new), tag, new, now),
                    )

    def withdraw(self, tag: str) -> int:
        """Forget every rejection of `tag`, as a change and as a new tag; return how many."""
        key = tag_key(tag)
        with self._store.transaction() as db:
            changes = db.execute("DELETE FROM tag_changes WHERE tag_key = ?", (key,)).rowcount
            changes += db.execute(
                "UPDATE proposals SET state = 'pending', scope = '' WHERE kind = 'tag change'"
                " AND state = 'rejected' AND value_key >= ? AND value_key < ?",
                # No tag has a space in it, and none begins with what comes after one.
                (f"{key.casefold()} ", f"{key.casefold()}!"),
            ).rowcount
            db.execute(
                "UPDATE proposals SET scope = 'here' WHERE kind IN ('tag', 'new tag')"
                " AND scope = 'never' AND value_key = ?",
                (value_key(ProposalKind.TAG, tag),),
            )
            news = db.execute(
                "DELETE FROM new_tags WHERE tag_key = ? AND NOT accepted", (key,)
            ).rowcount
        return changes + news

    def rejections(self) -> tuple[Rejection, ...]:
        """Return the changes that were turned down, the latest first."""
        rows = self._store.rows(
            "SELECT tag, into_tag, tag_key, at FROM tag_changes UNION ALL"
            " SELECT replaces, value, value_key, decided_at FROM proposals"
            " WHERE kind = 'tag change' AND state = 'rejected' ORDER BY at DESC, tag_key"
        )
        return tuple(Rejection(str(tag), str(into)) for tag, into, *_ in rows)

    # -- new tags -----------------------------------------------------------------------------

    def decide(
        self, tag: str, *, accepted: bool, now: float, note: str = "", run: str = ""
    ) -> None:
        """Remember what a person says of a new tag, for one note or the whole vault."""
        with self._store.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO new_tags VALUES (?,?,?,?,?,?)",
                (tag_key(tag), note, tag, accepted, run, now),
            )

    def new_tags(self) -> tuple[NewTagDecision, ...]:
        """Return what was decided about new tags, the latest first."""
        rows = self._store.rows(
            "SELECT tag, note, accepted, run, tag_key, at FROM new_tags UNION ALL"
            " SELECT value, '', 0, run, value_key, max(decided_at) FROM proposals"
            " WHERE kind IN ('tag', 'new tag') AND scope = 'never' GROUP BY value_key"
            " ORDER BY at DESC, tag_key, note"
        )
        return tuple(
            NewTagDecision(str(tag), str(note), bool(yes), str(run))
            for tag, note, yes, run, *_ in rows
        )

    def forget(self, run: str) -> None:
        """Delete what a run proposed and said, from the disk as well."""
        with self._store.erasing() as db:
            db.execute("DELETE FROM new_tags WHERE run = ? AND run <> ''", (run,))
            db.execute("DELETE FROM tag_arrangement WHERE run = ?", (run,))

    # -- the vocabulary -----------------------------------------------------------------------

    def adopted(self) -> Adopted:
        """Return the note that a person said holds the vocabulary."""
        rows = self._store.rows("SELECT note, said FROM vocabulary_note")
        return Adopted(*map(str, rows[0])) if rows else Adopted()

    def adopt(self, note: str, said: str) -> None:
        """Remember that a person says so of a note, and of its list as it is."""
        if Adopted(note, said) != self.adopted():
            with self._store.transaction() as db:
                db.execute("DELETE FROM vocabulary_note")
                db.execute("INSERT INTO vocabulary_note VALUES (?,?)", (note, said))

    def known_since(self, tags: Iterable[str], *, now: float) -> dict[str, float]:
        """Return since when each tag of the vocabulary (by its key) is known; new ones are noted.

        All of the first list count as known from the beginning. So does a tag that was only moved
        within the list, and keeps its last level.
        """
        keys = {tag_key(tag) for tag in tags}
        known = dict(self._store.rows("SELECT tag_key, since FROM vocabulary_tags"))
        gone = sorted(known.keys() - keys)
        left = {key.rpartition("/")[2]: known[key] for key in gone}
        added = {
            key: left.get(key.rpartition("/")[2], now if known else 0.0)
            for key in keys - known.keys()
        }
        with self._store.transaction() as db:
            db.executemany(
                "DELETE FROM vocabulary_tags WHERE tag_key = ?", [(key,) for key in gone]
            )
            db.executemany("INSERT INTO vocabulary_tags VALUES (?,?)", list(added.items()))
        since = known | added
        return {key: float(since[key]) for key in keys}

    def proposed(self) -> frozenset[str]:
        """Return the keys of all that was proposed for the list before: what is gone stays gone."""
        return frozenset(
            str(row[0]) for row in self._store.rows("SELECT tag_key FROM vocabulary_proposed")
        )

    def keep_proposed(self, tags: Iterable[str]) -> None:
        """Remember what was proposed for the list, beside what was before."""
        with self._store.transaction() as db:
            db.executemany(
                "INSERT OR IGNORE INTO vocabulary_proposed VALUES (?)",
                [(tag_key(tag),) for tag in tags],
            )

    def arrangement(self) -> tuple[str, str]:
        """Return the run by which a model last arranged the tags and what it said; both maybe ''."""
        rows = self._store.rows("SELECT run, said FROM tag_arrangement")
        return (str(rows[0][0]), str(rows[0][1])) if rows else ("", "")

    def keep_arrangement(self, run: str, said: str) -> None:
        """Keep what a model said in place of what it said before."""
        with self._store.transaction() as db:
            db.execute("DELETE FROM tag_arrangement")
            db.execute("INSERT INTO tag_arrangement VALUES (?,?)", (run, said))
