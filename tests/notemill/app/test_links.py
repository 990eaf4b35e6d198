"""Links through the door: what the service returns, tells, asks and refuses."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from notemill.app.events import AgreeToChange
from notemill.app.link_events import (
    EmbeddingMade,
    LinksLookedFor,
    LinksStudied,
    LinksToWrite,
    LinksWereWritten,
    NotesCompared,
    PairsProposed,
    PairsTurnedDown,
)
from notemill.app.terms import RunTerms
from notemill.app.views.links import linking_ended
from notemill.config import EmbeddingSettings
from notemill.embedding_kind import EmbeddingKind
from notemill.errors import NoteNotFoundError, UsageError, VaultLockedError, WaitingForPersonError
from notemill.stores.pairs import PairState
from notemill.workflows.curation.survey import Selection
from notemill.workflows.links.finding import LinkSearch
from tests.notemill.cli.test_link import COMPOST, MULCH, NOTES, SOIL
from tests.notemill.fronts import front_of, offline_mill
from tests.notemill.linking.test_teaching import vault
from tests.notemill.workflows.notes import tree

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from notemill.app.mill import Mill

SEARCH = LinkSearch(5, 0.1)
OFF = EmbeddingSettings(EmbeddingKind.OFF)


@pytest.fixture
async def mill(tmp_path: Path) -> AsyncIterator[Mill]:
    """An open vault; its front says yes."""
    async with offline_mill(tmp_path, NOTES) as mill:
        yield mill


async def standing(mill: Mill, state: PairState) -> set[tuple[str, str]]:
    """Return the pairs in a state."""
    found = await mill.on(lambda opened: opened.links.pairs(states=[state]))
    return {(one.a, one.b) for one in found}


async def test_what_is_found_is_told_proposed_and_not_written(mill: Mill) -> None:
    """Pairs come with their why, notes without a link first; the notes are as they were."""
    before = tree(mill.root)
    ended = await mill.links.find(SEARCH, OFF)
    front = front_of(mill)
    (looked,) = front.told(LinksLookedFor)
    assert looked.findings == ended.found.findings
    (proposed,) = front.told(PairsProposed)
    told = {(one.pair.a, one.pair.b) for group in proposed.groups for one in group.pairs}
    assert (MULCH, SOIL) in told
    assert any(one.why.as_line() for group in proposed.groups for one in group.pairs)
    assert [one.done for one in front.told(NotesCompared)] == [False, True]
    assert not front.told(EmbeddingMade)
    assert await standing(mill, PairState.PROPOSED) == told
    assert (ended.written, front.asked) == (None, [])
    assert tree(mill.root) == before


async def test_a_vault_with_links_enough_is_studied_once_and_again_when_they_have_changed(
    tmp_path: Path,
) -> None:
    """What its links teach is kept, and used in every search."""
    few = LinkSearch(1, 0.95)
    notes = {key: text.encode() for key, text in vault(by_name=True).items()}
    async with offline_mill(tmp_path, notes) as mill:
        front = front_of(mill)
        ended = await mill.links.find(few, OFF)
        assert ended.found.findings.taught
        (began, done) = front.told(LinksStudied)
        assert (began.done, done.done, done.taught) == (False, True, True)
        again = await mill.links.find(few, OFF)
        assert again.found.findings.taught
        assert linking_ended(again, ())["weights"] == "vault"
        assert len(front.told(LinksStudied)) == 2
        (mill.root / "Index.md").write_text(" ".join(f"[[To do {one}]]" for one in range(300)))
        await mill.links.find(few, OFF)
        assert len(front.told(LinksStudied)) == 4


async def test_links_to_notes_that_are_not_there_teach_nothing(mill: Mill) -> None:
    """That is remembered as well: they are looked at once."""
    text = " ".join(f"[[To do {one}]]" for one in range(1_100))
    (mill.root / "Index.md").write_text(text, encoding="utf-8")
    for _ in range(2):
        ended = await mill.links.find(SEARCH, OFF)
        assert not ended.found.findings.taught
        assert [one.taught for one in front_of(mill).told(LinksStudied)] == [False, False]


async def test_few_links_teach_nothing_and_cost_no_time(mill: Mill) -> None:
    """The shipped weights are used, and nobody is told of any lesson."""
    ended = await mill.links.find(SEARCH, OFF)
    assert linking_ended(ended, ())["weights"] == "shipped"
    assert not front_of(mill).told(LinksStudied)


async def test_a_rehearsal_keeps_nothing(mill: Mill) -> None:
    """It returns what was found; with a model also the price and the first request."""
    ended, plan = await mill.links.rehearse(SEARCH, OFF)
    assert ended.found.findings.pairs
    assert (ended.run, plan) == ("", None)
    _, plan = await mill.links.rehearse(SEARCH, OFF, RunTerms())
    assert plan is not None
    assert plan.preview is not None
    assert await mill.on(lambda opened: opened.links.pairs()) == []


async def test_a_runs_pairs_are_counted_agreed_to_and_written(mill: Mill) -> None:
    """Both notes of each; the second time there is nothing to agree to."""
    ended = await mill.links.find(SEARCH, OFF)
    written, hidden = await mill.links.apply(ended.run)
    front = front_of(mill)
    pairs = len(ended.found.findings.pairs)
    assert front.told(LinksToWrite) == [LinksToWrite(ended.run, pairs)]
    assert len(written.pairs) == pairs
    assert (written.is_whole, hidden) == (True, 0)
    assert front.told(LinksWereWritten) == [LinksWereWritten(ended.run, written)]
    assert b"[[Mulch]]" in tree(mill.root)[SOIL]
    again, _ = await mill.links.apply(ended.run)
    assert (again.notes, len(front.asked)) == ((), 1)


async def test_without_a_yes_no_link_is_written(mill: Mill) -> None:
    """The pairs wait as they were."""
    before = tree(mill.root)
    ended = await mill.links.find(SEARCH, OFF)
    waiting = await standing(mill, PairState.PROPOSED)
    front_of(mill).answer = False
    with pytest.raises(WaitingForPersonError):
        await mill.links.apply(ended.run)
    assert tree(mill.root) == before
    assert await standing(mill, PairState.PROPOSED) == waiting


async def test_one_notes_pairs_are_shown_and_written_alone(mill: Mill) -> None:
    """With what that would make of it; a note without a pair is named with the nearest."""
    ended = await mill.links.find(SEARCH, OFF)
    shown = await mill.links.shown(ended.run, SOIL)
    assert shown.waiting == shown.pairs != ()
    assert all(SOIL in (one.a, one.b) for one in shown.pairs)
    change = await mill.links.change(ended.run, shown.waiting, SOIL)
    assert change is not None
    written, _ = await mill.links.apply(ended.run, SOIL)
    assert tree(mill.root)[SOIL] == change.after != change.before
    assert {one.id for one in written.pairs} == {one.id for one in shown.pairs}
    with pytest.raises(UsageError, match=SOIL):
        await mill.links.shown(ended.run, "Garden/Soils.md")


async def test_a_pair_turned_down_is_allowed_by_a_person_alone(mill: Mill) -> None:
    """Rejected it is not found again; the question names it, and yes lets it be found."""
    await mill.links.find(SEARCH, OFF)
    rejected = await mill.links.reject("Mulch", SOIL)
    assert {rejected.a, rejected.b} == {MULCH, SOIL}
    ended = await mill.links.find(SEARCH, OFF)
    assert (MULCH, SOIL) not in {(one.a, one.b) for one in ended.found.findings.pairs}
    front = front_of(mill)
    (allowed,) = await mill.links.allow("Soil")
    assert allowed.state is PairState.WITHDRAWN
    (told,) = front.told(PairsTurnedDown)
    assert [one.id for one in told.pairs] == [allowed.id]
    assert front.asked == [AgreeToChange("let 1 pair be proposed?")]
    again = await mill.links.find(SEARCH, OFF)
    assert (MULCH, SOIL) in {(one.a, one.b) for one in again.found.findings.pairs}


async def test_a_pair_is_of_two_notes_that_are_there(mill: Mill) -> None:
    """Neither one note nor an unknown one is turned down."""
    with pytest.raises(NoteNotFoundError, match="Nowhere"):
        await mill.links.reject("Nowhere", SOIL)
    with pytest.raises(UsageError, match="the same note"):
        await mill.links.reject("Soil", SOIL)


async def test_links_are_found_while_notes_are_curated(mill: Mill) -> None:
    """Two services at once, each whole; of one kind the second is refused."""
    curating = mill.curating.curate(Selection(), RunTerms(stages="none"), apply=True)
    linking = mill.links.find(SEARCH, OFF, apply=True)
    curated, linked = await asyncio.gather(curating, linking)
    assert curated.report.items.succeeded
    assert linked.written is not None
    assert not linked.written.halves
    assert "related:" in tree(mill.root)[COMPOST].decode()
    first = asyncio.ensure_future(mill.links.find(SEARCH, OFF))
    with pytest.raises(VaultLockedError):
        await asyncio.gather(mill.links.find(SEARCH, OFF), first)
    await asyncio.gather(first, return_exceptions=True)
