"""Numbers as people read them."""

from __future__ import annotations

import pytest

from twolane.core.wording import counted


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [
        (0, "note", "0 notes"),
        (1, "note", "1 note"),
        (2, "batch", "2 batches"),
        (1_200, "item", "1,200 items"),
    ],
)
def test_one_is_not_many(count: int, noun: str, said: str) -> None:
    """A number of things is said with the noun in the right form."""
    assert counted(count, noun) == said
