"""How many real-time calls may be in flight, and when the next may be sent: a pure model.

The bound of calls in flight follows TCP's congestion control (RFC 5681): slow start up to the first
refusal, then a halving for each round of refusals and one more call for each full window of
answers. Requests and tokens per minute are token buckets, as at the provider, set from the headers
of its answers. Times are seconds of any monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from twolane.core.cooldown import wait_s
from twolane.core.outside import MAX_A_MINUTE
from twolane.core.retry import FIRST_BACKOFF_S, MAX_BACKOFF_S, MAX_DOUBLINGS
from twolane.core.types import Headroom, MinuteLimits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twolane.core.types import RateHeaders

FIRST_WINDOW: Final = 16
# An hour of nothing but refusals is no storm any more: the run stops, and says why.
STORM_PATIENCE_S: Final = 3_600.0
# The last call of a run that has been answered all along: it may be the one that never is.
LAST_PATIENCE_S: Final = 600.0
# A day of nothing but silence is no outage any more: somebody has to look.
SILENCE_PATIENCE_S: Final = 86_400.0
# Half a minute becomes five in a quarter of an hour.
POLL_GROWTH: Final = 1.25
MAX_POLL_FACTOR: Final = 10
MAX_LOST_PAUSE_S: Final = 60.0
MINUTE_S: Final = 60.0
# What rounding leaves over is no reason to wait: a timer that short may fire at the same moment.
LEAST_WAIT_S: Final = 0.001


@dataclass(slots=True)
class _Bucket:
    """A limit of so much a minute, refilled evenly; without a limit it never empties.

    It owes a minute at most: what an answer said of a limit holds calls back for two, not for days.
    """

    limit: int = 0
    level: float = 0.0
    at_s: float = 0.0

    def learn(self, headroom: Headroom | None, out: float, now_s: float) -> None:
        """Take over what the provider says; it does not count yet what is `out` on its way."""
        if headroom is None or not 0 < headroom.limit <= MAX_A_MINUTE:
            return
        self.limit = headroom.limit
        self.level = float(headroom.left)
        self.at_s = now_s
        self.take(out)

    def take(self, cost: float) -> None:
        """Count `cost` as on its way."""
        self.level = max(-float(self.limit), self.level - cost)

    def refill(self, now_s: float) -> None:
        if self.limit:
            gained = (now_s - self.at_s) * self.limit / MINUTE_S
            self.level = min(float(self.limit), self.level + gained)
            self.at_s = now_s

    def wait_s(self, cost: float) -> float:
        """Return how long until `cost` is there; one above the limit needs a full bucket."""
        if not self.limit:
            return 0.0
        wait_s = (min(cost, self.limit) - self.level) * MINUTE_S / self.limit
        return wait_s if wait_s > LEAST_WAIT_S else 0.0


@dataclass(slots=True)
class Pacer:
    """Paces the real-time calls of one run; at most `bound` are in flight."""

    bound: int
    window: float = 0.0
    cooldown_until_s: float = 0.0
    refusing_since_s: float | None = None
    losing_since_s: float | None = None
    _slow_start: bool = True
    _refusals: int = 0
    _losses: int = 0
    _decreased_at_s: float = -1.0
    _out_tokens: float = 0.0
    _out_calls: int = 0
    _requests: _Bucket = field(default_factory=_Bucket)
    _input: _Bucket = field(default_factory=_Bucket)
    _output: _Bucket = field(default_factory=_Bucket)
    _mean_output: float = 0.0

    def __post_init__(self) -> None:
        """Begin with a small window, or with the bound if that is smaller."""
        self.window = float(min(self.bound, FIRST_WINDOW))

    @property
    def width(self) -> int:
        """How many calls may be in flight now."""
        return max(1, int(self.window))

    @property
    def limits(self) -> MinuteLimits:
        """The provider's limits per minute, as far as it has stated them."""
        return MinuteLimits(self._requests.limit or None, self._input.limit or None)

    def expect(self, limits: MinuteLimits, now_s: float) -> None:
        """Begin with limits known from before, until an answer states them."""
        for bucket, limit in (
            (self._requests, limits.requests),
            (self._input, limits.input_tokens),
        ):
            bucket.learn(Headroom(limit, limit) if limit else None, 0.0, now_s)

    def grant(self, input_tokens: Sequence[int], now_s: float) -> int:
        """Return how many of these calls, in order, may be sent now under the limits per minute.

        They count as in flight from then on, until `back` is called for each.
        """
        if not (self._requests.limit or self._input.limit or self._output.limit):
            granted = len(input_tokens)
        else:
            granted = 0
            for tokens in input_tokens:
                if self.wait_s(tokens, now_s) > 0:
                    break
                self._requests.take(1.0)
                self._input.take(tokens)
                self._output.take(self._mean_output)
                granted += 1
        self._out_calls += granted
        self._out_tokens += sum(input_tokens[:granted])
        return granted

    def wait_s(self, input_tokens: int, now_s: float) -> float:
        """Return how long until a call with these tokens may be sent; 0 means now."""
        wait_s = self.cooldown_until_s - now_s
        for bucket, cost in (
            (self._requests, 1.0),
            (self._input, float(input_tokens)),
            (self._output, self._mean_output),
        ):
            bucket.refill(now_s)
            wait_s = max(wait_s, bucket.wait_s(cost))
        return max(0.0, wait_s)

    def back(self, input_tokens: int) -> None:
        """Note that a granted call is over, however it ended."""
        self._out_calls -= 1
        self._out_tokens -= input_tokens

    def answered(self, rates: RateHeaders | None, output_tokens: int, now_s: float) -> None:
        """Note an answer: the window grows, and the headers set the buckets."""
        self.refusing_since_s = self.losing_since_s = None
        self._refusals = self._losses = 0
        if self.window < self.bound:
            step = 1.0 if self._slow_start else 1.0 / self.window
            self.window = min(float(self.bound), self.window + step)
        if rates is not None:
            # A twentieth: some tens of answers are remembered.
            self._mean_output += (output_tokens - self._mean_output) / 20.0
            self._requests.learn(rates.requests, self._out_calls, now_s)
            self._input.learn(rates.input_tokens, self._out_tokens, now_s)
            self._output.learn(rates.output_tokens, self._out_calls * self._mean_output, now_s)

    def refused(
        self, *, left_at_s: float, now_s: float, retry_after_s: float | None, jitter: float
    ) -> None:
        """Note a refusal (429, 529) of a call sent at `left_at_s`; all calls cool down.

        The refusals of one round count once: calls sent before the last halving say nothing new.
        The pause doubles from round to round, or is the provider's own cooldown if that is longer.
        """
        if self.refusing_since_s is None:
            self.refusing_since_s = now_s
        self.losing_since_s = None
        own_s = 0.0
        if left_at_s > self._decreased_at_s:
            self._slow_start = False
            self.window = max(1.0, self.window / 2)
            self._decreased_at_s = now_s
            self._refusals += 1
            pause_s = min(
                MAX_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(self._refusals - 1, MAX_DOUBLINGS)
            )
            own_s = pause_s * (0.5 + jitter / 2)
        self._cool_down(now_s + wait_s(own_s, retry_after_s, jitter=jitter))

    def lost(self, *, left_at_s: float, now_s: float, jitter: float) -> None:
        """Note a call that could not be sent at `left_at_s`: all wait, longer each round."""
        if self.losing_since_s is None:
            self.losing_since_s = now_s
        if left_at_s > self._decreased_at_s:
            self.window = 1.0
            self._slow_start = True
            self._decreased_at_s = now_s
            self._losses += 1
            self._cool_down(now_s + lost_pause_s(self._losses, jitter=jitter))

    def _cool_down(self, until_s: float) -> None:
        self.cooldown_until_s = max(self.cooldown_until_s, until_s)

    def patient(self, now_s: float, patience_s: float = STORM_PATIENCE_S) -> bool:
        """Tell whether to keep waiting out refusals."""
        since_s = self.refusing_since_s
        return since_s is None or now_s - since_s < patience_s

    def silent(self, now_s: float) -> bool:
        """Tell whether there has been no answer for longer than the run waits."""
        since_s = self.losing_since_s
        return since_s is not None and now_s - since_s >= SILENCE_PATIENCE_S


def lost_pause_s(losses: int, *, jitter: float) -> float:
    """Return how long to wait after so many unsent calls in a row, a minute at most."""
    return min(MAX_LOST_PAUSE_S, 2.0 ** min(losses - 1, MAX_DOUBLINGS)) * (0.5 + jitter / 2)
