"""Candidates for every note, and their features: the columns that the model weighs."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
from scipy import sparse

from notemill.linking.matrices import common_neighbours
from notemill.linking.nearest import nearest_rows
from notemill.text.vectors import Matrix, ranges, top

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from notemill.linking.matrices import Matrices

    Floats = NDArray[np.float32]
    Rows = NDArray[np.int32]

_Result = TypeVar("_Result")

NAMES: Final = (
    "alike",
    "names",
    "mentions",
    "parent",
    "echoes",
    "meaning",
    "votes",
    "votes_back",
    "neighbours",
    "links",
)
"""The features, in the order of their columns.

alike: the cosine of the words, scaled by each note's cosine with its nearest (self-tuning:
Zelnik-Manor and Perona, 2004), so that a long note is not near everything. names: the cosine of the
names. mentions: how distinctive a name of one note is in the text of the other. parent: one is
directly above the other in folders or dotted names. echoes, votes: how many of the notes most like
the one mention, or link to, the other. meaning: like alike, for the vectors. neighbours: what both
link to (Adamic and Adar, 2003), by either note's links. links: how many links the other has.
"""
_NEAREST: Final = 50
_VOTERS: Final = 20
_FEW: Final = 20
PAIRS: Final = 20_000
"""Pairs whose products are in memory at a time."""
# Places of a product that are in memory at a time, by each thread: 32 MB.
_PRODUCTS: Final = 4_000_000
_THREADS: Final = min(4, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Candidates: for the note `rows[n]` the note `columns[n]`, with its features, row by row.

    `linked` tells for every note whether similar notes have links: without them there is no graph
    to use. `meant` tells for every note whether it has a vector.
    """

    rows: Rows
    columns: Rows
    features: Floats
    linked: NDArray[np.bool_]
    meant: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What features are read from.

    `most_alike` and `most_meant` are what each note reaches with its nearest, in words and in
    meaning; `degrees` how many links it has.
    """

    nearest: Matrix
    most_alike: Floats
    either: Matrix
    neighbours: Matrix
    votes: Matrix
    echoes: Matrix
    most_meant: Floats | None
    degrees: Floats


def pairs_of(
    matrices: Matrices, vectors: Floats | None, *, asked: NDArray[np.bool_] | None = None
) -> Pairs:
    """Return the candidates of all notes with their features, without pairs already linked.

    `vectors` has an embedding of unit length for every note, zeros for a note without one. Only the
    candidates of the notes `asked` are wanted, if given.
    """
    nearest = _nearest(matrices.words, _NEAREST)
    voters = _voters(nearest)
    either = Matrix(matrices.mentions.maximum(matrices.mentions.T))
    meaning = None if vectors is None else _nearest_vectors(vectors, _NEAREST)
    evidence = _Evidence(
        nearest=nearest,
        most_alike=_greatest(nearest),
        either=either,
        neighbours=common_neighbours(matrices),
        votes=_votes(voters, matrices.graph),
        echoes=_votes(voters, either),
        most_meant=None if meaning is None else _greatest(meaning),
        degrees=np.diff(matrices.graph.indptr).astype(np.float32),
    )
    rows, columns = _union(_sources(matrices, evidence, meaning), matrices.graph)
    if asked is not None:
        rows, columns = rows[asked[rows]], columns[asked[rows]]
    features = np.empty((len(rows), len(NAMES)), np.float32)

    def fill(some: slice) -> None:
        features[some] = _features(matrices, evidence, vectors, rows[some], columns[some])

    in_blocks(fill, len(rows), PAIRS)
    linked = np.diff(evidence.votes.indptr) > 0
    meant = np.zeros(matrices.size, bool)
    if vectors is not None:
        meant |= vectors.any(axis=1)
    return Pairs(rows, columns, features, linked, meant)


def _sources(matrices: Matrices, evidence: _Evidence, meaning: Matrix | None) -> list[Matrix]:
    """Return what candidates come from."""
    return [
        evidence.nearest,
        _nearest(matrices.names, _FEW),
        top(evidence.either, _NEAREST),
        top(evidence.neighbours, _NEAREST),
        top(evidence.votes, _NEAREST),
        Matrix(top(evidence.votes, _FEW).T),
        top(evidence.echoes, _FEW),
        _family(matrices),
        *(() if meaning is None else (meaning,)),
    ]


def _features(
    matrices: Matrices,
    evidence: _Evidence,
    vectors: Floats | None,
    rows: Rows,
    columns: Rows,
) -> Floats:
    # Most candidates are among the nearest of one note or the other: these cosines are known.
    nearest = evidence.nearest
    words = np.maximum(values_at(nearest, rows, columns), values_at(nearest, columns, rows))
    unknown = words == 0
    words[unknown] = _cosines(matrices.words, rows[unknown], columns[unknown])
    degrees = evidence.degrees
    common = values_at(evidence.neighbours, rows, columns)
    meaning = np.zeros(len(rows), np.float32)
    if vectors is not None and evidence.most_meant is not None:
        cosines = np.einsum("ij,ij->i", vectors[rows], vectors[columns])
        meaning = _scaled(cosines, evidence.most_meant, rows, columns)
    found = {
        "alike": _scaled(words, evidence.most_alike, rows, columns),
        "names": _cosines(matrices.names, rows, columns),
        "mentions": values_at(evidence.either, rows, columns),
        "parent": _parents(matrices.places, rows, columns),
        "echoes": values_at(evidence.echoes, rows, columns),
        "meaning": meaning,
        "votes": values_at(evidence.votes, rows, columns),
        "votes_back": values_at(evidence.votes, columns, rows),
        "neighbours": common / np.sqrt((1 + degrees[rows]) * (1 + degrees[columns])),
        "links": np.log1p(degrees[columns]),
    }
    return np.stack([found[name] for name in NAMES], axis=1)


def _scaled(cosines: Floats, most: Floats, rows: Rows, columns: Rows) -> Floats:
    """Return cosines by what either note reaches with its nearest."""
    scale = np.sqrt(most[rows] * most[columns])
    scaled = np.maximum(cosines, 0) / np.where(scale > 0, scale, 1)
    return np.minimum(scaled, 1).astype(np.float32)


def _greatest(matrix: Matrix) -> Floats:
    """Return the greatest value of every row."""
    return np.asarray(matrix.max(axis=1).toarray()).ravel()


def _nearest(rows: Matrix, count: int) -> Matrix:
    """Return the greatest products of each row with the others."""
    size, turned = rows.shape[0], Matrix(rows.T)
    block = max(1, _PRODUCTS // max(size, 1))

    def nearest(some: slice) -> Matrix:
        # A row's product with itself is among its greatest: it goes once there are few.
        found = top(Matrix(rows[some] @ turned), count + 1)
        found.data[_rows_of(found) + some.start == found.indices] = 0
        found.eliminate_zeros()
        return top(found, count)

    return Matrix(sparse.vstack(in_blocks(nearest, size, block)))


def in_blocks(work: Callable[[slice], _Result], size: int, block: int) -> list[_Result]:
    """Return what `work` returns for `size` places, a block of them at a time, in order.

    Blocks are worked on side by side: numpy and scipy hold no lock while they compute.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        every = (slice(start, min(start + block, size)) for start in range(0, size, block))
        return list(pool.map(work, every))


def _nearest_vectors(vectors: Floats, count: int) -> Matrix:
    columns, cosines = nearest_rows(vectors, count)
    ends = np.arange(len(vectors) + 1) * columns.shape[1]
    found = Matrix((cosines.ravel(), columns.ravel(), ends), shape=(len(vectors), len(vectors)))
    found.eliminate_zeros()
    return found


def _voters(nearest: Matrix) -> Matrix:
    """Return the notes most like each, with shares that add up to 1."""
    voters = top(nearest, _VOTERS)
    sums = np.asarray(voters.sum(axis=1)).ravel()
    return Matrix(sparse.diags(1 / np.where(sums > 0, sums, 1)) @ voters)


def _votes(voters: Matrix, graph: Matrix) -> Matrix:
    """Return for each note how many of the notes most like it link to another, by likeness."""
    found = Matrix(voters @ graph)
    found.data[_rows_of(found) == found.indices] = 0
    found.eliminate_zeros()
    return found.astype(np.float32)


def _family(matrices: Matrices) -> Matrix:
    """Return the notes right above and below each in folders and dotted names, and beside it.

    Of a large family nothing follows; what lies beside is left out there.
    """
    size = matrices.size
    levels = (matrices.places >= 0).sum(axis=1)
    own = matrices.places[np.arange(size), levels - 1]
    above = np.where(levels > 1, matrices.places[np.arange(size), np.maximum(levels - 2, 0)], -1)
    order = np.argsort(above, kind="stable")
    starts = np.searchsorted(above[order], np.arange(matrices.places.max(initial=-1) + 1))
    counts = np.diff(np.append(starts, size))
    children = ranges(starts[own], np.minimum(counts[own], _FEW))
    near = (above >= 0) & (counts[above] <= _FEW)
    beside = ranges(starts[above], np.where(near, counts[above], 0))
    rows = np.concatenate([children[0], beside[0]])
    columns = order[np.concatenate([children[1], beside[1]])]
    found = Matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(size, size))
    return Matrix(found.maximum(found.T))


def _parents(places: Rows, rows: Rows, columns: Rows) -> Floats:
    """Return 1 where one of two notes is right above the other."""
    one, other = places[rows], places[columns]
    same = np.cumprod((one == other) & (one >= 0), axis=1).sum(axis=1)
    depth_one, depth_other = (one >= 0).sum(axis=1), (other >= 0).sum(axis=1)
    apart = np.abs(depth_one - depth_other) == 1
    right_above = apart & (same == np.minimum(depth_one, depth_other))
    return np.asarray(right_above, np.float32)


def _union(sources: list[Matrix], linked: Matrix) -> tuple[Rows, Rows]:
    """Return the places that any source has, row by row, without those in `linked` and a note's own."""
    size = linked.shape[0]
    # np.unique hashes whole numbers before it sorts them, which takes several times as long.
    found = np.concatenate([_flat(one) for one in sources])
    found.sort()
    found = found[np.diff(found, prepend=-1) > 0]
    gone = np.concatenate([_flat(linked), np.arange(size, dtype=np.int64) * (size + 1)])
    at = np.searchsorted(found, gone)
    within = at < len(found)
    at, gone = at[within], gone[within]
    kept = np.ones(len(found), bool)
    kept[at[found[at] == gone]] = False
    rows, columns = np.divmod(found[kept], size)
    return rows.astype(np.int32), columns.astype(np.int32)


def _flat(matrix: Matrix) -> NDArray[np.int64]:
    return np.asarray(_rows_of(matrix) * matrix.shape[1] + matrix.indices)


def _rows_of(matrix: Matrix) -> NDArray[np.int64]:
    """Return the row of every value, in the order they stand in."""
    return np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))


def values_at(matrix: Matrix, rows: Rows, columns: Rows) -> Floats:
    """Return the values of a matrix at the pairs."""
    if not matrix.nnz or not len(rows):
        return np.zeros(len(rows), np.float32)
    return np.asarray(matrix[rows, columns], np.float32).ravel()


def _cosines(matrix: Matrix, rows: Rows, columns: Rows) -> Floats:
    """Return the products of the named rows."""
    product = matrix[rows].multiply(matrix[columns])
    return np.asarray(product.sum(axis=1), np.float32).ravel()
