"""Texts as YAML scalars that every YAML 1.1 and 1.2 reader reads back as those texts; pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Plain: begins with a letter, or holds a `/`, which no number and no date does.
_PLAIN = re.compile(r"[^\W\d_][^\x00-\x1f\x7f-\x9f\\\"`{}\[\]]*|[\w-]*/[\w/-]*")
_PLAIN_IN_FLOW = re.compile(r"[^\W\d_][\w /.+-]*|\w[\w-]*/[\w/-]*")
# Characters that some reader takes for a line's end, for blank space, or not at all.
_NEVER_PLAIN = re.compile(
    "[\xa0\xad\u061c\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]"
)
# Words that some version of YAML takes for something else than text.
_RESERVED: Final = frozenset(
    ("y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan", "inf", "infinity")
)
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}
# What YAML 1.1 calls printable, without what only escapes keep safe from editors and readers.
# `<%` is for Templater, which runs what it finds behind it in any new file, properties included.
_ESCAPED = re.compile('[\\\\"\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|<(?=%)')
_LAST_IN_ONE_BYTE: Final = "\xff"


def scalar(text: str, *, quote: str = "", in_flow: bool = False) -> str:
    """Return `text` as a scalar on one line, keeping the quote style `quote` if possible.

    Plain if that is safe, otherwise in double quotes. `text` must be encodable as UTF-8.
    """
    if quote == "'" and not _ESCAPED.search(text.replace("\\", "").replace('"', "")):
        return "'" + text.replace("'", "''") + "'"
    if quote != '"' and is_plain(text, in_flow=in_flow):
        return text
    return '"' + _ESCAPED.sub(_escaped, text) + '"'


def is_plain(text: str, *, in_flow: bool = False) -> bool:
    """Tell whether every reader reads an unquoted `text` as exactly this text."""
    pattern = _PLAIN_IN_FLOW if in_flow else _PLAIN
    if not pattern.fullmatch(text) or text.lower() in _RESERVED or _NEVER_PLAIN.search(text):
        return False
    if "<%" in text:
        return False
    if text.endswith((" ", ":")) or ": " in text or " #" in text:
        return False
    return text.isascii() or not any(unicodedata.category(char) == "Cn" for char in text)


def _escaped(match: re.Match[str]) -> str:
    char = match[0]
    if char in _ESCAPES:
        return _ESCAPES[char]
    return f"\\x{ord(char):02X}" if char <= _LAST_IN_ONE_BYTE else f"\\u{ord(char):04X}"
