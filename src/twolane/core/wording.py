"""How numbers are said to people."""

from __future__ import annotations

import re
from typing import Final

_SURROGATES: Final = re.compile("[\ud800-\udfff]")


def counted(count: int, noun: str) -> str:
    """Return a number of things in words: `1 note`, `1,200 notes`, `2 batches`."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun}{'es' if noun.endswith('ch') else 's'}"


def printable(text: str) -> str:
    """Return a text that any file and terminal takes: half an emoji becomes U+FFFD."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)
