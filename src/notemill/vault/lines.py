"""Text as one line; pure."""

from __future__ import annotations

import re

_SPACES = re.compile(r"\s+")
# Half an emoji, which models write as an escape and JSON lets pass, can be stored nowhere.
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def one_line(text: str) -> str:
    """Return `text` as one line without control characters and lone surrogates."""
    return _SPACES.sub(" ", _UNWRITABLE.sub(" ", text)).strip()
