"""Canceling a run, or one item of it, from another process: in either lane, at any moment."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.doubles import Crash
from tests.twolane.worker.scene import Scene, ask, assert_closed
from twolane import Lane, RunState
from twolane.errors import ConnectionFailedError, TransientError
from twolane.formats.jsonl import result_line
from twolane.ledger import Ledger, controls
from twolane.ledger.controls import CANCEL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twolane import Engine, Run
    from twolane.providers.base import Sink


def _ask_from_elsewhere(scene: Scene, run_id: str, key: str | None = None) -> None:
    """Leave the wish over a connection of its own, as another process does."""
    other = Ledger(scene.settings.home / "ledger.sqlite3")
    run = other.run(run_id)
    item = other.item_by_key(run, key) if key else None
    controls.ask(other, run, CANCEL, item=item.id if item else None, now=scene.clock.now())
    other.close()


async def _drive_and(
    scene: Scene, engine: Engine, lane: Lane, after_s: float, act: Callable[[Run], None]
) -> Run:
    """Drive a run of six and act on it after some time."""
    run = await scene.begin(engine, ask(6), lane=lane)
    asyncio.get_running_loop().call_later(after_s, act, run)
    await run.drive()
    return run


def _canceled_from_elsewhere(scene: Scene, lane: Lane) -> RunState:
    """Drive a run of six that another process cancels; return its state once all is closed."""

    async def work(engine: Engine) -> RunState:
        run = await _drive_and(
            scene, engine, lane, 100, lambda run: _ask_from_elsewhere(scene, run.id)
        )
        assert_closed(engine, run)
        return run.row.state

    return scene.run(work)


def test_a_pending_item_is_canceled_before_it_is_sent(tmp_path: Path) -> None:
    """An item that waits is never sent, and nothing is paid for it."""
    scene = Scene(tmp_path)

    async def work(engine: Engine) -> None:
        run = await scene.begin(engine, ask(6))
        _ask_from_elsewhere(scene, run.id, "n4.md")
        await run.drive()
        assert_closed(engine, run)

    scene.run(work)
    report = scene.finish(ask(6))
    assert (report.items.succeeded, report.items.canceled) == (5, 1)
    assert "q4" not in scene.scripted.billed


def test_a_call_in_flight_is_dropped(tmp_path: Path) -> None:
    """In real time the item's call is dropped within seconds; it may have been paid for."""
    scene = Scene(tmp_path)
    scene.scripted.latency_s = 300.0
    before = scene.clock.now()

    async def work(engine: Engine) -> float:
        run = await scene.begin(engine, ask(1))
        asyncio.get_running_loop().call_later(5, _ask_from_elsewhere, scene, run.id, "n0.md")
        await run.drive()
        assert_closed(engine, run)
        return scene.clock.now() - before

    assert scene.run(work) < 10
    report = scene.finish(ask(1))
    assert (report.items.canceled, report.items.uncertain) == (1, 1)
    assert report.actual_nano > 0
    assert scene.outcomes()[0].body is None


def test_an_item_inside_a_batch_is_booked_and_not_delivered(tmp_path: Path) -> None:
    """Its answer comes with the batch, is paid for and shown as canceled, never as a result."""
    scene = Scene(tmp_path)
    scene.scripted.hold = True

    def act(run: Run) -> None:
        _ask_from_elsewhere(scene, run.id, "n2.md")
        asyncio.get_running_loop().call_later(100, scene.scripted.let_go)

    async def work(engine: Engine) -> None:
        run = await _drive_and(scene, engine, Lane.BATCH, 100, act)
        assert_closed(engine, run)

    scene.run(work)
    report = scene.finish(ask(6))
    assert (report.items.succeeded, report.items.canceled) == (5, 1)
    outcome = scene.outcomes()[2]
    assert outcome.state == "canceled"
    assert outcome.cost_nano > 0
    assert outcome.text == ""
    assert b'"result":{"type":"canceled"}' in result_line(outcome)


@pytest.mark.parametrize("lane", list(Lane))
def test_a_canceled_run_ends_soon_and_for_good(tmp_path: Path, lane: Lane) -> None:
    """All that has not ended is canceled, batches are ended at the provider, nothing goes on."""
    scene = Scene(tmp_path, concurrency=2, batch_size=3)
    scene.scripted.hold = True
    scene.scripted.latency_s = 3_000.0
    before = scene.clock.now()

    assert _canceled_from_elsewhere(scene, lane) is RunState.CANCELED
    assert scene.clock.now() - before < 900
    assert {batch.status for batch in scene.scripted.batches} <= {"ended"}
    billed = sum(scene.scripted.billed.values())
    report = scene.finish(ask(6))
    assert report.state == RunState.CANCELED
    assert report.items.canceled == 6
    assert sum(scene.scripted.billed.values()) == billed


def test_a_cancel_that_fails_at_the_provider_is_tried_again(tmp_path: Path) -> None:
    """A batch is asked to end again after every poll until the provider has heard it."""
    scene = Scene(tmp_path)
    scene.scripted.hold = True
    fails = [TransientError("no", status=500), ConnectionFailedError("no", sent=True)]
    cancel = scene.scripted.cancel_batch

    async def flaky(batch_id: str) -> object:
        if fails:
            raise fails.pop()
        return await cancel(batch_id)

    scene.scripted.cancel_batch = flaky  # type: ignore[method-assign, assignment]

    assert _canceled_from_elsewhere(scene, Lane.BATCH) is RunState.CANCELED
    assert sum(scene.scripted.billed.values()) == 0


def test_a_batch_that_ends_while_its_cancel_is_on_the_way_is_collected(tmp_path: Path) -> None:
    """A poll may see the end before the answer to the cancel arrives; neither disturbs the other."""
    scene = Scene(tmp_path)
    scene.scripted.hold = True
    cancel, fetch = scene.scripted.cancel_batch, scene.scripted.fetch_results

    async def slow_cancel(batch_id: str) -> object:
        info = await cancel(batch_id)
        await asyncio.sleep(200)
        return info

    async def slower_results(batch_id: str, out: Sink) -> None:
        await asyncio.sleep(400)
        await fetch(batch_id, out)

    scene.scripted.cancel_batch = slow_cancel  # type: ignore[method-assign, assignment]
    scene.scripted.fetch_results = slower_results  # type: ignore[method-assign]

    assert _canceled_from_elsewhere(scene, Lane.BATCH) is RunState.CANCELED


def test_a_cancel_before_any_process_works_is_carried_out_by_the_next(tmp_path: Path) -> None:
    """The wish stays in the ledger until somebody takes the run up."""
    scene = Scene(tmp_path)
    scene.scripted.create_script.append("crash_after")

    async def crash(engine: Engine) -> str:
        run = await scene.begin(engine, ask(6))
        with pytest.raises(Crash):
            await run.drive()
        return run.id

    _ask_from_elsewhere(scene, scene.run(crash))
    report = scene.finish(ask(6))
    assert report.state == RunState.CANCELED
    assert report.items.canceled == 6


def test_a_run_canceled_and_left_is_still_canceled_when_its_batches_end(tmp_path: Path) -> None:
    """Where the process stops before the batches ended, the next one closes it as canceled."""
    scene = Scene(tmp_path)
    scene.scripted.hold = True

    async def never(_: str) -> object:
        raise TransientError("no", status=500)

    cancel = scene.scripted.cancel_batch
    scene.scripted.cancel_batch = never  # type: ignore[method-assign, assignment]

    async def work(engine: Engine) -> RunState:
        def act(run: Run) -> None:
            _ask_from_elsewhere(scene, run.id)
            asyncio.get_running_loop().call_later(50, run.stop)

        return (await _drive_and(scene, engine, Lane.BATCH, 100, act)).row.state

    assert scene.run(work) is RunState.OPEN
    scene.scripted.cancel_batch = cancel  # type: ignore[method-assign]
    assert scene.finish(ask(6)).state == RunState.CANCELED
    assert sum(scene.scripted.billed.values()) == 0


def test_an_item_that_has_ended_stays_as_it_is(tmp_path: Path) -> None:
    """Canceling what is answered changes nothing, and a key there is not is told."""
    scene = Scene(tmp_path)

    async def work(engine: Engine) -> None:
        run = await scene.begin(engine, ask(6))
        await run.drive()
        assert await run.cancel("n1.md")
        assert not await run.cancel("nobody")
        await run.drive()

    scene.run(work)
    assert scene.finish(ask(6)).items.succeeded == 6
