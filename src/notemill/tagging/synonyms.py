"""Tags that may mean the same, by the tags they occur with: suggestions only; pure."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

from notemill.markup.tags import is_within

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notemill.tagging.census import Census, Tag

MIN_NOTES: Final = 3
MAX_COMPARED: Final = 500
"""Every pair of this many most used tags is compared: some 125,000 pairs."""
MAX_SUGGESTED: Final = 50
MAX_TAGS_OF_NOTE: Final = 50
SAME_NOTES: Final = 0.8
SAME_NEIGHBOURS: Final = 0.9
SELDOM_TOGETHER: Final = 0.1
MIN_NEIGHBOURS: Final = 3


@dataclass(frozen=True, slots=True)
class Synonyms:
    """Two tags that may mean the same; `score` is 0 to 1, `reason` is for a person."""

    tag: str
    other: str
    score: float
    reason: str


def find_synonyms(census: Census) -> tuple[Synonyms, ...]:
    """Return pairs that occur in the same notes, or never together but with the same tags."""
    tags = [tag for tag in census.used if len(tag.notes) >= MIN_NOTES][:MAX_COMPARED]
    beside = _neighbours(census, {tag.key for tag in tags})
    found: list[Synonyms] = []
    for left, right in combinations(tags, 2):
        if is_within(left.key, right.key) or is_within(right.key, left.key):
            continue
        if pair := _compared(left, right, beside):
            found.append(pair)
    found.sort(key=lambda pair: (-pair.score, pair.tag, pair.other))
    return tuple(found[:MAX_SUGGESTED])


def _compared(left: Tag, right: Tag, beside: Mapping[str, Mapping[str, float]]) -> Synonyms | None:
    both = len(left.notes & right.notes)
    together = both / len(left.notes | right.notes)
    if together >= SAME_NOTES:
        reason = f"{both} of {len(left.notes | right.notes)} notes with either have both"
        return Synonyms(left.name, right.name, round(together, 2), reason)
    if together > SELDOM_TOGETHER:
        return None
    ours, theirs = beside[left.key], beside[right.key]
    # Neither occurs with itself, so neither is shared.
    few, many = (ours, theirs) if len(ours) < len(theirs) else (theirs, ours)
    # Summed exactly: the order of sets differs between processes.
    alike = math.fsum(weight * many[key] for key, weight in few.items() if key in many)
    if alike < SAME_NEIGHBOURS:
        return None
    shared = ours.keys() & theirs.keys()
    if len(shared) < MIN_NEIGHBOURS:
        return None
    nearest = sorted(shared, key=lambda key: (-ours[key] * theirs[key], key))[:MIN_NEIGHBOURS]
    reason = f"rarely together, and both beside {', '.join(f'#{key}' for key in nearest)}"
    return Synonyms(left.name, right.name, round(min(alike, 1.0), 2), reason)


def _neighbours(census: Census, keys: set[str]) -> dict[str, dict[str, float]]:
    """Return for each of `keys` the tags it occurs with, weighted by rarity, as a unit vector."""
    of_note: dict[str, list[str]] = {}
    for tag in census.used:
        for note in tag.notes:
            of_note.setdefault(note, []).append(tag.key)
    counts: dict[str, Counter[str]] = {key: Counter() for key in keys}
    for tags in of_note.values():
        # A note with more tags is a list of tags, and tells nothing about their meaning.
        if len(tags) <= MAX_TAGS_OF_NOTE:
            for key in tags:
                if key in keys:
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
