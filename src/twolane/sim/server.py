"""The simulator as an HTTP server on loopback."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from aiohttp import web

from twolane.sim.answers import Answer, Call
from twolane.sim.routes import body_limit_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twolane.sim.model import Simulator

_SHUTDOWN_S: Final = 0.5
_READ_BYTES: Final = 1 << 18


class SimServer:
    """Serves a simulator over HTTP; `results_url` names the host a client called it by."""

    def __init__(self, simulator: Simulator) -> None:
        """Serve `simulator`."""
        self._simulator = simulator
        self._runner: web.AppRunner | None = None
        self._idle_since: WeakKeyDictionary[asyncio.BaseTransport, float] = WeakKeyDictionary()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen, on a free port if `port` is 0, and return the base URL. Raises OSError."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_S)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        return f"http://{host}:{runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop listening and drop open connections."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request)
        if self._was_idle(request):
            self._simulator.log["idle_cut_s"] += 1
            _hang_up(request)
            return web.Response()
        try:
            return await self._answered(request, body)
        finally:
            if request.transport is not None:
                self._idle_since[request.transport] = asyncio.get_running_loop().time()

    def _was_idle(self, request: web.Request) -> bool:
        """Tell whether a connection is dead, which only its next request finds out."""
        cut_s, connection = self._simulator.faults.idle_cut_s, request.transport
        if cut_s is None or connection is None or connection not in self._idle_since:
            return False
        return asyncio.get_running_loop().time() - self._idle_since[connection] >= cut_s

    async def _answered(self, request: web.Request, body: bytes) -> web.StreamResponse:
        call = Call(
            method=request.method,
            path=request.path,
            headers={name.lower(): value for name, value in request.headers.items()},
            query=dict(request.query),
            body=body,
            base_url=f"http://{request.host}",
        )
        answer = self._simulator.handle(call)
        await asyncio.sleep(answer.delay_s / self._simulator.speed)
        if answer.drop is not None:
            _hang_up(request)
            return web.Response()
        if isinstance(answer.body, bytes):
            return web.Response(status=answer.status, body=answer.body, headers=answer.headers)
        return await _stream(request, answer, answer.body)


async def serve(
    simulator: Simulator,
    host: str = "127.0.0.1",
    port: int = 0,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until canceled; `on_ready` gets the base URL. Raises OSError if it cannot listen."""
    server = SimServer(simulator)
    url = await server.start(host, port)
    try:
        if on_ready is not None:
            on_ready(url)
        await asyncio.Event().wait()
    finally:
        await server.stop()


async def _body(request: web.Request) -> bytes:
    """Read a body up to one byte more than may be: the model refuses what is longer."""
    limit = body_limit_bytes(request.path)
    body = bytearray()
    async for piece in request.content.iter_chunked(_READ_BYTES):
        body += piece
        if len(body) > limit:
            break
    return bytes(body)


async def _stream(
    request: web.Request, answer: Answer, pieces: Iterator[bytes]
) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    try:
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
    except ConnectionResetError:
        return response  # the client has gone; nothing is left to answer
    if answer.cut:
        # Closed without the last chunk's mark, so that the client sees it break.
        _hang_up(request)
    return response


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()
