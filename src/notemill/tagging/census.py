"""The tags of a vault, and the notes that have them; pure.

Follows Obsidian's rules: case is ignored, and a parent matches the notes of its children. The most
used spelling of a tag is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notemill.markup.tags import paths_of, tag_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag, or a parent that only exists through its children: its `notes` are empty.

    `name` is the most used spelling, the first of equals; `spellings` are all of them with the
    number of notes of each; `notes` have exactly this tag, `below` this one or a child of it.
    """

    key: str
    name: str
    spellings: Mapping[str, int]
    notes: frozenset[str]
    below: frozenset[str]

    @property
    def parent(self) -> str:
        """The parent's key, '' for a top-level tag."""
        return self.key.rpartition("/")[0]

    @property
    def leaf(self) -> str:
        """The last level, as shown."""
        return self.name.rpartition("/")[2]

    @property
    def count(self) -> int:
        """The number of notes that have it or a child of it."""
        return len(self.below)


@dataclass(frozen=True, slots=True)
class Census:
    """The tags of a vault by key, parents before their children, and the number of notes."""

    tags: Mapping[str, Tag]
    notes: int

    @classmethod
    def of(cls, tags_of_notes: Iterable[tuple[str, Iterable[str]]]) -> Census:
        """Collect the tags of (note, tags) in the vault's order."""
        spellings: dict[str, dict[str, int]] = {}
        notes: dict[str, set[str]] = {}
        below: dict[str, set[str]] = {}
        names: dict[str, str] = {}
        total = 0
        for note, tags in tags_of_notes:
            total += 1
            for tag in tags:
                key = tag_key(tag)
                forms = spellings.setdefault(key, {})
                forms[tag] = forms.get(tag, 0) + 1
                notes.setdefault(key, set()).add(note)
                for name in paths_of(tag):
                    names.setdefault(tag_key(name), name)
                    below.setdefault(tag_key(name), set()).add(note)
        return cls(
            {
                key: Tag(
                    key,
                    _most_used(spellings.get(key, {})) or names[key],
                    spellings.get(key, {}),
                    frozenset(notes.get(key, ())),
                    frozenset(below[key]),
                )
                for key in sorted(below)
            },
            total,
        )

    @property
    def used(self) -> tuple[Tag, ...]:
        """The tags that notes have, most used first."""
        found = (tag for tag in self.tags.values() if tag.notes)
        return tuple(sorted(found, key=lambda tag: (-len(tag.notes), tag.key)))


def _most_used(spellings: Mapping[str, int]) -> str:
    return max(spellings, key=spellings.__getitem__, default="")
