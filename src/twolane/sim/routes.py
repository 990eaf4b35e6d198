"""The endpoints, and the largest body that each accepts."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from twolane.sim.answers import Call

_BATCHES: Final = "/v1/messages/batches"
# https://platform.claude.com/docs/en/api/errors: the request size limits
_MAX_MESSAGE_BYTES: Final = 32 * 1024 * 1024
_MAX_BATCH_BYTES: Final = 256 * 1024 * 1024


class Endpoint(StrEnum):
    """The provider's endpoints; anything else is not found."""

    MESSAGES = "POST /v1/messages"
    COUNT_TOKENS = "POST /v1/messages/count_tokens"
    CREATE = "POST /v1/messages/batches"
    LIST = "GET /v1/messages/batches"
    RETRIEVE = "GET /v1/messages/batches/{id}"
    DELETE = "DELETE /v1/messages/batches/{id}"
    CANCEL = "POST /v1/messages/batches/{id}/cancel"
    RESULTS = "GET /v1/messages/batches/{id}/results"


_ENDPOINTS: Final = {str(one): one for one in Endpoint}


def route(call: Call) -> tuple[Endpoint | None, str]:
    """Return a call's endpoint, None if there is none, and the batch it names."""
    path, batch_id = call.path, ""
    if path.startswith(f"{_BATCHES}/"):
        batch_id, slash, action = path.removeprefix(f"{_BATCHES}/").partition("/")
        path = f"{_BATCHES}/{{id}}{slash}{action}"
    return _ENDPOINTS.get(f"{call.method} {path}"), batch_id


def body_limit_bytes(path: str) -> int:
    """Return the largest body a path accepts, in bytes; a larger one is answered 413."""
    return _MAX_BATCH_BYTES if path.startswith(_BATCHES) else _MAX_MESSAGE_BYTES
