"""Words that were divided at the end of a line, whole again; hyphens that belong to a word stay."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from notemill.text.words import is_cjk

if TYPE_CHECKING:
    from collections.abc import Iterable

_WORD: Final = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*")
_LAST: Final = re.compile(r"([^\W\d_]+(?:[-\u2010][^\W\d_]+)*)[-\u2010]$")
_FIRST: Final = re.compile(r"[^\W\d_]+")
_MOST_WORD: Final = 100
_SOFT: Final = "\u00ad"
_AND: Final = frozenset(
    (
        "and",
        "or",
        "to",
        "und",
        "oder",
        "bzw",
        "sowie",
        "et",
        "ou",
        "y",
        "e",
        "en",
        "of",
        "och",
        "og",
    )
)
"""`in- and output`: the hyphen stands for a word that follows, and a blank stays behind it."""
_WHOLE_HEADS: Final = frozenset(("well", "self"))
"""Words that are joined to another by a hyphen more often than they begin a longer one."""
_LEAST_TAIL: Final = 5
"""`self-contained` has a hyphen, `self-ish` was divided."""


class Words:
    """The words of a document, which tell how a divided one is written elsewhere."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Count the words of `texts`."""
        self._counts: Counter[str] = Counter()
        for text in texts:
            self._counts.update(word.casefold() for word in _WORD.findall(text))

    def joined(self, above: str, below: str) -> str:
        """Return two lines as one, with a word whole that was divided between them."""
        if not above or not below:
            return above or below
        if above.endswith(_SOFT):
            return above.rstrip(_SOFT) + below
        end = above[-_MOST_WORD:]
        head, tail = _LAST.search(end), _FIRST.match(below)
        if head is None:
            near = is_cjk(above[-1]) and is_cjk(below[0])
            ends_in_dash = re.search(r"\w[-\u2010]$", end[-2:]) and below[:1].isalnum()
            return above + ("" if near or ends_in_dash else " ") + below
        if tail is None:
            return above + ("" if below[:1].isdigit() else " ") + below
        if tail[0].casefold() in _AND:
            return f"{above} {below}"
        return (above if self._has_hyphen(head[1], tail[0]) else above[:-1]) + below

    def _has_hyphen(self, head: str, tail: str) -> bool:
        last = re.split(r"[-\u2010]", head)[-1]
        whole = self._counts[f"{last}{tail}".casefold()]
        apart = (
            self._counts[f"{last}-{tail}".casefold()] + self._counts[f"{head}-{tail}".casefold()]
        )
        if whole or apart:
            return apart > whole
        if head != last or tail[0].isupper():
            return True
        return head.casefold() in _WHOLE_HEADS and len(tail) >= _LEAST_TAIL
