"""Analyse notes' bytes, each read once, into facts and, where wanted, contents.

Everything here takes and returns plain values, so that it can run in another process.
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
"""The most notes in a chunk: few enough to show progress and keep memory small."""
MOST_BYTES: Final = 1_048_576
"""The most bytes in a chunk, except for a longer note: about a second's work for a process."""

_GATHERED: Final = 1_024
"""Notes whose results are written together: a second's work for two processes."""

ContentRow = tuple[str, str, str]
"""A note's hash, its names, language and links as JSON, and its terms separated by spaces."""


class Unread(NamedTuple):
    """A note's bytes; `is_new` if its content is not known yet."""

    key: str
    raw: bytes
    hash: str
    size: int
    mtime_ns: int
    is_new: bool


class Analysed(NamedTuple):
    """The results for a chunk of notes: a row of facts per note, rows of contents, and words."""

    facts: list[str]
    contents: list[ContentRow]
    surfaces: Surfaces


class Analysis:
    """Analyses chunks of notes: the facts of all, and the contents of those wanted."""

    def __init__(self, wants: Callable[[NoteFacts], bool] | None) -> None:
        """`wants` tells whether to analyse a new note's content; None analyses no content."""
        self._wants = wants
        self._stems = Stems()

    def __call__(self, some: list[Unread]) -> Analysed:
        """Analyse a chunk; the word of a term is returned once."""
        found = Analysed([], [], {})
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
    """Analyses chunks of notes whose facts are known."""

    def __init__(self) -> None:
        """Start without words."""
        self._stems = Stems()

    def __call__(self, some: list[Unread]) -> Analysed:
        """Analyse a chunk; the word of a term is returned once."""
        surfaces: Surfaces = {}
        self._stems.surfaces = surfaces
        rows = [_row(one.hash, content_of(parse(one.raw)[0], stems=self._stems)) for one in some]
        return Analysed([], rows, surfaces)


def keep_all(
    results: Iterable[Analysed],
    keep: Callable[[Sequence[Analysed]], None],
    tell: Callable[[int], None],
) -> None:
    """Store the results, for many notes at once, even if interrupted.

    `tell` gets the number of notes in each result. Each write into a table with another order
    rewrites most of its pages, so few writes are faster.
    """
    some: list[Analysed] = []
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
