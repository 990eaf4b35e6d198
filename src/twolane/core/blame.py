"""Whose fault an overload refusal (429, 529) is, judged by the other calls: a pure model.

A provider uses the same words for a shared limit and for a request that it never accepts. With a
shared limit other calls are refused, too, and refused ones are answered later; with a request of
its own fault the others are answered all the while. Times are seconds of any monotonic clock.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from twolane.core.cooldown import wait_s
from twolane.core.retry import FIRST_BACKOFF_S, MAX_BACKOFF_S, MAX_DOUBLINGS

# Refusals of one call while others are answered, some ten seconds in all; the one before the
# first of them paused all. Of many calls: some two minutes.
MAX_OWN_REFUSALS: Final = 5
MAX_OWN_REFUSALS_OF_MANY: Final = 9
# Many are one for each so many answers.
COMMON_SHARE: Final = 4
UNCLEAR_DOUBLINGS: Final = 2
UNCLEAR_A_DOUBLING: Final = 8
# Calls that leave together leave one after the other.
TOGETHER_S: Final = 0.05


class Whose(StrEnum):
    """Whose fault a refusal is."""

    LOAD = "load"
    """The provider's: no call has been answered since."""

    OWN = "own"
    """The request's: others were answered, and nobody else was refused for the first time."""

    UNCLEAR = "unclear"
    """Others were answered, but others were also refused for a time."""


@dataclass(slots=True)
class Met:
    """What one call, begun at `began_at_s`, has met so far: refusals and failed tries.

    `alone` counts refusals while others were answered, `own` those certainly its own fault.
    """

    began_at_s: float = 0.0
    refused_at_s: float | None = None
    left_at_s: float = 0.0
    alone: int = 0
    own: int = 0
    tries: int = 0


@dataclass(slots=True)
class Blame:
    """Tracks what happened to the calls of one run."""

    answered_at_s: float = -math.inf
    _answered_left_s: float = -math.inf
    _newly_refused_at_s: float = -math.inf
    _recovered_at_s: float = -math.inf
    _suspects: int = 0
    _most_suspects: int = 0
    _answers: int = 0

    def answered(self, met: Met, *, left_at_s: float, now_s: float) -> None:
        """Note the answer to a call that was sent at `left_at_s`, and what it met before."""
        self._answers += 1
        self.answered_at_s = now_s
        self._answered_left_s = max(self._answered_left_s, left_at_s)
        if met.refused_at_s is not None:
            self._recovered_at_s = now_s
            self._suspects -= met.alone > 0

    def others_answered(self, since_s: float) -> bool | None:
        """Tell whether a call sent after `since_s` was answered, None if none ever was."""
        return None if not self._answers else self._answered_left_s > since_s

    def whose(self, met: Met, *, left_at_s: float, now_s: float) -> Whose:
        """Decide whose fault the refusal of a call sent at `left_at_s` is; note it in `met`.

        The first refusal counts as the provider's load until proven otherwise. Later ones are the
        call's own fault once calls sent with it or after it were answered; if new calls are refused
        meanwhile, or earlier refused ones succeed, the fault is unclear and not counted.
        """
        before_s, answered = met.refused_at_s, self._answered_left_s >= met.left_at_s - TOGETHER_S
        met.refused_at_s, met.left_at_s = now_s, left_at_s
        if before_s is None:
            self._newly_refused_at_s = now_s
            return Whose.LOAD
        if not met.alone and not answered:
            return Whose.LOAD
        self._suspects += not met.alone
        self._most_suspects = max(self._most_suspects, self._suspects)
        met.alone += 1
        if max(self._newly_refused_at_s, self._recovered_at_s) > before_s:
            return Whose.UNCLEAR
        met.own += 1
        return Whose.OWN

    def hopeless(self, met: Met) -> bool:
        """Tell whether a call has been refused by its own fault often enough to give up.

        If more than a few calls were refused like that, there is extra time for a limit per minute
        to let the last ones through.
        """
        few = self._most_suspects * COMMON_SHARE <= self._answers
        return met.own >= (MAX_OWN_REFUSALS if few else MAX_OWN_REFUSALS_OF_MANY)


def own_pause_s(met: Met, *, retry_after_s: float | None, jitter: float) -> float:
    """Return how long one call waits after a refusal that is not the provider's load."""
    # What is unclear is asked again before long, unless it stays so; what is its own, later and
    # later.
    unclear = max(min(met.alone, UNCLEAR_DOUBLINGS), met.alone // UNCLEAR_A_DOUBLING)
    pause_s = min(MAX_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(max(met.own, unclear), MAX_DOUBLINGS))
    return wait_s(pause_s * (0.5 + jitter / 2), retry_after_s, jitter=jitter)
