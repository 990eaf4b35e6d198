"""A service that speaks OpenAI's embeddings, against a server on loopback."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from aiohttp import web

from notemill.embedding.endpoint import MAX_CHARS, TRIES, Endpoint
from notemill.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.loopback


class Service:
    """Answers as its script says, then with a row of (length, 1) for each text."""

    def __init__(self) -> None:
        """Start with nothing asked and an empty script."""
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.script: list[Callable[[web.Request], web.StreamResponse]] = []
        self.url = ""
        self.hold = False
        self.reached = threading.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        self.reached.set()
        self.keys.append(request.headers.get("Authorization"))
        body = await request.json()
        self.asked.append(body)
        if self.hold:
            await asyncio.sleep(60)
        if self.script:
            return self.script.pop(0)(request)
        data = [
            {"object": "embedding", "index": place, "embedding": [len(text), 1.0]}
            for place, text in enumerate(body["input"])
        ]
        return web.json_response({"object": "list", "data": data[::-1], "model": body["model"]})


@contextmanager
def serving(service: Service) -> Iterator[Service]:
    """Run the service in a thread of its own."""
    loop = asyncio.new_event_loop()
    app = web.Application()
    app.router.add_post("/v1/embeddings", service.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)

    async def start() -> None:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()

    async def stop() -> None:
        await runner.cleanup()
        # What a client has left behind ends with the loop.
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    loop.run_until_complete(start())
    service.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield service
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def service() -> Iterator[Service]:
    """Serve on loopback."""
    with serving(Service()) as running:
        yield running


def endpoint(service: Service, key: str | None = "sk-1") -> Endpoint:
    """Return a model behind the service that waits for nothing."""
    return Endpoint("small", service.url, key, first_wait_s=0)


def refusal(
    status: int, message: str, **headers: str
) -> Callable[[web.Request], web.StreamResponse]:
    """Return an answer in the form of OpenAI's errors."""
    text = json.dumps({"error": {"message": message, "code": message}})
    return lambda _: web.Response(status=status, text=text, headers=headers)


def test_rows_come_back_in_the_order_of_the_texts(service: Service) -> None:
    """Whatever order the service answers in, each text has its own row, of unit length."""
    rows = endpoint(service).embed(["a", "bbbb"])
    assert rows == pytest.approx(np.array([[0.7071, 0.7071], [0.9701, 0.2425]]), abs=1e-3)
    assert service.asked == [{"model": "small", "input": ["a", "bbbb"], "encoding_format": "float"}]
    assert service.keys == ["Bearer sk-1"]


def test_a_server_of_ones_own_needs_no_key(service: Service) -> None:
    """Without a key no header is sent."""
    endpoint(service, None).embed(["a"])
    assert service.keys == [None]


def test_empty_texts_are_not_sent(service: Service) -> None:
    """A text without words has a row of zeros, and costs nothing."""
    rows = endpoint(service).embed(["", "ab", " "])
    assert rows.any(axis=1).tolist() == [False, True, False]
    assert service.asked[0]["input"] == ["ab"]
    endpoint(service).embed(["", ""])
    assert len(service.asked) == 1


def test_long_texts_are_cut(service: Service) -> None:
    """No more of a text is sent than a service takes."""
    endpoint(service).embed(["a" * (MAX_CHARS + 1)])
    assert len(service.asked[0]["input"][0]) == MAX_CHARS


@pytest.mark.parametrize("status", [429, 500, 503, 529])
def test_a_passing_fault_is_tried_again(service: Service, status: int) -> None:
    """Overload and server errors are waited out."""
    service.script = [refusal(status, "busy", **{"Retry-After": "0"})] * (TRIES - 1)
    assert endpoint(service).embed(["a"]).any()
    assert len(service.asked) == TRIES


def test_a_dropped_connection_is_tried_again(service: Service) -> None:
    """An answer that breaks off is asked for anew."""

    def broken(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    service.script = [broken]
    assert endpoint(service).embed(["a"]).any()


def test_a_service_that_stays_away_is_given_up(service: Service) -> None:
    """After some tries the error says what the service said and what to do."""
    service.script = [refusal(503, "down for repair")] * TRIES
    with pytest.raises(EmbeddingError, match=r"503 down for repair.*--embedding off"):
        endpoint(service).embed(["a"])
    assert len(service.asked) == TRIES


@pytest.mark.parametrize(
    ("status", "message", "cure"),
    [
        (401, "bad key", "OPENAI_API_KEY"),
        (404, "no such model", "embedding_model"),
        (400, "too long", "embedding_model"),
        (429, "insufficient_quota", "add credit"),
        (302, "", "embedding_url"),
    ],
)
def test_a_refusal_is_not_repeated(service: Service, status: int, message: str, cure: str) -> None:
    """What will not change is told at once, with what to do."""
    service.script = [refusal(status, message, Location="/elsewhere")]
    with pytest.raises(EmbeddingError, match=f"{status} {message}.*{cure}"):
        endpoint(service).embed(["a"])
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    "data",
    [
        "no list",
        [],
        [{"index": 0, "embedding": [1.0, 0.0]}],
        [{"index": 0, "embedding": [1.0]}, {"index": 0, "embedding": [1.0]}],
        [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0, 2.0]}],
        [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": ["x"]}],
        [{"index": one, "embedding": [1.0]} for one in range(3)],
    ],
)
def test_an_answer_that_lacks_a_vector_is_refused(service: Service, data: object) -> None:
    """A row is never given to a text it was not made of."""
    service.script = [lambda _: web.json_response({"data": data})]
    with pytest.raises(EmbeddingError, match="one vector per text"):
        endpoint(service).embed(["a", "b"])


def test_an_answer_that_is_no_json_is_refused(service: Service) -> None:
    """A page in place of an answer is told as such."""
    service.script = [lambda _: web.Response(text="<html>")]
    with pytest.raises(EmbeddingError, match="one vector per text"):
        endpoint(service).embed(["a"])


def test_a_call_that_is_under_way_can_be_stopped(service: Service) -> None:
    """Asked to stop, it drops the call and returns no rows."""
    service.hold = True
    rows = endpoint(service).embed(["a"], service.reached.is_set)
    assert len(rows) == 0
