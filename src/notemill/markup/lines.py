"""Text as one line; pure."""

from __future__ import annotations

import re

from notemill.markup.invisible import visible

_SPACES = re.compile(r"\s+")


def one_line(text: str) -> str:
    """Return `text` as one line without invisible characters, such as half an emoji."""
    return _SPACES.sub(" ", visible(text)).strip()
