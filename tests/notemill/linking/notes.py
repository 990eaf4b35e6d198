"""Vaults in memory for tests of linking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.linking.content import content_of
from notemill.linking.corpus import Lexicon, document_of
from notemill.linking.propose import propose
from notemill.vault.note import parse
from notemill.vault.resolve import Names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notemill.linking.corpus import Candidate, Document


def documents(notes: Mapping[str, str]) -> tuple[list[Document], Lexicon, Names]:
    """Return what ranking sees of notes given as texts, in the order of their keys."""
    lexicon = Lexicon()
    found = [
        document_of(key, content_of(parse(text.encode())[0], stems=lexicon.stems), lexicon)
        for key, text in sorted(notes.items())
    ]
    return found, lexicon, Names(notes)


def proposed(notes: Mapping[str, str], *, top: int = 5, min_score: float = 0.0) -> list[Candidate]:
    """Return the pairs proposed for notes given as texts."""
    return propose(*documents(notes), top=top, min_score=min_score)


def pairs(notes: Mapping[str, str], *, top: int = 5, min_score: float = 0.0) -> set[str]:
    """Return the pairs proposed, as `a + b` without endings."""
    return {
        f"{one.a.removesuffix('.md')} + {one.b.removesuffix('.md')}"
        for one in proposed(notes, top=top, min_score=min_score)
    }
