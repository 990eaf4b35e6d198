"""What the simulated model says, and how it is counted."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from tests.twolane.sim.client import BATCHES, SCHEMA, Client, body, items, params, structured
from twolane.sim import Simulator, default_responder
from twolane.sim.answers import Call
from twolane.sim.prompt import prompt_tokens

MESSAGES = "/v1/messages"
LONG = "word " * 4_000
FIVE_MINUTES: dict[str, Any] = {"type": "ephemeral"}
ONE_HOUR = {"type": "ephemeral", "ttl": "1h"}


def _text(message: dict[str, Any]) -> str:
    return "".join(block["text"] for block in message["content"])


def test_a_schema_is_filled_and_the_token_echoed() -> None:
    """A structured reply fits its schema and repeats the token of the prompt's first line."""
    message = Client().get("POST", MESSAGES, structured("tok3n"))
    reply = orjson.loads(_text(message))
    Draft202012Validator(SCHEMA).validate(reply)
    assert reply["note_ref"] == "tok3n"
    assert message["stop_reason"] == "end_turn"


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "minItems": 1, "items": {"enum": ["red", "green"]}},
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        {"type": ["null", "string"]},
        {"const": 7},
        {
            "$defs": {"tag": {"type": "string", "format": "date"}},
            "type": "object",
            "additionalProperties": False,
            "properties": {"day": {"$ref": "#/$defs/tag"}, "n": {"type": "number"}},
            "required": ["day", "n"],
        },
    ],
)
def test_the_default_reply_fits_any_schema(schema: dict[str, Any]) -> None:
    """A minimal instance is valid under the schema it was made for."""
    wanted = {"format": {"type": "json_schema", "schema": schema}}
    said = default_responder(params(output_config=wanted))
    value = orjson.loads(said) if isinstance(said, str) else said
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)


def test_without_a_schema_the_prompt_is_echoed() -> None:
    """A plain reply repeats the first words of the prompt, behind the note_ref line."""
    message = Client().get("POST", MESSAGES, params("note_ref: abc\nOne two three"))
    assert _text(message) == "One two three"


def test_the_caller_s_responder_answers_in_both_lanes() -> None:
    """A responder of the caller is asked with the request's own parameters."""
    asked: list[str] = []

    def respond(request: Any) -> dict[str, Any]:  # noqa: ANN401  # a request as it came
        asked.append(request["messages"][0]["content"])
        return {"said": len(asked)}

    client = Client()
    client.sim = Simulator(now=client.clock.now, responder=respond)
    assert orjson.loads(_text(client.get("POST", MESSAGES, params("first")))) == {"said": 1}
    batch_id = client.create([{"custom_id": "a", "params": params("second")}])
    client.clock.advance(3_600)
    message = client.lines(batch_id)[0]["result"]["message"]
    assert orjson.loads(_text(message)) == {"said": 2}
    assert asked == ["first", "second"]


def test_output_ends_at_max_tokens() -> None:
    """A reply longer than max_tokens is cut there and says so."""
    message = Client().get("POST", MESSAGES, params("one two three four five six", max_tokens=2))
    assert message["stop_reason"] == "max_tokens"
    assert message["usage"]["output_tokens"] == 2
    assert len(_text(message)) == 8


def test_tokens_are_a_quarter_of_the_bytes() -> None:
    """Input and output count one token per four bytes of UTF-8, rounded up."""
    message = Client().get("POST", MESSAGES, params("äöü!", system="12345"))
    assert message["usage"]["input_tokens"] == 3
    assert message["usage"]["output_tokens"] == 2


def test_counting_tokens_agrees_with_the_bill() -> None:
    """count_tokens gives what the message is billed with."""
    value = params("How many tokens is this?", system="Be brief.")
    client = Client()
    counted = client.get("POST", f"{MESSAGES}/count_tokens", _prompt(value))
    assert counted == {"input_tokens": prompt_tokens(value)}
    assert client.get("POST", MESSAGES, value)["usage"]["input_tokens"] == counted["input_tokens"]


def _prompt(value: dict[str, Any]) -> dict[str, Any]:
    return {key: part for key, part in value.items() if key != "max_tokens"}


def _cached(text: str, mark: dict[str, Any], system: str = LONG) -> dict[str, Any]:
    return params(text, system=[{"type": "text", "text": system, "cache_control": mark}])


def _usage(client: Client, value: dict[str, Any]) -> tuple[int, int, int]:
    usage = client.get("POST", MESSAGES, value)["usage"]
    written = usage["cache_creation"]
    assert usage["cache_creation_input_tokens"] == sum(written.values())
    return (
        written["ephemeral_5m_input_tokens"],
        written["ephemeral_1h_input_tokens"],
        usage["cache_read_input_tokens"],
    )


def test_a_cached_prefix_is_written_once_and_then_read() -> None:
    """The first answer writes the prefix; once it is there, others read it for five minutes."""
    client = Client()
    assert _usage(client, _cached("one", FIVE_MINUTES)) == (5_000, 0, 0)
    client.clock.advance(1)
    assert _usage(client, _cached("too early", FIVE_MINUTES)) == (5_000, 0, 0)
    client.clock.advance(2)
    assert _usage(client, _cached("two", FIVE_MINUTES)) == (0, 0, 5_000)
    client.clock.advance(299)
    assert _usage(client, _cached("kept alive by the read", FIVE_MINUTES)) == (0, 0, 5_000)
    client.clock.advance(301)
    assert _usage(client, _cached("gone", FIVE_MINUTES)) == (5_000, 0, 0)


def test_an_hour_s_cache_lives_an_hour() -> None:
    """A prefix marked 1h is booked as such and read 59 minutes later."""
    client = Client()
    assert _usage(client, _cached("one", ONE_HOUR)) == (0, 5_000, 0)
    client.clock.advance(3_540)
    assert _usage(client, _cached("two", ONE_HOUR)) == (0, 0, 5_000)


def test_short_prefixes_are_not_cached() -> None:
    """A prefix below its model's least length is plain input, and so is one without a mark."""
    client = Client()
    for model, least in (("claude-haiku-4-5", 4_096), ("claude-sonnet-4-5", 1_024)):
        for tokens, written in ((least - 1, 0), (least, least)):
            value = _cached("one", FIVE_MINUTES, "word" * tokens) | {"model": model}
            assert _usage(client, value) == (written, 0, 0)
    assert _usage(client, params("one", system=LONG)) == (0, 0, 0)


def test_only_the_longer_prefix_is_written() -> None:
    """A second mark behind a cached prefix writes the difference and reads the rest."""
    client = Client()
    _usage(client, _cached("one", FIVE_MINUTES))
    client.clock.advance(3)
    value = _cached("", FIVE_MINUTES)
    block = {"type": "text", "text": LONG, "cache_control": FIVE_MINUTES}
    value["messages"] = [{"role": "user", "content": [block]}]
    assert _usage(client, value) == (5_000, 0, 5_000)


def test_a_batch_s_cache_is_best_effort() -> None:
    """Within a batch some items write the shared prefix and most read it."""
    system = [{"type": "text", "text": LONG, "cache_control": ONE_HOUR}]
    client = Client()
    batch_id = client.create(items(100, system=system))
    client.clock.advance(101)
    uses = [one["result"]["message"]["usage"] for one in client.lines(batch_id)]
    readers = [one for one in uses if one["cache_read_input_tokens"] == 5_000]
    writers = [one for one in uses if one["cache_creation_input_tokens"] == 5_000]
    assert len(readers) + len(writers) == 100
    assert 1 <= len(writers) < 20
    assert {one["service_tier"] for one in uses} == {"batch"}


def test_a_streamed_reply_says_the_same() -> None:
    """The pieces of a streamed reply add up to the reply itself, with its usage."""
    client = Client()
    whole = client.get("POST", MESSAGES, params())
    answer = client.call("POST", MESSAGES, params(stream=True))
    assert answer.headers["content-type"].startswith("text/event-stream")
    told = [
        orjson.loads(line.removeprefix(b"data: "))
        for line in body(answer).splitlines()
        if line.startswith(b"data: ")
    ]
    pieces = [one["delta"]["text"] for one in told if one["type"] == "content_block_delta"]
    assert "".join(pieces) == _text(whole)
    assert (told[0]["type"], told[-1]["type"]) == ("message_start", "message_stop")
    assert told[-2]["usage"]["output_tokens"] == whole["usage"]["output_tokens"]
    assert told[-2]["delta"]["stop_reason"] == "end_turn"


def test_a_lone_surrogate_does_not_break_the_reply() -> None:
    """Text that UTF-8 cannot carry is replaced, not refused."""
    client = Client()
    client.sim = Simulator(now=client.clock.now, responder=lambda _: "a\ud800b")
    assert _text(client.get("POST", MESSAGES, params())) == "a?b"


def test_results_name_the_host_they_were_asked_of() -> None:
    """results_url is absolute and begins with the base URL of the call."""
    client = Client()
    batch_id = client.create(items(1))
    client.clock.advance(101)
    headers = {"x-api-key": client.key, "anthropic-version": "2026-10-21"}
    call = Call("GET", f"{BATCHES}/{batch_id}", headers, base_url="http://here:80")
    shown = orjson.loads(body(client.sim.handle(call)))
    assert shown["results_url"] == f"http://here:80{BATCHES}/{batch_id}/results"
