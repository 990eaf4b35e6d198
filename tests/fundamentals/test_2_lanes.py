"""2. Two lanes: real time for one, batches for more; and whoever asks decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fundamentals.shouting import question, settings, shout
from twolane import Engine, Lane

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("count", "lane"), [(1, Lane.REALTIME), (2, Lane.BATCH), (200, Lane.BATCH)]
)
async def test_the_count_decides_the_lane(tmp_path: Path, count: int, lane: Lane) -> None:
    """One request is answered at once, two or more take the lane at half the price."""
    requests = [question(str(n), "hello") for n in range(count)]
    async with Engine.open(settings(tmp_path), responder=shout) as engine:
        plan = engine.plan(requests)
        assert plan.decision.lane is lane
        assert plan.decision.reason


async def test_a_lane_can_be_asked_for(tmp_path: Path) -> None:
    """`lane` overrides the choice, and the answers are the same."""
    requests = [question(str(n), "hello") for n in range(5)]
    async with Engine.open(settings(tmp_path), responder=shout) as engine:
        for lane in Lane:
            run = await engine.start(requests, lane=lane, again=True)
            assert [outcome.text async for outcome in run] == ["HELLO"] * 5
            assert (await run.report()).lanes[lane].items == 5


async def test_a_batch_is_the_grain_of_progress(tmp_path: Path) -> None:
    """Up to 800 items a batch holds 100; each is collected when it ends."""
    requests = [question(str(n), "hello") for n in range(250)]
    async with Engine.open(settings(tmp_path), responder=shout) as engine:
        run = await engine.start(requests)
        await run.drive()
        assert (await run.report()).lanes[Lane.BATCH].batches == 3
