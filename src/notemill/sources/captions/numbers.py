"""Numbers that others wrote, as seconds; pure."""

from __future__ import annotations

import math
from typing import Final

from notemill.sources.captions.clock import MOST_S, seconds_of

_MOST_DIGITS: Final = 24


def seconds(value: object, per_second: int = 1) -> float | None:
    """Return a number, or a text with one or with a time, as seconds; None for anything else.

    None too for what is negative, not finite, or longer than any recording.
    """
    if isinstance(value, str):
        value = _number(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Compared before it is divided: a whole number of a thousand digits is no float.
    if not 0 <= value <= MOST_S * per_second or not math.isfinite(value):
        return None
    return value / per_second


def _number(written: str) -> float | None:
    if not written.isascii() or len(written) > _MOST_DIGITS or "_" in written:
        return None
    try:
        return float(written)
    except ValueError:
        return seconds_of(written)
