"""Fetches what is public on the web, and nothing of this machine or its network.

An address that a stranger wrote must not reach what only this machine may reach: see
https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html.
A host's addresses are checked when they are resolved, at every redirect anew, and the connection
goes to exactly these: a name that means another machine a moment later gains nothing. No proxy is
taken from the environment: it would resolve the name once more, by itself.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from notemill.errors import SourceBlockedError, SourceError, SourceRefusedError
from twolane.bodies import CutError, ReplyTooLargeError, Unpacker, in_words, unpacked, whole

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence


AGENT: Final = "notemill/0.1 (reads a page for a person's own notes, once, when asked to)"
READABLE: Final = (
    "text/",
    "application/xhtml+xml",
    "application/xml",
    "application/rss+xml",
    "application/atom+xml",
    "application/json",
    "application/pdf",
    "application/epub+zip",
    "application/msword",
    "application/rtf",
    "application/vnd.openxmlformats-officedocument",
    "application/vnd.oasis.opendocument",
    "application/octet-stream",
    "binary/octet-stream",
)
"""What the types of readable answers begin with; many servers call every file an octet stream."""
MAX_BYTES: Final = 50 << 20
MAX_REDIRECTS: Final = 8
MAX_ADDRESS_CHARS: Final = 8_000
"""The longest address; servers refuse those above 8,000 characters (RFC 9110, section 4.1)."""
TIMEOUT_S: Final = 60.0
_CONNECT_S: Final = 15.0
_MAX_LINE_BYTES: Final = 16 << 10
_MAX_FIELD_BYTES: Final = 32 << 10
_SHOWN_CHARS: Final = 200
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_GONE: Final = frozenset({404, 410})
_REFUSED: Final = frozenset({401, 402, 403, 407, 451})
_BUSY: Final = frozenset({429, 503})
_OK: Final = 200
_FAULTS: Final = 500
_MAX_WAIT_S: Final = 7 * 86_400
_MINUTE_S: Final = 60

# What holds an IPv4 address in its last 32 bits, or in those behind the prefix: RFC 4291 and 6052,
# RFC 3056. In all other IPv6 ranges but the global one nothing public lies (RFC 4291, section 4).
_NAT64: Final = IPv6Network("64:ff9b::/96")
_GLOBAL: Final = IPv6Network("2000::/3")
# What the library's own table, older than the registry of RFC 6890, takes for public.
_NOT_PUBLIC: Final = tuple(
    ip_network(one)
    for one in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2001:db8::/32", "3fff::/20")
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: the address that gave it, after all redirects, its type as sent, and its bytes."""

    address: str
    status: int
    content_type: str
    data: bytes


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address is one of the public internet.

    Loopback, private, shared (RFC 6598), link-local, multicast and reserved ones are not, nor are
    IPv6 addresses that lead to an IPv4 address of these kinds.
    """
    if isinstance(address, IPv4Address):
        public = address.is_global and not address.is_multicast and not address.is_reserved
        return public and not any(address in network for network in _NOT_PUBLIC)
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address in _NAT64:
        inner = IPv4Address(int(address) & 0xFFFF_FFFF)
    if inner is not None:
        return is_public(inner)
    return address in _GLOBAL and not any(address in network for network in _NOT_PUBLIC)


async def system_addresses(host: str, port: int) -> list[IPv4Address | IPv6Address]:
    """Return a host's addresses as the system knows them. Raises OSError if there are none."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return list(dict.fromkeys(ip_address(one[4][0]) for one in found))


class _Pinned(AbstractResolver):
    """Resolves every name to the addresses that were checked for the request under way."""

    def __init__(self) -> None:
        self.addresses: Sequence[IPv4Address | IPv6Address] = ()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        del family  # the addresses have their own
        return [
            ResolveResult(
                hostname=host,
                host=str(one),
                port=port,
                family=socket.AF_INET if one.version == 4 else socket.AF_INET6,  # noqa: PLR2004
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for one in self.addresses
        ]

    async def close(self) -> None:
        """There is nothing to close."""


class Fetcher:
    """Fetches pages and files; keeps nothing between them: no cookie, no connection."""

    def __init__(
        self,
        *,
        agent: str = AGENT,
        resolve: Callable[[str, int], Awaitable[Sequence[IPv4Address | IPv6Address]]] = (
            system_addresses
        ),
        allows: Callable[[IPv4Address | IPv6Address], bool] = is_public,
    ) -> None:
        """Fetch as `agent` from hosts whose addresses, by `resolve`, are all such that `allows`."""
        self._agent = agent
        self._resolve = resolve
        self._allows = allows

    async def fetch(
        self,
        address: str,
        *,
        most_bytes: int = MAX_BYTES,
        timeout_s: float = TIMEOUT_S,
        readable: Collection[str] = READABLE,
    ) -> Fetched:
        """Return what is at an http(s) address.

        Its body has at most `most_bytes`, also unpacked; its type begins with one of `readable`;
        all of it, with redirects, takes at most `timeout_s`.

        Raises:
            SourceBlockedError: its host wants to be left alone for a while.
            SourceRefusedError: its host does not give it out, or we do not go there.
            SourceError: everything else.
        """
        url = _parsed(address)
        pinned = _Pinned()
        try:
            async with (
                asyncio.timeout(timeout_s),
                aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(
                        resolver=pinned, use_dns_cache=False, force_close=True
                    ),
                    cookie_jar=aiohttp.DummyCookieJar(),
                    trust_env=False,
                    auto_decompress=False,  # unpacked here, within a bound
                    timeout=aiohttp.ClientTimeout(total=None, connect=_CONNECT_S),
                    headers={
                        "User-Agent": self._agent,
                        "Accept": "text/html, application/xhtml+xml, */*;q=0.8",
                        "Accept-Encoding": "gzip, deflate",
                    },
                    max_line_size=_MAX_LINE_BYTES,
                    max_field_size=_MAX_FIELD_BYTES,
                ) as session,
            ):
                for _ in range(MAX_REDIRECTS + 1):
                    pinned.addresses = await self._checked(url)
                    came = await _asked(session, url, most_bytes, readable)
                    if isinstance(came, Fetched):
                        return came
                    url = came
        except TimeoutError as error:
            raise SourceError(f"{_shown(url)} did not answer in time; try again later") from error
        except (aiohttp.ClientError, OSError, CutError) as error:
            raise _failed(url, error) from error
        raise SourceError(
            f"{_shown(_parsed(address))} redirects over and over; open it in a browser"
        )

    async def _checked(self, url: URL) -> Sequence[IPv4Address | IPv6Address]:
        """Return the addresses of a URL's host, each of which may be connected to."""
        host, port = url.raw_host or "", url.port or 0
        try:
            found: Sequence[IPv4Address | IPv6Address] = [ip_address(host)]
        except ValueError:
            try:
                found = await self._resolve(host, port)
            except (OSError, UnicodeError) as error:
                raise SourceError(
                    f"there is no host {host:.100}, or no connection to the internet; check the address"
                ) from error
        refused = next((one for one in found if not self._allows(one)), None)
        if refused is not None:
            raise SourceRefusedError(
                f"{host:.100} is {refused}, which is not on the public internet; "
                "save the page and name the file"
            )
        if not found:
            raise SourceError(f"the host {host:.100} has no address; check the spelling")
        return found


async def fetch(
    address: str,
    *,
    most_bytes: int = MAX_BYTES,
    timeout_s: float = TIMEOUT_S,
    agent: str = AGENT,
) -> Fetched:
    """Return what is at a public http(s) address: see `Fetcher.fetch`."""
    return await Fetcher(agent=agent).fetch(address, most_bytes=most_bytes, timeout_s=timeout_s)


def _parsed(address: str, base: URL | None = None) -> URL:
    """Return an address that may be asked. Raises SourceError or SourceRefusedError."""
    address = address.strip()
    if len(address) > MAX_ADDRESS_CHARS:
        raise SourceError(f"the address {address:.60}… is too long to be one; check it")
    try:
        url = URL(address) if base is None else base.join(URL(address))
        host = url.raw_host
        _ = url.port
    except ValueError as error:
        raise SourceError(f"{address:.{_SHOWN_CHARS}} is no address; check its spelling") from error
    if url.scheme not in ("http", "https"):
        raise SourceRefusedError(
            f"{address:.{_SHOWN_CHARS}} is not on the web; name an address with http:// or https://"
        )
    if not host:
        raise SourceError(f"{address:.{_SHOWN_CHARS}} names no host; check its spelling")
    if url.raw_user is not None or url.raw_password is not None:
        raise SourceRefusedError(
            f"the address on {host:.100} has a user name or password in it; name it without them"
        )
    return url.with_fragment(None)


async def _asked(
    session: aiohttp.ClientSession, url: URL, most_bytes: int, readable: Collection[str]
) -> Fetched | URL:
    """Ask once: the answer, or where it is instead."""
    async with session.get(url, allow_redirects=False) as response:
        status = response.status
        if status in _REDIRECTS and (place := response.headers.get("Location")):
            return _parsed(place, url)
        if status != _OK:
            raise _status_error(url, status, response.headers.get("Retry-After", ""))
        content_type = response.headers.get("Content-Type", "")
        kind = content_type.partition(";")[0].strip().lower()
        if kind and not kind.startswith(tuple(readable)):
            raise SourceError(f"{_shown(url)} is {kind:.60}, which cannot be read as text")
        if (response.content_length or 0) > most_bytes:
            raise _too_large(url, most_bytes)
        unpacker = Unpacker(response.headers.get("Content-Encoding", ""))
        if not unpacker.known:
            raise SourceError(f"{_shown(url)} is packed in a way that was not asked for")
        try:
            data = await whole(unpacked(response.content.iter_any(), unpacker), most_bytes)
        except ReplyTooLargeError as error:
            raise _too_large(url, most_bytes) from error
        return Fetched(str(url), status, content_type, data)


def _status_error(url: URL, status: int, retry_after: str) -> SourceError:
    """Return the error for an answer that is no page."""
    shown = _shown(url)
    if status in _GONE:
        return SourceError(f"{shown} is no longer there ({status}); check the address")
    if status in _REFUSED:
        return SourceRefusedError(
            f"{shown} wants a login, or is not given to programs ({status}); "
            "open it in a browser, save the page and name the file"
        )
    if status in _BUSY:
        return SourceBlockedError(
            f"{url.raw_host} asks for a pause ({status}); run the same command again{_when(retry_after)}"
        )
    if status >= _FAULTS:
        return SourceError(f"{shown} failed at its host ({status}); try again later")
    return SourceError(f"{shown} was answered with {status} and no page; open it in a browser")


def _when(retry_after: str) -> str:
    """Return when to come back, by the header of that name: seconds or a date (RFC 9110)."""
    retry_after = retry_after.strip()[:40]
    if retry_after.isascii() and retry_after.isdigit() and int(retry_after) <= _MAX_WAIT_S:
        minutes = -(-int(retry_after) // _MINUTE_S)
        return f" in {minutes} minutes" if minutes > 1 else " in a minute"
    try:
        return f" after {parsedate_to_datetime(retry_after):%Y-%m-%d %H:%M %Z}".rstrip()
    except (ValueError, OverflowError):
        return " in an hour"


def _failed(url: URL, error: Exception) -> SourceError:
    """Return the error for a connection or an answer that failed."""
    shown = _shown(url)
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return SourceError(
            f"the connection to {url.raw_host} is not secure (its certificate does not hold); "
            "open it in a browser and save the page if you trust it"
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        return SourceError(f"{url.raw_host} cannot be reached; try again later")
    if isinstance(error, CutError | aiohttp.ClientPayloadError):
        return SourceError(f"{shown} arrived incomplete; try again")
    return SourceError(
        f"{shown} was not answered as HTTP is ({type(error).__name__}); try again later"
    )


def _too_large(url: URL, most_bytes: int) -> SourceError:
    return SourceError(f"{_shown(url)} is larger than {in_words(most_bytes)}; it is not read")


def _shown(url: URL) -> str:
    """Return an address for a message: without what may be a secret, and short."""
    text = str(url.with_query(None))
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
