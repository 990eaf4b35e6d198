"""One batch from acceptance to archival, computed from the clock when asked.

in_progress → (canceling →) ended. Nothing moves by itself: every item's finishing time is drawn
when the batch is accepted, and what a poll sees follows from its time.
"""

from __future__ import annotations

import random
import zlib
from array import array
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

import orjson

from twolane.sim.answers import rfc3339
from twolane.sim.checks import is_known_model, message_problem
from twolane.sim.prompt import NO_CACHE, Breakpoint, CacheUse, PromptCache, breakpoints

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from twolane.sim.faults import Dice, Faults

EXPIRY_S: Final = 24 * 3_600.0
KEPT_S: Final = 29 * 24 * 3_600.0
_GROUP: Final = 256


class Fate(IntEnum):
    """How one item of a batch ends."""

    SUCCEEDED = 0
    INVALID = 1
    ERRORED = 2
    EXPIRED = 3
    CANCELED = 4
    UNKNOWN = 5


class Items:
    """The requests of a batch, compressed in groups, so that 100,000 fit in memory."""

    def __init__(self, requests: Sequence[Mapping[str, Any]]) -> None:
        """Keep the custom_id and the parameters of each request."""
        self._groups = [
            zlib.compress(b"\n".join(map(_packed, requests[at : at + _GROUP])), 1)
            for at in range(0, len(requests), _GROUP)
        ]

    def shuffled(self, seed: str) -> Iterator[list[tuple[int, str, bytes]]]:
        """Yield all items, group by group, as (index, custom_id, params), in a seeded random order.

        Items that are paired (2n and 2n + 1) stay in one group.
        """
        rng = random.Random(seed)  # noqa: S311  # an order, not a secret
        order = list(range(len(self._groups)))
        rng.shuffle(order)
        for place in order:
            lines = zlib.decompress(self._groups[place]).split(b"\n")
            group = []
            for index, line in enumerate(lines, place * _GROUP):
                custom_id, _, params = line.partition(b"\t")
                group.append((index, custom_id.decode(), params))
            rng.shuffle(group)
            yield group


def _packed(request: Mapping[str, Any]) -> bytes:
    return b"%b\t%b" % (str(request["custom_id"]).encode(), orjson.dumps(request["params"]))


@dataclass(slots=True)
class Batch:
    """A batch; times are seconds since the epoch, `finish_s` counts from `created_at`.

    `took_s` is how long one item takes: items in progress when a cancel arrives still finish.
    """

    id: str
    created_at: float
    size: int
    items: Items
    finish_s: array[float]
    took_s: float
    fates: bytearray
    problems: Mapping[int, str]
    cached: Sequence[CacheUse] | None
    foreign: bool = False
    cancel_at: float | None = None
    ends_at: float = 0.0
    deleted: bool = False
    polls: int = 0
    fetches: int = 0
    _counts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Let the batch end with its last item, or when it expires."""
        self.ends_at = min(self.created_at + max(self.finish_s), self.expires_at)

    @property
    def expires_at(self) -> float:
        """When unfinished items expire."""
        return self.created_at + EXPIRY_S

    def ended(self, now: float) -> bool:
        """Tell whether processing is over."""
        return now >= self.ends_at

    def archived(self, now: float) -> bool:
        """Tell whether the results are gone."""
        return now >= self.created_at + KEPT_S

    def cancel(self, now: float) -> None:
        """Start no more items; those in flight still finish. Later cancels are ignored."""
        if self.cancel_at is None:
            self.cancel_at = now
            self.ends_at = min(self.ends_at, now + self.took_s)

    def fate(self, index: int) -> Fate:
        """Return how an item ends, as far as is known now."""
        done_at = self.created_at + self.finish_s[index]
        if self.cancel_at is not None and done_at - self.took_s > self.cancel_at:
            return Fate.CANCELED
        if done_at > self.expires_at:
            return Fate.EXPIRED
        return Fate(self.fates[index])

    def cache_use(self, index: int) -> CacheUse:
        """Return what an item read from the prompt cache or wrote to it."""
        return self.cached[index] if self.cached else NO_CACHE

    def counts(self, now: float) -> dict[str, int]:
        """Return the tallies: everything is in `processing` until the whole batch has ended."""
        names = ("processing", "succeeded", "errored", "canceled", "expired")
        if not self.ended(now):
            return dict.fromkeys(names, 0) | {"processing": self.size}
        if not self._counts:
            tally = [0] * len(Fate)
            for index in range(self.size):
                tally[self.fate(index)] += 1
            self._counts = dict.fromkeys(names, 0) | {
                "succeeded": tally[Fate.SUCCEEDED],
                "errored": tally[Fate.INVALID] + tally[Fate.ERRORED] + tally[Fate.UNKNOWN],
                "canceled": tally[Fate.CANCELED],
                "expired": tally[Fate.EXPIRED],
            }
        return dict(self._counts)

    def describe(self, now: float, base_url: str) -> dict[str, Any]:
        """Return the batch as the API shows it."""
        ended = self.ended(now)
        status = "ended" if ended else "in_progress" if self.cancel_at is None else "canceling"
        url = f"{base_url}/v1/messages/batches/{self.id}/results"
        return {
            "id": self.id,
            "type": "message_batch",
            "processing_status": status,
            "request_counts": self.counts(now),
            "created_at": rfc3339(self.created_at),
            "expires_at": rfc3339(self.expires_at),
            "ended_at": rfc3339(self.ends_at) if ended else None,
            "archived_at": rfc3339(self.created_at + KEPT_S) if self.archived(now) else None,
            "cancel_initiated_at": None if self.cancel_at is None else rfc3339(self.cancel_at),
            "results_url": url if ended else None,
        }


def accept(
    batch_id: str,
    requests: Sequence[Mapping[str, Any]],
    *,
    now: float,
    version: str,
    duration_s: float,
    took_s: float,
    faults: Faults,
    dice: Dice,
) -> Batch:
    """Accept a batch: draw when and how each item will finish, and find invalid ones."""
    size = len(requests)
    rng = random.Random(f"{batch_id}:{dice.draw(batch_id)}")  # noqa: S311  # not a secret
    finish_s = array("d", (rng.uniform(0.0, duration_s) for _ in range(size)))
    # The last one to finish ends the batch, so one of them takes the whole duration.
    finish_s[rng.randrange(size)] = duration_s
    problems = _problems(requests, version)
    fates = bytearray(size)
    for index in range(size):
        fates[index] = _drawn_fate(batch_id, index, faults, dice)
    for index in problems:
        fates[index] = Fate.INVALID
    cached = _cached(requests, problems, finish_s, took_s)
    items = Items(requests)
    return Batch(batch_id, now, size, items, finish_s, took_s, fates, problems, cached)


def _problems(requests: Sequence[Mapping[str, Any]], version: str) -> dict[int, str]:
    problems = {}
    for index, request in enumerate(requests):
        params = request["params"]
        problem = message_problem(params, version, batch=True)
        if problem is None and not is_known_model(params["model"]):
            problem = f"model: {params['model']} is not known"
        if problem is not None:
            problems[index] = problem
    return problems


def _drawn_fate(batch_id: str, index: int, faults: Faults, dice: Dice) -> Fate:
    if dice.strikes("errored", faults.errored, batch_id, index):
        return Fate.ERRORED
    if dice.strikes("expired", faults.expired, batch_id, index):
        return Fate.EXPIRED
    if dice.strikes("unknown_result", faults.unknown_result, batch_id, index):
        return Fate.UNKNOWN
    return Fate.SUCCEEDED


def _cached(
    requests: Sequence[Mapping[str, Any]],
    problems: Mapping[int, str],
    finish_s: array[float],
    took_s: float,
) -> list[CacheUse] | None:
    """Play the batch's own prompt cache in the order its items run; None if nothing caches."""
    marks: dict[int, tuple[Breakpoint, ...]] = {}
    for index, request in enumerate(requests):
        params = request["params"]
        if index not in problems and (found := breakpoints(params, orjson.dumps(params))):
            marks[index] = found
    if not marks:
        return None
    cache, uses = PromptCache(), [NO_CACHE] * len(requests)
    for index in sorted(marks, key=finish_s.__getitem__):
        done_at = finish_s[index]
        uses[index] = cache.use(marks[index], done_at - took_s, done_at)
    return uses
