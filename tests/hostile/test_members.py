"""Members of answers that are missing, or of any other kind: an answer, or an error with a name."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile.provider import MODEL, Asked, Hostile, HostileTransport, said
from twolane.core.types import BatchInfo, Reply
from twolane.errors import InvalidReplyError, ProviderError, TwolaneError
from twolane.providers.anthropic import AnthropicProvider
from twolane.providers.base import BatchPage, Served
from twolane.providers.local import LocalProvider
from twolane.providers.remembered import Remembered

if TYPE_CHECKING:
    from pathlib import Path

MEMBERS = [
    "id", "type", "role", "content", "text", "usage", "input_tokens", "output_tokens", "stop_reason", "model", "error",
    "message", "data", "has_more", "last_id", "processing_status", "request_counts", "created_at", "choices",
    "finish_reason", "max_model_len", "owned_by", "meta", "n_ctx",
]  # fmt: skip
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "message", "text", "ended", "error", "msgbatch_1", "../x", "2027-01-15T08:00:00Z", MODEL]),
)  # fmt: skip
ANY_JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=5)
    ),
    max_leaves=12,
)
CREATE = b'{"requests":[]}'
BODY = orjson.dumps(
    {"model": MODEL, "max_tokens": 9, "messages": [{"role": "user", "content": "q"}]}
)


def _provider(value: object) -> AnthropicProvider:
    hostile = Hostile(lambda _: said(value))
    return AnthropicProvider(
        HostileTransport(hostile), api_key="sk", base_url="https://api.anthropic.com"
    )


async def _pieces() -> Any:  # noqa: ANN401
    yield CREATE


async def _all_of(provider: AnthropicProvider) -> list[object]:
    """Return what becomes of every exchange: its value, or the error that the engine knows."""
    exchanges = (
        lambda: provider.send(BODY, most_bytes=1 << 20),
        lambda: provider.count_tokens(BODY),
        lambda: provider.create_batch(_pieces(), len(CREATE)),
        lambda: provider.retrieve_batch("msgbatch_1"),
        lambda: provider.cancel_batch("msgbatch_1"),
        lambda: provider.list_batches(after_id=None, limit=5),
        lambda: provider.fetch_results("msgbatch_1", io.BytesIO()),
    )
    found: list[object] = []
    for exchange in exchanges:
        try:
            found.append(await exchange())
        except ProviderError as error:
            found.append(error)
    return found


@settings(max_examples=60)
@given(ANY_JSON)
def test_whatever_json_is_answered_is_an_answer_or_an_error(value: object) -> None:
    """No exchange of the hosted provider raises anything that the engine does not know."""
    kinds = (Reply, int, BatchInfo, BatchPage, ProviderError, type(None))
    assert all(isinstance(one, kinds) for one in asyncio.run(_all_of(_provider(value))))


@settings(max_examples=60)
@given(ANY_JSON)
def test_any_line_of_results_is_a_result_or_none(value: object) -> None:
    """Whatever stands where a message, a usage or an error should."""
    lines: list[object] = [
        value, {"custom_id": value}, {"custom_id": "c", "result": value},
        {"custom_id": "c", "result": {"type": "succeeded", "message": value}},
        {"custom_id": "c", "result": {"type": "errored", "error": value}},
        {"custom_id": "c", "result": {"type": "succeeded", "message": {"content": value, "usage": value}}},
    ]  # fmt: skip
    provider = _provider({})
    for one in lines:
        try:
            assert isinstance(provider.read_line(orjson.dumps(one)).custom_id, str)
        except InvalidReplyError:
            continue


@settings(max_examples=40)
@given(ANY_JSON, ANY_JSON)
def test_whatever_a_local_server_says_is_taken_or_named(
    tmp_path_factory: pytest.TempPathFactory, of_itself: object, answer: object
) -> None:
    """Of its models, its version, its context and in its answers."""

    def say(asked: Asked) -> Any:  # noqa: ANN401
        return said(of_itself if asked.method == "GET" else answer)

    async def ask(home: Path) -> object:
        transport = HostileTransport(Hostile(say))
        provider = LocalProvider(
            lambda _: transport,
            base_url="http://127.0.0.1:9",
            model=MODEL,
            remembered=Remembered(home / "servers.json"),
        )
        try:
            served = await provider.connect()
            assert isinstance(served, Served)
            return await provider.send(BODY, most_bytes=1 << 20)
        except TwolaneError as error:
            return error

    assert isinstance(asyncio.run(ask(tmp_path_factory.mktemp("home"))), Reply | TwolaneError)


@pytest.mark.parametrize("data", [None, {}, "x", 5, {"0": {}}, True])
async def test_a_list_that_is_none_is_refused(data: object) -> None:
    """A batch that is left out would seem never to have arrived: such a list proves nothing."""
    for value in (
        {"data": data, "has_more": False},
        {"has_more": False},
        data if data != {} else [],
    ):
        with pytest.raises(ProviderError):
            await _provider(value).list_batches(after_id=None, limit=5)


@pytest.mark.parametrize("one", [None, "x", [], 5, {}, {"id": 5}, {"id": "../x"}])
async def test_an_entry_that_is_no_batch_is_counted(one: object) -> None:
    """It is not passed over in silence, and hides no other entry of the list."""
    good = {"id": "msgbatch_1"}
    page = await _provider({"data": [one, good], "has_more": False}).list_batches(
        after_id=None, limit=5
    )
    assert ([batch.id for batch in page.batches], page.unreadable) == (["msgbatch_1"], 1)


@pytest.mark.parametrize(
    "value", [{}, {"id": None}, {"id": [1]}, {"type": "message_batch"}, [], "x", None, 5]
)
async def test_a_create_without_an_id_is_an_error(value: object) -> None:
    """What became of it is then looked for in the list."""
    with pytest.raises(ProviderError):
        await _provider(value).create_batch(_pieces(), len(CREATE))
