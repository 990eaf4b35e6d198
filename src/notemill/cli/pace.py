"""How fast a person decides, to say how long what is left will take."""

from __future__ import annotations

import time
from typing import Final

FIRST_DECISION_S: Final = 4.0
"""The assumed time for a decision until some have been timed: about 15 a minute."""
GUESSED: Final = 5
"""How many decisions that guess is worth: one quick key does not make an hour of minutes."""
LONGEST_S: Final = 60.0
"""Who takes longer has been away from the terminal."""


class Pace:
    """How long a decision takes this person; a break counts no longer than `LONGEST_S`."""

    def __init__(self) -> None:
        """Know nothing of them yet."""
        self.decisions = 0
        self._spent_s = 0.0
        self._began = time.monotonic()

    def begin(self) -> None:
        """Take the time from here: a proposal is shown."""
        self._began = time.monotonic()

    def count(self) -> None:
        """Take the time of a decision."""
        self.decisions += 1
        self._spent_s += min(time.monotonic() - self._began, LONGEST_S)

    @property
    def each_s(self) -> float:
        """The seconds of a decision."""
        spent_s = self._spent_s + GUESSED * FIRST_DECISION_S
        return spent_s / (self.decisions + GUESSED)
