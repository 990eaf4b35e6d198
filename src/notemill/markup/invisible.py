"""Invisible characters, which can carry text that only a model reads; pure.

These are bidirectional controls, zero-width characters, tags (U+E0000: ASCII that no font draws),
variation selectors, fillers and private use. They are kept where a script or an emoji needs them:
joiners between Persian and Indic letters and within emoji, zero-width spaces between Thai and Khmer
words, the selectors of emoji and of Han characters, and the flags of England, Scotland and Wales.
See https://www.unicode.org/reports/tr36/ (security) and https://www.unicode.org/reports/tr51/
(emoji).
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

# Where they are taken out a blank has to stay: controls, ends of lines, and a blank of Braille.
_BLANK: Final = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u2800"
_HIDING: Final = (
    f"[{_BLANK}"
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U0010ffff]"
)
_IS_BLANK: Final = re.compile(f"[{_BLANK}]")
_CONTROLS: Final = dict.fromkeys((*range(9), *range(11, 32), 127), " ")

_PICTURE: Final = (
    "\xa9\xae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2900-\u297f"
    "\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
# Scripts with joiners in their words: Arabic and its kin, those of India, Khmer, Myanmar, Mongolian.
_JOINING: Final = (
    "\u0620-\u065f\u066e-\u06d3\u06d5-\u06dc\u06fa-\u07fa\u0840-\u085f\u0860-\u08ff"
    "\u0900-\u0dff\u0f00-\u0fff\u1000-\u109f\u1780-\u17b3\u17b6-\u17d3\u1820-\u18aa\ufb50-\ufdcf"
    "\ufdf0-\ufdff\ufe70-\ufefc"
)
_VIRAMA: Final = "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca"
# Written without blanks: a zero-width one says where a word, and so a line, may end.
_UNSPACED: Final = "\u0e01-\u0edf\u1000-\u109f\u1780-\u17d3"
_HAN: Final = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffef"
# Where Unicode's next versions put what shows: emoji, and Han characters.
_TO_COME: Final = re.compile("[\U0001f000-\U0001fbff\U00020000-\U0002ffef\U00030000-\U0003ffef]")
_WRITTEN: Final = (
    rf"(?<=[{_PICTURE}])[\ufe0e\ufe0f]"
    r"|(?<=[#*0-9])\ufe0f(?=\u20e3)"
    rf"|(?:(?<=[{_PICTURE}])|(?<=[{_PICTURE}]\ufe0f))\u200d(?=[{_PICTURE}])"
    rf"|(?<=[{_JOINING}])[\u200c\u200d](?=[\u200c\u200d]*+[{_JOINING}])"
    rf"|(?<=[{_VIRAMA}])\u200d"
    rf"|(?<=[{_UNSPACED}])\u200b(?=[{_UNSPACED}])"
    rf"|(?<=[{_HAN}])[\ufe00-\ufe02\U000e0100-\U000e01ef]"
    r"|(?<=[\u1820-\u18aa])[\u180b-\u180f]"
    r"|(?<=\U0001f3f4)\U000e0067\U000e0062"
    r"(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074|\U000e0077\U000e006c\U000e0073)"
    r"\U000e007f"
)


@cache
def _hidden() -> re.Pattern[str]:
    """Return the pattern of what may have to go; made when first needed, as that takes 10 ms.

    Not `+`: behind a class as its first part a pattern skips what cannot match 50 times as fast.
    """
    return re.compile(f"{_HIDING}{_HIDING}*+")


@cache
def _written() -> re.Pattern[str]:
    """Return the pattern of what of that a script or an emoji is written with."""
    return re.compile(_WRITTEN)


def visible(text: str) -> str:
    """Return `text` without invisible characters; tabs and line feeds stay. Linear."""
    if text.isascii():
        return text if text.isprintable() else text.translate(_CONTROLS)
    return _hidden().sub(_shown, text)


def _shown(hidden: re.Match[str]) -> str:
    """Return what stays of a run of such characters: those that a script or an emoji needs."""
    text, at, end = hidden.string, hidden.start(), hidden.end()
    written_with = _written().match
    kept: list[str] = []
    while at < end:
        if written := written_with(text, at):
            kept.append(written[0])
            at = written.end()
        else:
            if _IS_BLANK.match(text, at):
                kept.append(" ")
            at += 1
    return "".join(kept)


def is_visible(text: str) -> bool:
    """Tell whether all of `text` is visible, as far as this version of Unicode knows."""
    return visible(text) == text and (text.isascii() or not any(map(_is_unknown, text)))


def _is_unknown(char: str) -> bool:
    return unicodedata.category(char) == "Cn" and not _TO_COME.match(char)


def without_unknown(text: str) -> str:
    """Return `text` without characters that are unassigned in Unicode."""
    return text if text.isascii() else "".join(char for char in text if not _is_unknown(char))
