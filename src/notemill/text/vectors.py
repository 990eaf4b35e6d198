"""Texts as sparse rows of weighted terms (TF-IDF: Salton and Buckley, 1988)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Matrix: TypeAlias = sparse.csr_matrix
_COMMON_TERM_SHARE: Final = 0.02
_COMMON_TERM_COUNT: Final = 1_000


def counts_of(texts: Sequence[NDArray[np.int32]], width: int) -> Matrix:
    """Return the count of each of `width` terms in each text, a text being its terms' numbers."""
    ends = np.cumsum([len(one) for one in texts])
    columns = np.concatenate(texts) if texts else np.empty(0, np.int32)
    starts = np.concatenate([[0], ends])
    ones = np.ones(len(columns), np.float32)
    found = Matrix((ones, columns, starts), shape=(len(texts), width))
    found.sum_duplicates()
    return found


def idf_of(counts: Matrix) -> NDArray[np.float32]:
    """Return the weight of each term, 0 if it is of no use in comparing texts.

    That is a term of one text only and, in a large vault, one of so many that its weight is small
    while its products would be most of the work.
    """
    size = counts.shape[0]
    df = np.bincount(counts.indices, minlength=counts.shape[1])
    weights = np.maximum(np.log((1 + size) / (0.5 + df)), 0)
    telling = (df > 1) & (df <= max(_COMMON_TERM_COUNT, _COMMON_TERM_SHARE * size))
    return np.where(telling, weights, 0).astype(np.float32)


def weighed(counts: Matrix, idf: NDArray[np.float32]) -> Matrix:
    """Return TF-IDF rows of length 1; an empty row stays empty.

    A term said ten times does not weigh ten times as much, but 1 + log(10) times.
    """
    found = counts.copy()
    found.data = 1 + np.log(np.maximum(found.data, 1))
    return unit_rows(found, idf)


def unit_rows(rows: Matrix, weights: NDArray[np.float32]) -> Matrix:
    """Weigh the columns of the rows, scale each row to length 1, in place, and return them."""
    rows.data *= weights[rows.indices]
    rows.eliminate_zeros()
    squares = Matrix((rows.data**2, rows.indices, rows.indptr), shape=rows.shape)
    norms = np.sqrt(np.asarray(squares.sum(axis=1)).ravel())
    rows.data *= np.repeat(1 / np.where(norms > 0, norms, 1), np.diff(rows.indptr))
    return rows


def top(matrix: Matrix, count: int) -> Matrix:
    """Keep the greatest `count` values of each row; among equal ones, the first."""
    if matrix.nnz == 0 or np.diff(matrix.indptr).max() <= count:
        return matrix
    places = greatest(matrix.data, matrix.indptr, count)
    ends = np.append(0, np.cumsum(np.minimum(np.diff(matrix.indptr), count)))
    return Matrix((matrix.data[places], matrix.indices[places], ends), shape=matrix.shape)


def greatest(
    values: NDArray[np.floating[Any]], ends: NDArray[np.integer[Any]], count: int
) -> NDArray[np.intp]:
    """Return the places of the greatest `count` values of each row, in the order they stand in.

    Row n is `values[ends[n] : ends[n + 1]]`; among equal values of a row the first are taken.
    """
    kept = [np.empty(0, np.intp)]
    for start, end in pairwise(ends.tolist()):
        if end - start <= count:
            kept.append(np.arange(start, end))
            continue
        row = values[start:end]
        least = np.partition(row, -count)[-count]
        places = np.flatnonzero(row >= least)
        if len(places) > count:
            equal = np.flatnonzero(row[places] == least)
            places = np.delete(places, equal[count - len(places) :])
        kept.append(start + places)
    return np.concatenate(kept)


def ranges(
    starts: NDArray[np.integer[Any]], counts: NDArray[np.integer[Any]]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return all numbers of ranges, one after the other, behind the place of the range of each."""
    places = np.repeat(np.arange(len(counts)), counts)
    before = np.cumsum(counts) - counts
    return places, np.arange(len(places)) + np.asarray(starts - before)[places]
