"""Find problems in a vault's tags: variants, junk, synonyms; and count the tags."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notemill.markup.tags import tag_key
from notemill.tagging.census import Census
from notemill.tagging.junk import Junk, find_junk
from notemill.tagging.mentions import Mentions, TagsOfNote, find_mentions
from notemill.tagging.synonyms import Synonyms, find_synonyms
from notemill.tagging.variants import Merge, Variation, find_merges
from notemill.vault.left_alone import LeftAlone

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from notemill.index import NoteFacts
    from notemill.privacy import Privacy


@dataclass(frozen=True, slots=True)
class TagReport:
    """The tags of a vault and what could be improved; `excluded` notes were not read.

    `unread` are notes whose properties cannot be read or are invalid: their tags do not count.
    `mentions` are the tags that texts only mention, which are not merged.
    """

    census: Census
    merges: tuple[Merge, ...]
    junk: tuple[Junk, ...]
    synonyms: tuple[Synonyms, ...]
    excluded: int
    unread: tuple[LeftAlone, ...] = ()
    mentions: Mentions = field(default_factory=Mentions)

    @property
    def droppable(self) -> tuple[Junk, ...]:
        """The junk to propose dropping: mere hints are left out."""
        return tuple(one for one in self.junk if not one.is_hint)


def mentions_in(notes: Iterable[NoteFacts]) -> Mentions:
    """Return the tags that the texts of notes only mention."""
    return find_mentions(
        TagsOfNote(one.tags, one.inline_tags, one.labels, one.headings, one.quoted) for one in notes
    )


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
    notes: list[NoteFacts] = []
    unread: list[LeftAlone] = []
    excluded = 0
    for one in facts:
        if privacy.hides(one):
            excluded += 1
            continue
        notes.append(one)
        if one.problem:
            unread.append(LeftAlone(one.key, one.problem))
    census = Census.of((one.key, one.spellings) for one in notes)
    mentions = mentions_in(notes)
    titles = {tag_key(one.title) for one in notes}
    named = {tag.key for tag in census.used if tag_key(tag.leaf) in titles}
    junk = tuple(
        one
        for one in find_junk(census)
        if (key := tag_key(one.tag)) not in mentions.labels and (key, "") not in rejected
    )
    gone = {one.tag for one in junk if not one.is_hint}
    merges = tuple(
        one
        for one in find_merges(census)
        if one.tag not in gone
        and (tag_key(one.tag), tag_key(one.into)) not in rejected
        and mentions.all.isdisjoint((tag_key(one.tag), tag_key(one.into)))
        and not is_of_two_contexts(one, named)
    )
    synonyms = tuple(
        one
        for one in find_synonyms(census)
        if mentions.all.isdisjoint((tag_key(one.tag), tag_key(one.other)))
        and (tag_key(one.tag), tag_key(one.other)) not in rejected
        and (tag_key(one.other), tag_key(one.tag)) not in rejected
    )
    return TagReport(census, merges, junk, synonyms, excluded, tuple(unread), mentions)


def is_of_two_contexts(merge: Merge, named: Collection[str]) -> bool:
    """Tell whether of a singular and its plural one is the name of a page and the other is not.

    `named` are the keys of tags that are.
    """
    of_one = (tag_key(merge.tag) in named) != (tag_key(merge.into) in named)
    return of_one and merge.kind is Variation.PLURAL
