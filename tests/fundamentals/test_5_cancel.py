"""5. Cancel: a run or one item of it, from this process or any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fundamentals.shouting import question, settings, shout
from twolane import Engine, ItemState, RunState

if TYPE_CHECKING:
    from pathlib import Path


async def test_one_item_is_taken_out_of_a_run(tmp_path: Path) -> None:
    """The others go on; the canceled one is never sent."""
    requests = [question(name, name) for name in ("one", "two", "three")]
    async with Engine.open(settings(tmp_path), responder=shout) as engine:
        run = await engine.start(requests)
        assert await run.cancel("two")
        assert await run.drive() is RunState.DONE
        states = {outcome.key: outcome.state for outcome in run.outcomes()}
    assert states == {
        "one": ItemState.SUCCEEDED,
        "two": ItemState.CANCELED,
        "three": ItemState.SUCCEEDED,
    }


async def test_a_whole_run_is_canceled_for_good(tmp_path: Path) -> None:
    """Whoever works on the run carries the wish out; afterwards there is nothing to go on with."""
    async with Engine.open(settings(tmp_path), responder=shout) as engine:
        run = await engine.start([question(str(n), "hello") for n in range(5)])
        await run.cancel()
        assert await run.drive() is RunState.CANCELED
        assert (await run.report()).items.canceled == 5
        assert await run.drive() is RunState.CANCELED
