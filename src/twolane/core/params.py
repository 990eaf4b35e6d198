"""Checks of a request's params, made before a run is recorded.

Based on the API's documentation: https://platform.claude.com/docs/en/api/messages and, for what
batches do not accept, https://platform.claude.com/docs/en/build-with-claude/batch-processing
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_OF_THE_SDK: Final = "is an argument of the SDK's methods and no parameter of a request"
_NOT_TAKEN: Final[Mapping[str, str]] = {
    "stream_options": "belongs to streams, and answers are read whole here",
    "extra_headers": _OF_THE_SDK,
    "extra_query": _OF_THE_SDK,
    "extra_body": f"{_OF_THE_SDK}: put its members into params",
    "response_format": "is OpenAI's: a schema belongs into output_config.format",
    "max_completion_tokens": "is OpenAI's: it is max_tokens here",
    "stop": "is OpenAI's: it is stop_sequences here",
    "n": "is OpenAI's: a request gets one answer here, write a line for each",
}
_LOOKED_AT: Final = frozenset({"stream", "betas", *_NOT_TAKEN})
_NOT_IN_BATCHES: Final = ("speed",)
# What may stand in a header, without the comma that parts one name from the next.
_BETA: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z:-]{1,100}", re.ASCII)
_MAX_BETAS: Final = 32
"""All betas are in one header, of which servers accept 8 KB."""


def problem(params: Mapping[str, Any]) -> str | None:
    """Return why the provider cannot be asked for this, None if no reason is known."""
    messages = params.get("messages")
    if not isinstance(messages, list | tuple) or not messages:
        return "messages must be a list of at least one message"
    if _LOOKED_AT.isdisjoint(params):
        return None
    if params.get("stream") not in (None, False):
        return "stream asks for an answer in pieces, and answers are read whole here; leave it out"
    for name, why in _NOT_TAKEN.items():
        if name in params:
            return f"{name} {why}; leave it out"
    betas = params.get("betas")
    if betas is not None and not (
        isinstance(betas, list | tuple)
        and len(betas) <= _MAX_BETAS
        and all(isinstance(one, str) and _BETA.fullmatch(one) for one in betas)
    ):
        return 'betas must be a list of names, such as ["context-1m-2025-08-07"]'
    return None


def batch_problem(params: Mapping[str, Any]) -> str | None:
    """Return why batches do not accept this request, None if they do."""
    for name in _NOT_IN_BATCHES:
        if params.get(name) is not None:
            return f"{name} is not taken in batches; leave it out, or send all with --lane realtime"
    return None


def betas_of(params: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the betas a request asks for, which are sent as a header, in this order, once each."""
    return tuple(dict.fromkeys(params.get("betas") or ()))


def body_of(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the params that are sent as the body."""
    if "betas" not in params:
        return params
    return {key: value for key, value in params.items() if key != "betas"}
