"""What was decided about the tags of a vault: what was turned down never comes back.

Here stand, too, which note holds the vocabulary (no other does, whatever stands in it), what its
list was proposed before and how a model arranged the tags.
Kept outside the vault; derived from nothing, so it is no cache. A decision is about a change of
tags that are there (merge, rename, move, drop), or about a tag that is new to the vocabulary, for
one note or for the whole vault.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.markup.tags import tag_key
from notemill.stores.durable import DurableFile
from notemill.vault.journal import moment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from twolane.databases import Readers

FILE: Final = "decisions.sqlite3"
SCHEMA_VERSION: Final = 2
_SCHEMA: Final = """
CREATE TABLE changes (               -- merges, renames, moves and drops that were turned down
  tag_key     TEXT NOT NULL,
  into_key    TEXT NOT NULL,         -- what it would have become, '' where it would have gone
  tag         TEXT NOT NULL,
  into_tag    TEXT NOT NULL,
  at          REAL NOT NULL,
  PRIMARY KEY (tag_key, into_key)
) WITHOUT ROWID;
CREATE TABLE new_tags (              -- tags that were to be added
  tag_key     TEXT NOT NULL,
  note        TEXT NOT NULL,         -- '' for the whole vault
  tag         TEXT NOT NULL,
  accepted    INTEGER NOT NULL,
  run         TEXT NOT NULL,         -- whose proposal it was, '' where nobody's
  at          REAL NOT NULL,
  PRIMARY KEY (tag_key, note)
) WITHOUT ROWID;
CREATE TABLE vocabulary (            -- tags of the vocabulary, and since when they are known
  tag_key     TEXT PRIMARY KEY,
  since       REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE proposed (              -- tags and spellings that the list was proposed before
  tag_key     TEXT PRIMARY KEY
) WITHOUT ROWID;
CREATE TABLE arrangement (           -- how a model put the tags in order, one row at most
  run         TEXT PRIMARY KEY,
  said        TEXT NOT NULL          -- JSON
) WITHOUT ROWID;
CREATE TABLE place (
  note        TEXT PRIMARY KEY,      -- the note that holds the vocabulary; one row at most
  said        TEXT NOT NULL DEFAULT ''  -- its list when a person last took it over, JSON
) WITHOUT ROWID;
"""
_STEPS: Final = {1: "ALTER TABLE place ADD COLUMN said TEXT NOT NULL DEFAULT ''"}


_READERS: Final[Readers] = {
    "changes.at": moment, "new_tags.at": moment, "vocabulary.since": moment,
}  # fmt: skip


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


class Decisions(DurableFile):
    """All that was decided about the tags of one vault."""

    def __init__(self, path: Path) -> None:
        """Open or create the file at `path`. Raises VaultError where it cannot be used."""
        super().__init__(
            path,
            schema=_SCHEMA,
            version=SCHEMA_VERSION,
            what="decisions",
            steps=_STEPS,
            readers=_READERS,
        )

    # -- changes of tags ----------------------------------------------------------------------

    def reject(self, changes: Iterable[tuple[str, str | None]], *, now: float) -> None:
        """Remember that each (tag, what it would become; None: it would go) was turned down."""
        rows = [(tag_key(tag), tag_key(new or ""), tag, new or "", now) for tag, new in changes]
        with self._transaction():
            self._db.executemany("INSERT OR REPLACE INTO changes VALUES (?,?,?,?,?)", rows)

    def withdraw(self, tag: str) -> int:
        """Forget every rejection of `tag`, as a change and as a new tag; return how many."""
        key = tag_key(tag)
        with self._transaction():
            changes = self._db.execute("DELETE FROM changes WHERE tag_key = ?", (key,)).rowcount
            news = self._db.execute(
                "DELETE FROM new_tags WHERE tag_key = ? AND NOT accepted", (key,)
            ).rowcount
        return changes + news

    def rejections(self) -> tuple[Rejection, ...]:
        """Return the changes that were turned down, the latest first."""
        rows = self._db.execute("SELECT tag, into_tag FROM changes ORDER BY at DESC, tag_key")
        return tuple(Rejection(str(tag), str(into)) for tag, into in rows)

    # -- new tags -----------------------------------------------------------------------------

    def decide(
        self, tag: str, *, accepted: bool, now: float, note: str = "", run: str = ""
    ) -> None:
        """Remember what a person says of a new tag, for one note or the whole vault."""
        with self._transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO new_tags VALUES (?,?,?,?,?,?)",
                (tag_key(tag), note, tag, accepted, run, now),
            )

    def new_tags(self) -> tuple[NewTagDecision, ...]:
        """Return what was decided about new tags, the latest first."""
        rows = self._db.execute(
            "SELECT tag, note, accepted, run FROM new_tags ORDER BY at DESC, tag_key, note"
        )
        return tuple(
            NewTagDecision(str(tag), str(note), bool(yes), str(run)) for tag, note, yes, run in rows
        )

    def forget(self, run: str) -> None:
        """Delete what a run proposed and said, from the disk as well."""
        with self._erasing():
            self._db.execute("DELETE FROM new_tags WHERE run = ? AND run <> ''", (run,))
            self._db.execute("DELETE FROM arrangement WHERE run = ?", (run,))

    # -- the vocabulary -----------------------------------------------------------------------

    def adopted(self) -> Adopted:
        """Return the note that a person said holds the vocabulary."""
        row = self._db.execute("SELECT note, said FROM place").fetchone()
        return Adopted(str(row[0]), str(row[1])) if row else Adopted()

    def adopt(self, note: str, said: str) -> None:
        """Remember that a person says so of a note, and of its list as it is."""
        if Adopted(note, said) != self.adopted():
            with self._transaction():
                self._db.execute("DELETE FROM place")
                self._db.execute("INSERT INTO place VALUES (?,?)", (note, said))

    def known_since(self, tags: Iterable[str], *, now: float) -> dict[str, float]:
        """Return since when each tag of the vocabulary (by its key) is known; new ones are noted.

        All of the first list count as known from the beginning. So does a tag that was only moved
        within the list, and keeps its last level.
        """
        keys = {tag_key(tag) for tag in tags}
        known = dict(self._db.execute("SELECT tag_key, since FROM vocabulary").fetchall())
        gone = sorted(known.keys() - keys)
        left = {key.rpartition("/")[2]: known[key] for key in gone}
        added = {
            key: left.get(key.rpartition("/")[2], now if known else 0.0)
            for key in keys - known.keys()
        }
        with self._transaction():
            self._db.executemany(
                "DELETE FROM vocabulary WHERE tag_key = ?", [(key,) for key in gone]
            )
            self._db.executemany("INSERT INTO vocabulary VALUES (?,?)", list(added.items()))
        since = known | added
        return {key: float(since[key]) for key in keys}

    def proposed(self) -> frozenset[str]:
        """Return the keys of all that was proposed for the list before: what is gone stays gone."""
        return frozenset(str(row[0]) for row in self._db.execute("SELECT tag_key FROM proposed"))

    def keep_proposed(self, tags: Iterable[str]) -> None:
        """Remember what was proposed for the list, beside what was before."""
        with self._transaction():
            self._db.executemany(
                "INSERT OR IGNORE INTO proposed VALUES (?)", [(tag_key(tag),) for tag in tags]
            )

    def arrangement(self) -> tuple[str, str]:
        """Return the run by which a model last arranged the tags and what it said; both maybe ''."""
        row = self._db.execute("SELECT run, said FROM arrangement").fetchone()
        return (str(row[0]), str(row[1])) if row else ("", "")

    def keep_arrangement(self, run: str, said: str) -> None:
        """Keep what a model said in place of what it said before."""
        with self._transaction():
            self._db.execute("DELETE FROM arrangement")
            self._db.execute("INSERT INTO arrangement VALUES (?,?)", (run, said))
