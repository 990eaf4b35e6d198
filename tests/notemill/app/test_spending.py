"""Money over a whole ledger: by run and month, what batches saved, and where it leads."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from notemill.app.runs import forget
from notemill.app.spending import MoneySpent, money_spent
from notemill.app.views.spending import money
from notemill.cli.spending import show_spending
from tests.notemill.fronts import KeepingFront
from tests.notemill.workflows.notes import Desk, many
from tests.twolane.worker.scene import Scene, ask
from twolane import Lane, Report, RunState, Settings, format_usd

if TYPE_CHECKING:
    from pathlib import Path

    from twolane import Engine

DAY_S = 86_400.0


def answered(scene: Scene, lane: Lane, source: str) -> Report:
    """Have six requests answered in a lane, as a run of its own."""

    async def work(engine: Engine) -> Report:
        run = await engine.start(ask(6), source=source, lane=lane)
        await run.drive()
        assert run.row.state is RunState.DONE
        return await run.report()

    return scene.run(work)


def spent(scene: Scene) -> MoneySpent:
    """Return what a ledger has spent by now."""
    return money_spent(scene.settings, now_s=scene.clock.now())


def test_nothing_was_spent_in_an_empty_ledger(tmp_path: Path) -> None:
    """There is no month, and nothing to project from."""
    found = money_spent(Scene(tmp_path).settings, now_s=1_800_000_000.0)
    assert (found.runs, found.months, found.projection) == ((), (), None)
    assert money(found)["spent_usd"] == "0"
    assert money(found)["projection"] is None


def test_runs_and_months_add_up_and_batches_save_half(tmp_path: Path) -> None:
    """What a batch saved is what real time would have cost beyond its bill; months have no gaps."""
    scene = Scene(tmp_path)
    dear = answered(scene, Lane.REALTIME, "a")
    scene.clock.advance(70 * DAY_S)
    cheap = answered(scene, Lane.BATCH, "b")
    found = spent(scene)
    assert [one.cost_nano for one in found.runs] == [cheap.actual_nano, dear.actual_nano]
    assert [one.saved_nano for one in found.runs] == [cheap.actual_nano, 0]
    assert cheap.actual_nano * 2 == dear.actual_nano
    first, *between, last = found.months
    assert (first.cost_nano, last.cost_nano) == (dear.actual_nano, cheap.actual_nano)
    assert [one.cost_nano for one in between] == [0] * len(between)
    assert len(between) in (1, 2)
    assert found.cost_nano == dear.actual_nano + cheap.actual_nano
    assert found.saved_nano == last.saved_nano == cheap.actual_nano
    assert [one.reserved_nano for one in found.months] == [0] * len(found.months)


def test_a_projection_is_of_the_last_weeks_and_says_so(tmp_path: Path) -> None:
    """A young ledger counts as a week; an old one by its last four."""
    scene = Scene(tmp_path)
    cost = answered(scene, Lane.REALTIME, "a").actual_nano
    young = spent(scene).projection
    assert young is not None
    assert (young.days, young.cost_nano, young.week_nano) == (7, cost, cost)
    assert young.year_nano == 52 * cost
    assert young.month_nano == pytest.approx(52 * cost / 12, abs=1)
    scene.clock.advance(13 * DAY_S)
    older = spent(scene).projection
    assert older is not None
    assert (older.days, older.week_nano) == (14, (cost + 1) // 2)
    scene.clock.advance(100 * DAY_S)
    idle = spent(scene).projection
    assert idle is not None
    assert (idle.days, idle.cost_nano, idle.year_nano) == (28, 0, 0)


def test_a_budget_of_the_month_is_told_with_what_is_left(tmp_path: Path) -> None:
    """Without one both are None."""
    scene = Scene(tmp_path)
    cost = answered(scene, Lane.REALTIME, "a").actual_nano
    assert spent(scene).budget_nano is None
    scene.settings = replace(scene.settings, month_budget=Decimal(1))
    found = spent(scene)
    assert found.budget_nano == 1_000_000_000
    assert found.left_nano == 1_000_000_000 - cost


def test_what_forgotten_runs_cost_stays_in_their_month(tmp_path: Path) -> None:
    """The run is gone from the list, its money is not."""
    desk = Desk(tmp_path, many(3))
    desk.curate()
    named, cost = desk.latest(), desk.report().actual_nano
    settings = Settings(home=desk.home)
    before = money_spent(settings, now_s=desk.clock.now())
    assert [one.run for one in before.runs] == [named]
    asyncio.run(forget(settings, [named], KeepingFront()))
    after = money_spent(settings, now_s=desk.clock.now())
    assert after.runs == ()
    assert after.cost_nano == after.months[-1].forgotten_nano == before.cost_nano == cost


def test_the_command_shows_months_and_where_they_lead(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In dollars, for people and as JSON."""
    settings = Scene(tmp_path / "none").settings
    assert asyncio.run(show_spending(settings, as_json=False)) == 0
    assert capsys.readouterr().out == "nothing spent yet\n"
    assert asyncio.run(show_spending(settings, as_json=True)) == 0
    assert '"months":[]' in capsys.readouterr().out.replace(" ", "").replace("\n", "")


def test_the_command_shows_every_month(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And all of them together."""
    scene = Scene(tmp_path)
    cost = answered(scene, Lane.BATCH, "a").actual_nano
    asyncio.run(show_spending(scene.settings, as_json=False))
    said = capsys.readouterr().out
    assert said.count(format_usd(cost)) >= 4
    assert "a week" in said
