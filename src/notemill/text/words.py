"""Words of any script: finding them, folding them, comparing them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from notemill.text.normal import normal

if TYPE_CHECKING:
    from collections.abc import Iterator

# Scripts written without spaces: Han, kana, then Thai, Lao, Myanmar and Khmer.
HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f"
KANA = "\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"
SOUTHEAST = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
# `\w` leaves out the combining marks that Indic, Arabic and Hebrew words are written with.
MARKS = (
    "\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    "\u0900-\u0963\u0971-\u0dff\u200c\u200d"
)
UNSPACED = re.compile(f"[{HAN}{KANA}{SOUTHEAST}]")
CJK = re.compile(f"[{HAN}{KANA}]")
_LETTERS = rf"[^\W_{HAN}{KANA}{SOUTHEAST}]"
_SPACED = f"{_LETTERS}++(?:[{MARKS}]++{_LETTERS}*+)*+"
_SPACED_WORD = rf"{_SPACED}(?:['\u2019.+&-]{_SPACED})*+(?:\+\+|\#(?!\w))?+"
WORD = re.compile(rf"(?P<cjk>[{HAN}{KANA}]++)|(?P<southeast>[{SOUTHEAST}]++)|{_SPACED_WORD}")
_ANY_WORD = re.compile(rf"[{HAN}{KANA}]++|[{SOUTHEAST}]++|{_SPACED_WORD}")
_LATIN_MARKS = re.compile("[\u0300-\u036f]")
MIN_STEM = 4
MIN_SIBILANT_STEM = 5
MIN_CUT = 6
CUT = 2
CJK_WIDTH = 1.7
CJK_SHARE = 0.22
CACHED_WORDS = 20_000


@lru_cache(maxsize=CACHED_WORDS)
def fold(word: str) -> str:
    """Return `word` casefolded, without accents, its apostrophes straightened."""
    return folded(word)


def folded(text: str) -> str:
    """Return what `fold` returns of a word, of a text too long to be kept."""
    if text.isascii():
        return text.lower()
    plain = normal("NFKD", text.casefold().replace("\u2019", "'"))
    return normal("NFC", _LATIN_MARKS.sub("", plain))


@lru_cache(maxsize=CACHED_WORDS)
def stem(word: str) -> str:
    """Return a folded key under which singular and plural of a word usually meet.

    Latin words lose a plural ending by Harman's S-stemmer ("How effective is suffixing?",
    JASIS 1991); longer words of other spaced scripts lose their last two letters, where most
    of them carry case and number.
    """
    plain = fold(word).removesuffix("'s")
    if not plain.isascii():
        return plain[:-CUT] if len(plain) > MIN_CUT and not UNSPACED.match(plain) else plain
    if len(plain) < MIN_STEM:
        return plain
    if plain.endswith("ies") and len(plain) > MIN_STEM:
        return plain[:-3] + "y"
    if plain.endswith(("sses", "shes", "ches", "xes")) and len(plain) > MIN_SIBILANT_STEM:
        return plain[:-2]
    if plain.endswith("s") and not plain.endswith(("ss", "us", "is")):
        return plain[:-1]
    return plain


def words(text: str) -> list[str]:
    """Return the words of `text` in order; a run of an unspaced script counts as one."""
    return _ANY_WORD.findall(text)


def terms(text: str) -> Iterator[str]:
    """Yield keys for comparing texts: stems, and character pairs where no spaces part words."""
    for match in WORD.finditer(text):
        word = match[0]
        if match["cjk"] or match["southeast"]:
            if len(word) == 1:
                yield word
            for index in range(len(word) - 1):
                yield word[index : index + 2]
        else:
            yield stem(word)


def is_cjk(text: str) -> bool:
    """Say whether `text` is mostly Chinese or Japanese."""
    if text.isascii() or not CJK.search(text):
        return False
    cjk = len(CJK.findall(text))
    return cjk >= CJK_SHARE * sum(map(str.isalpha, text))


def width(text: str) -> int:
    """Return the length of `text` in Latin letters: one Han character says about 1.7."""
    if text.isascii():
        return len(text)
    return int(len(text) + (CJK_WIDTH - 1) * len(CJK.findall(text)))
