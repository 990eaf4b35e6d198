"""Batch: CPU, wall time and peak memory of a large run, against aiohttp and orjson alone.

The stub, in a process of its own, takes a batch at once, says that it has ended and streams its
results. Each measured part runs in a fresh process, so that the peak is its own. The floor posts
the same bodies as a stream, reads the results line by line, parses and counts them, and keeps
nothing. The engine's side is the whole of a run: planning, writing every request into the ledger,
posting, checking, pricing and booking every answer durably, and the report.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bench.stub import apart  # this script is run by its path

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from twolane import Request

BATCH_SIZE = 10_000
LINES_PER_CHUNK = 250
MODEL = "claude-haiku-4-5"
HEADERS = {
    "x-api-key": "bench",
    "anthropic-version": "2026-10-21",
    "content-type": "application/json",
}
TEXT = "A note about measuring clients on loopback, of a usual length. " * 14
# ru_maxrss is in kilobytes, on macOS in bytes.
RSS_PER_MB = 1024 * 1024 if sys.platform == "darwin" else 1024


def params_of(number: int) -> dict[str, Any]:
    """Return the request of item `number`, about 1 KB as JSON."""
    return {
        "model": MODEL,
        "max_tokens": 512,
        "messages": [{"role": "user", "content": f"{number:07d} {TEXT}"}],
    }


def floor(url: str, items: int) -> None:
    """Send and read the same batches with aiohttp and orjson, and keep nothing."""
    asyncio.run(_floor(url, items))


async def _floor(url: str, items: int) -> None:
    answered = 0
    async with aiohttp.ClientSession(f"{url}/v1/messages/", headers=HEADERS) as session:
        for start in range(0, items, BATCH_SIZE):
            numbers = range(start, min(start + BATCH_SIZE, items))
            size = len(b'{"requests":[]}') + len(numbers) * (len(line_of(start)) + 1) - 1
            sized = {"content-length": str(size)}
            async with session.post("batches", data=upload(numbers), headers=sized) as response:
                batch = orjson.loads(await response.read())
            async with session.get(f"batches/{batch['id']}") as response:
                if orjson.loads(await response.read())["processing_status"] != "ended":
                    raise SystemExit("floor: the stub's batch has not ended")
            async with session.get(f"batches/{batch['id']}/results") as response:
                async for line in response.content:
                    answered += orjson.loads(line)["result"]["type"] == "succeeded"
    if answered != items:
        raise SystemExit(f"floor: {answered} of {items} answered")


def line_of(number: int) -> bytes:
    """Return one request of a create; all are of the same length."""
    custom_id = f"file_{number:07d}_note-aaaa"
    return orjson.dumps({"custom_id": custom_id, "params": params_of(number)})


async def upload(numbers: range) -> AsyncIterator[bytes]:
    """Iterate the body of a create."""
    yield b'{"requests":['
    for start in range(0, len(numbers), LINES_PER_CHUNK):
        lines = [line_of(number) for number in numbers[start : start + LINES_PER_CHUNK]]
        yield (b"," if start else b"") + b",".join(lines)
    yield b"]}"


@dataclass(frozen=True, slots=True)
class Requests:
    """The requests of a run, made as they are asked for: the input is not what is measured."""

    items: int

    def __iter__(self) -> Iterator[Request]:
        """Iterate them; may be done again."""
        from twolane import Request  # noqa: PLC0415  # the floor's process does without

        for number in range(self.items):
            yield Request(key=f"note-{number}", params=params_of(number))


def engine(url: str, items: int) -> None:
    """Send and read the batches as a run of the engine, forced into the batch lane."""
    asyncio.run(_engine(url, items))


async def _engine(url: str, items: int) -> None:
    from twolane import Engine, Lane, RunState, Settings  # noqa: PLC0415  # as above

    with tempfile.TemporaryDirectory() as home:
        settings = Settings(
            home=Path(home), api_key="bench", base_url=url, poll_s=0.1, batch_size=BATCH_SIZE
        )
        async with Engine.open(settings) as opened:
            run = await opened.start(Requests(items), lane=Lane.BATCH)
            state = await run.drive()
            counts = (await run.report()).items
    if state is not RunState.DONE or counts.succeeded != items:
        raise SystemExit(f"engine: {state}, {counts.succeeded} of {items} answered")


CLIENTS = {"floor": floor, "engine": engine}


def measure(name: str, url: str, items: int) -> None:
    """Run one client in this process and print what it took, start of Python included."""
    wall = time.perf_counter()
    CLIENTS[name](url, items)
    wall = time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / RSS_PER_MB
    print(json.dumps({"wall_s": wall, "cpu_s": time.process_time(), "peak_mb": peak}))


def measured(name: str, url: str, items: int) -> dict[str, float]:
    """Run one client in a fresh process and return what it took."""
    command = [sys.executable, str(Path(__file__).resolve()), "--measure", name]
    command += ["--url", url, "--items", str(items)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603  # this file
    result: dict[str, float] = json.loads(done.stdout)
    return result


def main() -> None:
    """Measure the floor and the engine at each size, and print both with their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--measure", choices=CLIENTS, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure, arguments.url, arguments.items[0])
        return
    head = f"{'CPU s':>8}{'ratio':>7}{'wall s':>8}{'ratio':>7}{'peak MB':>9}{'ratio':>7}"
    print(f"{'items':>8}  {'client':8}{head}")
    with apart(latency_ms=0.0) as url:
        for items in arguments.items:
            base: dict[str, float] = {}
            for name in CLIENTS:
                found = measured(name, url, items)
                base = base or found
                cells = (
                    f"{found[key]:{width}.{places}f}{found[key] / base[key]:7.2f}"
                    for key, width, places in (("cpu_s", 8, 2), ("wall_s", 8, 2), ("peak_mb", 9, 0))
                )
                print(f"{items:8,}  {name:8}{''.join(cells)}", flush=True)


if __name__ == "__main__":
    main()
