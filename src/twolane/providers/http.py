"""The real transport: aiohttp, one session, no retries, no redirects."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from twolane.core.addresses import is_here
from twolane.errors import ConnectionFailedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Mapping

CONNECT_TIMEOUT_S = 30.0
READ_CHUNK_BYTES = 1 << 18


class HttpResponse:
    """An answer of aiohttp behind the seam's interface."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        """Wrap `response`, whose head has arrived."""
        self._response = response
        self.status = response.status
        # Looked up in any case, so they need no copy in lower case.
        self.headers: Mapping[str, str] = response.headers

    async def read(self) -> bytes:
        """Return the whole body. Raises ConnectionFailedError where it is cut short."""
        try:
            return await self._response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ConnectionFailedError(f"the answer broke off: {error}", sent=True) from error

    async def chunks(self) -> AsyncIterator[bytes]:
        """Iterate the body in pieces. Raises ConnectionFailedError where it breaks."""
        try:
            async for chunk in self._response.content.iter_chunked(READ_CHUNK_BYTES):
                yield chunk
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ConnectionFailedError(f"the answer broke off: {error}", sent=True) from error


class HttpTransport:
    """HTTP over aiohttp; honours HTTPS_PROXY and SSL_CERT_FILE from the environment."""

    def __init__(self, base_url: str) -> None:
        """Talk to `base_url`; the session opens with the first request."""
        self._base_url = base_url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            # The engine bounds the calls in flight; a second bound here would only hide it.
            connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=300)
            # The key says who asks. A cookie that a proxy in front of the service sets would be
            # looked up anew for every call, 6 µs each.
            cookies = aiohttp.DummyCookieJar()
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=cookies,
                proxy=_proxy(self._base_url),
                auto_decompress=True,
            )
        return self._session

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
        timeout = aiohttp.ClientTimeout(total=timeout_s, connect=CONNECT_TIMEOUT_S)
        try:
            response = await self._open().request(
                method,
                self._base_url + path,
                headers=headers,
                data=body,
                timeout=timeout,
                allow_redirects=False,
            )
        except aiohttp.ClientConnectorError as error:
            message = f"no connection to {self._base_url}: {error}; check the network and the URL"
            raise ConnectionFailedError(message, sent=False) from error
        except aiohttp.ConnectionTimeoutError as error:
            message = f"no connection to {self._base_url} within {CONNECT_TIMEOUT_S:.0f} s"
            raise ConnectionFailedError(message, sent=False) from error
        except aiohttp.InvalidURL as error:
            message = f"the base URL {self._base_url} is not one; correct ANTHROPIC_BASE_URL"
            raise ConnectionFailedError(message, sent=False) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            message = f"no answer from {self._base_url}: {type(error).__name__} {error}".rstrip()
            raise ConnectionFailedError(message, sent=True) from error
        try:
            yield HttpResponse(response)
        finally:
            response.release()

    async def aclose(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def _proxy(base_url: str) -> str | None:
    """Return the environment's proxy for `base_url`, None where there is none.

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
