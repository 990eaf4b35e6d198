"""The card that describes each tag to a model, and which tags share a request; pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from notemill.markup.tags import is_tag, tag_key
from notemill.prompts.material import line_of
from notemill.tagging.variants import Variation, means_more
from notemill.vault.resolve import title_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from notemill.tagging.census import Census
    from notemill.tagging.synonyms import Synonyms
    from notemill.tagging.variants import Merge

SHOWN_VARIANTS: Final = 4
SHOWN_BESIDE: Final = 3
SHOWN_TITLES: Final = 2
SHOWN_USED: Final = 3
SHOWN_FOLDERS: Final = 2
MAX_TITLE_CHARS: Final = 60
RARE: Final = 2
"""Tags of so few notes say little by their company: a line of text is told, too."""
MAX_TAGS_OF_NOTE: Final = 50
"""A note with more tags is a list of tags, and does not count for which tags occur together."""
_SURE: Final = (Variation.STYLE, Variation.ACCENTS, Variation.PLURAL)


@dataclass(frozen=True, slots=True)
class Card:
    """A tag with evidence of its meaning; `variants` are certainly the same tag.

    `used` says where else it is meant, one line each; `named` if a page or a link has its name.
    `folders` are those of its notes, with their numbers, most first; `in_text` counts the notes
    that have it in the text alone, and `says` is a line in which it stands. `respelled` if no note
    has this spelling yet.
    """

    key: str
    name: str
    notes: int
    variants: tuple[str, ...]
    beside: tuple[tuple[str, int], ...]
    titles: tuple[str, ...]
    used: tuple[str, ...] = ()
    named: bool = False
    folders: tuple[tuple[str, int], ...] = ()
    in_text: int = 0
    says: str = ""
    respelled: bool = False

    @property
    def line(self) -> str:
        """The card on one line of a prompt."""
        text = f" ({self.in_text} in text)" if self.in_text else ""
        parts = [_bare(self.name), f"{self.notes} note{'' if self.notes == 1 else 's'}{text}"]
        if self.variants:
            parts.append(f"also: {', '.join(map(_bare, self.variants[:SHOWN_VARIANTS]))}")
        if self.beside:
            beside = (f"{_bare(tag)} {count}" for tag, count in self.beside)
            parts.append(f"with: {', '.join(beside)}")
        if self.titles:
            parts.append("in: " + "; ".join(self.titles))
        if any(folder for folder, _ in self.folders):
            found = (f"{_bare(one) or '(none)'} {n}" for one, n in self.folders[:SHOWN_FOLDERS])
            parts.append("folders: " + "; ".join(found))
        if self.says:
            parts.append(f"says: {_bare(self.says)}")
        if self.used:
            parts.append("used: " + "; ".join(map(_bare, self.used)))
        return " | ".join(parts)


@dataclass(frozen=True, slots=True)
class Context:
    """What is told of tags beside their notes, by key.

    `used` says where else tags are meant; pages or links have the names of `named` ones; `in_text`
    counts the notes that have a tag in the text alone, `says` are lines in which tags stand.
    """

    used: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    named: frozenset[str] = frozenset()
    in_text: Mapping[str, int] = field(default_factory=dict)
    says: Mapping[str, str] = field(default_factory=dict)

    def used_of(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Return where else a tag in all its spellings is meant."""
        lines = (line for key in keys for line in self.used.get(key, ()))
        return tuple(dict.fromkeys(lines))[:SHOWN_USED]


NO_CONTEXT: Final = Context()


def cards_of(
    census: Census,
    merges: Iterable[Merge],
    *,
    leave_out: Collection[str],
    context: Context = NO_CONTEXT,
) -> tuple[Card, ...]:
    """Return a card for every used tag, most used first, except those with a key in `leave_out`.

    A variant has no card of its own; it is on its tag's.
    """
    variants: dict[str, list[str]] = {}
    into: dict[str, str] = {}
    for merge in merges:
        if merge.kind in _SURE and tag_key(merge.tag) != tag_key(merge.into):
            variants.setdefault(tag_key(merge.into), []).append(merge.tag)
            into[tag_key(merge.tag)] = merge.into
    names = {
        tag.key: tag.name
        for tag in census.used
        if tag.key not in into and not (means_more(census, tag.name) and not is_tag(tag.name))
    }
    names |= {key: into[tag_key(tags[0])] for key, tags in variants.items() if key not in names}
    notes = {
        key: frozenset[str]().union(
            *(
                census.tags[one].notes
                for one in (key, *map(tag_key, variants.get(key, ())))
                if one in census.tags
            )
        )
        for key in names
    }
    beside = _beside(notes)
    cards = [
        Card(
            key,
            name,
            len(notes[key]),
            tuple(variants.get(key, ())),
            tuple((names[other], count) for other, count in beside[key]),
            _titles(notes[key]),
            context.used_of(own := (key, *map(tag_key, variants.get(key, ())))),
            not context.named.isdisjoint(own),
            _folders(notes[key]),
            max(context.in_text.get(one, 0) for one in own),
            next((context.says[one] for one in own if one in context.says), ""),
            key not in census.tags,
        )
        for key, name in names.items()
        if key not in leave_out
    ]
    return tuple(sorted(cards, key=lambda card: (-card.notes, card.key)))


def _beside(notes: Mapping[str, frozenset[str]]) -> dict[str, list[tuple[str, int]]]:
    """Return for each tag those that most often occur with it, with the number of notes."""
    of_note: dict[str, list[str]] = {}
    for key, its in notes.items():
        for note in its:
            of_note.setdefault(note, []).append(key)
    counts: dict[str, Counter[str]] = {key: Counter() for key in notes}
    for keys in of_note.values():
        if len(keys) <= MAX_TAGS_OF_NOTE:
            for key in keys:
                counts[key].update(other for other in keys if other != key)
    return {
        key: sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:SHOWN_BESIDE]
        for key, found in counts.items()
    }


def _titles(notes: Collection[str]) -> tuple[str, ...]:
    """Return the titles of a few notes, one line each, without the card's own punctuation."""
    titles = (title_of(note) for note in sorted(notes, key=lambda key: (len(key), key)))
    found: list[str] = []
    for title in titles:
        short = _bare(title)[:MAX_TITLE_CHARS]
        if short:
            found.append(short)
        if len(found) == SHOWN_TITLES:
            break
    return tuple(found)


def _folders(notes: Iterable[str]) -> tuple[tuple[str, int], ...]:
    counts = Counter(note.rpartition("/")[0] for note in notes)
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _bare(name: str) -> str:
    """Return a tag or title without the card's own punctuation."""
    return line_of(name.replace("|", " ").replace(";", " "))


def chunked(
    cards: Sequence[Card], pairs: Iterable[Synonyms], *, most: int
) -> tuple[tuple[Card, ...], ...]:
    """Return the cards in chunks of about equal size, at most `most` each.

    Tags to be judged together share a chunk, as far as it can hold them: tags of one parent, pairs
    that may mean the same, and then tags that occur together.
    """
    families = _families(cards, pairs)
    where = {card.key: number for number, family in enumerate(families) for card in family}
    ordered = sorted(range(len(families)), key=lambda number: _place(families, where, number))
    flat = [card for number in ordered for card in families[number]]
    count = max(1, -(-len(flat) // most))
    size, longer = divmod(len(flat), count)
    chunks: list[tuple[Card, ...]] = []
    at = 0
    for number in range(count):
        end = at + size + (number < longer)
        chunks.append(tuple(flat[at:end]))
        at = end
    return tuple(chunk for chunk in chunks if chunk)


def _families(cards: Sequence[Card], pairs: Iterable[Synonyms]) -> list[list[Card]]:
    root = {card.key: card.key for card in cards}

    def top(key: str) -> str:
        while root[key] != key:
            root[key] = root[root[key]]
            key = root[key]
        return key

    firsts: dict[str, str] = {}
    for card in cards:
        first = firsts.setdefault(card.key.partition("/")[0], card.key)
        root[top(card.key)] = top(first)
    for pair in pairs:
        left, right = tag_key(pair.tag), tag_key(pair.other)
        if left in root and right in root:
            root[top(left)] = top(right)
    families: dict[str, list[Card]] = {}
    for card in cards:
        families.setdefault(top(card.key), []).append(card)
    return list(families.values())


def _place(
    families: Sequence[Sequence[Card]], where: Mapping[str, int], number: int
) -> tuple[int, int, int]:
    """Return the place of a family: right after the largest one that it occurs with."""
    beside: Counter[int] = Counter()
    for card in families[number]:
        for name, count in card.beside:
            other = where.get(tag_key(name))
            # Families are in order of use: only a more used one leads.
            if other is not None and other < number:
                beside[other] += count
    leader = max(beside, key=lambda other: (beside[other], -other), default=number)
    return leader, number != leader, number
