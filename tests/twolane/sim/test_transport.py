"""The simulator behind the engine's seam, in the same process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from tests.twolane.sim.client import BATCHES, PACE, VERSION, items, params
from tests.virtual_time import VirtualClock
from twolane.errors import ConnectionFailedError
from twolane.sim import NO_FAULTS, Faults, SimTransport, Simulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from twolane.core.transport import Response

HEADERS = {"X-Api-Key": "sk-one", "Anthropic-Version": VERSION}


def _open(faults: Faults = NO_FAULTS) -> tuple[VirtualClock, Simulator, SimTransport]:
    clock = VirtualClock()
    simulator = Simulator(now=clock.now, pace=PACE, faults=faults)
    return clock, simulator, SimTransport(simulator)


def test_a_message_takes_its_latency() -> None:
    """An answer comes after the simulated latency, with its head and its body."""
    clock, _, transport = _open()

    async def main() -> tuple[int, str, float]:
        began = clock.now()
        async with transport.request(
            "POST", "/v1/messages", headers=HEADERS, body=orjson.dumps(params())
        ) as response:
            took_s = clock.now() - began
            return response.status, orjson.loads(await response.read(1 << 20))["role"], took_s

    status, role, took_s = clock.run(main())
    assert (status, role) == (200, "assistant")
    assert took_s == pytest.approx(2.0)


def test_a_streamed_upload_and_a_query_arrive() -> None:
    """A body that comes in pieces makes one batch; a query limits the list."""
    clock, simulator, transport = _open()

    async def pieces() -> AsyncIterator[bytes]:
        whole = orjson.dumps({"requests": items(3)})
        for at in range(0, len(whole), 7):
            yield whole[at : at + 7]

    async def main() -> list[str]:
        for _ in range(2):
            async with transport.request(
                "POST", BATCHES, headers=HEADERS, body=pieces()
            ) as response:
                assert response.status == 200
        async with transport.request("GET", f"{BATCHES}?limit=1", headers=HEADERS) as response:
            return [one["id"] for one in orjson.loads(await response.read(1 << 20))["data"]]

    assert clock.run(main()) == [simulator.batches()[-1]["id"]]


def test_a_dropped_connection_tells_whether_the_request_left() -> None:
    """A drop raises ConnectionFailedError, and only what was taken is billed."""
    for faults, sent, billed in (
        (Faults(refuse_connection=1.0), False, 0),
        (Faults(drop_before=1.0), True, 0),
        (Faults(drop_after=1.0), True, 1),
    ):
        clock, simulator, transport = _open(faults)
        assert clock.run(_failed(transport)).sent is sent
        assert len(simulator.billing) == billed


async def _failed(transport: SimTransport) -> ConnectionFailedError:
    """Send a message that gets no answer, and return what is raised for it."""
    body = orjson.dumps(params())
    with pytest.raises(ConnectionFailedError) as failed:
        async with transport.request("POST", "/v1/messages", headers=HEADERS, body=body):
            pass
    return failed.value


def test_a_timeout_ends_a_slow_answer() -> None:
    """An answer that takes longer than the timeout is given up in time; it may be billed."""
    clock, simulator, transport = _open(Faults(slow=1.0, slow_s=1_000.0))

    async def main() -> float:
        began = clock.now()
        with pytest.raises(ConnectionFailedError) as failed:
            async with transport.request(
                "POST",
                "/v1/messages",
                headers=HEADERS,
                body=orjson.dumps(params()),
                timeout_s=30.0,
            ):
                pass
        assert failed.value.sent
        return clock.now() - began

    assert clock.run(main()) == pytest.approx(30.0)
    assert len(simulator.billing) == 1


def test_a_cut_body_raises_after_what_came() -> None:
    """A results stream that breaks gives its pieces first and then raises."""
    clock, simulator, transport = _open(Faults(cut_in_line=1.0))

    async def main() -> bytes:
        async with transport.request(
            "POST", BATCHES, headers=HEADERS, body=orjson.dumps({"requests": items(300)})
        ):
            pass
        clock.advance(101)
        batch_id = simulator.batches()[0]["id"]
        got = bytearray()
        async with transport.request(
            "GET", f"{BATCHES}/{batch_id}/results", headers=HEADERS
        ) as response:
            with pytest.raises(ConnectionFailedError) as failed:
                await _collect(response, got)
        assert failed.value.sent
        return bytes(got)

    got = clock.run(main())
    assert got
    assert not got.endswith(b"\n")


async def _collect(response: Response, got: bytearray) -> None:
    """Add the pieces of a body to `got`, as far as they come."""
    async for piece in response.chunks():
        got += piece
