"""The nearest rows: looked for one by one, or by a graph of neighbours."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import pytest

from notemill.linking.nearest import nearest_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

graph = pytest.mark.skipif(
    find_spec("usearch") is None, reason="usearch is absent: pip install '.[embed]'"
)


def clustered(rows: int, width: int = 64) -> NDArray[np.float32]:
    """Return unit rows in groups of about twenty; every 50th is of zeros."""
    draw = np.random.default_rng(3)
    centres = draw.normal(size=(rows // 20, width))
    made = centres[draw.integers(0, len(centres), rows)] + 0.5 * draw.normal(size=(rows, width))
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    made[::50] = 0
    return made.astype(np.float32)


def found(vectors: NDArray[np.float32], count: int, exact_up_to: int) -> list[set[int]]:
    """Return the neighbours of every row."""
    columns, cosines = nearest_rows(vectors, count, exact_up_to=exact_up_to)
    return [set(row[values > 0].tolist()) for row, values in zip(columns, cosines, strict=True)]


@pytest.mark.parametrize("exact_up_to", [10_000, pytest.param(0, marks=graph)])
def test_the_nearest_of_three_are_told_with_their_cosines(exact_up_to: int) -> None:
    """A row is not its own neighbour, an opposite one is none, nor is a row of zeros."""
    vectors = np.array([[1, 0], [0.6, 0.8], [-1, 0], [0, 0]], np.float32)
    columns, cosines = nearest_rows(vectors, 1, exact_up_to=exact_up_to)
    assert columns[:2, 0].tolist() == [1, 0]
    assert cosines[:, 0] == pytest.approx([0.6, 0.6, 0, 0], abs=1e-3)


@graph
def test_the_graph_finds_what_looking_at_all_finds() -> None:
    """Of the ten nearest that there are, the graph finds at least 95 in a hundred."""
    vectors = clustered(2_000)
    exact, by_graph = found(vectors, 10, 10_000), found(vectors, 10, 0)
    shares = [
        len(one & other) / len(one) for one, other in zip(exact, by_graph, strict=True) if one
    ]
    assert np.mean(shares) >= 0.95


@graph
def test_the_graph_is_the_same_every_time() -> None:
    """Two searches in the same vectors find the same neighbours."""
    vectors = clustered(1_000)
    assert found(vectors, 20, 0) == found(vectors, 20, 0)


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("exact_up_to", [10_000, pytest.param(0, marks=graph)])
def test_fewer_rows_than_are_asked_for(rows: int, exact_up_to: int) -> None:
    """Of one or two rows there are no more neighbours than others."""
    columns, cosines = nearest_rows(np.ones((rows, 1), np.float32), 50, exact_up_to=exact_up_to)
    assert columns.shape == cosines.shape == (rows, rows - 1)


@graph
def test_rows_that_are_all_the_same() -> None:
    """Many equal rows are near to each other, whichever are named."""
    columns, cosines = nearest_rows(np.ones((500, 8), np.float32) / 8**0.5, 5, exact_up_to=0)
    assert (cosines > 0.99).all()
    assert (columns != np.arange(500)[:, None]).all()


@graph
@pytest.mark.skipif(find_spec("onnxruntime") is None, reason="onnxruntime is absent, too")
@pytest.mark.loopback
def test_a_model_can_be_loaded_after_a_graph_was_searched() -> None:
    """In a process that looks for neighbours first, the runtime of the models loads all the same."""
    lines = (
        "import numpy as np",
        "from notemill.linking.nearest import nearest_rows",
        "nearest_rows(np.eye(4, dtype=np.float32), 2, exact_up_to=0)",
        "import onnxruntime",
    )
    code = "\n".join(lines)
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603  # the lines above
