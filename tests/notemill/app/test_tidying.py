"""The service of tidying, without a command line: a look, a yes, one run, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notemill.app.tidying import NotLookedInto, TidyPlanned
from notemill.errors import WaitingForPersonError
from notemill.vault.tidy import TidyKind
from tests.notemill.fronts import KeepingFront
from tests.notemill.workflows.notes import Desk, tree

if TYPE_CHECKING:
    from pathlib import Path

NOTES: dict[str, str | bytes] = {
    "one.md": "---\nTitle: x\ntag: soup\n---\nWords.\n",
    "Deep/two.md": "---\nTitle: y\n---\nWords.\n",
    "mine.md": "---\nnotemill: ignore\nTitle: z\n---\n",
}


def test_a_look_writes_nothing_and_counts_every_kind(tmp_path: Path) -> None:
    """Without kinds named all are looked for; hidden notes count, and are not named."""
    desk, front = Desk(tmp_path, NOTES), KeepingFront()
    before = tree(desk.root)
    plan = desk.through_the_door(lambda mill: mill.tidying.look(), front)
    assert plan.counts()[TidyKind.CASE] == 2
    assert plan.counts()[TidyKind.PLURAL] == 1
    assert {one.key for one in plan.notes} == {"one.md", "Deep/two.md"}
    assert plan.hidden == 1
    assert front.asked == []
    assert tree(desk.root) == before


def test_what_was_not_looked_into_is_told(tmp_path: Path) -> None:
    """A file that is no note has its reason."""
    desk, front = Desk(tmp_path, {**NOTES, "a (conflicted copy).md": "x"}), KeepingFront()
    desk.through_the_door(lambda mill: mill.tidying.look(), front)
    (left,) = front.told(NotLookedInto)
    assert [one.key for one in left.paths] == ["a (conflicted copy).md"]


def test_kinds_are_written_once_agreed_to_and_undone_as_one(tmp_path: Path) -> None:
    """Only the kinds and notes asked for change, and one run takes them back."""
    desk, front = Desk(tmp_path, NOTES), KeepingFront()
    before = tree(desk.root)
    done = desk.through_the_door(
        lambda mill: mill.tidying.tidy([TidyKind.CASE], only="Deep/**"), front
    )
    assert done.notes == ("Deep/two.md",)
    assert len(front.told(TidyPlanned)) == len(front.asked) == 1
    assert desk.text("Deep/two.md") == "---\ntitle: y\n---\nWords.\n"
    assert desk.text("one.md").encode() == before["one.md"]
    desk.undo(done.run)
    assert tree(desk.root) == before


def test_a_no_leaves_every_note(tmp_path: Path) -> None:
    """Nothing is written that nobody agreed to."""
    desk = Desk(tmp_path, NOTES)
    before = tree(desk.root)
    with pytest.raises(WaitingForPersonError):
        desk.through_the_door(
            lambda mill: mill.tidying.tidy([TidyKind.CASE]), KeepingFront(answer=False)
        )
    assert tree(desk.root) == before


def test_a_note_edited_while_a_person_thinks_is_named_and_left(tmp_path: Path) -> None:
    """The other notes are written, and the edit stays."""
    desk = Desk(tmp_path, NOTES)
    front = KeepingFront(before_answer=lambda: desk.path("one.md").write_text("Mine.\n", "utf-8"))
    done = desk.through_the_door(lambda mill: mill.tidying.tidy([TidyKind.CASE]), front)
    assert done.notes == ("Deep/two.md",)
    assert [one.key for one in done.failed] == ["one.md"]
    assert desk.text("one.md") == "Mine.\n"
