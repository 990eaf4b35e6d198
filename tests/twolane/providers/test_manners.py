"""Servers with odd manners, on loopback: dead sockets, odd encodings, wrong addresses."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import time
import zlib
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from twolane.errors import (
    ConnectionFailedError,
    EndpointError,
    InvalidReplyError,
    NotTheProviderError,
    ProviderError,
    UnreachableError,
)
from twolane.providers.http import HttpTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

pytestmark = pytest.mark.loopback

BODY = b'{"said": "' + b"a word or two " * 500 + b'"}'


@asynccontextmanager
async def _serving(
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _ask(transport: HttpTransport, body: bytes = b"{}") -> bytes:
    async with transport.request("POST", "/v1/messages", headers={}, body=body) as response:
        return await response.read(1 << 20)


# -- encodings --------------------------------------------------------------------------------


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)  # without the time, every process names the cases alike


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", _gzip(BODY)),
        ("x-gzip", _gzip(BODY)),
        ("gzip", _gzip(BODY[:100]) + _gzip(BODY[100:])),
        ("deflate", zlib.compress(BODY)),
        ("identity", BODY),
        ("gzip", BODY),  # a proxy that has unpacked it and left the header
        ("br", BODY),
        ("zstd", BODY),
    ],
)
async def test_what_came_is_unpacked_where_that_is_known(encoding: str, packed: bytes) -> None:
    """Gzip is asked for alone; what else comes is handed on as it came."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.headers["accept-encoding"])
        response = web.StreamResponse(headers={"content-encoding": encoding})
        await response.prepare(request)
        await response.write(packed)
        return response

    async with _serving(answer) as url:
        transport = HttpTransport(url)
        assert await _ask(transport) == BODY
        await transport.aclose()
    assert asked == ["gzip"]


@pytest.mark.parametrize("cut", [30, 60])
async def test_a_packed_answer_that_is_cut_is_no_answer(cut: int) -> None:
    """The connection ended well, and the packed body did not."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=gzip.compress(BODY)[:cut], headers={"content-encoding": "gzip"})

    async with _serving(answer) as url:
        transport = HttpTransport(url)
        with pytest.raises(ConnectionFailedError, match="broke off") as caught:
            await _ask(transport)
        assert caught.value.maybe_paid
        await transport.aclose()


async def test_results_in_an_encoding_nobody_asked_for_are_named() -> None:
    """A stream of results that cannot be unpacked is not taken for lines."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"\x0b\x02\x80", headers={"content-encoding": "br"})

    async with _serving(answer) as url:
        transport = HttpTransport(url)
        async with transport.request("GET", "/v1/x", headers={}) as response:
            with pytest.raises(InvalidReplyError, match="the encoding br"):
                _ = [piece async for piece in response.chunks()]
        await transport.aclose()


# -- connections ------------------------------------------------------------------------------


@asynccontextmanager
async def _raw(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]],
) -> AsyncIterator[str]:
    """Serve connections by hand; each gets its number."""
    count = 0

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        try:
            await serve(reader, writer, count)
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def _answer_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
    await reader.readexactly(length)
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
    await writer.drain()
    return True


async def test_dead_connections_cost_one_call_and_not_one_each() -> None:
    """After one was cut before an answer, no other that was open then is used again."""
    cut = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        nonlocal cut
        await _answer_one(reader, writer)
        # The second request on a connection is read, and never answered.
        if await reader.read(1):
            cut += 1

    async with _raw(serve) as url:
        transport = HttpTransport(url)
        await asyncio.gather(*(_ask(transport) for _ in range(8)))
        with pytest.raises(ConnectionFailedError) as caught:
            await _ask(transport)
        assert caught.value.sent
        assert await _ask(transport) == b"{}"
        assert cut == 1
        await transport.aclose()


async def test_a_connection_that_was_idle_is_not_used_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a gateway may have closed meanwhile carries no request that may be billed."""
    monkeypatch.setattr("twolane.providers.http.KEEPALIVE_S", 0.02)
    seen: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, n: int) -> None:
        while await _answer_one(reader, writer):
            seen.append(n)

    async with _raw(serve) as url:
        transport = HttpTransport(url)
        await _ask(transport)
        await _ask(transport)
        await asyncio.get_running_loop().run_in_executor(None, _short_while)
        await _ask(transport)
        await transport.aclose()
    assert seen == [1, 1, 2]


def _short_while() -> None:
    """Let a twentieth of a second go by, which is what is tested."""
    time.sleep(0.05)


async def test_a_refusal_before_the_body_was_read_is_heard() -> None:
    """A proxy that answers 413 and closes does not wait for the rest; its answer counts."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\nconnection: close\r\n\r\nbig")
        await writer.drain()

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b"x" * 100_000
            await asyncio.sleep(0)

    async with _raw(serve) as url:
        transport = HttpTransport(url)
        async with transport.request(
            "POST", "/v1/messages/batches", headers={"content-length": "20000000"}, body=pieces()
        ) as response:
            assert response.status == 413
        await transport.aclose()


# -- wrong addresses --------------------------------------------------------------------------


async def _failure(url: str) -> ProviderError:
    transport = HttpTransport(url)
    with pytest.raises(ProviderError) as caught:
        await _ask(transport)
    await transport.aclose()
    assert not caught.value.maybe_paid
    return caught.value


@pytest.mark.parametrize(
    "url",
    ["ftp://127.0.0.1/x", "127.0.0.1:8080", "http://", "http://[::1", "nothing"],
)
async def test_an_address_that_is_none_is_named(url: str) -> None:
    """It is told as what it is, and never waited out."""
    error = await _failure(url)
    assert isinstance(error, EndpointError)
    assert "base URL" in str(error)


async def test_a_closed_port_was_never_reached() -> None:
    """The request never left, and the words say what to look at."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    error = await _failure(f"http://127.0.0.1:{port}")
    assert isinstance(error, UnreachableError)
    assert "connection refused; check the network and ANTHROPIC_BASE_URL" in str(error)
    assert not error.sent


async def test_an_unknown_host_was_never_reached() -> None:
    """A name that nobody knows is told as one."""
    error = await _failure("http://localhost.invalid:1")
    assert isinstance(error, UnreachableError)


async def test_what_does_not_speak_http_is_not_the_provider() -> None:
    """Another service on the port bought nothing."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        await reader.read(1)

    async with _raw(serve) as url:
        assert isinstance(await _failure(url), NotTheProviderError)


async def test_a_certificate_that_nobody_vouches_for_is_named() -> None:
    """It is no fault of the network, and the words say where to look."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=b"{}")

    trusted = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trusted.load_cert_chain(Path(__file__).with_name("self_signed.pem"))
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=trusted).start()
    error = await _failure(f"https://localhost:{runner.addresses[0][1]}")
    await runner.cleanup()
    assert isinstance(error, EndpointError)
    assert "certificate" in str(error)
    assert "SSL_CERT_FILE" in str(error)


async def test_a_port_without_tls_is_a_wrong_address() -> None:
    """Https to a port that speaks plain HTTP will not get better by waiting."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with _raw(serve) as url:
        error = await _failure(url.replace("http", "https"))
    assert isinstance(error, EndpointError), error


async def test_a_handshake_that_is_cut_was_never_reached() -> None:
    """A network that breaks in the handshake is no wrong certificate."""

    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter, __: int) -> None:
        await reader.read(1)

    async with _raw(serve) as url:
        error = await _failure(url.replace("http", "https"))
    assert isinstance(error, UnreachableError), error
