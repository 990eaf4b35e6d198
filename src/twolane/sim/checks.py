"""The API's checks of a request, with its error messages.

Based on the OpenAPI description of the Messages API and the notes of version 2026-10-21; structured
outputs on https://platform.claude.com/docs/en/build-with-claude/structured-outputs
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

STRICT_VERSION: Final = "2026-10-21"
"""From this version on sampling parameters and a forced tool choice are refused."""

MAX_BATCH_ITEMS: Final = 100_000
_CUSTOM_ID: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}", re.ASCII)
_FIELDS: Final = frozenset(
    (
        "model",
        "messages",
        "cache_control",
        "container",
        "diagnostics",
        "inference_geo",
        "max_tokens",
        "metadata",
        "output_config",
        "service_tier",
        "speed",
        "stop_sequences",
        "stream",
        "system",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
    )
)
_SAMPLING: Final = ("temperature", "top_p", "top_k")
_COUNT_FIELDS: Final = frozenset(
    (
        "model",
        "messages",
        "cache_control",
        "output_config",
        "speed",
        "system",
        "thinking",
        "tool_choice",
        "tools",
    )
)
_SCHEMA_LIMITS: Final = frozenset(
    (
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
    )
)
_MISSING: Final = "Field required"


def message_problem(params: dict[str, Any], version: str, *, batch: bool = False) -> str | None:
    """Return what is wrong with the parameters of a message, None if nothing is."""
    if not params.keys() <= _FIELDS:
        extra = sorted(str(key) for key in params.keys() - _FIELDS)
        return f"{extra[0]}: Extra inputs are not permitted"
    for problem in _message_problems(params, version, batch=batch):
        if problem:
            return problem
    return None


def count_problem(params: dict[str, Any], version: str) -> str | None:
    """Return what is wrong with the parameters of a token count, None if nothing is."""
    if not params.keys() <= _COUNT_FIELDS:
        extra = sorted(str(key) for key in params.keys() - _COUNT_FIELDS)
        return f"{extra[0]}: Extra inputs are not permitted"
    return message_problem({**params, "max_tokens": 1}, version)


def batch_problem(body: dict[str, Any]) -> str | None:
    """Return why a whole batch is refused, None if it is accepted.

    Only the envelope is checked: errors in an item's `params` become its result.
    """
    if "requests" not in body:
        return f"requests: {_MISSING}"
    if len(body) > 1:
        return f"{next(key for key in body if key != 'requests')}: Extra inputs are not permitted"
    requests = body["requests"]
    if not isinstance(requests, list):
        return "requests: Input should be a valid list"
    if not 1 <= len(requests) <= MAX_BATCH_ITEMS:
        bound = "at least 1 item" if not requests else f"at most {MAX_BATCH_ITEMS} items"
        return f"requests: List should have {bound}, not {len(requests)}"
    seen: set[str] = set()
    for index, request in enumerate(requests):
        if problem := _request_problem(request, seen):
            return f"requests.{index}{problem}"
    return None


def _request_problem(request: object, seen: set[str]) -> str | None:
    if not isinstance(request, dict):
        return ": Input should be an object"
    for name in ("custom_id", "params"):
        if name not in request:
            return f".{name}: {_MISSING}"
    if len(request) > 2:  # noqa: PLR2004  # the two just found
        extra = next(key for key in request if key not in ("custom_id", "params"))
        return f".{extra}: Extra inputs are not permitted"
    custom_id = request["custom_id"]
    if not isinstance(custom_id, str) or not _CUSTOM_ID.fullmatch(custom_id):
        return f".custom_id: {custom_id!r} should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'"
    if custom_id in seen:
        return f".custom_id: {custom_id!r} is a duplicate; custom_ids must be unique in a batch"
    seen.add(custom_id)
    return None if isinstance(request["params"], dict) else ".params: Input should be an object"


def _message_problems(params: dict[str, Any], version: str, *, batch: bool) -> Iterator[str | None]:
    if not isinstance(params.get("model"), str) or not params["model"]:
        yield f"model: {_MISSING}"
    least = 1 if batch else 0
    yield _int_problem(params, "max_tokens", least)
    yield _messages_problem(params.get("messages"))
    yield _text_problem(params["system"], "system") if "system" in params else None
    yield from _sampling_problems(params, version)
    choice = params.get("tool_choice")
    if choice is not None:
        yield _tool_choice_problem(choice, version)
    if params.get("output_config") is not None:
        yield _output_problem(params["output_config"])
    if params.get("stream") not in (None, False, True):
        yield "stream: Input should be a valid boolean"
    if batch and params.get("stream"):
        yield "stream: streaming is not supported in batches"
    if batch and params.get("speed") is not None:
        yield "speed: not supported in batches"
    stops = params.get("stop_sequences") or []
    if not isinstance(stops, list) or not all(isinstance(one, str) for one in stops):
        yield "stop_sequences: Input should be a list of strings"
    if params.get("cache_control") is not None:
        yield _cache_problem(params["cache_control"], "cache_control")


def _int_problem(params: dict[str, Any], name: str, least: int) -> str | None:
    if name not in params:
        return f"{name}: {_MISSING}"
    value = params[name]
    if not isinstance(value, int) or isinstance(value, bool):
        return f"{name}: Input should be a valid integer"
    return None if value >= least else f"{name}: must be greater than or equal to {least}"


def _messages_problem(messages: object) -> str | None:
    if messages is None:
        return f"messages: {_MISSING}"
    if not isinstance(messages, list):
        return "messages: Input should be a valid list"
    if not messages:
        return "messages: at least one message is required"
    for index, message in enumerate(messages):
        where = f"messages.{index}"
        if not isinstance(message, dict) or message.keys() != {"role", "content"}:
            return f"{where}: Input should be an object of role and content"
        if message["role"] not in ("user", "assistant"):
            return f"{where}.role: Input should be 'user' or 'assistant'"
        if not message["content"] and index < len(messages) - 1:
            return f"{where}: all messages must have non-empty content"
        if problem := _text_problem(message["content"], f"{where}.content"):
            return problem
    return None


def _text_problem(content: object, where: str) -> str | None:
    if isinstance(content, str):
        return None
    if not isinstance(content, list):
        return f"{where}: Input should be a string or a list of blocks"
    for index, block in enumerate(content):
        at = f"{where}.{index}"
        if not isinstance(block, dict) or not isinstance(block.get("type"), str):
            return f"{at}.type: {_MISSING}"
        if block["type"] == "text":
            if not isinstance(block.get("text"), str):
                return f"{at}.text: {_MISSING}"
            if not block["text"]:
                return f"{at}: text content blocks must be non-empty"
        if (mark := block.get("cache_control")) is not None and (
            problem := _cache_problem(mark, f"{at}.cache_control")
        ):
            return problem
    return None


def _cache_problem(mark: object, where: str) -> str | None:
    if not isinstance(mark, dict) or mark.get("type") != "ephemeral":
        return f"{where}.type: Input should be 'ephemeral'"
    if mark.get("ttl", "5m") not in ("5m", "1h"):
        return f"{where}.ttl: Input should be '5m' or '1h'"
    return None


def _sampling_problems(params: dict[str, Any], version: str) -> Iterator[str | None]:
    for name in _SAMPLING:
        if name in params:
            if version >= STRICT_VERSION:
                yield f"{name}: not supported from API version {STRICT_VERSION} on; remove it"
            elif not isinstance(params[name], int | float):
                yield f"{name}: Input should be a valid number"


def _tool_choice_problem(choice: object, version: str) -> str | None:
    kind = choice.get("type") if isinstance(choice, dict) else None
    if kind not in ("auto", "any", "tool", "none"):
        return "tool_choice.type: Input should be 'auto', 'any', 'tool' or 'none'"
    if kind in ("any", "tool") and version >= STRICT_VERSION:
        return f"tool_choice: a forced tool choice ({kind!r}) is not supported by this model"
    return None


def _output_problem(config: object) -> str | None:
    if not isinstance(config, dict) or not config.keys() <= {"effort", "format"}:
        return "output_config: Input should be an object of effort and format"
    wanted = config.get("format")
    if wanted is None:
        return None
    where = "output_config.format"
    if not isinstance(wanted, dict) or wanted.get("type") != "json_schema":
        return f"{where}.type: Input should be 'json_schema'"
    if not isinstance(wanted.get("schema"), dict):
        return f"{where}.schema: {_MISSING}"
    return _schema_problem(wanted["schema"], f"{where}.schema")


def _schema_problem(schema: object, where: str) -> str | None:
    """Check what structured outputs do not support; property names are never keywords."""
    if not isinstance(schema, dict):
        return None
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        return f"{where}: for type 'object', 'additionalProperties' must be set to false"
    if limits := sorted(schema.keys() & _SCHEMA_LIMITS):
        return f"{where}: the keyword {limits[0]!r} is not supported"
    if schema.get("minItems", 0) not in (0, 1):
        return f"{where}: 'minItems' may only be 0 or 1"
    for name in ("properties", "$defs", "definitions"):
        for key, part in (schema.get(name) or {}).items():
            if problem := _schema_problem(part, f"{where}.{name}.{key}"):
                return problem
    parts = [schema.get("items"), *(schema.get("anyOf") or []), *(schema.get("allOf") or [])]
    return next((found for part in parts if (found := _schema_problem(part, where))), None)


def is_known_model(model: str) -> bool:
    """Tell whether the simulator serves `model`; `extractive` is the offline provider's own."""
    return model.startswith("claude-") or model == "extractive"
