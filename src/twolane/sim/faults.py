"""Faults of a provider, as rates and limits, drawn from a seed.

Every draw is a hash of the seed, the fault's name and its subject (the call's number, the request's
body, the batch and the item), so that a seed causes the same faults in whatever order the calls
arrive.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Faults:
    """Rates (0 to 1) and limits of faults; all off by default. Times are simulated.

    Any call: `refuse_connection` (never sent), `drop_before` (sent, never accepted), `drop_after`
    (accepted, its answer lost; creates have their own), `slow` (answers only after `slow_s`),
    `server_error` (500), `overloaded` (529), `rate_limited` (429 with `retry_after_s`),
    `html_error` (502 with a proxy's page), `login_page` (200 with one); a storm answers 529 to
    everything for `storm_s` out of every `storm_period_s`, from the simulator's start on.
    `retry_after_form` is how a pause is stated: in `seconds`, as a `date`, in `ms`, as `odd` words,
    as 0 (`hurry`), or not at all (`none`). `never_taken` requests always get a 429 in real time.
    With `redirects` every answer is a 301 to elsewhere. Over HTTP a connection that was idle for
    `idle_cut_s` is cut at its next request, which is lost.

    Messages: `gateway_timeout` (accepted, but a gateway answers 504), `forbidden` (a firewall
    always answers 403 to the same message).

    Limits, per key: `requests_per_min`, `input_tokens_per_min` and `output_tokens_per_min` of the
    real-time lane, `max_queued` requests in unfinished batches, and `spend_cap_after` requests
    accepted, after which every further one gets a 429 that names the spend limit, or with
    `credit_after` a 400 that says the credit is used up.

    Batches: `create_lost` and the first `create_lost_first` creates (accepted, then the connection
    drops), `create_error` (accepted, answered 500), `fresh_404_s` (a new batch is unknown to polls
    for that long), `create_bytes` (a larger create is answered 413 by a proxy), `repeated_id` (a
    proxy answers a create with an earlier one's answer), `poll_error` (a poll fails with 500),
    `poll_404` (a poll does not find the batch), `list_lag_s` (a new batch is missing in the list
    for that long), `foreign` (with a create, somebody else's batch of the same size appears),
    `deleted_by_other` (deleted once it has ended), `miscount` (its counts claim one result more
    than there are), `uncounted` (its counts are 0 until it has ended).

    Results, per fetch: `results_404`, `cut_in_line` and `cut_at_line` (the connection breaks),
    `short` (ends early, as if complete). Results, per line: `blank_line`, `unknown_line` (not a
    result), `unsent_line` (an id that was never sent), `duplicate_line`, `missing_line`,
    `unknown_result` (a result of an unknown type), `nameless_line` (a result without its
    custom_id).

    Items: `errored` (one of `errored_kinds`), `expired`, `swapped` (answered under another item's
    id). Replies, in both lanes: `wrong_ref` (echoes another token), `not_json` and `bad_schema` (if
    a schema was requested), `cut_reply` (stops at max_tokens), `refused`, `paused` (ends with
    pause_turn), `searched` (the web, for a fee), `no_usage` (counts that are null), `odd_bytes`
    (JSON that strict readers refuse), `cut_bytes` (truncated bytes).
    """

    refuse_connection: float = 0.0
    drop_before: float = 0.0
    drop_after: float = 0.0
    slow: float = 0.0
    slow_s: float = 120.0
    server_error: float = 0.0
    overloaded: float = 0.0
    rate_limited: float = 0.0
    retry_after_s: float = 5.0
    html_error: float = 0.0
    login_page: float = 0.0
    gateway_timeout: float = 0.0
    forbidden: float = 0.0
    storm_period_s: float = 0.0
    storm_s: float = 0.0
    retry_after_form: str = "seconds"
    never_taken: float = 0.0
    redirects: bool = False
    idle_cut_s: float | None = None

    requests_per_min: int | None = None
    input_tokens_per_min: int | None = None
    output_tokens_per_min: int | None = None
    max_queued: int | None = None
    spend_cap_after: int | None = None
    credit_after: int | None = None

    create_lost: float = 0.0
    create_lost_first: int = 0
    create_error: float = 0.0
    create_bytes: int | None = None
    repeated_id: float = 0.0
    fresh_404_s: float = 0.0
    poll_error: float = 0.0
    poll_404: float = 0.0
    list_lag_s: float = 0.0
    foreign: float = 0.0
    deleted_by_other: float = 0.0
    miscount: float = 0.0
    uncounted: float = 0.0

    results_404: float = 0.0
    cut_in_line: float = 0.0
    cut_at_line: float = 0.0
    short: float = 0.0
    blank_line: float = 0.0
    unknown_line: float = 0.0
    unsent_line: float = 0.0
    duplicate_line: float = 0.0
    missing_line: float = 0.0
    unknown_result: float = 0.0
    nameless_line: float = 0.0

    errored: float = 0.0
    errored_kinds: tuple[str, ...] = ("overloaded_error", "api_error", "timeout_error")
    expired: float = 0.0
    swapped: float = 0.0
    wrong_ref: float = 0.0
    not_json: float = 0.0
    bad_schema: float = 0.0
    cut_reply: float = 0.0
    refused: float = 0.0
    paused: float = 0.0
    searched: float = 0.0
    no_usage: float = 0.0
    odd_bytes: float = 0.0
    cut_bytes: float = 0.0


NO_FAULTS: Final = Faults()

_FLAKY: Final = Faults(
    refuse_connection=0.03,
    drop_before=0.03,
    drop_after=0.03,
    slow=0.02,
    poll_error=0.1,
    poll_404=0.02,
    results_404=0.1,
    cut_in_line=0.2,
    cut_at_line=0.1,
    short=0.1,
)
_BAD_RESULTS: Final = Faults(
    cut_in_line=0.15,
    cut_at_line=0.15,
    short=0.15,
    blank_line=0.02,
    unknown_line=0.01,
    unsent_line=0.01,
    duplicate_line=0.02,
    missing_line=0.01,
    unknown_result=0.01,
    miscount=0.1,
    errored=0.03,
    expired=0.02,
)
_BAD_REPLIES: Final = Faults(
    wrong_ref=0.01, not_json=0.02, bad_schema=0.02, cut_reply=0.01, refused=0.01
)
_ODD_ANSWERS: Final = Faults(
    no_usage=0.02, odd_bytes=0.05, cut_bytes=0.01, paused=0.01, nameless_line=0.005
)
_LOST_CREATES: Final = Faults(
    create_lost=0.3, create_error=0.1, list_lag_s=45.0, fresh_404_s=60.0, foreign=0.3
)

PRESETS: Final[Mapping[str, Faults]] = {
    "none": NO_FAULTS,
    "rate-limits": Faults(
        rate_limited=0.05,
        requests_per_min=600,
        input_tokens_per_min=400_000,
        output_tokens_per_min=80_000,
    ),
    "never-taken": Faults(never_taken=0.02),
    "narrow-proxy": Faults(create_bytes=3_000, idle_cut_s=0.8, retry_after_form="date"),
    "spend-cap": Faults(spend_cap_after=50),
    "no-credit": Faults(credit_after=50),
    "gateway": Faults(gateway_timeout=0.05, html_error=0.02, login_page=0.01, forbidden=0.01),
    "odd-answers": _ODD_ANSWERS,
    "searches": Faults(searched=0.3),
    "overload": Faults(
        overloaded=0.05, server_error=0.03, html_error=0.02, storm_period_s=300.0, storm_s=20.0
    ),
    "flaky-network": _FLAKY,
    "bad-results": _BAD_RESULTS,
    "bad-replies": _BAD_REPLIES,
    "lost-creates": _LOST_CREATES,
    "foreign-batches": Faults(foreign=1.0, create_lost=0.3),
    "deleted": Faults(deleted_by_other=0.3),
    "swapped": Faults(swapped=0.05, wrong_ref=0.02),
    "chaos": replace(
        _FLAKY,
        **{
            one.name: getattr(preset, one.name)
            for preset in (_BAD_RESULTS, _BAD_REPLIES, _ODD_ANSWERS, _LOST_CREATES)
            for one in fields(preset)
            if getattr(preset, one.name) != one.default
        },
        rate_limited=0.02,
        overloaded=0.02,
        server_error=0.01,
        html_error=0.01,
        gateway_timeout=0.01,
        swapped=0.01,
    ),
}
"""Named sets of faults, for `--faults NAME`."""


class Dice:
    """Draws from a seed, with a log of the resulting faults."""

    def __init__(self, seed: int, log: Counter[str]) -> None:
        """Draw from `seed`; `log` counts the faults by name."""
        self._prefix = b"%d:" % seed
        self.log = log

    def draw(self, *about: object) -> float:
        """Return a number in [0, 1) that depends only on the seed and `about`."""
        source = self._prefix + ":".join(map(str, about)).encode()
        return int.from_bytes(blake2b(source, digest_size=7).digest(), "big") / (1 << 56)

    def between(self, low_high: tuple[float, float], *about: object) -> float:
        """Return a number between two bounds."""
        low, high = low_high
        return low + (high - low) * self.draw(*about)

    def hits(self, name: str, rate: float, *about: object) -> bool:
        """Tell whether the fault `name` happens, without logging it."""
        return rate > 0 and self.draw(name, *about) < rate

    def strikes(self, name: str, rate: float, *about: object) -> bool:
        """Tell whether the fault `name` happens, and log it."""
        happens = self.hits(name, rate, *about)
        if happens:
            self.log[name] += 1
        return happens
