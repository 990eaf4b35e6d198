"""How fast a person decides, to estimate the time for the rest."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRST_DECISION_S: Final = 4.0
"""The assumed seconds per decision until some have been timed: about 15 a minute."""
GUESSED: Final = 5
"""How many decisions that guess weighs: one quick key must not turn hours into minutes."""
LONGEST_S: Final = 60.0
"""The longest decision, in seconds: a person who takes longer has been away."""


def seconds_each(decisions: int, spent_s: float) -> float:
    """Return the average seconds per decision, after so many of them in `spent_s` seconds."""
    return (spent_s + GUESSED * FIRST_DECISION_S) / (decisions + GUESSED)


def seconds_between(moments: Sequence[float]) -> float:
    """Return the average seconds per decision, given the moments of some in a row."""
    gaps = [min(max(0.0, later - earlier), LONGEST_S) for earlier, later in pairwise(moments)]
    return seconds_each(len(gaps), sum(gaps))


class ReviewPace:
    """How long this person takes to decide; a break counts as at most `LONGEST_S`."""

    def __init__(self) -> None:
        """Start from the guess."""
        self.decisions = 0
        self._spent_s = 0.0
        self._began = time.monotonic()

    def begin(self) -> None:
        """Start the timer: a proposal is shown."""
        self._began = time.monotonic()

    def count(self) -> None:
        """Stop the timer and count a decision."""
        self.decisions += 1
        self._spent_s += min(time.monotonic() - self._began, LONGEST_S)

    @property
    def each_s(self) -> float:
        """The average seconds per decision."""
        return seconds_each(self.decisions, self._spent_s)
