"""The tags of a vault as a tree: those of its vocabulary, and those that notes have; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notemill.markup.tags import paths_of, tag_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from notemill.tagging.census import Census
    from notemill.tagging.taglist import Entry


@dataclass(frozen=True, slots=True)
class TagNode:
    """A tag with its place in the tree.

    `notes` have exactly this tag, `below` this one or a child of it. `listed` if the vocabulary has
    it, or a tag below it; `aliases` are its other spellings there, `description` says what it is
    for. `spellings` are the forms that notes write, with the number of notes of each.
    """

    tag: str
    key: str
    notes: int
    below: int
    listed: bool
    aliases: tuple[str, ...]
    description: str
    spellings: Mapping[str, int]

    @property
    def parent(self) -> str:
        """The parent's key, '' for a top-level tag."""
        return "".join(paths_of(self.key)[-2:-1])

    @property
    def leaf(self) -> str:
        """What the tag adds to its parent's, as shown."""
        return self.tag[len(self.parent) :].strip("/") or self.tag

    @property
    def level(self) -> int:
        """The depth in the tree, 1 for a top-level tag."""
        return len(paths_of(self.key))


def tag_tree(census: Census, entries: Iterable[Entry]) -> tuple[TagNode, ...]:
    """Return the tags of notes and of a vocabulary, parents before their children.

    Every tag's parent is there, too. The vocabulary's spelling of a tag is shown.
    """
    listed: dict[str, Entry] = {}
    names: dict[str, str] = {}
    for one in entries:
        if one.dropped:
            continue
        listed.setdefault(tag_key(one.tag), one)
        names[tag_key(one.tag)] = one.tag
        for path in paths_of(one.tag):
            names.setdefault(tag_key(path), path)
    keys = {path for key in (*census.tags, *names) for path in paths_of(key)}
    return tuple(
        _node(key, census, names.get(key), listed.get(key))
        for key in sorted(keys, key=lambda key: key.split("/"))
    )


def _node(key: str, census: Census, name: str | None, entry: Entry | None) -> TagNode:
    used = census.tags.get(key)
    return TagNode(
        name or (used.name if used else key),
        key,
        len(used.notes) if used else 0,
        used.count if used else 0,
        name is not None,
        entry.aliases if entry else (),
        entry.description if entry else "",
        used.spellings if used else {},
    )
