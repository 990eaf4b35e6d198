"""What a refusal means, by its status, type and words: as providers and gateways write them."""

from __future__ import annotations

import pytest

from twolane.core.faults import NO_STATUS, refusal
from twolane.errors import (
    AuthenticationError,
    CreditError,
    EndpointError,
    ForbiddenError,
    GatewayTimeoutError,
    OverloadedError,
    ProviderError,
    RateLimitedError,
    RejectedError,
    RunRefusedError,
    SpendCapError,
    TransientError,
)

INVALID = "invalid_request_error"
SAID: list[tuple[int, str, str, type[ProviderError]]] = [
    # A spending limit.
    (400, INVALID, ("You have reached your specified API usage limits. You will regain access on "
     "2026-04-01 at 00:00 UTC."), SpendCapError),
    (400, INVALID, "You have reached your specified workspace API usage limits.", SpendCapError),
    (429, "rate_limit_error", '{"error_code": "enforced_spend_limit_reached"}', SpendCapError),
    (403, "api_error", "Key limit exceeded (monthly limit). Manage it in the settings",
     SpendCapError),
    (400, "budget_exceeded", "Budget has been exceeded! Current cost: 2, Max budget: 1",
     SpendCapError),
    (400, "auth_error", "ExceededBudget: End User=x over budget. Spend=2, Budget=1", SpendCapError),
    (429, "None", "No deployments available - crossed budget: Exceeded budget for deployment",
     SpendCapError),
    (400, "billing_hard_limit_reached", "Billing hard limit has been reached", SpendCapError),
    (400, INVALID, "Your organization has exceeded its monthly spend limit", SpendCapError),
    (429, "rate_limit_error", "You've reached this workspace's own usage limit", SpendCapError),
    (400, INVALID, "the prompt has exceeded the thinking token budget", RejectedError),
    # Credit.
    (400, INVALID, ("Your credit balance is too low to access the Anthropic API. Please go to Plans "
     "& Billing to upgrade or purchase credits."), CreditError),
    (402, "billing_error", "There is an issue with your billing.", CreditError),
    (402, "402", ("This request requires more credits, or fewer max_tokens. You requested up to "
     "65536 tokens, but can only afford 3395."), CreditError),
    (402, "402", "Insufficient credits. Add more using the settings", CreditError),
    (429, "insufficient_quota", ("You exceeded your current quota, please check your plan and "
     "billing details."), CreditError),
    (402, "api_error", "Insufficient Balance", CreditError),
    # Key and permission.
    (401, "authentication_error", "invalid x-api-key", AuthenticationError),
    (400, INVALID, "This organization has been disabled.", AuthenticationError),
    (400, INVALID, ("This credential is only authorized for use with Claude Code and cannot be used "
     "for other API requests."), AuthenticationError),
    (403, "permission_error", "OAuth token has been revoked.", AuthenticationError),
    (403, "AccessDeniedException", ("User: arn:aws:iam::1:user/x is not authorized to perform: "
     "bedrock:InvokeModel"), AuthenticationError),
    (403, "permission_error", "Your API key may not use this resource", ForbiddenError),
    # A model that nobody knows is unknown for every request of the run.
    (404, "not_found_error", "model: claude-nope", RunRefusedError),
    (404, INVALID, "The model `x` does not exist or you do not have access to it.",
     RunRefusedError),
    # One request's own.
    (400, INVALID, "messages: text content blocks must be non-empty", RejectedError),
    (400, INVALID, "prompt is too long: 215000 tokens > 200000 maximum", RejectedError),
    (400, INVALID, "`max_tokens` must be greater than `thinking.budget_tokens`", RejectedError),
    (400, INVALID, "Output blocked by content filtering policy", RejectedError),
    (403, "403", "Your chosen model requires moderation and your input was flagged",
     RejectedError),
    (404, "not_found_error", "File not found: file_011", RejectedError),
    (413, "request_too_large", "Request exceeds the maximum size", RejectedError),
    # The provider's load. What one request asks for that the plan has not is no lack of credit.
    (429, "rate_limit_error", ("This request would exceed your organization's rate limit of 50,000 "
     "input tokens per minute"), RateLimitedError),
    (429, "rate_limit_error", "Usage credits are required for long context requests",
     RateLimitedError),
    (429, "RESOURCE_EXHAUSTED", ("You exceeded your current quota, please check your plan and "
     "billing details. Please retry in 20s"), RateLimitedError),
    (503, "unavailable_error", "Loading model", OverloadedError),
    (529, "overloaded_error", "Overloaded", OverloadedError),
    (500, "api_error", "Internal server error", TransientError),
    (502, "api_error", "Provider returned error", TransientError),
    (409, "conflict_error", "lock timeout", TransientError),
    # Computed, perhaps.
    (504, "timeout_error", "Request timed out", GatewayTimeoutError),
    (408, "408", "litellm.Timeout: APITimeoutError - Request timed out.", GatewayTimeoutError),
    # In a line of a batch's results there is no status.
    (NO_STATUS, INVALID, "Your credit balance is too low", CreditError),
    (NO_STATUS, INVALID, "max_tokens: 300000 > 64000", RejectedError),
    (NO_STATUS, "permission_error", "no", ForbiddenError),
    (NO_STATUS, "timeout_error", "Request timed out", TransientError),
    (NO_STATUS, "an_error_of_next_year", "", TransientError),
]  # fmt: skip

PAGES: list[tuple[int, str, type[ProviderError]]] = [
    (301, "Moved Permanently", EndpointError),
    (307, "", EndpointError),
    (400, "400 The plain HTTP request was sent to HTTPS port", EndpointError),
    (400, "400 Request Header Or Cookie Too Large", RejectedError),
    (404, "404 Not Found", EndpointError),
    (405, "405 Not Allowed", EndpointError),
    (407, "Proxy Authentication Required", EndpointError),
    (511, "Network Authentication Required", EndpointError),
    (403, "Sorry, you have been blocked", ForbiddenError),
    (502, "502 Bad Gateway", GatewayTimeoutError),
    (503, "503 Service Temporarily Unavailable", OverloadedError),
    (503, ("upstream connect error or disconnect/reset before headers. reset reason: connection "
     "failure"), OverloadedError),
    (503, ("upstream connect error or disconnect/reset before headers. reset reason: connection "
     "termination"), GatewayTimeoutError),
    (503, "Error 503 first byte timeout", GatewayTimeoutError),
    (499, "", GatewayTimeoutError),
    (504, "504 Gateway Time-out", GatewayTimeoutError),
    (520, "Web server is returning an unknown error", GatewayTimeoutError),
    (521, "Web server is down", TransientError),
    (522, "Connection timed out", TransientError),
    (523, "Origin is unreachable", TransientError),
    (524, "A timeout occurred", GatewayTimeoutError),
    (525, "SSL handshake failed", TransientError),
    (530, "Origin DNS error", TransientError),
    (598, "Network read timeout", GatewayTimeoutError),
]  # fmt: skip


@pytest.mark.parametrize(("status", "kind", "words", "error"), SAID)
def test_an_error_of_the_api_means_what_its_status_type_and_words_say(
    status: int, kind: str, words: str, error: type[ProviderError]
) -> None:
    """The same words end a run, or fail one item, in whatever status they come."""
    assert refusal(status, kind, words) is error


@pytest.mark.parametrize(("status", "words", "error"), PAGES)
def test_a_page_of_something_on_the_way_means_what_its_status_says(
    status: int, words: str, error: type[ProviderError]
) -> None:
    """Of what a proxy says, it counts whether the origin may have been at work."""
    assert refusal(status, "api_error", words, own=False) is error


@pytest.mark.parametrize("status", range(300, 600))
def test_every_status_has_a_meaning(status: int) -> None:
    """No status and no body are without an answer, and a client's error is never load but 429."""
    for own in (True, False):
        error = refusal(status, "", "", own=own)
        if status not in (408, 409, 425, 429, 499) and status < 500:
            assert issubclass(error, RejectedError | RunRefusedError)
        if status >= 500 and status != 511:
            assert issubclass(error, TransientError)
