"""Which notes name which: the names of notes in the texts of others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from notemill.linking.corpus import LONGEST_NAME
from notemill.linking.rolling import windows
from notemill.text.vectors import Matrix

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Terms = NDArray[np.int32]

# A name that so many notes mention says nothing of any of them; small vaults may differ.
_COMMON_NAME_SHARE: Final = 0.05
_COMMON_NAME_COUNT: Final = 30


@dataclass(frozen=True, slots=True)
class _Named:
    """The places in all texts where names of one length begin, in order, with their hashes.

    `keys` are the hashes of these names, in order, and `holders` the notes that are called so.
    """

    length: int
    places: NDArray[np.intp]
    hashes: NDArray[np.uint64]
    keys: NDArray[np.uint64]
    holders: NDArray[np.int32]

    def held_by(self, key: np.uint64) -> NDArray[np.int32]:
        """Return the notes that are called so."""
        return self.holders[slice(*np.searchsorted(self.keys, [key, key + np.uint64(1)]))]


class _Found:
    """Names found, by the notes that say them and those that are called so."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._rows: list[NDArray[np.int32]] = []
        self._columns: list[NDArray[np.int32]] = []
        self._weights: list[NDArray[np.float32]] = []

    def add(self, notes: NDArray[np.int32], holder: int, weight: float) -> None:
        """Add the notes that say a name of one note."""
        self._rows.append(notes)
        self._columns.append(np.full(len(notes), holder, np.int32))
        self._weights.append(np.full(len(notes), weight, np.float32))

    def strongest(self) -> Matrix:
        """Return a matrix of the greatest weight for every place, none on the diagonal."""
        shape = (self._size, self._size)
        if not self._rows:
            return Matrix(shape, dtype=np.float32)
        row, column = np.concatenate(self._rows), np.concatenate(self._columns)
        weight = np.concatenate(self._weights)
        order = np.lexsort((-weight, column, row))
        row, column, weight = row[order], column[order], weight[order]
        first = np.ones(len(row), bool)
        first[1:] = (row[1:] != row[:-1]) | (column[1:] != column[:-1])
        first &= row != column
        return Matrix((weight[first], (row[first], column[first])), shape=shape)


def mentions_of(texts: Sequence[Terms], called: Sequence[Sequence[Terms]]) -> tuple[Matrix, Matrix]:
    """Return how distinctive a name of the column's note in the row's text is, from 0 to 1.

    The second matrix has of these only the notes that are meant: "vector field" names the note that
    is called so, and says of the note "Field" nothing; nor does a note name another by its own
    name.
    """
    size = len(texts)
    flat = np.concatenate(texts) if size else np.empty(0, np.int32)
    owner = np.repeat(np.arange(size, dtype=np.int32), [len(one) for one in texts])
    most = max(_COMMON_NAME_COUNT, _COMMON_NAME_SHARE * size)
    said, meant = _Found(size), _Found(size)
    taken = np.zeros(len(flat), bool)
    for named in reversed(list(_named(flat, owner, called))):
        reach = named.places[:, None] + np.arange(named.length)
        free = ~taken[reach].all(axis=1)
        taken[reach] = True
        notes = owner[named.places].astype(np.uint64)
        pairs, place = np.unique(np.stack([named.hashes, notes]), axis=1, return_inverse=True)
        is_free = np.bincount(place.ravel(), weights=free, minlength=pairs.shape[1]) > 0
        unique, starts, df = np.unique(pairs[0], return_index=True, return_counts=True)
        for key, start, count in zip(unique, starts, df, strict=True):
            if count > most:
                continue
            among = pairs[1][start : start + count].astype(np.int32)
            weight = np.log((1 + size) / (0.5 + count)) / np.log(2 + 2 * size)
            holders = named.held_by(key)
            others = among[is_free[start : start + count] & ~np.isin(among, holders)]
            for holder in holders:
                said.add(among, holder, weight)
                meant.add(others, holder, weight)
    return said.strongest(), meant.strongest()


def _named(
    flat: Terms, owner: NDArray[np.int32], called: Sequence[Sequence[Terms]]
) -> Iterator[_Named]:
    """Yield where names are, the shortest names first."""
    for length, hashed in enumerate(windows(flat, LONGEST_NAME), start=1):
        keys, holders = _hashed_names(called, length)
        if len(keys):
            whole = owner[: len(hashed)] == owner[length - 1 :]
            at = np.flatnonzero(whole & np.isin(hashed, keys))
            order = np.argsort(keys, kind="stable")
            yield _Named(length, at, hashed[at], keys[order], holders[order])


def _hashed_names(
    called: Sequence[Sequence[Terms]], length: int
) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """Return the hashes of all names with `length` terms, and whose they are."""
    found = [(name, index) for index, names in enumerate(called) for name in names]
    found = [(name, index) for name, index in found if len(name) == length]
    flat = np.concatenate([name for name, _ in found]) if found else np.empty(0, np.int32)
    *_, hashed = windows(flat, length) if found else [np.empty(0, np.uint64)]
    return hashed[::length], np.array([index for _, index in found], np.int32)
