"""What many notes of a vault have in common, and so says nothing of a single one."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from notemill.offline.pieces import PieceKind
from notemill.offline.units import section_value
from notemill.text.words import fold, terms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notemill.offline.pieces import NotePieces

COMMON_WORD: Final = 1 / 12
"""The share of a vault's notes from which a word is no topic by itself."""
COMMON_NAME: Final = 1 / 6
"""The share from which all words of a name make it none either: it is what the vault is about."""
COMMON_HEADING: Final = 1 / 100
LEAST_HEADINGS: Final = 3
"""A heading of so many notes, and of one in a hundred, is one of a form."""
LEAST_NOTES: Final = 24
"""Of fewer notes, the words of a twelfth may be anybody's."""


@dataclass(frozen=True, slots=True)
class Commonplace:
    """The folded headings and link labels, and the terms (see `words.terms`), of many notes.

    `everywhere` are the terms of so many that even together they say nothing of a single one.
    """

    names: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    everywhere: frozenset[str] = frozenset()

    def has(self, name: str) -> bool:
        """Say whether many notes have it as heading or link, or its words in their text."""
        if fold(name) in self.names:
            return True
        found = tuple(terms(name))
        many = self.everywhere if " " in name.strip() else self.words
        return bool(found) and many.issuperset(found)


def commonplace(pages: Iterable[NotePieces]) -> Commonplace:
    """Count what a vault's notes have in common."""
    headings: Counter[str] = Counter()
    links: Counter[str] = Counter()
    said: Counter[str] = Counter()
    size = 0
    for page in pages:
        size += 1
        headings.update({fold(text) for text in page.headings})
        links.update({fold(text) for text in page.found.links})
        said.update({term for piece in page.pieces for term in terms(piece.text)})
    least = max(LEAST_HEADINGS, COMMON_HEADING * size)
    many = COMMON_WORD * size if size >= LEAST_NOTES else math.inf
    return Commonplace(
        frozenset(
            (
                *(text for text, count in headings.items() if count >= least),
                *(text for text, count in links.items() if count >= many),
            )
        ),
        frozenset(term for term, count in said.items() if count >= many),
        frozenset(
            term for term, count in said.items() if count >= many * COMMON_NAME / COMMON_WORD
        ),
    )


def apart_from(page: NotePieces, common: Commonplace) -> NotePieces:
    """Return a page without the headings that many notes have, but for those of a summary."""
    if not common.names:
        return page

    def is_form(heading: str) -> bool:
        return fold(heading) in common.names and section_value(heading) == 0

    return replace(
        page,
        pieces=tuple(
            one for one in page.pieces if one.kind is not PieceKind.HEADING or not is_form(one.text)
        ),
        headings=tuple("" if is_form(one) else one for one in page.headings),
    )
