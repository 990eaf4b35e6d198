"""How figures are written on pages: as `core.js` writes them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Final

from twolane import plain_usd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_MINUTE_S: Final = 60
_HOUR_S: Final = 3_600
_DOLLAR_NANO: Final = 1_000_000_000


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


def alike_usd(amounts: Iterable[int]) -> Callable[[int], str]:
    """Return how to write amounts of nano-dollars that stand beside each other: all alike.

    Each has two decimals, or four if all are below a dollar; what is too small for them, and not
    nothing, is `<$0.01` or `<$0.0001`.
    """
    places = 2 if max(map(abs, amounts), default=0) >= _DOLLAR_NANO else 4
    least = Decimal(1).scaleb(-places)

    def written(nano: int) -> str:
        sign = "-" if nano < 0 else ""
        amount = Decimal(plain_usd(abs(nano))).quantize(least, ROUND_HALF_UP)
        if nano and not amount:
            return f"{sign}<${least}"
        return f"{sign}${amount:,f}"

    return written
