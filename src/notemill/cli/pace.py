"""How fast a person decides, to estimate the time for the rest."""

from __future__ import annotations

import time
from typing import Final

FIRST_DECISION_S: Final = 4.0
"""The assumed seconds per decision until some have been timed: about 15 a minute."""
GUESSED: Final = 5
"""How many decisions that guess weighs: one quick key must not turn hours into minutes."""
LONGEST_S: Final = 60.0
"""The longest decision, in seconds: a person who takes longer has been away."""


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
        spent_s = self._spent_s + GUESSED * FIRST_DECISION_S
        return spent_s / (self.decisions + GUESSED)
