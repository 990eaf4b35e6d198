"""Anthropic: Messages in real time and Message Batches, over one transport.

Endpoints, limits, error shapes and result lines follow the API's documentation, version
2026-10-21: https://platform.claude.com/docs/en/api/messages and
https://platform.claude.com/docs/en/build-with-claude/batch-processing
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from typing import TYPE_CHECKING, Any, NoReturn, TypedDict
from urllib.parse import quote

import orjson

from twolane.core.bounds import CONTROL_BYTES, LIST_BYTES
from twolane.core.cooldown import retry_after_s
from twolane.core.faults import NO_STATUS, refusal
from twolane.core.outside import MAX_A_MINUTE, MAX_TOKENS, identifier, moment, name, whole
from twolane.core.redaction import Redactor
from twolane.core.types import (
    BatchInfo,
    Headroom,
    Limits,
    RateHeaders,
    Reply,
    RequestCounts,
)
from twolane.errors import (
    ConnectionFailedError,
    EndpointError,
    GatewayTimeoutError,
    InvalidReplyError,
    NotTheProviderError,
    ProviderError,
    RejectedError,
    TransientError,
)
from twolane.providers import messages
from twolane.providers.base import BatchPage, Sink, refusal_of
from twolane.providers.lenient import clean, parse, unpacked
from twolane.providers.redacting import redacting
from twolane.providers.usual import ProviderBase

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Mapping, Sequence

    from twolane.core.transport import Response, Transport

API_VERSION = "2026-10-21"
DEFAULT_BASE_URL = "https://api.anthropic.com"
LIMITS = Limits(
    max_items=100_000, max_batch_bytes=256 * 1024 * 1024, max_request_bytes=32 * 1024 * 1024
)
REALTIME_TIMEOUT_S = 600.0
CONTROL_TIMEOUT_S = 60.0
UPLOAD_TIMEOUT_S = 900.0
# Results come as slowly as the line is, but they do come: less than this in ten minutes (a
# hundred bytes a second) is nothing, and what takes longer than a quarter of a day never ends.
RESULTS_STALL_S = 600.0
RESULTS_STALL_BYTES = 1 << 16
RESULTS_TIMEOUT_S = 21_600.0
COUNTED_PARAMS = (
    "model", "messages", "system", "tools", "tool_choice", "thinking", "output_config",
    "cache_control", "speed",
)  # fmt: skip
_BATCHES = "/v1/messages/batches"
# What the API calls an error of this status, where something else speaks in its place.
_KINDS_OF_PAGES = {
    403: "permission_error", 413: "request_too_large", 429: "rate_limit_error",
    503: "overloaded_error", 529: "overloaded_error",
}  # fmt: skip
_SHOWN_ID_CHARS = 60
_COUNTS = ("processing", "succeeded", "errored", "canceled", "expired")


class _Said(TypedDict):
    provider: str
    status: int
    kind: str
    request_id: str | None


class AnthropicProvider(ProviderBase):
    """Both lanes of Anthropic's API; every method makes one exchange, without retries."""

    limits = LIMITS

    def __init__(
        self,
        transport: Transport,
        *,
        api_key: str = "",
        auth_token: str = "",
        base_url: str,
        name: str = "anthropic",
        ephemeral: bool = False,
        secrets: Sequence[str] = (),
    ) -> None:
        """Use `transport`; `base_url` only names the service.

        Requests carry `api_key`, or without one `auth_token` as a bearer token: the official SDK's
        order of precedence (anthropic 2.12). Both, and all other `secrets`, are redacted from
        answers.
        """
        self.name = name
        self.base_url = base_url
        self.ephemeral = ephemeral
        secret = (api_key or auth_token).encode()
        self.key_fingerprint = hashlib.blake2b(secret, digest_size=8).hexdigest()
        self._transport = redacting(transport, Redactor((api_key, auth_token, *secrets)))
        credential = {"x-api-key": api_key} if api_key else bearer(auth_token)
        self._headers = {
            **credential,
            "anthropic-version": API_VERSION,
            "content-type": "application/json",
        }

    async def send(self, body: bytes, *, most_bytes: int, betas: Sequence[str] = ()) -> Reply:
        """Answer one request in real time. Raises ProviderError."""
        more = _beta_header(betas)
        raw, headers = await self._exchange(
            "POST", "/v1/messages", body, REALTIME_TIMEOUT_S, more, most_bytes=most_bytes
        )
        request_id = identifier(headers.get("request-id"))
        answer = messages.read_answer(raw, request_id=request_id, rates=_rates(headers))
        if isinstance(answer, Reply):
            return answer
        raise self._no_answer(answer, raw, headers)

    async def count_tokens(self, body: bytes) -> int:
        """Count the input tokens of a request. Raises ProviderError."""
        params = orjson.loads(body)
        # The endpoint takes the members that make up the prompt and refuses the others.
        prompt = {key: params[key] for key in COUNTED_PARAMS if key in params}
        raw, _ = await self._exchange(
            "POST", "/v1/messages/count_tokens", orjson.dumps(prompt), CONTROL_TIMEOUT_S
        )
        count = whole(self._object(raw).get("input_tokens"), most=MAX_TOKENS)
        if count is None:
            raise InvalidReplyError(f"{self.name} counted no tokens", provider=self.name)
        return count

    async def create_batch(
        self, body: AsyncIterable[bytes], size_bytes: int, *, betas: Sequence[str] = ()
    ) -> BatchInfo:
        """Post a batch, once. Raises ProviderError."""
        more = {"content-length": str(size_bytes), **_beta_header(betas)}
        raw, _ = await self._exchange("POST", _BATCHES, body, UPLOAD_TIMEOUT_S, more)
        return self._batch(self._object(raw))

    async def retrieve_batch(self, batch_id: str) -> BatchInfo:
        """Return a batch's status. Raises ProviderError, RejectedError with 404 if unknown."""
        raw, _ = await self._exchange("GET", _path(batch_id), None, CONTROL_TIMEOUT_S)
        return self._batch(self._object(raw))

    async def list_batches(self, *, after_id: str | None, limit: int) -> BatchPage:
        """Return one page of the list, newest first. Raises ProviderError."""
        behind = f"&after_id={quote(after_id, safe='')}" if after_id else ""
        path = f"{_BATCHES}?limit={limit}{behind}"
        raw, _ = await self._exchange("GET", path, None, CONTROL_TIMEOUT_S, most_bytes=LIST_BYTES)
        page = self._object(raw)
        if not isinstance(page.get("data"), list):
            raise InvalidReplyError(f"{self.name} listed no batches", provider=self.name)
        batches = []
        for one in page["data"]:
            # One that is left out without a word would seem never to have arrived.
            with contextlib.suppress(InvalidReplyError):
                batches.append(self._batch(one))
        has_more, last_id = bool(page.get("has_more")), identifier(page.get("last_id"))
        last_id = last_id or (batches[-1].id if batches else None)
        if has_more and last_id is None:
            message = f"{self.name} has more batches than it lists, and does not say which"
            raise InvalidReplyError(message, provider=self.name)
        unreadable = len(page["data"]) - len(batches)
        return BatchPage(tuple(batches), has_more=has_more, last_id=last_id, unreadable=unreadable)

    async def cancel_batch(self, batch_id: str) -> BatchInfo:
        """Ask for an early end. Raises ProviderError."""
        raw, _ = await self._exchange("POST", _path(batch_id, "/cancel"), b"", CONTROL_TIMEOUT_S)
        return self._batch(self._object(raw))

    async def fetch_results(self, batch_id: str, out: Sink) -> None:
        """Stream the results into `out`. Raises ProviderError, also if the stream breaks.

        The URL is built from the configured base: `results_url` could name another host, and
        following it would hand that host the key.
        """
        try:
            async with (
                asyncio.timeout(RESULTS_TIMEOUT_S),
                asyncio.timeout(RESULTS_STALL_S) as stall,
                self._transport.request(
                    "GET", _path(batch_id, "/results"), headers=self._headers, timeout_s=None
                ) as response,
            ):
                if not _is_success(response):
                    self._refuse(response, await refusal_of(response))
                await self._stream(response, out, stall)
        except TimeoutError as error:
            message = f"the results came so slowly that they would never end: {self.base_url}"
            raise ConnectionFailedError(message, sent=True, provider=self.name) from error

    async def _stream(self, response: Response, out: Sink, stall: asyncio.Timeout) -> None:
        begun, came_bytes = False, 0
        async for chunk in response.chunks():
            if not begun and (begun := bool(unpacked(chunk))) and unpacked(chunk)[:1] == b"<":
                raise self._no_answer(None, chunk, response.headers)
            came_bytes += len(chunk)
            if came_bytes >= RESULTS_STALL_BYTES:
                stall.reschedule(asyncio.get_running_loop().time() + RESULTS_STALL_S)
                came_bytes = 0
            out.write(chunk)

    def batch_frame(self) -> tuple[bytes, bytes, bytes]:
        """Return the bytes before, between and after the lines of a create."""
        return b'{"requests":[', b",", b"]}"

    async def aclose(self) -> None:
        """Close the transport."""
        await self._transport.aclose()

    # -- reading ------------------------------------------------------------------------------

    async def _exchange(
        self,
        method: str,
        path: str,
        body: bytes | AsyncIterable[bytes] | None,
        timeout_s: float,
        more_headers: Mapping[str, str] | None = None,
        *,
        most_bytes: int = CONTROL_BYTES,
    ) -> tuple[bytes, Mapping[str, str]]:
        headers = {**self._headers, **more_headers} if more_headers else self._headers
        async with self._transport.request(
            method, path, headers=headers, body=body, timeout_s=timeout_s
        ) as response:
            if not _is_success(response):
                self._refuse(response, await refusal_of(response))
            return await response.read(most_bytes), response.headers

    def _refuse(self, response: Response, raw: bytes) -> NoReturn:
        """Raise the error that the status and the body stand for; faults.py says which."""
        status, headers = response.status, response.headers
        kind, text, words, own = messages.error_said(raw)
        error = refusal(status, kind, words, own=own)
        if not own:
            kind = _KINDS_OF_PAGES.get(status, kind)
            kind = "gateway_timeout" if error is GatewayTimeoutError else kind
            text = text or "nothing further"
        said = _Said(
            provider=self.name,
            status=status,
            kind=kind,
            request_id=identifier(headers.get("request-id")),
        )
        message = f"{self.name} answered {status} {kind}: {text}"
        if issubclass(error, EndpointError):
            raise error(self._wrong_address(status, headers, text), **said)
        if issubclass(error, TransientError):
            pause_s = retry_after_s(headers, time.time())
            raise error(message, retry_after_s=pause_s, **said)
        raise error(message, **said)

    def _wrong_address(self, status: int, headers: Mapping[str, str], text: str) -> str:
        """Say what is wrong with the address, and what to do."""
        if status // 100 == 3:  # noqa: PLR2004  # HTTP's redirects
            location = clean(headers.get("location"))[: messages.SNIPPET_CHARS] or "nowhere"
            return (
                f"{self.base_url} redirects ({status}) to {location}; set the base URL to where "
                "the API is, nothing is followed"
            )
        if status in (407, 511):
            return f"a proxy on the way to {self.base_url} asks who you are ({status}): {text}"
        return (
            f"{self.base_url} has no Messages API there ({status}): {text}; check the base URL, "
            "which is given without /v1"
        )

    def _no_answer(
        self, said: messages.Said | None, raw: bytes, headers: Mapping[str, str]
    ) -> ProviderError:
        """Return what came with success and is no answer: an error of the API, or not from it."""
        if said is not None:
            error = refusal(NO_STATUS, said.kind, said.words)
            message = f"{self.name} answered 200 {said.kind}: {said.message}"
            return error(message, provider=self.name, status=200, kind=said.kind)
        kind = name(headers.get("content-type", "").partition(";")[0].strip()) or "no type"
        message = (
            f"what answers at {self.base_url} is not the API ({kind}): "
            f"{messages.shown(raw) or 'an empty page'}; check the base URL, the proxy and the "
            "network's login page"
        )
        return NotTheProviderError(message, provider=self.name, status=200, kind="not_the_provider")

    def _object(self, raw: bytes) -> dict[str, Any]:
        try:
            value, _ = parse(raw)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise self._no_answer(None, raw, {})
        return value

    def _batch(self, value: Mapping[str, Any]) -> BatchInfo:
        """Read a batch. Raises InvalidReplyError, which names an id that is none.

        Whatever else cannot be read is as if it were not there: a batch is told by its id.
        """
        batch_id = identifier(value.get("id")) if isinstance(value, dict) else None
        if batch_id is None:
            given = (
                repr(value.get("id"))[:_SHOWN_ID_CHARS] if isinstance(value, dict) else "nothing"
            )
            message = f"{self.name} gave a batch an invalid id: {given}"
            raise InvalidReplyError(message, provider=self.name)
        return BatchInfo(
            id=batch_id,
            status=clean(value.get("processing_status")),
            counts=_counts(value.get("request_counts")),
            created_at=moment(value.get("created_at")),
            expires_at=moment(value.get("expires_at")),
            ended_at=moment(value.get("ended_at")),
        )


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a token, nothing if there is none."""
    return {"authorization": f"Bearer {token}"} if token else {}


def _beta_header(betas: Sequence[str]) -> Mapping[str, str]:
    """Return the header of the betas; https://platform.claude.com/docs/en/api/beta-headers."""
    return {"anthropic-beta": ",".join(betas)} if betas else {}


def _is_success(response: Response) -> bool:
    return 200 <= response.status < 300  # noqa: PLR2004  # HTTP's successes


def _path(batch_id: str, more: str = "") -> str:
    """Return the path of a batch. Raises RejectedError for what is no id: there is no such batch.

    A ledger that came from elsewhere may hold anything.
    """
    if identifier(batch_id) is None:
        message = f"{batch_id[:_SHOWN_ID_CHARS]!r} is not a batch id"
        raise RejectedError(message, status=404, kind="not_found_error")
    return f"{_BATCHES}/{quote(batch_id, safe='')}{more}"


def _rates(headers: Mapping[str, str]) -> RateHeaders | None:
    """Return the limits a minute that an answer names, None if it names none."""
    if "anthropic-ratelimit-requests-limit" not in headers:
        return None
    return RateHeaders(
        _headroom(headers, "requests"),
        _headroom(headers, "input-tokens"),
        _headroom(headers, "output-tokens"),
    )


def _headroom(headers: Mapping[str, str], what: str) -> Headroom | None:
    limit, left = (
        whole(headers.get(f"anthropic-ratelimit-{what}-{part}"), most=MAX_A_MINUTE)
        for part in ("limit", "remaining")
    )
    return Headroom(limit, min(left, limit)) if limit and left is not None else None


def _counts(value: object) -> RequestCounts:
    """Return a batch's counts; none at all where one of them is no number, as none is sure then."""
    if not isinstance(value, dict):
        return RequestCounts()
    said = (whole(value.get(part) or 0, most=MAX_TOKENS) for part in _COUNTS)
    counts = [count for count in said if count is not None]
    return RequestCounts(*counts) if len(counts) == len(_COUNTS) else RequestCounts()
