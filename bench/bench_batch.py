"""Batch: CPU, wall time and peak memory of a large run, against aiohttp and orjson alone.

The stub, in a process of its own, takes a batch at once, says that it has ended and streams its
results. Each measured part runs in a fresh process, so that the peak is its own. The floor posts
the same bodies as a stream, reads the results line by line, parses and counts them, and keeps
nothing. The engine's side is the whole of a run: planning, writing every request into the ledger,
posting, checking, pricing and booking every answer durably, and the report.

Two more rows open the ledger that the run has left: `goes on` finds the last batch still to be
sent and measures until its create leaves, `reports` finds nothing left to do and measures until
the report is there.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import resource
import sqlite3
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
    from collections.abc import AsyncIterable, AsyncIterator, Iterator, Sequence

    from twolane import Request, Settings
    from twolane.core.types import BatchInfo

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


def engine(url: str, items: int, home: Path) -> None:
    """Send and read the batches as a run of the engine, forced into the batch lane."""
    asyncio.run(_engine(url, items, home))


async def _engine(url: str, items: int, home: Path) -> None:
    from twolane import Engine, Lane  # noqa: PLC0415  # as above

    async with Engine.open(settings_of(url, home)) as opened:
        run = await opened.start(Requests(items), source="bench", lane=Lane.BATCH)
        await run.drive()
        answered = (await run.report()).items.succeeded
    if answered != items:
        raise SystemExit(f"engine: {answered} of {items} answered")


def settings_of(url: str, home: Path) -> Settings:
    """Return the settings of the engine's side."""
    from twolane import Settings  # noqa: PLC0415  # as above

    return Settings(home=home, api_key="bench", base_url=url, poll_s=0.1, batch_size=BATCH_SIZE)


def put_back(home: Path) -> None:
    """Make the run one that was stopped before its last batch was sent."""
    with contextlib.closing(sqlite3.connect(home / "ledger.sqlite3")) as db, db:
        last = db.execute("SELECT max(batch_no) FROM batches").fetchone()
        of_it = "(SELECT attempt_no FROM attempts WHERE batch_no = ?)"
        db.execute(f"DELETE FROM replies WHERE attempt_no IN {of_it}", last)  # noqa: S608
        db.execute(
            "UPDATE items SET state = 'pending', tries = 0 WHERE id IN"
            " (SELECT item FROM attempts WHERE batch_no = ?)",
            last,
        )
        db.execute("DELETE FROM attempts WHERE batch_no = ?", last)
        db.execute("DELETE FROM batches WHERE batch_no = ?", last)
        db.execute("UPDATE runs SET state = 'open', ended_at = NULL")


async def reopened(url: str, home: Path) -> float:
    """Open the ledger and go on with its run to the end; return the seconds until it was so far.

    That is when the first create leaves, or when the report is there where nothing is left.
    """
    from twolane import Engine, RunState  # noqa: PLC0415  # as above

    left: list[float] = []
    started = time.perf_counter()
    async with Engine.open(settings_of(url, home)) as opened:
        create = opened.provider.create_batch

        async def leave(
            body: AsyncIterable[bytes], size_bytes: int, *, betas: Sequence[str] = ()
        ) -> BatchInfo:
            left.append(time.perf_counter())
            return await create(body, size_bytes, betas=betas)

        opened.provider.create_batch = leave  # type: ignore[method-assign]
        run = await opened.latest("bench")
        if run is None:
            raise SystemExit("engine: its ledger has no run")
        if run.row.state is RunState.OPEN:  # a finished run is only reported, as by the commands
            await run.drive()
        await run.report()
    return (left[0] if left else time.perf_counter()) - started


CLIENTS = ("floor", "engine", "goes on", "reports")


def measure(name: str, url: str, items: int, home: Path) -> None:
    """Do one row's work in this process and print what it took, start of Python included."""
    started = time.perf_counter()
    wall_s: float | None = None
    if name == "floor":
        floor(url, items)
    elif name == "engine":
        engine(url, items, home)
    else:
        # The imports are what every command waits for; here it is about the ledger.
        from twolane import Engine  # noqa: F401, PLC0415

        wall_s = asyncio.run(reopened(url, home))
    wall_s = time.perf_counter() - started if wall_s is None else wall_s
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / RSS_PER_MB
    print(json.dumps({"wall_s": wall_s, "cpu_s": time.process_time(), "peak_mb": peak}))


def measured(name: str, url: str, items: int, home: Path) -> dict[str, float]:
    """Do one row's work in a fresh process and return what it took."""
    command = [sys.executable, str(Path(__file__).resolve()), "--measure", name]
    command += ["--url", url, "--items", str(items), "--home", str(home)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603  # this file
    result: dict[str, float] = json.loads(done.stdout)
    return result


def rows_of(url: str, items: int) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield what each row of one size took; the ledger is thrown away behind them."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for name in CLIENTS:
            if name == "goes on":
                put_back(home)
            yield name, measured(name, url, items, home)


def main() -> None:
    """Measure each size and print its rows, with their ratios to the floor of the same size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--measure", choices=CLIENTS, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure, arguments.url, arguments.items[0], arguments.home)
        return
    head = (
        f"{'CPU s':>8}{'ratio':>7}{'µs/item':>9}{'wall s':>8}{'ratio':>7}{'peak MB':>9}{'ratio':>7}"
    )
    print(f"{'items':>9}  {'row':8}{head}")
    with apart(latency_ms=0.0) as url:
        for items in arguments.items:
            base: dict[str, float] = {}
            for name, found in rows_of(url, items):
                base = base or found
                if name in ("goes on", "reports"):
                    print(f"{items:9,}  {name:8}{'':24}{found['wall_s']:8.2f}", flush=True)
                    continue
                ratios = {key: found[key] / base[key] for key in base}
                print(
                    f"{items:9,}  {name:8}{found['cpu_s']:8.2f}{ratios['cpu_s']:7.2f}"
                    f"{found['cpu_s'] / items * 1e6:9.1f}{found['wall_s']:8.2f}"
                    f"{ratios['wall_s']:7.2f}{found['peak_mb']:9.0f}{ratios['peak_mb']:7.2f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
