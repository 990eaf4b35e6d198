"""The decision about a fault, as a value: made here and nowhere else.

There are two levels. `decide_call` is about one try of a real-time call, which is repeated inside
the same attempt as long as nothing can have been billed. `decide` is about an attempt that has
ended: whether its item gets another one.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from twolane.core.cooldown import wait_s
from twolane.core.faults import NO_STATUS, refusal
from twolane.core.types import Canceled, Errored, Expired, Missing, Quarantined
from twolane.errors import (
    ForbiddenError,
    InvalidReplyError,
    NotTheProviderError,
    ProviderError,
    RejectedError,
    RunRefusedError,
    TransientError,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

MAX_CALL_TRIES: Final = 8
"""Tries of one real-time call on errors that are not billed."""

MAX_STRANGE_TRIES: Final = 3
"""Tries of a call that something other than the provider answers."""

MAX_STRANGE_LOOKS: Final = 10
"""Polls in a row that something else answers, over minutes, such as a login page."""

MAX_BROKEN_LOOKS: Final = 3
"""Polls in a row whose answers cannot be read: another one would not be better."""

FIRST_BACKOFF_S: Final = 0.5
MAX_BACKOFF_S: Final = 30.0
MAX_DOUBLINGS: Final = 10
"""Reaches MAX_BACKOFF_S, and keeps the power small."""


class FaultClass(StrEnum):
    """What kind of fault ended an attempt."""

    WRONG_REQUEST = "wrong_request"
    TRANSIENT = "transient"
    """Not answered and not billed: overload, rate limit, server error, expiry."""

    TURNED_DOWN = "turned_down"
    """Refused repeatedly as for overload while others were answered: not billed."""

    DROPPED = "dropped"
    """The request was sent and no answer came: it may have been billed."""

    MISSING = "missing"
    BAD_REPLY = "bad_reply"
    UNUSABLE = "unusable"
    """Billed, and another try would be no better: refused, cut off, or unreadable."""

    CANCELED = "canceled"
    UNPROVEN = "unproven"
    """The reply cannot be proven to belong to the item."""

    RUN_REFUSED = "run_refused"
    """Key, permission, credit or spend limit: every other request would fail the same way."""


class RetryDecision(StrEnum):
    """What happens next."""

    FIX = "fix"
    """A person has to change the request; it is never sent again as it is."""

    RESEND = "resend"
    REPAIR = "repair"
    """Sent again with the reply's error shown to the model."""

    GIVE_UP = "give_up"
    STOP_RUN = "stop_run"


Ending: TypeAlias = Errored | Expired | Canceled | Missing | Quarantined

ENDINGS: Final = frozenset(
    {
        "refusal", "max_tokens", "model_context_window_exceeded", "pause_turn", "tool_use",
        "stop_sequence", "other_ending",
    }
)  # fmt: skip
"""Failure kinds of a reply that is not in the requested form because of how it ended."""

# What is said of an attempt here, and not by the provider. What the provider says: faults.py.
_CLASS_OF_KIND: Final[Mapping[str, FaultClass]] = {
    "context_exceeded": FaultClass.WRONG_REQUEST,
    "connection": FaultClass.DROPPED,
    "invalid_reply": FaultClass.BAD_REPLY,
    "unreadable_reply": FaultClass.UNUSABLE,
    "reply_too_large": FaultClass.UNUSABLE,
    "results_too_large": FaultClass.UNUSABLE,
    "unknown_result": FaultClass.UNUSABLE,
    **dict.fromkeys(ENDINGS, FaultClass.UNUSABLE),
}
_KINDS_OF_LOAD: Final = frozenset({"rate_limit_error", "overloaded_error"})
_USUAL_ENDINGS: Final = frozenset({"end_turn", ""})
ALWAYS_FAILS: Final = frozenset({FaultClass.WRONG_REQUEST, FaultClass.UNUSABLE})
"""Faults that the same request would meet again."""

# An item whose attempt of at least this number ends in the fault is given up.
_MAX_ATTEMPTS: Final[Mapping[FaultClass, int]] = {
    FaultClass.TRANSIENT: 3,
    # A bad network drops several calls in a row; each keeps its reserve, so the budget bounds
    # them as well.
    FaultClass.DROPPED: 5,
    # Paid for each time: faults that take turns must not go on for ever.
    FaultClass.MISSING: 4,
    FaultClass.BAD_REPLY: 4,
}


def classify(ending: Ending | ProviderError) -> FaultClass:
    """Name the kind of fault behind an attempt's ending or a provider's error."""
    match ending:
        case Errored():
            if ending.own:
                load = ending.kind in _KINDS_OF_LOAD
                return FaultClass.TURNED_DOWN if load else FaultClass.WRONG_REQUEST
            return _classify_kind(ending)
        case Expired():
            return FaultClass.TRANSIENT
        case Canceled():
            return FaultClass.CANCELED
        case Missing():
            return FaultClass.MISSING
        case Quarantined():
            return FaultClass.UNPROVEN
        case ProviderError():
            return _classify_error(ending)
        case _:
            assert_never(ending)


def is_own_or_all(ending: Errored) -> bool:
    """Tell whether an error may concern this request or all: only this one if others are answered."""
    return refusal(NO_STATUS, ending.kind, ending.message) is ForbiddenError


def _classify_kind(ending: Errored) -> FaultClass:
    """Classify by what was said: here, or by the provider."""
    if ending.kind in _CLASS_OF_KIND:
        return _CLASS_OF_KIND[ending.kind]
    return _classify_error(refusal(NO_STATUS, ending.kind, ending.message)(kind=ending.kind))


def _classify_error(error: ProviderError) -> FaultClass:
    """Classify by the error's class, which faults.py has found."""
    if error.maybe_paid:
        return FaultClass.DROPPED
    match error:
        case RunRefusedError():
            return FaultClass.RUN_REFUSED
        case RejectedError():
            return FaultClass.WRONG_REQUEST
        case InvalidReplyError():
            return FaultClass.BAD_REPLY
        case TransientError():
            return FaultClass.TRANSIENT
        case _:
            return FaultClass.TRANSIENT


def ending_kind(stop_reason: str | None) -> str | None:
    """Return the failure kind of a reply that is not in form because of how it ended.

    None if it ended normally: its form is then the model's mistake, which may be corrected.
    """
    if (stop_reason or "") in _USUAL_ENDINGS:
        return None
    return stop_reason if stop_reason in ENDINGS else "other_ending"


def retryable(faults: Collection[str]) -> bool:
    """Tell whether a failed item is worth sending again as it is, by its faults so far."""
    return not ALWAYS_FAILS.intersection(faults)


def decide(fault: FaultClass, *, attempt: int, again: bool) -> RetryDecision:
    """Decide what becomes of an item whose attempt ended in `fault`.

    `attempt` counts the item's attempts from 1, this one included; `again` says that an earlier one
    ended in the same class of fault. A billed but useless result (missing, or an invalid reply) is
    tried once more, never twice.
    """
    spent = attempt >= _MAX_ATTEMPTS.get(fault, 1)
    match fault:
        case FaultClass.WRONG_REQUEST:
            return RetryDecision.FIX
        case FaultClass.RUN_REFUSED:
            return RetryDecision.STOP_RUN
        case (
            FaultClass.CANCELED | FaultClass.UNPROVEN | FaultClass.UNUSABLE | FaultClass.TURNED_DOWN
        ):
            return RetryDecision.GIVE_UP
        case FaultClass.MISSING:
            return RetryDecision.GIVE_UP if again or spent else RetryDecision.RESEND
        case FaultClass.BAD_REPLY:
            return RetryDecision.GIVE_UP if again or spent else RetryDecision.REPAIR
        case FaultClass.TRANSIENT | FaultClass.DROPPED:
            return RetryDecision.GIVE_UP if spent else RetryDecision.RESEND
        case _:
            assert_never(fault)


def run_refused(kind: str, message: str) -> ProviderError:
    """Return the error that ends a run whose item was refused with this RUN_REFUSED kind."""
    return refusal(NO_STATUS, kind, message)(message, kind=kind)


def decide_call(
    error: ProviderError, *, try_no: int, others_answered: bool | None = None
) -> RetryDecision:
    """Decide what becomes of a real-time call whose try `try_no` (from 1) ended in `error`.

    RESEND: wait `backoff_s` and call again, in the same attempt. GIVE_UP: the attempt ends, and
    `decide` says what becomes of its item. That also happens after the first dropped call that was
    sent, because an attempt that may have been billed must stay on record by itself.
    `others_answered` tells whether other requests were answered since this one was sent, None if
    none ever was. If they were, a foreign page or a 403 concerns this request alone, for instance
    because its text offends a firewall; if they were answered only before, it is too early to tell.
    """
    fault = classify(error)
    if isinstance(error, NotTheProviderError | ForbiddenError):
        last = others_answered is None and isinstance(error, ForbiddenError)
        if try_no < MAX_STRANGE_TRIES and not last:
            return RetryDecision.RESEND
        return RetryDecision.FIX if others_answered else RetryDecision.STOP_RUN
    if fault is FaultClass.WRONG_REQUEST:
        return RetryDecision.FIX
    if fault is FaultClass.RUN_REFUSED:
        return RetryDecision.STOP_RUN
    if fault is FaultClass.TRANSIENT and try_no < MAX_CALL_TRIES:
        return RetryDecision.RESEND
    return RetryDecision.GIVE_UP


def backoff_s(try_no: int, *, retry_after_s: float | None, jitter: float) -> float:
    """Return the seconds to wait after try `try_no` (from 1).

    Exponential with full jitter, between 0 and 0.5 s · 2^(try_no-1), 30 s at most (M. Brooker,
    "Exponential Backoff And Jitter", AWS Architecture Blog, 2015); longer if the provider's own
    cooldown is, see cooldown.wait_s. `jitter` is the caller's random number in [0, 1).
    """
    ceiling_s = min(FIRST_BACKOFF_S * 2.0 ** min(try_no - 1, MAX_DOUBLINGS), MAX_BACKOFF_S)
    return wait_s(ceiling_s * jitter, retry_after_s, jitter=jitter)


_ADVICE: Final[Mapping[str, str]] = {
    "invalid_request_error": "Correct the request as the message says; as it is, it always fails.",
    "not_found_error": "Check the model's name and the base URL; the provider knows no such thing.",
    "context_exceeded": "Shorten the source, or start the server with a larger context.",
    "request_too_large": "Shorten or split the source; the provider takes no request of this size.",
    "authentication_error": "Set a valid API key and resume the run.",
    "permission_error": "Use a key that may use this model, or another model, and resume the run.",
    "billing_error": "Add credit to the provider's account and resume the run.",
    "enforced_spend_limit_reached": "Raise the spend limit in the provider's console and resume.",
    "rate_limit_error": "Retry the failed items later, or lower the concurrency.",
    "overloaded_error": "Retry the failed items later; the provider was overloaded.",
    "api_error": "Retry the failed items later; the provider had an internal error.",
    "timeout_error": "Retry the failed items, or send them as a batch; the provider took too long.",
    "connection": "Check the network and the base URL, then retry the failed items.",
    "invalid_reply": "Retry the item, or use a stronger model; the reply lacks the form asked for.",
    "expired": "Retry the failed items; the provider did not get to them within 24 hours.",
    "canceled": "Start a run again for what is still wanted; these items were canceled.",
    "unreadable_reply": "Look at the kept bytes (`show --item`); it was paid for, and asking again costs again.",
    "reply_too_large": "Look at its beginning (`show --item`) and at who answers there; it counts as paid, and asking again costs again.",
    "results_too_large": "See who answers there; it may be among the results that were not read, and counts as paid.",
    "unknown_result": "Look at the provider's documentation of this result, which this version does not know.",
    "refusal": "Change or leave out the source; the model refuses it.",
    "max_tokens": "Allow more with max_tokens, or shorten the source; the reply was cut off.",
    "model_context_window_exceeded": "Shorten or split the source; it leaves no room for the reply.",
    "pause_turn": "Ask for less in one request; the provider paused a long turn, which is not gone on with here.",
    "tool_use": "Ask without tools of your own; the model wants one to be run, and nothing runs it here.",
    "stop_sequence": "Change stop_sequences; one of them cut the reply off.",
    "other_ending": "Look at the kept reply (`show --item`); the model ended it in a way of its own.",
    "gateway_timeout": "Shorten the requests, or send them as a batch; a gateway gave up waiting.",
    "not_the_provider": "Check the base URL and the proxy; what answers is not the provider.",
    "missing": "Retry the item; the provider's results have no line for it.",
    "quarantined": "Look at the kept reply, which may belong to another item, then retry the item.",
}


def advice(kind: str) -> str:
    """Return one sentence on what a person can do about an error of this kind."""
    return _ADVICE.get(kind, "Read the provider's message, then retry the failed items.")
