"""What a front shows of the ledger: runs, their items, batches, stages and failures.

Times are seconds since the epoch, durations are seconds, money is nano-dollars.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from twolane import ItemState, RunState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twolane import BatchState, Counts, Lane, Report, Usual

EXCLUDED: Final = "excluded"
"""The reason that stands in place of a name that may not be shown."""
RUNNING: Final = "running"
UNSUCCESSFUL: Final = (
    ItemState.FAILED, ItemState.QUARANTINED, ItemState.CONFLICT, ItemState.SKIPPED,
    ItemState.CANCELED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in a list. `label` is its vault, or the name of its input.

    `state` is the engine's, and `counts` are of its items: both None if no model was asked.
    `became` is its outcome so far in words, `running` while a process works on it. `noun` is what
    one of its `total` is. `of_vault` tells a run of notemill from one of `twolane run`; `asides` are
    the runs that were asked beside it.
    """

    id: str
    kind: str
    label: str
    at: float
    ended_at: float | None
    state: RunState | None
    became: str
    is_running: bool
    total: int
    noun: str
    counts: Counts | None
    spent_nano: int
    of_vault: bool
    asides: tuple[str, ...] = ()

    @property
    def is_partial(self) -> bool:
        """Whether some of its items ended without success."""
        return self.counts is not None and any(
            getattr(self.counts, state.value) for state in UNSUCCESSFUL
        )


@dataclass(frozen=True, slots=True)
class BatchLine:
    """A batch. `age_s` is its age, or how long it took; `usual` how long such batches take.

    `expires_at` is when the provider ends it by itself; `expected_at` and `late_at` are when half
    of such batches, and nine of ten, have ended. All are None unless the batch is being worked on.
    """

    number: int
    provider_id: str
    size: int
    state: BatchState
    is_open: bool
    reason: str
    submitted_at: float | None
    ended_at: float | None
    age_s: float | None
    usual: Usual | None
    expected_at: float | None
    late_at: float | None
    expires_at: float | None


class StageState(StrEnum):
    """How a stage stands; only one that is verified and agreed to is followed by the next."""

    TO_DO = "not begun"
    RUNNING = "running"
    PAUSED = "paused"
    WAITS = "waiting for your review"
    UNVERIFIED = "not verified"
    VERIFIED = "verified"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class StageLine:
    """A stage of a run, numbered from 1, with its items by state and the outcome of its check.

    `problems` are what the check found, `checked` is the number of results that it looked at while
    the stage waits, 0 otherwise.
    """

    number: int
    purpose: str
    total: int
    states: dict[ItemState, int]
    state: StageState
    checked: int = 0
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunDetail:
    """All about a run but its items, failures and timeline.

    `report` has no failures; it is None if no model was asked. `cancel_asked` tells that its
    cancellation was requested and has not been carried out. Of what failed, `retryable` may pass
    when it is sent again, and `left` would fail the same way, by kind. `command` continues the run
    in a terminal; `goes_on_here` tells whether that needs no more than its id.
    """

    line: RunLine
    report: Report | None = None
    provider: str = ""
    model: str = ""
    reason: str = ""
    cap_nano: int | None = None
    deadline_at: float | None = None
    cancel_asked: bool = False
    handed_over: bool = False
    dropped_at: float | None = None
    stages: tuple[StageLine, ...] = ()
    batches: tuple[BatchLine, ...] = ()
    retryable: int = 0
    left: Mapping[str, int] = field(default_factory=dict)
    command: str = ""
    goes_on_here: bool = False

    @property
    def can_cancel(self) -> bool:
        """Whether there is anything to cancel."""
        return (
            self.line.state in (RunState.OPEN, RunState.STOPPED)
            and not self.handed_over
            and not self.cancel_asked
        )

    @property
    def can_resume(self) -> bool:
        """Whether it may be continued here, as nobody works on it."""
        unfinished = self.line.state in (RunState.OPEN, RunState.STOPPED)
        return unfinished and self._is_idle

    @property
    def can_retry(self) -> bool:
        """Whether items that failed may be sent again."""
        failed = self.line.counts is not None and self.line.counts.failed > 0
        not_canceled = self.line.state is not RunState.CANCELED
        return failed and not_canceled and self._is_idle and self.dropped_at is None

    @property
    def _is_idle(self) -> bool:
        return self.goes_on_here and not self.line.is_running and not self.handed_over


@dataclass(frozen=True, slots=True)
class ShownItem:
    """An item of a run. Its key is '' and its reason `excluded` if its name may not be shown.

    `seconds` is from when it was first sent until its last answer, or until now.
    """

    index: int
    key: str
    lane: Lane
    state: ItemState
    attempts: int
    seconds: float | None
    cost_nano: int
    reason: str


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Items in input order; `next` is the cursor of the following page, None if this is the last."""

    items: tuple[ShownItem, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Items that did not succeed for the same reason, and what to do about them.

    `keys` are a few of them by name; `hidden` counts those whose names may not be shown.
    """

    kind: str
    message: str
    count: int
    keys: tuple[str, ...]
    retryable: bool
    advice: str


@dataclass(frozen=True, slots=True)
class Failures:
    """The failures of a run in groups, the largest first, from the first `looked_at` of `total`."""

    groups: tuple[FailureGroup, ...]
    looked_at: int
    total: int
