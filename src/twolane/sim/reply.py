"""Replies: the simulated model's text, and the message it is wrapped in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from twolane.core.types import Usage
from twolane.sim.prompt import BYTES_PER_TOKEN, CacheUse, prompt_tokens, tokens_of

if TYPE_CHECKING:
    from twolane.sim.faults import Dice, Faults

Responder = Callable[[Mapping[str, Any]], "str | Mapping[str, Any]"]
"""Takes a message's parameters; returns the reply's text, or an object to send as JSON."""

_REF_LINE: Final = "note_ref: "
_ECHO_WORDS: Final = 8
_MAX_DEPTH: Final = 16
_MOST_SEARCHES: Final = 5
_FORMATS: Final = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "email": "nobody@example.org",
    "uri": "https://example.org/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


@dataclass(frozen=True, slots=True)
class Spoken:
    """A reply before it is wrapped: its text and stop reason."""

    text: str
    stop_reason: str
    searches: int = 0


def default_responder(params: Mapping[str, Any]) -> str | Mapping[str, Any]:
    """Answer with a minimal instance of the requested schema, or with the prompt's first words.

    Strings are filled from the prompt; the field `note_ref` echoes the token of the line
    `note_ref: TOKEN` in front of the first user message.
    """
    text = _text(_first_user(params))
    token = None
    if text.startswith(_REF_LINE):
        line, _, text = text.partition("\n")
        token = line.removeprefix(_REF_LINE).strip()
    words = " ".join(text.split()[:_ECHO_WORDS]) or "nothing"
    config = params.get("output_config")
    if not config or not config.get("format"):
        return words
    schema = config["format"]["schema"]
    value = _instance(schema, schema, words, 0)
    if token is not None and isinstance(value, dict) and "note_ref" in value:
        value["note_ref"] = token
    return value if isinstance(value, dict) else orjson.dumps(value).decode()


def _first_user(params: Mapping[str, Any]) -> object:
    return next((one["content"] for one in params["messages"] if one["role"] == "user"), "")


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return "".join(block["text"] for block in blocks if block["type"] == "text")


def _instance(schema: object, root: Mapping[str, Any], words: str, depth: int) -> object:
    """Return a small value that fits `schema`; `root` holds what its references point to."""
    if not isinstance(schema, dict) or depth > _MAX_DEPTH:
        return None
    if "$ref" in schema:
        return _instance(_resolve(schema["$ref"], root), root, words, depth + 1)
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    if schema.get("enum"):
        return schema["enum"][0]
    for name in ("anyOf", "oneOf", "allOf"):
        if schema.get(name):
            return _instance(schema[name][0], root, words, depth + 1)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        parts = schema.get("properties") or {}
        needed = schema.get("required") or parts
        return {
            key: _instance(part, root, words, depth + 1)
            for key, part in parts.items()
            if key in needed
        }
    if kind == "array":
        items = schema.get("items") or {}
        return [_instance(items, root, words, depth + 1) for _ in range(schema.get("minItems", 0))]
    plain = {"integer": 0, "number": 0, "boolean": False, "null": None}
    return plain[kind] if kind in plain else _FORMATS.get(schema.get("format", ""), words)


def _resolve(reference: str, root: Mapping[str, Any]) -> object:
    value: object = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        value = value.get(part) if part and isinstance(value, dict) else value
    return value


def speak(
    params: Mapping[str, Any], responder: Responder, faults: Faults, dice: Dice, *about: object
) -> Spoken:
    """Let the responder answer, and apply the reply faults."""
    said = responder(params)
    text = said if isinstance(said, str) else orjson.dumps(dict(said)).decode()
    # A reply is UTF-8 on the wire; what cannot be written in it becomes a question mark.
    text = text.encode("utf-8", "replace").decode()
    if dice.strikes("refused", faults.refused, *about):
        return Spoken("", "refusal")
    if dice.strikes("paused", faults.paused, *about):
        return Spoken(text[: len(text) // 2], "pause_turn")
    config = params.get("output_config")
    if config and config.get("format"):
        text = _spoiled(text, faults, dice, *about)
    data = text.encode()
    room = params["max_tokens"] * BYTES_PER_TOKEN
    if dice.strikes("cut_reply", faults.cut_reply, *about):
        room = min(room, len(data) // 2)
    if len(data) > room:
        return Spoken(data[:room].decode("utf-8", "ignore"), "max_tokens")
    searches = 0
    if dice.strikes("searched", faults.searched, *about):
        searches = 1 + int(dice.draw("searches", *about) * _MOST_SEARCHES)
    return Spoken(text, "end_turn", searches)


def _spoiled(text: str, faults: Faults, dice: Dice, *about: object) -> str:
    """Return a structured reply as a model gets it wrong, or as it is."""
    if dice.strikes("not_json", faults.not_json, *about):
        return f"Here is what you asked for:\n{text[:-1]}"
    bad_schema = dice.hits("bad_schema", faults.bad_schema, *about)
    wrong_ref = dice.hits("wrong_ref", faults.wrong_ref, *about)
    if not (bad_schema or wrong_ref):
        return text
    value = orjson.loads(text)
    if not isinstance(value, dict):
        return text
    if bad_schema:
        dice.log["bad_schema"] += 1
        value = {"unexpected": True} | {k: v for k, v in value.items() if k == "note_ref"}
    if wrong_ref and isinstance(token := value.get("note_ref"), str):
        dice.log["wrong_ref"] += 1
        turned = token[::-1]
        value["note_ref"] = turned if turned != token else f"{token}x"
    return orjson.dumps(value).decode()


def usage_of(params: Mapping[str, Any], spoken: Spoken, cached: CacheUse) -> Usage:
    """Return the usage that a reply is billed for."""
    return Usage(
        input_tokens=max(0, prompt_tokens(params) - cached.total),
        output_tokens=tokens_of(len(spoken.text.encode())),
        cache_write_5m_tokens=cached.write_5m,
        cache_write_1h_tokens=cached.write_1h,
        cache_read_tokens=cached.read,
        web_searches=spoken.searches,
    )


def message(
    params: Mapping[str, Any], spoken: Spoken, usage: Usage, message_id: str, tier: str
) -> dict[str, Any]:
    """Return the reply as the API's Message; `tier` is standard or batch."""
    refused = spoken.stop_reason == "refusal"
    stop_details = {"type": "refusal", "category": None, "explanation": None} if refused else None
    searches = usage.web_searches
    content = [{"type": "text", "text": spoken.text, "citations": None}] if spoken.text else []
    return {
        "id": message_id,
        "type": "message",
        "role": "assistant",
        "model": params["model"],
        "content": content,
        "container": None,
        "stop_reason": spoken.stop_reason,
        "stop_sequence": None,
        "stop_details": stop_details,
        "usage": {
            "input_tokens": usage.input_tokens,
            "cache_creation_input_tokens": usage.cache_write_5m_tokens
            + usage.cache_write_1h_tokens,
            "cache_read_input_tokens": usage.cache_read_tokens,
            "cache_creation": {
                "ephemeral_5m_input_tokens": usage.cache_write_5m_tokens,
                "ephemeral_1h_input_tokens": usage.cache_write_1h_tokens,
            },
            "output_tokens": usage.output_tokens,
            "server_tool_use": {"web_search_requests": searches} if searches else None,
            "service_tier": tier,
            "inference_geo": None,
        },
    }


def events(value: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield a message as the server-sent events of a streamed reply, its text in pieces."""
    usage = value["usage"]
    start = {**value, "content": [], "stop_reason": None, "stop_details": None}
    start["usage"] = {**usage, "output_tokens": 0}
    yield _event({"type": "message_start", "message": start})
    for index, block in enumerate(value["content"]):
        empty = {**block, "text": ""}
        yield _event({"type": "content_block_start", "index": index, "content_block": empty})
        text = block["text"]
        for at in range(0, len(text), 256):
            delta = {"type": "text_delta", "text": text[at : at + 256]}
            yield _event({"type": "content_block_delta", "index": index, "delta": delta})
        yield _event({"type": "content_block_stop", "index": index})
    names = ("stop_reason", "stop_sequence", "stop_details", "container")
    delta = {name: value[name] for name in names}
    told = {
        name: usage[name]
        for name in (
            "input_tokens",
            "cache_creation_input_tokens",
            "cache_read_input_tokens",
            "output_tokens",
            "server_tool_use",
        )
    }
    yield _event({"type": "message_delta", "delta": delta, "usage": told})
    yield _event({"type": "message_stop"})


def _event(value: Mapping[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (str(value["type"]).encode(), orjson.dumps(value))
