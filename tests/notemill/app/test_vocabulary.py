"""The service of the vocabulary, without a command line: proposed, adopted, carried out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from notemill.app.tag_events import (
    ChangesStay,
    ListDiffers,
    ListPlanned,
    ListWritten,
    VocabularyAdopted,
)
from notemill.errors import UsageError, WaitingForPersonError
from tests.notemill.fronts import KeepingFront
from tests.notemill.workflows.notes import Desk, tree

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.app.mill import Mill

LIST = "<!-- notemill: tags -->\n- dish (soup)\n- bread\n"
NOTES: dict[str, str | bytes] = {
    "one.md": "---\ntags: [soup, bread]\n---\nWords.\n",
    "two.md": "---\ntags: [soups, breads]\n---\nMore words.\n",
    "Tags.md": "# Mine\n",
    "List.md": LIST,
}


def test_a_vocabulary_is_proposed_into_its_note_and_taken_over(tmp_path: Path) -> None:
    """The note is shown, agreed to, written as a run and named; a second time nothing is new."""
    desk, front = Desk(tmp_path, NOTES), KeepingFront()
    made = desk.through_the_door(lambda mill: mill.vocabulary.propose("Tags.md"), front)
    (planned,) = front.told(ListPlanned)
    assert planned.change.after.decode() == desk.text("Tags.md")
    assert "- soup (soups)\n" in desk.text("Tags.md")
    assert front.told(ListWritten) == [ListWritten("Tags.md", made.run)]
    assert front.told(VocabularyAdopted) == [VocabularyAdopted("Tags.md", "")]
    again = desk.through_the_door(lambda mill: mill.vocabulary.propose("Tags.md"), KeepingFront())
    assert again.run == ""
    desk.undo(made.run)
    assert desk.text("Tags.md") == "# Mine\n"


def test_without_a_note_a_vocabulary_is_only_returned(tmp_path: Path) -> None:
    """Nobody is asked, and nothing is written."""
    desk, front = Desk(tmp_path, NOTES), KeepingFront()
    before = tree(desk.root)
    made = desk.through_the_door(lambda mill: mill.vocabulary.propose(), front)
    assert made.entries is not None
    assert {one.tag for one in made.entries} >= {"soup", "bread"}
    assert front.asked == []
    assert tree(desk.root) == before


def test_a_list_is_carried_out_once_agreed_to(tmp_path: Path) -> None:
    """What it decides is told, its changes are one run, and it counts from then on."""
    desk, front = Desk(tmp_path, NOTES), KeepingFront()
    done = desk.through_the_door(lambda mill: mill.vocabulary.apply("List.md"), front)
    assert front.told(ListDiffers)[0].lines
    assert done.notes == ("one.md",)
    assert "tags: [dish, bread]" in desk.text("one.md")
    assert front.told(VocabularyAdopted) == [VocabularyAdopted("List.md", "")]


def test_a_no_leaves_notes_and_vocabulary_as_they_were(tmp_path: Path) -> None:
    """Neither is a note changed nor the list taken over."""
    desk, front = Desk(tmp_path, NOTES), KeepingFront(answer=False)
    before = tree(desk.root)
    with pytest.raises(WaitingForPersonError):
        desk.through_the_door(lambda mill: mill.vocabulary.apply("List.md"), front)
    assert front.told(VocabularyAdopted) == []
    assert tree(desk.root) == before


def test_a_change_that_was_turned_down_is_not_carried_out(tmp_path: Path) -> None:
    """The list says so, a person said no before, and the tag stays."""
    desk, front = Desk(tmp_path, NOTES), KeepingFront()
    desk.through_the_door(lambda mill: mill.tags.reject(["soup"], into="dish"), KeepingFront())
    desk.through_the_door(lambda mill: mill.vocabulary.apply("List.md"), front)
    assert front.told(ChangesStay) == [ChangesStay(("soup",))]
    assert "tags: [soup, bread]" in desk.text("one.md")


def test_an_adopted_list_is_returned_and_another_note_named_in_its_place(tmp_path: Path) -> None:
    """Only a note with a list can be it; the one before is told."""
    desk, front = Desk(tmp_path, {**NOTES, "Other.md": LIST}), KeepingFront()
    taken = desk.through_the_door(lambda mill: mill.vocabulary.adopt("List.md"), KeepingFront())
    assert taken.changes == {"soup": "dish"}
    desk.through_the_door(lambda mill: mill.vocabulary.adopt("Other.md"), front)
    assert front.told(VocabularyAdopted) == [VocabularyAdopted("Other.md", "List.md")]
    for note in ("Nowhere.md", "one.md"):
        with pytest.raises(UsageError):
            desk.through_the_door(partial(_adopt, note=note), KeepingFront())


async def _adopt(mill: Mill, note: str) -> None:
    await mill.vocabulary.adopt(note)
