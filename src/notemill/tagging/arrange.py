"""Build a tag hierarchy without a model, from which tags contain which; pure.

Nested tags keep their places. A flat tag goes below another if nearly all its notes have that one
too, or if its first word is a parent that already has children. A tag that stands beside notes of
every subject, as a state or a kind of note does, is no parent.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from notemill.markup.tags import MAX_LEVELS, is_legal_tag, paths_of, tag_key
from notemill.tagging.synonyms import MAX_TAGS_OF_NOTE
from notemill.tagging.taglist import Entry
from notemill.tagging.variants import words_of
from notemill.text.stopwords import lists

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from notemill.tagging.census import Census, Tag
    from notemill.tagging.junk import Junk
    from notemill.tagging.variants import Merge

FEW_TAGS: Final = 30
"""Fewer tags need no order of their own: who has so few finds them all."""
CONTAINED: Final = 0.8
"""The least share of a tag's notes that must also have its parent."""
ACROSS: Final = 0.1
"""The least share of a tag's notes in which another one stands beside it, not by chance."""
MIN_SHARED: Final = 3
TIMES_LARGER: Final = 2


def arrange(
    census: Census,
    merges: Sequence[Merge],
    junk: Iterable[Junk],
    *,
    leave_out: Collection[str] = frozenset(),
) -> tuple[Entry, ...]:
    """Return a vocabulary of at most three levels: parents first, siblings by use.

    Variants are listed with their tag, and so is the old name of a tag that moves; junk comes last,
    as tags to drop. Tags with a key in `leave_out` have no place.
    """
    dropped = {tag_key(one.tag): Entry(one.tag, dropped=True, reason=one.reason) for one in junk}
    variants: dict[str, list[str]] = {}
    for merge in merges:
        if tag_key(merge.tag) != tag_key(merge.into):
            variants.setdefault(tag_key(merge.into), []).append(merge.tag)
    gone = {tag_key(name) for names in variants.values() for name in names} | dropped.keys()
    tags = [tag for tag in census.tags.values() if not _is_below(tag.key, gone)]
    tags = [tag for tag in tags if tag.key not in leave_out]
    tags = [tag for tag in tags if is_legal_tag(tag.name) and tag.name.count("/") < MAX_LEVELS]
    parents = _parents({tag.key: tag for tag in tags}) if len(tags) >= FEW_TAGS else {}
    names: dict[str, str] = {}
    spellings: dict[str, list[str]] = {}
    counts: dict[str, int] = {}
    for tag in tags:
        name = _placed(tag, parents)
        key = tag_key(name)
        names[key] = name
        others = spellings.setdefault(key, [])
        others += [tag.name] if name != tag.name else []
        others += variants.pop(tag.key, ())
        counts[key] = max(tag.count, counts.get(key, 0))
    # A spelling that no note has yet, such as one without spaces.
    for merge in merges:
        key = tag_key(merge.into)
        if key in variants and key not in names:
            names[key], spellings[key] = merge.into, variants[key]
    entries = {key: Entry(name, tuple(spellings[key])) for key, name in names.items()}
    return (*in_order(entries, counts), *(dropped[key] for key in sorted(dropped)))


def _is_below(key: str, gone: set[str]) -> bool:
    return any(path in gone for path in paths_of(key))


def _parents(tags: Mapping[str, Tag]) -> dict[str, Tag]:
    """Return the new parent of each flat tag that gets one, without cycles."""
    parents: dict[str, Tag] = {}
    nested = {tag.parent for tag in tags.values() if tag.parent}
    flat = [tag for tag in tags.values() if not tag.parent and tag.key not in nested]
    shares = _shares(tags)
    subjects = _subjects(tags, shares)
    for tag in flat:
        first = words_of(tag.name)[:1]
        if first and first[0] in nested and first[0] in tags and first[0] != tag.key:
            parents[tag.key] = tags[first[0]]
            continue
        wider = [
            tags[root]
            for root, share in shares.get(tag.key, {}).items()
            if share >= CONTAINED
            and root in subjects
            and tags[root].count >= TIMES_LARGER * tag.count
        ]
        if wider:
            # The narrowest is the most specific; a parent is larger than its child, so there is no
            # cycle.
            parents[tag.key] = min(wider, key=lambda other: (other.count, other.key))
    return parents


def _shares(tags: Mapping[str, Tag]) -> dict[str, dict[str, float]]:
    """Return which share of each flat tag's notes has each of the top-level tags beside it.

    Tags of fewer than three notes tell nothing, and are left out.
    """
    roots = _roots_of_notes(tags)
    found: dict[str, dict[str, float]] = {}
    for tag in tags.values():
        # Only tags of the tag's own notes can contain it, so not every pair is compared.
        own = [note for note in tag.below if note in roots] if not tag.parent else []
        beside = Counter(root for note in own for root in roots[note] if root != tag.key)
        if len(own) >= MIN_SHARED:
            found[tag.key] = {root: count / len(own) for root, count in beside.items()}
    return found


def _subjects(tags: Mapping[str, Tag], shares: Mapping[str, Mapping[str, float]]) -> frozenset[str]:
    """Return the tags that can be parents: most of the smaller tags beside them lie within them."""
    within: Counter[str] = Counter()
    across: Counter[str] = Counter()
    for key, beside in shares.items():
        for root, share in beside.items():
            if tags[key].count <= tags[root].count:
                within[root] += share >= CONTAINED
                across[root] += ACROSS <= share < CONTAINED
    states = lists()["junk"]
    return frozenset(root for root in within if within[root] >= across[root] and root not in states)


def _roots_of_notes(tags: Mapping[str, Tag]) -> dict[str, list[str]]:
    """Return the top-level tags of each note that is not a mere list of tags, by key."""
    found: dict[str, list[str]] = {}
    for tag in tags.values():
        for note in tag.below:
            roots = found.setdefault(note, [])
            if not tag.parent:
                roots.append(tag.key)
    return {note: roots for note, roots in found.items() if len(roots) <= MAX_TAGS_OF_NOTE}


def _placed(tag: Tag, parents: Mapping[str, Tag]) -> str:
    """Return a tag's name in the hierarchy, as deep as three levels allow."""
    parent = parents.get(tag.key)
    if parent is None:
        return tag.name
    above = _placed(parent, parents)
    if above.count("/") + 2 > MAX_LEVELS:
        above = above.rpartition("/")[0]
    words = words_of(tag.name)
    is_prefix = len(words) > 1 and words[0] == parent.key
    leaf = tag.name[len(parent.key) :].lstrip("-_") if is_prefix else tag.name
    name = f"{above}/{leaf}"
    return name if is_legal_tag(name) and leaf else tag.name


def in_order(entries: Mapping[str, Entry], counts: Mapping[str, int]) -> list[Entry]:
    """Return each tag before its children, siblings by use."""

    def place(key: str) -> tuple[tuple[int, str], ...]:
        return tuple((-counts.get(path, 0), path) for path in paths_of(key))

    return [entries[key] for key in sorted(entries, key=place)]
