"""Which tags may be written into notes: the vocabulary's, and those a person decided on; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notemill.markup.tags import paths_of, tag_key
from notemill.vault.retag import TagChanges

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from notemill.tagging.taglist import Vocabulary


@dataclass(frozen=True, slots=True)
class Ruling:
    """The verdict on a proposed tag: it may be written as `tag`, or is new and waits."""

    tag: str
    is_new: bool


class Gate:
    """The tags that may be written; without a vocabulary all except rejected ones.

    A vault without a vocabulary has decided nothing yet: if every tag had to wait there, none could
    ever be the first.
    """

    def __init__(
        self,
        vocabulary: Vocabulary | None = None,
        *,
        kept: Collection[tuple[str, str]] = (),
        accepted: Collection[str] = (),
        rejected: Collection[str] = (),
        rejected_in: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        """Take a vault's vocabulary and the decisions made beside it.

        `kept` are rejected changes, as (tag, what it would become); `rejected_in` are the tags
        rejected for single notes.
        """
        self.vocabulary = vocabulary
        changes = vocabulary.changes if vocabulary else {}
        stay = {(tag_key(tag), tag_key(into)) for tag, into in kept}
        self._changes = TagChanges(
            {
                tag: new
                for tag, new in changes.items()
                if (tag_key(tag), tag_key(new or "")) not in stay
            }
        )
        self._known = _with_parents(vocabulary)
        self._accepted = {tag_key(tag) for tag in accepted}
        self._rejected = {tag_key(tag) for tag in rejected}
        self._rejected_in = {
            note: {tag_key(tag) for tag in tags} for note, tags in (rejected_in or {}).items()
        }

    def of(self, tag: str, note: str) -> Ruling | None:
        """Return the verdict on `tag` for a note; None if it was rejected or struck out.

        Another spelling of a tag of the vocabulary becomes that tag. A tag of the vocabulary
        passes, even if it was rejected for the vault before.
        """
        new = self._changes.of(tag)
        if new is None:
            return None
        key = tag_key(new)
        if {key, tag_key(tag)} & self._rejected_in.get(note, set()):
            return None
        if key in self._known:
            return Ruling(self._known[key], is_new=False)
        if key in self._rejected:
            return None
        return Ruling(new, is_new=self.vocabulary is not None and key not in self._accepted)

    def accepted_as(self, tag: str) -> str | None:
        """Return the spelling to write for a tag that a person accepted for a note.

        None if the vocabulary has struck it out; earlier rejections no longer count.
        """
        new = self._changes.of(tag)
        return None if new is None else self._known.get(tag_key(new), new)

    def allows(self, tag: str) -> bool:
        """Return whether a tag is in the vocabulary or was accepted beside it."""
        key = tag_key(tag)
        return key in self._known or key in self._accepted

    def rejected_for(self, note: str) -> frozenset[str]:
        """Return the keys of the tags rejected for this note only."""
        return frozenset(self._rejected_in.get(note, ()))


def _with_parents(vocabulary: Vocabulary | None) -> dict[str, str]:
    """Return the tags of a vocabulary and their parents, by key."""
    known: dict[str, str] = {}
    for entry in vocabulary.entries if vocabulary else ():
        if not entry.dropped:
            known[tag_key(entry.tag)] = entry.tag
            for parent in paths_of(entry.tag)[:-1]:
                known.setdefault(tag_key(parent), parent)
    return known


OPEN = Gate()
"""The gate of a vault without vocabulary and decisions."""
