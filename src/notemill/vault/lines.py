"""Text as one line; pure."""

from __future__ import annotations

import re

_SPACES = re.compile(r"\s+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def one_line(text: str) -> str:
    """Return `text` as one line without control characters."""
    return _SPACES.sub(" ", _CONTROLS.sub(" ", text)).strip()
