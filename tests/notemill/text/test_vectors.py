"""Rows of weighted terms: what is kept of them."""

from __future__ import annotations

import numpy as np
import pytest

from notemill.text.vectors import Matrix, ranges, top


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        ([1, 3, 2, 4], [0, 3, 0, 4]),
        ([2, 2, 2, 2], [2, 2, 0, 0]),
        ([2, 1, 2, 3], [2, 0, 0, 3]),
        ([0, 5, 0, 0], [0, 5, 0, 0]),
    ],
)
def test_of_equal_values_the_first_are_kept(row: list[int], kept: list[int]) -> None:
    """The greatest two of a row, whatever the rows beside it hold."""
    rows = Matrix(np.array([[9, 9, 9, 9], row, [0, 0, 0, 0]], np.float32))
    assert top(rows, 2).toarray()[1].tolist() == kept


def test_ranges_stand_one_after_the_other() -> None:
    """An empty range has no numbers, and its place is skipped."""
    places, numbers = ranges(np.array([7, 3, 5]), np.array([2, 0, 3]))
    assert places.tolist() == [0, 0, 2, 2, 2]
    assert numbers.tolist() == [7, 8, 5, 6, 7]
