"""async-batch-llm: `process_prompts`, with everything but the concurrency as it is by default.

It has no client for Anthropic. The plain variant uses the one it ships for compatible servers, so
it asks for chat completions; "aiohttp" wraps raw aiohttp as the call, as its pages say for an
application's own client, which leaves little but the tool itself to be measured.
"""

from __future__ import annotations

import asyncio
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from bench.peers.work import API_KEY, MAX_TOKENS, MODEL, Work, asked, measure, params  # by path

async_batch_llm: Any = import_module("async_batch_llm")


def run(work: Work, prompts: list[str]) -> int:
    """Answer the prompts in real time."""
    lane = wrapped if work.variant == "aiohttp" else realtime
    return asyncio.run(lane(work, prompts))


async def realtime(work: Work, prompts: list[str]) -> int:
    """Answer the prompts with the tool's own client."""
    strategy = async_batch_llm.llm(
        f"openai-compatible:{MODEL}",
        base_url=f"{work.url}/v1",
        api_key=API_KEY,
        generation_config={"max_tokens": MAX_TOKENS},
        max_connections=work.in_flight,
    )
    return await process(strategy, work, prompts)


async def wrapped(work: Work, prompts: list[str]) -> int:
    """Answer the prompts with raw aiohttp behind the tool."""
    aiohttp: Any = import_module("aiohttp")
    url = f"{work.url}/v1/messages"
    headers = {"x-api-key": API_KEY, "anthropic-version": "2026-10-21"}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def call(prompt: str, **_: object) -> object:
            async with session.post(url, json=params(prompt)) as response:
                message = await response.json()
            used = message["usage"]
            tokens = {
                "input_tokens": used["input_tokens"],
                "output_tokens": used["output_tokens"],
                "total_tokens": used["input_tokens"] + used["output_tokens"],
            }
            text = message["content"][0]["text"]
            return async_batch_llm.CallOutcome(text, token_usage=tokens)

        identity = async_batch_llm.ArtifactIdentity(provider="anthropic", model=MODEL)
        strategy = async_batch_llm.CallableStrategy(call, identity=identity)
        return await process(strategy, work, prompts)


async def process(strategy: object, work: Work, prompts: list[str]) -> int:
    """Let the tool process the prompts and return how many were answered."""
    done = await async_batch_llm.process_prompts(strategy, prompts, concurrency=work.in_flight)
    return sum(bool(result.success and result.output) for result in done.results)


if __name__ == "__main__":
    measure(asked(), run)
