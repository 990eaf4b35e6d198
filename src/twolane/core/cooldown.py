"""How long to wait for a provider: as long as it asks, but no less than our own pause.

A server's request can only make a wait longer. It must never set the pace alone: a `retry-after` of
0 or of a millisecond would cause thousands of requests a second.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# Nobody means a year: a number above it is a point in time, and a wait above it a mistake.
MAX_S: Final = 366 * 86_400.0
_MILLISECONDS_ABOVE: Final = 1e11
# The longest date of HTTP has 33 characters; what is much longer is none of these.
_MAX_CHARS: Final = 64
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
# `6m0s`, `1h2m3.5s`, `120ms`: how OpenAI and its like write the time to a reset.
_LENGTH: Final = re.compile(
    r"(?=.)(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?", re.ASCII
)
# In this order: what was said in so many words goes before what has to be worked out. A reset is
# when a limit is whole again, and only looked at where nothing else is said.
_HEADERS: Final = ("retry-after", "x-ratelimit-reset", "ratelimit-reset")
# Upward only: all calls that were told the same cooldown should not come back at once.
_JITTER: Final = 0.1
_MAX_JITTER_S: Final = 1.0


def wait_s(own_s: float, asked_s: float | None, *, jitter: float) -> float:
    """Return how long to wait: as long as the provider asks, but never less than `own_s`.

    `jitter`, the caller's random number in [0, 1), adds up to a tenth of the requested time, at
    most a second. Nonsensical waits are ignored.
    """
    asked_s = sensible_s(asked_s)
    if asked_s is None:
        return own_s
    return max(own_s, asked_s + min(asked_s * _JITTER, _MAX_JITTER_S) * jitter)


def sensible_s(asked_s: float | None) -> float | None:
    """Return a wait above 0 and at most a year, None for anything else."""
    if not isinstance(asked_s, float | int) or isinstance(asked_s, bool):
        return None
    return asked_s if 0 < asked_s <= MAX_S else None


def retry_after_s(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that an answer's headers ask to wait, None if they do not say.

    Reads `retry-after` (RFC 9110: seconds or a date; also fractions), `retry-after-ms`, and the
    reset times of limits, given as seconds, a duration or a point in time. A point in time is
    compared with the answer's own `date` if it has one, as the clocks of two machines differ,
    otherwise with `now`, in seconds since the epoch. A wait of over a year, of 0 or in the past is
    ignored, and so is a header in any other form.
    """
    sent_at = _date(headers.get("date") or "")
    for name in ("retry-after-ms", *_HEADERS):
        value = (headers.get(name) or "").strip()
        if not value or len(value) > _MAX_CHARS:
            continue
        if name == "retry-after-ms":
            said_s = float(value) / 1_000 if _NUMBER.fullmatch(value) else None
        else:
            said_s = _said_s(value, now if sent_at is None else sent_at)
        if said_s is not None and said_s <= MAX_S:
            return sensible_s(said_s)
    return None


def _said_s(value: str, now: float) -> float | None:
    if _NUMBER.fullmatch(value):
        number = float(value)
        if number <= MAX_S:
            return number
        return (number / 1_000 if number > _MILLISECONDS_ABOVE else number) - now
    if match := _LENGTH.fullmatch(value):
        hours, minutes, seconds, milliseconds = (float(part or 0) for part in match.groups())
        return hours * 3_600 + minutes * 60 + seconds + milliseconds / 1_000
    at = _date(value)
    return None if at is None else at - now


def _date(value: str) -> float | None:
    """Return an HTTP date, or one of RFC 3339, in seconds since the epoch."""
    if not value or len(value) > _MAX_CHARS:
        return None

    from email.utils import parsedate_to_datetime  # noqa: PLC0415  # ten modules, for a rare header

    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = parse(value)
            # A date without a zone is meant in UTC.
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None
