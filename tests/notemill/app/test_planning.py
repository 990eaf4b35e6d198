"""What work would cost and when it would end, as a deadline and a budget move."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from notemill.app.mill import Mill
from notemill.app.work import work_of
from notemill.errors import WaitingForPersonError
from tests.notemill.fronts import KeepingFront
from tests.notemill.workflows.notes import Desk, many, write_notes
from twolane import Lane, Settings

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.app.planning import WorkPlan


async def planned(mill: Mill, kind: str = "curate", **options: object) -> WorkPlan:
    """Plan work; without a vocabulary before it unless that is asked for."""
    given = {"vocabulary": False} | options if kind == "curate" else options
    return await work_of(kind, given).plan(mill)


def plans(desk: Desk, *wanted: dict[str, object]) -> list[WorkPlan]:
    """Plan curations with these options, one after the other, as one process."""

    async def job(mill: Mill) -> list[WorkPlan]:
        return [await planned(mill, "curate", **options) for options in wanted]

    return desk.through_the_door(job, KeepingFront())


def test_a_deadline_moves_lane_price_and_end(tmp_path: Path) -> None:
    """With time there is a batch at half price; without, real time, dearer and sooner."""
    desk = Desk(tmp_path, many(40))
    free, later, soon = plans(desk, {}, {"by": "6h"}, {"by": "2m"})
    assert (free.lane, later.lane, soon.lane) == (Lane.BATCH, Lane.BATCH, Lane.REALTIME)
    assert free.items == free.priced == 40
    assert free.price_nano == free.batch_nano < soon.price_nano == soon.realtime_nano
    assert "what is late in" in later.reason
    assert "the deadline leaves a batch" in soon.reason
    assert free.p50_s is not None
    assert free.p90_s is not None
    assert soon.p90_s is not None
    assert free.p50_s < free.p90_s
    assert soon.p90_s < free.p90_s
    assert free.worst_nano < later.worst_nano
    assert free.price_nano < free.worst_nano
    assert (free.batches, free.calls, free.problem) == (0, 0, "")


def test_a_budget_says_for_how_many_notes_it_is_enough(tmp_path: Path) -> None:
    """It caps the worst case, and what does not fit is said with the reason and asked before."""
    desk = Desk(tmp_path, many(40))
    (whole,) = plans(desk, {})
    ample, small = plans(
        desk,
        {"max_cost_usd": f"{2 * whole.price_nano / 1e9:.9f}"},
        {"max_cost_usd": f"{whole.price_nano / 2e9:.9f}"},
    )
    assert ample.fitting is None
    assert ample.worst_nano <= 2 * whole.price_nano
    assert small.fitting is not None
    assert 15 <= small.fitting <= 22
    assert f"is enough for about {small.fitting} of 4" in small.reason
    assert small.question
    assert small.worst_nano <= whole.price_nano / 2 + 1


def test_the_budget_per_run_of_the_settings_is_the_one_of_a_plan_without(tmp_path: Path) -> None:
    """It is planned as the run will be; a budget of its own stands above it."""
    (whole,) = plans(Desk(tmp_path / "a", many(40)), {})
    half = Decimal(whole.price_nano) / 2_000_000_000
    desk = Desk(tmp_path / "b", many(40), changes={"run_budget": half})
    usual, ample = plans(desk, {}, {"max_cost_usd": f"{4 * half:f}"})
    assert usual.fitting is not None
    assert usual.worst_nano <= whole.price_nano / 2 + 1
    assert ample.fitting is None


def test_a_budget_that_cannot_keep_the_deadline_is_a_problem_with_a_price(tmp_path: Path) -> None:
    """The plan is shown as it would be, and says what to raise; without the deadline there is none."""
    desk = Desk(tmp_path, many(40))
    tight: dict[str, object] = {"max_cost_usd": "0.000001"}
    both, alone = plans(desk, tight | {"by": "1h"}, tight)
    assert "all of it may have to go in real time, at about $0.0" in both.problem
    assert "--" not in both.problem + both.reason
    assert both.price_nano > 1_000
    assert alone.problem == ""
    assert alone.fitting == 0


def test_a_lane_may_be_chosen(tmp_path: Path) -> None:
    """The reason is then that it was chosen."""
    forced, batch = plans(Desk(tmp_path, many(9)), {"lane": "realtime"}, {"lane": "batch"})
    assert (forced.lane, forced.reason) == (Lane.REALTIME, "real time, as you chose")
    assert (batch.lane, batch.reason) == (Lane.BATCH, "batch, as you chose")
    assert forced.stages == (2,)
    assert batch.stages == ()


def test_other_terms_do_not_read_the_vault_again_for_a_while(tmp_path: Path) -> None:
    """A survey holds for a minute, or until a run has brought something."""
    desk = Desk(tmp_path, many(5))

    async def job(mill: Mill) -> list[int]:
        found = [(await planned(mill)).items]
        write_notes(desk.root, {"new.md": "Something new.\n"})
        found.append((await planned(mill, by="2h")).items)
        found.append((await planned(mill, limit=3)).items)
        found.append((await planned(mill, by="2h")).items)
        write_notes(desk.root, {"newer.md": "Something newer.\n"})
        await asyncio.sleep(61)
        found.append((await planned(mill, by="2h")).items)
        await work_of("curate", {"vocabulary": False, "limit": 2}).run(mill)
        found.append((await planned(mill)).items)
        return found

    assert desk.through_the_door(job, KeepingFront()) == [5, 5, 3, 6, 7, 5]


async def test_a_survey_that_took_long_holds_for_long(tmp_path: Path) -> None:
    """Nobody who thinks about a deadline for some minutes waits for the whole of it again."""
    now = [0.0]

    def clock() -> float:
        now[0] += 10  # reading the vault takes as long
        return now[0]

    root = write_notes(tmp_path / "vault", many(5))
    settings = Settings(home=tmp_path / "home", provider="offline")
    async with await Mill.open(root, settings, KeepingFront(), clock=clock) as mill:
        found = [(await planned(mill)).items]
        write_notes(root, {"new.md": "Something new.\n"})
        for later_s in (150, 10_000):
            now[0] += later_s
            found.append((await planned(mill, by="2h")).items)
    assert found == [5, 5, 6]


def test_many_notes_are_priced_by_a_part_of_them(tmp_path: Path) -> None:
    """The estimate is that of the whole but for the differences between notes."""
    desk = Desk(tmp_path, many(260))

    async def job(mill: Mill) -> tuple[WorkPlan, int]:
        work = work_of("curate", {"vocabulary": False})
        whole = await mill.curating.plan(work.selection, work.terms, vocabulary=False)  # type: ignore[attr-defined]
        assert whole.offer is not None
        return await work.plan(mill), whole.offer.plan.estimated_nano

    part, whole_nano = desk.through_the_door(job, KeepingFront())
    assert (part.items, part.priced) == (260, 200)
    assert part.price_nano == pytest.approx(whole_nano, rel=0.02)


def test_a_vocabulary_that_is_proposed_first_is_part_of_the_price(tmp_path: Path) -> None:
    """It is said, and it costs something."""
    desk = Desk(tmp_path, many(40))
    without, with_it = plans(desk, {}, {"vocabulary": True})
    assert (without.vocabulary, with_it.vocabulary) == (False, True)
    assert with_it.price_nano != without.price_nano


def test_a_run_that_has_not_ended_is_named(tmp_path: Path) -> None:
    """Work of this kind would continue it; starting over does not."""
    desk = Desk(tmp_path, many(9))
    no = KeepingFront(answer=False)

    async def begin(mill: Mill) -> None:
        with pytest.raises(WaitingForPersonError):
            await work_of("curate", {"vocabulary": False, "stages": "2"}).run(mill)

    desk.through_the_door(begin, no)
    run = desk.latest()
    going_on, over = plans(desk, {}, {"again": True})
    assert (going_on.unfinished, over.unfinished) == (run, "")

    async def resume(mill: Mill) -> WorkPlan:
        return await planned(mill, "resume", run=run)

    assert desk.through_the_door(resume, KeepingFront()).unfinished == run


def test_nothing_to_do_is_a_plan_too(tmp_path: Path) -> None:
    """It has no price, and says why."""
    desk = Desk(tmp_path, many(3))
    desk.curate(apply=True)
    (plan,) = plans(desk, {})
    assert (plan.items, plan.price_nano, plan.worst_nano) == (0, 0, 0)
    assert plan.reason == "nothing to do: no note needs work"


def test_what_asks_no_model_is_free_and_links_are_only_priced_where_one_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search that a model judges is made, and every note with a pair is a request."""
    monkeypatch.setenv("NOTEMILL_EMBEDDING", "off")
    notes = {
        "Garden/Soil.md": "Compost feeds garden soil with worms and leaves. Turn it often.\n",
        "Garden/Mulch.md": "Mulch of leaves protects garden soil. It feeds worms, too.\n",
        "Tea.md": "Green tea is steeped for two minutes. Black tea takes four of them.\n",
    }
    desk = Desk(tmp_path, notes)

    async def job(mill: Mill) -> list[WorkPlan]:
        return [
            await planned(mill, "tags"),
            await planned(mill, "tidy"),
            await planned(mill, "link"),
            await planned(mill, "link", ask_model=True, min_score=0),
            await planned(mill, "link", ask_model=True, min_score=1.0),
        ]

    tags, tidy, free, judged, nothing = desk.through_the_door(job, KeepingFront())
    assert tags == free
    assert tidy.reason.startswith("no note would change; ")
    assert (free.price_nano, free.p50_s) == (0, None)
    assert judged.items > 0
    assert judged.price_nano > 0
    assert nothing.reason == "nothing to do: no new link is likely enough"


def test_offline_nothing_costs_anything_and_it_takes_seconds(tmp_path: Path) -> None:
    """The reason says that no model is asked."""
    desk = Desk(tmp_path, many(24), changes={"provider": "offline"})
    desk.provider.name = "offline"
    desk.provider.ephemeral = True
    (plan,) = plans(desk, {"max_cost_usd": "0.01"})
    assert plan.reason == "answered on this machine, free of charge: no model is asked"
    assert plan.p90_s is not None
    assert plan.p90_s < 60
