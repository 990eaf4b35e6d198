"""Tags changed in a whole vault, planned first and written as one run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notemill.errors import UsageError
from notemill.stores.proposals import NewProposal, ProposalKind
from notemill.workflows.tags.retagging import (
    checked_changes,
    plan_retagging,
    source_of,
    sources,
    write_retagging,
)
from tests.notemill.workflows.kept import NOW, Kept, kept

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.workflows.tags.retagging import Retagging

NOTES = {
    "a.md": "---\ntags: [movie, movie/2024]\n---\nText with #movie.\n",
    "b.md": "---\ntags: [film]\n---\nText.\n",
    "bad.md": "---\ntags: [movie\n---\nText.\n",
    "Private/x.md": "---\ntags: [movie]\n---\nText.\n",
}


def planned(one: Kept, changes: dict[str, str | None]) -> Retagging:
    """Plan changes over all notes."""
    facts = one.sight().facts
    return plan_retagging(one.vault, facts, checked_changes(changes), privacy=one.privacy)


def test_a_plan_names_what_changes_what_joins_and_what_is_left(tmp_path: Path) -> None:
    """Children follow, hidden notes are counted, and nothing is written."""
    with kept(tmp_path, NOTES, hidden=("Private",)) as one:
        plan = planned(one, {"#movie": "film"})
        assert [touched.key for touched in plan.touched] == ["a.md"]
        assert dict(plan.becomes) == {"movie": "film", "movie/2024": "film/2024"}
        assert dict(plan.joined) == {"film": 1}
        assert [left.key for left in plan.left_alone] == ["bad.md"]
        assert plan.hidden == 1
        assert plan.is_known
        assert not planned(one, {"never": "film"}).touched
        assert {key: one.text(key) for key in NOTES} == NOTES


def test_a_plan_is_written_and_undone_as_one_run(tmp_path: Path) -> None:
    """A note that was edited since is left; what was curated stays so."""
    with kept(tmp_path, NOTES) as one:
        plan = planned(one, {"movie": "film"})
        new = [NewProposal(ProposalKind.TOPIC, "films")]
        one.review.store("c1", [("a.md", one.facts("a.md").source_hash, new)], now=NOW)
        one.edit("Private/x.md", "---\ntags: [movie]\n---\nEdited.\n")
        endings = dict(
            write_retagging(one.vault, one.review, plan, privacy=one.privacy, run="tags-1")
        )
        assert endings["a.md"] == ""
        assert "changed" in endings["Private/x.md"]
        assert one.text("a.md") == "---\ntags: [film, film/2024]\n---\nText with #film.\n"
        assert one.review.curated()["a.md"] == one.facts("a.md").source_hash
        with one.vault.lock():
            one.vault.undo("tags-1")
        assert one.text("a.md") == NOTES["a.md"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"#": "a"}, "tag to change is missing"), ({"a": "b c"}, "cannot be a tag")],
)
def test_a_tag_that_can_be_none_is_refused(changes: dict[str, str | None], said: str) -> None:
    """The message says which and why."""
    with pytest.raises(UsageError, match=said):
        checked_changes(changes)


def test_sources_are_of_the_notes_that_can_be_read(tmp_path: Path) -> None:
    """One that is gone has none."""
    with kept(tmp_path, NOTES) as one:
        found = sources(one.vault, ["b.md", "gone.md"])
        assert found == {"b.md": source_of(NOTES["b.md"].encode())}
