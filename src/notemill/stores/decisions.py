"""What was decided about the tags of a vault: a rejected proposal never comes back.

Also kept here: which note holds the vocabulary (no other note does, whatever it contains), what was
proposed for its list before, and how a model arranged the tags. Kept outside the vault; this is
primary data, not a cache. A decision is about a change of existing tags (merge, rename, move,
drop), or about a tag that is new to the vocabulary, for one note or for the whole vault. Decisions
made in the queue of proposals are kept in the queue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notemill.markup.tags import tag_key
from notemill.stores.proposals import NEVER, ProposalKind, value_key
from notemill.stores.renaming import Renaming
from notemill.stores.vocabulary import StoredVocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notemill.stores.store import Store


@dataclass(frozen=True, slots=True)
class Rejection:
    """A rejected change of a tag; `into` is '' if the tag would have been dropped."""

    tag: str
    into: str


@dataclass(frozen=True, slots=True)
class NewTagDecision:
    """A decision about a proposed new tag; `note` is '' for the whole vault."""

    tag: str
    note: str
    accepted: bool
    run: str


@dataclass(frozen=True, slots=True)
class Adopted:
    """The note that a person adopted as the vault's vocabulary; '' if there is none.

    `said` is its list at that time, '' if unknown.
    """

    note: str = ""
    said: str = ""


class Decisions:
    """All decisions about the tags of one vault."""

    def __init__(self, store: Store) -> None:
        """Keep them in `store`."""
        self._store = store
        self.vocabulary = StoredVocabulary(store)
        self.renaming = Renaming(store)

    # -- changes of tags ----------------------------------------------------------------------

    def reject(self, changes: Iterable[tuple[str, str | None]], *, now: float) -> None:
        """Reject changes, each a (tag, what it would become; None if it would be dropped).

        A change that is in the queue is rejected there only.
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
        """Forget every rejection of `tag`, as a change and as a new tag; return their number."""
        key = tag_key(tag)
        with self._store.transaction() as db:
            changes = db.execute("DELETE FROM tag_changes WHERE tag_key = ?", (key,)).rowcount
            changes += db.execute(
                "UPDATE proposals SET state = 'pending', scope = '' WHERE kind = 'tag change'"
                " AND state = 'rejected' AND value_key >= ? AND value_key < ?",
                # No tag contains a space, and none begins with the character after a space.
                (f"{key.casefold()} ", f"{key.casefold()}!"),
            ).rowcount
            db.execute(
                "UPDATE proposals SET scope = 'here'"
                " WHERE kind IN ('tag', 'new tag', 'vocabulary tag') AND scope = 'never' AND value_key = ?",
                (value_key(ProposalKind.TAG, tag),),
            )
            news = db.execute(
                "DELETE FROM new_tags WHERE tag_key = ? AND NOT accepted", (key,)
            ).rowcount
        return changes + news

    def rejections(self) -> tuple[Rejection, ...]:
        """Return the rejected changes, latest first."""
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
        """Record a person's decision on a new tag, for one note or the whole vault."""
        with self._store.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO new_tags VALUES (?,?,?,?,?,?)",
                (tag_key(tag), note, tag, accepted, run, now),
            )

    def new_tags(self) -> tuple[NewTagDecision, ...]:
        """Return the decisions about new tags, latest first."""
        rows = self._store.rows(
            "SELECT tag, note, accepted, run, tag_key, at FROM new_tags UNION ALL"
            " SELECT value, '', 0, run, value_key, max(decided_at) FROM proposals"
            " WHERE kind IN ('tag', 'new tag', 'vocabulary tag') AND scope = 'never'"
            " GROUP BY value_key"
            " ORDER BY at DESC, tag_key, note"
        )
        return tuple(
            NewTagDecision(str(tag), str(note), bool(yes), str(run))
            for tag, note, yes, run, *_ in rows
        )

    def forget(self, run: str) -> None:
        """Delete a run's proposals and replies, and erase them from the disk."""
        with self._store.erasing() as db:
            db.execute("DELETE FROM new_tags WHERE run = ? AND run <> ''", (run,))
            db.execute("DELETE FROM tag_arrangement WHERE run = ?", (run,))
            self.renaming.forget(run)

    # -- the vocabulary -----------------------------------------------------------------------

    def adopted(self) -> Adopted:
        """Return the note that a person adopted as the vocabulary."""
        rows = self._store.rows("SELECT note, said FROM vocabulary_note")
        return Adopted(*map(str, rows[0])) if rows else Adopted()

    def adopt(self, note: str, said: str) -> None:
        """Record that a person adopted a note, with its list as it is now."""
        if Adopted(note, said) != self.adopted():
            with self._store.transaction() as db:
                db.execute("DELETE FROM vocabulary_note")
                db.execute("INSERT INTO vocabulary_note VALUES (?,?)", (note, said))

    def known_since(self, tags: Iterable[str], *, now: float) -> dict[str, float]:
        """Return since when each vocabulary tag (by its key) has been known; record new ones.

        All tags of the first list count as known from the beginning. So does a tag that was only
        moved within the list and keeps its last level.
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
        """Return the keys of all tags proposed for the list before: a removed tag stays removed."""
        return frozenset(
            str(row[0]) for row in self._store.rows("SELECT tag_key FROM vocabulary_proposed")
        )

    def keep_proposed(self, tags: Iterable[str]) -> None:
        """Add to the record of tags that were proposed for the list."""
        with self._store.transaction() as db:
            db.executemany(
                "INSERT OR IGNORE INTO vocabulary_proposed VALUES (?)",
                [(tag_key(tag),) for tag in tags],
            )

    def arrangement(self) -> tuple[str, str]:
        """Return the run that last arranged the tags by a model, and its reply; both '' if none."""
        rows = self._store.rows("SELECT run, said FROM tag_arrangement")
        return (str(rows[0][0]), str(rows[0][1])) if rows else ("", "")

    def keep_arrangement(self, run: str, said: str) -> None:
        """Replace the kept reply of a model with a new one."""
        with self._store.transaction() as db:
            db.execute("DELETE FROM tag_arrangement")
            db.execute("INSERT INTO tag_arrangement VALUES (?,?)", (run, said))
