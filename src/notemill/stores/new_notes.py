"""Notes that an ingest proposes, whole, until they are written; and what became of their sources.

Each is a row of the queue, with its text and the keys of its source beside it; the descriptions,
tags and topics proposed for it are rows of their own. An open row that creates a note has its path
for itself.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from notemill.errors import StoreError
from notemill.stores.proposals import ProposalState
from notemill.stores.queue_rows import OF_NOTES
from notemill.stores.review import Review
from notemill.stores.schema import names
from notemill.vault.disk import MAX_NOTE_BYTES
from notemill.vault.globs import folded
from notemill.vault.note import bytes_hash, inline_tags, parse, source_hash, words_at_tags
from twolane.databases import inflate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from notemill.stores.proposals import NewProposal
    from notemill.stores.store import Store

_OPEN: Final = "('pending', 'accepted')"
_NOTES: Final = (
    "SELECT p.id, p.run, p.note, p.value, p.why, p.source_hash, p.state, n.bytes_hash,"
    " n.source_hash, n.size, n.digest FROM new_notes AS n JOIN proposals AS p ON p.id = n.proposal"
)
_OF_SOURCE: Final = (
    "p.id IN (SELECT proposal FROM new_note_keys WHERE key IN (SELECT value FROM json_each(?)))"
)


@dataclass(frozen=True, slots=True)
class NewNote:
    """A note that a source becomes.

    `note` is its path in the vault, `content` the whole of it, `replaces` the `bytes_hash` of the
    note that it replaces, '' where it is created. `keys` are what the source is known by, `digest`
    is that of what was read of it. `proposals` are for this note and bound to its own content.
    """

    note: str
    title: str
    content: bytes
    replaces: str
    why: str
    keys: tuple[str, ...]
    digest: str
    proposals: tuple[NewProposal, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredNote:
    """A proposed note without its text, see `NewNotes.content`; `id` is that of its proposal.

    `bytes_hash` is that of the whole note, `source_hash` that of its own content, `size` in bytes.
    """

    id: int
    run: str
    note: str
    title: str
    why: str
    replaces: str
    state: ProposalState
    bytes_hash: str
    source_hash: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class IngestedSource:
    """A source whose note was written, and stands as far as notemill knows.

    `note` is the path that it was written to; `bytes_hash` and `source_hash` are those of the note as
    it was proposed, before descriptions, tags and links: only the latter is unchanged by these. `run`
    wrote it, '' if that is forgotten; `at` is in seconds since the epoch.
    """

    note: str
    digest: str
    bytes_hash: str
    source_hash: str
    run: str
    at: float


class NewNotes:
    """The proposed notes of one vault."""

    def __init__(self, store: Store) -> None:
        """Keep them in `store`."""
        self._store = store
        self._review = Review(store)

    def store(self, run: str, notes: Iterable[NewNote], *, now: float) -> None:
        """Store notes as pending proposals, each once for its run and the path asked for.

        A source that a person turned down for ever is not proposed again, nor one whose note is
        accepted already; what an earlier run proposed for it and nobody decided ends in conflict. A
        note to be created whose path another open one has gets the next free name, and so do two of
        one run that are of different sources.
        """
        with self._store.transaction():
            self.drop()
            open_ = self._store.rows(
                f"SELECT note FROM proposals WHERE kind = 'note' AND state IN {_OPEN}"  # noqa: S608
            )
            taken = {folded(note) for (note,) in open_}
            never = self._review.turned_down()
            for one in notes:
                if self._is_decided(one.keys) or self._is_stored(run, one):
                    continue
                for old in self._of_source(one.keys, run, "p.run <> ? AND p.state = 'pending'"):
                    self.end(old, now=now)
                    taken.discard(folded(old.note))
                path = one.note if one.replaces else _free(one.note, taken)
                taken.add(folded(path))
                turned_down = self._review.turned_down(path) if one.replaces else set()
                self._propose(run, path, one, never | turned_down, now)

    def _is_stored(self, run: str, one: NewNote) -> bool:
        """Record what a run proposes; return whether it has, for this path and of this source."""
        new = self._store.db.execute("INSERT OR IGNORE INTO answered VALUES (?,?)", (run, one.note))
        if new.rowcount:
            return False
        keys = set(one.keys)
        rows = self._store.rows(
            "SELECT p.id FROM new_notes AS n JOIN proposals AS p ON p.id = n.proposal"
            " WHERE p.run = ? AND n.asked = ?",
            run,
            one.note,
        )
        return any(keys == (known := self._keys(number)) or keys & known for (number,) in rows)

    def _is_decided(self, keys: Sequence[str]) -> bool:
        return bool(
            self._of_source(keys, "never", "(p.scope = ? OR p.state = 'accepted')") if keys else ()
        )

    def _keys(self, number: int) -> set[str]:
        query = "SELECT key FROM new_note_keys WHERE proposal = ?"
        return {str(key) for (key,) in self._store.rows(query, number)}

    def _propose(
        self, run: str, path: str, one: NewNote, but: set[tuple[str, str]], now: float
    ) -> None:
        db = self._store.db
        note, _ = parse(one.content)
        own = source_hash(note)
        number = db.execute(
            "INSERT INTO proposals (run, note, source_hash, kind, value, value_key, replaces, why,"
            " confidence, state, scope, wrote, made_at)"
            " VALUES (?,?,?,'note',?,?,'',?,2,'pending','','',?)",
            (run, path, one.replaces, one.title, one.title.casefold(), _why(one), now),
        ).lastrowid
        tags = dict.fromkeys(
            (*note.tags, *(tag.name for tag in inline_tags(note)), *words_at_tags(note))
        )
        db.execute(
            "INSERT INTO new_notes VALUES (?,?,?,?,?,?,?,?)",
            (
                number,
                one.note,
                zlib.compress(one.content, 1),
                len(one.content),
                bytes_hash(one.content),
                own,
                one.digest,
                json.dumps(list(tags)),
            ),
        )
        db.executemany(
            "INSERT OR IGNORE INTO new_note_keys VALUES (?,?)", [(key, number) for key in one.keys]
        )
        self._review.propose(run, path, own, one.proposals, but=but, now=now)

    # -- reading ------------------------------------------------------------------------------

    def content(self, number: int) -> bytes | None:
        """Return the bytes of a proposed note, None once they are no longer kept.

        Raises StoreError if they are damaged.
        """
        rows = self._store.rows(
            "SELECT content, bytes_hash FROM new_notes WHERE proposal = ?", number
        )
        if not rows or not rows[0][0]:
            return None
        try:
            content = inflate(rows[0][0], most_bytes=MAX_NOTE_BYTES)
            if bytes_hash(content) == rows[0][1]:
                return content
            why = "it is another text"
        except (TypeError, zlib.error) as error:
            why = str(error)
        raise StoreError(
            f"the text of the proposed note {OF_NOTES}{number} in {self._store.path} is damaged "
            f"({why}); reject it, and ingest its source again"
        )

    def get(self, number: int) -> StoredNote | None:
        """Return a proposed note by the number of its proposal."""
        return next(iter(self._found("p.id = ?", number)), None)

    def accepted(self) -> list[StoredNote]:
        """Return the accepted notes of all runs, by path."""
        return self._found("p.state = 'accepted'")

    def of_run(self, run: str, state: ProposalState) -> list[StoredNote]:
        """Return a run's notes in a state, by path."""
        return self._found("p.run = ? AND p.state = ?", run, state)

    def unwritten(self) -> dict[tuple[str, str], StoredNote]:
        """Return the notes that are not written yet, and may be, by run and path.

        What else their runs proposed for these paths is for them.
        """
        found = self._found("p.state IN ('pending', 'accepted', 'rejected')")
        return {(one.run, one.note): one for one in found}

    def unwritten_of(self, run: str, note: str) -> StoredNote | None:
        """Return the one of these for which a run's proposals for a path are."""
        where = "p.run = ? AND p.note = ? AND p.state IN ('pending', 'accepted', 'rejected')"
        return next(iter(self._found(where, run, note)), None)

    def open_for(self, keys: Sequence[str]) -> list[StoredNote]:
        """Return the pending and accepted notes of the source that is known by one of these keys."""
        return self._of_source(keys, "", f"? = '' AND p.state IN {_OPEN}")

    def tags(self, among: Collection[str] | None = None) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the path of every note that is not written, and the tags that it would have.

        `among` are the paths that are asked about, None for all.
        """
        asked = None if among is None else json.dumps(sorted(among))
        for note, tags in self._store.rows(
            "SELECT p.note, n.tags FROM new_notes AS n JOIN proposals AS p ON p.id = n.proposal"
            " WHERE p.state NOT IN ('applied', 'undone')"
            " AND (?1 IS NULL OR p.note IN (SELECT value FROM json_each(?1)))",
            asked,
        ):
            yield note, names(tags)

    def keys_of(self, run: str) -> frozenset[str]:
        """Return the keys of all sources that a run proposed notes for, whatever became of them."""
        rows = self._store.rows(
            "SELECT DISTINCT key FROM new_note_keys AS k JOIN proposals AS p ON p.id = k.proposal"
            " WHERE p.run = ?",
            run,
        )
        return frozenset(str(key) for (key,) in rows)

    def proposed(self, keys: Collection[str]) -> frozenset[str]:
        """Return those of the keys whose source had a note proposed, whatever became of it."""
        rows = self._store.rows(
            "SELECT value FROM json_each(?) WHERE value IN (SELECT key FROM new_note_keys)"
            " OR value IN (SELECT key FROM ingested)",
            json.dumps(sorted(keys)),
        )
        return frozenset(str(key) for (key,) in rows)

    def notes_of(self, run: str) -> list[StoredNote]:
        """Return a run's notes, by path."""
        return self._found("p.run = ?", run)

    def sources(self) -> dict[str, IngestedSource]:
        """Return the sources of the written notes, by each of their keys, the newest of each."""
        rows = self._store.rows(
            "SELECT key, note, digest, bytes_hash, source_hash, '', at FROM ingested"
        )
        rows += self._store.rows(
            "SELECT k.key, p.note, n.digest, n.bytes_hash, n.source_hash, p.wrote, p.decided_at"
            " FROM new_note_keys AS k JOIN new_notes AS n ON n.proposal = k.proposal"
            " JOIN proposals AS p ON p.id = k.proposal WHERE p.state = 'applied'"
            " ORDER BY p.decided_at, p.id"
        )
        return {key: IngestedSource(*values) for key, *values in rows}

    def _of_source(self, keys: Sequence[str], value: str, where: str) -> list[StoredNote]:
        return self._found(f"{_OF_SOURCE} AND {where}", json.dumps(list(keys)), value)

    def _found(self, where: str, *values: object) -> list[StoredNote]:
        rows = self._store.rows(f"{_NOTES} WHERE {where} ORDER BY p.note, p.id", *values)
        return self._store.read_each(rows, _stored, lambda row: f"proposal {OF_NOTES}{row[0]}")

    def is_written(self, note: str) -> bool:
        """Return whether the note at a path is one of these."""
        query = "SELECT 1 FROM proposals WHERE note = ? AND kind = 'note' AND state = 'applied'"
        return bool(self._store.rows(query, note))

    # -- what becomes of them -----------------------------------------------------------------

    def holds(self, one: StoredNote) -> bool:
        """Return whether a proposed note is still as it was read, in the state that it was in."""
        return self.get(one.id) == one

    def written(self, one: StoredNote, note: str, *, run: str, now: float) -> None:
        """Record that `run` wrote a note, to the path `note`; what is proposed for it follows.

        It counts as curated if something was proposed for it.
        """
        with self._store.transaction() as db:
            if note != one.note:
                db.execute(
                    "UPDATE proposals SET note = ? WHERE note = ? AND run = ?",
                    (note, one.note, one.run),
                )
            db.execute(
                "UPDATE proposals SET state = 'applied', wrote = ?, decided_at = ? WHERE id = ?",
                (run, now, one.id),
            )
            db.execute("UPDATE new_notes SET content = x'' WHERE proposal = ?", (one.id,))
            db.execute(
                "INSERT OR REPLACE INTO curated (note, source_hash, run, at)"
                " SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM proposals"
                " WHERE note = ?1 AND run = ?3 AND kind <> 'note')",
                (note, one.source_hash, one.run, now),
            )

    def end(self, one: StoredNote, *, now: float) -> None:
        """Record that a note cannot be written any more, nor what is proposed for it."""
        with self._store.transaction() as db:
            db.execute(
                "UPDATE proposals SET state = 'conflict', decided_at = ?"  # noqa: S608
                f" WHERE note = ? AND run = ? AND state IN {_OPEN}",
                (now, one.note, one.run),
            )

    def drop(self) -> None:
        """Delete the texts of notes that nobody will write: they were turned down, or have ended."""
        with self._store.transaction() as db:
            db.execute(
                "UPDATE new_notes SET content = x'' WHERE content <> x'' AND proposal IN"
                " (SELECT id FROM proposals WHERE kind = 'note' AND state IN ('rejected', 'conflict'))"
            )

    def forget(self, run: str) -> None:
        """Delete what a run proposed, and erase it; what its sources became stays known."""
        of_run = "SELECT id FROM proposals WHERE run = ? AND kind = 'note'"
        with self._store.erasing() as db:
            db.execute(
                "INSERT OR REPLACE INTO ingested SELECT k.key, p.note, n.digest, n.bytes_hash,"
                " n.source_hash, p.decided_at FROM new_note_keys AS k"
                " JOIN new_notes AS n ON n.proposal = k.proposal"
                " JOIN proposals AS p ON p.id = k.proposal"
                " WHERE p.run = ? AND p.state = 'applied' ORDER BY p.decided_at",
                (run,),
            )
            for table in ("new_note_keys", "new_notes"):
                db.execute(f"DELETE FROM {table} WHERE proposal IN ({of_run})", (run,))  # noqa: S608


def _why(one: NewNote) -> str:
    """Return where a note is from, and how large it is."""
    size = f"{max(1, round(len(one.content) / 1_000)):,} kB"
    return f"{one.why}; {size}" if one.why else size


def _free(note: str, taken: set[str]) -> str:
    """Return the first path that no open proposal has: `note`, or it with a number."""
    if folded(note) not in taken:
        return note
    stem, ending = (note[:-3], note[-3:]) if note[-3:].lower() == ".md" else (note, "")
    number = 2
    while folded(path := f"{stem} {number}{ending}") in taken:
        number += 1
    return path


def _stored(row: Sequence[Any]) -> StoredNote:
    number, run, note, title, why, replaces, state, *rest = row
    return StoredNote(number, run, note, title, why, replaces, ProposalState(state), *rest)
