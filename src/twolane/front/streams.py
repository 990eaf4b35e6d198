"""The standard streams, made safe for any name and character.

Separate from the console, because every command needs this much and a `--help` no more. Anything a
`--help` does not need is imported where it is used.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from functools import cache, partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_SHOWN_CHARS, MAX_LINE_CHARS = 500, 2_000
"""Most that a person is shown of a name or a message, and of a line that tells of several."""

MAX_TOLD_LINES = 200
"""Most lines of a traceback: Python itself shortens one that repeats itself."""

_DELETE = 0x7F
"""The last of ASCII, which JSON writes as it is."""

_LINES = r"\n\t"
"""Not odd in a text of several lines."""

# Format characters have their place in honest text, and hide something anywhere else: joiners
# between emoji and after letters of the scripts that are written with them (Unicode's UAX 31), a
# variation selector after what it varies, number signs of Arabic, spaces of other widths.
_EMOJI = r"\xa9\xae\u203c\u2049\u20e3\u2100-\u2bff\u3030\u303d\ufe0f\U0001f000-\U0001faff"
_JOINING = r"\u0620-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u17b3\u17b6-\u17dd\u1820-\u18aa"
_IDEOGRAPHS = r"\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_SPACES = r"\xa0\u2000-\u200a\u202f\u205f\u3000"
_NUMBER_SIGNS = r"\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
_HONEST = (
    rf"(?<=[{_EMOJI}])\u200d(?=[{_EMOJI}])"
    rf"|(?<=[{_JOINING}])[\u200c\u200d]"
    r"|(?<=[^\s\ufe00-\ufe0f])[\ufe00-\ufe0f]"
    rf"|(?<=[{_IDEOGRAPHS}])[\U000e0100-\U000e01ef]"
    rf"|[{_SPACES}{_NUMBER_SIGNS}]"
)
# Joiners and selectors anywhere else, and what counts as printable and is blank: fillers.
_UNSEEN = (
    r"\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    r"\u2800\u3164\uffa0\U00016fe4\U0001d159"
)


@cache  # compiled where a text has such a character: --help need not wait for it
def _odd(also: str = "") -> re.Pattern[str]:
    """Return what finds characters to be looked at, where ASCII's own and `also` need not be."""
    known = f"{_SPACES}{_NUMBER_SIGNS}{_UNSEEN}"
    return re.compile(f"(?P<honest>{_HONEST})|(?P<unseen>[{_UNSEEN}])|[^ -~{known}{also}]+")


def _python_escape(char: str) -> str:
    return ascii(char)[1:-1]


def _json_escape(char: str) -> str:
    import json  # noqa: PLC0415  # not for --help

    return json.dumps(char)[1:-1] if ord(char) > _DELETE else f"\\u{ord(char):04x}"


def _as_it_is(text: str) -> str:
    return text


class _Spoken:
    """Whether a command has printed its one JSON object; what takes keys out of what is printed."""

    def __init__(self) -> None:
        self.json = False
        self.without_keys: Callable[[str], str] = _as_it_is


_SPOKEN = _Spoken()


def prepare_streams() -> None:
    """Accept every character: those missing from the console's encoding are escaped."""
    _SPOKEN.json = False
    _SPOKEN.without_keys = _as_it_is
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def print_without(without_keys: Callable[[str], str]) -> None:
    """Filter everything printed from now on through `without_keys`, which redacts keys."""
    _SPOKEN.without_keys = without_keys


def shown(text: str, most: int = MAX_SHOWN_CHARS) -> str:
    """Return `text` as one line for a console, cut after `most` characters.

    Characters that would control the console, hide text or reverse its order are escaped: control
    and format characters, line ends, lone surrogates, fillers.
    """
    text = _SPOKEN.without_keys(text)
    if len(text) > most:
        text = f"{text[:most]}… ({len(text):,} characters)"
    return text if text.isascii() and text.isprintable() else _odd().sub(_escaped, text)


def shown_lines(text: str) -> str:
    """Return `text` for a console like `shown`, but whole and with its lines and tabs."""
    return _odd(_LINES).sub(_escaped, _SPOKEN.without_keys(text))


def shown_json(line: str) -> str:
    """Return a line of JSON for a console: the same value, with the escapes of `shown`."""
    return _odd().sub(partial(_escaped, escape=_json_escape), _SPOKEN.without_keys(line))


def _escaped(found: re.Match[str], escape: Callable[[str], str] = _python_escape) -> str:
    text = found[0]
    if found.lastgroup == "honest" or (found.lastgroup is None and text.isprintable()):
        return text
    return "".join(
        char if found.lastgroup is None and char.isprintable() else escape(char) for char in text
    )


def tell(line: str) -> None:
    """Print a line on standard error, safe for any text."""
    if sys.stderr is not None:  # closed by whoever started this
        sys.stderr.write(f"{shown(line, MAX_LINE_CHARS)}\n")


def tell_lines(text: str) -> None:
    """Print a text of several lines, such as a traceback, on standard error: its end, if long."""
    for line in text.rstrip().split("\n")[-MAX_TOLD_LINES:]:
        tell(line)


class Told:
    """A stream for other code's writes to standard error, as safe as `tell`."""

    def write(self, text: str) -> int:
        """Tell a text."""
        tell_lines(text)
        return len(text)

    def flush(self) -> None:
        """Do nothing: every line is printed at once."""


def print_json(value: object) -> None:
    """Print one JSON object on standard output, in ASCII: every console and pipe takes it."""
    import json  # noqa: PLC0415  # not for --help

    _SPOKEN.json = True
    if sys.stdout is None:  # closed by whoever started this
        return
    sys.stdout.write(_SPOKEN.without_keys(json.dumps(value)) + "\n")
    sys.stdout.flush()


def kind_of(error: BaseException) -> str:
    """Return an error's name in `--json`: its class in words, such as `unknown_run`."""
    name = type(error).__name__.removesuffix("Error")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def error_object(kind: str, message: str, code: int) -> dict[str, object]:
    """Return the `--json` object for an error that a command ends with."""
    return {"kind": kind, "message": message, "exit": code}


def print_json_error(kind: str, message: str, code: int) -> None:
    """Print an error as the command's one JSON object, unless one was already printed."""
    if not _SPOKEN.json:
        print_json({"error": error_object(kind, message, code)})


def drop_standard_output() -> None:
    """Discard what is still to be printed: its reader has left."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
