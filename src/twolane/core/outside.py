"""Numbers, dates, ids and names from outside, checked before use. Pure.

A provider, a gateway or a file may hold anything in place of a number. An invalid or impossible
value becomes None, and the caller decides what that means.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final

MAX_WHOLE: Final = 2**63 - 1
"""The largest number that SQLite stores as an integer."""

MAX_TOKENS: Final = 10_000_000
"""Ten times the largest context window there is: a higher count is wrong."""

MAX_A_MINUTE: Final = 1_000_000_000_000
"""No account is allowed so many requests or tokens a minute."""

MAX_SEARCHES: Final = 1_000
"""Far more than one reply takes; a search costs a cent."""

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
"""Dates outside of these are placeholders (year 1, 1970, 9999), not moments of a run."""

MAX_ID_CHARS: Final = 512
"""An id of the API has some 30 characters ("format and length may change", says its reference);
gateways that encode a batch's location in one need a few hundred."""

MAX_NAME_CHARS: Final = 256
"""A model's name may be a path on its server's disk, but is never longer."""

# `msgbatch_013Zva2CMHLNnXjNJJKqJ2EF`, `msg_…`, `req_…`, and base64 of gateways: one segment of a
# path or a file's name as it stands, nothing of which needs an escape anywhere.
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:=~-]*", re.ASCII)
_AMOUNT: Final = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
_MAX_AMOUNT_CHARS: Final = 64
_MAX_DIGITS: Final = len(str(MAX_WHOLE))
# `2026-11-28T03:10:32.123456789+00:00` and some room.
_MAX_DATE_CHARS: Final = 64


def whole(value: object, least: int = 0, most: int = MAX_WHOLE) -> int | None:
    """Return a whole number from `least` to `most`, None for anything else.

    It may be written as a float without a fraction, or as digits, as some gateways and all headers
    do. A bool is not a number.
    """
    if type(value) is int:  # nearly always, and asked seven times for an answer
        return value if least <= value <= most else None
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


def amount(value: object, least: float, most: float) -> Decimal | None:
    """Return a number from `least` to `most` exactly as it was written, None for anything else.

    A text may have digits, a point and a short exponent, but no sign, blank, underscore or digit of
    another script, and no `nan` or `inf`. A bool is not a number.
    """
    if isinstance(value, str):
        if len(value) > _MAX_AMOUNT_CHARS or not _AMOUNT.fullmatch(value):
            return None
    elif isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
    return number if number.is_finite() and least <= number <= most else None


def moment(value: object) -> float | None:
    """Return a date of RFC 3339 in seconds since the epoch, None for anything else.

    None also without a time zone, and for a placeholder outside EARLIEST to LATEST.
    """
    if not isinstance(value, str) or len(value) > _MAX_DATE_CHARS or not value.isprintable():
        return None
    try:
        date = datetime.fromisoformat(value)
        at = date.timestamp() if date.tzinfo else None
    except (ValueError, OverflowError):
        return None
    return at if at is not None and EARLIEST <= at < LATEST else None


def clamped(at: float | None, earliest: float, latest: float) -> float:
    """Return a reported moment clamped to the range from `earliest` to `latest`.

    An absent one is `earliest`, which also takes precedence if a clock was set back.
    """
    return earliest if at is None else max(min(at, latest), earliest)


def identifier(value: object) -> str | None:
    """Return an id from a service, None if it is not a valid one.

    It goes into URLs, messages and the ledger. No documented id holds anything that could affect
    these: a slash, a dot segment, an escape, a blank or a control character.
    """
    if not isinstance(value, str) or len(value) > MAX_ID_CHARS or ".." in value:
        return None
    return value if _ID.fullmatch(value) else None


def name(value: object) -> str | None:
    """Return a name for people (a model's, a server's), None if it is not printable."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_NAME_CHARS:
        return None
    return value if _prints(value) else None


@lru_cache(maxsize=64)  # every request and every answer names its model
def _prints(text: str) -> bool:
    return text.isprintable() and text == text.strip()
