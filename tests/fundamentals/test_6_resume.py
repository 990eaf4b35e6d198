"""6. Stop and go on: whatever is true of a run is in the ledger before anything acts on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from tests.fundamentals.shouting import question, settings, shout
from twolane import Engine, Lane, RunState, TwolaneError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from twolane import ItemOutcome


async def test_another_process_goes_on_where_the_first_one_stopped(tmp_path: Path) -> None:
    """A run is found by its id or by its source, and only what is missing is asked."""
    requests = [question(str(n), f"text {n}") for n in range(40)]
    asked: list[str] = []

    def answer(params: object) -> str:
        asked.append(str(params))
        return "yes"

    async with Engine.open(settings(tmp_path), responder=answer) as engine:
        run = await engine.start(requests, lane=Lane.REALTIME, source="my vault")
        async for _ in run:
            break  # leaving the loop stops the run when what is in flight has ended
        run.stop()

    async with Engine.open(settings(tmp_path), responder=answer) as engine:
        found = await engine.latest("my vault")
        assert found is not None
        assert found.id == run.id
        assert await found.drive() is RunState.DONE
        assert (await found.report()).items.succeeded == 40


async def test_an_engine_that_closes_lets_a_run_end_what_is_in_flight(tmp_path: Path) -> None:
    """A run left in the middle is stopped and booked, never cut off from its ledger."""
    requests = [question(str(n), f"text {n}") for n in range(1_000)]
    async with Engine.open(settings(tmp_path), responder=shout) as engine:
        run = await engine.start(requests, lane=Lane.REALTIME, source="my vault")
        outcomes = cast("AsyncGenerator[ItemOutcome, None]", aiter(run))
        await anext(outcomes)
    await outcomes.aclose()

    async with Engine.open(settings(tmp_path), responder=shout) as engine:
        found = await engine.latest("my vault")
        assert found is not None
        assert (await found.report()).items.running == 0
        assert await found.drive() is RunState.DONE


async def test_one_process_at_a_time_works_on_a_run(tmp_path: Path) -> None:
    """Others may look, cancel and wait; driving it as well is refused."""
    async with Engine.open(settings(tmp_path), responder=shout) as engine:
        run = await engine.start([question(str(n), "hello") for n in range(5)])
        outcomes = aiter(run)
        await anext(outcomes)
        again = await engine.run(run.id)
        assert (await again.report()).items.total == 5
        if run.row.state is RunState.OPEN:
            with pytest.raises(TwolaneError, match="works on run"):
                await again.drive()
        assert len([outcome async for outcome in outcomes]) == 4
