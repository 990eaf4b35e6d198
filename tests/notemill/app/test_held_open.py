"""A vault that is held open: notes change, services work at once, and other processes decide."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from notemill.app.events import RunBegan
from notemill.app.mill import Mill
from notemill.app.reviewing import Wanted
from notemill.app.terms import RunTerms
from notemill.config import Exclusions
from notemill.errors import StoreError, VaultNotFoundError
from notemill.stores.deciding import Deciding
from notemill.stores.proposals import Decision, ProposalKind, ProposalState
from notemill.vault.state_files import STORE_FILE
from notemill.workflows.curation.survey import Selection
from tests.notemill.fronts import KeepingFront
from tests.notemill.proposing import store_of
from tests.notemill.workflows.notes import tree, write_notes
from twolane import RunState, Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from twolane import Run

NOTES = {
    "Soil.md": "Compost feeds garden soil with worms and leaves. Turn the heap often.\n",
    "Bread.md": "Bread wants flour and water. Salt comes last, and time is the rest.\n",
    "Bikes.md": "A bike needs oil on its chain. Winter asks for studded tyres.\n",
}
TERMS = RunTerms(stages="none")


class Watching(KeepingFront):
    """A front that stops a run as it begins, until it may go on."""

    def __init__(self) -> None:
        """Stop nothing until told."""
        super().__init__()
        self.begun = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    @asynccontextmanager
    async def following(self, run: Run) -> AsyncIterator[None]:
        """Wait until the run may go on."""
        self.begun.set()
        await self.may_go_on.wait()
        async with super().following(run):
            yield


class Held:
    """A vault, and what holds it open."""

    def __init__(self, folder: Path) -> None:
        """Make it of three notes."""
        self.root = write_notes(folder / "vault", NOTES)
        self.home = folder / "home"
        self.front = Watching()

    async def open(self) -> Mill:
        """Open it as one more process would."""
        settings = Settings(home=self.home, provider="offline")
        return await Mill.open(self.root, settings, self.front, exclusions=Exclusions())


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Held:
    """A vault to be held open, without a model for meanings."""
    monkeypatch.setenv("NOTEMILL_EMBEDDING", "off")
    return Held(tmp_path)


async def notes_of(mill: Mill, *states: ProposalState) -> set[str]:
    """Return the notes that proposals in some states are for."""
    page = await mill.reviewing.page(Wanted(states=states or None), limit=1_000)
    return {note for row in page.rows for note in row.notes}


async def test_a_curation_is_reviewed_applied_and_undone(held: Held) -> None:
    """Through the door alone: proposals, decisions, one run that writes, and the bytes back."""
    before = tree(held.root)
    async with await held.open() as mill:
        ended = await mill.curating.curate(Selection(), TERMS)
        assert ended.state is RunState.DONE
        assert ended.run is not None
        assert held.front.told(RunBegan) == [RunBegan(ended.run.id)]
        assert tree(held.root) == before
        wanted = Wanted(kinds=(ProposalKind.DESCRIPTION,), run=ended.run.id)
        decided = await mill.reviewing.decide_all(wanted, Decision.ACCEPT, by="me")
        assert {row.notes[0] for row in decided.changed} == set(NOTES)
        written = await mill.applying.accepted()
        assert set(written.notes) == set(NOTES)
        assert b"description: " in tree(held.root)["Soil.md"]
        assert set(await mill.applying.written(written.run)) == set(NOTES)
        await mill.applying.undo(written.run)
        assert tree(held.root) == before
        assert [one.text for one in held.front.asked] == [
            "write this into the notes?",
            "restore every note that run " + written.run + " wrote as it was before?",
        ]


async def test_who_says_no_changes_nothing(held: Held) -> None:
    """Where the front declines, or nobody is there, what was accepted stays accepted."""
    before = tree(held.root)
    async with await held.open() as mill:
        await mill.curating.curate(Selection(), TERMS)
        decided = await mill.reviewing.decide_all(Wanted(), Decision.ACCEPT, by="me")
        held.front.answer = False
        with pytest.raises(Exception, match="nothing was changed"):
            await mill.applying.accepted()
        counts = await mill.reviewing.counts(Wanted())
        assert counts[ProposalState.ACCEPTED] == len(decided.changed)
        assert tree(held.root) == before


async def test_notes_that_change_meanwhile_are_seen_as_they_are(held: Held) -> None:
    """Edits, renames, removals and new exclusions show at the next call, without opening anew."""
    async with await held.open() as mill:
        await mill.curating.curate(Selection(), TERMS)
        page = await mill.reviewing.page(Wanted(kinds=(ProposalKind.DESCRIPTION,)))
        rows = {row.notes[0]: row for row in page.rows}

        (held.root / "Soil.md").write_text("Nothing of the old text is left here. None at all.\n")
        shown = await mill.reviewing.look_at(rows["Soil.md"])
        assert shown is not None
        assert shown.is_stale

        (held.root / "Bread.md").rename(held.root / "Loaf.md")
        (held.root / "New.md").write_text("A new note has words of its own. It says little.\n")
        survey = await mill.curating.survey(Selection())
        work = {facts.key for facts, _ in survey.work}
        assert {"Loaf.md", "New.md"} <= work
        assert "Bread.md" not in {one.key for one in survey.sight.facts}
        shown = await mill.reviewing.look_at(rows["Bread.md"])
        assert shown is not None
        assert shown.change is not None
        assert shown.change.problem

        (held.root / "Bikes.md").write_text(f"---\nnotemill: ignore\n---\n{NOTES['Bikes.md']}")
        assert await mill.reviewing.look_at(rows["Bikes.md"]) is None
        assert "Bikes.md" not in await notes_of(mill)

        (held.root / "Loaf.md").unlink()
        survey = await mill.curating.survey(Selection())
        assert {one.key for one in survey.sight.facts} == {"Soil.md", "New.md", "Bikes.md"}

        accepted = await mill.reviewing.decide_all(Wanted(), Decision.ACCEPT, by="me")
        assert {note for row in accepted.changed for note in row.notes} == {"Soil.md", "Bread.md"}
        before = tree(held.root)
        written = await mill.applying.accepted()
        assert written.notes == ()
        assert {one.key for one in written.failed} == {"Soil.md", "Bread.md"}
        assert tree(held.root) == before


async def test_a_vault_that_is_away_is_no_vault_without_notes(held: Held) -> None:
    """A drive that is gone for a while is told of, and with it back all is as before."""
    async with await held.open() as mill:
        before = (await mill.tags.tree()).notes
        held.root.rename(held.root.with_name("away"))
        with pytest.raises(VaultNotFoundError, match="there is no folder"):
            await mill.tags.tree()
        held.root.with_name("away").rename(held.root)
        assert (await mill.tags.tree()).notes == before


async def test_nothing_is_decided_in_a_file_that_is_not_there_any_more(held: Held) -> None:
    """Where what is kept of the vault was deleted or replaced, a decision is refused, not lost."""
    async with await held.open() as mill:
        await mill.curating.curate(Selection(), TERMS)
        (file,) = held.home.glob(f"vaults/*/{STORE_FILE}")
        file.rename(file.with_name("kept"))
        with pytest.raises(StoreError, match="deleted or replaced"):
            await mill.reviewing.decide_all(Wanted(), Decision.ACCEPT, by="me")
        file.with_name("kept").rename(file)
        counts = await mill.reviewing.counts(Wanted(states=None))
        done = await mill.reviewing.decide_all(Wanted(), Decision.ACCEPT, by="me")
        assert len(done.changed) == counts[ProposalState.PENDING] > 0


async def test_two_services_work_while_a_third_reads(held: Held) -> None:
    """A curation under way holds up neither a review nor the tags of the same vault."""
    async with await held.open() as mill:
        await mill.curating.curate(Selection(limit=1), TERMS)
        curated = await notes_of(mill)
        await mill.reviewing.decide_all(
            Wanted(kinds=(ProposalKind.DESCRIPTION,)), Decision.ACCEPT, by="me"
        )
        held.front.begun.clear()
        held.front.may_go_on.clear()
        curating = asyncio.create_task(mill.curating.curate(Selection(), TERMS))
        await held.front.begun.wait()
        written, page, survey = await asyncio.gather(
            mill.applying.accepted(),
            mill.reviewing.page(Wanted(states=None)),
            mill.curating.survey(Selection()),
        )
        assert not curating.done()
        assert set(written.notes) == curated
        assert page.rows
        assert len(survey.sight.facts) == len(NOTES)
        with pytest.raises(Exception, match="curate is already working"):
            await mill.curating.curate(Selection(), TERMS)
        held.front.may_go_on.set()
        ended = await curating
        assert ended.state is RunState.DONE
        assert await notes_of(mill) == set(NOTES)


async def test_a_curation_that_is_canceled_goes_on_later(held: Held) -> None:
    """Its task ends, the vault stays open and free, and the next call takes the same run up."""
    async with await held.open() as mill:
        held.front.may_go_on.clear()
        curating = asyncio.create_task(mill.curating.curate(Selection(), TERMS))
        await held.front.begun.wait()
        curating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await curating
        (begun,) = held.front.told(RunBegan)
        held.front.may_go_on.set()
        ended = await mill.curating.curate(Selection(), TERMS)
        assert ended.run is not None
        assert ended.run.id == begun.run
        assert await notes_of(mill) == set(NOTES)


async def test_what_another_process_decides_is_seen_at_once(held: Held) -> None:
    """Decisions of others show in the next page and count, and are not turned round."""
    async with await held.open() as mill:
        await mill.curating.curate(Selection(), TERMS)
        first, *_ = (await mill.reviewing.page(Wanted())).rows
        with store_of(held.home, held.root) as store:
            Deciding(store).decide([first.id], Decision.REJECT, by="page", now=2.0)
        assert first.id not in {row.id for row in (await mill.reviewing.page(Wanted())).rows}
        decided = await mill.reviewing.decide(
            [first.id], Decision.ACCEPT, by="me", was=ProposalState.PENDING
        )
        assert decided.changed == ()
        assert [row.state for row in decided.unchanged] == [ProposalState.REJECTED]
        assert await mill.reviewing.take_back(by="me") is None
        counts = await mill.reviewing.counts(Wanted())
        assert counts[ProposalState.REJECTED] == 1
        async with await held.open() as other:
            there = await other.reviewing.counts(Wanted())
        assert there == counts
