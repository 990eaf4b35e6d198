"""The fetcher: what it reaches, what it never reaches, and what it says of each failure."""

from __future__ import annotations

import asyncio
import gzip
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from notemill.errors import SourceBlockedError, SourceError, SourceRefusedError
from notemill.sources.fetching import AGENT, MAX_REDIRECTS, Fetcher, fetch, is_public

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from ipaddress import IPv4Address, IPv6Address

pytestmark = pytest.mark.loopback

PAGE = b"<p>Nine ovens stand along the coast.</p>"


async def to_loopback(host: str, port: int) -> list[IPv4Address | IPv6Address]:
    """Every name is this machine, as a hostile name server would have it."""
    del host, port
    return [ip_address("127.0.0.1")]


def near() -> Fetcher:
    """Return a fetcher that may reach the loopback server of a test, and nothing else."""
    return Fetcher(resolve=to_loopback, allows=lambda address: address.is_loopback)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """Serve pages on loopback as `http://pages.example:PORT`."""
    served = Site()
    await served.start()
    yield served
    await served.stop()


class Site:
    """A web site with one handler for each path, which notes what it was asked."""

    def __init__(self) -> None:
        """Start with nothing to give."""
        self.seen: list[web.Request] = []
        self._handlers: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {}

    async def start(self) -> None:
        """Listen on a free port."""
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        server = web.TCPSite(self._runner, "127.0.0.1", 0)
        await server.start()
        self.port: int = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    def at(self, path: str, host: str = "pages.example", scheme: str = "http") -> str:
        """Return the address of a path."""
        return f"{scheme}://{host}:{self.port}/{path}"

    def gives(self, path: str, status: int = 200, data: bytes = PAGE, **headers: str) -> str:
        """Answer a path with these bytes; headers are named with `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named.setdefault("Content-Type", "text/html; charset=utf-8")

        async def answer(request: web.Request) -> web.StreamResponse:
            del request
            return web.Response(status=status, body=data, headers=named)

        return self.does(path, answer)

    def does(
        self, path: str, answer: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> str:
        """Let a handler of its own answer a path."""
        self._handlers[path] = answer
        return self.at(path)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        return await self._handlers[request.match_info["path"]](request)


async def test_page_is_fetched(site: Site) -> None:
    """An answer comes with its address, type and bytes."""
    came = await near().fetch(site.gives("ovens") + "#tides")
    assert (came.address, came.status, came.data) == (site.at("ovens"), 200, PAGE)
    assert came.content_type == "text/html; charset=utf-8"


async def test_request_says_who_asks_and_nothing_else(site: Site) -> None:
    """The request has a telling agent, and neither cookie nor referrer, also behind a redirect."""
    site.gives("end")
    await near().fetch(site.gives("start", 302, Location="/end", Set_Cookie="a=b"))
    for request in site.seen:
        assert request.headers["User-Agent"] == AGENT
        assert not {"Cookie", "Referer", "Authorization"} & set(request.headers)
    assert len(site.seen) == 2


async def test_redirects_are_followed_to_the_last_address(site: Site) -> None:
    """The address of an answer is the one behind all redirects, relative ones included."""
    site.gives("a/end")
    site.gives("a/middle", 307, Location="end")
    came = await near().fetch(site.gives("start", 301, Location="/a/middle"))
    assert came.address == site.at("a/end")


async def test_redirects_have_a_bound(site: Site) -> None:
    """Going round in circles ends, with a sentence."""
    with pytest.raises(SourceError, match="redirects over and over"):
        await near().fetch(site.gives("loop", 302, Location="/loop"))
    assert len(site.seen) == MAX_REDIRECTS + 1


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",  # noqa: S104
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.0.8",
        "198.18.0.1",
        "203.0.113.9",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "fc00::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "2002:7f00:1::",
        "2002:c0a8:101::",
        "64:ff9b::127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2001::1",
        "2001:db8::1",
        "3fff::1",
        "100::1",
    ],
)
def test_what_is_not_public(address: str) -> None:
    """No address of this machine or its network is public, however it is written."""
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "1.1.1.1", "2606:4700::1111", "64:ff9b::1.1.1.1", "::ffff:1.1.1.1"]
)
def test_what_is_public(address: str) -> None:
    """Public addresses are, also those that stand in an IPv6 address."""
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost", "2130706433", "127.1", "0x7f000001"],
)
async def test_loopback_is_never_asked(site: Site, host: str) -> None:
    """With the product's own settings no spelling of this machine is connected to."""
    site.gives("secret")
    with pytest.raises(SourceError):
        await fetch(site.at("secret", host))
    assert not site.seen


async def test_name_of_a_private_host_is_refused(site: Site) -> None:
    """A public name that means a private host is refused with that host's address."""
    with pytest.raises(SourceRefusedError, match=r"pages\.example is 127\.0\.0\.1, which is not"):
        await Fetcher(resolve=to_loopback).fetch(site.gives("x"))
    assert not site.seen


async def test_one_private_address_among_public_ones_is_refused(site: Site) -> None:
    """Where one of several addresses is private, none is tried."""

    async def both(host: str, port: int) -> list[IPv4Address | IPv6Address]:
        del host, port
        return [ip_address("93.184.215.14"), ip_address("127.0.0.1")]

    with pytest.raises(SourceRefusedError):
        await Fetcher(resolve=both).fetch(site.gives("x"))


async def test_redirect_to_a_private_host_is_refused(site: Site) -> None:
    """What a redirect leads to is checked like the address itself, name or number."""
    site.gives("secret")

    async def names(host: str, port: int) -> list[IPv4Address | IPv6Address]:
        del port
        return [ip_address("127.0.0.1" if host == "pages.example" else "10.0.0.7")]

    careful = Fetcher(resolve=names, allows=lambda one: str(one) == "127.0.0.1")
    for place in (site.at("secret", "inner.example"), site.at("secret", "[::1]")):
        with pytest.raises(SourceRefusedError, match="not on the public internet"):
            await careful.fetch(site.gives("start", 302, Location=place))
    assert {request.path for request in site.seen} == {"/start"}


async def test_name_that_changes_its_mind_gains_nothing(site: Site) -> None:
    """A name is resolved once a request, and the connection goes to what was checked."""
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[IPv4Address | IPv6Address]:
        del port
        asked.append(host)
        return [ip_address("127.0.0.1" if len(asked) == 1 else "10.0.0.7")]

    await Fetcher(resolve=rebinding, allows=lambda one: one.is_loopback).fetch(site.gives("x"))
    assert asked == ["pages.example"]


async def test_no_proxy_of_the_environment_is_asked(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy would resolve the name by itself, so none is used."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert (await near().fetch(site.gives("x"))).data == PAGE


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("file:///etc/passwd", "is not on the web"),
        ("gopher://pages.example/1", "is not on the web"),
        ("pages.example/ovens", "is not on the web"),
        ("http://", "names no host|is no address"),
        ("http://[::1/x", "is no address"),
        ("http://pages.example:99999/", "is no address"),
        ("http://me:secret@pages.example/", "user name or password"),
        ("http://" + "x" * 9_000, "too long"),
        ("http://" + "x" * 300 + ".example/", "."),
        ("http://exa mple/", "."),
        ("", "is not on the web"),
        ("http://\x00/", "."),
    ],
)
async def test_address_that_is_none(address: str, says: str) -> None:
    """What is no address of the web is named, and no password is repeated."""
    with pytest.raises(SourceError, match=says) as told:
        await Fetcher(resolve=nowhere).fetch(address)
    assert "secret" not in str(told.value)


async def nowhere(host: str, port: int) -> list[IPv4Address | IPv6Address]:
    """No name is known."""
    raise OSError(host, port)


async def test_redirect_out_of_the_web_is_refused(site: Site) -> None:
    """A redirect leads to no file and to no place with a password."""
    for place in ("file:///etc/passwd", "http://a:b@pages.example/"):
        with pytest.raises(SourceRefusedError):
            await near().fetch(site.gives("start", 302, Location=place))


@pytest.mark.parametrize(
    ("status", "headers", "kind", "says"),
    [
        (404, {}, SourceError, r"no longer there \(404\)"),
        (410, {}, SourceError, r"no longer there \(410\)"),
        (401, {}, SourceRefusedError, "wants a login"),
        (403, {}, SourceRefusedError, "not given to programs"),
        (451, {}, SourceRefusedError, "open it in a browser"),
        (429, {"Retry_After": "120"}, SourceBlockedError, "again in 2 minutes"),
        (429, {"Retry_After": "1"}, SourceBlockedError, "again in a minute"),
        (503, {}, SourceBlockedError, "again in an hour"),
        (503, {"Retry_After": "9" * 400}, SourceBlockedError, "again in an hour"),
        (503, {"Retry_After": "²"}, SourceBlockedError, "again in an hour"),
        (
            503,
            {"Retry_After": "Sun, 29 Nov 2026 12:30:00 GMT"},
            SourceBlockedError,
            "after 2026-11-29 12:30 UTC",
        ),
        (500, {}, SourceError, r"failed at its host \(500\)"),
        (304, {}, SourceError, "answered with 304"),
        (302, {}, SourceError, "answered with 302"),
    ],
)
async def test_status_that_is_no_page(
    site: Site, status: int, headers: dict[str, str], kind: type[SourceError], says: str
) -> None:
    """Each status has its own error and sentence."""
    with pytest.raises(SourceError, match=says) as told:
        await near().fetch(site.gives("x", status, b"", **headers))
    assert type(told.value) is kind


async def test_other_types_are_refused_unread(site: Site) -> None:
    """A film is refused by its type, before its bytes come."""
    with pytest.raises(SourceError, match="is video/mp4, which cannot be read"):
        await near().fetch(site.gives("x", Content_Type="video/mp4"))


async def test_answer_that_is_announced_too_large(site: Site) -> None:
    """An answer that says that it is too large is not read."""
    with pytest.raises(SourceError, match="larger than 1 KB"):
        await near().fetch(site.gives("x", data=b"x" * 1025), most_bytes=1024)


async def test_answer_that_grows_too_large_unpacked(site: Site) -> None:
    """The bound holds for what is unpacked."""
    bomb = gzip.compress(b"x" * (8 << 20))
    with pytest.raises(SourceError, match="larger than 1 MB"):
        await near().fetch(site.gives("x", data=bomb, Content_Encoding="gzip"), most_bytes=1 << 20)


async def test_packed_answer_is_unpacked(site: Site) -> None:
    """A packed answer is returned as it was before it was packed."""
    came = await near().fetch(site.gives("x", data=gzip.compress(PAGE), Content_Encoding="gzip"))
    assert came.data == PAGE


@pytest.mark.parametrize(
    ("data", "encoding"),
    [(gzip.compress(PAGE, mtime=0)[:-12], "gzip"), (b"?", "br")],
    ids=["gzip", "br"],
)
async def test_answer_that_cannot_be_unpacked(site: Site, data: bytes, encoding: str) -> None:
    """A truncated answer and a packing that nobody asked for are named."""
    with pytest.raises(SourceError, match=r"incomplete|packed in a way"):
        await near().fetch(site.gives("x", data=data, Content_Encoding=encoding))


async def test_host_that_never_ends_its_answer(site: Site) -> None:
    """All of it has one bound in time, also where each byte comes soon enough."""
    ended = asyncio.Event()

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/html"})
        await response.prepare(request)
        await response.write(b"<p>")
        await ended.wait()
        return response

    with pytest.raises(SourceError, match="did not answer in time"):
        await near().fetch(site.does("x", drip), timeout_s=0.05)
    ended.set()


async def test_connection_that_is_not_secure(site: Site) -> None:
    """A host that speaks no TLS where it should has a sentence of its own."""
    site.gives("x")
    with pytest.raises(SourceError, match=r"is not secure|not answered as HTTP"):
        await near().fetch(site.at("x", scheme="https"))


@pytest.mark.parametrize(
    "answer",
    [b"", b"\x00" * 100, b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", b"220 mail\r\n"],
)
async def test_host_that_speaks_something_else(answer: bytes) -> None:
    """No answer, noise, endless headers and another protocol end in one sentence."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(SourceError, match=r"not answered as HTTP|cannot be reached"):
            await near().fetch(f"http://pages.example:{port}/")


async def test_host_that_is_not_there() -> None:
    """An unknown name and a closed port are told apart."""
    with pytest.raises(SourceError, match=r"there is no host pages\.example"):
        await Fetcher(resolve=nowhere).fetch("http://pages.example/")
    with pytest.raises(SourceError, match="cannot be reached"):
        await near().fetch("http://pages.example:9/")
