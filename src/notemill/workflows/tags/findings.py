"""Find problems in a vault's tags: variants, junk, synonyms; and count the tags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notemill.markup.tags import tag_key
from notemill.tagging.census import Census
from notemill.tagging.junk import Junk, find_junk
from notemill.tagging.synonyms import Synonyms, find_synonyms
from notemill.tagging.variants import Merge, find_merges
from notemill.vault.left_alone import LeftAlone

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from notemill.index import NoteFacts
    from notemill.privacy import Privacy


@dataclass(frozen=True, slots=True)
class TagReport:
    """The tags of a vault and what could be improved; `excluded` notes were not read.

    `unread` are notes whose properties cannot be read or are invalid: their tags do not count.
    """

    census: Census
    merges: tuple[Merge, ...]
    junk: tuple[Junk, ...]
    synonyms: tuple[Synonyms, ...]
    excluded: int
    unread: tuple[LeftAlone, ...] = ()

    @property
    def droppable(self) -> tuple[Junk, ...]:
        """The junk to propose dropping: mere hints are left out."""
        return tuple(one for one in self.junk if not one.is_hint)


def review_tags(
    facts: Iterable[NoteFacts],
    *,
    privacy: Privacy,
    rejected: Collection[tuple[str, str]] = (),
) -> TagReport:
    """Examine the tags of all notes except the hidden ones.

    `rejected` are changes that a person rejected, as the keys of both tags, '' for a tag to be
    dropped: they are not found again.
    """
    notes: list[tuple[str, tuple[str, ...]]] = []
    unread: list[LeftAlone] = []
    excluded = 0
    for one in facts:
        if privacy.hides(one):
            excluded += 1
            continue
        notes.append((one.key, one.spellings))
        if one.problem:
            unread.append(LeftAlone(one.key, one.problem))
    census = Census.of(notes)
    junk = tuple(one for one in find_junk(census) if (tag_key(one.tag), "") not in rejected)
    gone = {one.tag for one in junk if not one.is_hint}
    merges = tuple(
        one
        for one in find_merges(census)
        if one.tag not in gone and (tag_key(one.tag), tag_key(one.into)) not in rejected
    )
    synonyms = tuple(
        one
        for one in find_synonyms(census)
        if (tag_key(one.tag), tag_key(one.other)) not in rejected
        and (tag_key(one.other), tag_key(one.tag)) not in rejected
    )
    return TagReport(census, merges, junk, synonyms, excluded, tuple(unread))
