"""Sums of money as they are written: nano-dollars (1e-9) inside, dollars at the edge."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

NANO_PER_USD: Final = 1_000_000_000


def usd(nano: int) -> Decimal:
    """Return nano-dollars as exact dollars."""
    return Decimal(nano).scaleb(-9)


def plain_usd(nano: int) -> str:
    """Return nano-dollars as an exact decimal string of dollars: `0`, `0.0123`, `2`."""
    whole, rest = divmod(abs(nano), NANO_PER_USD)
    text = f"{whole}.{rest:09d}".rstrip("0").rstrip(".") if rest else str(whole)
    return f"-{text}" if nano < 0 else text


def format_usd(nano: int) -> str:
    """Return nano-dollars for a person: `$1.80`, `$0.0123`, `$0.00012`, `$1,234.50`.

    Two decimals from a dollar up, four below it, two significant digits below a cent; never
    fewer than two decimals, and never a zero for something that costs.
    """
    amount = usd(abs(nano))
    if amount >= 1 or not amount:
        places = 2
    elif amount >= Decimal("0.01"):
        places = 4
    else:
        places = 1 - amount.adjusted()
    rounded = amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    whole, _, decimals = f"{rounded:,f}".partition(".")
    return f"{'-' if nano < 0 else ''}${whole}.{decimals.rstrip('0').ljust(2, '0')}"
