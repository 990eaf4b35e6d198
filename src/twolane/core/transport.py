"""The one seam between the engine and a provider's service: an HTTP exchange.

It has three implementations: aiohttp (a real service, or the simulator on loopback), and the
simulator in the same process (tests on a virtual clock, notemill's offline provider).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Mapping
    from contextlib import AbstractAsyncContextManager


class Response(Protocol):
    """The head of an answer, and its body, which can be read once."""

    status: int
    headers: Mapping[str, str]
    """Look them up by lower-case names; when iterated, names may be in any case."""

    async def read(self, most_bytes: int) -> bytes:
        """Return the whole body, of at most `most_bytes`.

        Raises ConnectionFailedError if it is cut short, ReplyTooLargeError if it is longer.
        """

    def chunks(self) -> AsyncIterator[bytes]:
        """Iterate the body in pieces, without a bound: the caller has to set one.

        Raises ConnectionFailedError if it is cut short.
        """


class Transport(Protocol):
    """Sends one request and returns its response, without retries or redirects."""

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

        Raises ConnectionFailedError, whose `sent` tells whether the request was sent.
        """

    async def aclose(self) -> None:
        """Release sockets."""
