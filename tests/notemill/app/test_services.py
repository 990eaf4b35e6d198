"""Curating, applying and reviewing through the door: what each returns, tells and refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notemill.app.applying import ProposalFilter, ToApply
from notemill.app.events import Planned, RunReported, Surveyed
from notemill.app.reviewing import Wanted
from notemill.app.terms import RunTerms
from notemill.errors import UsageError, WaitingForPersonError
from notemill.stores.proposals import Decision, ProposalKind, ProposalState
from notemill.stores.queue_rows import Order
from notemill.workflows.curation.survey import Selection
from tests.notemill.fronts import front_of, offline_mill
from tests.notemill.workflows.notes import tree

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from notemill.app.mill import Mill
    from twolane import Run

NOTES = {
    "Garden/Soil.md": "Compost feeds garden soil with worms and leaves. Turn the heap often.\n",
    "Garden/Mulch.md": "Mulch of leaves protects garden soil. It feeds worms, as compost does.\n",
    "Mine.md": "---\ndescription: Said by me.\n---\nBread wants flour. Salt comes last.\n",
    "Private.md": "---\nnotemill: ignore\n---\nNobody reads that. It stays here.\n",
}
TERMS = RunTerms(stages="none")


@pytest.fixture
async def mill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Mill]:
    """An open vault; its front says yes."""
    monkeypatch.setenv("NOTEMILL_EMBEDDING", "off")
    async with offline_mill(tmp_path, NOTES) as mill:
        yield mill


async def curated(mill: Mill, selection: Selection = Selection()) -> Run:  # noqa: B008  # frozen
    """Curate the vault; return the run."""
    ended = await mill.curating.curate(selection, TERMS)
    assert ended.run is not None
    return ended.run


# -- curating -------------------------------------------------------------------------------------


async def test_a_plan_asks_nothing_and_keeps_nothing(mill: Mill) -> None:
    """It has the notes, the price and the first request; no run begins."""
    plan = await mill.curating.plan(Selection(), TERMS)
    assert [facts.key for facts, _ in plan.survey.work] != []
    assert plan.offer is not None
    assert plan.preview is not None
    assert front_of(mill).told(Planned) == [Planned(plan.offer)]
    assert front_of(mill).asked == []
    assert await mill.engine.latest(mill.source_of("curate")) is None


async def test_a_selection_narrows_what_is_curated(mill: Mill) -> None:
    """Notes by glob and up to a limit; what is put off is asked about by the next one."""
    run = await curated(mill, Selection(only="Garden/**", limit=1))
    first = {one.key for one in run.outcomes()}
    assert len(first) == 1
    rest = await curated(mill, Selection(only="Garden/**"))
    assert {one.key for one in rest.outcomes()} == {"Garden/Soil.md", "Garden/Mulch.md"} - first
    (told, _) = front_of(mill).told(Surveyed)
    assert told.selection == Selection(only="Garden/**", limit=1)


async def test_a_vault_without_work_begins_no_run(mill: Mill) -> None:
    """Curating again finds nothing to ask."""
    await curated(mill)
    ended = await mill.curating.curate(Selection(), TERMS)
    assert ended.run is None
    assert ended.state is None
    assert ended.survey.work == ()


async def test_the_report_is_told_and_returned(mill: Mill) -> None:
    """What the front is told of a run's end is what the caller gets."""
    ended = await mill.curating.curate(Selection(), TERMS)
    (told,) = front_of(mill).told(RunReported)
    assert told.report == ended.report
    assert told.report.items.succeeded == len([one for one in NOTES if one != "Private.md"])


# -- applying -------------------------------------------------------------------------------------


async def test_what_a_run_proposes_is_shown_by_note_and_kind(mill: Mill) -> None:
    """A filter takes proposals; what would replace a person's words is apart."""
    run = await curated(mill)
    whole = await mill.applying.shown(run, ProposalFilter())
    assert whole.pending.notes == 3
    assert whole.pending.replacing == 1
    some = await mill.applying.shown(
        run, ProposalFilter(only="Garden/*", kinds=(ProposalKind.DESCRIPTION,))
    )
    assert some.pending.descriptions == len(some.proposals) == 2
    (mine,) = await mill.applying.notes_of(
        await mill.applying.shown(run, ProposalFilter(note="Mine.md"))
    )
    assert [one.replaces for one in mine.replacing] == ["Said by me."]
    with pytest.raises(UsageError, match=r"Gone\.md"):
        await mill.applying.shown(run, ProposalFilter(note="Gone.md"))


async def test_a_run_is_applied_once_its_counts_are_agreed_to(mill: Mill) -> None:
    """Additions are written, words of a person's stay, and a no writes nothing."""
    run = await curated(mill)
    before = tree(mill.root)
    front_of(mill).answer = False
    with pytest.raises(WaitingForPersonError):
        await mill.applying.apply(run, replacing=False)
    assert tree(mill.root) == before
    front_of(mill).answer = True
    applied = await mill.applying.apply(run, replacing=False)
    assert applied.hidden == 0
    assert {one.note for one in applied.notes if one.written} >= {
        "Garden/Soil.md",
        "Garden/Mulch.md",
    }
    assert b"description: Said by me." in tree(mill.root)["Mine.md"]
    assert front_of(mill).told(ToApply)[0].counts.replacing == 1


async def test_one_note_is_undone_by_itself(mill: Mill) -> None:
    """Its bytes are as before and the others' as written; a note of no writing is refused."""
    before = tree(mill.root)
    run = await curated(mill)
    await mill.applying.apply(run, replacing=True)
    written = tree(mill.root)
    (undone,) = await mill.applying.undo(run.id, note="Mine.md")
    assert undone.restored
    assert tree(mill.root) == {**written, "Mine.md": before["Mine.md"]}
    with pytest.raises(UsageError, match=r"Private\.md"):
        await mill.applying.undo(run.id, note="Private.md")


# -- reviewing ------------------------------------------------------------------------------------


async def test_pages_go_through_all_that_waits_once(mill: Mill) -> None:
    """In every order, pages of a few rows have each proposal once, and the counts are theirs."""
    await curated(mill)
    counts = await mill.reviewing.counts(Wanted())
    for order in Order:
        seen: list[str] = []
        after: str | None = ""
        look = await mill.reviewing.look()
        while after is not None:
            page = await mill.reviewing.page(Wanted(), order=order, after=after, limit=3, look=look)
            seen += [row.id for row in page.rows]
            after = page.next or None
        assert len(seen) == len(set(seen)) == counts[ProposalState.PENDING]
        assert await mill.reviewing.count(Wanted(), look=look) == (len(seen),)


async def test_every_front_takes_its_own_steps_back(mill: Mill) -> None:
    """One front's undo leaves another's decision, and leads to the counts of the beginning."""
    await curated(mill)
    began = await mill.reviewing.counts(Wanted())
    first, second, *_ = (await mill.reviewing.page(Wanted())).rows
    await mill.reviewing.decide([first.id], Decision.ACCEPT, by="page")
    await mill.reviewing.decide([second.id], Decision.REJECT, by="terminal")
    assert sum((await mill.reviewing.counts(Wanted())).values()) == sum(began.values())
    back = await mill.reviewing.take_back(by="page")
    assert back is not None
    assert [row.id for row in back.changed] == [first.id]
    assert await mill.reviewing.take_back(by="page") is None
    assert (await mill.reviewing.counts(Wanted()))[ProposalState.REJECTED] == 1
    await mill.reviewing.take_back(by="terminal")
    assert await mill.reviewing.counts(Wanted()) == began


async def test_all_but_some_are_decided(mill: Mill) -> None:
    """What is listed as an exception waits on; everything else of the filter is decided."""
    await curated(mill)
    wanted = Wanted(kinds=(ProposalKind.DESCRIPTION,))
    first, *rest = (await mill.reviewing.page(wanted)).rows
    decided = await mill.reviewing.decide_all(wanted, Decision.ACCEPT, by="me", but=[first.id])
    assert {row.id for row in decided.changed} == {row.id for row in rest}
    assert [row.id for row in (await mill.reviewing.page(wanted)).rows] == [first.id]


async def test_a_hidden_note_takes_its_proposals_with_it(mill: Mill) -> None:
    """Hidden after it was listed: not shown, not decided, and not named when a step is undone."""
    await curated(mill)
    wanted = Wanted(note="Garden/Soil.md")
    rows = (await mill.reviewing.page(wanted)).rows
    await mill.reviewing.decide([rows[0].id], Decision.ACCEPT, by="me")
    soil = mill.root / "Garden" / "Soil.md"
    soil.write_text(f"---\nnotemill: ignore\n---\n{NOTES['Garden/Soil.md']}")
    assert await mill.reviewing.look_at(rows[0]) is None
    assert (await mill.reviewing.page(wanted)).rows == ()
    decided = await mill.reviewing.decide([row.id for row in rows], Decision.REJECT, by="me")
    assert (decided.changed, decided.unchanged) == ((), ())
    assert set(decided.missing) == {row.id for row in rows}
    back = await mill.reviewing.take_back(by="me")
    assert back is not None
    assert back.changed == ()
