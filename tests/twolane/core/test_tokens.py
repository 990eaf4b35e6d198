"""How many tokens a request holds."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twolane.core.tokens import (
    FRAMING_TOKENS,
    bound_input_tokens,
    careful_tokens,
    estimate_input_tokens,
    fitting,
)

ANY_TEXT = st.text(st.characters())


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("a" * 35, 10),
        ("a", 1),
        ("é" * 20, 10),
        ("слово" * 2, 5),
        ("机器学习", 4),
        ("日本語" + "a" * 7, 5),
        ("🚀" * 3, 6),
        ("\\u673a\\u5668", 2),
    ],
)
def test_each_script_has_its_own_density(text: str, tokens: int) -> None:
    """English, accented, Cyrillic, Chinese and emoji text count as documented."""
    assert estimate_input_tokens(text) == tokens
    assert estimate_input_tokens(text.encode()) == tokens


@given(ANY_TEXT)
def test_the_bound_is_never_below_the_estimate(text: str) -> None:
    """An estimate never exceeds what is reserved, for any text, surrogates included."""
    data = text.encode("utf-8", "surrogatepass")
    assert 0 <= estimate_input_tokens(text) <= bound_input_tokens(len(data))


@given(ANY_TEXT, ANY_TEXT)
def test_more_text_is_never_fewer_tokens(one: str, other: str) -> None:
    """Adding text to a body never lowers its estimate."""
    encoded = json.dumps(one) + json.dumps(other)
    assert estimate_input_tokens(encoded) >= estimate_input_tokens(json.dumps(one))


@given(st.binary())
def test_any_bytes_have_an_estimate(data: bytes) -> None:
    """Bytes that are no UTF-8 are counted too."""
    assert estimate_input_tokens(data) >= 0


def test_the_bound_leaves_room_for_the_providers_framing() -> None:
    """The bound is one token a byte and a thousand for what the provider adds."""
    assert bound_input_tokens(0) == FRAMING_TOKENS == 1_000
    assert bound_input_tokens(50_000) == 51_000


@given(ANY_TEXT, st.integers(0, 200))
def test_what_fits_is_the_longest_beginning_that_does(text: str, tokens: int) -> None:
    """A text is cut to no more than it may hold, and to no less than it could."""
    kept = fitting(text, tokens)
    assert text.startswith(kept)
    assert careful_tokens(kept) <= tokens
    assert kept == text or careful_tokens(text[: len(kept) + 1]) > tokens


@given(ANY_TEXT)
def test_a_careful_count_is_above_the_usual_one(text: str) -> None:
    """For a small vocabulary a text counts at least as much as it usually does."""
    assert careful_tokens(text) >= estimate_input_tokens(text) or "\\u" in text
