"""What a server on one's own machine means by an error: one reading of every form of it. Pure.

The forms and words are those of llama.cpp's server, Ollama, LM Studio and vLLM; each wraps an
error's message in another way, and some answer 200 with one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from twolane.errors import (
    AuthenticationError,
    EndpointError,
    NotTheProviderError,
    OverloadedError,
    RejectedError,
    RunRefusedError,
    TransientError,
)
from twolane.providers.chat import Endpoint, Manner, Schemas

if TYPE_CHECKING:
    from twolane.errors import ProviderError

CONTEXT_EXCEEDED: Final = "context_exceeded"
_SNIPPET_CHARS: Final = 300

_TOO_LONG = re.compile(
    r"exceed_context_size|context_length_exceeded|context (?:size|length|window)|maximum context"
    r"|context the overflows|context overflow|max_model_len|maximum model length|n_keep|n_ctx"
    r"|prompt is too long|input (?:is )?too long|prompt too long|too many tokens",
)
_LOADING = re.compile(
    r"loading model|model is (?:still )?loading|being loaded|server busy|maximum pending"
    r"|no slots? available|queue is full|overloaded|try again later|retry shortly",
)
_NO_MODEL = re.compile(
    r"model\b.{0,200}\b(?:not found|does not exist|not exist|not loaded)|no models? loaded"
    r"|model_not_found|try pulling it|unknown model|invalid model identifier",
    re.DOTALL,
)
_CANNOT_LOAD = re.compile(
    r"requires more system memory|(?:unable|failed) to load (?:the )?model|error loading model",
)
_NO_ENDPOINT = re.compile(r"unexpected endpoint|file not found|unknown endpoint|page not found")
_NO_SYSTEM = re.compile(
    r"system role|role.{0,3}system|only user.{0,40}roles|roles must alternate"
    r"|system (?:prompt|message)s? (?:is|are) not",
)
_NO_SCHEMA = re.compile(
    r"response_format|json_schema|json schema|grammar|guided|structured|schema|automatic parser",
)
_TEMPLATE = re.compile(r"jinja|raise_exception|chat template|automatic parser")


class NoEndpointError(RejectedError):
    """The server does not speak this form."""


def fault(
    status: int, raw: bytes, *, retry_after_s: float | None = None, where: str
) -> ProviderError:
    """Return the error that an answer of the server at `where` stands for."""
    kind, text = _fields(raw)
    words = f"{kind} {text}".lower()
    message = f"the server at {where} answered {status}: {text}"
    said: dict[str, Any] = {"provider": "local", "status": status, "kind": kind}
    if _TOO_LONG.search(words) and not _LOADING.search(words):
        return RejectedError(message, **{**said, "kind": CONTEXT_EXCEEDED})
    if status in (401, 403):
        return AuthenticationError(
            f"{message}. If it wants a token, set ANTHROPIC_AUTH_TOKEN and name the server with "
            "--base-url",
            **said,
        )
    if _CANNOT_LOAD.search(words):
        return RunRefusedError(f"{message}. Choose a smaller model, or free memory", **said)
    if status in (429, 503, 529) or _LOADING.search(words):
        return OverloadedError(message, retry_after_s=retry_after_s, **said)
    if _NO_MODEL.search(words):
        return EndpointError(f"{message}. Load it there, or name another with --model", **said)
    if status in (404, 405, 501) or _NO_ENDPOINT.search(words):
        return NoEndpointError(message, **said)
    if _TEMPLATE.search(words):
        return RejectedError(message, **said)
    return _by_status(status, message, said)


def _by_status(status: int, message: str, said: Mapping[str, Any]) -> ProviderError:
    if status < 300:  # noqa: PLR2004  # success, of something else
        return NotTheProviderError(message, **said)
    if status < 400:  # noqa: PLR2004
        return EndpointError(f"{message}. Name the address it leads to with --base-url", **said)
    if status == 408 or status >= 500:  # noqa: PLR2004
        return TransientError(message, **said)
    return RejectedError(message, **said)


def lesser(manner: Manner, error: RejectedError) -> Manner | None:
    """Return how to ask a server that refused to be asked in `manner`, None where it is no manner.

    What its words do not name is given up in turn: the schema first, then the system prompt.
    """
    if error.kind == CONTEXT_EXCEEDED or manner.endpoint is Endpoint.MESSAGES:
        return None
    if isinstance(error, NoEndpointError):
        return Manner(Endpoint.MESSAGES, Schemas.REFUSED)
    words = str(error).lower()
    without_schema = manner._replace(schemas=Schemas.REFUSED)
    if manner.system and _NO_SYSTEM.search(words):
        return manner._replace(system=False)
    if manner.schemas is not Schemas.REFUSED and _NO_SCHEMA.search(words):
        return without_schema
    return None


def _fields(raw: bytes) -> tuple[str, str]:
    """Return (type, message) of an error body, in whichever form it comes."""
    value = json_object(raw)
    if value is None:
        # A proxy answers in HTML, a crash in a word; its beginning is what there is.
        return "api_error", raw[:_SNIPPET_CHARS].decode("utf-8", "replace")
    error = value.get("error", value)
    if isinstance(error, Mapping):
        kind = error.get("type") or error.get("code") or value.get("type")
        text = error.get("message") or error.get("detail") or error.get("error")
        if isinstance(text, list | dict) or text is None:
            text = str(text or dict(error))
        return str(kind or "api_error"), str(text)[:_SNIPPET_CHARS]
    return str(value.get("type") or "api_error"), str(error)[:_SNIPPET_CHARS]


def json_object(raw: bytes) -> dict[str, Any] | None:
    """Return the JSON object in `raw`, None where it is none; NaN and half emoji are taken."""
    try:
        value = json.loads(raw.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
