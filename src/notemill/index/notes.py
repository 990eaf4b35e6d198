"""The facts about every note: a note is read again only if its size or mtime differs."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final

from notemill.errors import NotemillError
from notemill.index.analysis import Analysis, Unread, chunks, keep_all
from notemill.index.contents import Contents
from notemill.index.derived import Derived, unseen
from notemill.index.facts import facts_in, unreadable
from notemill.index.layout import Layout
from notemill.index.lessons import Lessons
from notemill.index.pool import mapped
from notemill.vault.note import bytes_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from notemill.index.analysis import Analysed
    from notemill.index.contents import Met
    from notemill.index.derived import Watch
    from notemill.index.facts import NoteFacts
    from notemill.vault.files import NoteFile, Vault

LEAST_FOR_POOL: Final = 500
"""The fewest notes to read for which several processes pay: starting them takes half a second."""


class Index:
    """The facts about one vault's notes, their contents, and what their links teach.

    Kept in a file outside the vault.
    """

    def __init__(self, path: Path, *, watch: Watch = unseen, processes: int = 1) -> None:
        """Open the index at `path`, an empty one if it is absent or cannot be read.

        `watch` follows the reading of notes. Many notes are read by up to `processes` processes;
        more than one requires an importable main module (see `pool.mapped`). Raises VaultError if
        the file cannot be created.
        """
        self._derived = Derived(path)
        self._watch = watch
        self._processes = processes
        self._known_at: object = None
        self._known: dict[str, NoteFacts] = {}
        self.contents = Contents(self._derived, watch=watch, processes=self._processes_for)
        self.lessons = Lessons(self._derived)
        self.layout = Layout(self._derived)

    def close(self) -> None:
        """Close the file."""
        self._derived.close()

    def _processes_for(self, notes: int) -> int:
        return self._processes if notes >= LEAST_FOR_POOL else 1

    def refresh(
        self,
        vault: Vault,
        files: Iterable[NoteFile],
        *,
        with_contents: Callable[[NoteFacts], bool] | None = None,
    ) -> list[NoteFacts]:
        """Return the facts about `files`, in their order, reading only those that changed.

        The same reading analyses those contents that will be wanted (by `with_contents`). Results
        are stored as they come: after an interruption the next call continues from there.
        """
        known = self._stored()
        files = list(files)
        found: list[NoteFacts | None] = []
        changed: list[tuple[int, NoteFile]] = []
        for place, file in enumerate(files):
            facts = known.get(file.key)
            if facts is None or (facts.size, facts.mtime_ns) != (file.size, file.mtime_ns):
                facts = None
                changed.append((place, file))
            found.append(facts)
        if changed:
            self._read(vault, changed, found, with_contents)
        if gone := known.keys() - {file.key for file in files}:
            self._delete(gone)
        return [one for one in found if one is not None]

    def _read(
        self,
        vault: Vault,
        changed: list[tuple[int, NoteFile]],
        found: list[NoteFacts | None],
        with_contents: Callable[[NoteFacts], bool] | None,
    ) -> None:
        """Read the notes that changed, and fill in their facts."""
        places: list[int] = []
        hashes = self.contents.known() if with_contents else frozenset[str]()

        def notes() -> Iterator[Unread]:
            for place, file in changed:
                try:
                    raw = vault.read(file.key)
                except NotemillError as error:
                    found[place] = unreadable(file.key, str(error))
                    continue
                places.append(place)
                hashed = bytes_hash(raw)
                is_new = hashed not in hashes
                yield Unread(file.key, raw, hashed, file.size, file.mtime_ns, is_new)

        processes = self._processes_for(len(changed))
        results = mapped(Analysis(with_contents), chunks(notes()), processes=processes)
        met: Met = {}
        done = iter(places)

        def keep(some: Sequence[Analysed]) -> None:
            rows = [row for one in some for row in one.facts]
            read = [facts_in(row) for row in rows]
            with self._derived.writing() as db:
                db.executemany(
                    "INSERT OR REPLACE INTO notes VALUES (?,?)",
                    [(one.key, row) for one, row in zip(read, rows, strict=True)],
                )
                self.contents.keep(db, some, met)
            for one in read:
                found[next(done)] = one

        with self._watch() as tell, closing(results):
            keep_all(results, keep, tell)

    def forget(self, key: str) -> None:
        """Have a note read again next time, regardless of its size and time."""
        self._delete((key,))

    def _stored(self) -> dict[str, NoteFacts]:
        """Return the stored facts by key: those of the last call while nothing was written."""
        self._derived.check()
        try:
            version = self._derived.version()
            if version != self._known_at:
                rows = self._derived.db.execute("SELECT facts FROM notes").fetchall()
                self._known = {facts.key: facts for facts in (facts_in(text) for (text,) in rows)}
                self._known_at = version
        except (sqlite3.DatabaseError, ValueError, TypeError):
            self._derived.start_afresh()
            return {}
        return self._known

    def _delete(self, keys: Collection[str]) -> None:
        with self._derived.writing() as db:
            db.executemany("DELETE FROM notes WHERE key = ?", [(key,) for key in keys])
