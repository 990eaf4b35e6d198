"""Which tags go into prompts: those that fit each note by the vault's own tagging."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from notemill.tagging.predict import Example, TagModel
from notemill.tagging.synonyms import MAX_TAGS_OF_NOTE
from notemill.text.terms import terms
from notemill.workflows.curation.candidates import tag_words

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from notemill.linking.corpus import Document, Lexicon

MAX_SUGGESTED: Final = 20
"""20 contain 97 of 100 tags that people had given, 40 would contain 99 (`bench/bench_tags.py`)."""
_AT_A_TIME: Final = 256


def suggestions(
    documents: Sequence[Document],
    lexicon: Lexicon,
    tags_of: Mapping[str, Sequence[str]],
    wanted: Collection[str],
    *,
    likely: bool = False,
) -> dict[str, list[str]]:
    """Return the tags that fit the notes `wanted`, best first, at most MAX_SUGGESTED.

    `tags_of` has the tags of every note to learn from, each in one spelling; `likely` leaves out
    those that are only the best of a bad lot.
    """
    # A note with more tags is a list of tags: it teaches nothing about any of them.
    tags_of = {key: tags for key, tags in tags_of.items() if len(tags) <= MAX_TAGS_OF_NOTE}
    examples = {one.key: _example(one, tags_of.get(one.key, ())) for one in documents}
    numbers = {
        tag: lexicon.numbers_of(terms(" ".join(tag_words(tag)), ""))
        for tag in sorted({tag for tags in tags_of.values() for tag in tags})
    }
    model = TagModel(list(examples.values()), numbers.__getitem__, len(lexicon))
    asked = [key for key in examples if key in wanted]
    found: dict[str, list[str]] = {}
    for start in range(0, len(asked) if model.tags else 0, _AT_A_TIME):
        some = asked[start : start + _AT_A_TIME]
        notes = [examples[key] for key in some]
        ranked = model.ranked(notes, MAX_SUGGESTED, likely=likely)
        found.update(zip(some, ranked, strict=True))
    return found


def _example(document: Document, tags: Sequence[str]) -> Example:
    folder = document.key.rpartition("/")[0]
    return Example(np.concatenate(document.names), document.terms, folder, tuple(tags))
