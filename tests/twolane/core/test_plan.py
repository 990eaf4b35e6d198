"""Requests before a run begins: looked through, taken apart, put together again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twolane.core.plan import survey
from twolane.core.render import Renderer, joined_bytes, own_part, shareable, still_shared
from twolane.core.types import Lane, Request
from twolane.errors import InputError

VALUES = st.sampled_from([0, 1, 1.0, True, None, "1", "", [1], [True], {"a": 0.0}, {"a": -0.0}])
PARAMS = st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES).flatmap(
    lambda params: st.sampled_from(
        [params, {"messages": [{"role": "user", "content": "é"}], **params}]
    )
)


def ask(key: str, **params: Any) -> Request:  # noqa: ANN401
    """Return a request."""
    whole = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": key}]}
    return Request(key=key, params={**whole, **params})


def look(*requests: Request) -> Any:  # noqa: ANN401
    """RequestSurvey requests under usual limits."""
    return survey(requests, max_bytes=10_000, reply_tokens=3)


@given(first=PARAMS, others=st.lists(PARAMS, max_size=4))
def test_shared_and_own_part_make_the_request(
    first: dict[str, Any], others: list[dict[str, Any]]
) -> None:
    """Whatever requests share, each is put together as it was, and its size is known before."""
    shared = shareable(first)
    for params in [first, *others]:
        shared = still_shared(shared, params)
    shared_json = orjson.dumps(shared)
    for params in [first, *others]:
        own = own_part(params, shared)
        body = Renderer(shared_json, cache=False).body(own, Lane.BATCH, None)
        option = orjson.OPT_SORT_KEYS
        assert orjson.dumps(orjson.loads(body), option=option) == orjson.dumps(
            params, option=option
        )
        assert joined_bytes(shared_json, own) == len(body) == len(orjson.dumps(params))


def test_what_all_requests_have_is_shared() -> None:
    """Members that stand equally in every request are kept once; the messages never are."""
    found = look(ask("a", system="s", top_k=1), ask("b", system="s", top_k=2))
    assert found.shared == {"model": "m", "max_tokens": 5, "system": "s"}
    assert (found.total, found.model, found.output_tokens) == (2, "m", 6)


def test_a_key_that_stands_twice_is_named() -> None:
    """The second request under a key is refused with its place in the input."""
    with pytest.raises(InputError, match=r"item 300 \(k7\): duplicate id"):
        look(*(ask(f"k{number % 300 if number < 300 else 7}") for number in range(400)))


def test_keys_of_equal_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal hashes only raise the suspicion; the keys themselves decide."""
    monkeypatch.setattr("twolane.core.plan.hash", lambda _: 7, raising=False)
    assert look(ask("a"), ask("b")).total == 2
    with pytest.raises(InputError, match=r"item 2 \(a\): duplicate id"):
        look(ask("a"), ask("b"), ask("a"))


def test_a_source_that_can_be_read_once_is_refused_all_the_same() -> None:
    """Where the requests cannot be gone through again, a double key is still an error."""
    with pytest.raises(InputError, match="duplicate id"):
        survey(iter([ask("a"), ask("a")]), max_bytes=10_000, reply_tokens=3)


@pytest.mark.parametrize(
    ("params", "caches", "unbounded"),
    [
        ({}, False, ""),
        ({"system": [{"type": "text", "text": "s", "cache_control": {}}]}, True, ""),
        ({"tools": [{"type": "web_search_1"}]}, False, "k"),
        ({"speed": "fast", "cache_control": {"type": "ephemeral"}}, True, "k"),
    ],
)
def test_what_makes_a_price_uncertain_is_found(
    params: dict[str, Any], *, caches: bool, unbounded: str
) -> None:
    """Marks for the cache, and what costs more than its bytes say, are seen in any request."""
    found = look(ask("plain"), ask("k", **params))
    assert (found.caches, found.unbounded) == (caches, unbounded)


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"stream": True}, "stream asks for an answer in pieces"),
        ({"stream": "yes"}, "stream asks for an answer in pieces"),
        ({"stream_options": {"include_usage": True}}, "stream_options belongs to streams"),
        ({"extra_headers": {"x": "y"}}, "extra_headers is an argument of the SDK"),
        ({"response_format": {"type": "json_object"}}, "output_config.format"),
        ({"max_tokens": 0}, "no max_tokens from 1 to"),
        ({"messages": []}, "at least one message"),
        ({"messages": "hello"}, "at least one message"),
        ({"betas": "one"}, "betas must be a list of names"),
        ({"betas": ["a\r\nx-api-key: b"]}, "betas must be a list of names"),
        ({"betas": ["a,b"]}, "betas must be a list of names"),
        ({"output_config": {"format": {"type": "json_schema", "schema": {"type": "x"}}}}, "schema"),
    ],
)
def test_what_no_request_can_ask_for_is_refused_with_its_place(
    params: dict[str, Any], told: str
) -> None:
    """Whatever is known to fail is said before the run, with the line it was read from."""
    broken = replace(ask("k", **params), origin="in.jsonl, line 7")
    with pytest.raises(InputError, match=r"in\.jsonl, line 7 \(k\)") as caught:
        look(ask("fine", stream=False), broken)
    assert told in str(caught.value)


def test_what_only_batches_refuse_is_noted() -> None:
    """It may still go in real time, so the plan decides."""
    assert look(ask("a"), ask("b", speed=None)).no_batch == ""
    assert look(ask("a"), ask("b", speed="fast")).no_batch.startswith("item 1 (b): speed")


def test_betas_are_taken_out_of_the_body_and_have_to_agree() -> None:
    """They are one header for all of a batch, in whatever order the lines name them."""
    found = look(ask("a", betas=["x", "y"]), ask("b", betas=["y", "x", "x"]))
    assert found.betas == ("x", "y")
    assert "betas" not in found.shared
    with pytest.raises(InputError, match=r"item 1 \(b\) asks for the betas none, .* for x, y"):
        look(ask("a", betas=["x", "y"]), ask("b"))


def test_schemas_that_differ_are_told_from_one_for_all() -> None:
    """Only where they differ each reply has to be looked up its own."""

    def form(kind: str, **more: str) -> dict[str, Any]:
        return {"format": {"type": "json_schema", "schema": {"type": kind}}, **more}

    same = ask("a", output_config=form("object"))
    assert not look(same, ask("b", output_config=form("object"))).own_schemas
    assert look(same, ask("b")).own_schemas
    assert look(ask("b"), same).own_schemas
    assert look(same, ask("b", output_config=form("array"))).own_schemas
    assert not look(ask("a"), ask("b")).own_schemas
