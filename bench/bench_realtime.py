"""Real time: what the engine costs an item, against raw aiohttp making the same calls.

Both send the same bodies to the same stub, which runs in a process of its own and answers after
50 ms; both have the same number of calls in flight. They take turns in one process, each with a
fresh session (the engine with a fresh ledger as well), and the medians are compared. CPU is that
of this process, all its threads. The engine's side is the whole of a run: planning, writing every
request into the ledger, sending, checking, pricing and booking every answer durably.

The stub's own CPU is shown as a share of one core: above 80% it holds the client back, and then
the CPU per item says more than the throughput.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import orjson

from twolane import Engine, Lane, Request, RunState, Settings

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bench.stub import apart, cpu_s  # this script is run by its path

LATENCY_MS = 50.0
MODEL = "claude-haiku-4-5"
HEADERS = {
    "x-api-key": "bench",
    "anthropic-version": "2026-10-21",
    "content-type": "application/json",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One turn of one client."""

    wall_s: float
    cpu_s: float
    stub_cpu_s: float


def requests_of(items: int) -> list[Request]:
    """Return `items` requests of about 1 KB."""
    text = "A note about measuring clients on loopback, of a usual length. " * 14
    return [
        Request(
            key=f"note-{number}",
            params={
                "model": MODEL,
                "max_tokens": 512,
                "messages": [{"role": "user", "content": f"{number} {text}"}],
            },
        )
        for number in range(items)
    ]


async def raw(url: str, requests: list[Request], in_flight: int) -> None:
    """Make the calls with aiohttp alone, reading the usage of each answer."""
    bodies = iter([orjson.dumps(request.params) for request in requests])
    answered = 0

    async def work(session: aiohttp.ClientSession) -> None:
        nonlocal answered
        for body in bodies:
            async with session.post(f"{url}/v1/messages", data=body, headers=HEADERS) as response:
                message = orjson.loads(await response.read())
                answered += message["usage"]["output_tokens"] > 0

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(work(session))
    if answered != len(requests):
        raise SystemExit(f"raw aiohttp: {answered} of {len(requests)} answered")


async def engine(url: str, requests: list[Request], in_flight: int) -> None:
    """Make the calls as a run of the engine, forced into the real-time lane."""
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home), api_key="bench", base_url=url, concurrency=in_flight)
        async with Engine.open(settings) as opened:
            run = await opened.start(requests, lane=Lane.REALTIME)
            state = await run.drive()
            items = (await run.report()).items
    if state is not RunState.DONE or items.succeeded != len(requests):
        raise SystemExit(f"engine: {state}, {items.succeeded} of {len(requests)} answered")


CLIENTS = {"raw aiohttp": raw, "engine": engine}


def measure(name: str, url: str, requests: list[Request], in_flight: int) -> Measured:
    """Let one client take one turn."""
    stub = cpu_s(url)
    wall, cpu = time.perf_counter(), time.process_time()
    asyncio.run(CLIENTS[name](url, requests, in_flight))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Measured(wall, cpu, cpu_s(url) - stub)


def main() -> None:
    """Measure in turns and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=4_000)
    parser.add_argument("--in-flight", type=int, default=200)
    parser.add_argument("--turns", type=int, default=5)
    arguments = parser.parse_args()
    requests = requests_of(arguments.items)
    turns: dict[str, list[Measured]] = {name: [] for name in CLIENTS}
    with apart(latency_ms=LATENCY_MS) as url:
        for name in CLIENTS:  # imports and the stub's first steps are nobody's cost
            measure(name, url, requests[:200], arguments.in_flight)
        for _ in range(arguments.turns):
            for name, measured in turns.items():
                measured.append(measure(name, url, requests, arguments.in_flight))
    print(
        f"{arguments.items:,} items, {arguments.in_flight} in flight, {LATENCY_MS:.0f} ms latency, "
        f"median of {arguments.turns} turns each"
    )
    show(turns, arguments.items)


def show(turns: dict[str, list[Measured]], items: int) -> None:
    """Print each client's medians, and what they are of the floor's."""
    cpu_ms = {
        name: statistics.median(one.cpu_s for one in some) * 1000 / items
        for name, some in turns.items()
    }
    rate = {
        name: items / statistics.median(one.wall_s for one in some) for name, some in turns.items()
    }
    stub = {
        name: statistics.median(one.stub_cpu_s / one.wall_s for one in some)
        for name, some in turns.items()
    }
    print(
        f"{'client':14}{'items/s':>10}{'share':>8}{'CPU ms/item':>13}{'ratio':>8}{'stub CPU':>10}"
    )
    for name in turns:
        print(
            f"{name:14}{rate[name]:10,.0f}{rate[name] / rate['raw aiohttp']:8.2f}"
            f"{cpu_ms[name]:13.3f}{cpu_ms[name] / cpu_ms['raw aiohttp']:8.2f}{stub[name]:10.0%}"
        )


if __name__ == "__main__":
    main()
