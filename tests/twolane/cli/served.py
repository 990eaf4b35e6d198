"""The simulator served on loopback from a thread, and commands run against it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import orjson

from twolane.sim import Faults, Pace, SimServer, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

MODEL = "claude-haiku-4-5"
# A simulated minute takes 60 ms.
SPEED = 1_000.0


def answer(params: Mapping[str, Any]) -> str:
    """Answer with the question."""
    return f"answer to {params['messages'][0]['content']}"


@contextlib.contextmanager
def served(
    pace: Pace | None = None,
    faults: Faults | None = None,
    responder: Callable[[Mapping[str, Any]], str] = answer,
) -> Iterator[Served]:
    """Serve a simulator until the block ends."""
    skipped = [0.0]
    sim = Simulator(
        now=lambda: time.time() + skipped[0],
        pace=pace or Pace(batch_s=(60.0, 120.0)),
        faults=faults or Faults(),
        responder=responder,
        speed=SPEED,
    )
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = SimServer(sim)
    try:
        url = asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
        yield Served(sim, url, skipped)
    finally:
        asyncio.run_coroutine_threadsafe(_stop(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _stop(server: SimServer) -> None:
    """Stop listening, and the answers that still wait for their time."""
    await server.stop()
    waiting = asyncio.all_tasks() - {asyncio.current_task()}
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


class Served:
    """A simulator that listens, and the environment of commands that use it."""

    def __init__(self, sim: Simulator, url: str, skipped: list[float]) -> None:
        """Keep them; `skipped` holds the seconds its clock is ahead."""
        self.sim = sim
        self.url = url
        self._skipped = skipped

    def skip(self, simulated_s: float) -> None:
        """Let simulated time pass at once."""
        self._skipped[0] += simulated_s / SPEED

    def environment(self, home: Path) -> dict[str, str]:
        """Return the variables of a command with its ledger in `home`."""
        plain = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TWOLANE_", "NOTEMILL_", "ANTHROPIC_"))
        }
        return {
            **plain,
            "TWOLANE_HOME": str(home),
            "TWOLANE_CONFIG": os.devnull,
            "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_API_KEY": "sk-any",
            "TWOLANE_POLL_S": "0.01",
            "TWOLANE_RECONCILE_GRACE_S": "0.2",
        }


PYTHON = [sys.executable, "-c", "from twolane.cli import main; main()"]


def write_input(path: Path, count: int, **more: object) -> Path:
    """Write `count` requests; line 7 asks `q7` under the id `id-7`."""
    with path.open("wb") as out:
        for index in range(count):
            params = {
                "model": MODEL,
                "max_tokens": 50,
                "messages": [{"role": "user", "content": f"q{index}"}],
                **more,
            }
            out.write(orjson.dumps({"custom_id": f"id-{index}", "params": params}) + b"\n")
    return path


def read_output(path: Path) -> list[dict[str, Any]]:
    """Return the lines of an output."""
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def text_of(line: dict[str, Any]) -> str:
    """Return the text of a succeeded result."""
    return str(line["result"]["message"]["content"][0]["text"])
