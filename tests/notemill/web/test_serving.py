"""A server listens before anybody is told, to this machine alone, and ends when it is asked to."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from notemill.errors import UsageError
from notemill.web import serving
from notemill.web.serving import PORTS_TRIED, Server, bound, checked_host
from notemill.web.sessions import Sessions, link

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

LOOPBACK = "127.0.0.1"
LARGE = "/large"
LARGE_BYTES = 32_000_000  # more than the system holds for a page that does not read


async def _site(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the path; a socket gives back what it gets, until its page leaves."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        body = b"x" * LARGE_BYTES if scope["path"] == LARGE else scope["path"].encode()
        await send({"type": "http.response.body", "body": body})
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


@contextlib.asynccontextmanager
async def _served(home: Path, port: int) -> AsyncIterator[tuple[Server, Sessions, list[str]]]:
    """Serve until the block ends; yield the server, its sessions, and what it did so far."""
    listening = bound(LOOPBACK, port)
    sessions = Sessions.open(home, None, port)
    server, ready, told = Server(_site, sessions, listening), asyncio.Event(), list[str]()

    async def ending() -> None:
        told.append("ended")

    async def closing() -> None:
        told.append("closed")

    running = asyncio.create_task(server.run(ready.set, ending, closing))
    try:
        await ready.wait()
        yield server, sessions, told
    finally:
        server.stop()
        await running
        sessions.close()


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as made:
        return int(made.getsockname()[1])


def _jar() -> dict[str, Any]:
    return {"cookie_jar": aiohttp.CookieJar(unsafe=True)}  # a jar that takes an address for a host


@pytest.mark.loopback
async def test_a_link_leads_to_the_site_and_its_socket(tmp_path: Path) -> None:
    """What a browser does with a link works, and without the link nothing does."""
    port = _free_port()
    async with _served(tmp_path, port) as (_, sessions, _told):
        url = f"http://{LOOPBACK}:{port}"
        async with aiohttp.ClientSession() as stranger:
            assert (await stranger.get(f"{url}/review")).status == 401
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await stranger.ws_connect(f"{url}/live")
            assert refused.value.status == 403
        async with aiohttp.ClientSession(**_jar()) as page:
            entered = await page.get(link(LOOPBACK, port, sessions.token()))
            assert (str(entered.url), await entered.text()) == (f"{url}/", "/")
            assert "server" not in {name.lower() for name in entered.headers}
            async with page.ws_connect(f"{url}/live", origin=url) as live:
                await live.send_str("hello")
                assert await live.receive_str() == "hello"
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await page.ws_connect(f"{url}/live", origin="http://evil.example")


@pytest.mark.loopback
async def test_a_page_is_known_after_a_restart(tmp_path: Path) -> None:
    """The port is free at once, also with a socket open at the end, and the session holds."""
    port = _free_port()
    async with aiohttp.ClientSession(**_jar()) as page:
        async with _served(tmp_path, port) as (server, sessions, told):
            await page.get(link(LOOPBACK, port, sessions.token()))
            live = await page.ws_connect(f"http://{LOOPBACK}:{port}/live")
            server.stop()
            assert (await live.receive()).type is aiohttp.WSMsgType.CLOSE
        assert told == ["ended", "closed"]
        async with _served(tmp_path, port):
            assert (await page.get(f"http://{LOOPBACK}:{port}/runs")).status == 200


@pytest.mark.loopback
async def test_an_answer_under_way_has_the_files_that_it_needs(tmp_path: Path) -> None:
    """At the end work stops first, then the answers under way are given, then files are closed."""
    told, begun, stopped = list[str](), asyncio.Event(), asyncio.Event()

    async def late(_scope: Scope, _receive: Receive, send: Send) -> None:
        begun.set()
        await stopped.wait()
        told.append("answered")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"late"})

    async def ending() -> None:
        told.append("ended")
        stopped.set()

    async def closing() -> None:
        told.append("closed")

    port = _free_port()
    sessions = Sessions.open(tmp_path, None, port)
    server = Server(late, sessions, bound(LOOPBACK, port))
    running = asyncio.create_task(server.run(lambda: None, ending, closing))
    secret = sessions.enter(sessions.token())
    async with aiohttp.ClientSession(cookies={sessions.cookie: str(secret)}, **_jar()) as page:
        asking = asyncio.create_task(page.get(f"http://{LOOPBACK}:{port}/runs"))
        await begun.wait()
        server.stop()
        assert await (await asking).text() == "late"
    await running
    sessions.close()
    assert told == ["ended", "answered", "closed"]


@pytest.mark.loopback
async def test_a_page_that_does_not_read_keeps_no_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the end every connection is closed, also where an answer is still on its way."""
    monkeypatch.setattr(serving, "ANSWERS_S", 0)
    port = _free_port()
    async with _served(tmp_path, port) as (_, sessions, _told):
        secret = sessions.enter(sessions.token())
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        asked = f"GET {LARGE} HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\n"
        writer.write(f"{asked}Cookie: {sessions.cookie}={secret}\r\n\r\n".encode())
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
    got = 0
    with contextlib.suppress(ConnectionResetError):
        while some := await reader.read(1_000_000):
            got += len(some)
    writer.close()
    assert got < LARGE_BYTES


@pytest.mark.loopback
def test_a_taken_port_is_named() -> None:
    """A port that was asked for is not replaced; without one the next free one is taken."""
    with socket.create_server((LOOPBACK, 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {taken} is in use.*--port"):
            bound(LOOPBACK, taken)
        with bound(LOOPBACK, None, first=taken) as found:
            assert taken < found.getsockname()[1] < taken + PORTS_TRIED


@pytest.mark.loopback
async def test_answers_leave_at_once() -> None:
    """No connection waits for the other side to confirm a first part, which costs 40 ms an answer."""
    told: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def connected(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        own = writer.get_extra_info("socket")
        told.set_result(own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listening = bound(LOOPBACK, _free_port())
    async with await asyncio.start_server(connected, sock=listening):
        with socket.create_connection(listening.getsockname()[:2]):
            assert await told


@pytest.mark.loopback
def test_a_port_is_taken_from_the_start() -> None:
    """Nobody else can come between the choice of a port and the first connection."""
    with bound(LOOPBACK, _free_port()) as listening:
        host, port = listening.getsockname()
        assert host == LOOPBACK
        with pytest.raises(UsageError, match=str(port)):
            bound(LOOPBACK, port)
        with socket.create_connection((LOOPBACK, port)):
            pass


@pytest.mark.parametrize("host", ["192.168.1.5", "8.8.8.8", "fe80::1", "2001:db8::1"])
def test_an_address_for_others_has_to_be_confirmed(host: str) -> None:
    """Without the flag that says so, nothing is served beyond this machine."""
    with pytest.raises(UsageError, match="--allow-network"):
        checked_host(host, allow_network=False)
    assert checked_host(host, allow_network=True) == host


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "0", "", "evil.example", "127.1", "[::]"],  # noqa: S104  # refused
)
@pytest.mark.parametrize("allow", [True, False])
def test_all_addresses_at_once_and_names_are_refused(host: str, *, allow: bool) -> None:
    """The server has to know by which address it may be asked."""
    with pytest.raises(UsageError, match="--host"):
        checked_host(host, allow_network=allow)


@pytest.mark.parametrize(
    ("host", "at"),
    [(LOOPBACK, LOOPBACK), ("localhost", LOOPBACK), ("LOCALHOST", LOOPBACK), ("[::1]", "::1")],
)
def test_addresses_of_this_machine_alone_need_no_confirmation(host: str, at: str) -> None:
    """`localhost` is the one address that the link names."""
    assert checked_host(host, allow_network=False) == at
