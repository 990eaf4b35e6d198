"""The engine's interface to a provider, in both lanes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn, Protocol

from twolane.core.bounds import REFUSAL_BYTES
from twolane.errors import ConfigError, ReplyTooLargeError

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Mapping, Sequence

    from twolane.core.transport import Response
    from twolane.core.types import BatchInfo, Limits, Outcome, Reply

SHOWN_MODELS: Final = 20


@dataclass(frozen=True, slots=True)
class BatchPage:
    """One page of a provider's list of batches, newest first.

    `unreadable` counts listed batches that cannot be read: each may be any batch.
    """

    batches: tuple[BatchInfo, ...]
    has_more: bool
    last_id: str | None
    unreadable: int = 0


class Sink(Protocol):
    """Receives the bytes of results. Raises ReplyTooLargeError if there are too many."""

    def write(self, data: bytes, /) -> object:
        """Write the next bytes."""


class ResultLine(NamedTuple):
    """One line of a batch's results."""

    custom_id: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Traits:
    """A provider's properties that decide lane, price or pace.

    `free` says that nothing costs money, `no_batches` why there is no batch lane ('' if there is
    one), `first_calls` the initial number of concurrent calls (None for the engine's default),
    `full_is_load` that an overload refusal is never one request's own fault.
    """

    free: bool = False
    no_batches: str = ""
    first_calls: int | None = None
    full_is_load: bool = False


@dataclass(frozen=True, slots=True)
class Served:
    """A server's description of itself and of one of its models.

    `model` is '' if several are listed and none was named; `context_tokens` is the limit of prompt
    and reply together, None if the server does not say; `goes_to` names where requests go besides
    this machine, '' for nowhere.
    """

    server: str
    base_url: str
    model: str
    models: tuple[str, ...]
    context_tokens: int | None
    goes_to: str = ""

    @property
    def words(self) -> str:
        """The description for people: the server, its address, model and context."""
        parts = [f"{self.server or 'a server'} at {self.base_url}"]
        if self.model:
            parts.append(f"model {self.model}")
        if self.context_tokens is not None:
            parts.append(f"context {self.context_tokens:,} tokens")
        price = "counted as free" if self.goes_to else "free of charge"
        where = f"it goes to {self.goes_to}" if self.goes_to else "nothing leaves this machine"
        return f"{', '.join(parts)}; {price}, real time alone; {where}"

    def the_model(self) -> str:
        """Return the model that was named, or the only one. Raises ConfigError listing them."""
        if self.model:
            return self.model
        if not self.models:
            message = f"the server at {self.base_url} lists no models; name one with --model"
            raise ConfigError(message)
        message = (
            f"the server at {self.base_url} has {len(self.models):,} models; name one with "
            f"--model: {listed(self.models)}"
        )
        raise ConfigError(message)


def listed(models: Sequence[str]) -> str:
    """Return the names of models for a message: the first of many."""
    more = len(models) - SHOWN_MODELS
    names = ", ".join(models[:SHOWN_MODELS])
    return f"{names} and {more:,} more" if more > 0 else names


async def refusal_of(response: Response) -> bytes:
    """Return the body of a refusal, or its beginning. Raises ConnectionFailedError."""
    try:
        return await response.read(REFUSAL_BYTES)
    except ReplyTooLargeError as error:
        return error.beginning


class Provider(Protocol):
    """A service that answers requests one by one and in batches.

    Every coroutine makes exactly one exchange and raises ProviderError; nothing is retried here.
    `ephemeral` says that batches end with this process (the embedded simulator).
    """

    name: str
    traits: Traits
    base_url: str
    key_fingerprint: str
    limits: Limits
    ephemeral: bool

    async def connect(self, model: str | None = None, base_url: str = "") -> Served | None:
        """Find the server, and `model` on it; None for a service that needs no discovery.

        Sends no request of a run. `base_url` is the server that the run was started with, '' for a
        new run; a URL in the settings takes precedence. Raises ConfigError saying what to do.
        """

    def check(self, params: Mapping[str, Any]) -> None:
        """Check that the provider accepts a request. Raises InputError naming what it refuses."""

    async def send(self, body: bytes, *, most_bytes: int, betas: Sequence[str] = ()) -> Reply:
        """Answer one request in real time, with the given `betas` enabled.

        Raises ReplyTooLargeError if the answer is larger than `most_bytes`.
        """

    async def count_tokens(self, body: bytes) -> int:
        """Count the input tokens of a request; free of charge."""

    async def create_batch(
        self, body: AsyncIterable[bytes], size_bytes: int, *, betas: Sequence[str] = ()
    ) -> BatchInfo:
        """Post a batch whose lines `batch_line` made, joined by `batch_frame`."""

    async def retrieve_batch(self, batch_id: str) -> BatchInfo:
        """Return a batch's status."""

    async def list_batches(self, *, after_id: str | None, limit: int) -> BatchPage:
        """Return a page of batches, newest first, after `after_id`."""

    async def cancel_batch(self, batch_id: str) -> BatchInfo:
        """Ask for an early end."""

    async def fetch_results(self, batch_id: str, out: Sink) -> None:
        """Stream the results of an ended batch into `out`."""

    def batch_frame(self) -> tuple[bytes, bytes, bytes]:
        """Return the bytes before, between and after the lines of a create."""

    def batch_line(self, custom_id: str, body: bytes) -> bytes:
        """Return one request of a create."""

    def read_line(self, line: bytes) -> ResultLine:
        """Read one line of results. Raises InvalidReplyError if it cannot be read."""

    def result_text(self, body: bytes) -> str:
        """Return the text of a result that `result_body` wrote, '' if it has none."""

    def result_body(self, outcome: Outcome) -> bytes:
        """Return a real-time outcome in the batch-result shape."""

    async def aclose(self) -> None:
        """Release open resources."""


class NoBatches:
    """The batch lane of a provider that has none; `traits.no_batches` says why."""

    traits: Traits

    async def _refuse(self, *_args: object, **_kwargs: object) -> NoReturn:
        raise ConfigError(self.traits.no_batches)

    def _refuse_line(self, *_args: object) -> NoReturn:
        raise ConfigError(self.traits.no_batches)

    create_batch = retrieve_batch = list_batches = cancel_batch = fetch_results = _refuse
    batch_frame = batch_line = read_line = _refuse_line
