"""A model on one's own machine, behind servers of every manner."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.local_server import MODEL, LocalServer, Manners, serving
from twolane import Engine, ItemState, Lane, Request, load_settings
from twolane.errors import ConfigError, EndpointError, InputError, RunRefusedError
from twolane.providers.base import Served
from twolane.providers.discovery import goes_to

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from twolane import ItemOutcome, Report

pytestmark = pytest.mark.loopback

SCHEMA = {
    "type": "object",
    "properties": {"note_ref": {"type": "string"}, "about": {"type": "string"}},
    "required": ["note_ref", "about"],
    "additionalProperties": False,
}


def _engine(
    home: Path, server: LocalServer, *, model: str | None = None, **variables: str
) -> Engine:
    home.mkdir(exist_ok=True)
    (home / "config.toml").touch()
    environment = {"TWOLANE_CONFIG": str(home / "config.toml"), **variables}
    flags = {"home": home, "provider": "local", "base_url": server.url, "model": model}
    return Engine.open(load_settings(flags, environment))


def _requests(count: int, *, schema: bool = True, size: int = 0, **more: Any) -> list[Request]:  # noqa: ANN401
    form = {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}
    params = {"model": MODEL, "max_tokens": 200, **(form if schema else {}), **more}
    return [
        Request(
            f"n{number}",
            {**params, "messages": [{"role": "user", "content": f"note {number} {'x' * size}"}]},
            content_hash=f"hash {number}",
            echo=schema,
        )
        for number in range(count)
    ]


async def _play(engine: Engine, requests: list[Request]) -> tuple[list[ItemOutcome], Report]:
    async with engine:
        run = await engine.start(requests, again=True)
        ended = [one async for one in run]
        return ended, await run.report()


def _until_asked(server: LocalServer, count: int) -> None:
    """Wait until a server was asked so often."""
    until_s = time.monotonic() + 30
    while len(server.asked) < count:
        assert time.monotonic() < until_s
        time.sleep(0.01)


def _succeeded(ended: list[ItemOutcome]) -> int:
    return sum(one.state is ItemState.SUCCEEDED for one in ended)


@pytest.mark.parametrize(
    "manners",
    [
        Manners(kind="llama.cpp"),
        Manners(kind="Ollama", schemas="ignored"),
        Manners(kind="LM Studio", schemas="refused"),
        Manners(kind="vLLM", usage=False),
        Manners(kind="llama.cpp", chat=False),
        Manners(kind="LM Studio", chat=False),
        Manners(kind="x", listed=False),
        Manners(wrap=lambda text: {"content": f"Sure:\n```json\n{text}\n```\nDone."}),
        Manners(wrap=lambda text: {"content": f"<think>{{hm}}</think>\n{text}"}),
        Manners(wrap=lambda text: {"content": None, "reasoning_content": f"I say {text}"}),
        Manners(wrap=lambda text: {"content": text, "reasoning": "long thoughts"}),
        Manners(kind="Ollama", system=False),
        Manners(kind="LM Studio", system=False, schemas="refused", usage=False),
        Manners(finish=None),
    ],
)
async def test_replies_of_the_right_form_come_out_of_every_manner(
    tmp_path: Path, manners: Manners
) -> None:
    """Whatever a server makes of schemas, prompts and replies, each note gets its own."""
    with serving(manners) as server:
        ended, report = await _play(_engine(tmp_path, server), _requests(5, system="be brief"))
    assert _succeeded(ended) == 5
    assert all(orjson.loads(one.text)["about"] == "plain words" for one in ended)
    assert (report.actual_nano, report.estimated_nano) == (0, 0)
    assert report.lanes[Lane.REALTIME].items == 5
    assert len(server.asked) <= 5 + 2


async def test_a_manner_is_found_out_once_and_remembered(tmp_path: Path) -> None:
    """What a server refuses is asked once for a server and model, also over processes."""
    with serving(Manners(kind="Ollama", schemas="refused", system=False)) as server:
        for _ in range(2):
            await _play(_engine(tmp_path, server), _requests(3, system="be brief"))
        assert len(server.probes) == 3
        assert len(server.asked) == 6
        assert not any("response_format" in body for body in server.asked)
        server.manners.models = ("other",)
        others = [
            Request(one.key, {**one.params, "model": "other"}, echo=True) for one in _requests(1)
        ]
        await _play(_engine(tmp_path, server), others)
        assert len(server.probes) == 6


async def test_a_schema_that_is_refused_goes_into_the_prompt(tmp_path: Path) -> None:
    """A server that knows schemas but not this one is asked again with the schema in words."""
    refusal = (400, {"error": {"message": "JSON schema conversion failed: pattern"}})
    with serving(Manners(answers=[refusal])) as server:
        ended, _ = await _play(_engine(tmp_path, server), _requests(2))
    assert _succeeded(ended) == 2
    assert any("JSON Schema:" in str(body) for body in server.asked)


async def test_the_key_never_goes_to_a_local_server(tmp_path: Path) -> None:
    """ANTHROPIC_API_KEY is in no header of any request, probes and questions included."""
    with serving(Manners(kind="Ollama")) as server:
        await _play(_engine(tmp_path, server, ANTHROPIC_API_KEY="sk-ant-real"), _requests(1))
        assert server.heads
        assert not any("sk-ant-real" in str(dict(head)) for head in server.heads)
        assert not any("authorization" in head or "x-api-key" in head for head in server.heads)


async def test_a_token_goes_to_the_server_that_was_named(tmp_path: Path) -> None:
    """ANTHROPIC_AUTH_TOKEN goes out as a bearer's where the address was given."""
    with serving() as server:
        await _play(_engine(tmp_path, server, ANTHROPIC_AUTH_TOKEN="t-1"), _requests(1))  # noqa: S106
        assert all(head["authorization"] == "Bearer t-1" for head in server.heads)


async def test_a_loading_model_is_waited_for(tmp_path: Path) -> None:
    """A server that answers 503 while it loads its model is asked until it has."""
    with serving(Manners(loading=2)) as server:
        ended, _ = await _play(_engine(tmp_path, server), _requests(1))
    assert _succeeded(ended) == 1
    assert ended[0].attempts == 1


async def test_loading_between_replies_counts_against_no_item(tmp_path: Path) -> None:
    """A model that is loaded anew in the midst of a run costs no item a try."""
    loading: tuple[int, Any] = (503, {"error": {"message": "Loading model", "code": 503}})
    with serving(Manners(answers=[loading] * 2)) as server:
        ended, _ = await _play(_engine(tmp_path, server), _requests(2))
    assert _succeeded(ended) == 2
    assert all(one.attempts == 1 for one in ended)


async def test_a_full_queue_is_load(tmp_path: Path) -> None:
    """A server with room for one request answers all of them, none failed or tried anew."""
    with serving(Manners(queue=1, latency_s=0.02)) as server:
        ended, _ = await _play(_engine(tmp_path, server), _requests(12))
    assert _succeeded(ended) == 12
    assert all(one.attempts == 1 for one in ended)


@pytest.mark.parametrize("kind", ["llama.cpp", "LM Studio", "vLLM"])
async def test_too_long_a_prompt_has_a_name_of_its_own(tmp_path: Path, kind: str) -> None:
    """A request above the context fails alone, once, as `context_exceeded` with advice."""
    requests = [*_requests(2), Request("long", _requests(1, size=9_000)[0].params, echo=True)]
    with serving(Manners(kind=kind, context=1_000)) as server:
        ended, _ = await _play(_engine(tmp_path, server), requests)
    failed = [one for one in ended if one.state is ItemState.FAILED]
    assert [(one.key, one.error_kind) for one in failed] == [("long", "context_exceeded")]
    assert "larger context" in failed[0].message
    assert _succeeded(ended) == 2


async def test_a_prompt_that_was_cut_is_too_long(tmp_path: Path) -> None:
    """Where a server cuts a prompt to its context without a word, the reply is not taken."""
    answer = {
        "choices": [{"message": {"content": "about the end"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 4_096, "completion_tokens": 9},
    }
    with serving(Manners(kind="Ollama", answers=[(200, answer)])) as server:
        ended, _ = await _play(_engine(tmp_path, server), _requests(1, schema=False))
    assert ended[0].error_kind == "context_exceeded"


async def test_a_broken_connection_is_sent_again(tmp_path: Path) -> None:
    """A call that breaks off costs nothing here, and leaves nothing uncertain."""
    with serving(Manners(answers=["drop"])) as server:
        ended, report = await _play(_engine(tmp_path, server), _requests(2))
    assert _succeeded(ended) == 2
    assert report.items.uncertain == 0


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((404, {"error": {"message": "model 'small-1b' not found"}}), EndpointError),
        ((404, {"error": {"message": "The model `small-1b` does not exist."}}), EndpointError),
        ((400, {"error": "No models loaded. Please load a model"}), EndpointError),
        ((500, {"error": "model requires more system memory (8 GiB)"}), RunRefusedError),
        ((401, {"error": "unauthorized"}), RunRefusedError),
    ],
)
async def test_what_every_request_would_meet_stops_the_run(
    tmp_path: Path, answer: tuple[int, Any], error: type[Exception]
) -> None:
    """A missing model, one too large or a missing token ends the run with its items to do."""
    with serving(Manners(answers=[answer] * 50)) as server:
        async with _engine(tmp_path, server) as engine:
            run = await engine.start(_requests(20))
            with pytest.raises(error):
                await run.drive()
            report = await run.report()
    assert report.items.pending == 20
    assert len(server.asked) <= 3


async def test_endings_and_unreadable_answers_have_their_names(tmp_path: Path) -> None:
    """A reply that is cut off and an answer that is none fail, and hide no other."""
    cut = {"choices": [{"message": {"content": '{"note_ref": "'}, "finish_reason": "length"}]}
    with serving(Manners(answers=[(200, cut)] * 2)) as server:
        ended, _ = await _play(_engine(tmp_path, server), _requests(4))
    assert _succeeded(ended) >= 2
    assert all(one.error_kind for one in ended if one.state is ItemState.FAILED)


async def test_the_batch_lane_is_refused(tmp_path: Path) -> None:
    """A lane that is not there cannot be forced, and any number goes in real time."""
    with serving() as server:
        async with _engine(tmp_path, server) as engine:
            with pytest.raises(ConfigError, match="no batch lane"):
                engine.plan(_requests(3), lane=Lane.BATCH)
            plan = engine.plan(_requests(300), deadline_at=engine.now() + 60)
    assert plan.decision.lane is Lane.REALTIME
    assert "no batch lane" in plan.decision.reason
    assert plan.estimated_nano == 0


async def test_what_cannot_be_asked_is_named_with_its_item(tmp_path: Path) -> None:
    """A request with tools is refused with its number before a run is recorded."""
    requests = [*_requests(1), Request("b", {**_requests(1)[0].params, "tools": [{}]})]
    with serving() as server:
        async with _engine(tmp_path, server) as engine:
            with pytest.raises(InputError, match=r"item 1 \(b\): .*`tools`"):
                await engine.start(requests)
            assert not await engine.runs()


@pytest.mark.parametrize(
    ("manners", "expected"),
    [
        (Manners(kind="llama.cpp", context=2_048), 2_048),
        (Manners(kind="Ollama", context=8_192), 8_192),
        (Manners(kind="LM Studio", context=3_000), 3_000),
        (Manners(kind="vLLM", context=5_000), 5_000),
        (Manners(kind="x"), None),
    ],
)
async def test_the_context_is_asked_for(
    tmp_path: Path, manners: Manners, expected: int | None
) -> None:
    """Each server is asked in its own way how much a prompt and reply may take."""
    with serving(manners) as server:
        async with _engine(tmp_path, server) as engine:
            served = await engine.connect()
    assert served is not None
    assert served.context_tokens == expected
    assert served.model == MODEL
    assert "nothing leaves this machine" in served.words
    assert not server.seen


async def test_several_models_are_listed(tmp_path: Path) -> None:
    """Where a server has several models, one has to be named; those that embed do not count."""
    manners = Manners(models=("a-1b", "nomic-embed-text", "b-7b"))
    with serving(manners) as server:
        async with _engine(tmp_path, server) as engine:
            await engine.connect()
            with pytest.raises(ConfigError, match="--model: a-1b, b-7b"):
                engine.default_model()
        async with _engine(tmp_path, server, model="b-7b") as engine:
            await engine.connect()
            assert engine.default_model() == "b-7b"
        async with _engine(tmp_path, server, model="c") as engine:
            with pytest.raises(ConfigError, match="has no model c; it has: a-1b"):
                await engine.connect()


async def test_a_run_goes_on_at_its_own_server_alone(tmp_path: Path) -> None:
    """A run that was begun with one server is not finished by another one."""
    with serving() as server, serving() as other:
        async with _engine(tmp_path, server) as engine:
            run = await engine.start(_requests(2))
        async with _engine(tmp_path, other) as engine:
            with pytest.raises(ConfigError, match=server.url):
                await (await engine.run(run.id)).drive()
        async with _engine(tmp_path, server) as engine:
            again = await engine.run(run.id)
            assert [one.state async for one in again] == [ItemState.SUCCEEDED] * 2
    assert not other.asked


async def test_nothing_answering_is_said(tmp_path: Path) -> None:
    """A server that is not there is an error that says what to start or to name."""
    with serving() as server:
        gone = server.url
    server.url = gone
    async with _engine(tmp_path, server) as engine:
        with pytest.raises(ConfigError, match="no server answers"):
            await engine.connect()


async def test_a_reply_of_another_request_is_kept_away(tmp_path: Path) -> None:
    """A server that mixes up its replies is found out by the token, constant or not."""

    def mixed(body: Mapping[str, Any]) -> str:
        if "note 1" in str(body["messages"]):
            return '{"note_ref": "abcdefghjkmn", "about": "another note"}'
        return orjson.dumps(
            {
                "note_ref": body["response_format"]["json_schema"]["schema"]["properties"][
                    "note_ref"
                ]["enum"][0],
                "about": "x",
            }
        ).decode()

    with serving(Manners(says=mixed)) as server:
        ended, _ = await _play(_engine(tmp_path, server), _requests(3))
    states = {one.key: one.state for one in ended}
    assert states["n1"] is ItemState.QUARANTINED
    assert states["n0"] is states["n2"] is ItemState.SUCCEEDED


@pytest.mark.parametrize(
    ("url", "server", "model", "there"),
    [
        ("http://127.0.0.1:11434", "Ollama", "llama3.2:3b", ""),
        ("http://127.0.0.1:11434", "Ollama", "gpt-oss:120b-cloud", "Ollama's cloud"),
        ("http://192.168.1.5:11434", "Ollama", "llama3.2:3b", "192.168.1.5"),
        ("https://ollama.com", "", "x", "ollama.com"),
    ],
)
def test_where_a_request_goes_is_said(url: str, server: str, model: str, there: str) -> None:
    """That nothing leaves the machine is said only where it is so."""
    assert goes_to(url, server, model) == there
    words = Served(server, url, model, (model,), None, goes_to=there).words
    assert (f"it goes to {there}" in words) if there else ("nothing leaves" in words)


async def test_two_calls_at_first_and_more_where_they_are_answered(tmp_path: Path) -> None:
    """A server that answers many at once gets more than two, and never above the concurrency."""
    with serving(Manners(latency_s=0.05)) as server:
        ended, _ = await _play(_engine(tmp_path, server), _requests(60))
        assert server.most_inside > 2
    assert _succeeded(ended) == 60
    with serving(Manners(latency_s=0.05)) as server:
        await _play(_engine(tmp_path / "other", server), _requests(4))
        assert server.most_inside == 2


async def test_a_server_that_is_started_anew_is_waited_for(tmp_path: Path) -> None:
    """A server that dies under a run and comes back, loading its model, loses nothing."""
    async with contextlib.AsyncExitStack() as stack:
        with serving(Manners(latency_s=0.2)) as server:
            engine = await stack.enter_async_context(_engine(tmp_path, server))
            run = await engine.start(_requests(6))
            driving = asyncio.create_task(run.drive())
            await asyncio.to_thread(_until_asked, server, 3)
        loading: tuple[int, Any] = (
            503,
            {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}},
        )
        port = int(server.url.rpartition(":")[2])
        with serving(Manners(answers=[loading]), port=port):
            await driving
        report = await run.report()
    assert (report.items.succeeded, report.items.uncertain) == (6, 0)
