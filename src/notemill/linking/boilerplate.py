"""What many notes say word for word, such as a template or a footer: it tells nothing of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from notemill.linking.rolling import windows
from notemill.text.vectors import Matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Terms = NDArray[np.int32]

_WINDOW: Final = 8
"""Terms in a row that are compared: long enough that no two people write them by chance."""
_NOTES: Final = 5
"""What so many notes have is a form; two or three may quote each other."""


def own_terms(texts: Sequence[Terms], width: int) -> Matrix:
    """Return 1 for each of `width` terms that a text says outside of what many of them share.

    That are sequences of terms, found by their hashes (shingles: Broder, 1997).
    """
    lengths = [len(one) for one in texts]
    flat = np.concatenate(texts) if texts else np.empty(0, np.int32)
    owner = np.repeat(np.arange(len(texts)), lengths)
    own = np.ones(len(flat), bool)
    if len(texts) >= _NOTES and len(flat) >= _WINDOW:
        first = _shared(flat, owner)
        for place in range(_WINDOW):
            own[first + place] = False
    counts = Matrix(
        (np.ones(own.sum(), np.float32), (owner[own], flat[own])), shape=(len(texts), width)
    )
    counts.data[:] = 1
    return counts


def _shared(flat: Terms, owner: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return where the windows begin that many notes have."""
    *_, hashed = windows(flat, _WINDOW)
    whole = np.flatnonzero(owner[: len(hashed)] == owner[_WINDOW - 1 :])
    if not len(whole):
        return whole
    order = whole[np.argsort(hashed[whole], kind="stable")]
    hashed, owner = hashed[order], owner[order]
    # Equal windows lie side by side, and among them those of one note.
    fresh = np.concatenate([[True], hashed[1:] != hashed[:-1]])
    notes = fresh | np.concatenate([[True], owner[1:] != owner[:-1]])
    starts = np.flatnonzero(fresh)
    common = np.add.reduceat(notes, starts, dtype=np.int64) >= _NOTES
    return order[np.repeat(common, np.diff(np.append(starts, len(order))))]
