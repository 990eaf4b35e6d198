"""The notes of a vault as a graph: what is linked, by whom, and what is proposed."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final

from notemill.errors import NoteNotFoundError
from notemill.markup.tags import bare, tag_key
from notemill.stores.pairs import PairState
from notemill.workflows.links.finding import written_links

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from notemill.index import NoteFacts
    from notemill.stores.links import LinkLedger
    from notemill.stores.proposals import Proposal
    from notemill.workflows.links.scene import Scene

    Links = Mapping[str, Sequence[tuple[str, str]]]

MOST_GROUPS: Final = 8
"""The most tags with a colour of their own: people tell no more apart."""
OTHERS: Final = MOST_GROUPS
"""The group of notes whose tag has no colour of its own."""
UNTAGGED: Final = -1
"""The group of notes without a tag."""


class Standing(StrEnum):
    """How a link stands: its owner wrote it, notemill did, or a person has yet to write it."""

    OWN = "own"
    WRITTEN = "written"
    ACCEPTED = "accepted"
    PROPOSED = "proposed"


class Shown(StrEnum):
    """Which links are shown: those of the notes' owner, or also what notemill wrote or proposes."""

    BEFORE = "before"
    AFTER = "after"

    def has(self, standing: Standing) -> bool:
        """Return whether a link that stands so is shown."""
        return self is Shown.AFTER or standing is Standing.OWN


_STANDINGS: Final[Mapping[PairState, Standing]] = {
    PairState.WRITING: Standing.WRITTEN,
    PairState.WRITTEN: Standing.WRITTEN,
    PairState.ACCEPTED: Standing.ACCEPTED,
    PairState.PROPOSED: Standing.PROPOSED,
    PairState.UNDECIDED: Standing.PROPOSED,
}
"""Pairs in other states are no part of the graph."""


@dataclass(frozen=True, slots=True)
class GraphNote:
    """A note of the graph.

    `id` names it in addresses. `tags` are its own, `proposed_tags` those that wait for a person or
    for writing. `before` and `after` are its groups without and with these: an index of the
    network's groups, `OTHERS` or `UNTAGGED`.
    """

    id: str
    key: str
    title: str
    description: str
    tags: tuple[str, ...]
    proposed_tags: tuple[str, ...]
    before: int
    after: int

    def group(self, shown: Shown) -> int:
        """Return its group in what is shown."""
        return self.before if shown is Shown.BEFORE else self.after


@dataclass(frozen=True, slots=True)
class GraphLink:
    """A link between the notes at two places, `a` before `b`, whatever its direction."""

    a: int
    b: int
    standing: Standing


@dataclass(frozen=True, slots=True)
class Group:
    """A top tag, and how many notes it colours before and after."""

    tag: str
    before: int
    after: int

    def count(self, shown: Shown) -> int:
        """Return how many notes it colours in what is shown."""
        return self.before if shown is Shown.BEFORE else self.after


@dataclass(frozen=True)
class Network:
    """All notes that may be seen, by key, and the links between them, each pair once.

    A note is named by its place among the notes.
    """

    notes: tuple[GraphNote, ...] = ()
    links: tuple[GraphLink, ...] = ()
    groups: tuple[Group, ...] = ()

    @cached_property
    def _places(self) -> dict[str, int]:
        return {one.id: place for place, one in enumerate(self.notes)}

    @cached_property
    def _neighbours(self) -> list[list[tuple[int, Standing]]]:
        found: list[list[tuple[int, Standing]]] = [[] for _ in self.notes]
        for link in self.links:
            found[link.a].append((link.b, link.standing))
            found[link.b].append((link.a, link.standing))
        return found

    def place_of(self, note: str) -> int:
        """Return the place of the note with the id `note`. Raises NoteNotFoundError."""
        if (place := self._places.get(note)) is None:
            raise NoteNotFoundError("this note is not in the graph; it may have been renamed")
        return place

    def has(self, key: str) -> bool:
        """Return whether the note at a path is in the graph."""
        return note_id(key) in self._places

    def neighbours(self, place: int) -> list[tuple[int, Standing]]:
        """Return the notes that a note is linked with, and how each link stands."""
        return self._neighbours[place]

    def degree(self, place: int) -> int:
        """Return how many links a note has, those that are proposed included."""
        return len(self._neighbours[place])

    def most_linked(self, most: int) -> list[int]:
        """Return the notes with the most links, at most so many, in the order of their keys."""
        places = sorted(range(len(self.notes)), key=lambda one: (-self.degree(one), one))
        return sorted(places[:most])

    def around(self, place: int, depth: int, shown: Shown) -> list[int]:
        """Return the notes up to `depth` links away from a note, which is the first.

        They come ring by ring, in each those first that most notes of the rings before link to.
        """
        found = {place: None}
        ring = [place]
        for _ in range(depth):
            reached = Counter(
                other
                for one in ring
                for other, standing in self._neighbours[one]
                if shown.has(standing) and other not in found
            )
            ring = sorted(reached, key=lambda one: (-reached[one], -self.degree(one), one))
            found |= dict.fromkeys(ring)
        return list(found)

    def between(self, places: Sequence[int], shown: Shown) -> tuple[GraphLink, ...]:
        """Return the links among the notes at `places`, by their indexes in it."""
        index = {place: number for number, place in enumerate(places)}
        return tuple(
            GraphLink(min(index[place], index[other]), max(index[place], index[other]), standing)
            for place in places
            for other, standing in self._neighbours[place]
            if place < other and other in index and shown.has(standing)
        )

    def counted(self, place: int) -> Counter[Standing]:
        """Return how many of a note's links stand how."""
        return Counter(standing for _, standing in self._neighbours[place])


def note_id(key: str) -> str:
    """Return the id of a note in addresses: no path, and nothing that needs escaping."""
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def network_of(
    scene: Scene, ledger: LinkLedger, links: Links, proposed: Iterable[Proposal]
) -> Network:
    """Return the graph of a vault's visible notes.

    `links` are the paths and labels of each note's links, `proposed` the tags that wait. Hidden
    notes are left out with all their links; so are a note's links with itself, and those to notes
    that do not exist.
    """
    facts = sorted(scene.sight.seen, key=lambda one: one.key)
    places = {one.key: place for place, one in enumerate(facts)}
    standings = _standings(scene, ledger, links, places)
    notes, groups = _coloured(facts, _waiting(scene, proposed))
    found = [GraphLink(a, b, standings[a, b]) for a, b in sorted(standings)]
    return Network(notes, tuple(found), groups)


def _standings(
    scene: Scene, ledger: LinkLedger, links: Links, places: Mapping[str, int]
) -> dict[tuple[int, int], Standing]:
    found: dict[tuple[int, int], Standing] = {}
    for one in ledger.pairs(states=_STANDINGS):
        a, b = places.get(one.a), places.get(one.b)
        if a is not None and b is not None and a != b:
            found[min(a, b), max(a, b)] = _STANDINGS[one.state]
    for pair in _owners(scene, ledger, links, places):
        found[pair] = Standing.OWN
    return found


def _owners(
    scene: Scene, ledger: LinkLedger, links: Links, places: Mapping[str, int]
) -> Iterator[tuple[int, int]]:
    """Yield the pairs that a person linked, in either direction."""
    ours = written_links(ledger)
    for key, place in places.items():
        written = ours.get(key, set())
        for path, label in links.get(key, ()):
            if (path, label) in written:
                continue
            other = places.get(scene.names.meant(path, label, source=key) or "")
            if other is not None and other != place:
                yield min(place, other), max(place, other)


def _waiting(scene: Scene, proposed: Iterable[Proposal]) -> dict[str, list[str]]:
    """Return the proposed tags of each note, without names that only hidden notes have."""
    found: dict[str, list[str]] = {}
    for one in proposed:
        if tag_key(one.value) not in scene.sight.hidden_tags:
            found.setdefault(one.note, []).append(one.value)
    return found


def _coloured(
    facts: Sequence[NoteFacts], waiting: Mapping[str, Sequence[str]]
) -> tuple[tuple[GraphNote, ...], tuple[Group, ...]]:
    """Return the notes with their groups: each has that of its most used top tag."""
    before = [one.all_tags for one in facts]
    after = [
        _each_once([*tags, *waiting.get(one.key, ())])
        for one, tags in zip(facts, before, strict=True)
    ]
    used = Counter(root for tags in after for root in {_root(tag) for tag in tags})
    tops_before, tops_after = ([_top(tags, used) for tags in some] for some in (before, after))
    counts, earlier = Counter(filter(None, tops_after)), Counter(tops_before)
    chosen = sorted(counts, key=lambda root: (-counts[root], root))[:MOST_GROUPS]
    group_of = {root: group for group, root in enumerate(chosen)} | {"": UNTAGGED}
    spelled: dict[str, str] = {}
    for tags in after:
        for tag in tags:
            spelled.setdefault(_root(tag), bare(tag).split("/")[0])
    notes = tuple(
        GraphNote(
            note_id(one.key),
            one.key,
            one.title,
            one.description,
            own,
            every[len(own) :],
            group_of.get(top_before, OTHERS),
            group_of.get(top_after, OTHERS),
        )
        for one, own, every, top_before, top_after in zip(
            facts, before, after, tops_before, tops_after, strict=True
        )
    )
    return notes, tuple(Group(spelled[root], earlier[root], counts[root]) for root in chosen)


def _each_once(tags: Iterable[str]) -> tuple[str, ...]:
    spelled: dict[str, str] = {}
    for tag in tags:
        spelled.setdefault(tag_key(tag), tag)
    return tuple(spelled.values())


def _root(tag: str) -> str:
    return tag_key(bare(tag)).split("/")[0]


def _top(tags: Iterable[str], used: Mapping[str, int]) -> str:
    """Return the most used of the top tags, the first of equal ones; '' for a note without a tag."""
    return max((_root(tag) for tag in tags), key=lambda root: used[root], default="")
