"""Items into batches, under limits of count and bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twolane.core.types import Limits

DEFAULT_BATCH_ITEMS: Final = 100
MAX_DEFAULT_BATCHES: Final = 8
"""A run above 800 items is split into at most this many batches."""

# {"requests":[…]} around the entries and a comma after each; a line of a JSONL file costs no more.
_ENVELOPE_BYTES: Final = len('{"requests":[]}')
_SEPARATOR_BYTES: Final = 1


def batch_size(total: int, requested: int | None, limits: Limits) -> int:
    """Return how many items one batch of a run of `total` items may hold.

    Progress becomes visible batch by batch (nothing inside one can be seen before it ends), so the
    default is 100; above 800 items it is an eighth of the run, rounded up. The provider's limit
    bounds both the default and the `requested` size. Raises ValueError for a requested size below
    1.
    """
    if requested is not None and requested < 1:
        raise ValueError(f"a batch has at least one item, not {requested}")
    default = max(DEFAULT_BATCH_ITEMS, -(-total // MAX_DEFAULT_BATCHES))
    return min(requested or default, limits.max_items)


def pack(items: Iterable[tuple[int, int]], max_items: int, max_bytes: int) -> Iterator[list[int]]:
    """Yield batches of item indexes, in order, each filled before the next is begun.

    `items` are (index, size in bytes of its whole entry: id, params and braces). The envelope and
    separators are counted too, so the posted body is at most `max_bytes`. Raises ValueError for an
    entry that fits no batch: the caller must refuse those on input.
    """
    room = max_bytes - _ENVELOPE_BYTES
    batch: list[int] = []
    used = 0
    for index, size_bytes in items:
        cost = size_bytes + _SEPARATOR_BYTES
        if cost > room:
            raise ValueError(f"item {index} of {size_bytes} bytes fits no batch of {max_bytes}")
        if batch and (len(batch) >= max_items or used + cost > room):
            yield batch
            batch, used = [], 0
        batch.append(index)
        used += cost
    if batch:
        yield batch
