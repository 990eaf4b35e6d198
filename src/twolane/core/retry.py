"""What is done about a fault: a value, decided here and nowhere else.

There are two levels. `decide_call` speaks of one try of a real-time call, which is repeated
inside the same attempt as long as nothing can have been paid for. `decide` speaks of an attempt
that has ended, and of whether its item gets another one.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from twolane.core.types import Canceled, Errored, Expired, Missing, Quarantined
from twolane.errors import (
    AuthenticationError,
    CreditError,
    InvalidReplyError,
    ProviderError,
    RejectedError,
    RunRefusedError,
    SpendCapError,
    TransientError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_CALL_TRIES: Final = 8
"""Tries of one real-time call on errors that are not billed."""

FIRST_BACKOFF_S: Final = 0.5
MAX_BACKOFF_S: Final = 30.0
# Upward only: all calls that were told the same cooldown should not come back at once.
_COOLDOWN_JITTER: Final = 0.1
_MAX_COOLDOWN_JITTER_S: Final = 1.0


class FaultClass(StrEnum):
    """What kind of fault ended an attempt."""

    WRONG_REQUEST = "wrong_request"
    TRANSIENT = "transient"
    """Not answered and not billed: overload, rate limit, a server's error, expiry."""

    DROPPED = "dropped"
    """The request had left and no answer came: it may have been paid for."""

    MISSING = "missing"
    BAD_REPLY = "bad_reply"
    CANCELED = "canceled"
    UNPROVEN = "unproven"
    """The reply cannot be proved to belong to the item."""

    RUN_REFUSED = "run_refused"
    """Key, permission, credit or spend limit: every other request would meet the same."""


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

_CLASS_OF_KIND: Final[Mapping[str, FaultClass]] = {
    "invalid_request_error": FaultClass.WRONG_REQUEST,
    "not_found_error": FaultClass.WRONG_REQUEST,
    "request_too_large": FaultClass.WRONG_REQUEST,
    "context_exceeded": FaultClass.WRONG_REQUEST,
    "authentication_error": FaultClass.RUN_REFUSED,
    "permission_error": FaultClass.RUN_REFUSED,
    "billing_error": FaultClass.RUN_REFUSED,
    "enforced_spend_limit_reached": FaultClass.RUN_REFUSED,
    "connection": FaultClass.DROPPED,
    "invalid_reply": FaultClass.BAD_REPLY,
}

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
    """Name the kind of fault behind an attempt's ending or a provider's error.

    An error type nobody has heard of counts as transient: of a batch's errors only
    `invalid_request_error` needs a person (Message Batches documentation).
    """
    match ending:
        case Errored():
            return _CLASS_OF_KIND.get(ending.kind, FaultClass.TRANSIENT)
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


def _classify_error(error: ProviderError) -> FaultClass:
    """Classify by the error's class, and one of no special class by the provider's own type."""
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
            return _CLASS_OF_KIND.get(error.kind, FaultClass.TRANSIENT)


def decide(fault: FaultClass, *, attempt: int, again: bool) -> RetryDecision:
    """Decide what becomes of an item whose attempt ended in `fault`.

    `attempt` counts the item's attempts from 1, this one included; `again` says that an earlier
    one ended in the same class of fault. What was paid for and is of no use (a missing result, an
    invalid reply) is tried once more, never twice.
    """
    spent = attempt >= _MAX_ATTEMPTS.get(fault, 1)
    match fault:
        case FaultClass.WRONG_REQUEST:
            return RetryDecision.FIX
        case FaultClass.RUN_REFUSED:
            return RetryDecision.STOP_RUN
        case FaultClass.CANCELED | FaultClass.UNPROVEN:
            return RetryDecision.GIVE_UP
        case FaultClass.MISSING:
            return RetryDecision.GIVE_UP if again or spent else RetryDecision.RESEND
        case FaultClass.BAD_REPLY:
            return RetryDecision.GIVE_UP if again or spent else RetryDecision.REPAIR
        case FaultClass.TRANSIENT | FaultClass.DROPPED:
            return RetryDecision.GIVE_UP if spent else RetryDecision.RESEND
        case _:
            assert_never(fault)


def refusal(kind: str, message: str) -> RunRefusedError:
    """Return the error that ends a run whose item was refused with this RUN_REFUSED kind."""
    of_kind = {
        "enforced_spend_limit_reached": SpendCapError,
        "billing_error": CreditError,
        "authentication_error": AuthenticationError,
    }
    return of_kind.get(kind, RunRefusedError)(message, kind=kind)


def decide_call(error: ProviderError, *, try_no: int) -> RetryDecision:
    """Decide what becomes of a real-time call whose try `try_no` (from 1) ended in `error`.

    RESEND: wait `backoff_s` and call again, in the same attempt. GIVE_UP: the attempt ends, and
    `decide` says what becomes of its item; so also after the first dropped call that had left,
    because an attempt that may have been paid for has to stay on record by itself.
    """
    fault = classify(error)
    if fault is FaultClass.WRONG_REQUEST:
        return RetryDecision.FIX
    if fault is FaultClass.RUN_REFUSED:
        return RetryDecision.STOP_RUN
    if fault is FaultClass.TRANSIENT and try_no < MAX_CALL_TRIES:
        return RetryDecision.RESEND
    return RetryDecision.GIVE_UP


def backoff_s(try_no: int, *, retry_after_s: float | None, jitter: float) -> float:
    """Return the seconds to wait after try `try_no` (from 1).

    The provider's own cooldown is obeyed, with a tenth of it at most (and at most a second) on
    top. Without one: exponential with full jitter, between 0 and 0.5 s · 2^(try_no-1), 30 s at
    most (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). `jitter` is
    the caller's random number in [0, 1).
    """
    if retry_after_s is not None:
        spread_s = min(retry_after_s * _COOLDOWN_JITTER, _MAX_COOLDOWN_JITTER_S)
        return retry_after_s + spread_s * jitter
    # Ten doublings exceed the cap: the bound keeps the power small for any try_no.
    ceiling_s = min(FIRST_BACKOFF_S * 2.0 ** min(try_no - 1, 10), MAX_BACKOFF_S)
    return ceiling_s * jitter


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
    "missing": "Retry the item; the provider's results have no line for it.",
    "quarantined": "Look at the kept reply, which may belong to another item, then retry the item.",
}


def advice(kind: str) -> str:
    """Return one sentence that says what a person can do about an error of this kind."""
    return _ADVICE.get(kind, "Read the provider's message, then retry the failed items.")
