"""twolane: a whole run each time, in a lane that is given and not chosen.

That is planning, every request into the ledger, sending, checking, pricing and booking every
answer durably, and the report.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from twolane import Engine, Lane, Request, Settings

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from bench.peers.work import API_KEY, Work, asked, measure, params  # run by its path


def run(work: Work, prompts: list[str]) -> int:
    """Answer the prompts in the asked lane."""
    return asyncio.run(drive(work, prompts))


async def drive(work: Work, prompts: list[str]) -> int:
    """Answer the prompts as one run, or go on with the run that the ledger holds."""
    requests = [
        Request(key=f"note-{number}", params=params(prompt))
        for number, prompt in enumerate(prompts)
    ]
    settings = Settings(
        home=work.home,
        api_key=API_KEY,
        base_url=work.url,
        concurrency=work.in_flight,
        batch_size=work.batch_size,
        poll_s=0.1,
    )
    async with Engine.open(settings) as engine:
        begun = await engine.runs()
        if begun:
            one = await engine.run(begun[0].id)
        else:
            one = await engine.start(requests, lane=Lane(work.lane))
        await one.drive()
        return (await one.report()).items.succeeded


if __name__ == "__main__":
    measure(asked(), run)
