"""Deadlines: batches that would be late are given up, what they left goes in real time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.doubles import Crash
from tests.thinning import thinned
from tests.twolane.worker.scene import MODEL, Scene, ask, assert_closed
from twolane import Lane, RunState
from twolane.core.pricing import cost_nano
from twolane.errors import BudgetExceededError
from twolane.ledger import controls
from twolane.ledger.check import check
from twolane.providers.anthropic import AnthropicProvider
from twolane.sim import NO_FAULTS, Faults, Pace, SimTransport, Simulator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from twolane import Engine, Report
    from twolane.core.types import BatchInfo, Reply
    from twolane.ledger import BatchRow

HOUR_S = 3_600.0


def _echo(params: Mapping[str, Any]) -> Mapping[str, Any]:
    head, _, question = params["messages"][0]["content"].partition("\n")
    return {"note_ref": head.removeprefix("note_ref: "), "text": question}


def _scene(
    home: Path,
    pace: Pace,
    *,
    faults: Faults = NO_FAULTS,
    **settings: Any,  # noqa: ANN401
) -> tuple[Scene, Simulator]:
    scene = Scene(home, **{"batch_size": 10, "concurrency": 8, **settings})
    sim = Simulator(now=scene.clock.now, seed=3, faults=faults, responder=_echo, pace=pace)
    scene.provider = AnthropicProvider(SimTransport(sim), api_key="sk-any", base_url="sim")
    return scene, sim


def _by(scene: Scene, within_s: float) -> float:
    return scene.clock.now() + within_s


def _closed(scene: Scene, sim: Simulator) -> None:
    """See that the run is closed, its ledger sound, and its bill what the ledger says."""

    async def work(engine: Engine) -> None:
        run = await engine.latest("scene")
        assert run is not None
        assert_closed(engine, run)
        assert check(engine.ledger) == []
        known = engine.known_prices()[MODEL]
        bill = sum(cost_nano(charge.usage, known.rates(charge.lane)) for charge in sim.billing)
        spent, _ = engine.ledger.money(run.row)
        assert spent == bill

    scene.run(work)


def _all_answered(report: Report, count: int) -> None:
    assert report.state == RunState.DONE
    assert report.items.succeeded == count


def test_with_batches_in_time_nothing_is_given_up(tmp_path: Path) -> None:
    """A deadline that the provider keeps costs nothing: all is answered at half price."""
    scene, sim = _scene(tmp_path, Pace(batch_s=(300.0, 900.0)))
    report = scene.finish(ask(50), deadline_at=_by(scene, HOUR_S))
    _all_answered(report, 50)
    assert report.lanes[Lane.BATCH].items == 50
    assert report.deadline is not None
    assert report.deadline.held is True
    assert report.deadline.given_up == 0
    assert sim.calls["messages"] == 0


def test_late_batches_are_given_up_and_the_deadline_holds(tmp_path: Path) -> None:
    """What late batches finished is kept at half price, the rest comes in real time, in time."""
    scene, sim = _scene(tmp_path, Pace(batch_s=(1_000.0, 9_000.0)))
    report = scene.finish(ask(100), deadline_at=_by(scene, HOUR_S))
    _all_answered(report, 100)
    assert report.deadline is not None
    assert report.deadline.held is True
    assert report.deadline.given_up > 0
    assert 0 < report.lanes[Lane.REALTIME].items < 100
    assert report.lanes[Lane.BATCH].items + report.lanes[Lane.REALTIME].items == 100
    assert sim.paid_twice() == 0
    _closed(scene, sim)


def test_what_a_given_up_batch_finished_is_not_asked_again(tmp_path: Path) -> None:
    """Every item is billed once: in the batch if that had got to it, in real time otherwise."""
    scene, sim = _scene(tmp_path, Pace(batch_s=(7_000.0, 7_000.0)), batch_size=40)
    report = scene.finish(ask(40), deadline_at=_by(scene, HOUR_S))
    _all_answered(report, 40)
    kept = report.lanes[Lane.BATCH].items
    assert 0 < kept < 40
    assert sum(charge.lane is Lane.BATCH for charge in sim.billing) == kept
    assert sum(charge.lane is Lane.REALTIME for charge in sim.billing) == 40 - kept


def test_a_short_deadline_goes_straight_to_real_time(tmp_path: Path) -> None:
    """Where half of the batches would take longer than there is time, none is posted."""
    scene, sim = _scene(tmp_path, Pace())
    report = scene.finish(ask(20), deadline_at=_by(scene, 300.0))
    _all_answered(report, 20)
    assert report.lanes[Lane.REALTIME].items == 20
    assert report.decision.lane is Lane.REALTIME
    assert "deadline" in report.decision.reason
    assert sim.batches() == []


def test_the_lane_that_was_asked_for_begins_in_batches_all_the_same(tmp_path: Path) -> None:
    """A forced batch lane overrules the look at the clock, and late batches still move."""
    scene, sim = _scene(tmp_path, Pace(batch_s=(2_000.0, 2_000.0)))
    report = scene.finish(ask(20), lane=Lane.BATCH, deadline_at=_by(scene, 300.0))
    _all_answered(report, 20)
    assert sim.batches()
    assert report.deadline is not None
    assert report.deadline.held is True


def test_how_long_batches_take_is_learned(tmp_path: Path) -> None:
    """A provider whose batches took seconds gets them, where an unknown one would not."""
    scene, sim = _scene(tmp_path, Pace(batch_s=(5.0, 20.0)), poll_s=2.0)

    async def first(engine: Engine) -> None:
        await (await engine.start(ask(100))).drive()

    scene.run(first, seed=9)
    batches = len(sim.batches())
    report = scene.finish(ask(20), deadline_at=_by(scene, 300.0))
    _all_answered(report, 20)
    assert report.decision.lane is Lane.BATCH
    assert len(sim.batches()) > batches


def test_a_slow_cancellation_is_waited_for_and_its_lateness_told(tmp_path: Path) -> None:
    """Nothing is sent again before a batch has ended; the report says that the deadline did not hold."""
    pace = Pace(batch_s=(9_000.0, 9_000.0), request_s=(200.0, 300.0))
    scene, sim = _scene(tmp_path, pace)
    report = scene.finish(ask(10), lane=Lane.BATCH, deadline_at=_by(scene, 600.0))
    _all_answered(report, 10)
    assert report.deadline is not None
    assert report.deadline.held is False
    assert sim.paid_twice() == 0


def test_a_strict_deadline_races_and_books_both(tmp_path: Path) -> None:
    """With `by_strict` the rest is sent while the batch still ends; both bills are in the ledger."""
    pace = Pace(batch_s=(9_000.0, 9_000.0), request_s=(100.0, 100.0))
    scene, sim = _scene(tmp_path, pace)
    report = scene.finish(ask(10), lane=Lane.BATCH, deadline_at=_by(scene, 600.0), by_strict=True)
    _all_answered(report, 10)
    assert report.lanes[Lane.REALTIME].items > 0
    _closed(scene, sim)


def test_a_race_whose_calls_are_lost_is_left_to_the_batch_in_the_end(tmp_path: Path) -> None:
    """Every process that dies in a race pays for a call, and the fifth one waits for the batch."""
    scene, _ = _scene(tmp_path, Pace(batch_s=(9_000.0, 9_000.0), request_s=(100.0, 100.0)))
    provider, send = scene.provider, scene.provider.send
    left_at: list[float] = []

    async def dies_four_times(body: bytes, *, most_bytes: int, betas: Sequence[str] = ()) -> Reply:
        left_at.append(scene.clock.now())
        if len(left_at) <= 4:
            raise Crash
        return await send(body, most_bytes=most_bytes, betas=betas)

    provider.send = dies_four_times  # type: ignore[method-assign]
    deadline_at = _by(scene, 600.0)

    async def work(engine: Engine) -> tuple[Report, BatchRow]:
        run = await scene.begin(
            engine, ask(1), lane=Lane.BATCH, deadline_at=deadline_at, by_strict=True
        )
        await run.drive()
        return await run.report(), engine.ledger.batches(run.row)[0]

    for seed in range(4):
        with pytest.raises(Crash):
            scene.run(work, seed=seed)
    report, batch = scene.run(work, seed=4)
    _all_answered(report, 1)
    assert report.items.uncertain == 4
    assert batch.ended_at is not None
    assert left_at[3] < batch.ended_at <= left_at[4]


@pytest.mark.parametrize("at_commit", thinned(range(1, 40, 3), every=4))
@pytest.mark.parametrize("strict", [False, True])
def test_a_crash_while_batches_are_given_up_loses_nothing(
    tmp_path: Path, at_commit: int, *, strict: bool
) -> None:
    """Killed at any commit on the way, the next process keeps the deadline of the first."""
    scene, sim = _scene(tmp_path, Pace(batch_s=(2_000.0, 9_000.0)), batch_size=5)
    deadline_at = _by(scene, HOUR_S)

    async def work(engine: Engine) -> Report:
        run = await scene.begin(engine, ask(20), deadline_at=deadline_at, by_strict=strict)
        await run.drive()
        return await run.report()

    with pytest.raises(Crash):
        scene.run(work, ends_at=at_commit)
    report = scene.run(work, seed=1)
    _all_answered(report, 20)
    assert report.items.uncertain >= sim.paid_twice()


def test_a_deadline_has_its_price_set_aside(tmp_path: Path) -> None:
    """With a cap, all of it has to fit in real time, or the run is refused and the price named."""
    scene, _ = _scene(tmp_path, Pace())

    async def work(engine: Engine) -> None:
        estimate = engine.plan(ask(50)).quote
        cap_nano = (estimate.batch_nano + estimate.realtime_nano) // 2
        with pytest.raises(BudgetExceededError, match="real time, at about"):
            engine.plan(ask(50), cap_nano=cap_nano, deadline_at=_by(scene, HOUR_S))

    scene.run(work)


def test_retries_go_in_real_time_when_time_is_short(tmp_path: Path) -> None:
    """Items that fail in a batch near the deadline do not wait for another batch."""
    faults = Faults(errored=0.5, errored_kinds=("overloaded_error",))
    scene, sim = _scene(tmp_path, Pace(batch_s=(3_000.0, 3_200.0)), faults=faults)
    report = scene.finish(ask(30), deadline_at=_by(scene, HOUR_S))
    assert report.items.open == 0
    assert report.deadline is not None
    assert report.deadline.held is True
    assert report.lanes[Lane.REALTIME].items > 0
    assert sim.paid_twice() == 0


def test_a_crash_right_after_a_cancellation_was_taken_fails_nothing(tmp_path: Path) -> None:
    """The next process knows that the canceled items were given up by the run itself."""
    scene, sim = _scene(tmp_path, Pace(batch_s=(9_000.0, 9_000.0)))
    provider = scene.provider
    taken = provider.cancel_batch

    async def dies(batch_id: str) -> BatchInfo:
        await taken(batch_id)
        raise Crash

    deadline_at = _by(scene, HOUR_S)

    async def work(engine: Engine) -> Report:
        run = await scene.begin(engine, ask(20), deadline_at=deadline_at)
        await run.drive()
        return await run.report()

    provider.cancel_batch = dies  # type: ignore[method-assign]
    with pytest.raises(Crash):
        scene.run(work)
    provider.cancel_batch = taken  # type: ignore[method-assign]
    report = scene.run(work, seed=1)
    _all_answered(report, 20)
    assert report.deadline is not None
    assert report.deadline.held is True
    assert sim.paid_twice() == 0


def test_a_run_that_a_person_cancels_gave_no_batch_up(tmp_path: Path) -> None:
    """Batches canceled with their run are not counted as late."""
    scene, _ = _scene(tmp_path, Pace(batch_s=(9_000.0, 9_000.0)))

    async def work(engine: Engine) -> Report:
        run = await scene.begin(engine, ask(20), deadline_at=_by(scene, HOUR_S))
        asyncio.get_running_loop().call_later(
            60.0,
            lambda: controls.ask(
                engine.ledger, run.row, "cancel", item=None, now=scene.clock.now()
            ),
        )
        await run.drive()
        return await run.report()

    report = scene.run(work)
    assert report.state == RunState.CANCELED
    assert report.deadline is not None
    assert report.deadline.given_up == 0


def test_the_limits_a_minute_are_remembered_for_the_next_deadline(tmp_path: Path) -> None:
    """With few requests a minute, late batches are given up early enough to finish all the same."""
    faults = Faults(requests_per_min=20)
    scene, sim = _scene(tmp_path, Pace(batch_s=(9_000.0, 9_000.0)), faults=faults, batch_size=50)

    async def first(engine: Engine) -> None:
        await (await engine.start(ask(3), lane=Lane.REALTIME)).drive()

    scene.run(first, seed=9)
    report = scene.finish(ask(100), deadline_at=_by(scene, HOUR_S))
    _all_answered(report, 100)
    assert report.deadline is not None
    assert report.deadline.held is True
    assert report.lanes[Lane.REALTIME].items > 40
    assert sim.paid_twice() == 0
