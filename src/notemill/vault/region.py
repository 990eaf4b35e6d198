"""The region of a note that notemill owns: a list of related notes between two comments; pure.

Offsets count characters of the body.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.vault.marks import RELATED_BEGIN, RELATED_END, alone, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notemill.markup.reading import Reading

START: Final = RELATED_BEGIN
END: Final = RELATED_END
_LINES: Final = (alone(START), alone(END))
_NEWLINE = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class OwnedRegion:
    """The region's position.

    `start` and `end` bound all that notemill wrote, including one line break, if present, before
    the opening comment and one after the closing comment. `inner_start` and `inner_end` bound the
    lines between the comments.
    """

    start: int
    end: int
    inner_start: int
    inner_end: int


def find_region(body: Reading) -> OwnedRegion | None:
    """Return the region; None if there is none, more than one, or one that is not closed."""
    return _looked_for(body)[0] if START in body.text and END in body.text else None


def is_damaged(body: Reading) -> bool:
    """Tell whether the comments are there without forming a region; those in code do not count."""
    if START not in body.text and END not in body.text:
        return False
    region, is_marked = _looked_for(body)
    return region is None and is_marked


def _looked_for(body: Reading) -> tuple[OwnedRegion | None, bool]:
    """Return the region, and whether one of its comments is there at all."""
    starts, ends = shown(body, _LINES)
    if not len(starts) == len(ends) == 1 or starts[0].end() > ends[0].start():
        return None, bool(starts or ends)
    text = body.text
    opening = _NEWLINE.match(text, starts[0].end())
    closing = _NEWLINE.match(text, ends[0].end())
    region = OwnedRegion(
        start=_before_newline(text, starts[0].start()),
        end=closing.end() if closing else ends[0].end(),
        inner_start=opening.end() if opening else starts[0].end(),
        inner_end=ends[0].start(),
    )
    return region, True


def _before_newline(body: str, at: int) -> int:
    """Return where the line break right before `at` begins; `at` where there is none."""
    if body[max(0, at - 2) : at] == "\r\n":
        return at - 2
    return at - 1 if body[max(0, at - 1) : at] in ("\n", "\r") else at


def owners_parts(body: Reading) -> Iterator[str]:
    """Yield the parts around the region; joined, they are the text as its owner wrote it."""
    text, region = body.text, find_region(body)
    if region is None:
        yield text
        return
    before, after = text[: region.start], text[region.end :]
    yield before
    if before and after and not before.endswith(("\n", "\r")):
        # The line break that keeps the two apart is theirs then.
        yield text[region.start : _NEWLINE.match(text, region.start).end()]  # type: ignore[union-attr]
    yield after


def owners_text(body: Reading) -> str:
    """Return a note's text without the region."""
    return "".join(owners_parts(body)) if START in body.text else body.text
