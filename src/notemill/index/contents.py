"""What the notes say, analysed once for each content: a renamed note is recognised by its bytes."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING

from notemill.errors import NotemillError
from notemill.index.cache import Cache, unseen
from notemill.linking.corpus import Content, Lexicon, content_of, document_of
from notemill.vault.cleaning import VERSION
from notemill.vault.note import bytes_hash, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from notemill.index.cache import Watch
    from notemill.index.facts import NoteFacts
    from notemill.linking.corpus import Document, Surfaces
    from notemill.vault.files import Vault

# Part of the tables' names: another way of finding terms starts afresh.
FORMAT = f"5_{VERSION}"
_AT_A_TIME = 500


class Contents:
    """The contents of a vault's notes, kept in a file outside the vault."""

    def __init__(self, path: Path) -> None:
        """Open the file at `path`, an empty one where it is absent or cannot be read."""
        self._cache = Cache(
            path,
            f"CREATE TABLE IF NOT EXISTS contents_{FORMAT} (hash TEXT PRIMARY KEY, about TEXT,"
            " terms TEXT)",
            f"CREATE TABLE IF NOT EXISTS surfaces_{FORMAT} (language TEXT, term TEXT, word TEXT,"
            " PRIMARY KEY (language, term))"
            " WITHOUT ROWID",
        )
        self.watched: Watch = unseen

    def close(self) -> None:
        """Close the file."""
        self._cache.close()

    def documents(self, vault: Vault, facts: Sequence[NoteFacts]) -> tuple[list[Document], Lexicon]:
        """Return the notes as ranking sees them, in the order of `facts`, and their terms.

        Only notes whose content is new are read. One that cannot be read any more, or changed
        since its facts were taken, is left out.
        """
        self.refresh(vault, facts)
        try:
            return self._documents(facts)
        except (sqlite3.DatabaseError, ValueError, TypeError):
            self._cache.start_afresh()
            self.refresh(vault, facts)
            return self._documents(facts)

    def refresh(self, vault: Vault, facts: Sequence[NoteFacts]) -> None:
        """Analyse the notes whose content is new.

        What none of `facts` says is forgotten once it is more than what they say: other callers
        may ask for more of the vault's notes.
        """
        wanted = {one.bytes_hash: one.key for one in facts if one.bytes_hash}
        known = self._known()
        new = (key for hashed, key in wanted.items() if hashed not in known)
        surfaces: Surfaces = {}
        with self.watched() as tell:
            while some := list(islice(new, _AT_A_TIME)):
                self._keep(vault, some, surfaces)
                tell(len(some))
        if len(gone := known - wanted.keys()) > len(wanted):
            with self._cache.writing() as db:
                db.executemany(
                    f"DELETE FROM contents_{FORMAT} WHERE hash = ?", [(one,) for one in gone]
                )

    def _known(self) -> set[str]:
        try:
            rows = self._cache.db.execute(f"SELECT hash FROM contents_{FORMAT}").fetchall()
        except sqlite3.DatabaseError:
            self._cache.start_afresh()
            return set()
        return {str(row[0]) for row in rows}

    def _keep(self, vault: Vault, keys: list[str], surfaces: Surfaces) -> None:
        """Analyse notes and keep what they say; `surfaces` are the words that are kept already."""
        kept = {language: len(words) for language, words in surfaces.items()}
        rows = [row for key in keys for row in _analysed(vault, key, surfaces)]
        with self._cache.writing() as db:
            db.executemany(f"INSERT OR REPLACE INTO contents_{FORMAT} VALUES (?,?,?)", rows)
            db.executemany(
                f"INSERT OR IGNORE INTO surfaces_{FORMAT} VALUES (?,?,?)",
                [
                    (language, *met)
                    for language, words in surfaces.items()
                    for met in islice(words.items(), kept.get(language, 0), None)
                ],
            )

    def _documents(self, facts: Sequence[NoteFacts]) -> tuple[list[Document], Lexicon]:
        db, lexicon = self._cache.db, Lexicon()
        for language, term, word in db.execute(f"SELECT * FROM surfaces_{FORMAT}"):
            lexicon.surfaces.setdefault(language, {})[term] = word
        places: defaultdict[str, list[int]] = defaultdict(list)
        for place, one in enumerate(facts):
            places[one.bytes_hash].append(place)
        found: dict[int, Document] = {}
        for hashed, about, words in db.execute(
            f"SELECT hash, about, terms FROM contents_{FORMAT} ORDER BY rowid"
        ):
            for place in places.get(hashed, ()):
                content = _content(about, words)
                found[place] = document_of(
                    facts[place].key, content, lexicon, tags=facts[place].all_tags
                )
        return [found[place] for place in sorted(found)], lexicon


def _analysed(vault: Vault, key: str, surfaces: Surfaces) -> Iterator[tuple[str, str, str]]:
    """Yield the row of a note, none where it cannot be read."""
    try:
        raw = vault.read(key)
    except NotemillError:
        return
    content = content_of(parse(raw)[0], surfaces=surfaces)
    about = [content.names, content.language, content.links]
    yield bytes_hash(raw), json.dumps(about), " ".join(content.terms)


def _content(about: str, words: str) -> Content:
    """Return a content as it was kept; raises ValueError or TypeError for anything else."""
    names, language, links = json.loads(about)
    return Content(
        names=tuple(names),
        language=str(language),
        terms=tuple(words.split(" ")) if words else (),
        links=tuple((path, label) for path, label in links),
    )
