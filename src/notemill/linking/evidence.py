"""What a reader of two notes would take for a reason to link them, beyond a likeness in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from notemill.linking.boilerplate import own_terms
from notemill.linking.features import PAIRS, values_at
from notemill.text.terms import terms
from notemill.text.words import UNSPACED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from notemill.linking.corpus import Document, Lexicon
    from notemill.linking.matrices import Matrices
    from notemill.text.vectors import Matrix

    Rows = NDArray[np.int32]
    Flags = NDArray[np.bool_]
    Floats = NDArray[np.float32]

_STRONG: Final = 0.01
"""A word weighs something if it adds so much to the cosine of two notes. Of 199 pairs that were
judged (see docs/benchmarks.md), 22 had no name in common and fewer than two such words: one was right."""
_LEAST_WORDS: Final = 2
_NEAR: Final = 0.9
"""Of the likeness that either reaches with its nearest."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What pairs of notes have in common, pair by pair.

    `called`: a word of their names; `kind`: just one, at the end of longer names, as `ETF notes` and
    `Trip notes` have it; `named`: one names the other; `meant`: their meaning, as near as that
    of either's nearest.
    """

    called: Flags
    kind: Flags
    named: Flags
    meant: Flags

    @property
    def any(self) -> Flags:
        """Which pairs have anything in common that a person would see."""
        return (self.called & ~self.kind) | self.named | self.meant


def evidence_of(
    documents: Sequence[Document],
    lexicon: Lexicon,
    matrices: Matrices,
    first: Rows,
    second: Rows,
    *,
    near: Floats,
) -> Evidence:
    """Return what the pairs of `first` and `second` have in common beside words of their texts.

    `near` is the likeness of their meanings, as in the features.
    """
    named = matrices.named
    called, kind = _called(documents, lexicon, matrices, first, second)
    return Evidence(
        called=called,
        kind=kind,
        named=values_at(named, first, second) + values_at(named, second, first) > 0,
        meant=near >= _NEAR,
    )


def is_word(term: str) -> bool:
    """Tell whether a term is no number and no id, which tell nobody anything in common."""
    return 2 * sum(map(str.isdigit, term)) < len(term)


def _called(
    documents: Sequence[Document], lexicon: Lexicon, matrices: Matrices, first: Rows, second: Rows
) -> tuple[Flags, Flags]:
    """Tell of which pairs the names share a telling word, not just a stem or a number, or a kind."""
    shared, words = _common(matrices.names, first, second), lexicon.terms()
    found = np.diff(shared.indptr) > 0
    kind = np.zeros(len(found), bool)
    for pair in np.flatnonzero(found).tolist():
        one, other = documents[first[pair]], documents[second[pair]]
        both = shared.indices[slice(*shared.indptr[pair : pair + 2])].tolist()
        said = {
            term
            for word in one.called & other.called
            for language in (one.language, other.language)
            for term in terms(word, language, lexicon.stems)
        }
        telling = [
            term
            for term in both
            if is_word(words[term]) and (words[term] in said or UNSPACED.match(words[term]))
        ]
        found[pair] = bool(telling)
        kind[pair] = len(telling) == 1 and _is_kind(telling[0], one, other)
    return np.asarray(found), kind


def _is_kind(term: int, one: Document, other: Document) -> bool:
    """Tell whether a term ends all names that have it, and none is that term alone.

    What comes first, such as a project's name, is mostly what notes are about.
    """
    names = (name for note in (one, other) for name in note.names if term in name)
    return all(len(name) > 1 and name[-1] == term for name in names)


def share_words(
    documents: Sequence[Document], lexicon: Lexicon, matrices: Matrices, first: Rows, second: Rows
) -> Flags:
    """Tell of which pairs the texts share words that weigh something, beyond what many notes say."""
    if not len(first):
        return np.zeros(0, bool)
    telling = np.array([is_word(one) for one in lexicon.terms()], bool)
    # Most terms weigh too little with whatever they are multiplied by.
    words = matrices.words.copy()
    most = words.max(axis=0).toarray().ravel()
    words.data[(words.data * most[words.indices] <= _STRONG) | ~telling[words.indices]] = 0
    words.eliminate_zeros()
    words = own_terms(words, [one.terms for one in documents])
    counts = np.zeros(len(first), np.int64)
    for start in range(0, len(first), PAIRS):
        some = slice(start, start + PAIRS)
        shared = _common(words, first[some], second[some])
        shared.data[shared.data <= _STRONG] = 0
        shared.eliminate_zeros()
        counts[some] = np.diff(shared.indptr)
    return np.asarray(counts >= _LEAST_WORDS)


def _common(matrix: Matrix, left: Rows, right: Rows) -> Matrix:
    """Return the products of two rows each, place by place."""
    return matrix[left].multiply(matrix[right]).tocsr()
