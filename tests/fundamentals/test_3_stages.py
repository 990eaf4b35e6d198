"""3. Stages: a few first, to be looked at, then the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fundamentals.shouting import question, settings, shout
from twolane import Engine, ItemState, Lane, RunState, Stage

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_stage_is_finished_before_the_next_begins(tmp_path: Path) -> None:
    """Two typical items in real time; somebody looks at them; then all the others as a batch."""
    requests = [question(str(n), f"text {n}") for n in range(30)]
    async with Engine.open(settings(tmp_path), responder=shout) as engine:
        run = await engine.start(requests, stages=[Stage(frozenset({4, 9}), Lane.REALTIME)])

        assert await run.drive(0) is RunState.OPEN
        sample = [o for o in run.outcomes() if o.state is ItemState.SUCCEEDED]
        assert [outcome.text for outcome in sample] == ["TEXT 4", "TEXT 9"]

        assert await run.drive() is RunState.DONE
        report = await run.report()
        assert report.lanes[Lane.REALTIME].items == 2
        assert report.lanes[Lane.BATCH].items == 28
