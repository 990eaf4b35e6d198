"""What others wrote as numbers and dates: checked here, before anything is done with it. Pure.

A provider, a gateway or a file may hold anything in the place of a number. What is none, or lies
outside of what there can be, is None here, and the caller says what that means.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

MAX_WHOLE: Final = 2**63 - 1
"""The largest number that SQLite keeps as an integer."""

MAX_TOKENS: Final = 1_000_000_000
"""No prompt or reply comes near it; so many rows of it as a ledger holds still add up."""

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
"""Dates outside of these are placeholders (year 1, 1970, 9999), not moments of a run."""

_MAX_DIGITS: Final = len(str(MAX_WHOLE))
# `2026-11-28T03:10:32.123456789+00:00` and some room.
_MAX_DATE_CHARS: Final = 64


def whole(value: object, least: int = 0, most: int = MAX_WHOLE) -> int | None:
    """Return a whole number from `least` to `most`, None for anything else.

    It may be written as a float without a fraction, or as digits: some gateways and every header
    do. A bool is no number.
    """
    if isinstance(value, str):
        if not (value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS):
            return None
        value = int(value)
    elif isinstance(value, float):
        if not value.is_integer():
            return None
        value = int(value)
    elif not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if least <= value <= most else None


def moment(value: object) -> float | None:
    """Return a date of RFC 3339 in seconds since the epoch, None for anything else.

    Without a zone it says no moment; outside of EARLIEST and LATEST it stands for none.
    """
    if not isinstance(value, str) or len(value) > _MAX_DATE_CHARS or not value.isprintable():
        return None
    try:
        date = datetime.fromisoformat(value)
        at = date.timestamp() if date.tzinfo else None
    except (ValueError, OverflowError):
        return None
    return at if at is not None and EARLIEST <= at < LATEST else None
