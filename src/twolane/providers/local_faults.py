"""What a local server's refusal means: rules of its own, in the form of `core.faults`.

The words are those of llama.cpp's server, Ollama, LM Studio and vLLM. Nothing is billed here, a
server that is busy or loading its model is waited for, and some servers answer 200 with an error.
"""

from __future__ import annotations

import re
from typing import Any, Final

from twolane.core.faults import Rule
from twolane.errors import (
    AuthenticationError,
    EndpointError,
    NotTheProviderError,
    OverloadedError,
    ProviderError,
    RejectedError,
    RunRefusedError,
    TransientError,
)
from twolane.providers.chat import Endpoint, Manner, Schemas
from twolane.providers.messages import SNIPPET_CHARS, error_said


class ContextExceededError(RejectedError):
    """Prompt and reply do not fit the model's context."""


class NoEndpointError(RejectedError):
    """The server does not speak this form."""


class NoModelError(EndpointError):
    """Load the model there, or name another with --model."""


class NotLoadableError(RunRefusedError):
    """Choose a smaller model, or free memory."""


class NoTokenError(AuthenticationError):
    """Set the token that it wants in ANTHROPIC_AUTH_TOKEN, and name the server with --base-url."""


CONTEXT_EXCEEDED: Final = "context_exceeded"
_ADVISING: Final = (NoModelError, NotLoadableError, NoTokenError)


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE | re.DOTALL)


_TOO_LONG: Final = _words(
    r"context[ _](?:size|length|window|overflow)|context the overflows|maximum (?:context|model len)",
    r"max_model_len|n_keep|n_ctx|(?:prompt|input) (?:is )?too long|too many tokens",
)
_LOADING: Final = _words(
    r"\bloading (?:the )?model|model is (?:still )?loading|being loaded",
    r"server busy|maximum pending|no slots? available|queue is full|overloaded|retry shortly",
)
_NO_MODEL: Final = _words(
    r"model\b.{0,200}\b(?:not found|not exist|not loaded)|no models? loaded|model_not_found",
    r"try pulling it|unknown model|invalid model",
)
_CANNOT_LOAD: Final = _words(
    r"requires more system memory|(?:unable|failed) to load (?:the )?model|\berror loading model"
)
_NO_ENDPOINT: Final = _words(r"unexpected endpoint|unknown endpoint")
_NO_SYSTEM: Final = _words(
    r"system role|role.{0,3}system|only user.{0,40}roles|roles must alternate",
    r"system (?:prompt|message)s? (?:is|are) not",
)
_NO_SCHEMA: Final = _words(r"response_format|schema|grammar|guided|structured|automatic parser")
_TEMPLATE: Final = _words(r"jinja|raise_exception|chat template|automatic parser")

_SERVER_ERRORS: Final = frozenset(range(500, 600))
RULES: Final = (
    Rule(OverloadedError, statuses=frozenset({429, 503, 529})),
    Rule(ContextExceededError, kinds=frozenset({"exceed_context_size_error"})),
    Rule(ContextExceededError, kinds=frozenset({"context_length_exceeded"})),
    Rule(ContextExceededError, words=_TOO_LONG),
    Rule(NoTokenError, statuses=frozenset({401, 403})),
    Rule(NotLoadableError, words=_CANNOT_LOAD),
    Rule(OverloadedError, words=_LOADING),
    Rule(NoModelError, words=_NO_MODEL),
    Rule(NoEndpointError, statuses=frozenset({404, 405, 501})),
    Rule(NoEndpointError, words=_NO_ENDPOINT),
    # A chat template that refuses the turns it gets is no fault of the server's.
    Rule(RejectedError, words=_TEMPLATE),
    Rule(NotTheProviderError, statuses=frozenset(range(200, 300))),
    Rule(EndpointError, statuses=frozenset(range(300, 400))),
    Rule(TransientError, statuses=_SERVER_ERRORS | {408}),
    Rule(RejectedError),
)
"""Tried in this order; the last one matches everything."""


def fault(
    status: int, raw: bytes, *, retry_after_s: float | None = None, where: str
) -> ProviderError:
    """Return the error that an answer of the server at `where` means."""
    kind, text, words, own = error_said(raw)
    error = next(rule.error for rule in RULES if rule.fits(status, kind, words, own=own))
    said: dict[str, Any] = {"provider": "local", "status": status, "kind": kind}
    if error is ContextExceededError:
        said["kind"] = CONTEXT_EXCEEDED
    message = f"the server at {where} answered {status}: {text[:SNIPPET_CHARS]}"
    if error in _ADVISING:
        message = f"{message.rstrip('.')}. {error.__doc__}"
    if issubclass(error, TransientError):
        return error(message, retry_after_s=retry_after_s, **said)
    return error(message, **said)


def lesser(manner: Manner, error: RejectedError) -> Manner | None:
    """Return a simpler manner for a server that refused `manner`, None if that was not the cause.

    It drops what the server's words name: the API, the system prompt or the schema.
    """
    if isinstance(error, ContextExceededError) or manner.endpoint is Endpoint.MESSAGES:
        return None
    if isinstance(error, NoEndpointError):
        return Manner(Endpoint.MESSAGES, Schemas.REFUSED)
    words = str(error)
    if manner.system and _NO_SYSTEM.search(words):
        return manner._replace(system=False)
    if manner.schemas is not Schemas.REFUSED and _NO_SCHEMA.search(words):
        return manner._replace(schemas=Schemas.REFUSED)
    return None
