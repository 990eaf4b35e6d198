"""A month has a budget over all runs of a ledger, which processes cannot exceed together."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.twolane.ledger.test_damage import as_format_1
from tests.twolane.worker.scene import Scene, ask
from twolane import Engine, Lane, Request, RunState
from twolane.errors import ConnectionFailedError
from twolane.front.console import EXIT_BUDGET, exit_code, report_object
from twolane.ledger import LEDGER_FILE, Ledger, months
from twolane.ledger.check import check
from twolane.ledger.forgetting import forget
from twolane.planning import least
from twolane.run import MONTH_OVER

if TYPE_CHECKING:
    from pathlib import Path

    from twolane import Report, Run

DAY_S = 86_400.0
# Enough for about 17 of the requests below in real time, or 34 in batches.
BUDGET = Decimal("0.03")


def asked(count: int) -> list[Request]:
    """Return requests that cost two thirds of their reserve."""
    return ask(count, words=300, max_tokens=50)


def scene_with(home: Path, budget: Decimal | None = BUDGET, **settings: int) -> Scene:
    """Return a scene whose months have a budget."""
    return Scene(home, None, month_budget=budget, **settings)


def spent_in(home: Path) -> dict[str, int]:
    """Return what the ledger says of each month."""
    db = sqlite3.connect(home / LEDGER_FILE)
    found = dict(db.execute("SELECT month, committed_nano FROM months"))
    db.close()
    return found


async def _report(run: Run) -> Report:
    await run.drive()
    return await run.report()


async def _begin(engine: Engine, name: str, count: int, lane: Lane) -> Report:
    return await _report(await engine.start(asked(count), source=name, lane=lane))


@pytest.mark.parametrize("lane", list(Lane))
def test_a_months_budget_stops_a_run_with_what_is_left_named(tmp_path: Path, lane: Lane) -> None:
    """What does not fit is skipped with its reason, in either lane; the report has the month."""
    scene = scene_with(tmp_path)
    report = scene.run(lambda engine: _begin(engine, "one", 60, lane))
    assert (report.state, exit_code(report)) == (RunState.STOPPED, EXIT_BUDGET)
    assert report.items.succeeded > 0
    assert report.items.succeeded + report.items.skipped == 60
    assert {one.kind for one in report.failures} == {"budget"}
    assert all("month's budget" in one.message for one in report.failures)
    told = report_object(report)["month"]
    assert told["month"] == "2027-01"
    assert Decimal(told["budget_usd"]) == BUDGET
    assert Decimal(told["spent_usd"]) + Decimal(told["left_usd"]) == BUDGET
    assert Decimal(told["spent_usd"]) * 10**9 == report.actual_nano


def test_runs_share_the_month_one_after_the_other(tmp_path: Path) -> None:
    """The second run has what the first has left, and a third nothing."""
    scene = scene_with(tmp_path)
    reports = [
        scene.run(partial(_begin, name=str(n), count=60, lane=Lane.REALTIME), seed=n)
        for n in range(3)
    ]
    assert sum(one.actual_nano for one in reports) <= BUDGET * 10**9
    assert reports[0].items.succeeded > reports[1].items.succeeded >= reports[2].items.succeeded
    assert reports[2].state == RunState.STOPPED


@pytest.mark.parametrize("lane", list(Lane))
def test_two_processes_at_once_do_not_exceed_it_together(tmp_path: Path, lane: Lane) -> None:
    """At no moment do what both have spent and set aside add up to more than the budget."""
    scene = scene_with(tmp_path, batch_size=3, concurrency=4)
    scene.scripted.latency_s = 1.0
    other = Engine(scene.settings, scene.provider, executor=None, now=scene.clock.now, seed=1)
    most = int(BUDGET * 10**9)
    seen: list[int] = []

    async def both(engine: Engine) -> list[Report]:
        runs = [
            await one.start(asked(40), source=name, lane=lane)
            for one, name in ((engine, "first"), (other, "second"))
        ]
        for run in runs:
            run.listeners.append(
                lambda _: seen.append(months.spent(engine.ledger.store.db, engine.now()))
            )
        return list(await asyncio.gather(*map(_report, runs)))

    reports = scene.run(both)
    other.ledger.close()
    assert seen
    assert max(seen) <= most
    assert sum(one.actual_nano for one in reports) <= most
    assert all(one.items.succeeded + one.items.skipped == 40 for one in reports)
    assert all(one.items.open == 0 for one in reports)


def test_the_next_month_goes_on_where_this_one_stopped(tmp_path: Path) -> None:
    """Driven again in the same month nothing is sent; in the next one what was left out goes."""
    scene = scene_with(tmp_path)
    first = scene.run(lambda engine: _begin(engine, "one", 60, Lane.REALTIME))
    sent = len(scene.scripted.sent)

    async def again(engine: Engine) -> Report:
        run = await engine.latest("one")
        assert run is not None
        report = await _report(run)
        if report.state == RunState.STOPPED:
            assert run.row.state_reason == MONTH_OVER
        return report

    second = scene.run(again)
    while second.items.succeeded > first.items.succeeded:  # what was set aside had room for a few
        first, sent = second, len(scene.scripted.sent)
        second = scene.run(again)
    assert len(scene.scripted.sent) == sent
    scene.clock.run(asyncio.sleep(32 * DAY_S))
    third = scene.run(again)
    assert third.items.succeeded > second.items.succeeded
    assert set(spent_in(tmp_path)) == {"2027-01", "2027-02"}
    scene.settings = replace(scene.settings, month_budget=Decimal(5))
    assert scene.run(again).state == RunState.DONE
    assert max(scene.scripted.billed.values()) == 1


def test_what_may_have_been_paid_counts(tmp_path: Path) -> None:
    """Calls that broke off after they had left count at their reserve."""
    scene = scene_with(tmp_path, Decimal(1))
    scene.scripted.send_script.extend([ConnectionFailedError("cut", sent=True)] * 3)
    report = scene.run(lambda engine: _begin(engine, "one", 2, Lane.REALTIME))
    assert report.items.uncertain == 3
    assert spent_in(tmp_path)["2027-01"] == report.actual_nano


def test_what_was_paid_stays_paid_when_its_run_is_forgotten(tmp_path: Path) -> None:
    """Forgetting a run gives no money back."""
    scene = scene_with(tmp_path, Decimal(1))
    report = scene.run(lambda engine: _begin(engine, "one", 5, Lane.BATCH))
    ledger = Ledger(tmp_path / LEDGER_FILE)
    forget(ledger, [report.run])
    assert check(ledger) == []
    ledger.close()
    assert spent_in(tmp_path)["2027-01"] == report.actual_nano > 0


def test_an_older_ledger_knows_what_its_months_cost(tmp_path: Path) -> None:
    """The sums are made of the attempts there are."""
    scene = scene_with(tmp_path, None)
    report = scene.run(lambda engine: _begin(engine, "one", 5, Lane.BATCH))
    before = spent_in(tmp_path)
    as_format_1(tmp_path / LEDGER_FILE)
    Ledger(tmp_path / LEDGER_FILE).close()
    assert spent_in(tmp_path) == before == {"2027-01": report.actual_nano}


def test_a_plan_knows_what_the_month_leaves(tmp_path: Path) -> None:
    """Before anything is sent the month is part of the plan, and the smaller bound counts."""
    scene = scene_with(tmp_path)
    scene.run(lambda engine: _begin(engine, "one", 5, Lane.BATCH))

    async def plan(engine: Engine) -> None:
        found = engine.plan(asked(3), cap_nano=10**12)
        assert found.month is not None
        assert 0 < found.month.spent_nano < BUDGET * 10**9
        assert least(10**12, found.month) == found.month.left_nano
        assert least(None, None) is None

    scene.run(plan)
