"""The standard streams, so that no name or character can stop a command from speaking.

Apart from the console, because every command needs this much and a `--help` no more.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from dataclasses import dataclass

_WORD_BEGINS = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(slots=True)
class _Spoken:
    """Whether a command has printed its one JSON object."""

    json: bool = False


_SPOKEN = _Spoken()


def prepare_streams() -> None:
    """Let every character pass: what the console's encoding has not is shown as an escape."""
    _SPOKEN.json = False
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


def print_json(value: object) -> None:
    """Print one JSON object on standard output, in ASCII: every console and pipe takes it."""
    _SPOKEN.json = True
    if sys.stdout is None:  # closed by whoever started this
        return
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def error_object(error: BaseException, message: str, code: int) -> dict[str, object]:
    """Return how `--json` tells an error: its kind is its class, as in `unknown_run`."""
    name = type(error).__name__.removesuffix("Error")
    return {"kind": _WORD_BEGINS.sub("_", name).lower(), "message": message, "exit": code}


def print_json_error(error: BaseException, message: str, code: int) -> None:
    """Print an error as the command's one JSON object, where it has printed none yet."""
    if not _SPOKEN.json:
        print_json({"error": error_object(error, message, code)})


def drop_standard_output() -> None:
    """Let what is still to be printed go nowhere: whoever read it has left."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
