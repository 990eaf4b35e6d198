"""The real transport, against a server on loopback."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from twolane.providers.http import HttpTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.loopback


@asynccontextmanager
async def _transport(seen: list[web.Request]) -> AsyncIterator[HttpTransport]:
    """Yield a transport to a server that notes requests and sets a cookie in its answers."""

    async def answer(request: web.Request) -> web.Response:
        seen.append(request)
        named = {"Request-Id": "req_1", "Set-Cookie": "visitor=7; Path=/"}
        return web.Response(headers=named, body=b"{}")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    transport = HttpTransport(f"http://localhost:{runner.addresses[0][1]}")
    try:
        yield transport
    finally:
        await transport.aclose()
        await runner.cleanup()


async def test_headers_are_found_in_lower_case() -> None:
    """A header is found by its name in lower case, however the server writes it."""
    async with (
        _transport([]) as transport,
        transport.request("GET", "/v1/x", headers={}) as response,
    ):
        assert response.headers.get("request-id") == "req_1"
        assert "retry-after" not in response.headers


async def test_cookies_are_not_sent_back() -> None:
    """A cookie that an answer sets is not sent with the next request."""
    seen: list[web.Request] = []
    async with _transport(seen) as transport:
        for _ in range(2):
            async with transport.request("GET", "/v1/x", headers={}) as response:
                await response.read(1 << 20)
    assert len(seen) == 2
    assert "cookie" not in seen[1].headers
