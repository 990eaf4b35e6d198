"""What is done about each fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twolane.core.retry import (
    MAX_CALL_TRIES,
    FaultClass,
    RetryDecision,
    advice,
    backoff_s,
    classify,
    decide,
    decide_call,
)
from twolane.core.types import Canceled, Errored, Expired, Missing, Quarantined
from twolane.errors import (
    AuthenticationError,
    ConnectionFailedError,
    EndpointError,
    GatewayTimeoutError,
    InvalidReplyError,
    NotTheProviderError,
    OverloadedError,
    ProviderError,
    RateLimitedError,
    RejectedError,
    SpendCapError,
    TransientError,
    UnreachableError,
)

if TYPE_CHECKING:
    from twolane.core.retry import Ending

KINDS = {
    "invalid_request_error": FaultClass.WRONG_REQUEST,
    "not_found_error": FaultClass.WRONG_REQUEST,
    "request_too_large": FaultClass.WRONG_REQUEST,
    "authentication_error": FaultClass.RUN_REFUSED,
    "permission_error": FaultClass.RUN_REFUSED,
    "billing_error": FaultClass.RUN_REFUSED,
    "enforced_spend_limit_reached": FaultClass.RUN_REFUSED,
    "rate_limit_error": FaultClass.TRANSIENT,
    "overloaded_error": FaultClass.TRANSIENT,
    "api_error": FaultClass.TRANSIENT,
    "timeout_error": FaultClass.TRANSIENT,
    "connection": FaultClass.DROPPED,
    "invalid_reply": FaultClass.BAD_REPLY,
    "an_error_of_next_year": FaultClass.TRANSIENT,
}
ERRORS: list[tuple[ProviderError, FaultClass]] = [
    (RejectedError(kind="not_found_error"), FaultClass.WRONG_REQUEST),
    (AuthenticationError(kind="permission_error"), FaultClass.RUN_REFUSED),
    (SpendCapError(kind="rate_limit_error", status=429), FaultClass.RUN_REFUSED),
    (RateLimitedError(kind="rate_limit_error"), FaultClass.TRANSIENT),
    (OverloadedError(kind="overloaded_error"), FaultClass.TRANSIENT),
    (TransientError(kind="api_error"), FaultClass.TRANSIENT),
    (ConnectionFailedError(sent=False), FaultClass.TRANSIENT),
    (ConnectionFailedError(sent=True), FaultClass.DROPPED),
    (UnreachableError(), FaultClass.TRANSIENT),
    (GatewayTimeoutError(status=504), FaultClass.DROPPED),
    (EndpointError(status=301), FaultClass.RUN_REFUSED),
    (NotTheProviderError(status=200), FaultClass.TRANSIENT),
    (InvalidReplyError(), FaultClass.BAD_REPLY),
    (ProviderError(kind="something_else"), FaultClass.TRANSIENT),
]
JITTER = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize(("kind", "fault"), KINDS.items())
def test_an_errored_attempt_is_classified_by_the_providers_type(
    kind: str, fault: FaultClass
) -> None:
    """Each error type has its class, and one that nobody knows can be sent again."""
    assert classify(Errored(kind, "message")) is fault


@pytest.mark.parametrize(
    ("ending", "fault"),
    [
        (Expired(), FaultClass.TRANSIENT),
        (Canceled(), FaultClass.CANCELED),
        (Missing(), FaultClass.MISSING),
        (Quarantined("another token"), FaultClass.UNPROVEN),
    ],
)
def test_every_other_ending_has_its_class(ending: Ending, fault: FaultClass) -> None:
    """Expiry can be sent again; cancellation, loss and mix-ups are told apart."""
    assert classify(ending) is fault


@pytest.mark.parametrize(("error", "fault"), ERRORS)
def test_an_error_is_classified_by_its_class(error: ProviderError, fault: FaultClass) -> None:
    """The class of the exception counts before the type the provider wrote into it."""
    assert classify(error) is fault


@pytest.mark.parametrize("attempt", [1, 2, 20])
def test_a_wrong_request_is_never_sent_again(attempt: int) -> None:
    """What the provider refuses as wrong waits for a person, at any attempt."""
    assert decide(FaultClass.WRONG_REQUEST, attempt=attempt, again=False) is RetryDecision.FIX


@pytest.mark.parametrize("attempt", [1, 2, 20])
def test_a_refused_run_stops(attempt: int) -> None:
    """A bad key or an empty account stops the run instead of failing its items one by one."""
    decision = decide(FaultClass.RUN_REFUSED, attempt=attempt, again=attempt > 1)
    assert decision is RetryDecision.STOP_RUN


@pytest.mark.parametrize(
    ("fault", "attempts"), [(FaultClass.TRANSIENT, 3), (FaultClass.DROPPED, 5)]
)
def test_unanswered_attempts_are_bounded(fault: FaultClass, attempts: int) -> None:
    """An item without an answer is sent again up to its bound of attempts and then given up."""
    made = [decide(fault, attempt=n, again=n > 1) for n in range(1, attempts + 1)]
    assert made == [RetryDecision.RESEND] * (attempts - 1) + [RetryDecision.GIVE_UP]
    assert decide(fault, attempt=attempts + 1, again=True) is RetryDecision.GIVE_UP


def test_a_missing_result_is_sent_again_once() -> None:
    """The second time the results have no line for an item it is given up."""
    assert decide(FaultClass.MISSING, attempt=2, again=False) is RetryDecision.RESEND
    assert decide(FaultClass.MISSING, attempt=2, again=True) is RetryDecision.GIVE_UP


def test_an_invalid_reply_is_repaired_once() -> None:
    """The model is shown its error once; a second invalid reply ends the item."""
    assert decide(FaultClass.BAD_REPLY, attempt=3, again=False) is RetryDecision.REPAIR
    assert decide(FaultClass.BAD_REPLY, attempt=3, again=True) is RetryDecision.GIVE_UP


@pytest.mark.parametrize("fault", [FaultClass.CANCELED, FaultClass.UNPROVEN])
def test_what_was_canceled_or_mixed_up_is_not_sent_again(fault: FaultClass) -> None:
    """A canceled item and a reply of doubtful origin are left for a person."""
    assert decide(fault, attempt=1, again=False) is RetryDecision.GIVE_UP


@given(st.lists(st.tuples(st.sampled_from(FaultClass), st.booleans()), min_size=20))
def test_no_item_is_sent_for_ever(faults: list[tuple[FaultClass, bool]]) -> None:
    """Whatever faults follow each other, an item ends after five attempts at the latest."""
    sent_again = {RetryDecision.RESEND, RetryDecision.REPAIR}
    decisions = [
        decide(fault, attempt=n, again=again) for n, (fault, again) in enumerate(faults, 1)
    ]
    assert any(decision not in sent_again for decision in decisions[:5])


@given(st.lists(st.sampled_from([FaultClass.MISSING, FaultClass.BAD_REPLY]), min_size=20))
def test_what_was_paid_for_in_vain_is_paid_at_most_three_times(faults: list[FaultClass]) -> None:
    """Missing results and invalid replies that take turns end after one repeat of each."""
    made = 1
    for n, fault in enumerate(faults, 1):
        if decide(fault, attempt=n, again=fault in faults[: n - 1]) is RetryDecision.GIVE_UP:
            break
        made += 1
    assert made <= 3


@pytest.mark.parametrize(("error", "fault"), ERRORS)
def test_a_call_is_repeated_only_where_nothing_can_have_been_paid(
    error: ProviderError, fault: FaultClass
) -> None:
    """Inside one attempt a call is repeated after transient errors alone."""
    repeated = decide_call(error, try_no=1) is RetryDecision.RESEND
    assert repeated == (fault is FaultClass.TRANSIENT)


def test_the_tries_of_a_call_are_bounded() -> None:
    """After the last try the attempt ends, so that the item can take another lane."""
    error = OverloadedError()
    assert decide_call(error, try_no=MAX_CALL_TRIES - 1) is RetryDecision.RESEND
    assert decide_call(error, try_no=MAX_CALL_TRIES) is RetryDecision.GIVE_UP


def test_a_call_tells_a_wrong_request_from_a_refused_run() -> None:
    """A rejected call waits for a person, a refused key stops the run."""
    assert decide_call(RejectedError(), try_no=1) is RetryDecision.FIX
    assert decide_call(AuthenticationError(), try_no=1) is RetryDecision.STOP_RUN
    assert decide_call(SpendCapError(), try_no=1) is RetryDecision.STOP_RUN


@given(st.integers(1, 10**6), JITTER)
def test_a_backoff_is_bounded(try_no: int, jitter: float) -> None:
    """Without a cooldown the wait is at most half a second, doubling, and never above 30 s."""
    wait_s = backoff_s(try_no, retry_after_s=None, jitter=jitter)
    assert 0 <= wait_s < 30
    if try_no < 7:
        assert wait_s < 0.5 * 2 ** (try_no - 1)


def test_a_backoff_doubles_up_to_its_cap() -> None:
    """The ceiling of the wait doubles with each try until 30 seconds."""
    waits = [2 * backoff_s(n, retry_after_s=None, jitter=0.5) for n in range(1, 9)]
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30]


@given(st.integers(1, 100), st.floats(0, 3600), JITTER)
def test_the_providers_cooldown_is_obeyed(try_no: int, retry_after_s: float, jitter: float) -> None:
    """Neither it nor the own backoff is undercut; it is exceeded by a second at most."""
    own_s = backoff_s(try_no, retry_after_s=None, jitter=jitter)
    wait_s = backoff_s(try_no, retry_after_s=retry_after_s, jitter=jitter)
    most_s = retry_after_s + min(0.1 * retry_after_s, 1.0)
    assert max(own_s, retry_after_s) <= wait_s <= max(own_s, most_s)
    assert backoff_s(try_no, retry_after_s=retry_after_s, jitter=0.0) == retry_after_s


@pytest.mark.parametrize(
    "kind", [*KINDS, "expired", "canceled", "missing", "quarantined", "invalid_reply"]
)
def test_every_kind_has_one_sentence_of_advice(kind: str) -> None:
    """A person is told what to do, in a sentence that begins with a verb and ends."""
    words = advice(kind)
    assert words[0].isupper()
    assert words.endswith(".")
    assert words.count(".") == 1


def test_an_unknown_kind_points_to_the_message() -> None:
    """An error type without advice of its own still says what to do."""
    assert advice("an_error_of_next_year").startswith("Read the provider's message")
