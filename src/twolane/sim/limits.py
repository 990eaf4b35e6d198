"""Rate limits of a workspace as token buckets, and the headers that state them.

https://platform.claude.com/docs/en/api/rate-limits: continuous replenishment; cache reads do not
count as input tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twolane.sim.answers import rfc3339

if TYPE_CHECKING:
    from twolane.core.types import Usage
    from twolane.sim.faults import Faults

# Shown where no limit is set, and so high that no client slows down for it.
_OPEN_REQUESTS: Final = 1_000_000
_OPEN_TOKENS: Final = 1_000_000_000
_PREFIX: Final = "anthropic-ratelimit-"


class Bucket:
    """An amount per minute, refilled continuously, never above one minute's worth."""

    def __init__(self, now: float) -> None:
        """Start full."""
        self._level: float | None = None
        self._at = now
        self.limit = 0

    def refill(self, limit: int, now: float) -> float:
        """Bring the bucket up to `now` under `limit` per minute; return its level."""
        level = limit if self._level is None else self._level
        level = min(limit, level + (now - self._at) * limit / 60.0)
        self._level, self._at, self.limit = level, now, limit
        return level

    def take(self, amount: float) -> None:
        """Take `amount` out; amounts known only afterwards may overdraw the bucket."""
        self._level = (self._level or 0.0) - amount

    @property
    def remaining(self) -> int:
        """What is left, not below 0."""
        return max(0, int(self._level or 0.0))

    def wait_s(self, amount: float) -> float:
        """Return how long until `amount` is available, at most until the bucket is full."""
        missing = min(amount, self.limit) - (self._level or 0.0)
        return max(0.0, missing * 60.0 / self.limit)


class RateLimits:
    """The three limits of one workspace's real-time lane."""

    def __init__(self, now: float) -> None:
        """Start with full buckets."""
        self._requests = Bucket(now)
        self._input = Bucket(now)
        self._output = Bucket(now)

    def refusal_wait_s(self, faults: Faults, input_tokens: int, now: float) -> float | None:
        """Return how long to wait if a limit is exceeded; otherwise count the request."""
        self._refill(faults, now)
        waits = (
            (faults.requests_per_min, self._requests.wait_s(1)),
            (faults.input_tokens_per_min, self._input.wait_s(input_tokens)),
            (faults.output_tokens_per_min, self._output.wait_s(1)),
        )
        wait_s = max((wait for limit, wait in waits if limit is not None), default=0.0)
        if wait_s > 0:
            return wait_s
        self._requests.take(1)
        return None

    def count(self, usage: Usage) -> None:
        """Take out the tokens of an answered request."""
        written = usage.cache_write_5m_tokens + usage.cache_write_1h_tokens
        self._input.take(usage.input_tokens + written)
        self._output.take(usage.output_tokens)

    def headers(self, faults: Faults, now: float) -> dict[str, str]:
        """Return the twelve headers of every answer."""
        self._refill(faults, now)
        both = min(self._input, self._output, key=lambda one: one.remaining / one.limit)
        named = {
            "requests": self._requests,
            "tokens": both,
            "input-tokens": self._input,
            "output-tokens": self._output,
        }
        found = {}
        for name, bucket in named.items():
            found[f"{_PREFIX}{name}-limit"] = str(bucket.limit)
            found[f"{_PREFIX}{name}-remaining"] = str(bucket.remaining)
            reset = int(now + bucket.wait_s(bucket.limit))
            found[f"{_PREFIX}{name}-reset"] = f"{rfc3339(reset)[:19]}Z"
        return found

    def _refill(self, faults: Faults, now: float) -> None:
        self._requests.refill(faults.requests_per_min or _OPEN_REQUESTS, now)
        self._input.refill(faults.input_tokens_per_min or _OPEN_TOKENS, now)
        self._output.refill(faults.output_tokens_per_min or _OPEN_TOKENS, now)
