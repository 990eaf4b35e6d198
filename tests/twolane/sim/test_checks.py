"""What the simulator refuses, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.twolane.sim.client import BATCHES, Client, error, items, params

MESSAGES = "/v1/messages"
COUNT = "/v1/messages/count_tokens"


def _without(name: str) -> dict[str, Any]:
    return {key: value for key, value in params().items() if key != name}


def _schema(schema: dict[str, Any]) -> dict[str, Any]:
    return params(output_config={"format": {"type": "json_schema", "schema": schema}})


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (_without("max_tokens"), "max_tokens: Field required"),
        (_without("messages"), "messages: Field required"),
        (_without("model"), "model: Field required"),
        (params(max_tokens="9"), "max_tokens"),
        (params(max_tokens=-1), "max_tokens"),
        (params(messages=[]), "messages"),
        (params(messages=[{"role": "system", "content": "x"}]), "messages.0.role"),
        (params(messages=[{"role": "user", "content": [{"type": "text"}]}]), "content.0.text"),
        (params(messages=[{"role": "user", "content": 3}]), "messages.0.content"),
        (params(temperature=1.0), "temperature"),
        (params(top_p=0.5), "top_p"),
        (params(top_k=5), "top_k"),
        (params(tool_choice={"type": "any"}), "tool_choice"),
        (params(tool_choice={"type": "tool", "name": "x"}), "tool_choice"),
        (params(colour="red"), "colour: Extra inputs are not permitted"),
        (params(system=[{"type": "text", "text": "a", "cache_control": {}}]), "cache_control"),
        (params(output_config={"format": {"type": "json"}}), "output_config.format.type"),
        (_schema({"type": "object", "properties": {}}), "additionalProperties"),
        (_schema({"type": "array", "items": {"type": "string", "maxLength": 3}}), "maxLength"),
        (params(stop_sequences="x"), "stop_sequences"),
        (b"{not json", "not valid JSON"),
        (b"[]", "object"),
    ],
)
def test_a_wrong_message_is_an_invalid_request(value: object, word: str) -> None:
    """Wrong parameters are refused with 400 and a message that names them."""
    status, kind, message = error(Client().call("POST", MESSAGES, value))
    assert (status, kind) == (400, "invalid_request_error")
    assert word in message


def test_older_versions_take_sampling_parameters() -> None:
    """Under an older API version temperature and a forced tool choice are accepted."""
    old = {"anthropic-version": "2023-06-01"}
    value = params(temperature=0.2, tool_choice={"type": "any"})
    assert Client().call("POST", MESSAGES, value, headers=old).status == 200


def test_a_property_may_be_called_like_a_keyword() -> None:
    """A schema's property named `minimum` is a name, not a limit."""
    schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"minimum": {"type": "integer"}},
        "required": ["minimum"],
    }
    assert Client().call("POST", MESSAGES, _schema(schema)).status == 200


def test_keys_decide_who_is_let_in() -> None:
    """No key and a bad key are 401, a key without credit is 402; a bearer token is a key too."""
    client = Client()
    for key in ("", "sk-bad-1"):
        answer = client.call("POST", MESSAGES, params(), key=key)
        assert error(answer)[:2] == (401, "authentication_error")
    answer = client.call("POST", MESSAGES, params(), key="sk-broke-1")
    assert error(answer)[:2] == (402, "billing_error")
    bearer = {"authorization": "Bearer sk-one"}
    assert client.call("POST", MESSAGES, params(), key="", headers=bearer).status == 200


def test_the_version_header_is_required() -> None:
    """A call without anthropic-version is refused."""
    answer = Client().call("POST", MESSAGES, params(), headers={"anthropic-version": ""})
    assert error(answer)[0] == 400


def test_what_does_not_exist_is_not_found() -> None:
    """An unknown model, path or batch is 404."""
    client = Client()
    for method, path, value in (
        ("POST", MESSAGES, params(model="gpt-9")),
        ("POST", COUNT, _without("max_tokens") | {"model": "gpt-9"}),
        ("GET", "/v1/unicorns", None),
        ("PUT", MESSAGES, params()),
        ("GET", f"{BATCHES}/msgbatch_nowhere", None),
        ("GET", f"{BATCHES}/msgbatch_nowhere/history", None),
    ):
        assert error(client.call(method, path, value))[:2] == (404, "not_found_error")


def _request(custom_id: object, **more: object) -> dict[str, Any]:
    return {"custom_id": custom_id, "params": params()} | more


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({}, ["requests"]),
        ({"requests": []}, ["requests"]),
        ({"requests": {}}, ["requests"]),
        ({"requests": items(1), "metadata": {}}, ["metadata"]),
        ({"requests": [_request("a"), _request("b c")]}, ["requests.1.custom_id", "b c"]),
        ({"requests": [_request("x" * 65)]}, ["requests.0.custom_id"]),
        ({"requests": [_request("")]}, ["requests.0.custom_id"]),
        ({"requests": [_request(7)]}, ["requests.0.custom_id"]),
        ({"requests": [_request("a\n")]}, ["requests.0.custom_id"]),
        ({"requests": [_request("ü")]}, ["requests.0.custom_id"]),
        ({"requests": [_request("a"), _request("a")]}, ["requests.1.custom_id", "'a'", "unique"]),
        ({"requests": [_request("a", tag="x")]}, ["requests.0.tag"]),
        ({"requests": [{"custom_id": "a"}]}, ["requests.0.params"]),
        ({"requests": [_request("a", params=[])]}, ["requests.0.params"]),
        ({"requests": [None]}, ["requests.0"]),
    ],
)
def test_one_bad_request_refuses_the_whole_create(value: object, words: list[str]) -> None:
    """A create with a wrong envelope is 400, names the place, and leaves no batch behind."""
    client = Client()
    status, kind, message = error(client.call("POST", BATCHES, value))
    assert (status, kind) == (400, "invalid_request_error")
    assert all(word in message for word in words)
    assert client.get("GET", BATCHES)["data"] == []


def test_a_batch_holds_at_most_100_000_requests() -> None:
    """One request more than 100,000 is refused."""
    one = params()
    requests = [{"custom_id": f"r{index}", "params": one} for index in range(100_001)]
    status, _, message = error(Client().call("POST", BATCHES, {"requests": requests}))
    assert status == 400
    assert "100000" in message


def test_large_bodies_are_refused() -> None:
    """A message above 32 MB is 413."""
    answer = Client().call("POST", MESSAGES, b" " * (32 * 1024 * 1024 + 1))
    assert error(answer)[:2] == (413, "request_too_large")


def test_every_answer_has_the_headers() -> None:
    """Good and bad answers alike carry a request id of their own and the rate limits."""
    client = Client()
    answers = [client.call("POST", MESSAGES, params()), client.call("POST", MESSAGES, {})]
    assert len({answer.headers["request-id"] for answer in answers}) == 2
    for answer in answers:
        for kind in ("requests", "tokens", "input-tokens", "output-tokens"):
            limit = int(answer.headers[f"anthropic-ratelimit-{kind}-limit"])
            assert 0 <= int(answer.headers[f"anthropic-ratelimit-{kind}-remaining"]) <= limit
            assert answer.headers[f"anthropic-ratelimit-{kind}-reset"].endswith("Z")
