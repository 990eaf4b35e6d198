"""Items into batches."""

from __future__ import annotations

import json
from itertools import count, islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twolane.core.packing import batch_size, pack
from twolane.core.types import Limits

LIMITS = Limits(max_items=100_000, max_batch_bytes=256_000_000, max_request_bytes=32_000_000)


def sizes_of(total: int, requested: int | None = None) -> list[int]:
    """Return how many items each batch of a run of small items holds."""
    size = batch_size(total, requested, LIMITS)
    return [len(batch) for batch in pack(((n, 500) for n in range(total)), size, 256_000_000)]


@pytest.mark.parametrize(
    ("total", "sizes"),
    [
        (1, [1]),
        (2, [2]),
        (100, [100]),
        (101, [100, 1]),
        (122, [100, 22]),
        (782, [100] * 7 + [82]),
        (800, [100] * 8),
        (801, [101] * 7 + [94]),
        (10_000, [1_250] * 8),
    ],
)
def test_the_default_grain(total: int, sizes: list[int]) -> None:
    """Batches hold 100 items up to 800 in all, then an eighth of the run."""
    assert sizes_of(total) == sizes


def test_a_requested_size_is_taken_within_the_limit() -> None:
    """A person's batch size counts, but not above what the provider takes."""
    assert sizes_of(74, 52) == [52, 22]
    assert batch_size(500, 1_000_000, LIMITS) == 100_000
    assert batch_size(5_000_000, None, LIMITS) == 100_000
    assert batch_size(5_000_000, 7, LIMITS) == 7


@pytest.mark.parametrize("requested", [0, -1])
def test_a_batch_of_nothing_is_refused(requested: int) -> None:
    """A batch size below one is an error, not the default."""
    with pytest.raises(ValueError, match="at least one"):
        batch_size(10, requested, LIMITS)


def test_no_items_make_no_batch() -> None:
    """An empty run packs into nothing."""
    assert list(pack([], 10, 1_000)) == []


def test_an_item_that_fits_no_batch_is_an_error() -> None:
    """An entry larger than a batch is refused instead of sent too large or left out."""
    with pytest.raises(ValueError, match="item 1"):
        list(pack([(0, 10), (1, 1_000)], 10, 1_000))


def test_packing_streams() -> None:
    """The first batches come out of an endless input."""
    batches = pack(((n, 10) for n in count()), 3, 1_000)
    assert list(islice(batches, 2)) == [[0, 1, 2], [3, 4, 5]]


@given(st.lists(st.integers(20, 400)), st.integers(1, 12), st.integers(450, 1_500))
def test_bodies_stay_within_both_limits(sizes: list[int], max_items: int, max_bytes: int) -> None:
    """Every item is packed once, in order, and the posted body respects count and bytes."""
    entries = [json.dumps({"p": "x" * (size - 8)}, separators=(",", ":")) for size in sizes]
    assert [len(entry) for entry in entries] == sizes
    batches = list(pack(enumerate(sizes), max_items, max_bytes))
    assert [index for batch in batches for index in batch] == list(range(len(sizes)))
    for batch in batches:
        body = '{"requests":[' + ",".join(entries[index] for index in batch) + "]}"
        assert 1 <= len(batch) <= max_items
        assert len(body) <= max_bytes


@given(st.lists(st.integers(20, 400)), st.integers(1, 12), st.integers(450, 1_500))
def test_a_batch_is_begun_only_when_the_last_is_full(
    sizes: list[int], max_items: int, max_bytes: int
) -> None:
    """The first item of a batch would not have fitted into the one before it."""
    for batch, following in pairwise(pack(enumerate(sizes), max_items, max_bytes)):
        used = 15 + sum(sizes[index] + 1 for index in batch)
        full = len(batch) == max_items
        assert full or used + sizes[following[0]] + 1 > max_bytes
