"""Unicode normalization in linear time; pure.

Python sorts the combining marks behind a letter by insertion: 100,000 of them take minutes.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing import Literal

_MOST_MARKS: Final = 30
"""Marks behind one letter that are sorted together: the limit of Unicode's stream-safe format
(https://www.unicode.org/reports/tr15/#Stream_Safe_Text_Format); no language writes so many."""
_JOINER: Final = "\u034f"
"""The combining grapheme joiner, which that format inserts into longer runs."""
# No combining mark is a letter or a digit to Python; some of what is found is none either.
_RUN: Final = re.compile(rf"[^\w\x00-\x7f{_JOINER}]{{{_MOST_MARKS}}}(?=[^\w\x00-\x7f])")


def normal(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """Return a text in one of Unicode's normal forms; longer runs of marks are split."""
    if text.isascii():
        return text
    if len(text) > _MOST_MARKS:
        text = _RUN.sub(_parted, text)
    return unicodedata.normalize(form, text)


def _parted(run: re.Match[str]) -> str:
    return run[0] + _JOINER if all(map(unicodedata.combining, run[0])) else run[0]
