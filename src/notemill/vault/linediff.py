"""Line diffs between two versions of a note, for people; pure.

Time grows with the size of the difference, however often a line is repeated.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from difflib import Match, SequenceMatcher
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

from notemill.vault.frontmatter import BOM

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Place: TypeAlias = tuple[int, int]

_CONTEXT_LINES: Final = 1
_FEW_LINES: Final = 100
"""Most lines on both sides for which `difflib` finds the matches: its time is cubic, at most 20 ms for
so many equal lines and minutes for 10,000."""


def diff(old: bytes, new: bytes, path: str) -> str:
    """Return a unified diff of two versions of a note, '' if they are the same.

    Bytes that are not UTF-8 become the replacement character.
    """
    before, after = _shown_lines(old), _shown_lines(new)
    lead, trail = _same_edges(before, after)
    if lead == len(before) == len(after):
        return ""
    first = max(0, lead - _CONTEXT_LINES)
    trail = max(0, trail - _CONTEXT_LINES)
    window = before[first : len(before) - trail], after[first : len(after) - trail]
    lines = [f"--- {path}", f"+++ {path}"]
    for group in Matcher(*window).get_grouped_opcodes(_CONTEXT_LINES):
        lines.append(_hunk_head(group, first))
        for kind, low, high, new_low, new_high in group:
            if kind == "equal":
                lines += [f" {line}" for line in window[0][low:high]]
                continue
            lines += [f"-{line}" for line in window[0][low:high]]
            lines += [f"+{line}" for line in window[1][new_low:new_high]]
    return "\n".join(lines)


class Matcher(SequenceMatcher[str]):
    """Finds the lines that two texts share: the most there can be only where they are few."""

    def __init__(self, before: Sequence[str], after: Sequence[str]) -> None:
        """Compare two texts, given as lines, or two lines, given as words."""
        super().__init__(None, before, after, autojunk=False)
        self._texts = before, after

    def get_matching_blocks(self) -> list[Match]:
        """Return the runs of shared lines, in order, and an empty one at the end."""
        if sum(map(len, self._texts)) <= 2 * _FEW_LINES:
            return super().get_matching_blocks()
        blocks: list[Match] = []
        for old, new in _matches(*self._texts):
            last = blocks[-1] if blocks else Match(-1, -1, 0)
            if (last.a + last.size, last.b + last.size) == (old, new):
                blocks[-1] = last._replace(size=last.size + 1)
            else:
                blocks.append(Match(old, new, 1))
        before, after = self._texts
        return [*blocks, Match(len(before), len(after), 0)]


def _matches(before: Sequence[str], after: Sequence[str]) -> Iterator[Place]:
    """Yield where the same line stands in both texts.

    Between lines that either text has once (patience diff, by Bram Cohen) those match that stand
    in the same place: our edits put lines in the place of others.
    """
    edges = [(-1, -1), *_anchors(before, after), (len(before), len(after))]
    for (old, new), (old_end, new_end) in pairwise(edges):
        gap, new_gap = before[old + 1 : old_end], after[new + 1 : new_end]
        lead, trail = _same_edges(gap, new_gap)
        if len(gap) != len(new_gap):
            places = [*range(lead), *range(len(gap) - trail, len(gap))]
        else:
            places = [n for n, line in enumerate(gap) if line == new_gap[n]]
        shift = len(new_gap) - len(gap)
        for n in places:
            yield old + 1 + n, new + 1 + n + (shift if n >= lead else 0)
        if old_end < len(before):
            yield old_end, new_end


def _anchors(before: Sequence[str], after: Sequence[str]) -> list[Place]:
    """Return where the lines stand that either text has once, in an order that both keep."""
    once = {line for line, count in Counter(before).items() if count == 1}
    once &= {line for line, count in Counter(after).items() if count == 1}
    place_in = {line: place for place, line in enumerate(after) if line in once}
    pairs = [(place, place_in[line]) for place, line in enumerate(before) if line in once]
    # The longest rising sequence: for each length the least end, and what came before each.
    ends: list[int] = []
    chosen: list[int] = []
    behind: list[int] = []
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(ends, place)
        ends[length : length + 1] = [place]
        chosen[length : length + 1] = [number]
        behind.append(chosen[length - 1] if length else -1)
    found: list[Place] = []
    number = chosen[-1] if chosen else -1
    while number >= 0:
        found.append(pairs[number])
        number = behind[number]
    return found[::-1]


def _same_edges(before: Sequence[str], after: Sequence[str]) -> Place:
    """Return how many lines are the same at the beginning, and of the rest at the end."""
    shortest = min(len(before), len(after))
    lead = next((n for n in range(shortest) if before[n] != after[n]), shortest)
    rest = shortest - lead
    return lead, next((n for n in range(rest) if before[-1 - n] != after[-1 - n]), rest)


def _hunk_head(group: list[tuple[str, int, int, int, int]], offset: int) -> str:
    old = _range(group[0][1] + offset, group[-1][2] + offset)
    new = _range(group[0][3] + offset, group[-1][4] + offset)
    return f"@@ -{old} +{new} @@"


def _range(start: int, end: int) -> str:
    # As in difflib: an empty range names the line before it.
    return f"{start + (start != end)},{end - start}"


def _shown_lines(raw: bytes) -> list[str]:
    return raw.removeprefix(BOM).decode("utf-8", "replace").splitlines()
