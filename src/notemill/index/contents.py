"""The contents of notes, analysed once for each hash: a renamed note is not analysed again."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from contextlib import closing
from typing import TYPE_CHECKING, Final

from notemill.errors import NotemillError
from notemill.index.analysis import ContentAnalysis, Unread, chunks, keep_all
from notemill.index.pool import mapped
from notemill.linking.content import Content
from notemill.linking.corpus import Lexicon, document_of
from notemill.vault.note import bytes_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from notemill.index.analysis import Analysed
    from notemill.index.derived import Derived, Watch
    from notemill.index.facts import NoteFacts
    from notemill.linking.corpus import Document
    from notemill.vault.files import Vault

PART_NOTES: Final = 100
"""Notes that are read before others get their turn: about a tenth of a second."""
Met = dict[str, set[str]]
"""The terms whose words were stored in one pass, by language."""


class Contents:
    """The contents of a vault's notes, by the hash of their bytes."""

    def __init__(self, derived: Derived, *, watch: Watch, processes: Callable[[int], int]) -> None:
        """Keep them in the file `derived`; `processes` returns how many read so many notes."""
        self._derived = derived
        self._watch = watch
        self._processes = processes

    def documents(self, vault: Vault, facts: Sequence[NoteFacts]) -> tuple[list[Document], Lexicon]:
        """Return the notes as documents for ranking, in the order of `facts`, and their terms.

        Only notes with new content are read. A note that can no longer be read, or has changed
        since its facts were taken, is left out.
        """
        self.refresh(vault, facts)
        try:
            return self._documents(facts)
        except (sqlite3.DatabaseError, ValueError, TypeError):
            self._derived.start_afresh()
            self.refresh(vault, facts)
            return self._documents(facts)

    def each(self, vault: Vault, facts: Sequence[NoteFacts]) -> Iterator[tuple[NoteFacts, Content]]:
        """Yield the notes with their contents, one after another, in no order.

        What is read, and what is left out, is as in `documents`.
        """
        done: set[int] = set()
        for is_last in (False, True):
            self.refresh(vault, facts)
            try:
                for place, content in self._stored(facts):
                    if place not in done:
                        done.add(place)
                        yield facts[place], content
            except (sqlite3.DatabaseError, ValueError, TypeError):
                if is_last:
                    raise
                self._derived.start_afresh()
            else:
                return

    def links(
        self, vault: Vault, facts: Sequence[NoteFacts]
    ) -> dict[str, tuple[tuple[str, str], ...]]:
        """Return the paths and labels of each note's links, by the note's key.

        What is read, and what is left out, is as in `documents`; the notes' words are not loaded.
        """
        self.refresh(vault, facts)
        try:
            return self._links(facts)
        except (sqlite3.DatabaseError, ValueError, TypeError):
            self._derived.start_afresh()
            self.refresh(vault, facts)
            return self._links(facts)

    def _links(self, facts: Sequence[NoteFacts]) -> dict[str, tuple[tuple[str, str], ...]]:
        rows = self._derived.db.execute("SELECT hash, about FROM contents")
        stored = {hashed: _links_in(about) for hashed, about in rows}
        return {one.key: stored[one.bytes_hash] for one in facts if one.bytes_hash in stored}

    def read_in_parts(self, vault: Vault, facts: Sequence[NoteFacts]) -> Iterator[int]:
        """Analyse the notes with new content, part by part; yield how many each part has.

        A caller that gives others their turn between the parts asks for the contents afterwards.
        """
        known = self.known()
        new = [one.key for one in facts if one.bytes_hash and one.bytes_hash not in known]
        for first in range(0, len(new), PART_NOTES):
            part = new[first : first + PART_NOTES]
            self._read(vault, part)
            yield len(part)

    def refresh(self, vault: Vault, facts: Sequence[NoteFacts]) -> None:
        """Analyse the notes with new content.

        Contents of none of `facts` are deleted once they outnumber those of `facts`: other callers
        may ask for more of the vault's notes.
        """
        wanted = {one.bytes_hash: one.key for one in facts if one.bytes_hash}
        known = self.known()
        new = [key for hashed, key in wanted.items() if hashed not in known]
        if new:
            self._read(vault, new)
        if len(gone := known - wanted.keys()) > len(wanted):
            with self._derived.writing() as db:
                db.executemany("DELETE FROM contents WHERE hash = ?", [(one,) for one in gone])

    def known(self) -> AbstractSet[str]:
        """Return the hashes of the stored contents."""
        try:
            rows = self._derived.db.execute("SELECT hash FROM contents").fetchall()
        except sqlite3.DatabaseError:
            self._derived.start_afresh()
            return frozenset()
        return {str(row[0]) for row in rows}

    def _read(self, vault: Vault, keys: list[str]) -> None:
        def notes() -> Iterator[Unread]:
            for key in keys:
                try:
                    raw = vault.read(key)
                except NotemillError:
                    continue
                yield Unread(key, raw, bytes_hash(raw), len(raw), 0, is_new=True)

        results = mapped(ContentAnalysis(), chunks(notes()), processes=self._processes(len(keys)))
        met: Met = {}

        def keep(some: Sequence[Analysed]) -> None:
            with self._derived.writing() as db:
                self.keep(db, some, met)

        with self._watch() as tell, closing(results):
            keep_all(results, keep, tell)

    def keep(self, db: sqlite3.Connection, found: Sequence[Analysed], met: Met) -> None:
        """Store results in the caller's transaction; `met` are the terms stored in this pass."""
        contents = [row for one in found for row in one.contents]
        db.executemany("INSERT OR IGNORE INTO contents VALUES (?,?,?)", contents)
        new: list[tuple[str, str, str]] = []
        for surfaces in (one.surfaces for one in found):
            for language, words in surfaces.items():
                terms = met.setdefault(language, set())
                new += [(language, term, word) for term, word in words.items() if term not in terms]
                terms.update(words)
        # In the table's own order, so that each of its pages is written once.
        db.executemany("INSERT OR IGNORE INTO surfaces VALUES (?,?,?)", sorted(new))

    def _documents(self, facts: Sequence[NoteFacts]) -> tuple[list[Document], Lexicon]:
        db, lexicon = self._derived.db, Lexicon()
        for language, term, word in db.execute("SELECT * FROM surfaces"):
            lexicon.surfaces.setdefault(language, {})[term] = word
        found = {
            place: document_of(facts[place].key, content, lexicon, tags=facts[place].all_tags)
            for place, content in self._stored(facts)
        }
        return [found[place] for place in sorted(found)], lexicon

    def _stored(self, facts: Sequence[NoteFacts]) -> Iterator[tuple[int, Content]]:
        """Yield the stored contents with the places of their notes in `facts`."""
        places: defaultdict[str, list[int]] = defaultdict(list)
        for place, one in enumerate(facts):
            places[one.bytes_hash].append(place)
        for hashed, about, words in self._derived.db.execute(
            "SELECT hash, about, terms FROM contents ORDER BY rowid"
        ):
            for place in places.get(hashed, ()):
                yield place, _content(about, words)


def _content(about: str, words: str) -> Content:
    """Return a stored content. Raises ValueError or TypeError for anything else."""
    names, language, _ = json.loads(about)
    return Content(
        names=tuple(names),
        language=str(language),
        terms=tuple(words.split(" ")) if words else (),
        links=_links_in(about),
    )


def _links_in(about: str) -> tuple[tuple[str, str], ...]:
    """Return the links of a stored content. Raises ValueError or TypeError for anything else."""
    _, _, links = json.loads(about)
    return tuple((path, label) for path, label in links)
