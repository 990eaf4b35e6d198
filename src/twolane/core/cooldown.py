"""How long a provider wants to be left alone, in every form that it is said in."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# Nobody means a year: a number above it is a point in time, and a wait above it a mistake.
MAX_S: Final = 366 * 86_400.0
_MILLISECONDS_ABOVE: Final = 1e11
# `6m0s`, `1h2m3.5s`, `120ms`: how OpenAI and its like write the time to a reset.
_LENGTH: Final = re.compile(
    r"(?=.)(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?", re.ASCII
)
# In this order: what was said in so many words goes before what has to be worked out. A reset is
# when a limit is whole again, and only looked at where nothing else is said.
_HEADERS: Final = ("retry-after", "x-ratelimit-reset", "ratelimit-reset")


def retry_after_s(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that an answer's headers ask to wait; None where they say none.

    Read are `retry-after` (RFC 9110: seconds or a date; fractions as well), `retry-after-ms`, and
    of limits the time to their reset, as seconds, a length or a point in time. A point in time is
    held against the answer's own `date` where it has one, as the clocks of two machines differ;
    otherwise against `now`, in seconds since the epoch. What is not finite, negative or above a
    year is no wait, and neither is 0: who comes back at once is refused again.
    """
    if (in_ms := _number(headers.get("retry-after-ms"))) is not None:
        return _sensible(in_ms / 1_000)
    sent_at = _date(headers.get("date"))
    for name in _HEADERS:
        value = (headers.get(name) or "").strip()
        if value:
            return _sensible(_wait_s(value, now if sent_at is None else sent_at))
    return None


def _wait_s(value: str, now: float) -> float | None:
    number = _number(value)
    if number is not None:
        if number <= MAX_S or not math.isfinite(number):
            return number
        return (number / 1_000 if number > _MILLISECONDS_ABOVE else number) - now
    if match := _LENGTH.fullmatch(value):
        hours, minutes, seconds, milliseconds = (float(part or 0) for part in match.groups())
        return hours * 3_600 + minutes * 60 + seconds + milliseconds / 1_000
    at = _date(value)
    return None if at is None else at - now


def _number(value: str | None) -> float | None:
    try:
        return float(value) if value else None
    except ValueError:
        return None


def _date(value: str | None) -> float | None:
    """Return an HTTP date, or one of RFC 3339, in seconds since the epoch."""
    if not value:
        return None
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = parse(value)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        # A date without a zone is meant in UTC.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return None


def _sensible(wait_s: float | None) -> float | None:
    return wait_s if wait_s is not None and 0 < wait_s <= MAX_S else None
