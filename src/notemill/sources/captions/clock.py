"""Times as transcripts write them, in seconds; pure."""

from __future__ import annotations

import re
from typing import Final

MOST_S: Final = 10_000 * 3600
"""No recording is longer; a number beyond it is no time."""

# Hours may be absent, of one digit or of many; a stop or a comma begins a fraction of any length.
_TIME: Final = (
    r"(?:[0-9]{1,4}[ ]?:[ ]?)?[0-9]{1,4}[ ]?:[ ]?[0-9]{1,2}(?![0-9])(?:[ ]?[.,:][ ]?[0-9]{1,9})?"
)
_ARROW: Final = "(?:[-\u2013\u2014]{1,3}>|\u2192)"
RANGE: Final = re.compile(
    rf"\s*(?P<below>-)?(?P<start>{_TIME})[ \t]*{_ARROW}[ \t]*-?(?P<end>{_TIME})?"
)
"""The line above what is said from one time to another; what stands behind it is not matched."""

_PARTS: Final = re.compile(
    r"(?:([0-9]{1,4})[ ]?:[ ]?)?([0-9]{1,4})[ ]?:[ ]?([0-9]{1,2})(?![0-9])(?:[ ]?[.,:][ ]?([0-9]{1,9}))?"
)


def seconds_of(written: str) -> float | None:
    """Return what `1:02:03.5`, `02:03,500` or `100:00:00` is in seconds, None if it is no time."""
    found = _PARTS.fullmatch(written.strip())
    if found is None:
        return None
    hours, minutes, seconds, fraction = found.groups()
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return whole + (float(f"0.{fraction}") if fraction else 0.0)


def shown(seconds: float) -> str:
    """Return seconds as people write them: `2:03`, `1:02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
