"""Which notes name which: the names of notes in the texts of others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from notemill.linking.corpus import LONGEST_NAME
from notemill.linking.rolling import portions, slots, windows
from notemill.text.vectors import Matrix, ranges

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Terms = NDArray[np.int32]
    Hashes = NDArray[np.uint64]

# A name that so many notes mention says nothing of any of them; small vaults may differ.
_COMMON_NAME_SHARE: Final = 0.05
_COMMON_NAME_COUNT: Final = 30
# Nearly all windows of a text that are no name are known by so many bits of their hash.
_SLOT_BITS: Final = 20


class _Names:
    """The names of one length, by their hashes."""

    def __init__(self, length: int, names: Sequence[tuple[int, Terms]]) -> None:
        """Take names, each with the note that is called so."""
        *_, hashed = windows(np.concatenate([name for _, name in names]), length)
        keys = hashed[::length]
        order = np.argsort(keys, kind="stable")
        self.length = length
        self.holders = np.array([index for index, _ in names], np.int32)[order]
        self._keys, first = np.unique(keys[order], return_index=True)
        self.ends = np.append(first, len(names))
        self._slots = np.zeros(1 << _SLOT_BITS, bool)
        self._slots[slots(self._keys, _SLOT_BITS)] = True

    def found(self, hashed: Hashes) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return which hashes are of a name, and the number of that name."""
        at = np.flatnonzero(self._slots[slots(hashed, _SLOT_BITS)])
        number = np.minimum(np.searchsorted(self._keys, hashed[at]), len(self._keys) - 1)
        right = self._keys[number] == hashed[at]
        return at[right], number[right]

    def holders_of(self, numbers: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
        """Return the notes that are called by each of some names, after the place of the name."""
        places, at = ranges(self.ends[numbers], np.diff(self.ends)[numbers])
        return places, self.holders[at]


@dataclass(frozen=True, slots=True)
class _Said:
    """The notes that say a name: the name's number, the note, and whether it means this name."""

    number: NDArray[np.int64]
    note: NDArray[np.int64]
    free: NDArray[np.bool_]

    def where(self, kept: NDArray[np.bool_]) -> _Said:
        """Return some of them."""
        return _Said(self.number[kept], self.note[kept], self.free[kept])


class _Found:
    """Names found, by the notes that say them and those that are called so."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._places: list[NDArray[np.int64]] = []
        self._weights: list[NDArray[np.float32]] = []

    def add(
        self, notes: NDArray[np.int64], holders: NDArray[np.int32], weights: NDArray[np.float64]
    ) -> None:
        """Add notes that say a name of others."""
        apart = notes != holders
        self._places.append(notes[apart] * self._size + holders[apart])
        self._weights.append(weights[apart].astype(np.float32))

    def strongest(self) -> Matrix:
        """Return a matrix of the greatest weight for every place."""
        shape = (self._size, self._size)
        if not self._places:
            return Matrix(shape, dtype=np.float32)
        place, weight = np.concatenate(self._places), np.concatenate(self._weights)
        order = np.lexsort((-weight, place))
        first = order[np.diff(place[order], prepend=-1) > 0]
        return Matrix((weight[first], np.divmod(place[first], self._size)), shape=shape)


def mentions_of(texts: Sequence[Terms], called: Sequence[Sequence[Terms]]) -> tuple[Matrix, Matrix]:
    """Return how distinctive a name of the column's note in the row's text is, from 0 to 1.

    The second matrix has of these only the notes that are meant: "vector field" names the note that
    is called so, and says of the note "Field" nothing; nor does a note name another by its own
    name.
    """
    size = len(texts)
    most = max(_COMMON_NAME_COUNT, _COMMON_NAME_SHARE * size)
    said, meant = _Found(size), _Found(size)
    for names, every in _said(texts, _by_length(called)):
        counts = np.bincount(every.number)
        telling = every.where(counts[every.number] <= most)
        weights = np.log((1 + size) / (0.5 + counts[telling.number])) / np.log(2 + 2 * size)
        places, holders = names.holders_of(telling.number)
        notes = telling.note[places]
        said.add(notes, holders, weights[places])
        free = telling.free.copy()
        free[places[notes == holders]] = False
        others = free[places]
        meant.add(notes[others], holders[others], weights[places[others]])
    return said.strongest(), meant.strongest()


def _by_length(called: Sequence[Sequence[Terms]]) -> list[_Names]:
    """Return all names, the longest first."""
    found: dict[int, list[tuple[int, Terms]]] = {}
    for index, names in enumerate(called):
        for name in names:
            found.setdefault(len(name), []).append((index, name))
    return [
        _Names(length, found[length])
        for length in sorted(found, reverse=True)
        if 0 < length <= LONGEST_NAME
    ]


def _said(texts: Sequence[Terms], every: Sequence[_Names]) -> Iterator[tuple[_Names, _Said]]:
    """Yield the names of each length with the notes that say them."""
    size = len(texts)
    codes: list[list[NDArray[np.int64]]] = [[] for _ in every]
    for some in portions(texts):
        taken, owners = np.zeros(len(some.terms), bool), some.owners
        hashes = list(windows(some.terms, max((one.length for one in every), default=0)))
        for names, code in zip(every, codes, strict=True):
            if names.length > len(hashes):
                continue
            at, number = names.found(hashes[names.length - 1])
            whole = owners[at] == owners[at + names.length - 1]
            at, number = at[whole], number[whole]
            reach = at[:, None] + np.arange(names.length)
            is_within = taken[reach].all(axis=1)
            taken[reach] = True
            code.append(_once(2 * (number * size + some.first + owners[at]) + is_within))
    for names, code in zip(every, codes, strict=True):
        if code:
            found = np.concatenate(code)
            number, note = np.divmod(found // 2, size)
            yield names, _Said(number, note, found % 2 == 0)


def _once(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the least of the codes that differ in their last bit only."""
    codes = np.sort(codes)
    return codes[np.diff(codes // 2, prepend=-1) > 0]
