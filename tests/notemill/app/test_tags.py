"""The service of tags, without a command line: what it returns, reports, asks and writes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from notemill.app.editing import EditsWritten
from notemill.app.events import ChangeInUse
from notemill.app.reviewing import Wanted
from notemill.app.tag_events import ChangesWait, ListWritten, NewTagsAccepted, RetaggingPlanned
from notemill.app.tags import ChangeRejected
from notemill.errors import UsageError, VaultLockedError, WaitingForPersonError
from notemill.stores.proposals import Decision, ProposalKind
from notemill.vault.tidy import TidyKind
from tests.notemill.fronts import KeepingFront
from tests.notemill.workflows.notes import Desk, curated, tree

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.app.events import Question
    from notemill.app.mill import Mill

NOTES: dict[str, str | bytes] = {
    "one.md": "---\ntags: [soup, bread]\n---\nWords.\n",
    "two.md": "---\nTags: [soups]\n---\nMore words.\n",
    "three.md": "A #soup in words.\n",
}


def test_a_change_is_reported_agreed_to_and_written_as_one_run(tmp_path: Path) -> None:
    """The plan is told before the question, the run after the writing, and the run is undone whole."""
    desk, front = Desk(tmp_path, NOTES), KeepingFront()
    before = tree(desk.root)
    done = desk.through_the_door(lambda mill: mill.tags.change({"soup": "food/soup"}), front)
    (planned,) = front.told(RetaggingPlanned)
    assert [one.note for one in planned.changes] == ["one.md", "three.md"]
    assert [one.text for one in front.asked] == ["write this into 2 notes?"]
    assert front.told(EditsWritten) == [EditsWritten(done.run, ("one.md", "three.md"), ())]
    assert "food/soup" in desk.text("one.md")
    desk.undo(done.run)
    assert tree(desk.root) == before


@pytest.mark.parametrize("answer", [False, None])
def test_without_a_yes_nothing_is_written(tmp_path: Path, answer: bool | None) -> None:  # noqa: FBT001
    """A no, or nobody there to ask, leaves every note as it was."""
    desk = Desk(tmp_path, NOTES)
    before = tree(desk.root)
    with pytest.raises(WaitingForPersonError):
        desk.through_the_door(
            lambda mill: mill.tags.change({"soup": "dish"}), KeepingFront(answer=answer)
        )
    assert tree(desk.root) == before


def test_a_note_edited_while_a_person_thinks_is_named_and_left(tmp_path: Path) -> None:
    """What was agreed to was another text; where no note was written there is no run to undo."""
    desk = Desk(tmp_path, NOTES)
    edited = "---\ntags: [soup, bread, mine]\n---\nWords.\n"
    front = KeepingFront(before_answer=lambda: desk.path("one.md").write_text(edited, "utf-8"))
    done = desk.through_the_door(lambda mill: mill.tags.change({"bread": "loaf"}), front)
    assert [one.key for one in done.failed] == ["one.md"]
    assert done.run == ""
    assert desk.text("one.md") == edited


def test_a_dry_run_asks_nothing_and_writes_nothing(tmp_path: Path) -> None:
    """The plan is all there is."""
    desk, front = Desk(tmp_path, NOTES), KeepingFront()
    before = tree(desk.root)
    done = desk.through_the_door(lambda mill: mill.tags.change({"soup": None}, dry_run=True), front)
    assert [one.key for one in done.plan.touched] == ["one.md", "three.md"]
    assert (done.run, front.asked) == ("", [])
    assert tree(desk.root) == before


def test_two_services_work_at_once_and_a_third_reads(tmp_path: Path) -> None:
    """Tags and form are changed side by side while the report is read; each is whole, and undone."""
    notes: dict[str, str | bytes] = {
        f"n{number}.md": f"---\nTitle: x\ntags: [soup]\n---\nWords {number}.\n"
        for number in range(40)
    }
    desk, front = Desk(tmp_path, notes), KeepingFront()
    before = tree(desk.root)

    async def all_three(mill: Mill) -> tuple[str, str, set[int]]:
        seen: set[int] = set()

        async def read() -> None:
            while not front.told(EditsWritten):
                seen.add(len((await mill.tags.report()).census.used))

        changed, tidied, _ = await asyncio.gather(
            mill.tags.change({"soup": "dish"}), mill.tidying.tidy([TidyKind.CASE]), read()
        )
        again = await mill.tidying.tidy([TidyKind.CASE])
        more = await mill.tags.change({"soup": "dish"}) if changed.failed else changed
        return more.run or changed.run, again.run or tidied.run, seen

    _, _, seen = desk.through_the_door(all_three, front)
    assert seen
    assert all(
        desk.text(key) == f"---\ntitle: x\ntags: [dish]\n---\nWords {key[1:-3]}.\n" for key in notes
    )
    for done in reversed(front.told(EditsWritten)):
        desk.undo(done.run)
    assert tree(desk.root) == before


def test_the_same_work_twice_at_once_is_refused(tmp_path: Path) -> None:
    """The second says who is at work; the first is not disturbed."""
    desk, front = Desk(tmp_path, NOTES), KeepingFront()

    async def both(mill: Mill) -> list[object]:
        return list(
            await asyncio.gather(
                mill.tags.change({"soup": "dish"}),
                mill.tags.change({"bread": "loaf"}),
                return_exceptions=True,
            )
        )

    first, second = desk.through_the_door(both, front)
    assert not isinstance(first, BaseException)
    assert isinstance(second, VaultLockedError)
    assert "tags: [dish, bread]" in desk.text("one.md")


def test_a_new_tag_goes_into_the_list_and_the_run_is_named(tmp_path: Path) -> None:
    """The list's own writing can be undone, so its run is reported and returned."""
    desk, front = (
        Desk(tmp_path, {**NOTES, "Tags.md": "<!-- notemill: tags -->\n- soup\n"}),
        (KeepingFront()),
    )
    desk.adopt("Tags.md")
    desk.provider.reply = lambda params: curated(params, tags=["garden"])
    desk.curate()
    done = desk.through_the_door(lambda mill: mill.tags.accept(["garden"]), front)
    assert front.told(ListWritten) == [ListWritten("Tags.md", done.run)]
    assert [one.tag for one in front.told(NewTagsAccepted)[0].new_tags] == ["garden"]
    assert "- garden\n" in desk.text("Tags.md")
    desk.undo(done.run)
    assert "garden" not in desk.text("Tags.md")


def test_what_is_turned_down_waits_no_more_until_it_is_taken_back(tmp_path: Path) -> None:
    """A decision is returned as it is kept, shows in the next look, and can be withdrawn."""
    desk = Desk(tmp_path, NOTES)

    def waiting() -> list[str]:
        waits = desk.through_the_door(lambda mill: mill.tags.waiting(), KeepingFront())
        return [one.tag for one in waits.decide.changes]

    assert waiting() == ["soups"]
    said = desk.through_the_door(lambda mill: mill.tags.reject(["soups"]), KeepingFront())
    assert said == (ChangeRejected("soups", "soup"),)
    assert waiting() == []
    assert desk.through_the_door(lambda mill: mill.tags.take_back(["soups"]), KeepingFront()) == 1
    assert waiting() == ["soups"]


def test_a_tag_that_no_note_has_is_a_usage_error(tmp_path: Path) -> None:
    """It says what there is; nobody is asked anything."""
    front = KeepingFront()
    with pytest.raises(UsageError, match="no note has #nowhere"):
        Desk(tmp_path, NOTES).through_the_door(
            lambda mill: mill.tags.change({"nowhere": "x"}), front
        )
    assert front.asked == []


@pytest.mark.parametrize(("answer", "waiting"), [(True, []), (False, ["soup"]), (None, ["soup"])])
def test_only_a_person_changes_a_tag_that_places_still_name(
    tmp_path: Path,
    answer: bool | None,  # noqa: FBT001
    waiting: list[str],
) -> None:
    """A yes at the front changes it; a no, or nobody there, leaves that tag and no other."""
    desk = Desk(tmp_path, {**NOTES, "Soup.md": "A page about it.\n"})
    front = Answering(answer)
    done = desk.through_the_door(
        lambda mill: mill.tags.change({"soup": "dish", "bread": "loaf"}), front
    )
    assert sorted(done.waiting) == waiting
    assert front.told(ChangesWait) == ([ChangesWait(("soup",))] if waiting else [])
    kept = "soup" if waiting else "dish"
    assert f"tags: [{kept}, loaf]" in desk.text("one.md")


class Answering(KeepingFront):
    """Answers the question about places, and agrees to everything else."""

    async def ask(self, question: Question) -> bool:
        """Answer as a test says, or as one that agrees."""
        return await super().ask(question) if isinstance(question, ChangeInUse) else True


def test_an_accepted_change_is_made_with_its_queries_whatever_names_it(tmp_path: Path) -> None:
    """Who accepted it has seen its places; `apply` asks no more about them."""
    notes = {
        "one.md": "---\ntags: [soup]\n---\nWords.\n",
        "Soup.md": "```query\ntag:#soup\n```\n",
        "List.md": "<!-- notemill: tags -->\n- dish (soup)\n",
    }
    desk = Desk(tmp_path, notes)
    desk.adopt("List.md")
    front = KeepingFront()
    desk.through_the_door(_accept_all_changes, front)
    done = desk.through_the_door(lambda mill: mill.applying.accepted(), front)
    assert (done.notes, done.failed) == (("Soup.md", "one.md"), ())
    assert "tag:#dish" in desk.text("Soup.md")


async def _accept_all_changes(mill: Mill) -> None:
    await mill.reviewing.look_for([ProposalKind.TAG_CHANGE])
    await mill.reviewing.decide_all(
        Wanted(kinds=(ProposalKind.TAG_CHANGE,)), Decision.ACCEPT, by="test"
    )
