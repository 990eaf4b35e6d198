"""What a note is called everywhere but on the disk: its key; pure."""

from __future__ import annotations

import os

from notemill.text.normal import normal


def key_of(path: str) -> str:
    """Return the key for a path: NFC; bytes that are no UTF-8 show as their escapes."""
    if path.isascii():
        return path
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return normal("NFC", text)
