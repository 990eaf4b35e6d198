"""Pairs of notes to link: mutual, above a threshold, limited per note; with reasons."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import compress, pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import sparse

from notemill.linking.corpus import Candidate, Reason
from notemill.linking.evidence import evidence_of, share_words
from notemill.linking.features import NAMES, PAIRS, pairs_of, values_at
from notemill.linking.matrices import matrices_of
from notemill.linking.model import acceptance, odds_of, shipped
from notemill.linking.shared_words import MOST_TERMS, shared_words
from notemill.text.vectors import Matrix, greatest
from notemill.vault.resolve import title_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from notemill.linking.corpus import Document, Lexicon
    from notemill.linking.features import Pairs
    from notemill.linking.matrices import Matrices
    from notemill.linking.model import LinkModel, Weights
    from notemill.vault.resolve import Names

MUTUAL: Final = 3
"""A pair is mutual if each note is among the other's best `MUTUAL * top`."""
REACHED: Final = 3
"""A note without links reaches for its best `REACHED`, whether or not they reach for it."""
_DATE: Final = re.compile(r"\D{0,3}\d{4}[-_. ]?\d{2}[-_. ]?\d{2}\D{0,12}")
# A note with so many terms, and so many times those of the vault's usual note, is a log of it.
_LOG_TERMS: Final = 1_000
_LOG_TIMES: Final = 20
# From so many notes in a language the frequencies of its words tell something.
_LEAST_NOTES: Final = 10
_WORDS: Final = 6
_NEIGHBOURS: Final = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """Pairs that are wanted: their places among the candidates, and their log-odds."""

    at: NDArray[np.intp]
    odds: NDArray[np.float64]

    def where(self, kept: NDArray[np.bool_] | NDArray[np.intp]) -> Wanted:
        """Return some of the pairs, in the order given."""
        return Wanted(self.at[kept], self.odds[kept])

    def ends(self, pairs: Pairs) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the notes of the pairs, in their order in the vault."""
        rows, columns = pairs.rows[self.at], pairs.columns[self.at]
        return np.minimum(rows, columns), np.maximum(rows, columns)


def propose(
    documents: Sequence[Document],
    lexicon: Lexicon,
    names: Names,
    *,
    top: int,
    min_score: float,
    vectors: NDArray[np.float32] | None = None,
    taught: Weights | None = None,
) -> list[Candidate]:
    """Return pairs of notes to link, the most likely first.

    No pair is already linked, in either direction; each note is among the other's best, or one of
    the best of a note without links; their content makes the link likely, not only the graph, and
    they have something in common that a reader would see (see `evidence`); two daily notes are not linked for their
    dates, nor two notes for sharing a rare language alone; no note is in more than `top` pairs, a
    log, which names everything, in more than one, or a note without text in any. Notes without any
    link choose first. `vectors` has a row of unit length for every document, zeros for one without
    an embedding. `taught` is what the vault's links add to the shipped weights.
    """
    if len(documents) < 2:  # noqa: PLR2004
        return []
    matrices = matrices_of(documents, lexicon, names)
    words, meaning = (shipped(with_meaning=one).taught(taught) for one in (False, True))
    first, second, odds, near = _likely(
        matrices, vectors, words, meaning, top=top, min_score=min_score
    )
    daily = np.array([_DATE.fullmatch(title_of(one.key)) is not None for one in documents])
    empty = np.array([not len(one.terms) for one in documents])
    fit = ~(daily[first] & daily[second]) & ~(empty[first] | empty[second])
    fit[fit] = ~_by_language_alone(documents, matrices, first[fit], second[fit])
    first, second, odds, near = first[fit], second[fit], odds[fit], near[fit]
    evidence = evidence_of(documents, lexicon, matrices, first, second, near=near)
    scores = acceptance().of(odds, evidence)
    enough = scores >= min_score
    unseen = np.flatnonzero(enough & ~evidence.any)
    enough[unseen] = share_words(documents, lexicon, matrices, first[unseen], second[unseen])
    first, second, scores = first[enough], second[enough], scores[enough]
    alone = np.diff(matrices.graph.indptr) == 0
    order = np.lexsort((second, first, -scores, ~(alone[first] | alone[second])))
    left = _most_pairs(documents, top)
    kept = []
    for one in order.tolist():
        if left[first[one]] and left[second[one]]:
            left[[first[one], second[one]]] -= 1
            kept.append(one)
    kept.sort(key=lambda one: (-scores[one], first[one], second[one]))
    first, second, scores = first[kept], second[kept], scores[kept]
    reasons = _reasons(documents, lexicon, matrices, first, second)
    return [
        Candidate(documents[one].key, documents[other].key, round(float(score), 4), reason)
        for one, other, score, reason in zip(first, second, scores, reasons, strict=True)
    ]


def _likely(
    matrices: Matrices,
    vectors: NDArray[np.float32] | None,
    words: LinkModel,
    meaning: LinkModel,
    *,
    top: int,
    min_score: float,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], NDArray[np.float32]]:
    """Return the pairs that are wanted and may be likely enough, their log-odds and nearness.

    All other candidates are many times as many, and not kept.
    """
    pairs = pairs_of(matrices, vectors)
    # What links alone make likely, a reader of the two notes would not understand.
    odds, told = odds_of(pairs, words, meaning)
    wanted = wanted_of(pairs, matrices, odds, told, top=top)
    wanted = wanted.where(acceptance().at_most(wanted.odds) >= min_score)
    near = pairs.features[wanted.at, NAMES.index("meaning")]
    return *wanted.ends(pairs), wanted.odds, near


def wanted_of(
    pairs: Pairs,
    matrices: Matrices,
    odds: NDArray[np.float64],
    told: NDArray[np.float64],
    *,
    top: int,
) -> Wanted:
    """Return the candidates that both their notes want, or that a note without links wants."""
    alone = np.diff(matrices.graph.indptr) == 0
    mutual = _mutual(pairs, odds, told, MUTUAL * top)
    return _joined(pairs, mutual, _reached(pairs, odds, told, alone))


def _most_pairs(documents: Sequence[Document], top: int) -> NDArray[np.int64]:
    """Return how many pairs each note may be in: a log in one, one without text in none."""
    lengths = np.array([len(one.terms) for one in documents])
    usual = np.median(lengths[lengths > 0]) if lengths.any() else 0
    is_log = lengths > max(_LOG_TERMS, _LOG_TIMES * usual)
    return np.where(is_log, min(1, top), np.where(lengths > 0, top, 0))


def _by_language_alone(
    documents: Sequence[Document],
    matrices: Matrices,
    first: NDArray[np.int32],
    second: NDArray[np.int32],
) -> NDArray[np.bool_]:
    """Tell of which pairs it may be the language alone that is alike.

    So few notes cannot tell which words are common in their language: all that two of them share
    looks telling. A name in the other's text, or a note that both link to, still counts.
    """
    spoken = Counter(one.language for one in documents)  # "" for notes whose language nothing tells
    most = max(spoken, key=lambda language: (spoken[language], language))
    rare = {one for one, count in spoken.items() if one and count < _LEAST_NOTES and one != most}
    alike = np.array(
        [
            documents[one].language in rare and documents[one].language == documents[other].language
            for one, other in zip(first.tolist(), second.tolist(), strict=True)
        ],
        bool,
    )
    some, others = first[alike], second[alike]
    if len(some):
        named = matrices.mentions[some, others] + matrices.mentions[others, some]
        shared = matrices.graph[some].multiply(matrices.graph[others]).sum(axis=1)
        alike[alike] = (np.ravel(named) == 0) & (np.ravel(shared) == 0)
    return alike


def _mutual(
    pairs: Pairs, odds: NDArray[np.float64], told: NDArray[np.float64], best: int
) -> Wanted:
    """Return the pairs that want each other.

    Their log-odds are the mean of both sides, or of what words alone tell where that is less.
    """
    chosen = np.zeros(len(odds), bool)
    chosen[_best(pairs.rows, odds, best)] = True
    size = len(pairs.linked)
    forth = pairs.rows.astype(np.int64) * size + pairs.columns
    at = np.flatnonzero(chosen & (pairs.rows < pairs.columns))
    back = pairs.columns[at].astype(np.int64) * size + pairs.rows[at]
    back_at = np.minimum(np.searchsorted(forth, back), max(len(forth) - 1, 0))
    both = (forth[back_at] == back) & chosen[back_at]
    at, back_at = at[both], back_at[both]
    least = np.minimum(odds[at] + odds[back_at], told[at] + told[back_at]) / 2
    return Wanted(at, least)


def _reached(
    pairs: Pairs,
    odds: NDArray[np.float64],
    told: NDArray[np.float64],
    alone: NDArray[np.bool_],
) -> Wanted:
    """Return the pairs that notes without a link want most, whether or not they are wanted.

    A note with links has nearer ones than any that nobody has linked: it would never choose such a
    note among its best.
    """
    at = np.flatnonzero(alone[pairs.rows])
    least = np.minimum(odds[at], told[at])
    best = _best(pairs.rows[at], least, REACHED)
    return Wanted(at[best], least[best])


def _joined(pairs: Pairs, *found: Wanted) -> Wanted:
    """Return all pairs once, each with its greatest log-odds."""
    every = Wanted(
        np.concatenate([one.at for one in found]), np.concatenate([one.odds for one in found])
    )
    first, second = every.ends(pairs)
    order = np.lexsort((-every.odds, second, first))
    fresh = np.ones(len(order), bool)
    fresh[1:] = (np.diff(first[order]) != 0) | (np.diff(second[order]) != 0)
    return every.where(order[fresh])


def _best(rows: NDArray[np.int32], odds: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Return the best candidates of each note; `rows` are in order."""
    return greatest(odds, np.append(0, np.cumsum(np.bincount(rows))), count)


def _reasons(
    documents: Sequence[Document],
    lexicon: Lexicon,
    matrices: Matrices,
    left: NDArray[np.int32],
    right: NDArray[np.int32],
) -> Iterator[Reason]:
    """Yield why the pairs are proposed."""
    terms, named = lexicon.terms(), matrices.named
    # A number or an id that two notes share tells nobody anything, even where it weighs.
    telling = np.array([not any(map(str.isdigit, one)) for one in terms], bool)
    spoken = {documents[note].language for note in (*left.tolist(), *right.tolist())}
    shown = {language: lexicon.shown(language) for language in spoken}
    few = 1 / np.maximum(np.diff(matrices.graph.indptr), 1)
    weighed = Matrix(matrices.graph @ sparse.diags(few))
    for start in range(0, len(left), PAIRS):
        first, second = left[start : start + PAIRS], right[start : start + PAIRS]
        words = _greatest(_common(matrices.words, first, second), MOST_TERMS, telling)
        near = _greatest(_common(weighed, first, second), _NEIGHBOURS)
        forth, back = values_at(named, first, second) > 0, values_at(named, second, first) > 0
        ends = zip(first.tolist(), second.tolist(), strict=True)
        for (one, other), both, by, *says in zip(ends, words, near, forth, back, strict=True):
            tags = {tag.casefold() for tag in documents[other].tags}
            yield Reason(
                words=shared_words(
                    documents[one],
                    documents[other],
                    both,
                    terms=terms,
                    shown=shown,
                    count=_WORDS,
                ),
                mentions=tuple(documents[note].key for note in compress((one, other), says)),
                neighbours=tuple(documents[note].key for note in by),
                tags=tuple(tag for tag in documents[one].tags if tag.casefold() in tags),
            )


def _common(matrix: Matrix, left: NDArray[np.int32], right: NDArray[np.int32]) -> Matrix:
    """Return the products of two rows each, place by place."""
    return Matrix(matrix[left].multiply(matrix[right]))


def _greatest(
    matrix: Matrix, count: int, telling: NDArray[np.bool_] | None = None
) -> Iterator[dict[int, float]]:
    """Yield each row's greatest values above 0 by their columns, the greatest first."""
    if telling is not None:
        matrix.data[~telling[matrix.indices]] = 0
    matrix.eliminate_zeros()
    matrix.sort_indices()
    for start, end in pairwise(matrix.indptr.tolist()):
        values, columns = matrix.data[start:end], matrix.indices[start:end]
        order = np.argsort(-values, kind="stable")[:count]
        yield dict(zip(columns[order].tolist(), values[order].tolist(), strict=True))
