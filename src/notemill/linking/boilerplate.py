"""What many notes say word for word, such as a template or a footer: it tells nothing of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import sparse

from notemill.linking.rolling import portions, slots, windows
from notemill.text.vectors import Matrix

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Terms = NDArray[np.int32]

_WINDOW: Final = 8
"""Terms in a row that are compared: long enough that no two people write them by chance."""
_NOTES: Final = 5
"""What so many notes have is a form; two or three may quote each other."""
_MOST_BITS: Final = 24
"""Of a window's hash, for counting: 64 MB. With 30 million windows, few of other hashes meet."""


def own_terms(rows: Matrix, texts: Sequence[Terms]) -> Matrix:
    """Return the rows of weighted terms with those only that a text says on its own.

    What many texts say word for word is left out: sequences of terms, found by their hashes
    (shingles: Broder, 1997).
    """
    shared = _shared(texts)
    kept = [Matrix((0, rows.shape[1]), dtype=rows.dtype)]
    start = 0
    for some in portions(texts):
        within = slice(*np.searchsorted(shared, [start, start + len(some.terms)]))
        own = np.ones(len(some.terms), bool)
        own[(shared[within] - start)[:, None] + np.arange(_WINDOW)] = False
        ends = np.append(0, np.cumsum(np.bincount(some.owners[own], minlength=some.count)))
        said = Matrix(
            (np.ones(own.sum(), np.float32), some.terms[own], ends),
            shape=(some.count, rows.shape[1]),
        )
        said.sum_duplicates()
        said.data[:] = 1
        kept.append(Matrix(rows[some.first : some.first + some.count].multiply(said)))
        start += len(some.terms)
    return Matrix(sparse.vstack(kept))


def _shared(texts: Sequence[Terms]) -> NDArray[np.intp]:
    """Return where in all texts the windows begin that many of them have, in order."""
    bits = min(_MOST_BITS, sum(map(len, texts)).bit_length() + 1)
    counts = np.zeros(1 << bits, np.uint32)
    for _, hashed, _ in _windows(texts):
        np.add.at(counts, slots(hashed, bits), np.uint32(1))
    found = []
    for at, hashed, owner in _windows(texts):
        often = counts[slots(hashed, bits)] >= _NOTES
        found.append((at[often], hashed[often], owner[often]))
    if not any(len(at) for at, _, _ in found):
        return np.empty(0, np.intp)
    places, hashed, owner = (np.concatenate(one) for one in zip(*found, strict=True))
    order = np.argsort(hashed, kind="stable")
    hashed, owner = hashed[order], owner[order]
    # Equal windows lie side by side, and among them those of one text.
    fresh = np.concatenate([[True], hashed[1:] != hashed[:-1]])
    notes = fresh | np.concatenate([[True], owner[1:] != owner[:-1]])
    starts = np.flatnonzero(fresh)
    common = np.add.reduceat(notes, starts, dtype=np.int64) >= _NOTES
    return np.sort(places[order[np.repeat(common, np.diff(np.append(starts, len(order))))]])


def _windows(
    texts: Sequence[Terms],
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.uint64], NDArray[np.int32]]]:
    """Yield where in all texts windows begin, with their hashes and texts, a portion at a time."""
    start = 0
    for some in portions(texts):
        if len(some.terms) >= _WINDOW:
            *_, hashed = windows(some.terms, _WINDOW)
            at = np.flatnonzero(some.owners[: len(hashed)] == some.owners[_WINDOW - 1 :])
            yield start + at, hashed[at], some.first + some.owners[at]
        start += len(some.terms)
