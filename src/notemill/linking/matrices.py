"""A vault's notes as sparse matrices: words, names, mentions, graph, tags, places."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import sparse

from notemill.linking.corpus import LONGEST_NAME
from notemill.text.vectors import Matrix, counts_of, damped, idf_of, unit_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from notemill.linking.corpus import Document, Lexicon
    from notemill.vault.resolve import Names

NAME_WEIGHT: Final = 2
"""How often a note's names count among its words."""
# A name that so many notes mention says nothing of any of them; small vaults may differ.
_COMMON_NAME_SHARE: Final = 0.05
_COMMON_NAME_COUNT: Final = 30
# A note with so many links is an index of the vault: what it links to has nothing in common.
_HUB_LINKS: Final = 500
_LEVELS: Final = 8
_SEGMENT: Final = re.compile(r"/|\.|___")
_HASH_BASE: Final = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Matrices:
    """The matrices that are compared, with one row per note.

    `words` and `names` are TF-IDF with rows of unit length over the same terms; `mentions` is how
    distinctive a name of the column's note in the row's note is (0 to 1); `graph` holds the links,
    in both directions, 1 each; `cited` holds the rows' links to notes that do not exist yet;
    `places` holds the ids of a note's folders and name parts, level by level, -1 below the last.
    """

    words: Matrix
    names: Matrix
    mentions: Matrix
    graph: Matrix
    cited: Matrix
    places: NDArray[np.int32]

    @property
    def size(self) -> int:
        """How many notes there are."""
        return int(self.words.shape[0])


def matrices_of(documents: Sequence[Document], lexicon: Lexicon, names: Names) -> Matrices:
    """Return the matrices of a vault's notes."""
    texts = [one.terms for one in documents]
    called = [one.names for one in documents]
    counts = counts_of(texts, len(lexicon))
    name_counts = counts_of([np.concatenate(one) for one in called], len(lexicon))
    idf = idf_of(counts + name_counts)
    graph, cited = _graph(documents, names)
    return Matrices(
        words=unit_rows(damped(counts + NAME_WEIGHT * name_counts) @ sparse.diags(idf)),
        names=unit_rows((name_counts > 0).astype(np.float32) @ sparse.diags(idf)),
        mentions=_mentions(texts, called),
        graph=graph,
        cited=cited,
        places=_places([one.key for one in documents]),
    )


def _mentions(
    texts: Sequence[NDArray[np.int32]], called: Sequence[Sequence[NDArray[np.int32]]]
) -> Matrix:
    """Find the names of notes in the texts of others, as sequences of terms.

    Sequences are compared by a rolling hash of 64 bits (Karp and Rabin, 1987): over all names and
    texts at once that takes a pass for every length of a name.
    """
    size = len(texts)
    flat = np.concatenate(texts) if size else np.empty(0, np.int32)
    owner = np.repeat(np.arange(size, dtype=np.int32), [len(one) for one in texts])
    rows, columns, weights = [], [], []
    most = max(_COMMON_NAME_COUNT, _COMMON_NAME_SHARE * size)
    hashed = np.zeros(len(flat), np.uint64)
    for length in range(1, LONGEST_NAME + 1):
        reach = len(flat) - length + 1
        if reach <= 0:
            break
        hashed = hashed[:reach] * _HASH_BASE + flat[length - 1 :].astype(np.uint64) + np.uint64(1)
        keys, holders = _hashed_names(called, length)
        if not len(keys):
            continue
        whole = owner[:reach] == owner[length - 1 :]
        at = np.flatnonzero(whole & np.isin(hashed, keys))
        pairs = np.unique(np.stack([hashed[at], owner[at].astype(np.uint64)]), axis=1)
        unique, starts, df = np.unique(pairs[0], return_index=True, return_counts=True)
        order = np.argsort(keys, kind="stable")
        keys, holders = keys[order], holders[order]
        for key, start, count in zip(unique, starts, df, strict=True):
            if count > most:
                continue
            among = pairs[1][start : start + count].astype(np.int32)
            weight = np.log((1 + size) / (0.5 + count)) / np.log(2 + 2 * size)
            for holder in holders[slice(*np.searchsorted(keys, [key, key + np.uint64(1)]))]:
                rows.append(among)
                columns.append(np.full(len(among), holder, np.int32))
                weights.append(np.full(len(among), weight, np.float32))
    return _strongest(rows, columns, weights, size)


def _hashed_names(
    called: Sequence[Sequence[NDArray[np.int32]]], length: int
) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """Return the hashes of all names with `length` terms, and whose they are."""
    found = [(name, index) for index, names in enumerate(called) for name in names]
    found = [(name, index) for name, index in found if len(name) == length]
    hashed = np.zeros(len(found), np.uint64)
    if found:
        for column in np.stack([name for name, _ in found], axis=1):
            hashed = hashed * _HASH_BASE + column.astype(np.uint64) + np.uint64(1)
    return hashed, np.array([index for _, index in found], np.int32)


def _strongest(
    rows: list[NDArray[np.int32]],
    columns: list[NDArray[np.int32]],
    weights: list[NDArray[np.float32]],
    size: int,
) -> Matrix:
    """Return a matrix of the greatest weight for every place, none on the diagonal."""
    if not rows:
        return Matrix((size, size), dtype=np.float32)
    row, column, weight = np.concatenate(rows), np.concatenate(columns), np.concatenate(weights)
    order = np.lexsort((-weight, column, row))
    row, column, weight = row[order], column[order], weight[order]
    first = np.ones(len(row), bool)
    first[1:] = (row[1:] != row[:-1]) | (column[1:] != column[:-1])
    first &= row != column
    return Matrix((weight[first], (row[first], column[first])), shape=(size, size))


def _graph(documents: Sequence[Document], names: Names) -> tuple[Matrix, Matrix]:
    """Return the links among the notes, both ways, and those to notes that are not there."""
    size = len(documents)
    number = {one.key: index for index, one in enumerate(documents)}
    missing: dict[str, int] = {}
    linked: set[tuple[int, int]] = set()
    cited: set[tuple[int, int]] = set()
    for index, one in enumerate(documents):
        for path, label in one.links:
            key = names.meant(path, label, source=one.key)
            other = None if key is None else number.get(key)
            if key is None:
                cited.add((index, missing.setdefault(path.casefold(), len(missing))))
            elif other is not None and other != index:
                linked |= {(index, other), (other, index)}
    return _ones(linked, (size, size)), _ones(cited, (size, max(1, len(missing))))


def _ones(places: set[tuple[int, int]], shape: tuple[int, int]) -> Matrix:
    if not places:
        return Matrix(shape, dtype=np.float32)
    rows, columns = np.array(sorted(places), np.int32).T
    return Matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=shape)


def _places(keys: Sequence[str]) -> NDArray[np.int32]:
    """Return the places of notes, level by level: folders, then the parts of dotted names."""
    numbers: dict[tuple[str, ...], int] = {}
    found = np.full((len(keys), _LEVELS), -1, np.int32)
    for index, key in enumerate(keys):
        parts = tuple(_SEGMENT.split(key.removesuffix(".md").casefold()))[:_LEVELS]
        for level in range(len(parts)):
            found[index, level] = numbers.setdefault(parts[: level + 1], len(numbers))
    return found


def common_neighbours(matrices: Matrices) -> Matrix:
    """Return how many neighbours two notes share, weighted (Adamic and Adar, 2003).

    A common neighbour counts 1 / log of its links; a note that does not exist yet counts, too.
    """
    found = Matrix((matrices.size, matrices.size), dtype=np.float32)
    for links in (matrices.graph, matrices.cited):
        degrees = np.bincount(links.indices, minlength=links.shape[1])
        weights = np.where(
            (degrees > 1) & (degrees <= _HUB_LINKS), 1 / np.log(np.maximum(degrees, 2)), 0
        )
        found = found + links @ sparse.diags(weights.astype(np.float32)) @ links.T
    found.setdiag(0)
    found.eliminate_zeros()
    return Matrix(found)
