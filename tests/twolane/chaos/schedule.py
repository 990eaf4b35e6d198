"""One seed becomes one schedule: what is asked, what goes wrong, and who dies when.

A schedule is a value and drawing it is pure, so a seed is all that a failure has to name.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from twolane import Lane
from twolane.sim import NO_FAULTS, PRESETS, Faults, Pace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

T = TypeVar("T")

DAY_S: Final = 86_400.0
KEYS: Final = 2
"""API keys, and so workspaces, that a process may come with."""


class Phase(StrEnum):
    """Where in an exchange with the provider a process dies."""

    BEFORE = "before"
    """Before the call is handed over."""

    TAKEN = "taken"
    """The provider has it; the answer is on its way."""

    ANSWERED = "answered"
    """The answer's head is there, and nobody has looked at it."""

    READING = "reading"
    """In the middle of the answer's body."""


@dataclass(frozen=True, slots=True)
class AtCommit:
    """Death at commit `number` of the process, from 1: `after` it is durable, or before."""

    number: int
    after: bool


@dataclass(frozen=True, slots=True)
class AtExchange:
    """Death in exchange `number` of the process with the provider, from 1.

    Where `about` says something, only exchanges count whose path and query end in that.
    """

    number: int
    phase: Phase
    about: str = ""


@dataclass(frozen=True, slots=True)
class AtTime:
    """Death `after_s` seconds after the process began, whatever it does then."""

    after_s: float


@dataclass(frozen=True, slots=True)
class Stop:
    """A clean stop (Ctrl-C, once) `after_s` seconds after the process began."""

    after_s: float


@dataclass(frozen=True, slots=True)
class DiskFull:
    """From commit `number` of the process on, from 1, nothing can be written any more."""

    number: int


End: TypeAlias = AtCommit | AtExchange | AtTime | Stop | DiskFull | None


@dataclass(frozen=True, slots=True)
class Deadline:
    """A run is to be through `within_s` after its start, `strict`ly or not."""

    within_s: float
    strict: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """Another process cancels an item, or with None the run, `after_s` into a life."""

    after_s: float
    item: int | None


@dataclass(frozen=True, slots=True)
class Life:
    """One process on a run: how it ends (None: by itself), and `pause_s` until the next one.

    `key` is which API key it has. At `rival_s` another process tries to work on the same run.
    """

    end: End = None
    pause_s: float = 0.0
    wishes: tuple[Wish, ...] = ()
    rival_s: float | None = None
    key: int = 0


@dataclass(frozen=True, slots=True)
class StagePlan:
    """The first items of a run, finished before the others begin."""

    items: int
    lane: Lane | None


@dataclass(frozen=True, slots=True)
class Workload:
    """One run: its items and how they are asked for, and the processes that work on it.

    `cap_share` is the cap as a share of the real-time worst case of the whole run, None for no
    cap; with `raise_cap` a person lifts it once it has stopped the run. `words` makes questions
    longer, `ranked` gives items different needs, `paired` asks every question twice, `cached`
    gives all a long system prompt that is cached. With `retry` failed items are tried again.
    `elsewhere` says that the run is worked on at another computer, with a ledger of its own.
    """

    tag: str
    items: int
    batch_size: int | None
    lane: Lane | None
    lives: tuple[Life, ...]
    echo: bool = False
    schema: bool = False
    deadline: Deadline | None = None
    cap_share: float | None = None
    raise_cap: bool = False
    stages: tuple[StagePlan, ...] = ()
    max_tokens: int = 200
    words: int = 0
    ranked: bool = False
    paired: bool = False
    cached: bool = False
    retry: bool = False
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """A whole simulation.

    `look_s` is how often a worker looks for the wishes of others. `grain` is how many lines,
    rows or batches go in one step where the engine usually takes hundreds, None for those.
    """

    seed: int
    workloads: tuple[Workload, ...]
    faults: Faults = NO_FAULTS
    pace: Pace = field(default_factory=Pace)
    poll_s: float = 30.0
    concurrency: int = 8
    grace_s: float = 600.0
    look_s: float = 60.0
    grain: int | None = None

    @property
    def lists_late(self) -> bool:
        """Whether a batch may be missing in the list for longer than it is looked for."""
        return self.faults.list_lag_s >= self.grace_s

    @property
    def last_s(self) -> float:
        """How long the slowest batch takes."""
        return self.pace.batch_s[1]


def draw_schedule(seed: int) -> Schedule:
    """Return the schedule of a seed; the same one on every machine and in every version."""
    dice = _Dice(seed)
    pace = _pace(dice)
    long = pace.batch_s[1] > 2 * 3_600
    concurrency = dice.pick((1, 2, 4, 8, 32))
    grace_s = dice.pick((60.0, 600.0, 600.0, 1_800.0))
    workloads = [_workload(dice, "a", pace)]
    if dice.chance(0.25):
        second = _workload(dice, "b", pace)
        workloads.append(replace(second, elsewhere=dice.chance(0.4)))
    faults = _faults(dice, workloads, grace_s)
    if dice.chance(0.1):
        # A calm one: what has to hold when nothing goes wrong is more than otherwise.
        faults, workloads = NO_FAULTS, [replace(one, lives=()) for one in workloads]
    return Schedule(
        seed=seed,
        workloads=tuple(workloads),
        faults=faults,
        pace=pace,
        poll_s=600.0 if long else dice.pick((10.0, 30.0, 30.0, 120.0)),
        concurrency=concurrency,
        grace_s=grace_s,
        look_s=900.0 if long else dice.pick((5.0, 30.0, 60.0)),
        grain=dice.pick((None, None, dice.count(1, 5))),
    )


class _Dice:
    """What a schedule is drawn with."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"schedule {seed}")  # noqa: S311  # a draw, not a secret

    def chance(self, share: float) -> bool:
        return self._random.random() < share

    def pick(self, choices: Sequence[T]) -> T:
        return choices[int(self._random.random() * len(choices))]

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self._random.random()

    def often_small(self, low: float, high: float) -> float:
        """Return a number whose logarithm is evenly spread; `low` is above 0."""
        return float(low * (high / low) ** self._random.random())

    def count(self, low: int, high: int) -> int:
        """Return a whole number, the small ones more often; `low` is above 0."""
        return int(self.often_small(low, high + 1 - 1e-9))


def _pace(dice: _Dice) -> Pace:
    batch_s = dice.pick(
        (
            (0.0, 1.0),
            (5.0, 60.0),
            (60.0, 600.0),
            (120.0, 1_800.0),
            (120.0, 1_800.0),
            (600.0, 7_200.0),
            (3_600.0, 30 * 3_600.0),
        )
    )
    request_s = dice.pick(((0.1, 0.5), (0.8, 4.0), (0.8, 4.0), (2.0, 60.0), (100.0, 400.0)))
    return Pace(batch_s=batch_s, request_s=request_s)


# -- what is asked ----------------------------------------------------------------------------


def _workload(dice: _Dice, tag: str, pace: Pace) -> Workload:
    items = dice.count(1, 60)
    echo = dice.chance(0.6)
    lane = dice.pick((None, None, None, Lane.BATCH, Lane.REALTIME))
    return Workload(
        tag=tag,
        items=items,
        batch_size=dice.pick((None, dice.count(1, 60), max(1, items // 3), max(1, items // 6))),
        lane=lane,
        lives=_lives(dice, items, pace),
        echo=echo,
        schema=dice.chance(0.9 if echo else 0.3),
        deadline=_deadline(dice, pace) if dice.chance(0.3) else None,
        cap_share=dice.between(0.02, 1.2) if dice.chance(0.25) else None,
        raise_cap=dice.chance(0.5),
        stages=_stages(dice, items) if dice.chance(0.2) else (),
        max_tokens=dice.pick((200, 1_000)),
        words=dice.pick((0, 0, 10, 30)),
        ranked=dice.chance(0.2),
        paired=not echo and dice.chance(0.1),
        cached=dice.chance(0.04),
        retry=dice.chance(0.2),
    )


def _deadline(dice: _Dice, pace: Pace) -> Deadline:
    longest_s = max(600.0, 3.0 * pace.batch_s[1])
    return Deadline(dice.often_small(20.0, longest_s), strict=dice.chance(0.4))


def _stages(dice: _Dice, items: int) -> tuple[StagePlan, ...]:
    sizes = sorted({dice.count(1, items) for _ in range(dice.count(1, 2))})
    return tuple(StagePlan(size, dice.pick((None, Lane.REALTIME, Lane.BATCH))) for size in sizes)


def _lives(dice: _Dice, items: int, pace: Pace) -> tuple[Life, ...]:
    count = dice.pick((0, 1, 1, 2, 3, 5))
    return tuple(_life(dice, items, pace) for _ in range(count))


# Calls that are few, and whose middle is a place of its own: creates, cancels, results, lists.
_PATHS: Final = ("/batches", "/cancel", "/cancel", "/results", "limit=1", "/messages")


def _life(dice: _Dice, items: int, pace: Pace) -> Life:
    around_s = max(2.0, pace.batch_s[1])
    end: End = dice.pick(
        (
            AtCommit(dice.count(1, 60), after=dice.chance(0.5)),
            AtCommit(dice.count(1, 20), after=dice.chance(0.5)),
            AtExchange(dice.count(1, 60), dice.pick(tuple(Phase))),
            AtExchange(dice.count(1, 12), dice.pick(tuple(Phase))),
            AtExchange(dice.count(1, 3), dice.pick(tuple(Phase)), dice.pick(_PATHS)),
            AtTime(dice.often_small(0.01, around_s)),
            Stop(dice.often_small(0.01, around_s)),
            DiskFull(dice.count(1, 40)),
            None,
        )
    )
    pause_s = dice.pick(
        (0.0, 1.0, dice.often_small(1.0, 3_600.0), dice.often_small(3_600.0, 30 * DAY_S))
    )
    wishes: tuple[Wish, ...] = ()
    if dice.chance(0.2):
        wishes = tuple(
            Wish(
                dice.often_small(0.01, around_s),
                None if dice.chance(0.2) else int(dice.between(0, items)),
            )
            for _ in range(dice.count(1, 4))
        )
    return Life(
        end=end,
        pause_s=pause_s,
        wishes=wishes,
        rival_s=dice.often_small(0.01, around_s) if dice.chance(0.1) else None,
        key=1 if dice.chance(0.04) else 0,
    )


# -- what goes wrong --------------------------------------------------------------------------

# The highest rate of each fault: runs have to end, and most of what they ask has to succeed.
_HIGHEST: Final[Mapping[str, float]] = {
    "refuse_connection": 0.1,
    "drop_before": 0.06,
    "drop_after": 0.06,
    "slow": 0.03,
    "server_error": 0.08,
    "overloaded": 0.1,
    "rate_limited": 0.1,
    "never_taken": 0.05,
    "html_error": 0.05,
    "login_page": 0.02,
    "gateway_timeout": 0.05,
    "forbidden": 0.05,
    "create_lost": 0.6,
    "create_error": 0.4,
    "repeated_id": 0.1,
    "poll_error": 0.3,
    "poll_404": 0.1,
    "foreign": 0.6,
    "deleted_by_other": 0.2,
    "miscount": 0.3,
    "uncounted": 0.5,
    "results_404": 0.3,
    "cut_in_line": 0.3,
    "cut_at_line": 0.3,
    "short": 0.3,
    "blank_line": 0.1,
    "unknown_line": 0.1,
    "unsent_line": 0.1,
    "duplicate_line": 0.2,
    "missing_line": 0.1,
    "unknown_result": 0.05,
    "nameless_line": 0.05,
    "errored": 0.2,
    "expired": 0.2,
    "swapped": 0.3,
    "wrong_ref": 0.1,
    "not_json": 0.15,
    "bad_schema": 0.15,
    "cut_reply": 0.1,
    "refused": 0.1,
    "paused": 0.1,
    "searched": 0.2,
    "no_usage": 0.2,
    "odd_bytes": 0.3,
    "cut_bytes": 0.1,
}
# Without an echo nothing can tell an answer under a wrong id from the right one.
_NEED_ECHO: Final = ("swapped", "wrong_ref")
# What happens to creates, and to whoever looks for what became of one.
_CREATES: Final = (
    "create_lost", "create_error", "drop_before", "drop_after", "foreign", "poll_error",
    "results_404", "cut_in_line", "short", "swapped", "server_error", "slow",
)  # fmt: skip
_PRESETS: Final = tuple(sorted(set(PRESETS) - {"spend-cap", "no-credit"}))


def _faults(dice: _Dice, workloads: Sequence[Workload], grace_s: float) -> Faults:
    kind = dice.pick(("none", "few", "few", "many", "preset", "creates"))
    if kind == "none":
        return NO_FAULTS
    if kind == "preset":
        faults = PRESETS[dice.pick(_PRESETS)]
    else:
        count = dice.count(1, 3) if kind == "few" else dice.count(4, 14)
        names = _CREATES if kind == "creates" else tuple(_HIGHEST)
        drawn: dict[str, Any] = {}
        for _ in range(count):
            name = dice.pick(names)
            drawn[name] = dice.between(0.0, _HIGHEST[name])
        faults = Faults(**drawn)
    for _ in range(dice.pick((0, 0, 1, 2 if kind == "creates" else 1))):
        faults = replace(faults, **_limits(dice, workloads, grace_s))
    return _possible(faults, workloads)


def _limits(dice: _Dice, workloads: Sequence[Workload], grace_s: float) -> dict[str, Any]:
    """Draw one of the faults that are no rates."""
    largest = max(load.batch_size or load.items for load in workloads)
    period_s = dice.often_small(30.0, 600.0)
    return dice.pick(
        (
            {"requests_per_min": dice.count(10, 600)},
            {"input_tokens_per_min": dice.count(500, 50_000)},
            {"output_tokens_per_min": dice.count(200, 20_000)},
            {"max_queued": largest + dice.count(1, 40)},
            {"create_bytes": dice.count(600, 60_000)},
            {
                "retry_after_form": dice.pick(("date", "ms", "odd", "none", "hurry")),
                "rate_limited": dice.between(0.0, 0.1),
            },
            {"spend_cap_after": dice.count(1, 60)},
            {"credit_after": dice.count(1, 60)},
            {"create_lost_first": dice.count(1, 3)},
            {"fresh_404_s": dice.often_small(1.0, 900.0)},
            {"list_lag_s": dice.often_small(1.0, grace_s * (0.8 if dice.chance(0.9) else 2.0))},
            {"storm_period_s": period_s, "storm_s": period_s * dice.between(0.05, 0.4)},
        )
    )


def _possible(faults: Faults, workloads: Sequence[Workload]) -> Faults:
    """Leave out what no client could survive without harm, however it is written."""
    without: dict[str, Any] = {}
    if not all(load.echo for load in workloads):
        without |= dict.fromkeys(_NEED_ECHO, 0.0)
    lost = faults.create_lost or faults.create_lost_first or faults.create_error
    unknown = lost or faults.drop_after or any(load.lives for load in workloads)
    if unknown:
        # A batch whose create is unknown has its size for a mark, and has to be there: a
        # provider that lies about it, or somebody who deletes it, leaves no trace of it at all.
        without |= {"miscount": 0.0, "deleted_by_other": 0.0}
    if any(load.cap_share is not None for load in workloads):
        # What searches cost cannot be bounded beforehand: with them a cap is refused.
        without |= {"searched": 0.0}
    return replace(faults, **without)


def describe(faults: Faults) -> str:
    """Return the faults that are on, in one line."""
    on = {
        one.name: getattr(faults, one.name)
        for one in fields(faults)
        if getattr(faults, one.name) != one.default
    }
    return ", ".join(f"{name} {value}" for name, value in on.items()) or "none"
