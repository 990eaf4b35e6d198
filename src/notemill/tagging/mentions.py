"""Tags that a vault's texts only mention: labels, headings, channels, hashtags of others; pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from notemill.markup.tags import tag_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SHARED: Final = 3
"""The notes of a tag that somebody uses as one."""
MOSTLY: Final = 4
"""How many times more tags are in properties than in text where those in text are no tags."""


class TagsOfNote(NamedTuple):
    """The tags of a note's properties and of its text; those that are labels, headings or quotes."""

    properties: Iterable[str]
    text: Iterable[str]
    labels: Iterable[str] = ()
    headings: Iterable[str] = ()
    quoted: Iterable[str] = ()


@dataclass(frozen=True, slots=True)
class Mentions:
    """The keys of tags that are only mentioned, and in how many notes each tag is in text alone.

    `labels` name something where they stand, as headings without a space do: none of them is
    changed. `quoted` ones are only in sentences of a vault whose owner tags in properties.
    """

    labels: frozenset[str] = frozenset()
    quoted: frozenset[str] = frozenset()
    in_text: Mapping[str, int] = field(default_factory=dict)

    @property
    def all(self) -> frozenset[str]:
        """The keys of all tags that have no place in a vocabulary."""
        return self.labels | self.quoted


def find_mentions(notes: Iterable[TagsOfNote]) -> Mentions:
    """Return the tags that are only mentioned.

    A label is one in most of its notes; a heading is used once.
    """
    owned: Counter[str] = Counter()
    in_text: Counter[str] = Counter()
    labels: Counter[str] = Counter()
    headings: Counter[str] = Counter()
    quotes: Counter[str] = Counter()
    for one in notes:
        own = set(map(tag_key, one.properties))
        said = set(map(tag_key, one.text)) - own
        owned.update(own)
        in_text.update(said)
        labels.update(said.intersection(map(tag_key, one.labels)))
        headings.update(said.intersection(map(tag_key, one.headings)))
        quotes.update(said.intersection(map(tag_key, one.quoted)))
    only = {key: count for key, count in in_text.items() if key not in owned}
    names = frozenset(
        key
        for key, count in only.items()
        if 2 * labels[key] > count or (count == 1 and headings[key])
    )
    quoted = frozenset(key for key in only.keys() - names if quotes[key] == only[key])
    return Mentions(
        names, quoted if _tags_in_properties(owned, only) else frozenset(), dict(in_text)
    )


def _tags_in_properties(owned: Counter[str], only: Mapping[str, int]) -> bool:
    """Tell whether a vault's tags are in properties, by its tags and by their uses."""
    shared = sum(count >= SHARED for count in owned.values())
    others = sum(count >= SHARED for count in only.values())
    return shared >= MOSTLY * max(1, others) and owned.total() >= MOSTLY * sum(only.values())
