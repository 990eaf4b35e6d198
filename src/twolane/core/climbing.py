"""How many calls a local server gets at once: as many as increase its throughput. Pure.

Such a server states no limits. One with a single slot queues further calls, one that batches
answers dozens together, and only its answers show which it is: so the number is doubled for a round
and kept if the rate of answers grew by a fifth (hill climbing, as thread pools size themselves: J.
Hellerstein, "Optimizing Concurrency Levels in the .NET ThreadPool", 2008).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twolane.core.pacing import Pacer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twolane.core.types import RateHeaders

FIRST_CALLS: Final = 2
# Fewer answers say too little: their lengths vary.
LEAST_ROUND: Final = 4
GAIN: Final = 1.2
# After a doubling that gained nothing, so many rounds pass before another is tried.
HELD_ROUNDS: Final = 8


@dataclass(slots=True)
class Climber(Pacer):
    """Paces the calls of one run by how fast they are answered."""

    first: int = FIRST_CALLS
    _kept: float = 0.0
    _trying: bool = False
    _held: int = 0
    _rate: float = 0.0
    _answers: int = 0
    _written: int = 0
    _began_s: float | None = None

    def __post_init__(self) -> None:
        """Begin with `first` calls, or with the bound if that is smaller."""
        self.window = self._kept = float(min(self.bound, self.first))

    def grant(self, input_tokens: Sequence[int], now_s: float) -> int:
        """Grant calls like Pacer; the first ones begin a round."""
        if self._began_s is None:
            self._began_s = now_s
        return Pacer.grant(self, input_tokens, now_s)

    def answered(self, rates: RateHeaders | None, output_tokens: int, now_s: float) -> None:
        """Note an answer; all answers of a round decide whether to keep the window."""
        window = self.window
        Pacer.answered(self, rates, output_tokens, now_s)
        self.window = window
        self._answers += 1
        self._written += output_tokens
        if self._answers < max(LEAST_ROUND, 2 * self.width):
            return
        began_s = now_s if self._began_s is None else self._began_s
        # Where the server counts tokens they weigh an answer; otherwise each weighs the same.
        rate = (self._written or self._answers) / max(now_s - began_s, 1e-6)
        self._climb(rate)
        self._answers, self._written, self._began_s = 0, 0, now_s

    def _climb(self, rate: float) -> None:
        if self._trying and rate < GAIN * self._rate:
            self.window, self._trying, self._held = self._kept, False, HELD_ROUNDS
            return
        if self._held:
            self._held -= 1
            return
        self._kept, self._rate = self.window, rate
        self.window = min(float(self.bound), 2 * self.window)
        self._trying = self.window > self._kept

    def refused(
        self, *, left_at_s: float, now_s: float, retry_after_s: float | None, jitter: float
    ) -> None:
        """Note that the server is full, or loads its model: the window is halved and held."""
        Pacer.refused(
            self, left_at_s=left_at_s, now_s=now_s, retry_after_s=retry_after_s, jitter=jitter
        )
        self._kept, self._trying, self._held = self.window, False, HELD_ROUNDS
        self._answers, self._written, self._began_s = 0, 0, now_s
