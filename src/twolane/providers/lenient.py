"""Lenient JSON: read strictly if possible, and leniently if a strict reader would refuse.

Models, gateways and proxies write things that strict readers refuse: half an emoji as an escape,
NaN and Infinity, numbers that no float holds, a byte order mark, bytes that are not UTF-8, bytes
after the end, brackets nested by the thousand. The result holds none of these, so that every later
reader accepts it.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from typing import Any, Final

import orjson

from twolane.core.wording import printable

MAX_DEPTH: Final = 100
"""Deeper values are read as null: nothing of interest is nested so deep."""

MAX_VALUES: Final = 500_000
"""Values in one JSON text: no reply has so many tokens, and each takes about 100 bytes."""

MAX_UNPACKED_BYTES: Final = 4 * 1024 * 1024
"""Where unannounced gzip is cut off: replies are smaller."""

_GZIP: Final = b"\x1f\x8b"
_BOM: Final = b"\xef\xbb\xbf"
_BLANK: Final = b" \t\r\n\0"
# orjson reads what is nested 1,024 deep and writes no more than 254: fewer brackets need no look.
_MANY_BRACKETS: Final = 250
# An unfinished text reaches to the end: every byte is looked at once.
_TOKENS: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_STRINGS: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_MAX_DIGITS: Final = 18


def unpacked(raw: bytes) -> bytes:
    """Return `raw` without unannounced gzip, a byte order mark and surrounding blanks.

    Data that cannot be decompressed is returned unchanged.
    """
    if raw.startswith(_GZIP):
        try:
            raw = zlib.decompressobj(wbits=31).decompress(raw, MAX_UNPACKED_BYTES)
        except zlib.error:
            return raw
    return raw.strip(_BLANK).removeprefix(_BOM).strip(_BLANK)


def parse(raw: bytes) -> tuple[Any, bytes]:
    """Return the JSON value at the beginning of `raw`, and strict JSON bytes for it.

    Raises ValueError if there is none, or if it has too many values.
    """
    text = unpacked(raw)
    if _holds_too_many(text):
        raise ValueError("it holds too many values")
    try:
        value = orjson.loads(text)
        if text.count(b"[") + text.count(b"{") > _MANY_BRACKETS:
            orjson.dumps(value)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        pass
    else:
        return value, text
    try:
        value, _ = _DECODER.raw_decode(_shallow(text.decode("utf-8", "replace")))
    except RecursionError as error:
        raise ValueError(text[:80]) from error
    value = _mended(value)
    return value, orjson.dumps(value)


def clean(value: object) -> str:
    """Return `value` as a text that can be stored and printed; '' for None."""
    return "" if value is None else printable(str(value))


def _holds_too_many(text: bytes) -> bool:
    """Tell whether a text has more than MAX_VALUES values: commas in its strings are none."""
    if len(text) <= MAX_VALUES or _marks(text) <= MAX_VALUES:
        return False
    return _marks(_STRINGS.sub(b"", text)) > MAX_VALUES


def _marks(text: bytes) -> int:
    """Return how many values can be in a text: each follows a bracket or a comma."""
    return text.count(b",") + text.count(b"[") + text.count(b"{")


def _shallow(text: str) -> str:
    """Return `text` with null in place of what is nested deeper than MAX_DEPTH."""
    parts: list[str] = []
    depth = start = 0
    for token in _TOKENS.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth == MAX_DEPTH + 1:
                parts += (text[start : token.start()], "null")
        elif token[0] in "]}":
            if depth == MAX_DEPTH + 1:
                start = token.end()
            depth -= 1
    if depth <= MAX_DEPTH:
        parts.append(text[start:])
    return "".join(parts)


def _mended(value: Any) -> Any:  # noqa: ANN401
    """Return a value, nested no deeper than MAX_DEPTH, without lone surrogates."""
    match value:
        case str():
            return clean(value)
        case list():
            return [_mended(one) for one in value]
        case dict():
            return {clean(key): _mended(one) for key, one in value.items()}
        case _:
            return value


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _whole(digits: str) -> int | float | None:
    return int(digits) if len(digits) <= _MAX_DIGITS else _finite(digits)


def _no_number(_constant: str) -> None:
    return None


_DECODER: Final = json.JSONDecoder(
    parse_float=_finite, parse_int=_whole, parse_constant=_no_number, strict=False
)
