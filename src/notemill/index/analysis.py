"""What is found out of notes' bytes, each read once: facts, and contents where they are wanted.

Everything here takes and returns plain values, so that it can be done in another process.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from notemill.index.facts import facts_of_note, row_of
from notemill.linking.content import content_of
from notemill.vault.cleaning import owners_words
from notemill.vault.note import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from notemill.index.facts import NoteFacts
    from notemill.linking.content import Content, Surfaces

MOST_NOTES: Final = 64
"""Of a chunk: few enough that progress shows and memory stays small."""
MOST_BYTES: Final = 1_048_576
"""Of a chunk, a longer note aside: so many bytes take a process about a second."""

ContentRow = tuple[str, str, str]
"""A note's hash, its names, language and links as JSON, and its terms with spaces between."""


class Unread(NamedTuple):
    """A note's bytes; `is_new`: its content is not known yet."""

    key: str
    raw: bytes
    hash: str
    size: int
    mtime_ns: int
    is_new: bool


class Found(NamedTuple):
    """What a chunk of notes says: rows of facts, one for each note, rows of contents, and words."""

    facts: list[str]
    contents: list[ContentRow]
    surfaces: Surfaces


class Analysis:
    """How chunks of notes are analysed: with their facts, and with the contents of those wanted."""

    def __init__(self, wants: Callable[[NoteFacts], bool] | None) -> None:
        """Take what tells whether a new note's content is wanted, None for no content at all."""
        self._wants = wants
        self._told: dict[str, set[str]] = {}

    def __call__(self, some: list[Unread]) -> Found:
        """Analyse a chunk; each word is told once."""
        found = Found([], [], {})
        for one in some:
            note, problems = parse(one.raw)
            words = owners_words(note)
            facts = facts_of_note(
                one.key,
                note,
                problems,
                words,
                hashed=one.hash,
                size=one.size,
                mtime_ns=one.mtime_ns,
            )
            found.facts.append(row_of(facts))
            if one.is_new and self._wants is not None and self._wants(facts):
                content = content_of(note, surfaces=found.surfaces, text=words)
                found.contents.append(_row(one.hash, content))
        return found._replace(surfaces=untold(found.surfaces, self._told))


class ContentAnalysis:
    """How chunks of notes are analysed whose facts are known."""

    def __init__(self) -> None:
        """Start without words."""
        self._told: dict[str, set[str]] = {}

    def __call__(self, some: list[Unread]) -> Found:
        """Analyse a chunk; each word is told once."""
        surfaces: Surfaces = {}
        rows = [_row(one.hash, content_of(parse(one.raw)[0], surfaces=surfaces)) for one in some]
        return Found([], rows, untold(surfaces, self._told))


def untold(surfaces: Surfaces, told: dict[str, set[str]]) -> Surfaces:
    """Return the words of the terms that are not among `told`, and put those there."""
    found: Surfaces = {}
    for language, words in surfaces.items():
        terms = told.setdefault(language, set())
        found[language] = {term: word for term, word in words.items() if term not in terms}
        terms.update(found[language])
    return found


def _row(hashed: str, content: Content) -> ContentRow:
    about = [content.names, content.language, content.links]
    return hashed, json.dumps(about), " ".join(content.terms)


def chunks(notes: Iterable[Unread]) -> Iterator[list[Unread]]:
    """Yield notes in chunks, in order."""
    some: list[Unread] = []
    size = 0
    for one in notes:
        some.append(one)
        size += len(one.raw)
        if len(some) == MOST_NOTES or size >= MOST_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some
