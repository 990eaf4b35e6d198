"""Settle a proposed vocabulary by program, so that it holds whatever was proposed; pure.

Every tag is legal, at most three levels deep and there once, its parents are there, and a tag that
the vault uses keeps its owner's spelling.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from notemill.markup.tags import clean_tag, is_legal_tag, is_tidy_tag, paths_of, tag_key
from notemill.tagging.census import Census
from notemill.tagging.taglist import Entry
from notemill.tagging.variants import Variation, find_merges

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

HELD: Final = 3
"""The notes from which a tag of the vault is its owner's: it stays, and keeps its name."""
MAX_TAGS: Final = 100
"""Above what is asked for: more is no vocabulary that a person keeps in mind."""
MAX_ALIASES: Final = 6
_SURE: Final = (Variation.CASE, Variation.STYLE, Variation.ACCENTS, Variation.PLURAL)
_FACET_PARENTS: Final = 3
"""A last level under so many parents is an aspect of each (`basics`, `history`), and not one tag."""


@dataclass(frozen=True, slots=True)
class OwnTag:
    """A tag that the vault uses, as its owner spells it, and in how many notes."""

    name: str
    notes: int


def own_tags(tags_of_notes: Iterable[Iterable[str]]) -> dict[str, OwnTag]:
    """Return the tags of a vault's notes in their most used spellings, by key."""
    census = Census.of((str(at), tags) for at, tags in enumerate(tags_of_notes))
    return {
        tag.key: OwnTag(
            max(sorted(tag.spellings), key=tag.spellings.__getitem__, default=tag.name),
            len(tag.notes),
        )
        for tag in census.tags.values()
    }


def settled(said: Iterable[Entry], own: Mapping[str, OwnTag]) -> tuple[Entry, ...]:
    """Return a proposed vocabulary as it may be shown and kept, parents before their children.

    `own` are the vault's tags. Tags that cannot be one are left out, and equal ones joined; a tag
    that three notes have is added if it is missing.
    """
    settling = _Settling(own)
    for one in said:
        settling.add(one)
    settling.join_forms()
    settling.join_leaves()
    settling.keep_own()
    return settling.made()


@dataclass(slots=True)
class _Settling:
    """A vocabulary in the making, by key."""

    own: Mapping[str, OwnTag]
    entries: dict[str, Entry] = field(default_factory=dict)

    def add(self, said: Entry) -> None:
        """Add an entry, or its other spellings to the equal one that is there."""
        tag = self._spelled(clean_tag(said.tag))
        held = tag_key(tag) in self.own and is_legal_tag(tag)
        if not (held or is_tidy_tag(tag)) or len(self.entries) >= MAX_TAGS:
            return
        before = self.entries.get(tag_key(tag), Entry(tag))
        aliases = (clean_tag(alias) for alias in (*before.aliases, *said.aliases))
        self.entries[tag_key(tag)] = replace(
            before,
            aliases=tuple(dict.fromkeys(filter(is_legal_tag, aliases))),
            description=before.description or said.description,
        )

    def _spelled(self, tag: str) -> str:
        """Return a tag with each level as the vault spells it, or as it was proposed before."""
        levels: list[str] = []
        for path in paths_of(tag):
            key = tag_key(path)
            there = self.own[key].name if key in self.own else path
            there = self.entries[key].tag if key in self.entries else there
            levels.append(there.rpartition("/")[2])
        return "/".join(levels)

    def join_forms(self) -> None:
        """Join tags of one parent that are forms of one word, such as plurals."""
        uses = [
            (f"{tag} {number}", [tag])
            for key, tag in self._names().items()
            for number in range(1 + self._notes(key))
        ]
        for merge in find_merges(Census.of(uses), kinds=_SURE):
            self._join(tag_key(merge.tag), tag_key(merge.into))

    def join_leaves(self) -> None:
        """Join tags with one last level under different parents, unless it is an aspect."""
        groups: dict[str, list[str]] = {}
        for key in self.entries:
            groups.setdefault(key.rpartition("/")[2], []).append(key)
        for keys in groups.values():
            free = [key for key in keys if not self._has_children(key)]
            if 1 < len(keys) < _FACET_PARENTS:
                best = max(keys, key=lambda key: (key not in free, self._notes(key), "/" in key))
                for key in free:
                    self._join(key, best)

    def keep_own(self) -> None:
        """Give the tags that three notes have their own place, under their own names."""
        for key, entry in list(self.entries.items()):
            held = [one for one in entry.aliases if self._notes(tag_key(one)) >= HELD]
            if not held or self._notes(key) >= HELD:
                continue
            first = max(held, key=lambda one: self._notes(tag_key(one)))
            if key in self.own or self._has_children(key) or tag_key(first) in self.entries:
                continue
            name = self.own[tag_key(first)].name
            aliases = (*(one for one in entry.aliases if one != first), entry.tag)
            del self.entries[key]
            self.entries[tag_key(name)] = replace(entry, tag=name, aliases=aliases)
        for key, tag in self.own.items():
            name = clean_tag(tag.name)
            # A tag of more levels than a vocabulary has keeps out of it.
            if tag.notes >= HELD and key not in self.entries and tag_key(name) == key:
                self.entries[key] = Entry(name)

    def made(self) -> tuple[Entry, ...]:
        """Return the entries with their parents, each spelling once."""
        for entry in list(self.entries.values()):
            for path in filter(is_legal_tag, paths_of(entry.tag)[:-1]):
                self.entries.setdefault(tag_key(path), Entry(path))
        taken = set(self.entries)
        found: list[Entry] = []
        for key, entry in self.entries.items():
            aliases: list[str] = []
            for alias in entry.aliases:
                one = tag_key(alias)
                may = one not in taken and (self._notes(one) < HELD or self._notes(key) >= HELD)
                if may and len(aliases) < MAX_ALIASES:
                    taken.add(one)
                    aliases.append(alias)
            found.append(replace(entry, aliases=tuple(aliases)))
        return in_tree_order(found)

    def _names(self) -> dict[str, str]:
        return {key: entry.tag for key, entry in self.entries.items()}

    def _notes(self, key: str) -> int:
        return self.own[key].notes if key in self.own else 0

    def _has_children(self, key: str) -> bool:
        return any(one.startswith(f"{key}/") for one in self.entries)

    def _join(self, key: str, into: str) -> None:
        """Make an entry another spelling of another, unless it has children or its owner's name."""
        if key == into or not {key, into} <= self.entries.keys() or self._has_children(key):
            return
        if self._notes(key) >= HELD:
            return
        gone, kept = self.entries.pop(key), self.entries[into]
        self.entries[into] = replace(
            kept,
            aliases=tuple(dict.fromkeys((*kept.aliases, gone.tag, *gone.aliases))),
            description=kept.description or gone.description,
        )


def in_tree_order(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return entries in their order, but with each tag's children right below it."""
    below: dict[str, list[Entry]] = {}
    keys = {tag_key(one.tag) for one in entries}
    for one in entries:
        parent = tag_key(one.tag.rpartition("/")[0])
        below.setdefault(parent if parent in keys and not one.dropped else "", []).append(one)

    def within(parent: str) -> Iterator[Entry]:
        for one in below.get(parent, ()):
            yield one
            if not one.dropped:
                yield from within(tag_key(one.tag))

    return tuple(within(""))
