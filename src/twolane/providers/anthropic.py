"""Anthropic: Messages in real time and Message Batches, over one transport.

Endpoints, limits, error shapes and result lines follow the API's documentation, version
2026-10-21: https://platform.claude.com/docs/en/api/messages and
https://platform.claude.com/docs/en/build-with-claude/batch-processing
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn, TypedDict, assert_never

import orjson

from twolane.core.types import (
    BatchInfo,
    Canceled,
    Errored,
    Expired,
    Headroom,
    Limits,
    Missing,
    Outcome,
    Quarantined,
    RateHeaders,
    Reply,
    RequestCounts,
    Succeeded,
    Usage,
)
from twolane.errors import (
    AuthenticationError,
    CreditError,
    InvalidReplyError,
    OverloadedError,
    RateLimitedError,
    RejectedError,
    SpendCapError,
    TransientError,
)
from twolane.providers.base import BatchPage, ResultLine, Served, Traits

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
COUNTED_PARAMS = (
    "model", "messages", "system", "tools", "tool_choice", "thinking", "output_config",
    "cache_control", "speed",
)  # fmt: skip
_BATCHES = "/v1/messages/batches"
_SNIPPET_CHARS = 200


class _Said(TypedDict):
    provider: str
    status: int
    kind: str
    request_id: str | None


class AnthropicProvider:
    """Both lanes of Anthropic's API; every method makes one exchange and retries nothing."""

    limits = LIMITS
    traits = Traits()

    def __init__(
        self,
        transport: Transport,
        *,
        api_key: str = "",
        auth_token: str = "",
        base_url: str,
        name: str = "anthropic",
        ephemeral: bool = False,
    ) -> None:
        """Speak through `transport`; `base_url` only names the service.

        The request bears `api_key`, or where there is none `auth_token` as a bearer's: the order
        in which the official SDK takes them from the environment (anthropic 2.12).
        """
        self.name = name
        self.base_url = base_url
        self.ephemeral = ephemeral
        secret = (api_key or auth_token).encode()
        self.key_fingerprint = hashlib.blake2b(secret, digest_size=8).hexdigest()
        self._transport = transport
        credential = {"x-api-key": api_key} if api_key else bearer(auth_token)
        self._headers = {
            **credential,
            "anthropic-version": API_VERSION,
            "content-type": "application/json",
        }

    async def connect(self, model: str | None = None, base_url: str = "") -> Served | None:  # noqa: ARG002  # the protocol's
        """Return None: the service is known beforehand."""
        return None

    def check(self, params: Mapping[str, Any]) -> None:
        """Take everything: `params` is the provider's own form."""

    async def send(self, body: bytes, *, betas: Sequence[str] = ()) -> Reply:
        """Answer one request in real time. Raises ProviderError."""
        raw, headers = await self._exchange(
            "POST", "/v1/messages", body, REALTIME_TIMEOUT_S, _beta_header(betas)
        )
        message = self._object(raw)
        return self._reply(message, raw, headers.get("request-id"), _rates(headers))

    async def count_tokens(self, body: bytes) -> int:
        """Count the input tokens of a request. Raises ProviderError."""
        params = orjson.loads(body)
        # The endpoint takes the members that make up the prompt and refuses the others.
        prompt = {key: params[key] for key in COUNTED_PARAMS if key in params}
        raw, _ = await self._exchange(
            "POST", "/v1/messages/count_tokens", orjson.dumps(prompt), CONTROL_TIMEOUT_S
        )
        return int(self._object(raw)["input_tokens"])

    async def create_batch(
        self, body: AsyncIterable[bytes], size_bytes: int, *, betas: Sequence[str] = ()
    ) -> BatchInfo:
        """Post a batch, once. Raises ProviderError."""
        more = {"content-length": str(size_bytes), **_beta_header(betas)}
        raw, _ = await self._exchange("POST", _BATCHES, body, UPLOAD_TIMEOUT_S, more)
        return self._batch(self._object(raw))

    async def retrieve_batch(self, batch_id: str) -> BatchInfo:
        """Return how a batch stands. Raises ProviderError, RejectedError with 404 if unknown."""
        raw, _ = await self._exchange("GET", f"{_BATCHES}/{batch_id}", None, CONTROL_TIMEOUT_S)
        return self._batch(self._object(raw))

    async def list_batches(self, *, after_id: str | None, limit: int) -> BatchPage:
        """Return one page of the list, newest first. Raises ProviderError."""
        behind = f"&after_id={after_id}" if after_id else ""
        raw, _ = await self._exchange(
            "GET", f"{_BATCHES}?limit={limit}{behind}", None, CONTROL_TIMEOUT_S
        )
        page = self._object(raw)
        return BatchPage(
            tuple(self._batch(one) for one in page["data"]),
            has_more=bool(page["has_more"]),
            last_id=page.get("last_id"),
        )

    async def cancel_batch(self, batch_id: str) -> BatchInfo:
        """Ask for an early end. Raises ProviderError."""
        raw, _ = await self._exchange(
            "POST", f"{_BATCHES}/{batch_id}/cancel", b"", CONTROL_TIMEOUT_S
        )
        return self._batch(self._object(raw))

    async def fetch_results(self, batch_id: str, out: BinaryIO) -> None:
        """Stream the results into `out`. Raises ProviderError, also where the stream breaks.

        The URL is built from the configured base: `results_url` could name another host, and
        following it would hand that host the key.
        """
        async with self._transport.request(
            "GET", f"{_BATCHES}/{batch_id}/results", headers=self._headers, timeout_s=None
        ) as response:
            if response.status != 200:  # noqa: PLR2004  # HTTP's OK
                self._refuse(response, await response.read())
            async for chunk in response.chunks():
                out.write(chunk)

    def batch_frame(self) -> tuple[bytes, bytes, bytes]:
        """Return what stands before, between and after the lines of a create."""
        return b'{"requests":[', b",", b"]}"

    def batch_line(self, custom_id: str, body: bytes) -> bytes:
        """Return one request of a create; `custom_id` needs no escaping by its alphabet."""
        return b'{"custom_id":"%b","params":%b}' % (custom_id.encode(), body)

    def read_line(self, line: bytes) -> ResultLine:
        """Read one line of results. Raises InvalidReplyError where it cannot be read."""
        value = self._object(line)
        try:
            custom_id, result = value["custom_id"], value["result"]
            outcome = self._outcome(result)
        except (KeyError, TypeError, AttributeError) as error:
            message = f"a result line cannot be read: {line[:_SNIPPET_CHARS]!r}"
            raise InvalidReplyError(message, provider=self.name) from error
        return ResultLine(str(custom_id), outcome)

    def result_text(self, body: bytes) -> str:
        """Return the text of a result that `result_body` wrote, '' where it has none."""
        outcome = self._outcome(self._object(body))
        return outcome.reply.text if isinstance(outcome, Succeeded) else ""

    def result_body(self, outcome: Outcome) -> bytes:
        """Return an outcome of the real-time lane in the batch-result shape."""
        match outcome:
            case Succeeded(reply):
                return b'{"type":"succeeded","message":%b}' % reply.message.strip()
            case Errored(kind, message):
                return _errored(kind, message)
            case Quarantined(message):
                return _errored("quarantined", message)
            case Missing():
                return _errored("missing", "the provider gave no result for this request")
            case Expired():
                return b'{"type":"expired"}'
            case Canceled():
                return b'{"type":"canceled"}'
            case _:
                assert_never(outcome)

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
    ) -> tuple[bytes, Mapping[str, str]]:
        headers = {**self._headers, **more_headers} if more_headers else self._headers
        async with self._transport.request(
            method, path, headers=headers, body=body, timeout_s=timeout_s
        ) as response:
            raw = await response.read()
            if response.status != 200:  # noqa: PLR2004  # HTTP's OK
                self._refuse(response, raw)
            return raw, response.headers

    def _refuse(self, response: Response, raw: bytes) -> NoReturn:
        """Raise the error that the status and the body stand for."""
        status, headers = response.status, response.headers
        kind, text, spend_cap = _error_fields(raw)
        said = _Said(
            provider=self.name, status=status, kind=kind, request_id=headers.get("request-id")
        )
        message = f"{self.name} answered {status} {kind}: {text}"
        if spend_cap:
            raise SpendCapError(message, **said)
        if status == 402:  # noqa: PLR2004
            raise CreditError(message, **said)
        if status in (401, 403):
            raise AuthenticationError(message, **said)
        if status in (408, 429) or status >= 500:  # noqa: PLR2004
            pause_s = _retry_after_s(headers.get("retry-after"))
            transient = {429: RateLimitedError, 529: OverloadedError}.get(status, TransientError)
            raise transient(message, retry_after_s=pause_s, **said)
        raise RejectedError(message, **said)

    def _object(self, raw: bytes) -> dict[str, Any]:
        try:
            value = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            message = f"{self.name} answered something that is not JSON: {raw[:_SNIPPET_CHARS]!r}"
            raise InvalidReplyError(message, provider=self.name) from error
        if not isinstance(value, dict):
            message = f"{self.name} answered no JSON object: {raw[:_SNIPPET_CHARS]!r}"
            raise InvalidReplyError(message, provider=self.name)
        return value

    def _reply(
        self,
        message: Mapping[str, Any],
        raw: bytes,
        request_id: str | None,
        rates: RateHeaders | None = None,
    ) -> Reply:
        try:
            usage = message["usage"]
            written = usage.get("cache_creation") or {}
            written_1h = written.get("ephemeral_1h_input_tokens") or 0
            return Reply(
                message=raw,
                text=_text(message["content"]),
                usage=Usage(
                    usage["input_tokens"],
                    usage["output_tokens"],
                    (usage.get("cache_creation_input_tokens") or 0) - written_1h,
                    written_1h,
                    usage.get("cache_read_input_tokens") or 0,
                ),
                stop_reason=message.get("stop_reason"),
                model=message.get("model", ""),
                request_id=request_id,
                rates=rates,
            )
        except (KeyError, TypeError, AttributeError) as error:
            text = f"{self.name} answered a message that cannot be read: {raw[:_SNIPPET_CHARS]!r}"
            raise InvalidReplyError(text, provider=self.name) from error

    def _outcome(self, result: Mapping[str, Any]) -> Outcome:
        match result["type"]:
            case "succeeded":
                message = result["message"]
                return Succeeded(self._reply(message, orjson.dumps(message), None))
            case "errored":
                envelope = result["error"]
                error = envelope.get("error", envelope)
                return Errored(
                    error["type"], error.get("message", ""), request_id=envelope.get("request_id")
                )
            case "canceled":
                return Canceled()
            case "expired":
                return Expired()
            case other:
                return Errored("unknown_result", f"the provider's result is of type {other!r}")

    def _batch(self, value: Mapping[str, Any]) -> BatchInfo:
        try:
            counts = value["request_counts"]
            return BatchInfo(
                id=value["id"],
                status=value["processing_status"],
                counts=RequestCounts(
                    counts["processing"],
                    counts["succeeded"],
                    counts["errored"],
                    counts["canceled"],
                    counts["expired"],
                ),
                created_at=_seconds(value["created_at"]),
                expires_at=_seconds(value["expires_at"]),
                ended_at=_seconds(value["ended_at"]) if value.get("ended_at") else None,
            )
        except (KeyError, TypeError, ValueError) as error:
            message = f"{self.name} described a batch in a way that cannot be read"
            raise InvalidReplyError(message, provider=self.name) from error


def bearer(token: str) -> dict[str, str]:
    """Return the header that a token goes out in, nothing where there is none."""
    return {"authorization": f"Bearer {token}"} if token else {}


def _beta_header(betas: Sequence[str]) -> Mapping[str, str]:
    """Return the header of the betas; https://platform.claude.com/docs/en/api/beta-headers."""
    return {"anthropic-beta": ",".join(betas)} if betas else {}


def _text(content: Sequence[Mapping[str, Any]]) -> str:
    # Nearly every reply is a single block of text.
    if len(content) == 1 and content[0]["type"] == "text":
        return str(content[0]["text"])
    return "".join(block["text"] for block in content if block["type"] == "text")


def _error_fields(raw: bytes) -> tuple[str, str, bool]:
    """Return (type, message, is it a spend cap) of an error body, whatever it is."""
    try:
        value = orjson.loads(raw)
        error = value["error"]
        kind, text = str(error["type"]), str(error["message"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        # A proxy or a load balancer answers in HTML; its first words are what there is.
        return "api_error", raw[:_SNIPPET_CHARS].decode("utf-8", "replace"), False
    return kind, text, b"enforced_spend_limit_reached" in raw


def _errored(kind: str, message: str) -> bytes:
    error = {"type": "error", "error": {"type": kind, "message": message}}
    return orjson.dumps({"type": "errored", "error": error})


def _rates(headers: Mapping[str, str]) -> RateHeaders | None:
    """Return the limits a minute that an answer names, None where it names none."""
    if "anthropic-ratelimit-requests-limit" not in headers:
        return None
    return RateHeaders(
        _headroom(headers, "requests"),
        _headroom(headers, "input-tokens"),
        _headroom(headers, "output-tokens"),
    )


def _headroom(headers: Mapping[str, str], what: str) -> Headroom | None:
    try:
        limit = int(headers[f"anthropic-ratelimit-{what}-limit"])
        return Headroom(limit, int(headers[f"anthropic-ratelimit-{what}-remaining"]))
    except (KeyError, ValueError):
        return None


def _retry_after_s(value: str | None) -> float | None:
    try:
        return max(0.0, float(value)) if value else None
    except ValueError:
        return None


def _seconds(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).astimezone(UTC).timestamp()
