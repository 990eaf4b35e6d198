"""What the servers of models on one's own machine mean by their refusals."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from twolane.errors import (
    EndpointError,
    NotTheProviderError,
    OverloadedError,
    ProviderError,
    RejectedError,
    RunRefusedError,
    TransientError,
)
from twolane.providers.chat import Endpoint, Manner, Schemas
from twolane.providers.local_faults import (
    ContextExceededError,
    NoEndpointError,
    NoModelError,
    fault,
    lesser,
)

CONTEXT = [
    (400, {"error": {"code": 400, "message": "request (9031 tokens) exceeds the available context size (4096 tokens), try increasing it", "type": "exceed_context_size_error", "n_ctx": 4096}}),
    (500, {"error": {"code": 500, "message": "Context size has been exceeded.", "type": "server_error"}}),
    (400, {"object": "error", "message": "This model's maximum context length is 6048 tokens. However, you requested 6616 tokens", "type": "BadRequestError", "code": 400}),
    (400, {"error": {"message": "This model's maximum context length is 4097 tokens.", "code": "context_length_exceeded"}}),
    (400, {"error": "Trying to keep the first 111490 tokens when context the overflows. However, the model is loaded with context length of only 32768 tokens"}),
    (400, {"error": "Reached context length of 4096 tokens with model (arch: x) that does not currently support mid-generation context overflow."}),
    (200, {"error": "n_keep: 9000 >= n_ctx: 4096"}),
    (500, "Requested tokens (2285) exceed context window of 2048"),
    (400, {"error": {"message": "prompt is too long", "type": "invalid_request_error"}}),
]  # fmt: skip
OTHERS: list[tuple[int, Any, type[ProviderError]]] = [
    (503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}, OverloadedError),
    (503, {"error": {"message": "server busy, please try again.  maximum pending requests exceeded"}}, OverloadedError),
    (500, {"error": "unexpected server status: llm busy - no slots available"}, OverloadedError),
    (500, {"error": "llm server loading model"}, OverloadedError),
    (429, "slow down", OverloadedError),
    (404, {"error": {"message": 'model "llama9" not found, try pulling it first'}}, NoModelError),
    (404, {"object": "error", "message": "The model `x` does not exist.", "code": 404}, NoModelError),
    (400, {"error": "No models loaded. Please load a model in the developer page"}, NoModelError),
    (404, {"error": {"code": 404, "message": "File Not Found", "type": "not_found_error"}}, NoEndpointError),
    (404, {"detail": "Not Found"}, NoEndpointError),
    (404, "404 page not found", NoEndpointError),
    (200, {"error": "Unexpected endpoint or method. (POST /v1/chat/completions)"}, NoEndpointError),
    (500, {"error": "model requires more system memory (5.6 GiB) than is available (3.1 GiB)"}, RunRefusedError),
    (500, {"error": {"message": "unable to load model: /blobs/sha256-1"}}, RunRefusedError),
    (401, {"error": "unauthorized"}, RunRefusedError),
    (500, {"error": {"message": "Jinja Exception: Conversation roles must alternate"}}, RejectedError),
    (500, {"error": "llama runner process has terminated: signal: killed"}, TransientError),
    (500, "Internal Server Error", TransientError),
    (400, {"error": {"message": "max_tokens must be at least 1"}}, RejectedError),
    (302, "", EndpointError),
    (200, "<html><title>Router</title></html>", NotTheProviderError),
]  # fmt: skip


def _fault(status: int, body: object) -> ProviderError:
    raw = body.encode() if isinstance(body, str) else orjson.dumps(body)
    return fault(status, raw, where="http://x")


@pytest.mark.parametrize(("status", "body"), CONTEXT)
def test_too_long_a_prompt_has_one_name(status: int, body: object) -> None:
    """Each server's own words for a full context are the same fault of the one request."""
    error = _fault(status, body)
    assert isinstance(error, ContextExceededError)
    assert error.kind == "context_exceeded"
    assert lesser(Manner(), error) is None


@pytest.mark.parametrize(("status", "body", "expected"), OTHERS)
def test_a_refusal_is_what_the_server_means_by_it(
    status: int, body: object, expected: type[ProviderError]
) -> None:
    """Load, a missing model, another form and a request's own fault are told apart."""
    error = _fault(status, body)
    assert type(error) is expected or isinstance(error, expected)
    assert not error.maybe_paid
    if expected is not RunRefusedError:
        assert not isinstance(error, RunRefusedError) or issubclass(expected, EndpointError)


@pytest.mark.parametrize(
    ("body", "less"),
    [
        ({"error": "'response_format.type' must be 'text'"}, Manner(schemas=Schemas.REFUSED)),
        ({"error": {"message": "JSON schema conversion failed"}}, Manner(schemas=Schemas.REFUSED)),
        ({"error": {"message": "System role not supported"}}, Manner(system=False)),
        ({"error": "Only user, assistant and tool roles are supported"}, Manner(system=False)),
        ({"error": "temperature has to be above 0"}, None),
    ],
)
def test_what_a_refusal_names_is_given_up(body: object, less: Manner | None) -> None:
    """A server is asked again without what its words name, and without nothing else."""
    error = _fault(400, body)
    assert isinstance(error, RejectedError)
    assert lesser(Manner(), error) == less


def test_a_server_without_chat_is_asked_in_the_other_form() -> None:
    """Where there are no chat completions, the Messages form is left, and after it nothing."""
    error = _fault(404, {"detail": "Not Found"})
    assert isinstance(error, NoEndpointError)
    less = lesser(Manner(), error)
    assert less == Manner(Endpoint.MESSAGES, Schemas.REFUSED)
    assert lesser(less, error) is None
