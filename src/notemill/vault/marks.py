"""The comments that mark notemill's own parts of a note; pure.

Anybody can write them into a note. The text between them takes effect only if the vault's store
says so: a mark by itself decides nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from notemill.markup.masks import RegionKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notemill.markup.reading import Reading

TAGS_BEGIN: Final = "<!-- notemill: tags -->"
"""The line after which a note holds the vault's vocabulary."""
TAGS_END: Final = "<!-- notemill: end of tags -->"
RELATED_BEGIN: Final = "<!-- notemill: related -->"
RELATED_END: Final = "<!-- notemill: end of related -->"
# Where a comment is an example and no comment; HTML blocks take comments in and are none of them.
_HIDING: Final = frozenset(
    (RegionKind.FENCE, RegionKind.CODE, RegionKind.COMMENT, RegionKind.MATH, RegionKind.TEMPLATE)
)


def alone(mark: str, *, set_in: bool = False) -> re.Pattern[str]:
    """Return a pattern for a mark alone on its line; `set_in` allows spaces around it.

    Any line ending counts. The mark itself is the first group.
    """
    spaces = r"[ \t]*+" if set_in else ""
    return re.compile(rf"(?:\A|(?<=[\r\n])){spaces}({re.escape(mark)}){spaces}(?=[\r\n]|\Z)")


def shown(body: Reading, patterns: Iterable[re.Pattern[str]]) -> list[list[re.Match[str]]]:
    """Return the matches of each of `patterns`, ignoring code, comments and the like."""
    hidden = [one for one in body.regions if one.kind in _HIDING]
    begins = [one.start for one in hidden]

    def is_shown(match: re.Match[str]) -> bool:
        # The regions lie apart and in order: only the last one before can hold it.
        place = bisect_left(begins, match.start(1)) - 1
        return place < 0 or match.start(1) >= hidden[place].end

    return [[one for one in pattern.finditer(body.text) if is_shown(one)] for pattern in patterns]


_TAGS: Final = (alone(TAGS_BEGIN, set_in=True), alone(TAGS_END, set_in=True))


def tag_list(body: Reading) -> tuple[list[int], list[int]]:
    """Return the positions of a vocabulary's marks in a text: the opening and the closing ones."""
    if TAGS_BEGIN not in body.text:
        return [], []
    starts, ends = shown(body, _TAGS)
    return [one.start(1) for one in starts], [one.start(1) for one in ends]


def holds_vocabulary(body: Reading) -> bool:
    """Tell whether a text holds a vocabulary, not merely an example of one."""
    return bool(tag_list(body)[0])
