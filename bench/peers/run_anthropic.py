"""The official SDK, by hand: `asyncio` around it in real time, its batch calls one after another.

The variant "aiohttp" uses the transport that the SDK offers for high concurrency. A semaphore's
place is taken by as many tasks as calls may be in flight, which is cheaper.
"""

from __future__ import annotations

import asyncio
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from bench.peers.work import API_KEY, Work, asked, measure, params  # run by its path

# Imported by name: its types differ from release to release, and only the pinned one counts.
anthropic: Any = import_module("anthropic")


def run(work: Work, prompts: list[str]) -> int:
    """Answer the prompts in the asked lane."""
    if work.lane == "batch":
        return batch(work, prompts)
    return asyncio.run(realtime(work, prompts))


async def realtime(work: Work, prompts: list[str]) -> int:
    """Answer the prompts one by one, many in flight."""
    waiting = iter(prompts)
    answered = 0
    options = {"api_key": API_KEY, "base_url": work.url}
    if work.variant == "aiohttp":
        options["http_client"] = anthropic.DefaultAioHttpClient()

    async def take(client: Any) -> None:  # noqa: ANN401  # see above
        nonlocal answered
        for prompt in waiting:
            message = await client.messages.create(**params(prompt))
            answered += message.usage.output_tokens > 0

    async with anthropic.AsyncAnthropic(**options) as client, asyncio.TaskGroup() as group:
        for _ in range(work.in_flight):
            group.create_task(take(client))
    return answered


def batch(work: Work, prompts: list[str]) -> int:
    """Answer the prompts in batches, one after the other, reading each result as it comes."""
    answered = 0
    with anthropic.Anthropic(api_key=API_KEY, base_url=work.url) as client:
        for start in range(0, len(prompts), work.batch_size):
            requests = [
                {"custom_id": f"note-{start + number}", "params": params(prompt)}
                for number, prompt in enumerate(prompts[start : start + work.batch_size])
            ]
            created = client.messages.batches.create(requests=requests)
            while client.messages.batches.retrieve(created.id).processing_status != "ended":
                time.sleep(1)
            for result in client.messages.batches.results(created.id):
                answered += result.result.type == "succeeded"
    return answered


if __name__ == "__main__":
    measure(asked(), run)
