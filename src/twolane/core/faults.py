"""What a refusal means: one table, for every exchange of both lanes.

A rule names parts of an answer: the HTTP status, the error's type, words of its message, and
whether the body is an API error or something else (a proxy's page). The first rule that matches
decides whether the fault is the item's (RejectedError), the provider's load (TransientError and its
kinds), or the end of the run (RunRefusedError and its kinds), and whether the request may have been
computed and paid for (`maybe_paid`).

Status codes: RFC 9110; 499 of nginx; 520 to 527 and 530 of Cloudflare
(https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/).
Types and words: https://platform.claude.com/docs/en/api/errors, and what users of Anthropic,
Bedrock, OpenAI, OpenRouter and LiteLLM have reported.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

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

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

NO_STATUS: Final = 0
"""The error came inside a successful answer, such as a line of a batch's results."""


class Rule(NamedTuple):
    """Conditions that must all hold for a refusal to be an `error`; an empty one always holds."""

    error: type[ProviderError]
    statuses: AbstractSet[int] = frozenset()
    kinds: AbstractSet[str] = frozenset()
    words: re.Pattern[str] | None = None
    own: bool | None = None

    def fits(self, status: int, kind: str, message: str, *, own: bool) -> bool:
        """Tell whether the rule matches an answer."""
        return (
            (not self.statuses or status in self.statuses)
            and (not self.kinds or kind in self.kinds)
            and (self.own is None or self.own == own)
            and (self.words is None or self.words.search(message) is not None)
        )


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE | re.DOTALL)


def _status(*codes: int) -> frozenset[int]:
    return frozenset(codes)


_LIMIT: Final = _words(
    r"reached your specified (?:workspace )?API usage limits?",
    r"enforced_spend_limit",
    r"(?:spend|spending|billing|hard|usage|monthly|weekly|daily|key) (?:limit|cap) (?:has been |was |is )?(?:reached|exceeded)",
    # Of money, not of the tokens that a request lets a model think with.
    r"(?:reached|exceeded|crossed|over)(?: (?!thinking|token)[\w'-]+){0,4} (?:(?:spend|spending|billing|usage) (?:limit|cap)s?|budget)\b",
    r"budget (?:has been |was |is )?(?:exceeded|exhausted|reached)",
    r"ExceededBudget|budget_exceeded|billing_hard_limit",
)
_CREDIT: Final = _words(
    r"credit balance is too low",
    r"insufficient[_ ](?:credits?|quota|balance|funds)",
    r"(?:requires more|more) credits(?: are required)?,",
    r"more credits are required to run",
    # Google says the same of a limit a minute, and when to ask again.
    r"exceeded your current quota(?!.*retry in)",
    r"\b(?:out of|no remaining) credits?\b(?! card)",
    r"account is not active, please check your billing",
    r"(?:enable|activate|set up) billing|billing (?:is )?(?:disabled|not (?:active|enabled))",
    r"payment (?:is )?required|past due|INVALID_PAYMENT_INSTRUMENT",
)
_KEY: Final = _words(
    r"\b(?:organization|account|workspace|project|API key) (?:has been|is|was) (?:disabled|suspended|deactivated|banned|blocked|revoked|archived)",
    r"(?:invalid|incorrect|expired|missing|no) (?:x-)?api[- _]?key",
    r"api[- _]?key (?:is |has )?(?:not valid|invalid|expired|missing)",
    r"credential is only authorized",
    r"(?:OAuth|security|access|bearer) token .{0,60}(?:expired|revoked|invalid|not valid)",
    r"OAuth authentication is (?:currently )?not (?:supported|allowed)",
    r"(?:access to|use of) (?:this|the) (?:model|API) (?:is|has been) denied",
    r"don't have access to the model|use case details have not been submitted",
    r"is not authorized to perform",
)
_MODEL: Final = _words(
    r"(?:^|\")model: |resolve the foundation model|model identifier is invalid",
    r"\bmodel\b.{1,120}(?:does not exist|(?:was )?not found|not supported|no longer available)",
    r"no endpoints found|unknown model|invalid model name",
)
_ADDRESS: Final = _words(
    r"plain HTTP request was sent to HTTPS port", r"Invalid URL \(", r"unknown request URL"
)
_MODERATED: Final = _words(r"moderation|flagged|content[_ ]?(?:policy|filter)")
# What proxies write when they lost or gave up a server that may have been at work.
_CUT_OFF: Final = _words(
    r"upstream prematurely closed",
    r"connection (?:termination|terminated)|remote reset",
    r"(?:first|between) bytes? timeout|upstream request timeout|timed?[ -]?out",
)

_SERVER_ERRORS: Final = frozenset(range(500, 600))
_CLIENT_ERRORS: Final = frozenset(range(400, 500))
_REDIRECTS: Final = frozenset(range(300, 400))

_KINDS_OF_LIMIT: Final = frozenset({"enforced_spend_limit_reached", "budget_exceeded"})
_KINDS_OF_CREDIT: Final = frozenset({"billing_error", "insufficient_quota"})
_KINDS_OF_KEY: Final = frozenset({"authentication_error", "invalid_api_key", "account_deactivated"})
_KINDS_OF_REQUEST: Final = frozenset(
    {"invalid_request_error", "not_found_error", "request_too_large"}
)
# An internal error that speaks of credit is still one.
_REFUSING: Final = _CLIENT_ERRORS | {NO_STATUS, 503}

RULES: Final = (
    # One input that a gateway's moderation refuses.
    Rule(RejectedError, statuses=_status(403), words=_MODERATED),
    # The run's end, in whatever status and type it comes.
    Rule(SpendCapError, kinds=_KINDS_OF_LIMIT),
    Rule(SpendCapError, statuses=_REFUSING, words=_LIMIT),
    Rule(CreditError, kinds=_KINDS_OF_CREDIT),
    Rule(CreditError, statuses=_REFUSING, words=_CREDIT),
    Rule(CreditError, statuses=_status(402)),
    Rule(AuthenticationError, statuses=_REFUSING, words=_KEY),
    Rule(AuthenticationError, statuses=_status(401)),
    Rule(AuthenticationError, kinds=_KINDS_OF_KEY),
    # The run's end, unless others are answered meanwhile: see retry.decide_call.
    Rule(ForbiddenError, kinds=frozenset({"permission_error"})),
    Rule(ForbiddenError, statuses=_status(403)),
    # A run has one model: what is unknown for one request is for all.
    Rule(RunRefusedError, statuses=_status(404), words=_MODEL, own=True),
    Rule(RunRefusedError, statuses=_status(451)),
    # The address: a redirect, a proxy that wants a password or a login page, a path there is not.
    Rule(EndpointError, statuses=_REDIRECTS | {407, 421, 426, 511}),
    Rule(EndpointError, statuses=_status(400, 404), words=_ADDRESS),
    Rule(EndpointError, statuses=_status(404, 405, 410), own=False),
    # A gateway gave up, or lost, a server that may have computed: 408 and 504 by their names; 499:
    # the server was told that we had gone; 520: it answered, unreadably; 524: it was connected
    # and took too long; 598: the same, of other proxies. 502 of a proxy is "an invalid response
    # from an inbound server", for nginx one that was cut off; the API's own 502 is an error of
    # it like a 500. 521 to 523, 525 to 527, 530 and 599 never reached a server.
    Rule(GatewayTimeoutError, statuses=_status(408, 499, 504, 520, 524, 598)),
    Rule(GatewayTimeoutError, statuses=_status(502), own=False),
    Rule(GatewayTimeoutError, statuses=_status(500, 503), words=_CUT_OFF, own=False),
    # The provider's load.
    Rule(RateLimitedError, statuses=_status(429)),
    Rule(OverloadedError, statuses=_status(503, 529)),
    Rule(RateLimitedError, statuses=_status(NO_STATUS), kinds=frozenset({"rate_limit_error"})),
    Rule(OverloadedError, statuses=_status(NO_STATUS), kinds=frozenset({"overloaded_error"})),
    # Somebody else changed the same thing just now (409), or an early send was replayed (425).
    Rule(TransientError, statuses=_SERVER_ERRORS | {409, 425}),
    # The item's own.
    Rule(RejectedError, statuses=_CLIENT_ERRORS),
    Rule(RejectedError, kinds=_KINDS_OF_REQUEST),
    # An error type nobody has heard of: of a batch's errors only `invalid_request_error` needs a
    # person (Message Batches documentation).
    Rule(TransientError),
)
"""Tried in this order; the last one matches everything."""


def refusal(status: int, kind: str, message: str, *, own: bool = True) -> type[ProviderError]:
    """Return the error that a refusing answer means.

    `status` is NO_STATUS for an error inside a successful answer; `own` says that the body is a
    JSON error as the API writes it.
    """
    return next(rule.error for rule in RULES if rule.fits(status, kind, message, own=own))
