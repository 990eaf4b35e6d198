"""How numbers are said to people."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """Return a number of things in words: `1 note`, `1,200 notes`, `2 batches`."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun}{'es' if noun.endswith('ch') else 's'}"
