"""A vocabulary that no note holds follows changes of tags, and goes back when they are undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notemill.app import runs
from notemill.app.tag_events import RetaggingPlanned, VocabularyChanged, VocabularyRestored
from tests.doubles import ScriptedProvider
from tests.notemill.app.test_first_vocabulary import NOTES, TAGS, Model, curate, in_force
from tests.notemill.fronts import KeepingFront
from tests.notemill.workflows.notes import Desk, tree
from twolane import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from notemill.app.tag_changes import TagsChanged

NEW = {"kitchen": "cookery", "garden/soil": "garden", "tools": None}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A vault whose vocabulary of five tags is in force, with two notes tagged by it."""
    desk = Desk(tmp_path, NOTES, ScriptedProvider(Model(tags=("garden/soil",))))
    ended = curate(desk, KeepingFront())
    assert ended.run is not None
    desk.apply(ended.run.id)
    assert in_force(desk) == list(TAGS)
    return desk


def curated_anew(desk: Desk, note: str = "Kitchen/New.md") -> str:
    """Curate one more note; return what was asked about it."""
    before = len(desk.provider.sent)
    desk.path(note).write_text("Roast the onions first.\n")
    curate(desk, KeepingFront())
    assert len(desk.provider.sent) == before + 1
    return str(desk.provider.sent[-1])


def changed(
    desk: Desk, changes: Mapping[str, str | None], front: KeepingFront | None = None
) -> TagsChanged:
    """Change tags, as a process of its own."""
    return desk.through_the_door(lambda mill: mill.tags.change(changes), front or KeepingFront())


def test_the_next_prompt_tells_the_new_names_until_they_are_undone(desk: Desk) -> None:
    """Renamed with its children, merged and dropped; nothing known is asked about again."""
    before = tree(desk.root)
    front = KeepingFront()
    done = changed(desk, NEW, front)
    assert len(done.notes) == 4
    assert front.told(VocabularyChanged) == [VocabularyChanged(4, done.run)]
    assert in_force(desk) == ["garden", "cookery", "cookery/baking"]
    asked = curated_anew(desk)
    assert r"garden: for garden\ncookery: for kitchen\n  baking: for kitchen/baking\n<" in asked
    front = KeepingFront()
    desk.path("Kitchen/New.md").unlink()
    desk.through_the_door(lambda mill: mill.applying.undo(done.run), front)
    assert front.told(VocabularyRestored) == [VocabularyRestored()]
    assert tree(desk.root) == before
    assert in_force(desk) == list(TAGS)
    assert r"kitchen: for kitchen\n  baking: for kitchen/baking\n" in curated_anew(desk, "Other.md")


def test_an_old_name_that_a_model_still_says_is_filed_under_the_new_one(desk: Desk) -> None:
    """It is another spelling of the new tag, and no new tag that waits for a person."""
    changed(desk, NEW)
    gate = desk.on(lambda opened: opened.gate())
    for said, filed in (("kitchen/baking", "cookery/baking"), ("garden/soil", "garden")):
        ruling = gate.of(said, "")
        assert ruling is not None
        assert (ruling.tag, ruling.is_new) == (filed, False)


def test_a_tag_that_no_note_has_yet_can_be_renamed(desk: Desk) -> None:
    """A run of its own, which is listed and undone like any other."""
    front = KeepingFront()
    done = changed(desk, {"tools": "sheds/tools"}, front)
    assert done.notes == ()
    (planned,) = front.told(RetaggingPlanned)
    assert planned.plan.listed == {"tools": "sheds/tools"}
    assert [one.text for one in front.asked] == ["change the vocabulary?"]
    assert "sheds/tools" in in_force(desk)

    def became() -> runs.Became:
        known = runs.known_runs(Settings(home=desk.home))
        return next(one.became for one in known if one.id == done.run)

    assert became() == runs.Became.APPLIED
    desk.through_the_door(lambda mill: mill.applying.undo(done.run))
    assert became() == runs.Became.UNDONE
    assert in_force(desk) == list(TAGS)


def test_of_two_renames_the_later_is_kept_when_the_earlier_is_undone(desk: Desk) -> None:
    """Undoing the later first brings back each name in turn."""
    first = changed(desk, {"tools": "sheds"})
    second = changed(desk, {"sheds": "workshop"})
    desk.through_the_door(lambda mill: mill.applying.undo(first.run))
    assert "workshop" in in_force(desk)
    desk.through_the_door(lambda mill: mill.applying.undo(second.run))
    assert "sheds" in in_force(desk)


def test_a_vocabulary_in_a_note_is_that_notes_matter(desk: Desk) -> None:
    """What was in force before it stays as it was."""
    desk.path("Tags.md").write_text("")
    desk.through_the_door(lambda mill: mill.vocabulary.propose("Tags.md"), KeepingFront())
    done = changed(desk, {"garden/soil": "earth"})
    assert done.plan.listed == {}


def test_forgetting_a_rename_keeps_the_new_name_and_no_trace_of_the_old(desk: Desk) -> None:
    """The change stands; its undo is gone with the run."""
    done = changed(desk, {"tools": None})
    desk.on(lambda opened: opened.decisions.forget(done.run))
    desk.through_the_door(lambda mill: mill.applying.undo(done.run))
    assert "tools" not in in_force(desk)
