"""Which note of a vault already has a source; pure.

A note is found by what its properties say it was made from, wherever it lies and whoever made it.
A source without an address, such as a file, is found by where notemill put its note; where the note
was moved, by the file's name in its properties.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.sources.address import key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from notemill.index import NoteFacts
    from notemill.sources.draft import Draft
    from notemill.stores.new_notes import IngestedSource


_ADDED: Final = "+"
"""Ends the digest of a source that was added to a note which its owner had made."""


def stored_digest(digest: str, *, whole: bool) -> str:
    """Return a draft's digest as it is stored: whether the `whole` note was made of it is told."""
    return digest if whole else f"{digest}{_ADDED}"


def is_whole(digest: str) -> bool:
    """Return whether a stored digest is of a note that was made of its source as a whole."""
    return not digest.endswith(_ADDED)


@dataclass(frozen=True, slots=True)
class Known:
    """The notes of a vault by what they were made from."""

    by_key: Mapping[str, str]
    by_source: Mapping[str, tuple[str, ...]]
    notes: frozenset[str]
    ingested: Mapping[str, IngestedSource]

    def note_of(self, draft: Draft) -> str:
        """Return the note that has a draft's source, '' if there is none."""
        for key in draft.keys:
            if note := self.by_key.get(key):
                return note
        for key in draft.keys:
            before = self.ingested.get(key)
            if before is None:
                continue
            if before.note in self.notes:
                return before.note
            moved = self.by_source.get(draft.source, ())
            if len(moved) == 1:
                return moved[0]
        return ""

    def before(self, draft: Draft) -> IngestedSource | None:
        """Return what notemill wrote of a draft's source before, None if it wrote nothing."""
        return next((self.ingested[key] for key in draft.keys if key in self.ingested), None)


def known_of(facts: Iterable[NoteFacts], ingested: Mapping[str, IngestedSource]) -> Known:
    """Return which notes have which sources; of two notes with one, the first by path."""
    by_key: dict[str, str] = {}
    by_source: dict[str, tuple[str, ...]] = {}
    notes: set[str] = set()
    for one in facts:
        notes.add(one.key)
        for said in one.sources:
            by_source[said] = (*by_source.get(said, ()), one.key)
            if key := key_of(said):
                by_key.setdefault(key, one.key)
    return Known(by_key, by_source, frozenset(notes), ingested)
