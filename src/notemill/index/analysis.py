"""What is found out of notes' bytes, each read once: facts, and contents where they are wanted.

Everything here takes and returns plain values, so that it can be done in another process.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from notemill.index.facts import facts_of_note, row_of
from notemill.linking.content import content_of
from notemill.text.terms import Stems
from notemill.vault.cleaning import owners_words
from notemill.vault.note import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from notemill.index.facts import NoteFacts
    from notemill.linking.content import Content
    from notemill.text.terms import Surfaces

MOST_NOTES: Final = 64
"""Of a chunk: few enough that progress shows and memory stays small."""
MOST_BYTES: Final = 1_048_576
"""Of a chunk, a longer note aside: so many bytes take a process about a second."""

_GATHERED: Final = 1_024
"""Notes of which what was found is written at once: a second's work for two processes."""

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
        self._stems = Stems()

    def __call__(self, some: list[Unread]) -> Found:
        """Analyse a chunk; each word is told once."""
        found = Found([], [], {})
        self._stems.surfaces = found.surfaces
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
                content = content_of(note, stems=self._stems, text=words)
                found.contents.append(_row(one.hash, content))
        return found


class ContentAnalysis:
    """How chunks of notes are analysed whose facts are known."""

    def __init__(self) -> None:
        """Start without words."""
        self._stems = Stems()

    def __call__(self, some: list[Unread]) -> Found:
        """Analyse a chunk; each word is told once."""
        surfaces: Surfaces = {}
        self._stems.surfaces = surfaces
        rows = [_row(one.hash, content_of(parse(one.raw)[0], stems=self._stems)) for one in some]
        return Found([], rows, surfaces)


def keep_all(
    results: Iterable[Found],
    keep: Callable[[Sequence[Found]], None],
    tell: Callable[[int], None],
) -> None:
    """Have the results kept, those of many notes at once, also where this is interrupted.

    `tell` is told of how many notes each is. Each write into a table that has another order
    rewrites most of its pages, so that few writes are quicker.
    """
    some: list[Found] = []
    notes = 0
    try:
        for one in results:
            some.append(one)
            number = len(one.facts or one.contents)
            notes += number
            tell(number)
            if notes >= _GATHERED:
                gathered, some, notes = some, [], 0
                keep(gathered)
    finally:
        if some:
            keep(some)


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
