"""How figures are written on pages: as `core.js` writes them."""

from __future__ import annotations

from typing import Final

_MINUTE_S: Final = 60
_HOUR_S: Final = 3_600


def span(seconds: float | None) -> str:
    """Return a duration, whatever its length: `25 h 10 min`, `3 min 5 s`; '' if unknown."""
    if seconds is None:
        return ""
    whole = max(0, int(seconds + 0.5))
    if whole < 1:
        return f"{seconds:.1f} s" if seconds > 0 else "0 s"
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        minutes, rest = divmod(whole, _MINUTE_S)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(int(whole / _MINUTE_S + 0.5), _MINUTE_S)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
