"""The official SDK, an independent client, drives the simulator over HTTP.

The clock is moved by hand, so nothing waits; streaming is off.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import anthropic
import pytest

from tests.virtual_time import VirtualClock
from twolane.sim import Faults, Pace, SimServer, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anthropic.types.messages.batch_create_params import Request

pytestmark = pytest.mark.loopback

MODEL = "claude-haiku-4-5"
PACE = Pace(batch_s=(100.0, 100.0), request_s=(0.0, 0.0), control_s=0.0)
HELLO: list[Any] = [{"role": "user", "content": "note_ref: abc\nHello, how are you?"}]
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"note_ref": {"type": "string"}},
    "required": ["note_ref"],
}


class Service:
    """A simulator with its server in a thread, and the clock it runs on."""

    def __init__(self) -> None:
        """Start serving."""
        self.clock = VirtualClock()
        self.sim = Simulator(now=self.clock.now, pace=PACE)
        self._server = SimServer(self.sim)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        starting = asyncio.run_coroutine_threadsafe(self._server.start(), self._loop)
        self.url = starting.result(10)

    def client(self, api_key: str = "sk-one") -> anthropic.Anthropic:
        """Return a client that retries nothing."""
        return anthropic.Anthropic(api_key=api_key, base_url=self.url, max_retries=0)

    def stop(self) -> None:
        """Stop serving."""
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@pytest.fixture
def service() -> Iterator[Service]:
    """A service of this test's own."""
    running = Service()
    yield running
    running.stop()


@pytest.fixture
def client(service: Service) -> Iterator[anthropic.Anthropic]:
    """The SDK's client of the service."""
    with service.client() as one:
        yield one


def _requests(count: int) -> list[Request]:
    return [
        {
            "custom_id": f"file_{index:05d}_note-abcd",
            "params": {
                "model": MODEL,
                "max_tokens": 64,
                "messages": [{"role": "user", "content": f"Note number {index}"}],
            },
        }
        for index in range(count)
    ]


def test_a_message_is_answered(client: anthropic.Anthropic) -> None:
    """messages.create returns a Message with text, usage and a request id."""
    message = client.messages.create(model=MODEL, max_tokens=64, messages=HELLO)
    block = message.content[0]
    assert block.type == "text"
    assert block.text == "Hello, how are you?"
    assert (message.role, message.stop_reason, message.model) == ("assistant", "end_turn", MODEL)
    assert message.usage.service_tier == "standard"
    assert message.usage.input_tokens > 0
    assert message._request_id is not None  # noqa: SLF001  # the SDK's documented name for it


def test_a_structured_message_is_answered(client: anthropic.Anthropic) -> None:
    """A reply to a json_schema request is JSON that fits it."""
    message = client.messages.create(
        model=MODEL,
        max_tokens=64,
        messages=HELLO,
        output_config={"format": {"type": "json_schema", "schema": SCHEMA}},
    )
    block = message.content[0]
    assert block.type == "text"
    assert block.text == '{"note_ref":"abc"}'


def test_a_message_can_be_streamed(client: anthropic.Anthropic) -> None:
    """The SDK's stream helper assembles the same message from the events."""
    whole = client.messages.create(model=MODEL, max_tokens=64, messages=HELLO)
    with client.messages.stream(model=MODEL, max_tokens=64, messages=HELLO) as stream:
        streamed = stream.get_final_message()
    assert streamed.content[0].model_dump()["text"] == whole.content[0].model_dump()["text"]
    assert streamed.stop_reason == whole.stop_reason
    assert streamed.usage.output_tokens == whole.usage.output_tokens


def test_tokens_are_counted(client: anthropic.Anthropic) -> None:
    """count_tokens agrees with the usage of the message."""
    counted = client.messages.count_tokens(model=MODEL, messages=HELLO)
    message = client.messages.create(model=MODEL, max_tokens=64, messages=HELLO)
    assert counted.input_tokens == message.usage.input_tokens


def test_a_batch_runs_from_create_to_delete(service: Service, client: anthropic.Anthropic) -> None:
    """Create, poll, read the results and delete, all through the SDK's types."""
    batches = client.messages.batches
    made = batches.create(requests=_requests(7))
    assert (made.processing_status, made.request_counts.processing) == ("in_progress", 7)
    assert (made.expires_at - made.created_at).total_seconds() == 86_400
    with pytest.raises(anthropic.AnthropicError, match="results_url"):
        batches.results(made.id)
    with pytest.raises(anthropic.BadRequestError):
        batches.delete(made.id)
    service.clock.advance(101)
    ended = batches.retrieve(made.id)
    assert (ended.processing_status, ended.request_counts.succeeded) == ("ended", 7)
    texts = {}
    for line in batches.results(made.id):
        assert line.result.type == "succeeded"
        texts[line.custom_id] = line.result.message.content[0].model_dump()["text"]
        assert line.result.message.usage.service_tier == "batch"
    assert texts == {f"file_{n:05d}_note-abcd": f"Note number {n}" for n in range(7)}
    assert batches.delete(made.id).id == made.id
    with pytest.raises(anthropic.NotFoundError):
        batches.retrieve(made.id)


def test_the_list_pages_by_itself(service: Service, client: anthropic.Anthropic) -> None:
    """Iterating the list walks 45 batches over pages of 20, newest first."""
    made = []
    for _ in range(45):
        made.append(client.messages.batches.create(requests=_requests(1)).id)
        service.clock.advance(1)
    page = client.messages.batches.list(limit=20)
    assert (len(page.data), page.has_more) == (20, True)
    assert [one.id for one in page] == made[::-1]
    assert service.sim.calls["GET /v1/messages/batches"] == 3
    newer = client.messages.batches.list(limit=20, before_id=made[0])
    assert [one.id for one in newer.data] == made[20:0:-1]
    assert sorted(one.id for one in newer) == sorted(made[1:])


def test_a_cancel_gives_partial_results(service: Service, client: anthropic.Anthropic) -> None:
    """A canceled batch is canceling, then ended with succeeded and canceled results."""
    batches = client.messages.batches
    made = batches.create(requests=_requests(60))
    service.clock.advance(50)
    canceled = batches.cancel(made.id)
    assert canceled.cancel_initiated_at is not None
    service.clock.advance(5)
    ended = batches.retrieve(made.id)
    types = [line.result.type for line in batches.results(made.id)]
    assert types.count("succeeded") == ended.request_counts.succeeded > 0
    assert types.count("canceled") == ended.request_counts.canceled > 0
    assert len(types) == 60


def test_an_invalid_item_is_errored(service: Service, client: anthropic.Anthropic) -> None:
    """The SDK reads an errored result with its error object."""
    bad: Any = {"custom_id": "bad", "params": {"model": MODEL, "messages": HELLO}}
    made = client.messages.batches.create(requests=[bad])
    service.clock.advance(101)
    (line,) = client.messages.batches.results(made.id)
    assert line.result.type == "errored"
    assert line.result.error.error.type == "invalid_request_error"
    assert "max_tokens" in line.result.error.error.message


@pytest.mark.parametrize(
    ("api_key", "faults", "raised", "status"),
    [
        ("sk-bad", Faults(), anthropic.AuthenticationError, 401),
        ("sk-broke", Faults(), anthropic.PaymentRequiredError, 402),
        ("sk-one", Faults(rate_limited=1.0), anthropic.RateLimitError, 429),
        ("sk-one", Faults(spend_cap_after=0), anthropic.RateLimitError, 429),
        ("sk-one", Faults(server_error=1.0), anthropic.InternalServerError, 500),
        ("sk-one", Faults(html_error=1.0), anthropic.InternalServerError, 502),
        ("sk-one", Faults(overloaded=1.0), anthropic.InternalServerError, 529),
    ],
)
def test_errors_are_typed(
    service: Service,
    api_key: str,
    faults: Faults,
    raised: type[anthropic.APIStatusError],
    status: int,
) -> None:
    """Each kind of refusal becomes the SDK's own exception, with its status and request id."""
    service.sim.faults = faults
    with service.client(api_key) as client, pytest.raises(raised) as caught:
        client.messages.create(model=MODEL, max_tokens=64, messages=HELLO)
    assert caught.value.status_code == status
    assert caught.value.request_id is not None
    if faults.spend_cap_after is not None:
        assert "enforced_spend_limit_reached" in str(caught.value.body)


def test_a_wrong_message_raises_the_sdk_s_exception(client: anthropic.Anthropic) -> None:
    """Wrong parameters are a BadRequestError, an unknown model a NotFoundError."""
    with pytest.raises(anthropic.BadRequestError, match="at least one message"):
        client.messages.create(model=MODEL, max_tokens=64, messages=[])
    with pytest.raises(anthropic.BadRequestError, match="temperature"):
        client.messages.create(
            model=MODEL, max_tokens=64, messages=HELLO, extra_body={"temperature": 1.0}
        )
    with pytest.raises(anthropic.NotFoundError):
        client.messages.create(model="gpt-9", max_tokens=64, messages=HELLO)
    with pytest.raises(anthropic.BadRequestError, match="duplicate"):
        client.messages.batches.create(requests=[*_requests(1), *_requests(1)])


def test_a_large_message_raises_413(client: anthropic.Anthropic) -> None:
    """A body above 32 MB is refused with 413."""
    large: list[Any] = [{"role": "user", "content": "x" * (33 * 1024 * 1024)}]
    with pytest.raises(anthropic.APIStatusError) as caught:
        client.messages.create(model=MODEL, max_tokens=64, messages=large)
    assert caught.value.status_code == 413


def test_dropped_connections_are_connection_errors(
    service: Service, client: anthropic.Anthropic
) -> None:
    """A create whose answer is lost raises a connection error, and the batch exists."""
    service.sim.faults = Faults(create_lost_first=1)
    with pytest.raises(anthropic.APIConnectionError):
        client.messages.batches.create(requests=_requests(2))
    assert len(client.messages.batches.list().data) == 1


def test_blind_retries_pay_twice(service: Service) -> None:
    """The SDK's own retries of a lost create make a second batch, which the bill shows."""
    service.sim.faults = Faults(create_lost_first=1)
    with anthropic.Anthropic(api_key="sk-one", base_url=service.url, max_retries=1) as client:
        client.messages.batches.create(requests=_requests(2))
    assert service.sim.paid_twice() == 2


async def test_the_async_client_works_as_well() -> None:
    """AsyncAnthropic sends a message, runs a batch and reads its results in one loop."""
    clock = VirtualClock()
    server = SimServer(Simulator(now=clock.now, pace=PACE))
    url = await server.start()
    try:
        async with anthropic.AsyncAnthropic(
            api_key="sk-one", base_url=url, max_retries=0
        ) as client:
            message = await client.messages.create(model=MODEL, max_tokens=64, messages=HELLO)
            assert message.stop_reason == "end_turn"
            made = await client.messages.batches.create(requests=_requests(3))
            clock.advance(101)
            lines = [line async for line in await client.messages.batches.results(made.id)]
            assert {line.result.type for line in lines} == {"succeeded"}
            assert [one.id async for one in client.messages.batches.list()] == [made.id]
    finally:
        await server.stop()
