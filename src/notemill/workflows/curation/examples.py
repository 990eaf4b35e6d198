"""Notes that their owner has tagged, as examples of how; pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

from notemill.markup.tags import is_within, tag_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notemill.index import NoteFacts
    from notemill.workflows.curation.candidates import Candidates

MAX_EXAMPLES: Final = 3
MAX_EXAMPLE_TAGS: Final = 3
"""The most tags of an example: what a model sees is what it does."""
MIN_EXAMPLE_WORDS: Final = 20
"""The fewest words of an example: a note of fewer is filed by what else its owner knows."""
MAX_TITLE_CHARS: Final = 80


@dataclass(frozen=True, slots=True)
class TaggedNote:
    """A note's path, its title, and its tags as its owner spells them."""

    key: str
    title: str
    tags: tuple[str, ...]


def examples_of(notes: Iterable[NoteFacts], candidates: Candidates) -> tuple[TaggedNote, ...]:
    """Return up to MAX_EXAMPLES notes with one to three tags, of subjects as different as possible.

    The same notes give the same examples. Notes with two or three tags that are used often come
    first; a note with a parent beside its child, or with a tag that prompts do not carry, is none.
    If all had a tag in common, there are no examples: they would say that every note has it.
    """
    known = [one for note in notes if (one := _example(note, candidates)) is not None]
    known.sort(key=lambda one: _place(one, candidates))
    chosen: list[TaggedNote] = []
    roots: set[str] = set()
    for fresh in (True, False):
        for one in known:
            own = {tag_key(tag.partition("/")[0]) for tag in one.tags}
            if len(chosen) < MAX_EXAMPLES and one not in chosen and not (fresh and own & roots):
                chosen.append(one)
                roots |= own
    tags = [frozenset(map(tag_key, one.tags)) for one in chosen]
    return tuple(chosen) if tags and not frozenset.intersection(*tags) else ()


def _example(note: NoteFacts, candidates: Candidates) -> TaggedNote | None:
    tags = note.all_tags
    if note.problem or note.words < MIN_EXAMPLE_WORDS or not 1 <= len(tags) <= MAX_EXAMPLE_TAGS:
        return None
    told = candidates.spelled(tags)
    keys = sorted(map(tag_key, told), key=len)
    nested = any(is_within(long, short) for short, long in combinations(keys, 2))
    named = any(map(str.isalpha, note.title)) and len(note.title) <= MAX_TITLE_CHARS
    whole = len(told) == len(tags)
    return TaggedNote(note.key, note.title, tuple(told)) if whole and named and not nested else None


def _place(one: TaggedNote, candidates: Candidates) -> tuple[bool, int, str]:
    return len(one.tags) == 1, -min(candidates.counts[tag] for tag in one.tags), one.key
