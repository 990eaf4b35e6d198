"""1. Open an engine, hand in requests, read what becomes of them.

Every example of this tutorial answers offline, with a function in this process, and is otherwise
what a program with a real provider looks like.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fundamentals.shouting import question, settings, shout
from twolane import Engine, ItemState, Lane, RunState

if TYPE_CHECKING:
    from pathlib import Path


async def test_requests_are_answered_each_under_its_own_key(tmp_path: Path) -> None:
    """A run is started with requests, and iterating it drives it."""
    async with Engine.open(settings(tmp_path), responder=shout) as engine:
        run = await engine.start([question("one", "hello"), question("two", "world")])
        answers = {outcome.key: outcome.text async for outcome in run}
    assert answers == {"one": "HELLO", "two": "WORLD"}


async def test_an_outcome_says_how_it_came_about(tmp_path: Path) -> None:
    """Each outcome has its place in the input, its lane, attempts, cost and state."""
    async with Engine.open(settings(tmp_path), responder=shout) as engine:
        run = await engine.start([question("one", "hello")])
        (outcome,) = [outcome async for outcome in run]
    assert outcome.index == 0
    assert outcome.state is ItemState.SUCCEEDED
    assert outcome.lane is Lane.REALTIME
    assert outcome.attempts == 1
    assert outcome.custom_id.startswith("file_00000_one-")


async def test_a_run_can_be_driven_without_looking_at_outcomes(tmp_path: Path) -> None:
    """`drive` works until all have ended; the outcomes can be read afterwards, in input order."""
    async with Engine.open(settings(tmp_path), responder=shout) as engine:
        run = await engine.start([question(str(n), f"text {n}") for n in range(20)])
        assert await run.drive() is RunState.DONE
        assert [outcome.text for outcome in run.outcomes()] == [f"TEXT {n}" for n in range(20)]
