"""Propose a vault's first vocabulary without a model: its tags, its folders, its shared terms; pure.

A new tag is a folder, or a term that names of notes have and that at least three notes are about.
Terms are chosen by how many notes they add that no other tag of the vocabulary fits.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final

from notemill.markup.tags import MAX_LEVELS, is_legal_tag, is_tidy_tag, paths_of, tag_key
from notemill.tagging.census import Census
from notemill.tagging.junk import find_junk
from notemill.tagging.naming import Key, folder_level, named_in
from notemill.tagging.taglist import Entry
from notemill.tagging.variants import find_merges, words_of
from notemill.text.terms import terms
from notemill.text.words import UNSPACED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from notemill.tagging.census import Tag

MAX_ENTRIES: Final = 60
"""More tags than this nobody reads through and keeps in mind."""
MIN_NOTES: Final = 3
"""A tag that fewer notes need brings nothing together."""
LEAST: Final = 20
NEW_ANYWAY: Final = 10
NOTES_PER_TAG: Final = 25
"""In a vault without tags, one tag is proposed for so many notes, LEAST at least."""
GENERIC: Final = 1 / 12
"""The share of notes that may have a word before it says nothing about any of them."""
NEVER_GENERIC: Final = 8
"""The notes that may have a word in a vault so small that a twelfth of it is hardly any."""
ABOUT: Final = 4
"""How often a text says a word that it is about; a name of several words, half as often."""
FOCUSED: Final = 0.45
FOCUSED_NAME: Final = 0.3
"""Of the notes that have a word, the share that must be about it; less for several words."""
NAMED: Final = 0.3
"""Or of those notes, the share that must have it in their names."""
MAX_CANDIDATES: Final = 4_000
"""The terms looked for in the texts, those of most names first."""
WITHIN: Final = 0.8
"""The share of a term's notes that must lie in a folder for its tag to go below the folder's."""

SAME: Final = 0.6
"""The share of notes in common from which two terms bring together the same notes."""
MAX_FOLDERS: Final = 30
FEW: Final = 60
"""Notes up to which one name vouches for a term; in a larger vault, two."""
LEAST_NAMES: Final = 2
MIN_VARIETY: Final = 2
"""Neighbours on either side from which characters without spaces are a word: accessor variety
(Feng et al., "Accessor variety criteria for Chinese word extraction", 2004)."""


@dataclass(frozen=True, slots=True)
class SeedNote:
    """A visible note: `terms` are its text's, in order, as `notemill.text.terms` makes them."""

    key: str
    title: str
    folder: str
    tags: tuple[str, ...]
    terms: Sequence[str]
    language: str = "en"


@dataclass(slots=True)
class _Seed:
    """A possible tag: its level, the notes that are about it, and its parent among folders."""

    key: Key
    level: str
    notes: set[int] = field(default_factory=set)
    above: Key = ()


def seeded(notes: Iterable[SeedNote]) -> tuple[Entry, ...]:
    """Return a vocabulary for the notes: their own tags first, as their owner spells them.

    At most 60 tags in three levels, each new one fitting at least three notes. A vault with tags
    gets ten new ones, or a tenth of what it has, or as many as make twenty; one without gets more
    the more notes it has. Empty where nothing is shared.
    """
    read = list(notes)
    own, counts = _own(read)
    names = [name for entry in own.values() for name in (entry.tag, *entry.aliases)]
    taken = _keys_of(names, {one.language for one in read})
    folders = {seed.key: seed for seed in _folders(read)}
    covered = Counter(
        at for at, one in enumerate(read) if any(tag_key(tag) in own for tag in one.tags)
    )
    ranked = _by_gain([*folders.values(), *_shared(read)], covered, taken)
    chosen = {seed.key: seed for seed in islice(ranked, _room(len(own), len(read)))}
    entries = dict(own)
    for seed in chosen.values():
        if not seed.above:
            seed.above = _home(seed, chosen, folders)
    for seed in chosen.values():
        name = _placed(seed, chosen)
        if is_tidy_tag(name) and tag_key(name) not in entries:
            entries[tag_key(name)] = Entry(name)
            counts[tag_key(name)] = len(seed.notes)
    return tuple(_in_order(entries, counts, own))


def _room(own: int, notes: int) -> int:
    """Return how many new tags a vault may get."""
    if not own:
        return min(MAX_ENTRIES, max(LEAST, notes // NOTES_PER_TAG))
    return max(0, min(MAX_ENTRIES - own, max(NEW_ANYWAY, own // NEW_ANYWAY, LEAST - own)))


def _own(notes: Sequence[SeedNote]) -> tuple[dict[str, Entry], dict[str, int]]:
    """Return the vault's own tags with their variants, and the notes of each, by key."""
    census = Census.of((one.key, one.tags) for one in notes)
    gone = {tag_key(one.tag) for one in find_junk(census) if not one.is_hint}
    aliases: dict[str, list[str]] = {}
    for merge in find_merges(census):
        if tag_key(merge.tag) != tag_key(merge.into):
            aliases.setdefault(tag_key(merge.into), []).append(merge.tag)
    gone |= {tag_key(name) for names in aliases.values() for name in names}
    kept = [
        tag
        for tag in census.tags.values()
        if is_legal_tag(tag.name)
        and tag.name.count("/") < MAX_LEVELS
        and gone.isdisjoint(paths_of(tag.key))
    ]
    # A parent has its children's notes, and comes before them.
    kept.sort(key=lambda tag: (-tag.count, tag.key))
    own = kept[: MAX_ENTRIES - NEW_ANYWAY]
    entries = {tag.key: Entry(_spelled(tag), tuple(aliases.get(tag.key, ()))) for tag in own}
    return entries, {tag.key: tag.count for tag in own}


def _spelled(tag: Tag) -> str:
    return max(tag.spellings, key=lambda form: tag.spellings[form], default=tag.name)


def _keys_of(names: Iterable[str], languages: Iterable[str]) -> set[Key]:
    """Return the terms of each level of tags, in each of the vault's languages."""
    levels = {" ".join(words_of(level)) for name in names for level in name.split("/")}
    return {tuple(terms(level, language)) for level in levels for language in languages}


def _folders(notes: Sequence[SeedNote]) -> Iterator[_Seed]:
    """Yield the folders that say what their notes are about; equal names are one."""
    found: dict[Key, _Seed] = {}
    parents: dict[Key, set[Key]] = {}
    for at, one in enumerate(notes):
        above: Key = ()
        for name in one.folder.split("/")[:MAX_FOLDERS]:
            key, level = _folder(name, one.language)
            if not key:
                continue
            seed = found.setdefault(key, _Seed(key, level))
            seed.notes.add(at)
            if key != above:
                parents.setdefault(key, set()).add(above)
            above = key
    for key, seed in found.items():
        if MIN_NOTES <= len(seed.notes) <= len(notes) // 2:
            above = min(parents[key]) if len(parents[key]) == 1 else ()
            yield replace(seed, above=above)


@lru_cache(maxsize=10_000)
def _folder(name: str, language: str) -> tuple[Key, str]:
    level = folder_level(name)
    return (tuple(terms(level.replace("-", " "), language)), level) if level else ((), "")


def _shared(notes: Sequence[SeedNote]) -> Iterator[_Seed]:
    """Yield the terms in notes' names that at least three notes are about."""
    named = _named(notes)
    about, having = _in_texts(notes, named)
    generic = max(NEVER_GENERIC, len(notes) * GENERIC)
    kept = {
        key: its
        for key, its in about.items()
        if len(its) >= MIN_NOTES
        and having[key] <= generic
        and _is_subject(key, len(named[key].notes), len(its), having[key])
    }
    inner = _within_longer(kept)
    for key, its in kept.items():
        if key not in inner:
            yield _Seed(key, named[key].level, its)


def _is_subject(key: Key, named: int, about: int, having: int) -> bool:
    """Return whether notes that have a term are mostly about it, or named after it."""
    least = FOCUSED if len(key) == 1 else FOCUSED_NAME
    return about >= least * having or named >= NAMED * having


@dataclass(slots=True)
class _Name:
    """A term in notes' names: the notes, its spellings, and the characters around it."""

    notes: set[int] = field(default_factory=set)
    levels: Counter[str] = field(default_factory=Counter)
    before: set[str] = field(default_factory=set)
    after: set[str] = field(default_factory=set)

    @property
    def level(self) -> str:
        """The most frequent spelling, the shortest of equals."""
        return min(self.levels, key=lambda one: (-self.levels[one], len(one), one))


def _named(notes: Sequence[SeedNote]) -> dict[Key, _Name]:
    """Return the terms in notes' names, those of most names."""
    found: dict[Key, _Name] = {}
    for at, one in enumerate(notes):
        for key, level, before, after in named_in(one.title, one.language):
            name = found.setdefault(key, _Name())
            name.notes.add(at)
            name.levels[level] += 1
            # Each end of a name is a boundary of its own.
            name.before.add(before or f"<{at}")
            name.after.add(after or f">{at}")
    least = LEAST_NAMES if len(notes) > FEW else 1
    words = {
        key: name
        for key, name in found.items()
        if len(name.notes) >= least
        and (not UNSPACED.match(key[0]) or min(len(name.before), len(name.after)) >= MIN_VARIETY)
    }
    best = sorted(words, key=lambda key: (-len(words[key].notes), key))[:MAX_CANDIDATES]
    return {key: words[key] for key in best}


def _in_texts(
    notes: Sequence[SeedNote], named: Mapping[Key, _Name]
) -> tuple[dict[Key, set[int]], Counter[Key]]:
    """Return the notes that are about each term, and how many have it at all."""
    about = {key: set(name.notes) for key, name in named.items()}
    having = Counter({key: len(name.notes) for key, name in named.items()})
    counted = _counter(named)
    for at, one in enumerate(notes):
        for key, count in counted(one.terms).items():
            if at not in named[key].notes:
                having[key] += 1
                if count >= (ABOUT if len(key) == 1 else ABOUT // 2):
                    about[key].add(at)
    return about, having


def _counter(named: Iterable[Key]) -> Callable[[Sequence[str]], Counter[Key]]:
    """Return what counts the terms of `named` in a text."""
    longer: dict[str, list[Key]] = defaultdict(list)
    singles: set[str] = set()
    for key in named:
        if len(key) == 1:
            singles.add(key[0])
        else:
            longer[key[0]].append(key)

    def count(text: Sequence[str]) -> Counter[Key]:
        said: Counter[Key] = Counter((term,) for term in text if term in singles)
        for place, term in enumerate(text):
            for key in longer.get(term, ()):
                if tuple(text[place : place + len(key)]) == key:
                    said[key] += 1
        return said

    return count


def _within_longer(kept: Mapping[Key, set[int]]) -> set[Key]:
    """Return the terms that mostly stand inside a longer one."""
    inner: set[Key] = set()
    for key, its in kept.items():
        for size in range(1, len(key)):
            for start in range(len(key) - size + 1):
                part = key[start : start + size]
                if part in kept and len(its & kept[part]) >= SAME * len(kept[part]):
                    inner.add(part)
    return inner


def _by_gain(seeds: Iterable[_Seed], covered: Counter[int], taken: set[Key]) -> Iterator[_Seed]:
    """Yield seeds, each time the one that adds most notes; equal sets of notes only once.

    Gains only shrink as notes are covered, so a seed is weighed again only when it comes up.
    """
    heap = [(-float(len(seed.notes)), seed.key, seed) for seed in seeds if seed.key not in taken]
    heapq.heapify(heap)
    chosen: list[_Seed] = []
    while heap:
        _, key, seed = heapq.heappop(heap)
        if key in taken or any(_is_same(seed, other) for other in chosen):
            continue
        gain = sum(1 / (1 + covered[at]) for at in seed.notes)
        if heap and -gain > heap[0][0]:
            heapq.heappush(heap, (-gain, key, seed))
            continue
        covered.update(seed.notes)
        taken.add(key)
        chosen.append(seed)
        yield seed


def _is_same(seed: _Seed, other: _Seed) -> bool:
    both = len(seed.notes & other.notes)
    return both >= SAME * len(seed.notes | other.notes)


def _home(seed: _Seed, chosen: Mapping[Key, _Seed], folders: Mapping[Key, _Seed]) -> Key:
    """Return the folder's tag below which a term's tag belongs, () for none."""
    wider = [
        other
        for key, other in chosen.items()
        if key in folders
        and key != seed.key
        and len(other.notes) > len(seed.notes)
        and len(seed.notes & other.notes) >= WITHIN * len(seed.notes)
    ]
    return min(wider, key=lambda other: (len(other.notes), other.key)).key if wider else ()


def _placed(seed: _Seed, chosen: Mapping[Key, _Seed]) -> str:
    """Return a seed's name below its parents, as deep as three levels allow."""
    levels = [seed.level]
    above, seen = seed.above, {seed.key}
    while above in chosen and above not in seen and len(levels) < MAX_LEVELS:
        seen.add(above)
        levels.append(chosen[above].level)
        above = chosen[above].above
    return "/".join(reversed(levels))


def _in_order(
    entries: Mapping[str, Entry], counts: Mapping[str, int], own: Collection[str]
) -> list[Entry]:
    """Return each tag before its children, the owner's first, siblings by use."""

    def place(key: str) -> tuple[tuple[bool, int, str], ...]:
        return tuple((path not in own, -counts.get(path, 0), path) for path in paths_of(key))

    return [entries[key] for key in sorted(entries, key=place)]
