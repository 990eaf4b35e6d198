"""The simulator over HTTP on loopback, read with plain aiohttp."""

from __future__ import annotations

import asyncio
import io
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.twolane.sim.client import BATCHES, VERSION, items, params
from twolane.sim import NO_FAULTS, Faults, Pace, SimServer, Simulator, serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.loopback

HEADERS = {"x-api-key": "sk-one", "anthropic-version": VERSION}
QUICK = Pace(batch_s=(1.0, 1.0), request_s=(1.0, 1.0), control_s=0.0)


@asynccontextmanager
async def _served(
    faults: Faults = NO_FAULTS,
) -> AsyncIterator[tuple[Simulator, aiohttp.ClientSession]]:
    simulator = Simulator(pace=QUICK, faults=faults, speed=200.0)
    server = SimServer(simulator)
    url = await server.start()
    try:
        async with aiohttp.ClientSession(url, headers=HEADERS) as session:
            yield simulator, session
    finally:
        await server.stop()


async def _ended(session: aiohttp.ClientSession, count: int) -> str:
    async with session.post(BATCHES, json={"requests": items(count)}) as response:
        batch_id = str((await response.json())["id"])
    while True:
        async with session.get(f"{BATCHES}/{batch_id}") as response:
            if (await response.json())["processing_status"] == "ended":
                return batch_id


async def test_results_url_names_this_server() -> None:
    """results_url leads back to the server that was asked, and the results are there."""
    async with _served() as (_, session):
        batch_id = await _ended(session, 3)
        async with session.get(f"{BATCHES}/{batch_id}") as response:
            url = (await response.json())["results_url"]
            assert url == f"{response.url.origin()}{BATCHES}/{batch_id}/results"
        async with session.get(url) as response:
            assert response.headers["content-type"] == "application/x-jsonl"
            assert (await response.read()).count(b"\n") == 3


async def test_speed_shortens_latency_and_retry_after() -> None:
    """Under --speed a second's latency and a retry-after are given in the client's seconds."""
    async with _served() as (simulator, session):
        began = asyncio.get_running_loop().time()
        async with session.post("/v1/messages", json=params()) as response:
            assert response.status == 200
        assert asyncio.get_running_loop().time() - began < 0.8
        simulator.faults = Faults(rate_limited=1.0, retry_after_s=10.0)
        async with session.post("/v1/messages", json=params()) as response:
            assert float(response.headers["retry-after"]) == pytest.approx(0.05)


@pytest.mark.parametrize(
    "faults", [Faults(drop_before=1.0), Faults(refuse_connection=1.0), Faults(drop_after=1.0)]
)
async def test_a_drop_closes_the_connection(faults: Faults) -> None:
    """A dropped call ends without an answer; only drop_after leaves a charge."""
    async with _served(faults) as (simulator, session):
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.post("/v1/messages", json=params())
        assert len(simulator.billing) == (faults.drop_after > 0)


async def test_a_cut_stream_is_seen_as_cut_and_a_short_one_is_not() -> None:
    """A cut body ends in an error at the client, a short one looks complete."""
    async with _served() as (simulator, session):
        batch_id = await _ended(session, 500)
        simulator.faults = Faults(cut_at_line=1.0)
        with pytest.raises(aiohttp.ClientPayloadError):
            async with session.get(f"{BATCHES}/{batch_id}/results") as response:
                await response.read()
        simulator.faults = Faults(short=1.0)
        async with session.get(f"{BATCHES}/{batch_id}/results") as response:
            assert (await response.read()).count(b"\n") < 500


async def test_a_body_that_is_too_large_is_refused() -> None:
    """Above 32 MB a message is answered 413, in the API's shape."""
    async with _served() as (_, session):
        large = io.BytesIO(b" " * (33 * 1024 * 1024))
        async with session.post("/v1/messages", data=large) as response:
            assert response.status == 413
            assert (await response.json())["error"]["type"] == "request_too_large"


async def test_serve_runs_until_canceled() -> None:
    """Serve tells its URL when it listens and stops listening when it is canceled."""
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(Simulator(), on_ready=ready.set_result))
    url = await ready
    async with aiohttp.ClientSession(url, headers=HEADERS) as session:
        async with session.get(BATCHES) as response:
            assert response.status == 200
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(BATCHES)


async def test_a_taken_port_is_an_error() -> None:
    """Listening on a port that is in use raises OSError."""
    server = SimServer(Simulator())
    url = await server.start()
    try:
        with pytest.raises(OSError, match="address"):
            await SimServer(Simulator()).start(port=int(url.rpartition(":")[2]))
    finally:
        await server.stop()
