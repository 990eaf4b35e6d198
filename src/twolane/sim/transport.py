"""The simulator in the same process, as a transport of the engine."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from twolane.bodies import whole
from twolane.errors import ConnectionFailedError, UnreachableError
from twolane.sim.answers import Answer, Call, Drop

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Mapping

    from twolane.sim.model import Simulator


class SimResponse:
    """An answer of the simulator as the engine's Response."""

    def __init__(self, answer: Answer) -> None:
        """Wrap `answer`."""
        self._answer = answer
        self.status = answer.status
        self.headers: Mapping[str, str] = answer.headers

    async def read(self, most_bytes: int) -> bytes:
        """Return the whole body; see Response.read."""
        return await whole(self.chunks(), most_bytes)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Iterate the body in pieces. Raises ConnectionFailedError if it is cut short."""
        body = self._answer.body
        if isinstance(body, bytes):
            yield body
        else:
            for piece in body:
                yield piece
                await asyncio.sleep(0)
        if self._answer.cut:
            raise ConnectionFailedError("the answer broke off", sent=True)


class SimTransport:
    """Carries requests to a simulator without a socket; latencies are sleeps of the event loop."""

    def __init__(self, simulator: Simulator) -> None:
        """Send requests to `simulator`."""
        self._simulator = simulator

    @contextlib.asynccontextmanager
    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes | AsyncIterable[bytes] | None = None,
        timeout_s: float | None = None,
    ) -> AsyncIterator[SimResponse]:
        """Open an exchange; see Transport.request."""
        url = urlsplit(path)
        call = Call(
            method=method,
            path=url.path,
            headers={name.lower(): value for name, value in headers.items()},
            query=dict(parse_qsl(url.query)),
            body=await _whole(body),
        )
        answer = self._simulator.handle(call)
        delay_s = answer.delay_s / self._simulator.speed
        if timeout_s is not None and delay_s > timeout_s:
            await asyncio.sleep(timeout_s)
            raise ConnectionFailedError(f"no answer within {timeout_s:.0f} s", sent=True)
        await asyncio.sleep(delay_s)
        if answer.drop is not None:
            if answer.drop is Drop.REFUSED:
                raise UnreachableError("the connection was refused")
            raise ConnectionFailedError(f"the connection was dropped: {answer.drop}", sent=True)
        yield SimResponse(answer)

    async def aclose(self) -> None:
        """Do nothing: there is no socket."""


async def _whole(body: bytes | AsyncIterable[bytes] | None) -> bytes:
    if body is None or isinstance(body, bytes):
        return body or b""
    return b"".join([piece async for piece in body])
