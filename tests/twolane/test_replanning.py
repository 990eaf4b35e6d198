"""Plans on other terms, and what a run is expected to take and to cost at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.twolane.worker.scene import Scene, ask
from twolane import ConfigError, Lane
from twolane.providers.base import Traits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twolane import Engine, Forecast, Plan, Request

HOUR_S = 3_600.0


class Read:
    """Requests that count how often they are gone through."""

    def __init__(self, count: int) -> None:
        """Take so many."""
        self.times = 0
        self._requests = ask(count)

    def __iter__(self) -> Iterator[Request]:
        """Iterate them."""
        self.times += 1
        return iter(self._requests)


def test_other_terms_need_no_other_look_at_the_requests(tmp_path: Path) -> None:
    """Lane, reason and price follow the terms as in a plan made anew."""
    scene, requests = Scene(tmp_path), Read(30)

    async def work(engine: Engine) -> tuple[Plan, Plan, Plan, Plan]:
        first = engine.plan(requests)
        soon = engine.now() + 30.0
        return (
            first,
            engine.replan(first, deadline_at=soon),
            engine.replan(first, lane=Lane.REALTIME),
            engine.plan(ask(30), deadline_at=soon),
        )

    first, hurried, forced, anew = scene.run(work)
    assert requests.times == 1
    assert (first.decision.lane, forced.decision.lane) == (Lane.BATCH, Lane.REALTIME)
    assert hurried.decision == anew.decision
    assert hurried.decision.lane is Lane.REALTIME
    assert hurried.estimated_nano == anew.estimated_nano > first.estimated_nano


def test_a_lane_that_there_is_not_is_refused_in_a_new_plan_as_well(tmp_path: Path) -> None:
    """A provider without batches says so."""
    scene = Scene(tmp_path)
    scene.scripted.traits = Traits(no_batches="it has none")

    async def work(engine: Engine) -> None:
        plan = engine.plan(ask(3))
        with pytest.raises(ConfigError, match="it has none"):
            engine.replan(plan, lane=Lane.BATCH)

    scene.run(work)


def test_a_forecast_is_of_the_ledgers_own_history(tmp_path: Path) -> None:
    """Until there is one the usual times stand; then what this provider took."""
    scene = Scene(tmp_path, batch_size=2)

    async def forecast(engine: Engine) -> Forecast:
        return engine.forecast(engine.plan(ask(12)))

    before = scene.run(forecast)
    assert before.tempo.batches == 0
    assert 0 < before.finish.p50_s < before.finish.p90_s
    scene.finish(ask(12), lane=Lane.BATCH)
    after = scene.run(forecast)
    assert after.tempo.batches >= 5
    assert after.finish.p50_s < before.finish.p50_s


def test_the_worst_case_is_never_exceeded(tmp_path: Path) -> None:
    """It is above the estimate and above the bill; a deadline adds what real time would cost."""
    scene = Scene(tmp_path)

    async def work(engine: Engine) -> tuple[Plan, list[int]]:
        plan = engine.plan(ask(12))
        by = engine.now() + 5 * HOUR_S
        return plan, [
            engine.forecast(plan).worst_nano,
            engine.forecast(plan, deadline_at=by).worst_nano,
            engine.forecast(plan, deadline_at=by, by_strict=True).worst_nano,
            engine.forecast(plan, cache=True).worst_nano,
        ]

    plan, (plain, late, twice, cached) = scene.run(work)
    assert plan.estimated_nano < plain < late < twice
    assert cached > plain
    assert twice == plain + late
    report = scene.finish(ask(12), lane=Lane.BATCH)
    assert 0 < report.actual_nano <= plain
