"""Properties of a whole vault brought into form, planned first and written as one run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.vault.tidy import TidyKind
from notemill.workflows.tags.tidying import plan_tidying, write_tidying
from tests.notemill.workflows.kept import Kept, kept

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.workflows.tags.tidying import TidyPlan

NOTES: dict[str, str | bytes] = {
    "a.md": "---\nTags: [one]\n---\nText.\n",
    "fine.md": "---\ntags: [one]\n---\nText.\n",
    "bad.md": b"\xff\xfe not UTF-8\n",
    "Private/x.md": "---\nTags: [one]\n---\nText.\n",
}


def planned(one: Kept) -> TidyPlan:
    """Plan all kinds over all notes."""
    return plan_tidying(one.vault, one.sight().facts, list(TidyKind), privacy=one.privacy)


def test_a_plan_has_the_notes_that_change_and_counts_them_by_kind(tmp_path: Path) -> None:
    """What cannot be read is named, what is hidden counted, and nothing is written."""
    with kept(tmp_path, NOTES, hidden=("Private",)) as one:
        plan = planned(one)
        assert [note.key for note in plan.changed] == ["a.md"]
        assert plan.counts()[TidyKind.CASE] == 1
        assert plan.counts()[TidyKind.DATES] == 0
        assert [left.key for left in plan.untouched] == ["bad.md"]
        assert plan.hidden == 1
        assert one.text("a.md") == NOTES["a.md"]


def test_a_plan_is_written_once_and_leaves_what_was_edited(tmp_path: Path) -> None:
    """A second plan finds nothing in what was written, and undo restores the bytes."""
    with kept(tmp_path, NOTES) as one:
        plan = planned(one)
        one.edit("Private/x.md", "---\nTags: [two]\n---\nText.\n")
        endings = dict(
            write_tidying(one.vault, one.review, plan, privacy=one.privacy, run="tidy-1")
        )
        assert endings["a.md"] == ""
        assert "changed since it was read" in endings["Private/x.md"]
        assert one.text("a.md") == "---\ntags: [one]\n---\nText.\n"
        assert [note.key for note in planned(one).changed] == ["Private/x.md"]
        with one.vault.lock():
            one.vault.undo("tidy-1")
        assert one.text("a.md") == NOTES["a.md"]
