"""Which note of a vault already has a source; pure.

A note is found by what its properties say it was made from, wherever it lies and whoever made it.
A source without an address, such as a file, is found by where notemill put its note; where the note
was moved, by the file's name in its properties.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from notemill.sources.address import key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from notemill.index import NoteFacts
    from notemill.sources.draft import Draft
    from notemill.stores.new_notes import IngestedSource


_ADDED: Final = "+"
"""Ends the digest of a source that was added to a note which its owner had made."""


def transcript_keys(draft: Draft) -> tuple[str, ...]:
    """Return the keys of the note that a draft's transcript has for itself."""
    return tuple(f"{key} transcript" for key in draft.keys)


def stored_digest(digest: str, *, whole: bool) -> str:
    """Return a draft's digest as it is stored: whether the `whole` note was made of it is told."""
    return digest if whole else f"{digest}{_ADDED}"


def is_whole(digest: str) -> bool:
    """Return whether a stored digest is of a note that was made of its source as a whole."""
    return not digest.endswith(_ADDED)


@dataclass(frozen=True, slots=True)
class Known:
    """The notes of a vault by what they were made from."""

    by_key: Mapping[str, Sequence[str]]
    by_source: Mapping[str, Sequence[str]]
    by_content: Mapping[str, str]
    notes: frozenset[str]
    ingested: Mapping[str, IngestedSource]
    hidden: frozenset[str] = frozenset()
    """Those that nothing may be read into or named."""

    def note_of(self, draft: Draft) -> str:
        """Return the note that has a draft's source, '' if there is none."""
        for key in draft.keys:
            if note := self.note_with(key):
                return note
        for key in draft.keys:
            before = self.ingested.get(key)
            if before is None:
                continue
            if before.note in self.notes:
                return before.note
            # As it was written, it is told by its own content, whatever its source is called now.
            if note := self.by_content.get(before.source_hash, ""):
                return note
            moved = self.by_source.get(draft.source, ())
            if len(moved) == 1:
                return moved[0]
        return ""

    def note_with(self, key: str) -> str:
        """Return the note whose properties name a source, '' if none does.

        Of several it is the one that notemill wrote: the others are its copies, or parts of it.
        """
        notes = self.by_key.get(key, ())
        before = self.ingested.get(key)
        if before is not None and len(notes) > 1:
            if before.note in notes:
                return before.note
            if (alike := self.by_content.get(before.source_hash, "")) in notes:
                return alike
        return notes[0] if notes else ""

    def transcript_of(self, draft: Draft) -> IngestedSource | None:
        """Return the note that notemill wrote for a draft's transcript alone, where it is now."""
        found = (self.ingested.get(key) for key in transcript_keys(draft))
        if (before := next(filter(None, found), None)) is None:
            return None
        moved = self.by_content.get(before.source_hash, "")
        note = before.note if before.note in self.notes else moved
        return replace(before, note=note) if note else None

    def before(self, draft: Draft) -> IngestedSource | None:
        """Return what notemill wrote of a draft's source before, None if it wrote nothing."""
        return next((self.ingested[key] for key in draft.keys if key in self.ingested), None)


def known_of(facts: Iterable[NoteFacts], ingested: Mapping[str, IngestedSource]) -> Known:
    """Return which notes have which sources; those with one are in order of path."""
    by_key: dict[str, list[str]] = {}
    by_source: dict[str, list[str]] = {}
    by_content: dict[str, str] = {}
    notes: set[str] = set()
    for one in facts:
        notes.add(one.key)
        by_content.setdefault(one.source_hash, one.key)
        for said in one.sources:
            by_source.setdefault(said, []).append(one.key)
        for key in dict.fromkeys(key_of(said) for said in one.sources):
            if key:
                by_key.setdefault(key, []).append(one.key)
    return Known(by_key, by_source, by_content, frozenset(notes), ingested)
