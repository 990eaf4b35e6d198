"""The engine's vocabulary: frozen values used by every layer.

Times are seconds since the epoch (UTC), money is integer nano-dollars inside and `Decimal` dollars
at the edge, sizes are bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping


class Headroom(NamedTuple):
    """One limit from an answer's headers: the amount per minute, and how much of it is left."""

    limit: int
    left: int


class RateHeaders(NamedTuple):
    """The limits in an answer's headers; None for those it does not state."""

    requests: Headroom | None = None
    input_tokens: Headroom | None = None
    output_tokens: Headroom | None = None


class MinuteLimits(NamedTuple):
    """A provider's real-time limits per minute; None for those it has not stated."""

    requests: int | None = None
    input_tokens: int | None = None


class Lane(StrEnum):
    """The two ways a request can travel."""

    REALTIME = "realtime"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Request:
    """One model request of a run.

    `params` is the provider's own body and is never altered, except that a request with `echo` gets
    the line `note_ref: TOKEN` in front of its first user message. `key` names the source (a
    caller's id, a note's path) and is unique in the run; `name` is what a person calls it and goes,
    sanitised, into the engine's id; `content_hash` is the source's hash when it was read. `echo`
    says that the reply is a JSON object that repeats the token in its field `note_ref`. `need`
    ranks the request if a budget does not cover all: higher goes first. `origin` is where it was
    read, such as a file's line, for messages. A member `betas` of `params`, a list of names, is
    sent as the header `anthropic-beta`.
    """

    key: str
    params: Mapping[str, Any]
    name: str = ""
    content_hash: str = ""
    echo: bool = False
    need: int = 0
    origin: str = ""


UNKNOWN_USAGE = "usage"
"""An entry in `unpriced`: the answer's own counts cannot be read."""

BEYOND_USAGE = "usage beyond the request"
"""An entry in `unpriced`: the counts cost more than the request can."""


class Usage(NamedTuple):
    """Tokens and web searches of one reply, as the provider counted them.

    `input_tokens` excludes what was read from or written to the prompt cache.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    cache_read_tokens: int = 0
    web_searches: int = 0


class Reply(NamedTuple):
    """A model's answer: `message` is the provider's own JSON object, byte for byte.

    `rates` are the limits per minute from its headers; a batch's answers have none. `unpriced`
    names usage without a known price: server tools, service tiers. `problem` says why a successful
    answer cannot be read as a message, and `problem_kind` names that failure; `message` then holds
    its bytes, and `text` is empty.
    """

    message: bytes
    text: str
    usage: Usage
    stop_reason: str | None
    model: str
    request_id: str | None = None
    rates: RateHeaders | None = None
    unpriced: tuple[str, ...] = ()
    problem: str = ""
    problem_kind: str = "unreadable_reply"


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The provider answered, and the answer passed every check."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class Errored:
    """The provider, or one of our checks, ended the attempt with an error.

    `kind` is the provider's error type (`invalid_request_error`, `overloaded_error`, …) or
    `invalid_reply`, `connection`. `reply` is kept if an answer came and was billed. `own` says that
    it is this request's fault, whatever its kind would mean for others.
    """

    kind: str
    message: str
    reply: Reply | None = None
    request_id: str | None = None
    own: bool = False


@dataclass(frozen=True, slots=True)
class Expired:
    """The batch's 24 hours ended before the provider processed it; not billed."""


@dataclass(frozen=True, slots=True)
class Canceled:
    """Canceled before the provider processed it; not billed."""


@dataclass(frozen=True, slots=True)
class Missing:
    """The batch ended and its results, fetched completely, have no line for it."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An answer that cannot be proven to belong to the item; kept, never delivered."""

    message: str
    reply: Reply | None = None


Outcome: TypeAlias = Succeeded | Errored | Expired | Canceled | Missing | Quarantined


@dataclass(frozen=True, slots=True)
class RequestCounts:
    """The provider's counts of one batch's requests; the five add up to its size."""

    processing: int = 0
    succeeded: int = 0
    errored: int = 0
    canceled: int = 0
    expired: int = 0

    @property
    def total(self) -> int:
        """All requests of the batch."""
        return self.processing + self.succeeded + self.errored + self.canceled + self.expired


@dataclass(frozen=True, slots=True)
class BatchInfo:
    """A batch as the provider reports it. `status`: in_progress, canceling or ended.

    A time is None if not reported; the provider's clock may differ from ours, and be wrong.
    """

    id: str
    status: str
    counts: RequestCounts
    created_at: float | None
    expires_at: float | None
    ended_at: float | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """A provider's limits for one batch, and for all unfinished batches together."""

    max_items: int
    max_batch_bytes: int
    max_request_bytes: int
    max_queued: int = 200_000


@dataclass(frozen=True, slots=True)
class LaneDecision:
    """A lane, and why, in words for a person."""

    lane: Lane
    reason: str


@dataclass(frozen=True, slots=True)
class Failure:
    """An item that did not succeed, as reports show it."""

    item: str
    custom_id: str
    kind: str
    message: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class LaneTotals:
    """One lane's totals: the items that ended in it, its batches and its cost."""

    items: int = 0
    batches: int = 0
    cost_nano: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """Items by state; all but `uncertain` add up to `total`.

    `uncertain` counts attempts that may or may not have been billed.
    """

    total: int = 0
    pending: int = 0
    running: int = 0
    submitted: int = 0
    succeeded: int = 0
    failed: int = 0
    canceled: int = 0
    skipped: int = 0
    conflict: int = 0
    quarantined: int = 0
    uncertain: int = 0

    @property
    def open(self) -> int:
        """Items that are not terminal yet."""
        return self.pending + self.running + self.submitted


class Wait(NamedTuple):
    """What a run waits for, and until when, in seconds since the epoch.

    `until` is None if unknown.
    """

    why: str
    until: float | None


@dataclass(frozen=True, slots=True)
class Orphans:
    """Batches that turned up after they had been given up, their answers, and the cost."""

    batches: int = 0
    answers: int = 0
    cost_nano: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """The outcome of a deadline: `held` is None as long as it is undecided.

    `given_up` counts the batches that were canceled for it.
    """

    deadline_at: float
    held: bool | None
    given_up: int


class Month(NamedTuple):
    """A calendar month (UTC, `2026-11`) under its budget, over all runs of a ledger.

    `spent_nano` is what its requests have cost, or have reserved while in flight.
    """

    name: str
    cap_nano: int
    spent_nano: int

    @property
    def left_nano(self) -> int:
        """What may still be spent in it."""
        return max(0, self.cap_nano - self.spent_nano)


@dataclass(frozen=True, slots=True)
class Report:
    """A run's report, in the shape of the commands' `--json`.

    `endings` counts answers with a stop reason other than `end_turn`, by stop reason; `unpriced`
    answers with unpriced usage, by kind: their cost may be higher. `waiting` is what the process
    that works on it waits for, or last waited for.
    """

    run: str
    kind: str
    state: str
    items: Counts
    lanes: Mapping[Lane, LaneTotals]
    estimated_nano: int
    actual_nano: int
    all_realtime_nano: int
    failures: tuple[Failure, ...] = ()
    duration_s: float = 0.0
    decision: LaneDecision = field(default=LaneDecision(Lane.REALTIME, ""))
    deadline: Kept | None = None
    orphans: Orphans = field(default=Orphans())
    endings: Mapping[str, int] = field(default_factory=dict)
    unpriced: Mapping[str, int] = field(default_factory=dict)
    waiting: Wait | None = None
    month: Month | None = None

    @property
    def is_free(self) -> bool:
        """Whether nothing in it has a price, as with a local model."""
        return not (self.estimated_nano or self.actual_nano or self.all_realtime_nano)


EMPTY_REPORT = Report(
    run="",
    kind="",
    state="done",
    items=Counts(),
    lanes={lane: LaneTotals() for lane in Lane},
    estimated_nano=0,
    actual_nano=0,
    all_realtime_nano=0,
)
"""The report of a command that found nothing to do."""
