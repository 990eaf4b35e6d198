"""A vault's notes as sparse matrices: words, names, mentions, graph, tags, places."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import sparse

from notemill.linking.mentions import mentions_of
from notemill.text.vectors import Matrix, counts_of, idf_of, unit_rows, weighed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from notemill.linking.corpus import Document, Lexicon
    from notemill.vault.resolve import Names

NAME_WEIGHT: Final = 2
"""How often a note's names count among its words."""
# A note with so many links is an index of the vault: what it links to has nothing in common.
_HUB_LINKS: Final = 500
_LEVELS: Final = 8
_SEGMENT: Final = re.compile(r"/|\.|___")


@dataclass(frozen=True, slots=True)
class Matrices:
    """The matrices that are compared, with one row per note.

    `words` and `names` are TF-IDF with rows of unit length over the same terms; `mentions` is how
    distinctive a name of the column's note in the row's note is (0 to 1), and `named` those of them
    that say this name and no longer one; `graph` holds the links,
    in both directions, 1 each; `cited` holds the rows' links to notes that do not exist yet;
    `places` holds the ids of a note's folders and name parts, level by level, -1 below the last.
    """

    words: Matrix
    names: Matrix
    mentions: Matrix
    named: Matrix
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
    words, names_alone = _weighed(texts, called, len(lexicon))
    graph, cited = _graph(documents, names)
    mentions, named = mentions_of(texts, called)
    return Matrices(
        words=words,
        names=names_alone,
        mentions=mentions,
        named=named,
        graph=graph,
        cited=cited,
        places=_places([one.key for one in documents]),
    )


def _weighed(
    texts: Sequence[NDArray[np.int32]], called: Sequence[Sequence[NDArray[np.int32]]], width: int
) -> tuple[Matrix, Matrix]:
    """Return the words and the names of notes as rows of `width` weighted terms."""
    names = counts_of([np.concatenate(one) for one in called], width)
    counts = counts_of(texts, width) + NAME_WEIGHT * names
    idf = idf_of(counts)
    names.data[:] = 1
    return weighed(counts, idf), unit_rows(names, idf)


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
