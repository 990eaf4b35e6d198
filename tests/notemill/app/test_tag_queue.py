"""Changes of tags stand in the queue of all proposals: what is decided there holds here, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.app.reviewing import Wanted
from notemill.app.tag_view import TagView
from notemill.app.terms import RunTerms
from notemill.stores.proposals import Decision, ProposalKind, ProposalState
from notemill.stores.queue_rows import Filter
from notemill.workflows.tags.queueing import queue_tag_changes
from tests.notemill.fronts import KeepingFront
from tests.notemill.workflows.notes import Desk

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.app.mill import Mill
    from notemill.app.opened import OpenVault
    from notemill.app.vocabulary import Proposed
    from notemill.stores.queue_rows import QueueRow
    from notemill.workflows.tags.deciding import ToDecide

LIST = "<!-- notemill: tags -->\n- dish (soup)\n- loaf (bread)\n"
NOTES: dict[str, str | bytes] = {
    "one.md": "---\ntags: [soup, bread]\n---\nWords.\n",
    "List.md": LIST,
}


class Room(Desk):
    """A vault whose list makes two changes, which stand in the queue."""

    def __post_init__(self) -> None:
        """Take the list over, and let its changes wait."""
        super().__post_init__()
        self.adopt("List.md")
        self.through_the_door(lambda mill: mill.on(_queue))

    def states(self) -> dict[str, ProposalState]:
        """Return where each tag's change stands in the queue."""
        wanted = Filter(kinds={ProposalKind.TAG_CHANGE})
        rows = self.through_the_door(
            lambda mill: mill.on(lambda opened: list(opened.queue.all_of(wanted)))
        )
        return {one.replaces: one.state for one in rows}

    def decide(self, tag: str, decision: Decision) -> None:
        """Decide about a tag's change, as a review does."""
        self.through_the_door(lambda mill: mill.on(_decide, tag, decision))

    def waiting(self) -> ToDecide:
        """Return what waits."""
        return self.through_the_door(lambda mill: mill.tags.waiting(), KeepingFront()).decide


def _queue(opened: OpenVault) -> None:
    queue_tag_changes(opened.queue, TagView(opened).to_decide().changes, now=opened.clock())


def _decide(opened: OpenVault, tag: str, decision: Decision) -> None:
    rows = opened.queue.all_of(Filter(kinds={ProposalKind.TAG_CHANGE}))
    ids = [one.id for one in rows if one.replaces == tag]
    opened.deciding.decide(ids, decision, by="a page", now=opened.clock())


def test_what_a_review_turned_down_is_neither_proposed_nor_carried_out(tmp_path: Path) -> None:
    """The list says that it becomes another tag; it stays, until the decision is taken back."""
    room = Room(tmp_path, NOTES)
    room.decide("soup", Decision.REJECT)
    assert [one.tag for one in room.waiting().changes] == ["bread"]
    assert [one.tag for one in room.waiting().turned_down] == ["soup"]
    room.through_the_door(lambda mill: mill.vocabulary.apply("List.md"), KeepingFront())
    assert "tags: [soup, loaf]" in room.text("one.md")
    assert room.through_the_door(lambda mill: mill.tags.take_back(["soup"]), KeepingFront()) == 1
    assert [one.tag for one in room.waiting().changes] == ["soup"]
    assert room.states()["soup"] is ProposalState.PENDING


def test_what_a_review_accepted_waits_to_be_written_and_may_be_here(tmp_path: Path) -> None:
    """It is no open decision any more; written here it is applied there, and undone there, too."""
    room = Room(tmp_path, NOTES)
    room.decide("soup", Decision.ACCEPT)
    assert [one.tag for one in room.waiting().changes] == ["bread"]
    assert [one.tag for one in room.waiting().accepted] == ["soup"]
    done = room.through_the_door(lambda mill: mill.tags.accept(["soup"]), KeepingFront())
    assert done.notes == ("one.md",)
    assert room.states() == {"soup": ProposalState.APPLIED, "bread": ProposalState.PENDING}
    room.undo(done.run)
    assert room.states()["soup"] is ProposalState.UNDONE
    assert [one.tag for one in room.waiting().changes] == ["bread", "soup"]


def test_what_is_turned_down_here_is_turned_down_in_the_queue(tmp_path: Path) -> None:
    """Also what was accepted there and not yet written: nothing writes it any more."""
    room = Room(tmp_path, NOTES)
    room.decide("soup", Decision.ACCEPT)
    room.through_the_door(lambda mill: mill.tags.reject(["soup", "bread"]), KeepingFront())
    assert set(room.states().values()) == {ProposalState.REJECTED}
    assert room.through_the_door(lambda mill: mill.tags.take_back(["bread"]), KeepingFront()) == 1


def test_a_model_is_told_what_a_review_turned_down(tmp_path: Path) -> None:
    """The prompt says so, wherever it was decided."""
    notes = {"one.md": "---\ntags: [soups, soup]\n---\n", "two.md": "#soup\n"}
    desk = Desk(tmp_path, dict(notes))
    desk.through_the_door(lambda mill: mill.on(_queue))
    desk.through_the_door(lambda mill: mill.on(_decide, "soups", Decision.REJECT))

    async def plan(mill: Mill) -> Proposed:
        return await mill.vocabulary.plan(RunTerms())

    planned = desk.through_the_door(plan, KeepingFront())
    assert planned.preview is not None
    assert "soups into soup" in planned.preview.body.decode()


QUERIES: dict[str, str | bytes] = {
    "one.md": "---\ntags: [soup, bread]\n---\nWords.\n",
    "List.md": LIST,
    "Home.md": '```dataview\nLIST FROM #soup OR #bread\n```\nand `= length(this.file.tags, "#soup")`\n',
    "Mine.md": "---\nnotemill: ignore\n---\n```query\ntag:#soup\n```\n",
}


def rows_of(room: Room, kind: ProposalKind) -> list[QueueRow]:
    """Return the rows of a kind, as a review finds them."""

    async def look(mill: Mill) -> list[QueueRow]:
        await mill.reviewing.look_for([kind])
        return [*(await mill.reviewing.page(Wanted(states=None, kinds=(kind,)))).rows]

    return room.through_the_door(look, KeepingFront())


def test_queries_are_proposals_of_their_own_and_change_with_their_tags(tmp_path: Path) -> None:
    """Each line stands with its note, before and after; it is written and undone with the tags."""
    room = Room(tmp_path, QUERIES)
    rows = rows_of(room, ProposalKind.QUERY_CHANGE)
    assert [(one.notes, one.replaces, one.value) for one in rows] == [
        (("Home.md",), "LIST FROM #soup OR #bread", "LIST FROM #dish OR #loaf"),
        (("Home.md",), 'and `= length(this.file.tags, "#soup")`',
         'and `= length(this.file.tags, "#dish")`'),
    ]  # fmt: skip
    (soup,) = [one for one in rows_of(room, ProposalKind.TAG_CHANGE) if one.replaces == "soup"]
    assert "1 place would keep its name" in soup.why
    assert "Mine" not in soup.why
    room.decide("soup", Decision.ACCEPT)
    room.decide("bread", Decision.ACCEPT)
    done = room.through_the_door(lambda mill: mill.applying.accepted(), KeepingFront())
    assert room.text("Home.md") == str(QUERIES["Home.md"]).replace("soup", "dish").replace(
        "#bread", "#loaf"
    )
    states = {one.state for one in rows_of(room, ProposalKind.QUERY_CHANGE)}
    assert states == {ProposalState.APPLIED}
    room.undo(done.run)
    assert room.text("Home.md") == QUERIES["Home.md"]
    assert {one.state for one in rows_of(room, ProposalKind.QUERY_CHANGE)} >= {
        ProposalState.PENDING
    }


def test_a_query_that_a_person_wants_as_it_is_stays(tmp_path: Path) -> None:
    """Its line is rejected: `apply` changes the tag and the other lines, and not that one."""
    room = Room(tmp_path, QUERIES)
    first, _ = rows_of(room, ProposalKind.QUERY_CHANGE)

    async def reject(mill: Mill) -> None:
        await mill.reviewing.decide([first.id], Decision.REJECT, by="a page")

    room.through_the_door(reject, KeepingFront())
    rows_of(room, ProposalKind.TAG_CHANGE)
    room.decide("soup", Decision.ACCEPT)
    room.through_the_door(lambda mill: mill.applying.accepted(), KeepingFront())
    text = room.text("Home.md")
    assert "LIST FROM #soup OR #bread" in text
    assert '"#dish"' in text
