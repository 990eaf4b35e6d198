"""The nearest rows of each row of a matrix: exact, or by a graph of neighbours."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import numpy as np

from notemill.errors import EmbeddingError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Rows = NDArray[np.int32]

EXACT_UP_TO: Final = 10_000
"""The most rows for which all pairs are compared."""
_BLOCK: Final = 512
# How many neighbours of neighbours a search keeps in view; more find more, and take longer.
_SEARCHED: Final = 160


def nearest_rows(
    vectors: Floats, count: int, *, exact_up_to: int = EXACT_UP_TO
) -> tuple[Rows, Floats]:
    """Return for each row the indices of the nearest other rows, and the cosines.

    Rows have unit length; a row of zeros is near none. Both results have as many rows as `vectors`
    and at most `count` columns; a cosine of 0 means no further neighbour. Above `exact_up_to` rows,
    if usearch is installed, neighbours come from a small-world graph (HNSW: Malkov and Yashunin,
    2018) with 8-bit components: nearly all of them, in a fraction of the time, and
    deterministically.
    """
    few = min(count, max(len(vectors) - 1, 0))
    if len(vectors) > exact_up_to and find_spec("usearch") is not None:
        return _by_graph(vectors, few)
    columns = np.zeros((len(vectors), few), np.int32)
    cosines = np.zeros((len(vectors), few), np.float32)
    for start in range(0, len(vectors) if few else 0, _BLOCK):
        block = vectors[start : start + _BLOCK] @ vectors.T
        own = np.arange(len(block))
        block[own, own + start] = -1
        top = np.argpartition(-block, few - 1, axis=1)[:, :few]
        columns[start : start + len(block)] = top
        found = np.take_along_axis(block, top, axis=1)
        cosines[start : start + len(block)] = np.maximum(found, 0)
    return columns, cosines


def _by_graph(vectors: Floats, few: int) -> tuple[Rows, Floats]:
    if find_spec("onnxruntime") is not None:
        # usearch shows its symbols to all that is loaded later, and onnxruntime then dies of them.
        import onnxruntime  # noqa: F401, PLC0415
    try:
        from usearch.index import Index  # noqa: PLC0415  # absent without the extra
    except (ImportError, OSError) as error:  # there, and its native code cannot be loaded
        raise EmbeddingError(
            f"usearch cannot be loaded: {error}; install it again: pip install "
            "--force-reinstall 'notemill[embed]', or continue with `--embedding off`"
        ) from error

    some = np.flatnonzero(vectors.any(axis=1))
    columns = np.zeros((len(vectors), few), np.int32)
    cosines = np.zeros((len(vectors), few), np.float32)
    if len(some) <= 1:
        return columns, cosines
    index = Index(ndim=vectors.shape[1], metric="cos", dtype="i8", expansion_search=_SEARCHED)
    # One thread: the order in which rows come decides what the graph is.
    index.add(some, vectors[some], threads=1)
    found = index.search(vectors[some], min(few + 1, len(some)))
    keys = np.asarray(found.keys)
    told = np.where(keys == some[:, None], -1, 1 - np.asarray(found.distances))
    # A row is its own nearest; should the graph have missed that, the farthest goes instead.
    order = np.argsort(-told, axis=1, kind="stable")[:, :few]
    columns[some, : order.shape[1]] = np.take_along_axis(keys, order, axis=1)
    for start in range(0, len(some), _BLOCK):
        rows = some[start : start + _BLOCK]
        block = columns[rows, : order.shape[1]]
        exact = np.einsum("ij,ikj->ik", vectors[rows], vectors[block])
        cosines[rows, : order.shape[1]] = np.where(block == rows[:, None], 0, np.maximum(exact, 0))
    return columns, cosines
