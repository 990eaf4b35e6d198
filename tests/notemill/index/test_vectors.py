"""Kept vectors: found by text and model, and lost without harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from notemill.index.vectors import VectorCache

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROW = np.array([0.6, 0.8], np.float32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the vectors lie."""
    return tmp_path / "state" / "vectors.sqlite3"


@pytest.fixture
def cache(path: Path) -> Iterator[VectorCache]:
    """Open an empty file of vectors."""
    opened = VectorCache(path)
    yield opened
    opened.close()


def test_a_vector_is_found_by_its_text_and_model(cache: VectorCache) -> None:
    """What one model made of a text is found under that model alone."""
    cache.keep("one", {"a": ROW})
    assert cache.find("one", {"a", "b"})["a"] == pytest.approx(ROW, abs=1e-3)
    assert cache.find("two", {"a"}) == {}


def test_nothing_to_read_is_remembered(cache: VectorCache) -> None:
    """A text without words is known to have no vector."""
    cache.keep("one", {"a": ROW, "b": np.empty(0, np.float32)})
    assert len(cache.find("one", {"a", "b"})["b"]) == 0


def test_what_is_gone_is_forgotten(cache: VectorCache) -> None:
    """Texts that are no longer there leave the file, whichever model read them."""
    cache.keep("one", {"a": ROW, "b": ROW})
    cache.keep("two", {"b": ROW})
    cache.prune({"a"})
    assert cache.find("one", {"a", "b"}).keys() == {"a"}
    assert cache.find("two", {"b"}) == {}


def test_vectors_of_another_width_are_made_again(cache: VectorCache) -> None:
    """Where a service changed its model under the same name, the odd ones are not found."""
    cache.keep("one", {"a": ROW, "b": ROW, "c": np.ones(3, np.float32)})
    assert cache.find("one", {"a", "b", "c"}).keys() == {"a", "b"}


def test_a_damaged_file_is_made_afresh(path: Path) -> None:
    """A file that is no database costs its vectors and nothing else."""
    path.parent.mkdir()
    path.write_bytes(b"no database at all" * 100)
    cache = VectorCache(path)
    cache.keep("one", {"a": ROW})
    assert cache.find("one", {"a"}).keys() == {"a"}
    cache.close()


def test_a_file_damaged_while_it_is_open(path: Path, cache: VectorCache) -> None:
    """A file that is overwritten under an open connection is made afresh."""
    cache.keep("one", {str(one): ROW for one in range(500)})
    path.write_bytes(b"\xff" * path.stat().st_size)
    assert cache.find("one", {"1"}) == {}
    cache.keep("one", {"1": ROW})
    assert cache.find("one", {"1"}).keys() == {"1"}


def test_two_processes_keep_vectors_at_once(path: Path, cache: VectorCache) -> None:
    """What another one kept meanwhile is found, and nothing of either is lost."""
    other = VectorCache(path)
    for one in range(20):
        cache.keep("one", {f"a{one}": ROW})
        other.keep("one", {f"b{one}": ROW})
    other.close()
    keys = {f"{letter}{one}" for letter in "ab" for one in range(20)}
    assert cache.find("one", keys).keys() == keys
