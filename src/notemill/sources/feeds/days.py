"""When something was published: the day as its publisher wrote it, wherever that was; pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_tz
from typing import Final

_ISO: Final = re.compile(
    r"\s*(\d{4})-(\d\d)-(\d\d)"
    r"(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?\s*(Z|[+-]\d\d:?\d\d)?)?\s*$",
    re.IGNORECASE,
)
_EARLIEST: Final = 1970
"""Years before it are zeros of a clock, or typing errors: the first feeds are of 1999."""
_MOST_LETTERS: Final = 100


def day_of(written: str) -> str:
    """Return YYYY-MM-DD as it is written, not shifted to another time zone; '' if it is no date."""
    moment = _moment(written)
    return moment[0].date().isoformat() if moment else ""


def time_of(written: str) -> str:
    """Return a time in UTC, one spelling for each moment, or '' if it is none."""
    moment = _moment(written)
    if moment is None:
        return ""
    try:
        return (moment[0] - timedelta(seconds=moment[1])).isoformat()
    except OverflowError:
        return ""


def _moment(written: str) -> tuple[datetime, int] | None:
    """Return a written time, and by how many seconds its zone is ahead of UTC."""
    if len(written) > _MOST_LETTERS:
        return None
    if found := _ISO.match(written):
        numbers = [int(number or 0) for number in found.groups()[:6]]
        return _checked(numbers, _offset(found[7] or "Z"))
    try:
        told = parsedate_tz(written)
    except (ValueError, TypeError, IndexError, AttributeError):  # it is not made for anything
        return None
    return _checked([*told[:6]], told[9] or 0) if told else None


def _checked(numbers: list[int], offset: int) -> tuple[datetime, int] | None:
    try:
        moment = datetime(*numbers[:5], min(numbers[5], 59), tzinfo=UTC)  # type: ignore[misc, arg-type]
    except (ValueError, OverflowError):
        return None
    return (moment, offset) if _EARLIEST < moment.year < date.max.year else None


def _offset(zone: str) -> int:
    if zone in "Zz":
        return 0
    digits = zone[1:].replace(":", "")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if zone[0] == "-" else seconds
