"""Tags that stand for a state or a kind of note, told by the notes' properties; pure.

What reviews, imports or draws notes gives them a tag along with properties of its own: all notes of
the tag have the property, and few others do. Unless folders or titles are named so, too, such a tag
says what happens with a note and not what it is about, whatever its words. A folder alone tells
nothing (subjects have folders), nor do the words of its notes: those of a state may be alike, and
those of a subject too few to compare.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain, product
from typing import TYPE_CHECKING, Final, NamedTuple

from notemill.markup.tags import tag_key
from notemill.tagging.synonyms import MAX_TAGS_OF_NOTE
from notemill.tagging.variants import words_of
from notemill.text.terms import terms

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

LEAST_NOTES: Final = 5
"""Of fewer notes, that all of them have a property may be chance."""
NEARLY_ALL: Final = 0.9
"""The share of a tag's notes with its property, and of the property's notes with its tag."""
FEW: Final = 0.1
"""The share of a tag's notes that may be named after it all the same."""
INSTEAD: Final = 0.5
"""The least share of a tag's notes without the tag of its property: else it is one beside that."""


class Told(NamedTuple):
    """A note: its path, its tags, and the names of its properties."""

    path: str
    tags: Sequence[str]
    properties: tuple[str, ...]


def state_tags(notes: Sequence[Told]) -> frozenset[str]:
    """Return the keys of the tags of a vault that stand for a state or kind.

    A property may have several: one that nearly all of its notes have, and others that notes have
    instead of that one. A tag beside that one, such as the genre of imported films, is a subject.
    """
    # A note with more tags is a list of tags, and no example of any.
    notes = [one for one in notes if len(one.tags) <= MAX_TAGS_OF_NOTE]
    of_tag = Counter(tag_key(tag) for one in notes for tag in one.tags)
    of_property = Counter(chain.from_iterable(one.properties for one in notes))
    most = max(of_tag.values(), default=0)
    # What more notes have than any tag, such as a date, stands and falls with none.
    rare = {name for name, count in of_property.items() if NEARLY_ALL * count <= most}
    alike = Counter(
        (frozenset(map(tag_key, one.tags)), names)
        for one in notes
        if one.tags and (names := tuple(filter(rare.__contains__, one.properties)))
    )
    both: Counter[tuple[str, str]] = Counter()
    for (tags, properties), count in alike.items():
        for pair in product(tags, properties):
            both[pair] += count
    bound = {
        (tag, name)
        for (tag, name), count in both.items()
        if of_tag[tag] >= LEAST_NOTES and count >= NEARLY_ALL * of_tag[tag]
    }
    main: dict[str, set[str]] = {}
    for tag, name in bound:
        if both[tag, name] >= NEARLY_ALL * of_property[name]:
            main.setdefault(name, set()).add(tag)
    apart: Counter[tuple[str, str]] = Counter()
    for (tags, properties), count in alike.items() if main else ():
        others = [name for name in properties if tags.isdisjoint(main.get(name, tags))]
        for pair in bound.intersection(product(tags, others)):
            apart[pair] += count
    found = {tag for tags in main.values() for tag in tags}
    found |= {tag for (tag, _), count in apart.items() if count >= INSTEAD * of_tag[tag]}
    return frozenset(found - _named(found, notes)) if found else frozenset()


def _named(tags: Collection[str], notes: Sequence[Told]) -> set[str]:
    """Return the tags after which more than FEW of their own notes, or these's folders, are named."""
    leaf = {tag: terms(" ".join(words_of(tag.rpartition("/")[2])), "") for tag in tags}
    uses: Counter[str] = Counter()
    named: Counter[str] = Counter()
    for one in notes:
        for tag in {tag_key(tag) for tag in one.tags} & leaf.keys():
            uses[tag] += 1
            said = terms(one.path.removesuffix(".md"), "")
            named[tag] += bool(leaf[tag]) and set(said).issuperset(leaf[tag])
    return {tag for tag in tags if named[tag] > FEW * uses[tag]}
