"""The standard streams, so that no name or character can stop a command from speaking.

Apart from the console, because every command needs this much and a `--help` no more.
"""

from __future__ import annotations

import contextlib
import sys


def prepare_streams() -> None:
    """Let every character pass: what the console's encoding has not is shown as an escape."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def shown(text: str) -> str:
    """Return `text` for a console: lone surrogates and control characters as escapes."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in "\n\t" else ascii(char)[1:-1] for char in text
    )
