"""The real transport: aiohttp, no retries, no redirects, no connection that may be dead."""

from __future__ import annotations

import contextlib
import errno
import os
import ssl
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from twolane.bodies import CutError, Unpacker, unpacked, whole
from twolane.core.addresses import is_here
from twolane.core.outside import MAX_NAME_CHARS
from twolane.errors import (
    ConnectionFailedError,
    EndpointError,
    InvalidReplyError,
    NotTheProviderError,
    ProviderError,
    UnreachableError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Mapping

CONNECT_TIMEOUT_S: Final = 30.0
READ_CHUNK_BYTES: Final = 1 << 18
# A gateway may close what was idle, and a request on its way is then lost: nobody knows if it was
# answered, and billed. Busy connections are used again at once; a new one costs a handshake.
KEEPALIVE_S: Final = 0.5
# Where the names of limits and policies come along, headers of gateways are longer than 8 KB.
MAX_HEADER_BYTES: Final = 64 << 10
# aiohttp quotes what it cannot read.
_MAX_TOLD_CHARS: Final = 300
_TOO_MANY_FILES: Final = frozenset({errno.EMFILE, errno.ENFILE})
# How a peer ends a handshake that it has not looked at: no word on its certificate.
_CUT_HANDSHAKES: Final = ("EOF", "Connection reset")


class HttpResponse:
    """An aiohttp response as the engine's Response."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        """Wrap `response`, whose headers have arrived."""
        self._response = response
        self.status = response.status
        # Looked up in any case, so they need no copy in lower case.
        self.headers: Mapping[str, str] = response.headers
        self._encoding = response.headers.get("content-encoding", "")

    async def read(self, most_bytes: int) -> bytes:
        """Return the whole body, still encoded if its encoding was not requested.

        Raises ConnectionFailedError if it is cut short, ReplyTooLargeError if it is longer.
        """
        return await whole(self._pieces(Unpacker(self._encoding)), most_bytes)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Iterate the body in pieces.

        Raises ConnectionFailedError if it is cut short, InvalidReplyError if its encoding was not
        requested.
        """
        unpacker = Unpacker(self._encoding)
        if not unpacker.known:
            named = self._encoding[:MAX_NAME_CHARS]
            message = f"the results came in the encoding {named}, which nobody asked for"
            raise InvalidReplyError(message)
        async for piece in self._pieces(unpacker):
            yield piece

    async def _pieces(self, unpacker: Unpacker) -> AsyncIterator[bytes]:
        try:
            chunks = self._response.content.iter_chunked(READ_CHUNK_BYTES)
            async for piece in unpacked(chunks, unpacker):
                yield piece
        except (aiohttp.ClientError, TimeoutError, OSError, CutError) as error:
            message = f"the answer broke off: {_told(error)}"
            raise ConnectionFailedError(message, sent=True) from error


class _Pool:
    """A session and the calls that are out on it; it closes when it is left and the last is back."""

    def __init__(self, base_url: str) -> None:
        # The engine bounds the calls in flight; a second bound here would only hide it.
        connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=300, keepalive_timeout=KEEPALIVE_S)
        # The key says who asks. A cookie that a proxy in front of the service sets would be
        # looked up anew for every call, 6 µs each.
        self.session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            proxy=_proxy(base_url),
            auto_decompress=False,
            max_line_size=MAX_HEADER_BYTES,
            max_field_size=MAX_HEADER_BYTES,
        )
        self._calls = 0
        self._left = False

    @contextlib.asynccontextmanager
    async def call(self) -> AsyncIterator[aiohttp.ClientSession]:
        self._calls += 1
        try:
            yield self.session
        finally:
            self._calls -= 1
            if self._left:
                await self.leave()

    async def leave(self) -> None:
        """Open no further call here."""
        self._left = True
        if not self._calls:
            await self.session.close()


class HttpTransport:
    """HTTP over aiohttp; honours HTTPS_PROXY and SSL_CERT_FILE from the environment."""

    def __init__(self, base_url: str) -> None:
        """Talk to `base_url`; the first connection is opened with the first request."""
        self._base_url = base_url.rstrip("/")
        self._pool: _Pool | None = None

    @contextlib.asynccontextmanager
    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes | AsyncIterable[bytes] | None = None,
        timeout_s: float | None = None,
    ) -> AsyncIterator[HttpResponse]:
        """Open an exchange; see Transport.request."""
        pool = self._pool = self._pool or _Pool(self._base_url)
        timeout = aiohttp.ClientTimeout(total=timeout_s, connect=CONNECT_TIMEOUT_S)
        async with pool.call() as session:
            try:
                response = await session.request(
                    method,
                    self._base_url + path,
                    headers={"accept-encoding": "gzip", **headers},
                    data=body,
                    timeout=timeout,
                    allow_redirects=False,
                )
            except (aiohttp.ClientError, OSError, ValueError) as error:
                failure = _failure(error, self._base_url)
                if failure.maybe_paid and self._pool is pool:
                    # What was cut before an answer came may have been idle for too long, and the
                    # others with it: the next call opens a connection of its own.
                    self._pool = None
                    await pool.leave()
                raise failure from error
            try:
                yield HttpResponse(response)
            finally:
                response.release()

    async def aclose(self) -> None:
        """Close every connection."""
        if self._pool is not None:
            await self._pool.session.close()
            self._pool = None


def _failure(error: Exception, base_url: str) -> ProviderError:
    """Return what became of a request that aiohttp has raised an error for."""
    match error:
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return EndpointError(
                f"the base URL {base_url!r} is not valid; correct ANTHROPIC_BASE_URL"
            )
        case aiohttp.ClientHttpProxyError() if error.status in (401, 403, 407):
            return EndpointError(
                f"the proxy does not let anybody through to {base_url}: {error.status} "
                f"{error.message}; correct HTTPS_PROXY, with user and password where it wants them",
                status=error.status,
            )
        case aiohttp.ClientHttpProxyError():
            return UnreachableError(
                f"the proxy has no connection to {base_url}: {error.status} {error.message}"
            )
        case aiohttp.ClientConnectorError():
            return _unconnected(error, base_url)
        case aiohttp.ConnectionTimeoutError():
            return UnreachableError(
                f"no connection to {base_url} within {CONNECT_TIMEOUT_S:.0f} s; check the network"
            )
        case aiohttp.ClientResponseError() if "Expected HTTP/" in error.message:
            return NotTheProviderError(
                f"{base_url} does not speak HTTP; check the base URL", kind="not_the_provider"
            )
        case ValueError() if not isinstance(error, OSError):
            return EndpointError(f"the base URL {base_url!r} cannot be used: {error}")
        case _:
            return ConnectionFailedError(f"no answer from {base_url}: {_told(error)}", sent=True)


def _unconnected(error: aiohttp.ClientConnectorError, base_url: str) -> ProviderError:
    """Return why there was no connection, and what to do."""
    cause = error.os_error
    if isinstance(error, aiohttp.ClientSSLError) and not _cut_in_handshake(cause):
        told = getattr(cause, "verify_message", "") or getattr(cause, "reason", "") or cause
        return EndpointError(
            f"the certificate of {base_url} is not accepted ({told}); check the base URL and the "
            "computer's date, or name your authority's certificates with SSL_CERT_FILE"
        )
    if cause.errno in _TOO_MANY_FILES:
        return UnreachableError(
            f"too many open files for a further connection to {base_url}; lower --concurrency, or "
            "raise the limit (ulimit -n)"
        )
    unknown = isinstance(error, aiohttp.ClientConnectorDNSError)
    told = "unknown host" if unknown else _in_words(cause)
    return UnreachableError(
        f"no connection to {base_url}: {told}; check the network and ANTHROPIC_BASE_URL"
    )


def _in_words(cause: OSError) -> str:
    """Return what the system says of an error: asyncio's own words name an address alone."""
    if cause.errno and cause.errno > 0:
        words = os.strerror(cause.errno)
        return words[:1].lower() + words[1:]
    return cause.strerror or str(cause) or type(cause).__name__


def _cut_in_handshake(cause: OSError) -> bool:
    if isinstance(cause, ssl.SSLCertVerificationError | ssl.CertificateError):
        return False
    return isinstance(cause, ssl.SSLEOFError | ConnectionError) or any(
        sign in str(cause) for sign in _CUT_HANDSHAKES
    )


def _told(error: Exception) -> str:
    return f"{type(error).__name__} {error}".rstrip()[:_MAX_TOLD_CHARS]


def _proxy(base_url: str) -> str | None:
    """Return the environment's proxy for `base_url`, None if there is none.

    Never one for this machine itself: what is sent here has to stay here.

    Looked up once: aiohttp's `trust_env` asks the environment and ~/.netrc anew for every call,
    each in another thread, which doubles a call's CPU.
    """
    if is_here(base_url):
        return None
    try:
        parts = urlsplit(base_url)
    except ValueError:
        return None  # the first request says that the URL is none
    bypass = proxy_bypass(parts.netloc)
    return None if bypass else getproxies().get(parts.scheme)
