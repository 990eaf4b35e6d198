"""Hashes of sequences of terms: equal sequences have equal hashes, at any place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Terms = NDArray[np.int32]
    Hashes = NDArray[np.uint64]

PORTION: Final = 1 << 20
"""Terms whose hashes are in memory at a time: 8 MB for each of a few arrays."""
_BASE: Final = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Portion:
    """Some texts in a row: `count` of them from the text `first`.

    `terms` are those of all, one after the other, and `owners` their texts, counted from `first`.
    """

    first: int
    count: int
    terms: Terms
    owners: NDArray[np.int32]


def windows(terms: Terms, longest: int) -> Iterator[Hashes]:
    """Yield the hashes of all windows of 1, 2, … `longest` terms, by where each begins.

    A rolling hash of 64 bits (Karp and Rabin, 1987): one pass over the terms for each length.
    """
    hashed = np.zeros(len(terms), np.uint64)
    for length in range(1, min(longest, len(terms)) + 1):
        reach = len(terms) - length + 1
        hashed = hashed[:reach] * _BASE + terms[length - 1 :].astype(np.uint64) + np.uint64(1)
        yield hashed


def portions(texts: Sequence[Terms]) -> Iterator[Portion]:
    """Yield all texts, so many at a time that they have about `PORTION` terms."""
    first, terms = 0, 0
    for index, one in enumerate(texts, start=1):
        terms += len(one)
        if terms >= PORTION or index == len(texts):
            some = texts[first:index]
            owners = np.repeat(np.arange(len(some), dtype=np.int32), [len(text) for text in some])
            yield Portion(first, len(some), np.concatenate(some), owners)
            first, terms = index, 0


def slots(hashed: Hashes, bits: int) -> NDArray[np.intp]:
    """Return a number of `bits` bits for each hash: what has equal hashes has equal numbers."""
    # The hash of a single term is small: multiplying brings it into the upper bits (Knuth, 6.4).
    return (hashed * _BASE >> np.uint64(64 - bits)).astype(np.intp)
