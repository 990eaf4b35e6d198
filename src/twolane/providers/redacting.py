"""A transport that redacts keys from answers as bytes arrive, before anything reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twolane.errors import ProviderError, ReplyTooLargeError
from twolane.providers.lenient import unpacked

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Mapping
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

    from twolane.core.redaction import Redactor
    from twolane.core.transport import Response, Transport

_GZIP: Final = b"\x1f\x8b"
"""What a body begins with that was packed without a word."""


def redacting(transport: Transport, redactor: Redactor) -> Transport:
    """Return a transport that uses `transport` and redacts what `redactor` knows."""
    return _Redacting(transport, redactor) if redactor else transport


class _Redacting:
    def __init__(self, transport: Transport, redactor: Redactor) -> None:
        self._transport = transport
        self._redactor = redactor

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes | AsyncIterable[bytes] | None = None,
        timeout_s: float | None = None,
    ) -> AbstractAsyncContextManager[Response]:
        opened = self._transport.request(
            method, path, headers=headers, body=body, timeout_s=timeout_s
        )
        return _Exchange(opened, self._redactor)

    async def aclose(self) -> None:
        await self._transport.aclose()


class _Exchange:
    """An exchange that is entered and left; a class, as a generator costs twice as much."""

    def __init__(self, opened: AbstractAsyncContextManager[Response], redactor: Redactor) -> None:
        self._opened = opened
        self._redactor = redactor

    async def __aenter__(self) -> Response:
        try:
            return _Response(await self._opened.__aenter__(), self._redactor)
        except ProviderError as error:
            raise _without_keys(error, self._redactor) from error.__cause__

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return await self._opened.__aexit__(kind, error, trace)


class _Response:
    def __init__(self, response: Response, redactor: Redactor) -> None:
        self._response = response
        self._redactor = redactor
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        # All of them at once: of thirty a few are looked up.
        told = "\n".join(response.headers.values())
        if redactor.text(told) != told:
            self.headers = {
                name.lower(): redactor.text(value) for name, value in response.headers.items()
            }

    async def read(self, most_bytes: int) -> bytes:
        try:
            raw = await self._response.read(most_bytes)
        except ProviderError as error:
            raise _without_keys(error, self._redactor) from error.__cause__
        if raw.startswith(_GZIP):
            plain = unpacked(raw)
            mended = self._redactor.body(plain)
            return raw if mended == plain else mended
        return self._redactor.body(raw)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Iterate the body; the end of a piece waits for the next, as a key may begin there."""
        kept, redactor = b"", self._redactor
        broke: ProviderError | None = None
        try:
            async for chunk in self._response.chunks():
                kept += chunk
                piece, kept = redactor.piece(kept, max(0, len(kept) - redactor.reach))
                if piece:
                    yield piece
        except ProviderError as error:
            broke = error
        if kept:
            yield redactor.body(kept)
        if broke is not None:
            raise _without_keys(broke, redactor) from broke.__cause__


def _without_keys(error: ProviderError, redactor: Redactor) -> ProviderError:
    """Return an error whose words hold no key."""
    error.args = tuple(redactor.text(str(one)) for one in error.args)
    error.kind = redactor.text(error.kind)
    if isinstance(error, ReplyTooLargeError):
        # A key may begin where it was cut off.
        reach = max(0, len(error.beginning) - redactor.reach)
        error.beginning, _ = redactor.piece(error.beginning, reach)
    return error
