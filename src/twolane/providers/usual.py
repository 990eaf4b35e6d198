"""What most providers have in common, for custom ones as well.

Answers of all providers are stored in one format, that of Anthropic's Messages and batches, so that
readers of a ledger need not know the provider.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from twolane.core.tokens import estimate_input_tokens
from twolane.core.types import Reply, Succeeded
from twolane.errors import InvalidReplyError
from twolane.providers import messages
from twolane.providers.base import Traits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twolane.core.types import Outcome, Usage
    from twolane.providers.base import ResultLine, Served


class ProviderBase:
    """The part of `Provider` that rarely differs; a subclass adds the exchanges.

    It needs no discovery, accepts every request, estimates tokens by size, writes a batch as lines
    of JSON (`{"custom_id", "params"}`) and reads results as `result_line` writes them.
    """

    name = ""
    traits = Traits()
    key_fingerprint = ""
    ephemeral = False

    async def connect(self, model: str | None = None, base_url: str = "") -> Served | None:  # noqa: ARG002  # the protocol's
        """Return None: the service needs no discovery."""
        return None

    def check(self, params: Mapping[str, Any]) -> None:
        """Accept every request."""

    async def count_tokens(self, body: bytes) -> int:
        """Estimate the input tokens of a request from its size."""
        return estimate_input_tokens(body)

    def batch_frame(self) -> tuple[bytes, bytes, bytes]:
        """Return the bytes before, between and after the lines of a create."""
        return b"", b"\n", b"\n"

    def batch_line(self, custom_id: str, body: bytes) -> bytes:
        """Return one request of a create; the alphabet of `custom_id` needs no escaping."""
        return b'{"custom_id":"%b","params":%b}' % (custom_id.encode(), body)

    def read_line(self, line: bytes) -> ResultLine:
        """Read one line of results. Raises InvalidReplyError if it is not one."""
        found = messages.read_line(line)
        if found is None:
            message = f"a line of results cannot be read: {line[: messages.SNIPPET_CHARS]!r}"
            raise InvalidReplyError(message, provider=self.name)
        return found

    def result_text(self, body: bytes) -> str:
        """Return the text of a result that `result_body` wrote, '' if it has none."""
        outcome = messages.read_result(body)
        return outcome.reply.text if isinstance(outcome, Succeeded) else ""

    def result_body(self, outcome: Outcome) -> bytes:
        """Return a real-time outcome in the batch-result shape."""
        return messages.result_body(outcome)

    async def aclose(self) -> None:
        """Do nothing: nothing is held open."""


def text_reply(text: str, *, usage: Usage, model: str = "", stop_reason: str = "end_turn") -> Reply:
    """Return a plain text answer in the engine's format.

    `usage` is what is billed; counts that are all zero count as unknown in a batch's results.
    `stop_reason` is Anthropic's term for how the answer ended: `max_tokens` if it was cut off,
    `refusal` if it was declined.
    """
    message = {
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": text}],
        "stop_reason": stop_reason,
        "usage": {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cache_creation": {
                "ephemeral_5m_input_tokens": usage.cache_write_5m_tokens,
                "ephemeral_1h_input_tokens": usage.cache_write_1h_tokens,
            },
            "cache_read_input_tokens": usage.cache_read_tokens,
            "server_tool_use": {"web_search_requests": usage.web_searches},
        },
    }
    return Reply(orjson.dumps(message), text, usage, stop_reason, model)


def result_line(custom_id: str, outcome: Outcome) -> bytes:
    """Return a result line of a batch that `ProviderBase.read_line` can read."""
    return b'{"custom_id":"%b","result":%b}\n' % (custom_id.encode(), messages.result_body(outcome))
