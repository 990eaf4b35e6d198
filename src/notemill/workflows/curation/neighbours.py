"""The tags of the notes that a note links to, and of those that link to it; pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from notemill.vault.resolve import Names

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from notemill.linking.corpus import Document

MAX_LINKS: Final = 60
"""The most linked notes that a note's tags speak for: one with more is an index of the vault."""
MAX_LINKED_TAGS: Final = 20
"""The most tags of linked notes for one note."""


def linked_tags(
    documents: Sequence[Document], tags_of: Mapping[str, Sequence[str]], wanted: Collection[str]
) -> dict[str, list[str]]:
    """Return the tags of the notes linked with those `wanted`, the most common first."""
    names = Names(one.key for one in documents)
    linked: dict[str, set[str]] = {}
    for one in documents:
        for path, label in one.links:
            other = names.meant(path, label, source=one.key)
            if other is not None and other != one.key:
                linked.setdefault(one.key, set()).add(other)
                linked.setdefault(other, set()).add(one.key)
    found: dict[str, list[str]] = {}
    for key in wanted:
        near = [one for one in linked.get(key, ()) if len(linked[one]) <= MAX_LINKS]
        votes = Counter(tag for one in near for tag in tags_of.get(one, ()))
        order = sorted(votes, key=lambda tag: (-votes[tag], tag))
        if order:
            found[key] = order[:MAX_LINKED_TAGS]
    return found
