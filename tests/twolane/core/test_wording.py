"""Numbers as people read them."""

from __future__ import annotations

import pytest

from twolane.core.retry import ENDINGS
from twolane.core.wording import counted, failure_words, gist


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [
        (0, "note", "0 notes"),
        (1, "note", "1 note"),
        (2, "batch", "2 batches"),
        (1_200, "item", "1,200 items"),
        (3, "reply", "3 replies"),
        (2, "day", "2 days"),
    ],
)
def test_one_is_not_many(count: int, noun: str, said: str) -> None:
    """A number of things is said with the noun in the right form."""
    assert counted(count, noun) == said


def test_what_is_said_of_several_items_alike_is_the_same() -> None:
    """Names, ids, numbers and quoted texts are an item's own; the rest is the reason."""
    assert gist("a is 7,000 tokens, req_011aB", "a") == gist("b is 12 tokens, req_9", "b")
    assert gist("not JSON: 'one'") == gist("not JSON: 'another'")
    assert gist("no such call", "a") == "no such call"
    assert gist("too long") != gist("too large")


def test_a_failure_is_told_in_words() -> None:
    """The provider's names and ours are for programs; one that nobody knows yet is read as well."""
    assert failure_words("max_tokens") == "reply cut off"
    assert failure_words("invalid_request_error") == "invalid request"
    assert failure_words("unreadable_reply") == "unreadable reply"
    assert failure_words("some_new_error") == "some new error"
    assert not any("_" in failure_words(one) for one in ENDINGS)
