"""The one seam between the engine and a provider's service: an HTTP exchange.

Three things stand behind it: aiohttp (a real service, or the simulator on loopback), and the
simulator in the same process (tests on a virtual clock, notemill's offline provider).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Mapping
    from contextlib import AbstractAsyncContextManager


class Response(Protocol):
    """The head of an answer, and its body to be read once."""

    status: int
    headers: Mapping[str, str]
    """To be looked up by names in lower case; iterated, they may come in any."""

    async def read(self, most_bytes: int) -> bytes:
        """Return the whole body of `most_bytes` at most.

        Raises ConnectionFailedError where it is cut short, ReplyTooLargeError where it is longer.
        """

    def chunks(self) -> AsyncIterator[bytes]:
        """Iterate the body in pieces, without a bound: that is the caller's.

        Raises ConnectionFailedError where it breaks.
        """


class Transport(Protocol):
    """Sends one request and hands back its response; no retry, no redirect."""

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes | AsyncIterable[bytes] | None = None,
        timeout_s: float | None = None,
    ) -> AbstractAsyncContextManager[Response]:
        """Open an exchange; `path` begins with `/v1/` and may carry a query.

        Raises ConnectionFailedError, whose `sent` tells whether the request had left.
        """

    async def aclose(self) -> None:
        """Release sockets."""
