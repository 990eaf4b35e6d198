"""How long a provider wants to be left alone, however it says so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twolane.core.cooldown import MAX_S, retry_after_s

NOW = 1_800_000_000.0  # Fri, 15 Jan 2027 08:00:00 GMT


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 2.5 "}, 2.5),
        ({"retry-after": "86400"}, 86_400.0),
        ({"retry-after": "Fri, 15 Jan 2027 08:01:30 GMT"}, 90.0),
        ({"retry-after": "Friday, 15-Jan-27 08:01:30 GMT"}, 90.0),
        ({"retry-after": "2027-01-15T08:00:30Z"}, 30.0),
        ({"retry-after": "2027-01-15T09:00:30+01:00"}, 30.0),
        # The answer's own clock goes before ours.
        ({"retry-after": "Fri, 15 Jan 2027 07:00:10 GMT", "date": "Fri, 15 Jan 2027 07:00:00 GMT"}, 10.0),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"x-ratelimit-reset": "12"}, 12.0),
        ({"x-ratelimit-reset": str(int(NOW) + 40)}, 40.0),
        ({"x-ratelimit-reset": str(int(NOW) * 1_000 + 40_000)}, 40.0),
        ({"x-ratelimit-reset": "6m0s"}, 360.0),
        ({"x-ratelimit-reset": "1h2m3.5s"}, 3_723.5),
        ({"x-ratelimit-reset": "120ms"}, 0.12),
        ({"ratelimit-reset": "3"}, 3.0),
        ({"retry-after": "5", "x-ratelimit-reset": "60"}, 5.0),
        # No wait at all.
        ({}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "0"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "-inf"}, None),
        ({"retry-after": "1e300"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Thu, 14 Jan 2027 08:00:00 GMT"}, None),
        ({"retry-after": "Fri, 99 Jan 2027 08:00:00 GMT"}, None),
    ],
)  # fmt: skip
def test_every_form_is_read(headers: dict[str, str], wait_s: float | None) -> None:
    """Seconds, fractions, dates, lengths; what makes no sense is no wait."""
    assert retry_after_s(headers, NOW) == (None if wait_s is None else pytest.approx(wait_s))


@given(
    st.dictionaries(
        st.sampled_from(["retry-after", "retry-after-ms", "x-ratelimit-reset", "date"]), st.text()
    )
)
def test_whatever_stands_there_is_a_wait_or_none(headers: dict[str, str]) -> None:
    """No header breaks a run: the wait is above 0 and finite, or there is none."""
    wait_s = retry_after_s(headers, NOW)
    assert wait_s is None or 0 < wait_s <= MAX_S
