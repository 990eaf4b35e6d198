"""What the links of a vault teach about it: how the shipped weights have to move.

A share of the links is hidden, as it was where the shipped weights were trained, and the weights
move towards those that find them again.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from notemill.linking.features import pairs_of
from notemill.linking.matrices import matrices_of
from notemill.linking.model import weights_of
from notemill.linking.training import TrainingVault, moved

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from notemill.linking.corpus import Document, Lexicon
    from notemill.linking.model import Weights
    from notemill.vault.resolve import Names

    Ends = tuple[int, int]
    Link = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a vault taught when its notes had so many `links`.

    `added` is what to add to the shipped weights of notes with a graph, None if the links were too
    few to teach.
    """

    links: int
    added: Weights | None

    def holds(self, links: int) -> bool:
        """Return whether a vault with so many links need not be studied again."""
        return abs(links - self.links) <= _CHANGED * self.links

    def as_json(self) -> dict[str, Any]:
        """Return the lesson as JSON for `lesson_of`."""
        return {"links": self.links, "added": self.added and self.added.as_json()}


def lesson_of(value: Any) -> Lesson | None:  # noqa: ANN401
    """Return the lesson that `as_json` wrote, None for anything else."""
    try:
        added = value["added"]
        return Lesson(int(value["links"]), None if added is None else weights_of(added))
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


LEAST_LINKS: Final = 1_000
"""Pairs of linked notes that teach more than chance does (measured: docs/benchmarks.md)."""
_SHARE: Final = 0.2
# A vault is studied again once so much of its links came or went.
_CHANGED: Final = 0.2
# The features of these pairs' notes are a bounded part of a large vault's.
_MOST_HIDDEN: Final = 1_000
_SEED: Final = 7


def taught(
    documents: Sequence[Document], lexicon: Lexicon, names: Names, weights: Weights
) -> Weights | None:
    """Return what a vault's links add to the weights of notes with a graph, None if they are few."""
    joined = _joined(documents, names)
    every = set(joined.values())
    if len(every) < LEAST_LINKS:
        return None
    hidden = _drawn(every)
    lost: defaultdict[int, list[tuple[Link, int]]] = defaultdict(list)
    for (source, link), ends in joined.items():
        if ends in hidden:
            lost[source].append((link, sum(ends) - source))
    left = list(documents)
    for source, links in lost.items():
        left[source] = _without(documents, source, links)
    asked = np.zeros(len(left), bool)
    asked[[note for ends in hidden for note in ends]] = True
    pairs = pairs_of(matrices_of(left, lexicon, names), None, asked=asked)
    scene = TrainingVault(pairs, _are(pairs.rows, pairs.columns, hidden, size=len(left)))
    return moved(scene, weights)


def _joined(documents: Sequence[Document], names: Names) -> dict[tuple[int, Link], Ends]:
    """Return the two notes, by number, that each link of a note joins."""
    number = {one.key: index for index, one in enumerate(documents)}
    found: dict[tuple[int, Link], Ends] = {}
    for index, one in enumerate(documents):
        for link in one.links:
            other = number.get(names.meant(*link, source=one.key) or "", index)
            if other != index:
                found[index, link] = (min(index, other), max(index, other))
    return found


def _drawn(pairs: Iterable[Ends]) -> set[Ends]:
    """Draw the pairs to hide; the same of the same pairs."""
    every = sorted(pairs)
    count = min(round(_SHARE * len(every)), _MOST_HIDDEN)
    drawn = np.random.default_rng(_SEED).permutation(len(every))[:count]
    return {every[index] for index in drawn}


def _without(
    documents: Sequence[Document], source: int, links: Sequence[tuple[Link, int]]
) -> Document:
    """Return a note without some of its links, and without what these say of the notes linked.

    For each link the first place that names the other note is taken out, by the longest of its
    names that is found: a note may name another beside the link, too.
    """
    one = documents[source]
    text = one.terms
    for _, other in links:
        for name in sorted(documents[other].names, key=len, reverse=True):
            at = _first(text, name)
            if at is not None:
                text = np.delete(text, slice(at, at + len(name)))
                break
    gone = {link for link, _ in links}
    return replace(one, terms=text, links=tuple(link for link in one.links if link not in gone))


def _first(text: NDArray[np.int32], name: NDArray[np.int32]) -> int | None:
    """Return where a name first stands in a text, None if it does not."""
    if not 0 < len(name) <= len(text):
        return None
    at = np.flatnonzero(text[: len(text) - len(name) + 1] == name[0])
    for place in range(1, len(name)):
        at = at[text[at + place] == name[place]]
    return int(at[0]) if len(at) else None


def _are(
    rows: NDArray[np.int32], columns: NDArray[np.int32], wanted: Iterable[Ends], *, size: int
) -> NDArray[np.bool_]:
    """Tell which candidates are among pairs of notes, whichever stands first."""
    ends = np.array(sorted(wanted), np.int64).reshape(-1, 2)
    first = np.minimum(rows, columns).astype(np.int64)
    return np.isin(first * size + np.maximum(rows, columns), ends[:, 0] * size + ends[:, 1])
