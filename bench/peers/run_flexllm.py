"""flexllm: `chat_batch` of its client for Claude, as its pages recommend for many prompts.

No progress bar, no limit on requests per second (Claude's default is 60), retries and everything
else as they are by default. The variant "checkpoint" lets it write its file of results, with which
it can go on after a crash; the plain one keeps nothing.
"""

from __future__ import annotations

import asyncio
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from bench.peers.work import API_KEY, MAX_TOKENS, MODEL, Work, asked, measure  # run by its path

flexllm: Any = import_module("flexllm")


def run(work: Work, prompts: list[str]) -> int:
    """Answer the prompts in real time."""
    return asyncio.run(realtime(work, prompts))


async def realtime(work: Work, prompts: list[str]) -> int:
    """Answer the prompts one by one, many in flight."""
    messages = [[{"role": "user", "content": prompt}] for prompt in prompts]
    checkpoint = str(work.home / "results.jsonl") if work.variant == "checkpoint" else None
    async with flexllm.LLMClient(
        provider="claude",
        base_url=f"{work.url}/v1",
        api_key=API_KEY,
        model=MODEL,
        concurrency_limit=work.in_flight,
        max_qps=0,
    ) as client:
        results = await client.chat_batch(
            messages, max_tokens=MAX_TOKENS, show_progress=False, output_jsonl=checkpoint
        )
    return sum(bool(result.ok and result.content) for result in results)


if __name__ == "__main__":
    measure(asked(), run)
