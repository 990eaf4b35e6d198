"""Conversion between Anthropic's Messages, the engine's format, and chat completions.

Pure. Members with the same meaning in both formats are converted; others are refused by name,
before anything is sent. The chat format is OpenAI's as local servers accept it, without the members
that only OpenAI supports: https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from twolane.core import outside
from twolane.core.identity import note_ref_of
from twolane.core.outside import MAX_TOKENS, whole
from twolane.core.replies import json_in, without_thinking
from twolane.errors import InputError
from twolane.providers.messages import ending

if TYPE_CHECKING:
    from collections.abc import Sequence


class Endpoint(StrEnum):
    """The two APIs that local servers offer."""

    CHAT = "/v1/chat/completions"
    MESSAGES = "/v1/messages"


class Schemas(StrEnum):
    """What a server does with a request's schema."""

    ENFORCED = "enforced"
    IGNORED = "ignored"
    REFUSED = "refused"


class Manner(NamedTuple):
    """How a server wants to be asked for one of its models.

    `system` says that the model's template takes a system prompt.
    """

    endpoint: Endpoint = Endpoint.CHAT
    schemas: Schemas = Schemas.ENFORCED
    system: bool = True


# Converted one to one, under another name, or into another shape.
_CONVERTED: Final = frozenset(
    {"model", "max_tokens", "messages", "system", "output_config", "temperature", "top_p"}
    | {"stop_sequences"}
)
# About billing, caching and accounts: without a meaning for a model on one's own machine.
_WITHOUT_MEANING: Final = frozenset({"cache_control", "metadata", "service_tier"})

_SCHEMA_IN_PROMPT: Final = (
    "Answer with one JSON value and nothing around it: no explanation, no code fence. It has to "
    "meet this JSON Schema:\n"
)
_STOP_REASONS: Final[Mapping[str, str]] = {
    "stop": "end_turn",
    "eos": "end_turn",
    "length": "max_tokens",
    "content_filter": "refusal",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
}


# -- requests -------------------------------------------------------------------------------------


def check(params: Mapping[str, Any]) -> None:
    """Check that `params` can be converted. Raises InputError naming what cannot."""
    for name, value in params.items():
        if name in _CONVERTED or name in _WITHOUT_MEANING or value in (None, [], {}, False):
            continue
        if name == "thinking" and value == {"type": "disabled"}:
            continue
        _refuse(f"`{name}`")
    config = params.get("output_config") or {}
    for name, value in config.items():
        if name != "format" and value is not None:
            _refuse(f"`output_config.{name}`")
    if (kind := (config.get("format") or {}).get("type", "json_schema")) != "json_schema":
        _refuse(f"output_config.format of type `{kind}`")
    turns = _turns(params)
    if not turns or turns[-1]["role"] != "user":
        _refuse("an assistant's message at the end")


def _refuse(what: str) -> None:
    message = f"a local server cannot be asked with {what}; leave it out, or use another provider"
    raise InputError(message)


def to_chat(params: Mapping[str, Any], manner: Manner) -> dict[str, Any]:
    """Return `params` as the body of a chat completion. Raises InputError like `check`."""
    schema = _schema(params)
    told = schema if manner.schemas is not Schemas.ENFORCED else None
    system = _with_schema(_system(params), told)
    turns = _turns(params)
    if system and not manner.system:
        turns[0] = {**turns[0], "content": _joined(system, turns[0]["content"])}
        system = ""
    body: dict[str, Any] = {
        "model": params["model"],
        "messages": [*([{"role": "system", "content": system}] if system else []), *turns],
        "max_tokens": params["max_tokens"],
        "stream": False,
    }
    for name, chat_name in (
        ("temperature", "temperature"),
        ("top_p", "top_p"),
        ("stop_sequences", "stop"),
    ):
        if params.get(name) is not None:
            body[chat_name] = params[name]
    if schema is not None and manner.schemas is not Schemas.REFUSED:
        form = {"name": "reply", "strict": True, "schema": schema}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    return body


def to_messages(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return `params` for a local server's `/v1/messages`.

    The schema goes into the system prompt: llama.cpp ignores it in every other form, others
    refuse it.
    """
    unknown = {*_WITHOUT_MEANING, "output_config", "thinking", "system"}
    body = {name: value for name, value in params.items() if name not in unknown}
    body["messages"] = _turns(params, as_chat=False)
    if system := _with_schema(_system(params), _schema(params)):
        body["system"] = system
    return body


def _schema(params: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the schema a reply has to meet, with the token that it has to repeat as a constant.

    A small model fails to copy twelve letters; fixed in the schema it cannot. That the answer is
    this request's is proved all the same: the token belongs to it alone.
    """
    schema = ((params.get("output_config") or {}).get("format") or {}).get("schema")
    if not isinstance(schema, dict):
        return None
    token, members = note_ref_of(params), schema.get("properties")
    if token is None or not isinstance(members, dict) or "note_ref" not in members:
        return schema
    # Not `const`: an enumeration of one is what every converter of schemas knows.
    fixed = {"type": "string", "enum": [token]}
    return {**schema, "properties": {**members, "note_ref": fixed}}


def _with_schema(system: str, schema: Mapping[str, Any] | None) -> str:
    if schema is None:
        return system
    told = _SCHEMA_IN_PROMPT + orjson.dumps(schema).decode()
    return f"{system}\n\n{told}" if system else told


def _system(params: Mapping[str, Any]) -> str:
    system = params.get("system") or ""
    if isinstance(system, str):
        return system
    return "\n\n".join(_text(block, "the system prompt") for block in system)


def _turns(params: Mapping[str, Any], *, as_chat: bool = True) -> list[dict[str, Any]]:
    """Return the messages, those of one role in a row as one: many templates take no others."""
    turns: list[dict[str, Any]] = []
    messages = params.get("messages")
    for message in messages if isinstance(messages, list | tuple) else ():
        role = message.get("role") if isinstance(message, Mapping) else None
        if role not in ("user", "assistant"):
            _refuse(f"a message of the role `{role}`")
        content = _content(message.get("content"), as_chat=as_chat)
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] = _joined(turns[-1]["content"], content)
        else:
            turns.append({"role": role, "content": content})
    return turns


def _content(content: object, *, as_chat: bool) -> str | list[dict[str, Any]]:
    if isinstance(content, str):
        return content
    if not isinstance(content, list | tuple):
        _refuse("a message without content")
    blocks: Sequence[Any] = content  # type: ignore[assignment]
    images = any(isinstance(one, Mapping) and one.get("type") == "image" for one in blocks)
    if not images:
        return "\n\n".join(_text(block, "a message") for block in blocks)
    return [
        _image(block, as_chat=as_chat)
        if isinstance(block, Mapping) and block.get("type") == "image"
        else {"type": "text", "text": _text(block, "a message")}
        for block in blocks
    ]


def _text(block: object, where: str) -> str:
    text = block.get("text") if isinstance(block, Mapping) else None
    kind = block.get("type", "?") if isinstance(block, Mapping) else type(block).__name__
    if kind != "text" or not isinstance(text, str):
        _refuse(f"a block of type `{kind}` in {where}")
    return str(text)


def _image(block: Mapping[str, Any], *, as_chat: bool) -> dict[str, Any]:
    source = block.get("source") or {}
    match source.get("type"):
        case "base64":
            url = f"data:{source.get('media_type')};base64,{source.get('data')}"
        case "url":
            url = str(source.get("url"))
        case kind:
            _refuse(f"an image whose source is of type `{kind}`")
    if not as_chat:
        return {"type": "image", "source": source}
    return {"type": "image_url", "image_url": {"url": url}}


def _joined(
    first: str | list[dict[str, Any]], second: str | list[dict[str, Any]]
) -> str | list[dict[str, Any]]:
    if isinstance(first, str) and isinstance(second, str):
        return f"{first}\n\n{second}"
    return [*_parts(first), *_parts(second)]


def _parts(content: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


# -- answers --------------------------------------------------------------------------------------


def from_chat(answer: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a chat completion as a message, None if it holds no readable choice.

    A model's thinking becomes a separate block; if a schema was requested, the JSON is extracted
    from the text around it, and the original text is kept as `said`.
    """
    try:
        choice = answer["choices"][0]
        spoken = choice["message"]
        said, thought = _plain(spoken.get("content")), ""
        for name in ("reasoning_content", "reasoning", "thinking"):
            thought = thought or _plain(spoken.get(name))
    except (KeyError, IndexError, TypeError, AttributeError):
        return None
    reason = ending(choice.get("finish_reason"))
    usage = answer.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    details = usage.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, Mapping) else 0
    written = _count(usage.get("completion_tokens"))
    stop_reason = _STOP_REASONS.get(reason, reason) if reason else None
    if stop_reason == "max_tokens" and 0 < written < params["max_tokens"]:
        stop_reason = "model_context_window_exceeded"
    return _message(
        answer,
        params,
        said=said,
        thought=thought,
        stop_reason=stop_reason,
        usage={
            "input_tokens": max(0, _count(usage.get("prompt_tokens")) - cached),
            "output_tokens": written,
            "cache_read_input_tokens": cached,
        },
    )


def from_messages(answer: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the answer of a local server's `/v1/messages`, read like `from_chat`."""
    content = answer.get("content")
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    if not isinstance(content, list) or answer.get("type") == "error":
        return None
    blocks = [one for one in content if isinstance(one, Mapping)]
    usage = answer.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    return _message(
        answer,
        params,
        said="".join(_plain(one.get("text")) for one in blocks if one.get("type") == "text"),
        thought="".join(_plain(one.get("thinking")) for one in blocks),
        stop_reason=ending(answer.get("stop_reason")),
        usage={
            name: _count(usage.get(name))
            for name in ("input_tokens", "output_tokens", "cache_read_input_tokens")
        },
    )


def _message(
    answer: Mapping[str, Any],
    params: Mapping[str, Any],
    *,
    said: str,
    thought: str,
    stop_reason: str | None,
    usage: Mapping[str, int],
) -> dict[str, Any]:
    schema = _schema(params)
    before, text = without_thinking(said) if schema is None else json_in(said, schema)
    thought = "\n\n".join(filter(None, (thought, before)))
    if schema is not None and not text.strip() and thought:
        # Some servers take a whole answer for thoughts, where a schema leaves no room for any.
        text = json_in(thought, schema)[1]
    thinking = [{"type": "thinking", "thinking": thought}] if thought else []
    return {
        "id": outside.identifier(answer.get("id")) or "",
        "type": "message",
        "role": "assistant",
        "model": outside.name(answer.get("model")) or params["model"],
        "content": [*thinking, {"type": "text", "text": text}],
        "stop_reason": stop_reason,
        "usage": dict(usage),
        **({"said": said} if said != text else {}),
    }


def _plain(content: object) -> str:
    """Return the text of what may be a string, a list of parts, or nothing."""
    if isinstance(content, list):
        parts = (one.get("text") for one in content if isinstance(one, Mapping))
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _count(value: object) -> int:
    """Return a number of tokens, 0 if none can be read: nothing is paid by it."""
    return 0 if isinstance(value, str) else whole(value, most=MAX_TOKENS) or 0
