"""Dates as people write them, converted to ISO 8601 if unambiguous; pure."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Final

_TIME: Final = (
    r"(?:[T \t,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?P<fraction>\.\d+)?)?"
    r"(?:[ \t]*(?P<half>[AaPp])\.?[Mm]\.?)?(?:[ \t]*(?P<zone>Z|[+-]\d{2}:?\d{2}))?)?"
)
_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_NAMED: Final = {name[:length]: n for n, name in enumerate(_MONTHS, 1) for length in (3, len(name))}
_NAMED["sept"] = 9
_MONTH: Final = r"(?P<name>[A-Za-z]{3,9})\.?"
_WEEKDAY: Final = (
    r"(?:(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs?)?|Fri|Sat(?:ur)?|Sun)(?:day)?\.?,?[ \t]+)?"
)
_ORDINAL: Final = r"(?:st|nd|rd|th)?"
_YEAR_FIRST: Final = re.compile(
    r"(?P<year>\d{4})(?P<gap>[-/.])(?P<month>\d{1,2})(?P=gap)(?P<day>\d{1,2})" + _TIME
)
_YEAR_LAST: Final = re.compile(
    r"(?P<first>\d{1,2})(?P<gap>[-/.])(?P<second_part>\d{1,2})(?P=gap)(?P<year>\d{4})" + _TIME
)
_SHORT_YEAR: Final = re.compile(r"\d{1,2}([-/.])\d{1,2}\1\d{2}" + _TIME)
_DAY_NAMED: Final = re.compile(
    _WEEKDAY + r"(?P<day>\d{1,2})" + _ORDINAL + r"\.?[ \t-]+" + _MONTH + r",?[ \t-]+(?P<year>\d{4})"
    + _TIME
)  # fmt: skip
_NAMED_DAY: Final = re.compile(
    _WEEKDAY + _MONTH + r"[ \t]+(?P<day>\d{1,2})" + _ORDINAL + r",?[ \t]+(?P<year>\d{4})" + _TIME
)
_CJK: Final = re.compile(r"(?P<year>\d{4})年(?P<month>\d{1,2})月(?P<day>\d{1,2})日" + _TIME)
_LAST_MONTH: Final = 12
_HALF_DAY: Final = 12
MAX_CHARS: Final = 60


class AmbiguousDateError(ValueError):
    """The text can mean more than one day."""


def iso_date(text: str) -> str | None:
    """Return a date, or a date and time, as ISO 8601; None if `text` is not a date.

    A time is given seconds (`2021-03-04T10:30:00`), as Obsidian writes it; fractions of a second
    and a time zone are kept. Raises AmbiguousDateError with the reason if day and month could be
    swapped or the century is unknown.
    """
    text = text.strip()
    if len(text) > MAX_CHARS:
        return None
    for pattern in (_YEAR_FIRST, _CJK, _DAY_NAMED, _NAMED_DAY):
        match = pattern.fullmatch(text)
        if match is not None:
            found = match.groupdict()
            month = found.get("month") or _NAMED.get(found.get("name", "").lower(), 0)
            return _joined(match, int(match["year"]), int(month), int(match["day"]))
    match = _YEAR_LAST.fullmatch(text)
    if match is not None:
        return _year_last(match)
    if _SHORT_YEAR.fullmatch(text):
        raise AmbiguousDateError(f"{text} has a two-digit year")
    return None


def _year_last(match: re.Match[str]) -> str | None:
    """Return a date of two numbers and a year: a number above 12 is no month."""
    first, second, year = int(match["first"]), int(match["second_part"]), int(match["year"])
    if first != second and max(first, second) <= _LAST_MONTH:
        raise AmbiguousDateError(
            f"{match[0]} may be the {first}. of month {second} or the {second}. of month {first}"
        )
    if second > _LAST_MONTH:
        first, second = second, first
    return _joined(match, year, second, first)


def _joined(match: re.Match[str], year: int, month: int, day: int) -> str | None:
    """Return the ISO form of a day and the match's time; None if there is no such day."""
    try:
        on = date(year, month, day)
        if match["hour"] is None:
            return on.isoformat()
        hour = int(match["hour"])
        if match["half"]:
            if not 1 <= hour <= _HALF_DAY:
                return None
            hour = hour % _HALF_DAY + (_HALF_DAY if match["half"].lower() == "p" else 0)
        at = datetime(year, month, day, hour, int(match["minute"]), int(match["second"] or 0))  # noqa: DTZ001
    except ValueError:
        return None
    zone = match["zone"] or ""
    if zone not in ("", "Z") and ":" not in zone:
        zone = f"{zone[:3]}:{zone[3:]}"
    return at.isoformat(timespec="seconds") + (match["fraction"] or "") + zone
