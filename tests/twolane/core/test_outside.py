"""Numbers, dates, ids and names as strangers write them."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twolane.core.outside import (
    EARLIEST,
    LATEST,
    MAX_ID_CHARS,
    MAX_NAME_CHARS,
    MAX_WHOLE,
    identifier,
    moment,
    name,
    whole,
)

NOTHING: list[object] = [
    None,
    True,
    False,
    "",
    " 5",
    "5 ",
    "+5",
    "-5",
    "5.0",
    "1e3",
    "٣",
    "²",
    "five",
    "9" * 30,
]
NOTHING += [b"5", [], [5], {}, {"value": 5}, 5.5, math.nan, math.inf, -math.inf, -1, 10**400, 1e300]
NO_DATES: list[object] = [
    None,
    True,
    0,
    1_800_000_000,
    1_800_000_000_000,
    1.8e9,
    math.nan,
    "",
    "now",
    "never",
]
NO_DATES += ["2027-01-15T08:00:00", "2027-01-15", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
NO_DATES += ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1970-01-01T00:00:00Z"]
NO_DATES += ["2027-13-45T08:00:00Z", "2027-01-15T08:00:61Z", "10000-01-01T00:00:00Z", "0" * 10_000]
NO_DATES += [[], ["2027-01-15T08:00:00Z"], {}, b"2027-01-15T08:00:00Z", "2027-01-15T08:00:00Z\0"]


@pytest.mark.parametrize(
    ("value", "number"), [(0, 0), (7, 7), (7.0, 7), ("07", 7), (MAX_WHOLE,) * 2]
)
def test_whole_numbers_are_read_in_every_form(value: object, number: int) -> None:
    """A number may come as an integer, a float without a fraction, or digits."""
    assert whole(value) == number


@pytest.mark.parametrize("value", NOTHING, ids=lambda value: repr(value)[:30])
def test_what_is_no_whole_number_is_none(value: object) -> None:
    """Text, fractions, negative and endless numbers and containers are no number."""
    assert whole(value) is None


@given(st.integers(), st.integers(), st.integers())
def test_a_number_outside_of_its_bounds_is_none(value: int, least: int, most: int) -> None:
    """Both ends count as inside."""
    assert whole(value, least, most) == (value if least <= value <= most else None)


@pytest.mark.parametrize(
    "date",
    ["2027-01-15T08:00:00Z", "2027-01-15T09:00:00+01:00", "2027-01-15T08:00:00.000000+00:00"],
)
def test_dates_with_a_zone_are_moments(date: str) -> None:
    """A date of RFC 3339 is a moment wherever it was written."""
    assert moment(date) == 1_800_000_000.0


@pytest.mark.parametrize("value", NO_DATES, ids=lambda value: repr(value)[:30])
def test_what_is_no_moment_is_none(value: object) -> None:
    """Placeholders, numbers, dates without a zone and containers are no moment."""
    assert moment(value) is None


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.datetimes().map(str),
    st.datetimes(timezones=st.timezones()).map(lambda one: one.isoformat()), st.lists(st.text()),
)  # fmt: skip


@given(ANYTHING)
def test_whatever_stands_there_is_a_value_of_its_kind_or_none(value: Any) -> None:  # noqa: ANN401
    """Nothing raises, and what comes out fits a ledger."""
    number, at = whole(value), moment(value)
    assert number is None or 0 <= number <= MAX_WHOLE
    assert at is None or EARLIEST <= at < LATEST


IDS = [
    "msgbatch_013Zva2CMHLNnXjNJJKqJ2EF",
    "req_vrtx_011CTpRFs",
    "bGl0ZWxsbV9wcm94eTttb2RlbF9pZDox==",
    "8c2e1f7a-5b1d-4c7e-9f0a-1d2e3f4a5b6c",
    "batch:eu-west-1:4711",
    "7",
    "a" * MAX_ID_CHARS,
]
NO_IDS: list[object] = [
    "", " ", ".", "..", "../../x", "a/b", "a\\b", "a..b", ".hidden", "-rf", "%2e", "a%2Fb", "a?b",
    "a#b", "a&b", "a b", "a\n", "a\r\nx: y", "a\0", "\x1b[31m", "ä", "\u202ea", "\ud800", "a\u200b",
    "a'b", 'a"b', "a;b", "<a>", "$(a)", "a" * (MAX_ID_CHARS + 1), "a" * 10_000_000, None, True, 7, 7.5,
    b"a", [], ["a"], {}, {"id": "a"},
]  # fmt: skip


@pytest.mark.parametrize("value", IDS, ids=lambda value: str(value)[:30])
def test_an_id_as_services_give_it_is_taken(value: str) -> None:
    """Ids of the API and of gateways are taken as they stand."""
    assert identifier(value) == value


@pytest.mark.parametrize("value", NO_IDS, ids=lambda value: repr(value)[:30])
def test_what_is_no_id_is_none(value: object) -> None:
    """What steers a URL, a path, a terminal or a shell is no id, and neither is another type."""
    assert identifier(value) is None


@given(st.text() | st.text("ab._-%/?#:=~\n ", max_size=12))
def test_an_id_needs_no_escape_anywhere(value: str) -> None:
    """Whatever is taken for an id is one segment of a path, and the same when it is quoted."""
    if (found := identifier(value)) is not None:
        assert quote(found, safe=":=~") == found == value
        assert found not in (".", "..")
        assert "/" not in found


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ("hf.co/bartowski/Llama-3.2-1B-GGUF:Q4_K_M", True),
        ("C:\\models\\my model.gguf", True),
        ("模型-7b", True),
        ("n" * MAX_NAME_CHARS, True),
        ("n" * (MAX_NAME_CHARS + 1), False),
        ("", False),
        (" ", False),
        ("a\n", False),
        ("\x1b]0;x\x07", False),
        ("a\u202eb", False),
        ("a\u200bb", False),
        ("a\U000e0041", False),
        ("\ud800", False),
        (None, False),
        (7, False),
        (["a"], False),
    ],
)
def test_a_name_is_one_that_prints(value: object, *, is_one: bool) -> None:
    """Names of models are taken in any script, and none that holds what does not show."""
    assert name(value) == (value if is_one else None)
