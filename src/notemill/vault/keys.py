"""A note's key: its name everywhere except on disk; pure."""

from __future__ import annotations

import os

from notemill.text.normal import normal


def key_of(path: str) -> str:
    """Return the key for a path, in NFC; bytes that are not UTF-8 are escaped."""
    if path.isascii():
        return path
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return normal("NFC", text)
