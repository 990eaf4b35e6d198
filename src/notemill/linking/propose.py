"""Pairs of notes to link: mutual, above a threshold, few enough for every note; and why."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from notemill.linking.corpus import Candidate, Reason, title_of
from notemill.linking.features import NAMES, pairs_of
from notemill.linking.matrices import matrices_of
from notemill.linking.model import shipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from notemill.linking.corpus import Document, Lexicon
    from notemill.linking.features import Pairs
    from notemill.linking.matrices import Matrices, Matrix
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
    explain = _Explainer(documents, matrices, lexicon)
    return [
        _candidate(documents, explain, int(first[one]), int(second[one]), float(scores[one]))
        for one in kept
    ]


def _candidate(
    documents: Sequence[Document], explain: _Explainer, first: int, second: int, score: float
) -> Candidate:
    if documents[first].key > documents[second].key:
        first, second = second, first
    reason = explain.reason(first, second)
    return Candidate(documents[first].key, documents[second].key, round(score, 4), reason)


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


class _Explainer:
    """Finds what two notes have in common."""

    def __init__(self, documents: Sequence[Document], matrices: Matrices, lexicon: Lexicon) -> None:
        """Take the notes and their matrices."""
        self._documents = documents
        self._matrices = matrices
        self._terms = lexicon.terms()
        self._surfaces = lexicon.surfaces
        self._tags = [
            {tag.casefold(): tag for tag in one.tags} if one.tags else {} for one in documents
        ]

    def reason(self, first: int, second: int) -> Reason:
        """Return why two notes are proposed."""
        mentions = self._matrices.mentions
        tags = self._tags[first].keys() & self._tags[second].keys()
        return Reason(
            words=tuple(self._words(first, second)),
            mentions=tuple(
                self._documents[one].key
                for one, other in ((first, second), (second, first))
                if mentions[one, other] > 0
            ),
            neighbours=tuple(self._neighbours(first, second)),
            tags=tuple(sorted(self._tags[first][one] for one in tags)),
        )

    def _words(self, first: int, second: int) -> Iterator[str]:
        words = self._matrices.words
        row, other = _row(words, first), _row(words, second)
        common, left, right = np.intersect1d(row[0], other[0], return_indices=True)
        weights = row[1][left] * other[1][right]
        terms = [self._terms[one] for one in common[np.argsort(-weights, kind="stable")]]
        # A number that two notes share tells nobody anything, even where it weighs.
        for term in [one for one in terms if not one.isdecimal()][:_WORDS]:
            yield self._surfaces.get(term, term)

    def _neighbours(self, first: int, second: int) -> list[str]:
        graph = self._matrices.graph
        common = np.intersect1d(_row(graph, first)[0], _row(graph, second)[0])
        degrees = graph.indptr[common + 1] - graph.indptr[common]
        few = common[np.argsort(degrees, kind="stable")][:_NEIGHBOURS]
        return [self._documents[one].key for one in few.tolist()]


def _row(matrix: Matrix, index: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    some = slice(matrix.indptr[index], matrix.indptr[index + 1])
    return matrix.indices[some], matrix.data[some]
