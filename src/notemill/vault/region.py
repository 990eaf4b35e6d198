"""The region of a note's text that notemill owns: a list of related notes between two comments; pure.

Offsets count characters of the body.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.vault.masks import Kind, regions

if TYPE_CHECKING:
    from collections.abc import Iterator

START: Final = "<!-- notemill: related -->"
END: Final = "<!-- notemill: end of related -->"
# Alone on its line, whatever ends lines here.
_START_LINE = re.compile(rf"(?:\A|(?<=[\r\n])){re.escape(START)}(?=[\r\n]|\Z)")
_END_LINE = re.compile(rf"(?:\A|(?<=[\r\n])){re.escape(END)}(?=[\r\n]|\Z)")
_NEWLINE = re.compile(r"\r\n|\n|\r")
# Where a comment is an example and no comment; HTML blocks take comments in and are none of them.
_HIDING: Final = frozenset((Kind.FENCE, Kind.CODE, Kind.COMMENT, Kind.MATH, Kind.TEMPLATE))


@dataclass(frozen=True, slots=True)
class OwnedRegion:
    """Where the region lies.

    `start` and `end` bound all that notemill wrote: one line break before the opening comment and
    one after the closing one belong to it, where they are there. Between `inner_start` and
    `inner_end` are the lines between the comments.
    """

    start: int
    end: int
    inner_start: int
    inner_end: int


def find_region(body: str) -> OwnedRegion | None:
    """Return the region; None where there is none, more than one, or one that is not closed."""
    if START not in body or END not in body:
        return None
    starts, ends = _marks(body)
    if not len(starts) == len(ends) == 1 or starts[0].end() > ends[0].start():
        return None
    opening = _NEWLINE.match(body, starts[0].end())
    closing = _NEWLINE.match(body, ends[0].end())
    return OwnedRegion(
        start=_before_newline(body, starts[0].start()),
        end=closing.end() if closing else ends[0].end(),
        inner_start=opening.end() if opening else starts[0].end(),
        inner_end=ends[0].start(),
    )


def is_damaged(body: str) -> bool:
    """Tell whether the comments are there without making a region; in code they are an example."""
    if START not in body and END not in body:
        return False
    return find_region(body) is None and any(_marks(body))


def _marks(body: str) -> tuple[list[re.Match[str]], list[re.Match[str]]]:
    """Return the opening and the closing comments, without those in code and the like."""
    hidden = [one for one in regions(body) if one.kind in _HIDING]
    begins = [one.start for one in hidden]

    def is_shown(match: re.Match[str]) -> bool:
        # The regions lie apart and in order: only the last one before can hold it.
        place = bisect_left(begins, match.start()) - 1
        return place < 0 or match.start() >= hidden[place].end

    starts, ends = (
        [match for match in pattern.finditer(body) if is_shown(match)]
        for pattern in (_START_LINE, _END_LINE)
    )
    return starts, ends


def _before_newline(body: str, at: int) -> int:
    """Return where the line break right before `at` begins; `at` where there is none."""
    if body[:at].endswith("\r\n"):
        return at - 2
    return at - 1 if body[max(0, at - 1) : at] in ("\n", "\r") else at


def owners_parts(body: str) -> Iterator[str]:
    """Yield the text around the region, so that joined it is the text as its owner wrote it."""
    region = find_region(body)
    if region is None:
        yield body
        return
    before, after = body[: region.start], body[region.end :]
    yield before
    if before and after and not before.endswith(("\n", "\r")):
        # The line break that keeps the two apart is theirs then.
        yield body[region.start : _NEWLINE.match(body, region.start).end()]  # type: ignore[union-attr]
    yield after


def owners_text(body: str) -> str:
    """Return a note's text without the region."""
    return "".join(owners_parts(body)) if START in body else body
