"""What was accepted is written as one run: what can be is, and what cannot is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notemill.app.reviewing import Wanted
from notemill.app.terms import RunTerms
from notemill.config import EmbeddingSettings
from notemill.embedding_kind import EmbeddingKind
from notemill.stores.proposals import Decision, ProposalKind, ProposalState
from notemill.workflows.curation.survey import Selection
from notemill.workflows.links.finding import LinkSearch
from tests.notemill.fronts import offline_mill
from tests.notemill.workflows.notes import tree

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from notemill.app.mill import Mill

NOTES = {
    "Soil.md": "---\nTags: [soil, Soil]\n---\nCompost feeds garden soil with worms and leaves.\n",
    "Mulch.md": "---\ntags: [soil]\n---\nMulch of leaves protects garden soil and feeds worms.\n",
    "Worms.md": "---\ntags: [worms]\n---\nWorms in garden soil turn leaves and compost.\n",
}
BY = "a test"


@pytest.fixture
async def mill(tmp_path: Path) -> AsyncIterator[Mill]:
    """An open vault with proposals of every kind; its front says yes."""
    async with offline_mill(tmp_path, NOTES) as mill:
        await mill.curating.curate(Selection(), RunTerms(stages="none"))
        off = EmbeddingSettings(EmbeddingKind.OFF)
        await mill.links.find(LinkSearch(5, 0.01), off)
        await mill.reviewing.look_for((ProposalKind.TAG_CHANGE, ProposalKind.TIDY_CHANGE))
        yield mill


async def accept(mill: Mill, *kinds: ProposalKind) -> int:
    """Accept all that waits of these kinds; return how many that is."""
    decided = await mill.reviewing.decide_all(Wanted(kinds=kinds), Decision.ACCEPT, by=BY)
    return len(decided.changed)


async def states(mill: Mill, kind: ProposalKind) -> set[ProposalState]:
    """Return the states in which there are proposals of a kind."""
    counts = await mill.reviewing.counts(Wanted(kinds=(kind,)))
    return {state for state, count in counts.items() if count}


async def test_all_kinds_are_one_run_with_one_undo(mill: Mill) -> None:
    """Links, properties, tags and form are written together, and one undo takes them back."""
    before = tree(mill.root)
    for kind in (ProposalKind.DESCRIPTION, ProposalKind.LINK, ProposalKind.TIDY_CHANGE):
        assert await accept(mill, kind), kind
    written = await mill.applying.accepted()
    assert written.complete
    assert set(written.notes) == set(NOTES)
    assert b"description:" in tree(mill.root)["Soil.md"]
    await mill.applying.undo(written.run)
    assert tree(mill.root) == before


async def test_a_note_that_was_edited_is_named_and_not_brought_into_form(mill: Mill) -> None:
    """What was accepted for another text of it ends in conflict, and that is said."""
    assert await accept(mill, ProposalKind.TIDY_CHANGE)
    (mill.root / "Soil.md").write_text("---\nTags: [soil, Soil]\n---\nEdited.\n", "utf-8")
    before = tree(mill.root)
    written = await mill.applying.accepted()
    assert not written.complete
    assert [one.key for one in written.failed] == ["Soil.md"]
    assert tree(mill.root)["Soil.md"] == before["Soil.md"]
    assert ProposalState.CONFLICT in await states(mill, ProposalKind.TIDY_CHANGE)


async def test_a_form_that_nobody_knows_changes_nothing(mill: Mill) -> None:
    """A row of another hand or another version ends in conflict; all else is written."""
    assert await accept(mill, ProposalKind.TIDY_CHANGE)
    await mill.on(
        lambda opened: (
            opened.store.db.execute(
                "UPDATE proposals SET value = 'nonsense' WHERE kind = 'tidy change'"
            ).rowcount
        )
    )
    before = tree(mill.root)
    written = await mill.applying.accepted()
    assert not written.complete
    assert tree(mill.root) == before
    assert await states(mill, ProposalKind.TIDY_CHANGE) == {ProposalState.CONFLICT}


async def test_links_of_a_run_that_names_no_form_go_into_the_property(mill: Mill) -> None:
    """What the run was asked for may have been forgotten."""
    assert await accept(mill, ProposalKind.LINK)
    await mill.on(
        lambda opened: opened.store.db.execute("UPDATE link_runs SET settings = '{}'").rowcount
    )
    written = await mill.applying.accepted()
    assert written.complete
    assert b"related:" in tree(mill.root)["Soil.md"]


async def test_what_is_not_written_into_a_hidden_note_counts_unnamed(mill: Mill) -> None:
    """A curation that writes at once is not complete, and names no note that is hidden by now."""
    note = mill.root / "Worms.md"
    note.write_text(note.read_text("utf-8").replace("---\n", "---\nnotemill: ignore\n", 1), "utf-8")
    ended = await mill.curating.curate(Selection(), RunTerms(stages="none"), apply=True)
    assert not ended.complete
    assert ended.unwritten == ()
    assert b"description" not in tree(mill.root)["Worms.md"]
