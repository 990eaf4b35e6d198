"""Answers and results of the Messages API, read into values and written back; pure, lenient.

A successful response is one of: a message (an answer, stored and billed once), an error of some
type, or not from the API at all (a proxy's page, not billed). A message that is cut off or garbled
was billed all the same: it is a reply with a `problem`, with its bytes kept and any usage found in
it counted.

The shapes: https://platform.claude.com/docs/en/api/messages and
https://platform.claude.com/docs/en/build-with-claude/batch-processing
"""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeGuard, assert_never

import orjson

from twolane.core.outside import MAX_SEARCHES, MAX_TOKENS, identifier, name, whole
from twolane.core.types import (
    UNKNOWN_USAGE,
    Canceled,
    Errored,
    Expired,
    Missing,
    Outcome,
    Quarantined,
    RateHeaders,
    Reply,
    Succeeded,
    Usage,
)
from twolane.providers.base import ResultLine
from twolane.providers.lenient import clean, parse, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SNIPPET_CHARS: Final = 200
_NO_COUNTS: Final[Mapping[str, Any]] = {}
# A search is billed by its number; what is fetched, or found among tools, costs its tokens only.
# https://platform.claude.com/docs/en/about-claude/pricing#specific-tool-pricing
_WITHOUT_FEE: Final = frozenset(
    {"web_search_requests", "web_fetch_requests", "tool_search_requests"}
)
# What an answer says of how it was served, and the values under which the list price holds. US
# inference costs a tenth more, fast mode and priority have prices of their own.
_LIST_PRICED: Final[Mapping[str, frozenset[str]]] = {
    "service_tier": frozenset({"", "standard", "batch", "default"}),
    "inference_geo": frozenset({"", "global", "not_available"}),
    "speed": frozenset({"", "standard"}),
}
_NAME: Final = re.compile(r"[^\w .:-]+")
_MAX_NAME_CHARS: Final = 40
_MAX_KIND_CHARS: Final = 100
# Of what has no known price so many kinds are named: an answer uses two or three.
_MAX_UNPRICED: Final = 10
_CUSTOM_ID: Final = re.compile(rb'"custom_id"\s*:\s*"([a-zA-Z0-9_-]{1,64})"')
_COUNT: Final = rb'"%b"\s*:\s*(\d{1,9})\b'
_MARKS: Final = re.compile(rb'"(?:content|stop_reason|usage|output_tokens)"\s*:')
_PAGE_TITLE: Final = re.compile(r"<title[^>]*>\s*([^<]{1,200}?)\s*</title>", re.IGNORECASE)
_TAGS: Final = re.compile(r"<[^<>]{0,500}>")


class Said(NamedTuple):
    """An error in an answer; `own` says that it is the API's own, in its JSON.

    `words` is all its text, for the table of faults.
    """

    kind: str
    message: str
    words: str
    own: bool


def error_said(raw: bytes) -> Said:
    """Return the error in the body of a refusal, whatever its format."""
    try:
        value, _ = parse(raw)
    except ValueError:
        value = None
    said = _error_in(value)
    if said is not None:
        return said
    # A proxy or a load balancer answers with a page; its title is what there is.
    text = shown(raw)
    return Said("api_error", text, text, own=False)


def read_answer(
    raw: bytes, *, request_id: str | None = None, rates: RateHeaders | None = None
) -> Reply | Said | None:
    """Return the reply or the error in a successful response, None if it is not the API's."""
    try:
        value, message = parse(raw)
    except ValueError:
        return _unreadable(raw, request_id) if _is_part_of_message(raw) else None
    if (said := _error_in(value)) is not None:
        return said
    if _is_message(value):
        return _reply(value, message, request_id, rates)
    counted = isinstance(value, dict) and bool({"usage", "choices"} & value.keys())
    return _unreadable(raw, request_id) if counted else None


def read_line(line: bytes) -> ResultLine | None:
    """Return one line of a batch's results; None if it is not a result at all.

    A line that cannot be read is an unreadable reply to the request that it names, or to '' if it
    names none: it may be the answer to any.
    """
    try:
        value, _ = parse(line)
    except ValueError:
        value = None
    if isinstance(value, dict):
        if "result" not in value and not value.get("custom_id"):
            return None
        return ResultLine(clean(value.get("custom_id")), _outcome(value.get("result"), line))
    found = _CUSTOM_ID.search(line)
    if found is None and not _is_part_of_message(line):
        return None
    custom_id = found[1].decode() if found else ""
    return ResultLine(custom_id, Succeeded(_unreadable(line)))


def read_result(body: bytes) -> Outcome:
    """Return the outcome that `result_body` wrote."""
    value, _ = parse(body)
    return _outcome(value, body)


def result_body(outcome: Outcome) -> bytes:
    """Return an outcome in the batch-result shape."""
    match outcome:
        case Succeeded(reply) if not reply.problem:
            return b'{"type":"succeeded","message":%b}' % reply.message
        case Succeeded(reply):
            return _errored("unreadable_reply", reply.problem, reply.message)
        case Errored(kind, message, reply):
            return _errored(kind, message, reply.message if reply and reply.problem else None)
        case Quarantined(message):
            return _errored("quarantined", message)
        case Missing():
            return _errored("missing", "the provider gave no result for this request")
        case Expired():
            return b'{"type":"expired"}'
        case Canceled():
            return b'{"type":"canceled"}'
        case _:
            assert_never(outcome)


def shown(raw: bytes) -> str:
    """Return the first words of a foreign answer, without HTML markup."""
    text = clean(unpacked(raw[:100_000])[:4_000].decode("utf-8", "replace"))
    title = _PAGE_TITLE.search(text)
    return " ".join((title[1] if title else _TAGS.sub(" ", text)).split())[:SNIPPET_CHARS]


# -- what it is -----------------------------------------------------------------------------------


def _is_message(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict) and (
        bool(value.get("type") == "message") or "content" in value or "stop_reason" in value
    )


def _is_part_of_message(raw: bytes) -> bool:
    """Tell whether bytes that are no JSON are a message that was cut off, garbled, or packed."""
    text = unpacked(raw)
    if text[:1] == b"<":
        return False
    try:
        text.decode()
    except UnicodeDecodeError:
        return True  # compressed, in a way that nobody asked for
    return _MARKS.search(text) is not None


def _error_in(value: object) -> Said | None:
    """Return the error that a JSON value is, as Anthropic writes it and gateways do."""
    error = value.get("error") if isinstance(value, dict) else None
    if not error or _is_message(value):
        return None
    words = clean(orjson.dumps(error).decode()[:4_000])
    if not isinstance(error, dict):
        return Said("api_error", clean(error)[:SNIPPET_CHARS], words, own=True)
    kind, message = error.get("type") or error.get("code"), error.get("message")
    if not isinstance(message, str):
        message = message or error.get("error") or error
    kind = _name(clean(kind), _MAX_KIND_CHARS)
    return Said(kind or "api_error", clean(message)[:4_000], words, own=True)


# -- messages -------------------------------------------------------------------------------------


def _reply(
    value: Mapping[str, Any],
    message: bytes,
    request_id: str | None,
    rates: RateHeaders | None = None,
) -> Reply:
    text = text_of(value.get("content"))
    usage, unpriced = _usage(value.get("usage"), said_anything=bool(text))
    return Reply(
        message=message,
        text=text,
        usage=usage,
        stop_reason=ending(value.get("stop_reason")),
        model=name(value.get("model")) or "",
        request_id=request_id,
        rates=rates,
        unpriced=unpriced,
    )


def ending(stop_reason: object) -> str | None:
    """Return an answer's stop reason, None if it has none."""
    return _name(stop_reason) or None if isinstance(stop_reason, str) else None


def with_text(reply: Reply, text: str) -> Reply:
    """Return a reply whose text is `text`; its message keeps the whole one as `said`."""
    value, _ = parse(reply.message)
    content = value.get("content")
    blocks = content if isinstance(content, list) else []
    others = [one for one in blocks if isinstance(one, dict) and one.get("type") != "text"]
    value |= {"content": [*others, {"type": "text", "text": text}], "said": reply.text}
    return reply._replace(message=orjson.dumps(value), text=text)


def text_of(content: object) -> str:
    """Return the text in a message's content, ignoring everything else."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = [
        text
        for block in content
        if isinstance(block, dict)
        and block.get("type", "text") == "text"
        and isinstance(text := block.get("text"), str)
    ]
    return "".join(texts)


def _unreadable(raw: bytes, request_id: str | None = None) -> Reply:
    """Return the reply of which only the bytes are there; its counts are looked for in them."""
    text = unpacked(raw)
    plain, output = (
        re.findall(_COUNT % name, text) for name in (b"input_tokens", b"output_tokens")
    )
    # Of a stream's counts the last are the sum.
    usage = Usage(int(plain[-1]), int(output[-1])) if plain and output else Usage()
    return Reply(
        message=raw,
        text="",
        usage=usage,
        stop_reason=None,
        model="",
        request_id=request_id,
        unpriced=() if plain and output else (UNKNOWN_USAGE,),
        problem=f"an answer came that cannot be read: {_quoted(text)}",
    )


def _quoted(text: bytes) -> str:
    """Return the beginning of what cannot be read, or how much of it there is."""
    try:
        text.decode()
    except UnicodeDecodeError as error:
        # Half a character at the end is one that was cut off.
        if error.end < len(text):
            return f"{len(text):,} bytes that are not text"
    return repr(shown(text)[:80])


def _usage(usage: object, *, said_anything: bool) -> tuple[Usage, tuple[str, ...]]:
    """Return the counts of an answer, and what of its price they do not tell."""
    if not isinstance(usage, dict):
        return Usage(), (UNKNOWN_USAGE,)
    plain, output = count(usage.get("input_tokens")), count(usage.get("output_tokens"))
    written = _spared(usage, "cache_creation_input_tokens")
    read = _spared(usage, "cache_read_input_tokens")
    parts, tools = usage.get("cache_creation"), usage.get("server_tool_use")
    parts = parts if isinstance(parts, dict) else _NO_COUNTS
    tools = tools if isinstance(tools, dict) else _NO_COUNTS
    written_1h = _spared(parts, "ephemeral_1h_input_tokens")
    written_5m = _spared(parts, "ephemeral_5m_input_tokens")
    searches = _spared(tools, "web_search_requests", MAX_SEARCHES)
    counts = Usage(
        plain or 0,
        output or 0,
        max(written_5m or 0, (written or 0) - (written_1h or 0)),
        written_1h or 0,
        read or 0,
        searches or 0,
    )
    known = None not in (plain, output, written, read, written_1h, written_5m, searches)
    # No prompt is empty: who counts nothing has not counted.
    known = known and (any(counts) or not said_anything)
    rounds = usage.get("iterations")
    rounds = [one for one in rounds if isinstance(one, dict)] if isinstance(rounds, list) else []
    if rounds:
        compacted = _compacted(rounds)
        known = known and compacted is not None
        more_input, more_output = compacted or (0, 0)
        counts = counts._replace(
            input_tokens=counts.input_tokens + more_input,
            output_tokens=counts.output_tokens + more_output,
        )
    unpriced = _without_price(usage, tools, rounds)
    return counts, unpriced if known else (UNKNOWN_USAGE, *unpriced)


def _compacted(rounds: Iterable[Mapping[str, Any]]) -> tuple[int, int] | None:
    """Return what was spent on compacting the prompt, which an answer's own counts leave out.

    None if that cannot be read.
    https://platform.claude.com/docs/en/build-with-claude/compaction-threshold
    """
    plain = output = 0
    for one in rounds:
        if one.get("type") == "compaction":
            counts = count(one.get("input_tokens")), count(one.get("output_tokens"))
            if counts[0] is None or counts[1] is None:
                return None
            plain, output = plain + counts[0], output + counts[1]
    return plain, output


def _without_price(
    usage: Mapping[str, Any], tools: Mapping[str, Any], rounds: Iterable[Mapping[str, Any]]
) -> tuple[str, ...]:
    """Return what an answer used beyond the list price of its tokens and searches."""
    used = [
        _name(tool.removesuffix("_requests"))
        for tool, times in tools.items()
        if tool not in _WITHOUT_FEE and times is not None and count(times) != 0
    ]
    for member, listed in _LIST_PRICED.items():
        if (said := usage.get(member)) is not None and (value := clean(said)) not in listed:
            used.append(_name(f"{member} {value}"))
    kinds = {clean(one.get("type")) for one in rounds} - {"message", "compaction", ""}
    used += map(_name, sorted(kinds))
    return tuple(used[:_MAX_UNPRICED])


def _name(text: str, most_chars: int = _MAX_NAME_CHARS) -> str:
    return _named(text[: 2 * most_chars])[:most_chars]


@lru_cache(maxsize=256)  # the answers of a run end in a few ways
def _named(text: str) -> str:
    return _NAME.sub("_", clean(text))


def count(value: object, most: int = MAX_TOKENS) -> int | None:
    """Return a number of tokens or calls, None if it is not valid."""
    return whole(value, 0, most)


def _spared(counts: Mapping[str, Any], name: str, most: int = MAX_TOKENS) -> int | None:
    """Return a count that is left out, or null, where nothing was cached or looked for."""
    value = counts.get(name)
    return 0 if value is None else whole(value, 0, most)


# -- results --------------------------------------------------------------------------------------


def _outcome(result: object, line: bytes) -> Outcome:
    if not isinstance(result, dict):
        return Succeeded(_unreadable(line))
    match result.get("type"):
        case "succeeded":
            message = result.get("message")
            if not _is_message(message):
                return Succeeded(_unreadable(line))
            return Succeeded(_reply(message, orjson.dumps(message), None))
        case "errored":
            return _error(result.get("error"))
        case "canceled":
            return Canceled()
        case "expired":
            return Expired()
        case other:
            why = f"the provider's result is of type {clean(other)[:SNIPPET_CHARS]!r}"
            return Errored("unknown_result", why, _unreadable(line))


def _error(envelope: object) -> Errored:
    """Return the error of a result; whatever it is like, it was not billed."""
    said = _error_in(envelope) or _error_in({"error": envelope})
    request_id = envelope.get("request_id") if isinstance(envelope, dict) else None
    if said is None:
        return Errored("api_error", "the provider says that it failed, and not why")
    return Errored(said.kind, said.message, request_id=identifier(request_id))


def _errored(kind: str, message: str, raw: bytes | None = None) -> bytes:
    """Return an error as a result, with the bytes that came in its place where some did."""
    error = {"type": "error", "error": {"type": clean(kind), "message": clean(message)}}
    result: dict[str, Any] = {"type": "errored", "error": error}
    if raw is not None:
        try:
            result["raw"] = raw.decode()
        except UnicodeDecodeError:
            result["raw_base64"] = base64.b64encode(raw).decode()
    return orjson.dumps(result)
