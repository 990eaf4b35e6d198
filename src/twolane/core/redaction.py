"""Redaction of keys in responses and output: whole, cut or encoded.

Proxies and services that quote a request repeat its key. Everything from outside is redacted before
it is stored, and everything printed is redacted once more.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

REMOVED: Final = "[key removed]"
"""The replacement for a key; it needs no escape in JSON, headers or Markdown."""

MIN_CHARS: Final = 6
"""Anything shorter is not a secret, and is part of too many words."""

MIN_PART_CHARS: Final = 12
"""This many characters in a row of a key, its public prefix aside, are redacted as a part of it."""

# Written where a server wants a key and checks none: taken out, ordinary words would be lost.
PLACEHOLDERS: Final = frozenset(
    {
        "api-key", "apikey", "dummy-key", "lm-studio", "localhost", "no-key", "no-key-required",
        "none-needed", "not-needed", "not-used", "offline", "ollama", "password", "placeholder",
        "secret", "sk-no-key-required", "unused", "your-api-key",
    }
)  # fmt: skip
# The beginning that all keys of a service have in common.
_PUBLIC: Final = re.compile(r"sk-(?:[a-z]{2,8}\d{0,2}-)*")
# What escapes of JSON and of HTML begin with; those of URLs need a second look.
_ESCAPE_BEGINS: Final = ("\\u00", "&#")
_PERCENT: Final = re.compile(r"%[2-7]")
_BYTES_BEGIN: Final = tuple(begin.encode() for begin in _ESCAPE_BEGINS)
_BYTES_PERCENT: Final = re.compile(_PERCENT.pattern.encode())
_ESCAPE: Final = re.compile(r"\\{1,4}u([0-9a-f]{4})|&#x0{0,4}([0-9a-f]{1,4});", re.IGNORECASE)
_HTML_ESCAPE: Final = re.compile(r"&#0{0,4}([0-9]{1,4});")
_LONGEST_ESCAPE: Final = 12
_PACKED_PART_CHARS: Final = 24


def passwords_in(url: str | None) -> tuple[str, ...]:
    """Return the secrets in an address: its password, and user and password in Basic encoding."""
    try:
        parts = urlsplit(url or "")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
    except ValueError:
        return ()
    if not password:
        return ()
    basic = base64.b64encode(f"{user}:{password}".encode()).decode()
    return (password, parts.password or "", basic)


class Redactor:
    """Removes keys from texts and bytes; false if it knows no key.

    Each key has signs that any text with it contains: one substring search per sign, and if none is
    found nothing else is done. `reach` is the maximum length of a match in bytes.
    """

    def __init__(self, secrets: Iterable[str | None]) -> None:
        """Take `secrets`, ignoring placeholders and values too short to be secret."""
        known = sorted(
            {one for one in secrets if one and len(one) >= MIN_CHARS and not _is_placeholder(one)},
            key=lambda one: (-len(one), one),
        )
        self._places: dict[str, tuple[str, int]] = {}
        for secret in known:
            for form, start, stop in _signs(secret):
                self._places.setdefault(form[start:stop], (form, start))
        signs = sorted(self._places, key=len, reverse=True)
        self._signs = tuple(signs)
        self._byte_signs = tuple(one.encode("utf-8", "surrogateescape") for one in signs)
        self._sign = re.compile("|".join(map(re.escape, signs)))
        self._escaped = re.compile("|".join("".join(map(_any_escape, one)) for one in known))
        self.reach = _LONGEST_ESCAPE * max(
            (len(one.encode("utf-8", "replace")) for one in known), default=0
        )

    def __bool__(self) -> bool:
        """Tell whether there is anything to redact."""
        return bool(self._signs)

    def text(self, text: str) -> str:
        """Return `text` without the keys."""
        return self._until(text, len(text))[0] if self._suspects(text) else text

    def body(self, raw: bytes) -> bytes:
        """Return `raw` without the keys."""
        return self.piece(raw, len(raw))[0]

    def piece(self, raw: bytes, end: int) -> tuple[bytes, bytes]:
        """Return the bytes up to about `end` without the keys, and the rest unchanged."""
        if not self._suspects_bytes(raw):
            return raw[:end], raw[end:]
        text = raw.decode("utf-8", "surrogateescape")
        if end < len(raw):
            end = len(raw[:end].decode("utf-8", "surrogateescape"))
        done, end = self._until(text, end)
        return done.encode("utf-8", "surrogateescape"), text[end:].encode(
            "utf-8", "surrogateescape"
        )

    def _suspects(self, text: str) -> bool:
        for sign in self._signs:
            if sign in text:
                return True
        if not self._signs or not _has_escapes(text):
            return False
        plain = _unescaped(text)
        return any(sign in plain for sign in self._signs)

    def _suspects_bytes(self, raw: bytes) -> bool:
        for sign in self._byte_signs:
            if sign in raw:
                return True
        if any(begin in raw for begin in _BYTES_BEGIN) or _BYTES_PERCENT.search(raw):
            return self._suspects(raw.decode("utf-8", "surrogateescape"))
        return False

    def _until(self, text: str, end: int) -> tuple[str, int]:
        """Return `text` up to `end`, or to before a find that goes beyond it, and where that is."""
        parts: list[str] = []
        at = 0
        for start, stop in sorted((*self._plain(text), *self._encoded(text))):
            if stop > end:
                end = max(at, min(start, end))
                break
            if start >= at:
                parts += (text[at:start], REMOVED)
            at = max(at, stop)
        parts.append(text[at:end])
        return "".join(parts), max(at, end)

    def _plain(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where secrets stand as they are, or encoded as a whole, and parts of them."""
        at = 0
        while found := self._sign.search(text, at):
            form, first = self._places[found[0]]
            start, stop = found.span()
            last = first + stop - start
            while start > at and first and text[start - 1] == form[first - 1]:
                start, first = start - 1, first - 1
            while stop < len(text) and last < len(form) and text[stop] == form[last]:
                stop, last = stop + 1, last + 1
            at = stop
            if len(form) >= MIN_PART_CHARS or not _within_word(text, start, stop):
                yield start, stop

    def _encoded(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where secrets stand whole, some of their characters as escapes."""
        if _has_escapes(text):
            yield from (found.span() for found in self._escaped.finditer(text))


def _is_placeholder(text: str) -> bool:
    return text.lower() in PLACEHOLDERS


def _signs(secret: str) -> Iterator[tuple[str, int, int]]:
    """Yield how a secret may stand in a text, and the part of that, from where to where, to look for.

    Written out, its own beginning or its end betray it; in Base64, how it begins.
    """
    public = _PUBLIC.match(secret)
    begin = public.end() if public and len(secret) - public.end() >= MIN_CHARS else 0
    least = min(MIN_PART_CHARS, len(secret) - begin)
    plain = (secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote(secret))
    for form in dict.fromkeys(plain):
        yield form, begin, begin + least
        yield form, len(form) - least, len(form)
    for shift in range(3):
        # The first and the last characters depend on what stands around the secret, too.
        raw = bytes(shift) + secret.encode("utf-8", "replace")
        packed = base64.b64encode(raw).decode()[-(-shift * 8 // 6) : len(raw) * 8 // 6]
        for form in dict.fromkeys((packed, packed.replace("+", "-").replace("/", "_"))):
            yield form, 0, min(len(form), _PACKED_PART_CHARS)


def _has_escapes(text: str) -> bool:
    return any(begin in text for begin in _ESCAPE_BEGINS) or _PERCENT.search(text) is not None


def _unescaped(text: str) -> str:
    """Return a text with the escapes of JSON, of URLs and of HTML replaced by what they mean."""
    text = _ESCAPE.sub(lambda found: chr(int(found[1] or found[2], 16)), text)
    text = _HTML_ESCAPE.sub(lambda found: chr(int(found[1])), text)
    return unquote(unquote(text, errors="surrogateescape"), errors="surrogateescape")


def _within_word(text: str, start: int, stop: int) -> bool:
    """Tell whether letters or digits stand right beside, so that it is a part of a longer word."""
    return text[max(0, start - 1) : start].isalnum() or text[stop : stop + 1].isalnum()


def _any_escape(char: str) -> str:
    """Return a pattern of a character as it is, or as an escape of JSON, of a URL, or of HTML."""
    code = ord(char)
    percent = "".join(f"%(?:25)?{byte:02x}" for byte in char.encode("utf-8", "replace"))
    plain = re.escape(char) if char.isalnum() else rf"\\{{0,4}}{re.escape(char)}"
    forms = (
        plain,
        rf"\\{{1,4}}u{code:04x}",
        percent,
        f"&#0{{0,4}}{code};",
        f"&#x0{{0,4}}{code:x};",
    )
    return f"(?:{forms[0]}|(?i:{'|'.join(forms[1:])}))"
