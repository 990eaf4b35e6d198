"""The price of a curation: its notes, a vocabulary before them, and their new tags in order."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from notemill.app.consolidating import TagsToOrder
from notemill.app.events import AgreeToPrice, Planned
from notemill.app.terms import RunTerms
from notemill.app.views.curation import curation_plan
from notemill.workflows.curation.survey import Selection
from tests.notemill.fronts import KeepingFront
from tests.notemill.workflows.notes import Desk, many
from twolane import Lane

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.app.curating import CurationPlan
    from notemill.app.mill import Mill

VOCABULARY = "<!-- notemill: tags -->\n- drinks\n- garden\n"


def planned(desk: Desk, front: KeepingFront) -> CurationPlan:
    """Plan a curation without a vocabulary proposed first."""

    async def job(mill: Mill) -> CurationPlan:
        return await mill.curating.plan(Selection(), RunTerms(lane=Lane.REALTIME), vocabulary=False)

    return desk.through_the_door(job, front)


def test_putting_new_tags_in_order_is_part_of_the_price(tmp_path: Path) -> None:
    """One request more than notes is expected; it is said, and what is agreed to includes it."""
    front = KeepingFront()
    plan = planned(Desk(tmp_path, many(24)), front)
    assert plan.offer is not None
    assert plan.ordering is not None
    assert plan.ordering.quote.items == 1
    assert front.told(TagsToOrder) == [TagsToOrder(plan.ordering)]
    told = [type(one) for one in front.events]
    assert told.index(TagsToOrder) < told.index(Planned)
    notes = plan.offer.plan.estimated_nano - plan.ordering.estimated_nano
    assert 0 < plan.ordering.estimated_nano < notes
    assert curation_plan(plan)["new_tags"]["items"] == 1
    assert plan.offer.plan.quote.items == 24


def test_by_a_vocabulary_few_new_tags_are_expected(tmp_path: Path) -> None:
    """It costs less than without one, and nothing where so few notes bring none."""
    freely = planned(Desk(tmp_path / "a", many(24)), KeepingFront()).ordering
    desk = Desk(tmp_path / "b", {**many(24), "Tags.md": VOCABULARY})
    desk.adopt("Tags.md")
    by_it = planned(desk, KeepingFront()).ordering
    assert freely is not None
    assert by_it is not None
    assert by_it.estimated_nano < freely.estimated_nano
    few = Desk(tmp_path / "c", {**many(5), "Tags.md": VOCABULARY})
    few.adopt("Tags.md")
    front = KeepingFront()
    assert planned(few, front).ordering is None
    assert front.told(TagsToOrder) == []


def test_nothing_is_said_of_it_offline(tmp_path: Path) -> None:
    """No model puts tags in order there."""
    front = KeepingFront()
    desk = Desk(tmp_path, many(24), changes={"provider": "offline"})
    assert planned(desk, front).ordering is None
    assert front.told(TagsToOrder) == []


def test_a_person_agrees_once_to_all_of_it_and_the_run_begins_with_its_own(tmp_path: Path) -> None:
    """The report adds what was asked beside the notes to the notes' own estimate, not to both."""
    desk = Desk(tmp_path, many(24), changes={"confirm_usd": 0})
    front = KeepingFront()
    whole = planned(desk, KeepingFront())
    assert whole.offer is not None
    assert whole.ordering is not None

    async def job(mill: Mill) -> int:
        terms = RunTerms(lane=Lane.REALTIME, stages="none")
        ended = await mill.curating.curate(Selection(), terms, vocabulary=False)
        assert ended.run is not None
        return (await ended.run.report()).estimated_nano

    own_nano = desk.through_the_door(job, front)
    assert [type(one) for one in front.asked] == [AgreeToPrice]
    (told,) = front.told(Planned)
    assert told.offer.plan.estimated_nano == whole.offer.plan.estimated_nano
    assert own_nano == pytest.approx(
        whole.offer.plan.estimated_nano - whole.ordering.estimated_nano, rel=0.02
    )


@pytest.mark.parametrize(("cap_nano", "expected"), [(None, 2_000_000), (1_000_000, 1_000_000)])
def test_the_budget_per_run_is_the_cap_of_a_run_without_one(
    tmp_path: Path, cap_nano: int | None, expected: int
) -> None:
    """The settings' budget holds whatever front begins the run; a cap of its own stands above it."""
    desk = Desk(tmp_path, many(24), changes={"run_budget": Decimal("0.002")})
    front = KeepingFront()

    async def job(mill: Mill) -> CurationPlan:
        terms = RunTerms(lane=Lane.REALTIME, cap_nano=cap_nano)
        return await mill.curating.plan(Selection(), terms, vocabulary=False)

    plan = desk.through_the_door(job, front)
    assert plan.offer is not None
    assert plan.offer.cap_nano == expected
