"""The service of tidying, without a command line: a look, a yes, one run, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from notemill.app.reviewing import Wanted
from notemill.app.tidying import NotLookedInto, TidyPlanned
from notemill.errors import WaitingForPersonError
from notemill.stores.proposals import Decision, ProposalKind
from notemill.vault.tidy import TidyKind
from tests.notemill.fronts import KeepingFront
from tests.notemill.workflows.notes import Desk, tree

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from notemill.app.accepted import AcceptedWritten
    from notemill.app.events import Question
    from notemill.app.mill import Mill
    from notemill.app.tidying import Tidied

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


FORM = (ProposalKind.TIDY_CHANGE,)


async def nothing() -> None:
    """Do nothing."""


@dataclass
class Thinking(KeepingFront):
    """A person at one front, while another front works on the vault."""

    meanwhile: Callable[[], Awaitable[None]] = nothing

    async def ask(self, question: Question) -> bool:
        """Let the other front go first."""
        await self.meanwhile()
        return await super().ask(question)


async def decided(mill: Mill, note: str, decision: Decision) -> None:
    """Decide on what would bring a note into form."""
    await mill.reviewing.look_for(FORM)
    page = await mill.reviewing.page(Wanted(kinds=FORM))
    ids = [row.id for row in page.rows if row.notes == (note,)]
    assert (await mill.reviewing.decide(ids, decision, by="me")).changed


def test_what_was_rejected_for_a_note_is_left_out_and_counted(tmp_path: Path) -> None:
    """Its other kinds, and the other notes, are brought into form all the same."""
    desk, front = Desk(tmp_path, NOTES), KeepingFront()

    async def tidied(mill: Mill) -> Tidied:
        await decided(mill, "one.md", Decision.REJECT)
        desk.path("one.md").write_text("---\nTitle: x\nDate: 2021/03/04\n---\n", "utf-8")
        return await mill.tidying.tidy(list(TidyKind))

    done = desk.through_the_door(tidied, front)
    assert set(done.notes) == {"one.md", "Deep/two.md"}
    assert done.plan.rejected == 1
    assert desk.text("one.md") == "---\nTitle: x\nDate: 2021-03-04\n---\n"
    assert desk.text("Deep/two.md") == "---\ntitle: y\n---\nWords.\n"


def test_what_must_never_be_is_left_out_of_every_note(tmp_path: Path) -> None:
    """Nobody is asked where nothing else is left, and nothing of it waits in the queue again."""
    desk, front = Desk(tmp_path, NOTES), KeepingFront()
    before = tree(desk.root)

    async def tidied(mill: Mill) -> Tidied:
        await decided(mill, "one.md", Decision.NEVER)
        await mill.reviewing.look_for(FORM)
        assert not (await mill.reviewing.page(Wanted(kinds=FORM))).rows
        return await mill.tidying.tidy(list(TidyKind))

    done = desk.through_the_door(tidied, front)
    assert (done.run, done.plan.changed, done.plan.rejected) == ("", (), 2)
    assert front.asked == []
    assert tree(desk.root) == before


def test_what_is_rejected_while_a_person_thinks_is_not_written(tmp_path: Path) -> None:
    """The note is named and left, and the other notes are written."""
    desk, front = Desk(tmp_path, NOTES), Thinking()

    async def tidied(mill: Mill) -> Tidied:
        front.meanwhile = lambda: decided(mill, "one.md", Decision.REJECT)
        return await mill.tidying.tidy([TidyKind.CASE])

    done = desk.through_the_door(tidied, front)
    assert done.notes == ("Deep/two.md",)
    assert [(one.key, "was rejected" in one.reason) for one in done.failed] == [("one.md", True)]
    assert desk.text("one.md") == NOTES["one.md"]


def test_what_is_tidied_waits_in_the_queue_no_longer(tmp_path: Path) -> None:
    """An accepted change that `tidy` writes is applied: `apply` finds nothing of it left to do."""
    desk, front = Desk(tmp_path, NOTES), KeepingFront()

    async def accepted(mill: Mill) -> AcceptedWritten:
        await decided(mill, "one.md", Decision.ACCEPT)
        await mill.tidying.tidy(list(TidyKind))
        return await mill.applying.accepted()

    left = desk.through_the_door(accepted, front)
    assert (left.notes, left.failed) == ((), ())
    assert desk.text("one.md") == "---\ntitle: x\ntags:\n  - soup\n---\nWords.\n"
