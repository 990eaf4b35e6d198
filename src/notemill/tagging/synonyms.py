"""Tags that may mean the same, by their names: suggestions only; pure.

Names are the evidence. What notes and tags two tags share tells siblings rather than synonyms, so
it only confirms a name that could be short for another, and never speaks alone.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.markup.tags import is_within
from notemill.tagging.variants import same_form, words_of
from notemill.text.stopwords import lists

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from notemill.tagging.census import Census, Tag

MAX_SUGGESTED: Final = 50
MAX_TAGS_OF_NOTE: Final = 50
MAX_SHORT: Final = 5
"""The most letters of a name that stands for the initials of words."""
SURE_INITIALS: Final = 3
"""Initials of so many words are hardly a coincidence; those of two need company in common."""
MIN_LETTERS: Final = 3
"""The fewest Latin letters of a name that means one thing wherever it stands."""
MIN_NOTES: Final = 3
"""The fewest notes by which the company of a tag is known."""
MAX_COMPARED: Final = 500
"""The most used tags, which are compared letter by letter: some 125,000 pairs at the worst."""
SAME_COMPANY: Final = 0.8
"""The least cosine of the tags beside two tags of which one is letters of the other."""
SOME_COMPANY: Final = 0.4
SELDOM_TOGETHER: Final = 0.1
LEAST_OMITTED: Final = 6
"""The fewest letters that a number stands for: in `p2p` and `b2b` it is a word."""
MIN_COMPANY: Final = 2
_SAME_LEAF: Final = 0.9
_SAME_WORDS: Final = 0.8
_SHORT_FORM: Final = 0.7
_NUMERONYM: Final = re.compile(r"([a-z])(\d{1,2})([a-z])")


@dataclass(frozen=True, slots=True)
class Synonyms:
    """Two tags that may mean the same; `score` is 0 to 1, `reason` is for a person."""

    tag: str
    other: str
    score: float
    reason: str


def find_synonyms(census: Census) -> tuple[Synonyms, ...]:
    """Return pairs of tags with one name in different places, or one short for the other.

    Spellings within one parent are variants (see `variants.find_merges`), and not among them.
    """
    tags = [tag for tag in census.used if any(map(str.isalpha, tag.leaf))]
    found: dict[tuple[str, str], Synonyms] = {}
    for left, right, score, reason in (*_in_two_places(tags), *_reordered(tags), *_short(census)):
        if is_within(left.key, right.key) or is_within(right.key, left.key):
            continue
        few, many = sorted((left, right), key=lambda tag: (tag.count, tag.key))
        found.setdefault((few.key, many.key), Synonyms(few.name, many.name, score, reason))
    ordered = sorted(found.values(), key=lambda pair: (-pair.score, pair.tag, pair.other))
    return tuple(ordered[:MAX_SUGGESTED])


_Found = tuple["Tag", "Tag", float, str]


def _in_two_places(tags: Iterable[Tag]) -> Iterator[_Found]:
    """Yield tags whose last level has one name, in exactly two places.

    A name in more places, or in two whose parents have other children's names in common too, is a
    facet: `movies/genres` and `music/genres` are not the same.
    """
    places: dict[str, list[Tag]] = defaultdict(list)
    children: dict[str, set[str]] = defaultdict(set)
    paths: dict[str, list[Tag]] = defaultdict(list)
    for tag in tags:
        form = same_form(tag.leaf)
        places[form].append(tag)
        children[tag.parent].add(form)
        paths[same_form(tag.name.replace("/", "-"))].append(tag)
    for path, same in paths.items():
        if len(same) == 2 and same[0].parent != same[1].parent and len(path) > 1:  # noqa: PLR2004
            yield same[0], same[1], _SAME_LEAF, "the same words, with and without a level between"
    for form, same in places.items():
        parents = {tag.parent for tag in same}
        if len(same) != 2 or len(parents) != 2 or _is_of_any_subject(form):  # noqa: PLR2004
            continue
        left, right = sorted(same, key=lambda tag: (tag.parent, tag.key))
        if not any(map(str.isalpha, right.parent)):
            continue
        if not left.parent:
            yield left, right, _SAME_LEAF, f"the same name, by itself and below #{right.parent}"
        elif len(children[left.parent] & children[right.parent]) == 1 and not _in_one_tree(parents):
            reason = f"the same name, below #{left.parent} and below #{right.parent}"
            yield left, right, _SAME_WORDS, reason


def _is_of_any_subject(form: str) -> bool:
    """Return whether a name says nothing by itself, such as `list` or `v1`."""
    letters = "".join(filter(str.isalpha, form))
    return form in lists()["junk"] or (letters.isascii() and len(letters) < MIN_LETTERS)


def _in_one_tree(parents: Iterable[str]) -> bool:
    return len({parent.partition("/")[0] for parent in parents}) == 1


def _reordered(tags: Iterable[Tag]) -> Iterator[_Found]:
    """Yield tags of the same words in another order."""
    seen: dict[tuple[str, ...], list[Tag]] = defaultdict(list)
    for tag in tags:
        words = [same_form(word) for word in words_of(tag.leaf)]
        if len(set(words)) > 1:
            seen[tuple(sorted(words))].append(tag)
    for same in seen.values():
        if len(same) == 2 and same_form(same[0].leaf) != same_form(same[1].leaf):  # noqa: PLR2004
            one, other = ([same_form(word) for word in words_of(tag.leaf)] for tag in same)
            how = "in singular and plural" if one == other else "in another order"
            yield same[0], same[1], _SAME_WORDS, f"the same words {how}"


_Short = tuple["Tag", "Tag", str, float]
"""A short name, a longer one, how the one stands for the other, and what company that needs."""


def _short(census: Census) -> Iterator[_Found]:
    """Yield tags of which one is short for the other, if it is short for no other one.

    What is not sure by its name needs the same tags beside both, too (see `_company`).
    """
    tags = census.used
    pairs = [*_initials(tags), *_numeronyms(tags), *_letters(tags[:MAX_COMPARED])]
    beside = _neighbours(census, {tag.key for pair in pairs for tag in pair[:2]})
    meant: dict[str, list[_Short]] = defaultdict(list)
    for pair in pairs:
        short, long, _, least = pair
        if not least or _company(beside[short.key], beside[long.key]) >= least:
            meant[short.key].append(pair)
    for told in meant.values():
        if len({same_form(long.leaf) for _, long, *_ in told}) == 1:
            short, long, how, _ = told[0]
            yield short, long, _SHORT_FORM, f"#{short.name} {how} #{long.name}"


def _initials(tags: Iterable[Tag]) -> Iterator[_Short]:
    shorts: dict[str, list[Tag]] = defaultdict(list)
    for tag in tags:
        shorts[tag.leaf.casefold()].append(tag)
    for tag in tags:
        words = words_of(tag.leaf)
        if 1 < len(words) <= MAX_SHORT and all(map(str.isalpha, words)):
            for short in shorts.get("".join(word[0] for word in words), ()):
                least = 0.0 if len(words) >= SURE_INITIALS else SOME_COMPANY
                yield short, tag, "has the initials of", least


def _numeronyms(tags: Iterable[Tag]) -> Iterator[_Short]:
    """Yield tags such as `k8s`, whose digits count the letters left out."""
    longs: dict[tuple[str, int, str], list[Tag]] = defaultdict(list)
    for tag in tags:
        name = "".join(words_of(tag.leaf))
        if name.isalpha():
            longs[name[0], len(name) - 2, name[-1]].append(tag)
    for tag in tags:
        match = _NUMERONYM.fullmatch(tag.leaf.casefold())
        if match and int(match[2]) >= LEAST_OMITTED:
            for long in longs.get((match[1], int(match[2]), match[3]), ()):
                yield tag, long, "counts the letters left out of", SOME_COMPANY


def _letters(tags: Iterable[Tag]) -> Iterator[_Short]:
    """Yield words and names of few letters that are in them, in order, from the first."""
    firsts: dict[str, list[tuple[Tag, str]]] = defaultdict(list)
    for tag in tags:
        name = tag.leaf.casefold()
        if name.isalpha() and name.isascii() and len(tag.notes) >= MIN_NOTES:
            firsts[name[0]].append((tag, name))
    for alike in firsts.values():
        for short, few in alike:
            for long, many in alike:
                if len(few) <= MAX_SHORT and 2 * len(few) <= len(many) and _is_in(few, many):
                    both = len(short.notes & long.notes)
                    if both <= SELDOM_TOGETHER * len(short.notes | long.notes):
                        yield short, long, "is short for", SAME_COMPANY


def _is_in(few: str, many: str) -> bool:
    left = iter(many)
    return all(letter in left for letter in few)


def _company(ours: Mapping[str, float], theirs: Mapping[str, float]) -> float:
    """Return how alike the tags beside two tags are: the cosine, 0 if hardly any are shared."""
    shared = ours.keys() & theirs.keys()
    if len(shared) < MIN_COMPANY:
        return 0.0
    # Summed exactly: the order of sets differs between processes.
    return math.fsum(ours[key] * theirs[key] for key in shared)


def _neighbours(census: Census, keys: Collection[str]) -> dict[str, dict[str, float]]:
    """Return for each of `keys` the tags it occurs with, weighted by rarity, as a unit vector."""
    of_note: dict[str, list[str]] = defaultdict(list)
    for tag in census.used:
        for note in tag.notes:
            of_note[note].append(tag.key)
    counts: dict[str, Counter[str]] = {key: Counter() for key in keys}
    for tags in of_note.values():
        # A note with more tags is a list of tags, and tells nothing about their meaning.
        if len(tags) <= MAX_TAGS_OF_NOTE:
            for key in tags:
                if key in counts:
                    counts[key].update(other for other in tags if other != key)
    vectors: dict[str, dict[str, float]] = {}
    for key, beside in counts.items():
        weighed = {
            other: count * math.log((1 + census.notes) / len(census.tags[other].notes))
            for other, count in beside.items()
        }
        length = math.sqrt(math.fsum(weight * weight for weight in weighed.values())) or 1.0
        vectors[key] = {other: weight / length for other, weight in weighed.items()}
    return vectors
