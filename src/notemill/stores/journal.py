"""The journal of a vault's writes, as its store keeps it."""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING, Any

from notemill.errors import StoreError, WriteFailedError
from notemill.stores.schema import moment
from notemill.vault.disk import MAX_NOTE_BYTES
from notemill.vault.journal import State, Write, WrittenRun
from notemill.vault.note import bytes_hash
from twolane.databases import inflate

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager

    from notemill.stores.store import Store
    from notemill.vault.journal import Intent

_WRITES = "SELECT seq, run, key, path, temporary, before_hash, after_hash, state, at_s FROM writes"


class StoredJournal:
    """The writes to one vault; implements `notemill.vault.journal.Journal`."""

    def __init__(self, store: Store) -> None:
        """Keep them in `store`."""
        self._store = store

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """Commit all writes of the block, to the journal and the other tables, together."""
        return self._store.transaction()

    def intend(self, intent: Intent) -> int:
        """Record a write before it happens and return its number; durable on return.

        Raises StoreError inside a transaction, where it would not be durable: a mistake of the
        caller.
        """
        if self._store.db.in_transaction:
            raise StoreError(f"{intent.key} must not be written within a transaction")
        with self._store.transaction() as db:
            cursor = db.execute(
                "INSERT INTO writes (run, key, path, temporary, before, before_hash, after_hash,"
                " state, at_s) VALUES (?,?,?,?,?,?,?,'intended',?)",
                (
                    intent.run,
                    intent.key,
                    os.fsencode(intent.path),
                    os.fsencode(intent.temporary),
                    zlib.compress(intent.before, 1),
                    intent.before_hash,
                    intent.after_hash,
                    intent.at_s,
                ),
            )
            db.executemany(
                "INSERT OR REPLACE INTO made_folders VALUES (?,?)",
                [(os.fsencode(folder), intent.run) for folder in intent.folders],
            )
        return int(cursor.lastrowid or 0)

    def mark(self, seqs: Iterable[int], state: State, *, temporary: str = "") -> None:
        """Set the state of writes, all in one commit."""
        values = [(state, os.fsencode(temporary), seq) for seq in seqs]
        with self._store.transaction() as db:
            db.executemany("UPDATE writes SET state = ?, temporary = ? WHERE seq = ?", values)

    def remove(self, seq: int) -> None:
        """Delete a write that never reached its note."""
        with self._store.transaction() as db:
            db.execute("DELETE FROM writes WHERE seq = ?", (seq,))

    def open_writes(self) -> list[Write]:
        """Return the writes that a crash left open, oldest first."""
        return self._found("WHERE state IN ('intended', 'undoing') ORDER BY seq")

    def of_run(self, run: str) -> list[Write]:
        """Return a run's writes, newest first."""
        return self._found("WHERE run = ? ORDER BY seq DESC", run)

    def standing(self, key: str, since: int) -> list[Write]:
        """Return a note's writes, from number `since` on, that are not undone, newest first."""
        return self._found(
            "WHERE key = ? AND seq >= ? AND state != 'undone' ORDER BY seq DESC", key, since
        )

    def left(self, after_hash: str) -> list[Write]:
        """Return the writes that are not undone and left these bytes, newest first."""
        return self._found(
            "WHERE after_hash = ? AND state != 'undone' ORDER BY seq DESC", after_hash
        )

    def _found(self, where: str, *values: object) -> list[Write]:
        try:
            return [_write(row) for row in self._store.rows(f"{_WRITES} {where}", *values)]
        except (ValueError, TypeError) as error:
            raise self._damaged(error) from error

    def _damaged(self, error: object) -> StoreError:
        return StoreError(
            f"the journal in {self._store.path} is damaged ({error}), so nothing can be "
            "written; restore the file from a backup"
        )

    def before(self, write: Write) -> bytes:
        """Return the bytes that a write replaced.

        Raises WriteFailedError if the stored copy is damaged: nothing is restored then.
        """
        rows = self._store.rows("SELECT before FROM writes WHERE seq = ?", write.seq)
        try:
            before = inflate(rows[0][0], most_bytes=MAX_NOTE_BYTES)
            if bytes_hash(before) == write.before_hash:
                return before
            why = "it is another text"
        except (IndexError, TypeError, zlib.error) as error:
            why = str(error)
        raise WriteFailedError(
            f"the journal's copy of {write.key} is damaged ({why}); the note stays unchanged"
        )

    def made(self, folder: str) -> bool:
        """Return whether a folder, by its vault path, was made for a note and is not removed."""
        query = "SELECT 1 FROM made_folders WHERE path = ?"
        return bool(self._store.rows(query, os.fsencode(folder)))

    def unmade(self, folder: str) -> None:
        """Record that a folder that was made for a note is removed."""
        with self._store.transaction() as db:
            db.execute("DELETE FROM made_folders WHERE path = ?", (os.fsencode(folder),))

    def forget(self, run: str) -> None:
        """Delete a run's writes and erase them from the disk: they can no longer be undone.

        Raises StoreError if a crash left one of its writes open.
        """
        if any(one.run == run for one in self.open_writes()):
            message = (
                f"run {run} was stopped while it wrote a note; finish it with `notemill apply "
                f"{run}` or `notemill undo {run}`, then forget it"
            )
            raise StoreError(message)
        with self._store.erasing() as db:
            db.execute("DELETE FROM writes WHERE run = ?", (run,))
            db.execute("DELETE FROM made_folders WHERE run = ?", (run,))

    def runs(self) -> list[WrittenRun]:
        """Return the runs that wrote something, newest first."""
        rows = self._store.rows(
            "SELECT run, count(DISTINCT key), count(DISTINCT key) - count(DISTINCT CASE WHEN"
            " state != 'undone' THEN key END), min(at_s), max(at_s) FROM writes"
            " GROUP BY run ORDER BY max(seq) DESC"
        )
        try:
            return [
                WrittenRun(_text(run), notes, undone, moment(first), moment(last))
                for run, notes, undone, first, last in rows
            ]
        except (ValueError, TypeError) as error:
            raise self._damaged(error) from error


def _write(row: Sequence[Any]) -> Write:
    seq, run, key, path, temporary, before_hash, after_hash, state, at_s = row
    return Write(
        seq,
        _text(run),
        _text(key),
        os.fsdecode(path),
        os.fsdecode(temporary),
        _text(before_hash),
        _text(after_hash),
        State(state),
        moment(at_s),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        message = f"{type(value).__name__} in place of a text"
        raise TypeError(message)
    return value
