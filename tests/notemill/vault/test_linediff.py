"""Differences of notes as people read them: right and short, whatever repeats."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notemill.vault.linediff import diff

MANY = 400
HUNK = re.compile(r"@@ -(\d+),(\d+) \+(\d+),(\d+) @@")
FEW_WORDS = st.lists(st.sampled_from(["a", "b", "", "- a"]), max_size=8)


def patched(before: list[str], shown: str) -> list[str]:
    """Return what a unified diff makes of a text, having seen that it fits it."""
    made: list[str] = []
    at = 0
    for line in shown.split("\n")[2:]:
        if hunk := HUNK.fullmatch(line):
            start = int(hunk[1]) - (hunk[2] != "0")
            made += before[at:start]
            at = start
            continue
        if line[0] in " -":
            assert before[at] == line[1:]
            at += 1
        if line[0] in " +":
            made.append(line[1:])
    return made + before[at:]


@given(FEW_WORDS, FEW_WORDS, FEW_WORDS, FEW_WORDS, st.sampled_from([0, MANY]))
def test_a_difference_leads_from_one_text_to_the_other(
    head: list[str], old: list[str], new: list[str], foot: list[str], lines: int
) -> None:
    """Whatever two texts share and repeat, the lines shown are those that make one the other."""
    between = [f"line {number % 300}" for number in range(lines)]
    before, after = ([*head, *one, *between, *one, *foot] for one in (old, new))
    shown = diff("\n".join(before).encode(), "\n".join(after).encode(), "n.md")
    if before != after:
        # As everywhere a line break at the end begins no line.
        before, after = ("\n".join(one).splitlines() for one in (before, after))
        assert patched(before, shown or "\n") == after


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        (["Key: v"] * MANY, ["key: v"] * MANY, 2 * MANY),
        (["a"] * MANY, ["a", "b"] * (MANY // 2), MANY),
        ([f"{n}" for n in range(MANY)], [f"{n}" for n in range(MANY) if n % 9], MANY // 9 + 1),
        (["x", *["a", ""] * MANY, "y"], ["z", *["a", ""] * MANY, "w"], 4),
        (["x", *["a", ""] * MANY, "y", "end"], ["a", "", *["a", ""] * MANY, "y", "z", "end"], 4),
    ],
)  # fmt: skip
def test_a_long_difference_shows_no_more_than_changed(
    before: list[str], after: list[str], changed: int
) -> None:
    """In a text of many lines those that stay in their places are not shown as other ones."""
    shown = diff("\n".join(before).encode(), "\n".join(after).encode(), "n.md").split("\n")[2:]
    assert sum(line[:1] in ("-", "+") for line in shown) == changed
