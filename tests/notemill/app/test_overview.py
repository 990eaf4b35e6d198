"""The vault at a glance: what its notes have and need, and the one obvious next step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notemill.app.mill import Mill
from notemill.app.overview import NextStep, Step
from notemill.app.reviewing import Wanted
from notemill.app.work import work_of
from notemill.config import Exclusions
from notemill.errors import WaitingForPersonError
from notemill.stores.proposals import Decision, ProposalKind
from tests.notemill.fronts import KeepingFront, front_of, offline_mill
from tests.notemill.workflows.notes import write_notes
from twolane import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NOTES = {
    "Bare.md": "Compost feeds garden soil with worms and leaves. See [[Whole]] for more.\n",
    "Whole.md": (
        "---\ndescription: Said.\ntags: [garden/soil]\ntopics: [Soil]\n---\nSoil is alive.\n"
    ),
    "Tagged.md": "---\ntags: [garden]\n---\nBread wants flour. Salt comes last.\n",
    "Empty.md": "",
    "Broken.md": "---\ntags: [\n---\nIt cannot be edited.\n",
    "Mine.md": "---\nnotemill: ignore\n---\nNobody reads that. [[Bare]]\n",
}


@pytest.fixture
async def mill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Mill]:
    """An open vault; its front says yes."""
    monkeypatch.setenv("NOTEMILL_EMBEDDING", "off")
    async with offline_mill(tmp_path, NOTES) as mill:
        yield mill


async def curate(mill: Mill, **options: object) -> None:
    """Curate without a vocabulary."""
    await work_of("curate", {"vocabulary": False, **options}).run(mill)


async def test_what_notes_have_and_need_is_counted(mill: Mill) -> None:
    """Every visible note is counted, and those that need work by the reason."""
    seen = await mill.overview.glance()
    assert (seen.notes, seen.described, seen.tagged, seen.with_topics) == (5, 1, 2, 1)
    assert seen.needs == {"no description and no tags": 1, "no description": 1}
    assert (seen.without_text, seen.left_alone, seen.hidden) == (1, 1, 1)
    assert (seen.waiting, seen.accepted, seen.has_vocabulary) == ({}, {}, False)
    assert seen.is_new
    assert seen.next_step() == NextStep(Step.CURATE, 2)


async def test_links_are_counted_and_so_are_the_notes_without_any(mill: Mill) -> None:
    """A link of a hidden note is none that is shown."""
    links = await mill.overview.links()
    assert (links.links, links.written, links.linked, links.orphans) == (1, 0, 2, 3)


async def test_the_next_step_goes_from_review_to_apply_to_nothing(mill: Mill) -> None:
    """Each step is the obvious one until it is done."""
    await curate(mill, stages="none")
    proposed = await mill.overview.glance()
    count = sum(proposed.waiting.values())
    assert count > 0
    assert ProposalKind.DESCRIPTION in proposed.waiting
    assert not proposed.is_new
    assert proposed.next_step() == NextStep(Step.REVIEW, count)
    await mill.reviewing.decide_all(Wanted(), Decision.ACCEPT, by="test")
    decided = await mill.overview.glance()
    assert (decided.waiting, sum(decided.accepted.values())) == ({}, count)
    assert decided.next_step() == NextStep(Step.APPLY, count)
    await work_of("apply", {}).run(mill)
    done = await mill.overview.glance()
    assert done.described == 3
    assert done.next_step() == NextStep(Step.NOTHING)


async def test_a_run_that_has_not_ended_comes_first_unless_somebody_works_on_it(mill: Mill) -> None:
    """It waits for a yes to its next stage; while it is worked on, nothing has to be done."""
    front_of(mill).answer = False
    with pytest.raises(WaitingForPersonError):
        await curate(mill, stages="1")
    seen = await mill.overview.glance()
    (run,) = seen.unfinished
    assert seen.next_step() == NextStep(Step.RESUME, run=run)
    assert seen.next_step({run}).step is Step.REVIEW


async def test_nothing_of_an_excluded_note_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither it nor its proposals of before."""
    monkeypatch.setenv("NOTEMILL_EMBEDDING", "off")
    async with offline_mill(tmp_path, NOTES) as mill:
        await curate(mill, stages="none", only="Bare.md")
        assert (await mill.overview.glance()).waiting
    root = write_notes(tmp_path / "vault", {})
    settings = Settings(home=tmp_path / "home", provider="offline")
    async with await Mill.open(
        root, settings, KeepingFront(), exclusions=Exclusions(("Bare.md",))
    ) as mill:
        seen = await mill.overview.glance()
        links = await mill.overview.links()
    assert (seen.notes, seen.hidden, seen.waiting) == (4, 2, {})
    assert links.links == 0
