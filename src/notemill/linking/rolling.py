"""Hashes of sequences of terms: equal sequences have equal hashes, at any place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_BASE: Final = np.uint64(0x9E3779B97F4A7C15)


def windows(terms: NDArray[np.int32], longest: int) -> Iterator[NDArray[np.uint64]]:
    """Yield the hashes of all windows of 1, 2, … `longest` terms, by where each begins.

    A rolling hash of 64 bits (Karp and Rabin, 1987): one pass over the terms for each length.
    """
    hashed = np.zeros(len(terms), np.uint64)
    for length in range(1, min(longest, len(terms)) + 1):
        reach = len(terms) - length + 1
        hashed = hashed[:reach] * _BASE + terms[length - 1 :].astype(np.uint64) + np.uint64(1)
        yield hashed
