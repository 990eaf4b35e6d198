"""A call to the simulator and its answer, as passed between the model and its two fronts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Drop(StrEnum):
    """How a connection ends without an answer."""

    REFUSED = "refused"
    """The connection failed: the request was never sent."""

    BEFORE = "before"
    """The request was sent, but not accepted."""

    AFTER = "after"
    """The request was accepted; its answer is lost."""


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request: `headers` with names in lower case, `query` with its last values.

    `base_url` is the base of `results_url`.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    base_url: str = "http://simulator.invalid"


@dataclass(slots=True)
class Answer:
    """One HTTP response; `delay_s` is its latency in simulated seconds.

    A body of several pieces is generated while it is read; `cut` breaks the connection after the
    last piece. With `drop` nothing arrives.
    """

    status: int
    body: bytes | Iterator[bytes]
    headers: dict[str, str]
    delay_s: float = 0.0
    drop: Drop | None = None
    cut: bool = False


class Refusal(Exception):  # noqa: N818  # an expected ending of a call, not a fault of ours
    """The call ends with an error of the API: an HTTP status, a type, a message."""

    def __init__(
        self,
        status: int,
        kind: str,
        message: str,
        *,
        details: Mapping[str, Any] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        """Keep the answer's content; `details` is the machine-readable part of the error."""
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message
        self.details = details
        self.retry_after_s = retry_after_s


def invalid(message: str) -> Refusal:
    """Return the refusal of an invalid request."""
    return Refusal(400, "invalid_request_error", message)


def not_found(message: str) -> Refusal:
    """Return the refusal of something that does not exist."""
    return Refusal(404, "not_found_error", message)


def error_body(
    kind: str, message: str, request_id: str, details: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return an error in the API's shape."""
    error: dict[str, Any] = {"type": kind, "message": message}
    if details:
        error["details"] = dict(details)
    return {"type": "error", "error": error, "request_id": request_id}


def json_answer(status: int, value: object) -> Answer:
    """Return `value` as a JSON answer."""
    return Answer(status, orjson.dumps(value), {"content-type": "application/json"})


@lru_cache(maxsize=1_024)
def rfc3339(time_s: float) -> str:
    """Return a time in the API's notation, such as `2026-11-22T10:00:00.250000Z`.

    A batch is shown repeatedly with the times of its creation, so most results are cached.
    """
    moment = datetime.fromtimestamp(time_s, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
