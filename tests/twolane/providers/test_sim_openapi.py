"""The simulator's bodies against the API's own OpenAPI description (version 2023-06-01).

The description is older than the version the simulator speaks by default. Where the two differ:
`details` of an error is newer than the description, sampling parameters and a forced tool choice
are still allowed in it, `container` and `diagnostics` are newer members of a request, and
`request_too_large` (413) is an error type that only the prose documentation names.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from tests.twolane.sim.client import BATCHES, Client, body, items, params, parsed, structured
from twolane.sim import Faults
from twolane.sim.checks import batch_problem, count_problem, message_problem

DESCRIPTION = (
    Path(__file__).resolve().parents[3] / "../shared/data/api/anthropic-openapi-2026-05-06.json"
)
VERSION = "2023-06-01"
MESSAGES = "/v1/messages"
NEWER = {"details"}
"""Members of answers that the description does not have yet."""

pytestmark = pytest.mark.skipif(
    not DESCRIPTION.exists(), reason="the OpenAPI description is not beside the checkout"
)


@cache
def _document() -> dict[str, Any]:
    value: dict[str, Any] = orjson.loads(DESCRIPTION.read_bytes())
    return value


@cache
def _validator(name: str) -> Draft202012Validator:
    schema = {
        "$ref": f"#/components/schemas/{name}",
        "components": _document()["components"],
    }
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def _check(name: str, value: dict[str, Any]) -> None:
    """Validate an answer, and see that every member of it is described."""
    _validator(name).validate(value)
    described = _document()["components"]["schemas"][name]["properties"].keys()
    assert value.keys() <= described, f"{name} does not have {value.keys() - described}"


def _valid(name: str, value: dict[str, Any]) -> bool:
    return bool(_validator(name).is_valid(value))


def test_messages_are_as_described() -> None:
    """Message and its usage fit in real time, structured, cut, refused and cached."""
    client = Client()
    long = [{"type": "text", "text": "x" * 9_000, "cache_control": {"type": "ephemeral"}}]
    for value in (params(), structured("t"), params(max_tokens=1), params(system=long)):
        message = client.get("POST", MESSAGES, value)
        _check("Message", message)
        _check("Usage", message["usage"])
    client.sim.faults = Faults(refused=1.0)
    _check("Message", client.get("POST", MESSAGES, params()))


def test_token_counts_are_as_described() -> None:
    """The answer of count_tokens fits."""
    value = {key: part for key, part in params().items() if key != "max_tokens"}
    answer = Client().get("POST", f"{MESSAGES}/count_tokens", value)
    _check("CountMessageTokensResponse", answer)


def test_batches_are_as_described_at_every_stage() -> None:
    """MessageBatch fits in progress, canceling, ended, listed, archived and deleted."""
    client = Client()
    batch_id = client.create(items(20))
    stages = [client.batch(batch_id)]
    client.clock.advance(50)
    stages.append(client.get("POST", f"{BATCHES}/{batch_id}/cancel"))
    client.clock.advance(5)
    stages.append(client.batch(batch_id))
    _check("ListResponse_MessageBatch_", client.get("GET", BATCHES))
    client.clock.advance(30 * 86_400)
    stages.append(client.batch(batch_id))
    for batch in stages:
        _check("MessageBatch", batch)
        _check("RequestCounts", batch["request_counts"])
    deleted = client.get("DELETE", f"{BATCHES}/{batch_id}")
    _check("DeleteMessageBatchResponse", deleted)
    _check("ListResponse_MessageBatch_", client.get("GET", BATCHES))


def test_result_lines_are_as_described() -> None:
    """Lines of every kind of result fit."""
    client = Client(Faults(errored=0.3, expired=0.3))
    batch_id = client.create([*items(40), {"custom_id": "bad", "params": {"model": "claude-x"}}])
    client.clock.advance(50)
    client.get("POST", f"{BATCHES}/{batch_id}/cancel")
    client.clock.advance(5)
    lines = client.lines(batch_id)
    for line in lines:
        _check("MessageBatchIndividualResponse", line)
    kinds = {line["result"]["type"] for line in lines}
    assert kinds == {"succeeded", "errored", "canceled", "expired"}


@pytest.mark.parametrize(
    ("faults", "key", "value"),
    [
        (Faults(), "", params()),
        (Faults(), "sk-broke", params()),
        (Faults(), "sk-one", {}),
        (Faults(), "sk-one", params(model="gpt-9")),
        (Faults(rate_limited=1.0), "sk-one", params()),
        (Faults(spend_cap_after=0), "sk-one", params()),
        (Faults(server_error=1.0), "sk-one", params()),
        (Faults(overloaded=1.0), "sk-one", params()),
    ],
)
def test_errors_are_as_described(faults: Faults, key: str, value: dict[str, Any]) -> None:
    """Every refusal fits ErrorResponse."""
    answer = Client(faults).call("POST", MESSAGES, value, key=key)
    assert answer.status >= 400
    error = parsed(answer)
    _check("ErrorResponse", error)
    assert error["error"].keys() - NEWER == {"type", "message"}


def test_streamed_events_are_as_described() -> None:
    """Each server-sent event fits the description's union of events."""
    answer = Client().call("POST", MESSAGES, params(stream=True))
    told = [line for line in body(answer).splitlines() if line.startswith(b"data: ")]
    assert len(told) == 6
    for line in told:
        _validator("MessageStreamEvent").validate(orjson.loads(line.removeprefix(b"data: ")))


MESSAGE_BODIES: list[dict[str, Any]] = [
    params(),
    structured("t"),
    params(system="Be brief."),
    params(system=[{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]),
    params(temperature=0.5, top_p=0.9, top_k=5),
    params(tool_choice={"type": "any"}),
    params(stop_sequences=["x"], metadata={"user_id": "u"}, stream=False),
    params(messages=[{"role": "user", "content": [{"type": "text", "text": "a"}]}]),
    {},
    params(model=None),
    params(max_tokens="1"),
    params(max_tokens=-1),
    params(messages="hello"),
    params(messages=[{"role": "system", "content": "a"}]),
    params(messages=[{"role": "user"}]),
    params(messages=[{"role": "user", "content": 1}]),
    params(messages=[{"role": "user", "content": [{"type": "text"}]}]),
    params(messages=[{"role": "user", "content": [{"text": "a"}]}]),
    params(system=3),
    params(system=[{"type": "text", "text": "a", "cache_control": {"type": "eternal"}}]),
    params(stop_sequences="x"),
    params(stream="yes"),
    params(tool_choice={"type": "maybe"}),
    params(output_config={"format": {"type": "json"}}),
    params(output_config={"format": {"type": "json_schema"}}),
    params(colour="red"),
]


@pytest.mark.parametrize("value", MESSAGE_BODIES)
def test_both_agree_on_which_messages_are_well_formed(value: dict[str, Any]) -> None:
    """Under the description's version the simulator refuses what the description refuses."""
    assert (message_problem(value, VERSION) is None) is _valid("CreateMessageParams", value)


@pytest.mark.parametrize(
    "value",
    [
        {"model": "claude-x", "messages": params()["messages"]},
        {"model": "claude-x"},
        params(),
    ],
)
def test_both_agree_on_token_counts(value: dict[str, Any]) -> None:
    """count_tokens takes the members the description names, max_tokens not among them."""
    assert (count_problem(value, VERSION) is None) is _valid("CountMessageTokensParams", value)


@pytest.mark.parametrize(
    "value",
    [
        {"requests": items(2)},
        {"requests": []},
        {},
        {"requests": items(1), "more": 1},
        {"requests": [{"custom_id": "a b", "params": params()}]},
        {"requests": [{"custom_id": "x" * 65, "params": params()}]},
        {"requests": [{"custom_id": "a", "params": params(), "tag": 1}]},
        {"requests": [{"custom_id": "a"}]},
    ],
)
def test_both_agree_on_batches(value: dict[str, Any]) -> None:
    """A create's envelope is refused by both or by neither."""
    assert (batch_problem(value) is None) is _valid("CreateMessageBatchParams", value)
