"""What ranking reads of notes, and what it returns."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Final

import numpy as np

from notemill.text.terms import Stems, terms
from notemill.text.words import stem, words
from notemill.vault.resolve import title_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from notemill.linking.content import Content
    from notemill.text.terms import Surfaces

LONGEST_NAME: Final = 10
"""The most terms of a name that are compared."""

# What an editor calls a note that nobody has given a name.
_NO_NAME: Final = re.compile(
    "(?:untitled|unbenannt|sans titre|sin título|sem título|без названия|未命名|無題のファイル)"
    "(?: [0-9]+)?",
    re.IGNORECASE,
)


class Lexicon:
    """The terms of a vault by number, each with a word that it represents."""

    def __init__(self) -> None:
        """Start empty."""
        self._numbers = defaultdict[str, int](count().__next__)
        self.surfaces: Surfaces = {}
        self.stems = Stems(self.surfaces)

    def __len__(self) -> int:
        """Return how many terms there are."""
        return len(self._numbers)

    def numbers_of(self, words: Iterable[str]) -> NDArray[np.int32]:
        """Return the numbers of terms; new terms get the next free ones."""
        return np.fromiter(map(self._numbers.__getitem__, words), np.int32)

    def terms(self) -> list[str]:
        """Return the terms in the order of their numbers."""
        return list(self._numbers)

    def shown(self, language: str) -> list[str]:
        """Return the word that represents each term in a language, in their order; "" for none."""
        words = self.surfaces.get(language, {})
        return [words.get(one, "") for one in self._numbers]


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One note as ranking sees it, with terms as numbers in the vault's lexicon.

    `names` are those that other notes may use for it, its file name first, each as a sequence of
    terms; `called` the words of these in the singular (see `words.stem`). `language` is the ISO 639-1 code of its main language, "" if nothing tells it.
    """

    key: str
    language: str
    names: tuple[NDArray[np.int32], ...]
    terms: NDArray[np.int32]
    tags: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    called: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why two notes are proposed, for people.

    `words` are the terms with most weight in both, heaviest first; `mentions` are those of the two
    notes that name the other; `neighbours` the notes both link to; `tags` the shared tags.
    """

    words: tuple[str, ...]
    mentions: tuple[str, ...]
    neighbours: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pair of notes, `a` < `b`, that ranking proposes; `score` is between 0 and 1."""

    a: str
    b: str
    score: float
    reason: Reason


def document_of(
    key: str, content: Content, lexicon: Lexicon, *, tags: Sequence[str] = ()
) -> Document:
    """Return the note at `key` as ranking sees it."""
    names = dict.fromkeys(
        "" if _NO_NAME.fullmatch(one) else one for one in (title_of(key), *content.names)
    )
    return Document(
        key=key,
        language=content.language,
        names=tuple(
            lexicon.numbers_of(terms(name, content.language, lexicon.stems)[:LONGEST_NAME])
            for name in names
        ),
        terms=lexicon.numbers_of(content.terms),
        tags=tuple(tags),
        links=content.links,
        called=frozenset(stem(word) for name in names for word in words(name)),
    )
