"""Text that nobody reads: pictures, keys and ciphertext encoded as letters; pure.

It is recognised by its form, anywhere in a text, even in code. Every pass is linear.
"""

from __future__ import annotations

import re
from typing import Final

PICTURE: Final = "picture"
"""Replaces the address of a picture that is embedded in the note as data."""
DATA: Final = "data"
"""Replaces the address of any other embedded file."""
CUT: Final = "…"
"""Replaces a run of meaningless letters."""

# https://www.rfc-editor.org/rfc/rfc2397, as it is written in quotes, in `<…>`, as an SVG in plain
# text, and bare: base64 may be broken into lines by a converter.
_DATA_URI: Final = re.compile(
    r"(?P<angle><)?(?<!\w)(?i:data:(?P<type>[a-z]{1,20})/[\w.+-]{1,80}(?:;[\w.+=-]{1,80})*+),"
    r"(?:(?<=;base64,)[\w+/=%-]*+"
    r"(?:\r?\n[ \t>]*+[\w+/]{40,}+=*+(?=[\s)\"'>\]]))*+(?:\r?\n[ \t>]*+[\w+/]+=*+(?=[)\"'>\]]))?+"
    r"|\s*+<svg(?:(?!</svg>|(?i:data:image/svg))[\s\S])*+</svg>"
    r"|[^\s\"'<>()\[\]]*+)(?(angle)>)"
)
# Messages, keys and certificates of OpenPGP (RFC 9580, 6.2), OpenSSL, SSH and age. What follows has
# to look like one: a text may speak of the line alone.
_ARMOUR: Final = re.compile(
    r"-{4,5} ?BEGIN (?P<what>[A-Z0-9](?:[A-Z0-9 ]{0,60}[A-Z0-9])?) ?-{4,5}"
    r"(?:[ \t]*+\r?\n[> \t]*+[\w-]{1,40}: [^\n]*+)*+"
    r"(?:(?:[\s>]|\\[nr]|[\w+/=])*+-{4,5} ?END (?P=what) ?-{4,5}"
    r"|(?:(?:[ \t]*+\r?\n[> \t]*+)++(?:[\w+/]{20,}+=*+|=[\w+/]{4})(?=\s|\Z))*+)"
)
# Meld Encrypt, hidden or not, with its hint; in code, as its manual says to show it.
_LOCKED: Final = re.compile(
    "`?(?:%%)?\U0001f510(?:[\u03b1-\u03c9][ \t]*+|(?=[ \t]*+(?:\U0001f4a1|[\\w+/=]{16})))[ \t]*+"
    "(?:\U0001f4a1[^\U0001f4a1\n]*+\U0001f4a1)?[ \t]*+[\\w+/=]*+(?:\\s*+\U0001f510)?(?:%%)?`?"
)
_CIPHER: Final = re.compile(
    r"U2FsdGVkX1[\w+/=]{6,}"  # OpenSSL's `Salted__`
    r"|\$ANSIBLE_VAULT;[^\n]*+(?:\r?\n[ \t>]*+[0-9a-f]{16,}+)*+"
    r"|AGE-SECRET-KEY-1[A-Z0-9]{20,}"
    r"|\bgAAAAA[\w-]{40,}={0,2}"  # Fernet
    r"|\beyJ[\w-]{16,}(?:\.[\w-]*+){0,4}"  # JSON Web Tokens
    r"|\bENC\[[A-Z0-9_]{2,40},[^\]\n]*+\]"  # sops
)
_CIPHER_SIGNS: Final = ("U2Fs", "ANSIBLE_VAULT;", "AGE-SECRET-KEY-", "gAAAAA", "eyJ", "ENC[")
# An encrypted object, as plugins write it for a whole note.
_OBJECT: Final = re.compile(r"\{[^{}]*+\}")
_ENVELOPE: Final = re.compile(
    r"\"(?:encodedData|cipher_?text|ct|encrypted\w{0,20})\"\s*+:\s*+\"[\w+/=-]{12}", re.IGNORECASE
)
_LEAST_RUN: Final = 48  # characters: few words and names are so long
_RUN: Final = re.compile(
    rf"(?P<run>[A-Za-z0-9+/_=-]{{{_LEAST_RUN},}})"
    r"(?P<tail>(?:\r?\n[ \t>]*+[A-Za-z0-9+/]{4,76}={0,2}(?=\s|\Z))*+)"
)
_CUT_LINES: Final = re.compile(rf"{CUT}(?:\n[ \t>]*+{CUT}(?=\s|\Z))++")
_TURN: Final = re.compile(r"(?<=[a-z])[A-Z0-9]|(?<=[A-Z])[a-z0-9]|(?<=[0-9])[A-Za-z]")
_PUNCTUATION: Final = str.maketrans("", "", "+/_=-")
# Of two letters beside each other in base64, six in ten are of other kinds; in hexadecimal digits
# nearly five; in words, paths and names in code hardly two.
_TURNS: Final = 0.3
_WORD: Final = 4
_ID: Final = 32
_LONG_RUN: Final = 256
_LETTERS: Final = 0.9


def without_opaque(text: str) -> str:
    """Return a text with data addresses replaced by names, and ciphertext cut out."""
    if "data:" in text or "DATA:" in text or "Data:" in text:
        text = _DATA_URI.sub(_named, text)
    if "{" in text and _ENVELOPE.search(text):
        text = _OBJECT.sub(lambda one: "" if _ENVELOPE.search(one[0]) else one[0], text)
    if "BEGIN " in text:
        text = _ARMOUR.sub(_unarmoured, text)
    if "\U0001f510" in text:
        text = _LOCKED.sub("", text)
    if any(sign in text for sign in _CIPHER_SIGNS):
        text = _CIPHER.sub(CUT, text)
    if max(map(len, text.split()), default=0) >= _LEAST_RUN:
        text = _RUN.sub(_cut, text)
    return _CUT_LINES.sub(CUT, text) if CUT in text else text


def _named(uri: re.Match[str]) -> str:
    return PICTURE if uri["type"].casefold() == "image" else DATA


def _unarmoured(armour: re.Match[str]) -> str:
    """Return '' for what is armoured, and the line itself where nothing follows it."""
    opening = armour[0].partition("\n")[0].rstrip()
    signed = armour["what"] == "PGP SIGNED MESSAGE"
    return "" if signed or len(armour[0].rstrip()) > len(opening) else armour[0]


def _cut(match: re.Match[str]) -> str:
    """Return what stays of a run, and of the lines below it that go on with it."""
    kept = _shortened(match["run"])
    lines = match["tail"].split("\n")
    at = 1
    while kept == CUT and at < len(lines) and _goes_on(lines[at].strip("\r\t >")):
        at += 1
    return "\n".join([kept, *lines[at:]])


def _goes_on(line: str) -> bool:
    return line.endswith("=") or _is_random(line)


def _shortened(run: str) -> str:
    """Return what stays of a long run of letters, digits and what stands in paths and base64."""
    letters = run.translate(_PUNCTUATION)
    if len(run) >= _LONG_RUN and len(letters) >= _LETTERS * len(run):
        return CUT
    parts = run.split("/")
    if any(len(part) >= _WORD and part.isalpha() and part[1:].islower() for part in parts):
        # A path, whose names tell something; base64 has no word between two slashes.
        return "/".join(CUT if len(part) >= _ID and _is_random(part) else part for part in parts)
    return CUT if _is_random(run) else run


def _is_random(text: str) -> bool:
    return sum(1 for _ in _TURN.finditer(text)) >= max(1, _TURNS * len(text))
