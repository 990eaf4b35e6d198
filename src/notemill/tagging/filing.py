"""A model's answers about tags, used only as far as they answer the question; pure.

Every tag that was asked about is accounted for exactly once: one that the replies leave out, or put
in an illegal place, keeps its place; one that was not asked about is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from notemill.markup.invisible import visible
from notemill.markup.references import plain_words
from notemill.markup.tags import MAX_LEVELS, is_tidy_tag, is_within, paths_of, tag_key
from notemill.tagging.arrange import in_order
from notemill.tagging.losing import loses_meaning, may_become
from notemill.tagging.taglist import Entry
from notemill.vault.retag import TagChanges

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from notemill.tagging.cards import Card

MAX_LEVELS_GIVEN: Final = 60
MAX_REASON_CHARS: Final = 120
LEAST_BELOW: Final = 3
"""The fewest tags for which a heading that is no tag helps anybody to find one."""


@dataclass(frozen=True, slots=True)
class Filed:
    """An entry as a model gave it: the last level's name, the path above it, other spellings."""

    tag: str
    parent: str
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Filing:
    """One reply: what is filed where, what may be dropped and why, which pairs mean the same."""

    filed: tuple[Filed, ...]
    dropped: tuple[tuple[str, str], ...]
    pairs: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class Arranged:
    """The vocabulary from replies; `missing` tags were left out, `refused` names were invented.

    `kept` tags were to become what says less, or to be dropped although something finds notes by
    them: they stay.
    """

    entries: tuple[Entry, ...]
    apart: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]
    refused: tuple[str, ...]
    kept: tuple[str, ...] = ()


def levels_from(names: Iterable[str]) -> tuple[str, ...]:
    """Return the usable headings of a reply: legal, at most two levels deep, each once."""
    found: dict[str, str] = {}
    for name in map(_bare, names):
        if is_tidy_tag(name) and name.count("/") < MAX_LEVELS - 1:
            found.setdefault(tag_key(name), name)
    return tuple(found.values())[:MAX_LEVELS_GIVEN]


def settle(
    filings: Sequence[Filing],
    cards: Sequence[Card],
    levels: Sequence[str],
    *,
    structure: bool = True,
    standing: Iterable[str] = (),
) -> Arranged:
    """Return the vocabulary that replies make of the tags in their requests.

    Without `structure` tags are merged and dropped, and none gets a new place. Headings in
    `standing` are the vocabulary's; a new one needs three tags, none of which must keep its place.
    """
    of_key = {card.key: card for card in cards}
    sorting = _Sorting(
        {card.key: card.name for card in cards},
        levels,
        structure,
        of_key,
        _unfit(filings, of_key, standing),
    )
    for one in filings:
        sorting.take(one)
    missing = tuple(name for key, name in sorting.asked.items() if key not in sorting.accounted)
    for name in missing:
        if name in sorting.kept and of_key[tag_key(name)].respelled:
            # What it was to become is refused, so it stays as the notes have it.
            del of_key[tag_key(name)]
        else:
            sorting.keep(name)
    entries = _combined(sorting, of_key)
    left_out = tuple(name for name in missing if name not in sorting.kept)
    return Arranged(
        entries,
        tuple(sorting.apart),
        left_out,
        tuple(dict.fromkeys(sorting.refused)),
        tuple(dict.fromkeys(sorting.kept)),
    )


@dataclass(slots=True)
class _Sorting:
    """The replies so far: entries by key, each with its old names."""

    asked: Mapping[str, str]
    levels: Sequence[str]
    structure: bool
    cards: Mapping[str, Card]
    unfit: frozenset[str]
    kept: list[str] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    dropped: dict[str, Entry] = field(default_factory=dict)
    accounted: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    apart: list[tuple[str, str]] = field(default_factory=list)

    def take(self, filing: Filing) -> None:
        """Add one reply; an earlier answer about a tag wins."""
        parents = {tag_key(one) for one in self.levels} | self.asked.keys()
        parents |= {tag_key(_path(one)) for one in filing.filed}
        if not self.levels:
            # A single request for all tags: its headings are its own, and all tags share them.
            parents |= {tag_key(_path(one).rpartition("/")[0]) for one in filing.filed}
        for one in filing.filed:
            self._file(one, parents)
        for tag, reason in filing.dropped:
            key = tag_key(_bare(tag))
            if key not in self.asked:
                self.refused.append(tag)
            elif self.cards[key].used:
                self.kept.append(self.asked[key])
            elif key not in self.accounted:
                self.accounted.add(key)
                short = plain_words(reason.replace("~", ""), MAX_REASON_CHARS)
                self.dropped[key] = Entry(self.asked[key], dropped=True, reason=short)
        for left, right, same in filing.pairs:
            known = {tag_key(_bare(left)), tag_key(_bare(right))} <= self.asked.keys()
            if known and not same:
                self.apart.append((_bare(left), _bare(right)))

    def keep(self, name: str) -> None:
        """Keep a tag in its place."""
        self._add(name, ())

    def _file(self, filed: Filed, parents: set[str]) -> None:
        path = _path(filed)
        members = self._members(filed, path)
        if not members:
            # A heading is not one of the tags; it is created once it has something below it.
            if tag_key(path) not in parents and tag_key(path) not in self.asked:
                self.refused.append(path)
            return
        names = [self.asked[key] for key in members]
        path = self._placed(path, members, parents)
        self.accounted.update(members)
        self._add(path, names)

    def _members(self, filed: Filed, path: str) -> list[str]:
        """Return the tags that become one, by key; the first gives its name if the new one is none."""
        own = (tag_key(path), tag_key(_bare(filed.tag)))
        members = list(islice(filter(self._is_open, own), 1))
        aliases = {tag_key(_bare(alias)): alias for alias in filed.aliases}
        self.refused += [alias for key, alias in aliases.items() if key not in self.asked]
        others = [key for key in aliases if self._is_open(key) and key not in members]
        # What finds notes by a tag finds them by its name, so that the others take it.
        lead = next((key for key in (*members, *others) if self.cards[key].used), None)
        if lead in others:
            others = [*members, *(key for key in others if key != lead)]
            members, path = [lead], self.asked[lead]
        for key in others:
            if loses_meaning(self.asked[key], path) or not self._may_become(key, path):
                self.kept.append(self.asked[key])
            else:
                members.append(key)
        return members

    def _placed(self, path: str, members: Sequence[str], parents: Collection[str]) -> str:
        """Return the path of tags that become one: their first's name where it is not possible."""
        first = self.asked[members[0]]
        parent, _, leaf = path.rpartition("/")
        if tag_key(parent) in self.asked:
            parent = self.asked[tag_key(parent)]
            path = f"{parent}/{leaf}"
        key = tag_key(path)
        is_possible = (
            _is_legal(path)
            and path.count("/") < MAX_LEVELS
            and (key not in self.accounted or key in self.entries)
            and not any(parent and is_within(tag_key(parent), one) for one in members)
            and (not parent or tag_key(parent) in parents or key == members[0])
            and (self.structure or key in self.asked)
            and not self.cards[members[0]].used
            and self.unfit.isdisjoint(paths_of(tag_key(parent)))
        )
        # The vault's spelling, not the model's.
        return path if is_possible and key != members[0] else first

    def _is_open(self, key: str) -> bool:
        return key in self.asked and key not in self.accounted

    def _may_become(self, key: str, path: str) -> bool:
        into = self.cards.get(tag_key(path)) or self.cards.get(tag_key(path.rpartition("/")[2]))
        return not self.cards[key].used and (into is None or may_become(self.cards[key], into))

    def _add(self, path: str, names: Sequence[str]) -> None:
        key = tag_key(path)
        before = self.entries.get(key, Entry(path))
        aliases = [*before.aliases, *(name for name in names if tag_key(name) != key)]
        unique = {tag_key(alias): alias for alias in aliases}
        self.entries[key] = replace(before, aliases=tuple(unique.values()))


def _unfit(
    filings: Iterable[Filing], cards: Mapping[str, Card], standing: Iterable[str]
) -> frozenset[str]:
    """Return the new headings that are not made, by key.

    They have too few tags, or one that must keep its place: those of its kind stay beside it.
    """
    there = cards.keys() | {above for key in cards for above in paths_of(key)[:-1]}
    there |= {path for one in standing for path in paths_of(tag_key(one))}
    filed = [one for filing in filings for one in filing.filed]
    there |= {tag_key(_path(one)) for one in filed if tag_key(_bare(one.tag)) in cards}
    below: dict[str, set[str]] = {}
    for one in filed:
        key = tag_key(_path(one))
        tag = key if key in cards else tag_key(_bare(one.tag))
        for above in paths_of(key)[:-1] if tag in cards or one.aliases else ():
            if above not in there:
                below.setdefault(above, set()).add(tag)
    return frozenset(
        heading
        for heading, tags in below.items()
        if len(tags) < LEAST_BELOW or any(cards[tag].used for tag in tags & cards.keys())
    )


def _path(filed: Filed) -> str:
    tag, parent = _bare(filed.tag), _bare(filed.parent)
    if not parent or tag_key(tag).startswith(f"{tag_key(parent)}/"):
        return tag
    return f"{parent}/{tag}"


def _bare(tag: str) -> str:
    levels = (level.strip() for level in visible(tag).strip().lstrip("#").split("/"))
    return "/".join(level for level in levels if level)


def _combined(sorting: _Sorting, cards: Mapping[str, Card]) -> tuple[Entry, ...]:
    """Return one list from all replies: each tag once, below an existing heading."""
    entries: Mapping[str, Entry] = sorting.entries
    for _ in range(MAX_LEVELS):
        entries = _followed(entries)
    made: dict[str, Entry] = {}
    counts: dict[str, int] = {}
    for key, entry in entries.items():
        members = [one for one in (key, *map(tag_key, entry.aliases)) if one in cards]
        variants = [name for one in members for name in cards[one].variants]
        aliases = {tag_key(name): name for name in (*entry.aliases, *variants)}
        spelled = [name for alias, name in aliases.items() if alias not in entries]
        made[key] = replace(entry, aliases=tuple(spelled))
        sorting.dropped.pop(key, None)
        counts[key] = sum(cards[one].notes for one in members)
    named = {tag_key(alias) for entry in made.values() for alias in entry.aliases}
    for entry in list(made.values()):
        for heading in paths_of(entry.tag)[:-1]:
            key = tag_key(heading)
            counts[key] = counts.get(key, 0) + counts[tag_key(entry.tag)]
            if key not in named and is_tidy_tag(heading):
                made.setdefault(key, Entry(heading))
                sorting.dropped.pop(key, None)
    _keep_lost(made, cards, sorting.dropped.keys())
    made = _spoken_for(made, cards)
    return (*in_order(made, counts), *(sorting.dropped[key] for key in sorted(sorting.dropped)))


def _keep_lost(made: dict[str, Entry], cards: Mapping[str, Card], dropped: Collection[str]) -> None:
    """Make sure that every tag is in the list, by its own name or by what the list makes of it.

    If answers contradict each other, a tag could follow its parent to a place that does not exist:
    then the parent stays where it is.
    """
    for _ in range(len(cards)):
        changes = TagChanges(
            {alias: entry.tag for entry in made.values() for alias in entry.aliases}
        )
        there = made.keys() | dropped
        there |= {tag_key(alias) for entry in made.values() for alias in entry.aliases}
        lost = next(
            (
                card
                for card in cards.values()
                if card.key not in there and tag_key(changes.of(card.name) or "") not in there
            ),
            None,
        )
        if lost is None:
            return
        above = paths_of(lost.key)[:-1]
        for key, entry in list(made.items()):
            staying = [alias for alias in entry.aliases if tag_key(alias) in above]
            kept = tuple(alias for alias in entry.aliases if alias not in staying)
            made[key] = replace(entry, aliases=kept)
            for alias in staying:
                made.setdefault(tag_key(alias), Entry(alias))
        made.setdefault(lost.key, Entry(lost.name))


def _spoken_for(made: Mapping[str, Entry], cards: Mapping[str, Card]) -> dict[str, Entry]:
    """Return the entries that are tags, that tags become, or that are above one of these."""
    changes = TagChanges({alias: entry.tag for entry in made.values() for alias in entry.aliases})
    became = {tag_key(changes.of(card.name) or "") for card in cards.values()}
    spoken = {key for key, entry in made.items() if entry.aliases or key in cards or key in became}
    there = {path for key in spoken for path in paths_of(key)}
    return {key: entry for key, entry in made.items() if key in there}


def _is_legal(path: str) -> bool:
    """Return whether a path and all its parents are legal tags."""
    return all(map(is_tidy_tag, paths_of(path)))


def _followed(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """Return entries, moved along with parents that were moved or merged.

    A tag keeps its own place if the new one would be too deep, or below itself.
    """
    moves = {
        alias: entry.tag
        for entry in entries.values()
        for alias in entry.aliases
        if tag_key(alias) not in entries
    }
    changes = TagChanges(moves)
    made: dict[str, Entry] = {}
    for entry in entries.values():
        path = entry.tag
        above = path.rpartition("/")[0]
        followed = changes.of(above) if above else above
        if followed and followed != above:
            leaf = path.rpartition("/")[2]
            deeper = f"{followed}/{leaf}"
            own = {tag_key(path), *map(tag_key, entry.aliases)}
            inside = any(is_within(tag_key(followed), key) for key in own)
            path = deeper if deeper.count("/") < MAX_LEVELS and not inside else path
        key = tag_key(path)
        before = made.get(key, Entry(path))
        old = [name for name in entry.aliases if tag_key(name) != key]
        made[key] = replace(before, aliases=tuple(dict.fromkeys((*before.aliases, *old))))
    return made
