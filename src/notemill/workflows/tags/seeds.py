"""What a vocabulary can be proposed from: the notes as the index has analysed them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.tagging.seeding import SeedNote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from notemill.index import NoteFacts
    from notemill.linking.corpus import Document, Lexicon


def seed_notes(
    facts: Iterable[NoteFacts], documents: Iterable[Document], lexicon: Lexicon
) -> Iterator[SeedNote]:
    """Yield the notes of `facts` that have been analysed; `facts` are of visible notes."""
    analysed = {one.key: one for one in documents}
    words = lexicon.terms()
    for one in facts:
        if document := analysed.get(one.key):
            yield SeedNote(
                one.key,
                one.title,
                one.folder,
                one.all_tags,
                tuple(words[number] for number in document.terms.tolist()),
                document.language,
            )
