"""Reading answers and lines of results: whatever comes, it is one of few things, and no exception."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from twolane.core.types import Errored, Outcome, Reply, Succeeded, Usage
from twolane.providers.lenient import MAX_DEPTH, parse
from twolane.providers.messages import (
    Said,
    error_said,
    read_answer,
    read_line,
    read_result,
    result_body,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = st.sampled_from(
    ["type", "content", "usage", "stop_reason", "model", "error", "custom_id", "result", "message"]
)
VALUES = JSON | st.sampled_from(["message", "error", "succeeded", "errored", "text"])
OBJECTS = st.recursive(
    st.dictionaries(MEMBERS, VALUES, max_size=5),
    lambda inner: st.dictionaries(MEMBERS, VALUES | inner | st.lists(inner, max_size=2)),
    max_leaves=4,
)


def written(value: Any) -> bytes:  # noqa: ANN401
    """Return a value as JSON of the lax kind, lone surrogates as escapes."""
    return json.dumps(value).encode()


def outcome_is_whole(outcome: Outcome) -> None:
    """See that an outcome can be kept, read again, printed, and written by any strict writer."""
    body = result_body(outcome)
    orjson.dumps(orjson.loads(body))
    read_result(body)
    if isinstance(outcome, Succeeded | Errored) and outcome.reply is not None:
        outcome.reply.text.encode()
        assert all(count >= 0 for count in outcome.reply.usage)


@given(st.binary() | OBJECTS.map(written) | JSON.map(written))
def test_any_bytes_that_came_with_success_are_read_or_refused(raw: bytes) -> None:
    """An answer is a reply, an error by its type, or nothing of the API; reading never raises."""
    answer = read_answer(raw)
    if isinstance(answer, Reply):
        outcome_is_whole(Succeeded(answer))
    elif answer is not None:
        assert isinstance(answer, Said)
        answer.message.encode()


@given(st.binary() | OBJECTS.map(written) | JSON.map(written))
def test_any_line_of_results_is_read_or_none(line: bytes) -> None:
    """A line is a request's outcome, of a request without a name, or none; it never raises."""
    answer = read_line(line)
    if answer is not None:
        answer.custom_id.encode()
        outcome_is_whole(answer.outcome)


@given(st.binary() | OBJECTS.map(written) | JSON.map(written))
@example(b'{"error":{"message":"no"}}')
@example(rb'{"error":{"type":"\ud83d","message":"half an emoji: \ud83d"}}')
def test_any_refusal_says_something(raw: bytes) -> None:
    """Whatever a refusal's body is, it is of a kind, and its words can be kept and printed."""
    said = error_said(raw)
    assert said.kind
    for text in (said.kind, said.message, said.words):
        assert text.encode(errors="replace").decode() == text


@given(st.integers(1, 3_000), st.sampled_from([b"[", b'{"a":']))
def test_what_is_nested_too_deeply_is_read_as_null(depth: int, opening: bytes) -> None:
    """A value nested below the bound is whole, and one above it is cut there."""
    closing = b"]" if opening == b"[" else b"}"
    inner = b"" if opening == b"[" else b"1"
    value, raw = parse(opening * depth + inner + closing * depth)
    assert orjson.loads(raw) == value
    if depth > 254:  # the deepest that orjson writes
        assert raw.count(opening[:1]) <= MAX_DEPTH


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"type":"error","error":{"type":"api_error","message":"no"}}', ("api_error", "no")),
        (b'{"error":{"message":"no","code":"model_not_found"}}', ("model_not_found", "no")),
        (b'{"error":{"message":"no","code":402}}', ("402", "no")),
        (b'{"error":"no"}', ("api_error", "no")),
        (b'{"error":{"error":{"message":"no"},"code":402}}', ("402", "{'message': 'no'}")),
    ],
)
def test_an_error_is_read_as_gateways_write_it(body: bytes, said: tuple[str, str]) -> None:
    """Type or code, and the message, are found in every shape in use, and count as the API's."""
    found = error_said(body)
    assert (found.kind, found.message) == said
    assert found.own


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html><head><title>504 Gateway Time-out</title></head><body>x</body></html>",
         "504 Gateway Time-out"),
        (b"<html><body><h1>403</h1>\n<p>blocked</p></body></html>", "403 blocked"),
        (b"upstream connect error", "upstream connect error"),
        (b'{"detail":"Not Found"}', '{"detail":"Not Found"}'),
        (b"", ""),
    ],
)  # fmt: skip
def test_a_page_is_told_by_its_title_or_words(body: bytes, words: str) -> None:
    """What a proxy wrote is shown without its marks, and is no error of the API."""
    found = error_said(body)
    assert found.message == words
    assert not found.own


def test_a_stream_that_nobody_asked_for_is_kept_with_its_counts() -> None:
    """Events in place of a message were paid for: the last counts in them are the sum."""
    raw = (
        b'event: message_start\ndata: {"message":{"content":[],"usage":{"input_tokens":10,'
        b'"output_tokens":1}}}\n\nevent: message_delta\ndata: {"usage":{"output_tokens":5}}\n\n'
    )
    reply = read_answer(raw)
    assert isinstance(reply, Reply)
    assert reply.problem
    assert reply.usage == Usage(10, 5)
    assert orjson.loads(result_body(Succeeded(reply)))["raw"].encode() == raw
