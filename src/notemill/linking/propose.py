"""Pairs of notes to link: mutual, above a threshold, few enough for every note; and why."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import sparse

from notemill.linking.corpus import Candidate, Reason, title_of
from notemill.linking.features import NAMES, pairs_of
from notemill.linking.matrices import matrices_of
from notemill.linking.model import shipped
from notemill.text.vectors import Matrix

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from notemill.linking.corpus import Document, Lexicon
    from notemill.linking.features import Pairs
    from notemill.linking.matrices import Matrices
    from notemill.vault.resolve import Names

MUTUAL: Final = 3
"""A pair is mutual where each is among the other's best `MUTUAL * top`."""
_DATE: Final = re.compile(r"\D{0,3}\d{4}[-_. ]?\d{2}[-_. ]?\d{2}\D{0,12}")
_SAYING: Final = [NAMES.index(one) for one in ("alike", "names", "mentions", "meaning")]
_WORDS: Final = 6
_NEIGHBOURS: Final = 3


def propose(
    documents: Sequence[Document],
    lexicon: Lexicon,
    names: Names,
    *,
    top: int,
    min_score: float,
    vectors: NDArray[np.float32] | None = None,
) -> list[Candidate]:
    """Return pairs of notes to link, the most likely first.

    No pair is linked already, in either direction; each of the two is among the other's best; they
    have words in common or name each other; two daily notes are not linked for their dates; no
    note is in more than `top` pairs, so that a long note that is a little like everything does
    not attract everything. Notes without any link choose first. `vectors` has a unit row for every
    document, of zeros where there is none.
    """
    if len(documents) < 2:  # noqa: PLR2004
        return []
    matrices = matrices_of(documents, lexicon, names)
    pairs = pairs_of(matrices, vectors)
    odds = shipped(with_meaning=vectors is not None).odds(pairs)
    first, second, scores = _mutual(pairs, odds, MUTUAL * top)
    daily = np.array([_DATE.fullmatch(title_of(one.key)) is not None for one in documents])
    enough = (scores >= min_score) & ~(daily[first] & daily[second])
    first, second, scores = first[enough], second[enough], scores[enough]
    alone = np.diff(matrices.graph.indptr) == 0
    order = np.lexsort((second, first, -scores, ~(alone[first] | alone[second])))
    taken = np.zeros(len(documents), np.int64)
    kept = []
    for one in order.tolist():
        if taken[first[one]] < top and taken[second[one]] < top:
            taken[[first[one], second[one]]] += 1
            kept.append(one)
    kept.sort(key=lambda one: (-scores[one], first[one], second[one]))
    left, right = np.minimum(first[kept], second[kept]), np.maximum(first[kept], second[kept])
    reasons = _reasons(documents, lexicon, matrices, left, right)
    return [
        Candidate(documents[one].key, documents[other].key, round(float(scores[at]), 4), reason)
        for at, one, other, reason in zip(kept, left, right, reasons, strict=True)
    ]


def _mutual(
    pairs: Pairs, odds: NDArray[np.float64], best: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    """Return (first, second, score) of the pairs that want each other.

    The score is the probability of the mean of both log-odds.
    """
    order = np.lexsort((pairs.columns, -odds, pairs.rows))
    starts = np.searchsorted(pairs.rows, pairs.rows[order])
    chosen = np.zeros(len(odds), bool)
    chosen[order] = np.arange(len(order)) - starts < best
    size = len(pairs.linked)
    forth = pairs.rows.astype(np.int64) * size + pairs.columns
    back = pairs.columns.astype(np.int64) * size + pairs.rows
    place = np.minimum(np.searchsorted(forth, back), max(len(forth) - 1, 0))
    both = (forth[place] == back) & chosen & chosen[place] & (pairs.rows < pairs.columns)
    both &= pairs.features[:, _SAYING].any(axis=1)
    at = np.flatnonzero(both)
    scores = 1 / (1 + np.exp(-(odds[at] + odds[place[at]]) / 2))
    return pairs.rows[at], pairs.columns[at], scores


def _reasons(
    documents: Sequence[Document],
    lexicon: Lexicon,
    matrices: Matrices,
    left: NDArray[np.int32],
    right: NDArray[np.int32],
) -> Iterator[Reason]:
    """Yield why the pairs are proposed."""
    terms, words = lexicon.terms(), _common(matrices.words, left, right)
    # A number that two notes share tells nobody anything, even where it weighs.
    numbers = np.array([one.isdecimal() for one in terms], bool)
    words.data[numbers[words.indices]] = 0
    few = 1 / np.maximum(np.diff(matrices.graph.indptr), 1)
    near = _common(Matrix(matrices.graph @ sparse.diags(few)), left, right)
    for pair, (one, other) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        chosen = (terms[term] for term in _greatest(words, pair, _WORDS))
        tags = {tag.casefold() for tag in documents[other].tags}
        yield Reason(
            words=tuple(lexicon.surfaces.get(term, term) for term in chosen),
            mentions=tuple(
                documents[by].key
                for by, named in ((one, other), (other, one))
                if matrices.mentions[by, named] > 0
            ),
            neighbours=tuple(documents[by].key for by in _greatest(near, pair, _NEIGHBOURS)),
            tags=tuple(tag for tag in documents[one].tags if tag.casefold() in tags),
        )


def _common(matrix: Matrix, left: NDArray[np.int32], right: NDArray[np.int32]) -> Matrix:
    """Return the products of two rows each, place by place."""
    return Matrix(matrix[left].multiply(matrix[right]))


def _greatest(matrix: Matrix, row: int, count: int) -> list[int]:
    """Return the columns of a row's greatest values above 0, the greatest first."""
    some = slice(matrix.indptr[row], matrix.indptr[row + 1])
    values, columns = matrix.data[some], matrix.indices[some]
    order = np.lexsort((columns, -values))[:count]
    return [int(columns[one]) for one in order if values[one] > 0]
