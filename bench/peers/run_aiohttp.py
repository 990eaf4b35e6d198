"""The floor: aiohttp alone makes the calls, reads the usage of each answer and keeps nothing."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import aiohttp
import orjson

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from bench.peers.work import API_KEY, Work, asked, measure, params  # run by its path

HEADERS = {
    "x-api-key": API_KEY,
    "anthropic-version": "2026-10-21",
    "content-type": "application/json",
}


def run(work: Work, prompts: list[str]) -> int:
    """Answer the prompts in the asked lane."""
    lane = realtime if work.lane == "realtime" else batch
    return asyncio.run(lane(work, prompts))


async def realtime(work: Work, prompts: list[str]) -> int:
    """Answer the prompts one by one, many in flight."""
    bodies = iter([orjson.dumps(params(prompt)) for prompt in prompts])
    answered = 0

    async def take(session: aiohttp.ClientSession) -> None:
        nonlocal answered
        for body in bodies:
            async with session.post(f"{work.url}/v1/messages", data=body) as response:
                message = orjson.loads(await response.read())
                answered += message["usage"]["output_tokens"] > 0

    connector = aiohttp.TCPConnector(limit=0)
    async with (
        aiohttp.ClientSession(connector=connector, headers=HEADERS) as session,
        asyncio.TaskGroup() as group,
    ):
        for _ in range(work.in_flight):
            group.create_task(take(session))
    return answered


async def batch(work: Work, prompts: list[str]) -> int:
    """Answer the prompts in batches, one after the other, reading the results line by line."""
    answered = 0
    async with aiohttp.ClientSession(f"{work.url}/v1/messages/", headers=HEADERS) as session:
        for start in range(0, len(prompts), work.batch_size):
            requests = [
                {"custom_id": f"note-{start + number}", "params": params(prompt)}
                for number, prompt in enumerate(prompts[start : start + work.batch_size])
            ]
            body = orjson.dumps({"requests": requests})
            async with session.post("batches", data=body) as response:
                created = orjson.loads(await response.read())
            async with session.get(f"batches/{created['id']}/results") as response:
                async for line in response.content:
                    answered += orjson.loads(line)["result"]["type"] == "succeeded"
    return answered


if __name__ == "__main__":
    measure(asked(), run)
