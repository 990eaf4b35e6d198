"""The tags of an open vault as a tree, a tag's notes, and where else it is meant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from notemill.app.tag_view import seen_entries
from notemill.markup.tags import bare, is_within, tag_key
from notemill.tagging.census import Census
from notemill.tagging.tree import tag_tree
from notemill.workflows.tags.usage import find_usage, tags_sought

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notemill.app.opened import OpenVault
    from notemill.privacy import Sight
    from notemill.tagging.taglist import Entry
    from notemill.tagging.tree import TagNode
    from notemill.workflows.tags.gating import Place
    from notemill.workflows.tags.usage import Places

MOST_SOUGHT: Final = 200
"""The most children of a tag whose places are looked for with it: nobody reads more."""


@dataclass(frozen=True, slots=True)
class TagTree:
    """The tags of a vault; `tagged` of its visible `notes` have one.

    `has_vocabulary` if a vocabulary is in force; `note` holds it, '' if no note does, or a hidden one.
    """

    nodes: tuple[TagNode, ...]
    notes: int
    tagged: int
    has_vocabulary: bool
    note: str


@dataclass(frozen=True, slots=True)
class NoteOfTag:
    """A note with its title, and which of the tag and its children it has, as spelled."""

    note: str
    title: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotesOfTag:
    """Some notes of a tag, of `total`; `next` is the number of the first one left, None for none."""

    tag: str
    notes: tuple[NoteOfTag, ...]
    total: int
    next: int | None


def tree_of(opened: OpenVault) -> TagTree:
    """Return the tags of the vocabulary and of the visible notes. Raises VaultError."""
    sight = opened.look()
    place = opened.place(sight)
    census = Census.of((one.key, one.spellings) for one in sight.seen)
    vocabulary = opened.gate(place).vocabulary
    entries = vocabulary.entries if vocabulary is not None else ()
    tagged = frozenset().union(*(one.notes for one in census.tags.values()))
    return TagTree(
        tag_tree(census, _shown(entries, sight, place, census)),
        census.notes,
        len(tagged),
        vocabulary is not None,
        place.note if sight.shows(place.note) else "",
    )


def _shown(
    entries: tuple[Entry, ...], sight: Sight, place: Place, census: Census
) -> tuple[Entry, ...]:
    """Return the entries that may be shown: of a hidden note's list only what others have, too."""
    entries = seen_entries(entries, sight.hidden_tags)
    if not place.note or sight.shows(place.note):
        return entries
    return tuple(
        replace(one, aliases=(), description="")
        for one in entries
        if tag_key(one.tag) in census.tags
    )


def notes_of(opened: OpenVault, tag: str, *, start: int, limit: int | None) -> NotesOfTag:
    """Return the visible notes that have a tag or a child of it, by path."""
    key = tag_key(bare(tag))
    found = [
        NoteOfTag(one.key, one.title, mine)
        for one in opened.look().seen
        if (mine := tuple(name for name in one.spellings if is_within(tag_key(name), key)))
    ]
    found.sort(key=lambda one: one.note)
    after = len(found) if limit is None else start + limit
    return NotesOfTag(
        bare(tag), tuple(found[start:after]), len(found), after if after < len(found) else None
    )


def places_of(opened: OpenVault, tag: str) -> Mapping[str, Places]:
    """Return where else a tag and its children are meant, by the tags' keys."""
    sight = opened.look()
    key = tag_key(bare(tag))
    below = sorted(
        {
            other
            for one in sight.seen
            for name in one.spellings
            if is_within(other := tag_key(name), key) and other != key
        }
    )
    sought = tags_sought([key, *below[:MOST_SOUGHT]])
    return find_usage(opened.vault, sight.facts, sought, privacy=opened.privacy).places
