"""A malicious provider: answers made by code, over a raw socket on loopback or without any.

It speaks both lanes of Anthropic's API, chat completions of a local server, and OpenAI's
embeddings, honestly, until a test's own `answer` puts something else in the place of one answer.
What it writes is made while it is read: a body without end takes no memory here.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import threading
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import orjson
from multidict import CIMultiDict

from tests.doubles import echo_reply
from tests.virtual_time import START
from twolane.bodies import Unpacker, whole
from twolane.errors import ConnectionFailedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping

MODEL: Final = "claude-haiku-4-5"
BATCHES: Final = "/v1/messages/batches"
VECTOR: Final = (3.0, 4.0)
_PIECE: Final = 1 << 16


class Asked(NamedTuple):
    """A request as it came: header names in lower case, the query as a mapping."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def value(self) -> Any:  # noqa: ANN401
        """Its body as JSON."""
        return orjson.loads(self.body)


class Pause(NamedTuple):
    """A piece of a body that is no bytes, but time that passes."""

    seconds: float


@dataclass(frozen=True)
class Answer:
    """What is answered: `body` is bytes, or a call that begins to make its pieces.

    Bytes have a content-length unless `chunked`; pieces are chunked, or end with the connection
    where `chunked` is False. `headers` may hold anything, a content-length of one's own included;
    `raw` stands in place of the whole head.
    """

    body: bytes | Callable[[], Iterable[bytes | Pause]] = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    chunked: bool | None = None
    raw: bytes | None = None

    def pieces(self) -> Iterator[bytes | Pause]:
        """Iterate the body in pieces as they go over the wire."""
        if not isinstance(self.body, bytes):
            yield from self.body()
            return
        for at in range(0, len(self.body), _PIECE):
            yield self.body[at : at + _PIECE]

    def head(self) -> bytes:
        """Return the status line and the headers."""
        if self.raw is not None:
            return self.raw
        lines = [f"HTTP/1.1 {self.status} Said", *(f"{name}: {one}" for name, one in self.headers)]
        if self.is_chunked:
            lines.append("transfer-encoding: chunked")
        elif isinstance(self.body, bytes) and "content-length" not in dict(self.headers):
            lines.append(f"content-length: {len(self.body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")

    @property
    def is_chunked(self) -> bool:
        """Whether its pieces go out as chunks."""
        return not isinstance(self.body, bytes) if self.chunked is None else self.chunked


def said(value: object, status: int = 200, **headers: str) -> Answer:
    """Answer with a JSON value, or with bytes as they are; `_` in a header's name is a dash."""
    body = value if isinstance(value, bytes) else orjson.dumps(value)
    named = tuple((name.replace("_", "-"), one) for name, one in headers.items())
    return Answer(body, status, (("content-type", "application/json"), *named))


# -- bodies ---------------------------------------------------------------------------------------


def endless(piece: bytes, before: bytes = b"") -> Callable[[], Iterator[bytes]]:
    """Return a body that begins with `before` and then repeats `piece` without end."""
    large = piece * max(1, _PIECE // len(piece))

    def pieces() -> Iterator[bytes]:
        yield before
        yield from repeat(large)

    return pieces


def dripping(piece: bytes, seconds: float) -> Callable[[], Iterator[bytes | Pause]]:
    """Return a body without end of which a piece comes every so many seconds."""

    def pieces() -> Iterator[bytes | Pause]:
        while True:
            yield piece
            yield Pause(seconds)

    return pieces


def bomb(size_bytes: int, before: bytes = b"", fill: bytes = b" ") -> Callable[[], Iterator[bytes]]:
    """Return a gzip body that unpacks to `before` and `size_bytes` of `fill`, a thousandth of it."""

    def pieces() -> Iterator[bytes]:
        packer = zlib.compressobj(9, wbits=31)
        yield packer.compress(before)
        large = fill * _PIECE
        for _ in range(max(1, size_bytes // _PIECE)):
            if packed := packer.compress(large[:_PIECE]):
                yield packed
        yield packer.flush()

    return pieces


def members(piece: bytes = b"") -> Callable[[], Iterator[bytes]]:
    """Return a gzip body without end: one member after the other, each of which holds `piece`."""
    return endless(gzip.compress(piece))


GZIP: Final = ("content-encoding", "gzip")


# -- what it says honestly ------------------------------------------------------------------------


def message(text: object = "fine", **more: object) -> dict[str, Any]:
    """Return a message of the API with members of the test's choice."""
    return {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 5},
        **more,
    }


def completion(text: object = "fine", **more: object) -> dict[str, Any]:
    """Return a chat completion with members of the test's choice."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": MODEL,
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5},
        **more,
    }


def line(custom_id: object, result: object = None, **more: object) -> bytes:
    """Return a line of results, of a message unless `result` is another."""
    result = {"type": "succeeded", "message": message()} if result is None else result
    return orjson.dumps({"custom_id": custom_id, "result": result, **more}) + b"\n"


def batch(batch_id: object, size: int, *, status: str = "ended", **more: object) -> dict[str, Any]:
    """Return a batch as the API shows it, with members of the test's choice."""
    ended = status == "ended"
    at = datetime.fromtimestamp(START, UTC)
    return {
        "id": batch_id,
        "type": "message_batch",
        "processing_status": status,
        "request_counts": {
            "processing": 0 if ended else size,
            "succeeded": size if ended else 0,
            "errored": 0,
            "canceled": 0,
            "expired": 0,
        },
        "created_at": at.isoformat(),
        "expires_at": at.replace(day=at.day + 1).isoformat(),
        "ended_at": at.isoformat() if ended else None,
        "results_url": "http://elsewhere.example/results",
        **more,
    }


@dataclass
class Hostile:
    """A provider that answers honestly where `answer` returns None.

    `asked` is all that was asked of it, `written` how many bytes of bodies clients took, by path,
    `batches` the requests of each batch it took, by its id.
    """

    answer: Callable[[Asked], Answer | None] = lambda _: None
    asked: list[Asked] = field(default_factory=list)
    written: dict[str, int] = field(default_factory=dict)
    batches: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def reply(self, asked: Asked) -> Answer:
        """Return what is answered."""
        self.asked.append(asked)
        honest = self._honest(asked)
        mine = self.answer(asked)
        return honest if mine is None else mine

    def times(self, method: str, path: str) -> int:
        """Return how often a path that begins like this was asked for."""
        return sum(one.method == method and one.path.startswith(path) for one in self.asked)

    def results(self, batch_id: str) -> list[bytes]:
        """Return the honest result lines of a batch."""
        return [
            line(
                one["custom_id"],
                {"type": "succeeded", "message": message(echo_reply(one["params"]))},
            )
            for one in self.batches[batch_id]
        ]

    def _honest(self, asked: Asked) -> Answer:
        match asked.method, asked.path.strip("/").split("/")[1:]:
            case "POST", ["messages"]:
                return said(message(echo_reply(asked.value)), request_id="req_01")
            case "POST", ["messages", "count_tokens"]:
                return said({"input_tokens": 10})
            case _, ["messages", "batches", *which]:
                return self._batches(asked, which)
            case "POST", ["chat", "completions"]:
                return said(completion(echo_reply({"messages": asked.value["messages"][-1:]})))
            case "GET", ["models"]:
                return said({"object": "list", "data": [{"id": MODEL, "owned_by": "vllm"}]})
            case "POST", ["embeddings"]:
                data = [
                    {"object": "embedding", "index": place, "embedding": VECTOR}
                    for place, _ in enumerate(asked.value["input"])
                ]
                return said({"object": "list", "data": data, "model": "small"})
            case _:
                return said({"error": {"type": "not_found_error", "message": "no such path"}}, 404)

    def _batches(self, asked: Asked, which: list[str]) -> Answer:
        match asked.method, which:
            case "POST", []:
                batch_id = f"msgbatch_{len(self.batches):04d}"
                self.batches[batch_id] = asked.value["requests"]
                return self._shown(batch_id)
            case "GET", []:
                data = [batch(one, len(self.batches[one])) for one in reversed(self.batches)]
                return said({"data": data, "has_more": False, "first_id": None, "last_id": None})
            case _, [batch_id, *_] if batch_id not in self.batches:
                error = {"type": "not_found_error", "message": "no such batch"}
                return said({"type": "error", "error": error}, 404)
            case _, [batch_id, "results"]:
                return Answer(b"".join(self.results(batch_id)))
            case _, [batch_id, *_]:
                return self._shown(batch_id)
        raise AssertionError(asked.path)

    def _shown(self, batch_id: str) -> Answer:
        return said(batch(batch_id, len(self.batches[batch_id])))


# -- without a socket -----------------------------------------------------------------------------


class Carried:
    """An answer behind the seam's interface."""

    def __init__(self, answer: Answer, took: Callable[[int], None]) -> None:
        """Wrap `answer`, and tell `took` how many bytes of its body are read."""
        self._answer = answer
        self._took = took
        self.status = answer.status
        self.headers: Mapping[str, str] = CIMultiDict(answer.headers)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Iterate the body as the transport over sockets does: unpacked."""
        unpacker = Unpacker(self.headers.get("content-encoding", ""))
        for piece in self._answer.pieces():
            if isinstance(piece, Pause):
                await asyncio.sleep(piece.seconds)
                continue
            self._took(len(piece))
            for part in unpacker.pieces(piece):
                yield part

    async def read(self, most_bytes: int) -> bytes:
        """Return the whole body; see Response.read."""
        return await whole(self.chunks(), most_bytes)


class HostileTransport:
    """Carries requests to a malicious provider in the same process, on whatever clock there is."""

    def __init__(self, provider: Hostile) -> None:
        """Talk to `provider`."""
        self._provider = provider

    @contextlib.asynccontextmanager
    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes | AsyncIterable[bytes] | None = None,
        timeout_s: float | None = None,
    ) -> AsyncIterator[Carried]:
        """Open an exchange; see Transport.request."""
        if body is not None and not isinstance(body, bytes):
            body = b"".join([piece async for piece in body])
        url = urlsplit(path)
        lower = {name.lower(): value for name, value in headers.items()}
        asked = Asked(method, url.path, dict(parse_qsl(url.query)), lower, body or b"")

        def took(size: int) -> None:
            written = self._provider.written
            written[url.path] = written.get(url.path, 0) + size

        try:
            async with asyncio.timeout(timeout_s):
                yield Carried(self._provider.reply(asked), took)
        except TimeoutError as error:
            message = f"the answer broke off: no end within {timeout_s} s"
            raise ConnectionFailedError(message, sent=True) from error

    async def aclose(self) -> None:
        """Hold nothing open."""


# -- over a socket --------------------------------------------------------------------------------


class Server:
    """Serves a malicious provider on loopback: bytes as they are, whatever a library would say."""

    def __init__(self, provider: Hostile) -> None:
        """Serve nothing yet."""
        self._provider = provider
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.url = ""

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Close every connection."""
        assert self._server is not None
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._exchange(reader, writer):
                    pass
        finally:
            self._connections.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return whether the connection may have another."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        pairs = (one.partition(":") for one in head[1:] if one)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        body = await _request_body(reader, headers)
        url = urlsplit(target)
        answer = self._provider.reply(
            Asked(method, url.path, dict(parse_qsl(url.query)), headers, body)
        )
        writer.write(answer.head())
        await writer.drain()
        for piece in answer.pieces():
            if isinstance(piece, Pause):
                await asyncio.sleep(piece.seconds)
                continue
            if not piece:
                continue
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if answer.is_chunked else piece)
            await writer.drain()
            written = self._provider.written
            written[url.path] = written.get(url.path, 0) + len(piece)
        if answer.is_chunked:
            writer.write(b"0\r\n\r\n")
        await writer.drain()
        return answer.raw is None and (answer.is_chunked or isinstance(answer.body, bytes))


async def _request_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if "chunked" not in headers.get("transfer-encoding", ""):
        return await reader.readexactly(int(headers.get("content-length", 0)))
    pieces = []
    while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
        pieces.append((await reader.readexactly(size + 2))[:-2])
    await reader.readuntil(b"\r\n")
    return b"".join(pieces)


@contextlib.contextmanager
def serving(provider: Hostile) -> Iterator[str]:
    """Serve from a thread of its own until the block ends; yields the URL."""
    server, loop = Server(provider), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
        yield server.url
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
