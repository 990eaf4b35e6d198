"""One queue of all proposals: shown in pages, decided once, taken back by whoever decided."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from notemill.errors import UsageError
from notemill.stores.deciding import Deciding
from notemill.stores.decisions import Decisions
from notemill.stores.links import LinkLedger
from notemill.stores.pairs import LinkRun, NewPair, PairState
from notemill.stores.proposals import (
    DECIDABLE,
    MOVES,
    Decision,
    NewProposal,
    ProposalKind,
    ProposalState,
)
from notemill.stores.queue import FoundChange, Queue
from notemill.stores.queue_rows import PARTS, Filter, Order, alike_kind
from notemill.stores.review import Review
from notemill.stores.store import FILE, Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from notemill.stores.queue_rows import QueueRow

PENDING, ACCEPTED, REJECTED = (
    ProposalState.PENDING, ProposalState.ACCEPTED, ProposalState.REJECTED
)  # fmt: skip
OPEN = Filter(states={PENDING})


class Desk:
    """A vault's store with its queue, and what fills it."""

    def __init__(self, path: Path) -> None:
        """Open the store at `path`."""
        self.store = Store(path)
        self.review = Review(self.store)
        self.links = LinkLedger(self.store)
        self.decisions = Decisions(self.store)
        self.queue = Queue(self.store)
        self.deciding = Deciding(self.store)

    def curated(self, run: str = "r1", **notes: list[tuple[ProposalKind, str]]) -> None:
        """Let a run propose values for notes `NAME.md`."""
        made = [
            (f"{name}.md", f"hash of {name}", [NewProposal(*one) for one in some])
            for name, some in notes.items()
        ]
        self.review.store(run, made, now=1.0)

    def linked(self, *pairs: tuple[str, str, float]) -> None:
        """Let a look for links propose pairs with their scores."""
        why = {"words": ["soil", "worms"], "mentions": [], "neighbours": ["Private.md"]}
        found = [NewPair(a, b, score, why, "ha", "hb") for a, b, score in pairs]
        self.links.propose(LinkRun("link-1", 1.0, {}), found)

    def ids(self, wanted: Filter = Filter(), order: Order = Order.NOTE) -> list[str]:  # noqa: B008
        """Return the ids of all wanted rows."""
        return [one.id for one in self.queue.rows(wanted, order=order, limit=1_000).rows]

    def decide(self, ids: list[str], decision: Decision, by: str = "a") -> list[str]:
        """Decide and return the ids that changed."""
        return [one.id for one in self.deciding.decide(ids, decision, by=by, now=2.0).changed]

    def states(self) -> dict[str, ProposalState]:
        """Return where every row stands."""
        return {one.id: one.state for one in self.queue.all_of(Filter())}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Open a queue with proposals of several kinds."""
    opened = Desk(tmp_path / FILE)
    tag, new, topic, text = (
        ProposalKind.TAG, ProposalKind.NEW_TAG, ProposalKind.TOPIC, ProposalKind.DESCRIPTION
    )  # fmt: skip
    opened.curated(
        a=[(tag, "garden/soil"), (new, "Worms"), (topic, "Soil")],
        b=[(tag, "Garden/Soil"), (text, "About b.")],
        c=[(new, "worms")],
    )
    opened.linked(("a.md", "c.md", 0.9), ("b.md", "c.md", 0.4))
    with contextlib.closing(opened.store):
        yield opened


def told(row: QueueRow) -> tuple[str, ...]:
    """Return what a person sees of a row first."""
    return (*row.notes, row.kind, row.value)


# -- what is shown --------------------------------------------------------------------------------


def test_every_kind_comes_in_one_order_by_note(desk: Desk) -> None:
    """Descriptions, tags, topics and links stand beside each other, note by note."""
    assert [told(one) for one in desk.queue.rows().rows] == [
        ("a.md", "c.md", "link", "c.md"),
        ("a.md", "new tag", "Worms"),
        ("a.md", "tag", "garden/soil"),
        ("a.md", "topic", "Soil"),
        ("b.md", "description", "About b."),
        ("b.md", "c.md", "link", "c.md"),
        ("b.md", "tag", "Garden/Soil"),
        ("c.md", "new tag", "worms"),
    ]


def test_by_value_the_notes_of_a_tag_stand_together(desk: Desk) -> None:
    """Any spelling of a tag is the same value, and one look at it counts its notes."""
    rows = desk.queue.rows(order=Order.VALUE).rows
    assert [told(one) for one in rows[:4]] == [
        ("a.md", "c.md", "link", "c.md"),
        ("b.md", "c.md", "link", "c.md"),
        ("a.md", "tag", "garden/soil"),
        ("b.md", "tag", "Garden/Soil"),
    ]
    keys = [one.value_key for one in rows]
    assert Counter(keys)["garden/soil"] == 2
    assert desk.queue.count(Filter(value_key="garden/soil")) == 2


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_by_value_the_largest_group_comes_first_and_stays_where_it_is(
    desk: Desk, limit: int
) -> None:
    """Groups of one size stand by name; deciding on the way moves none, a new look begins anew."""
    some = {
        f"n{number}": [(ProposalKind.TAG, "zinnia"), (ProposalKind.TOPIC, "zinnia")]
        for number in range(4)
    }
    desk.curated("r2", **some)
    before = desk.ids(OPEN, order=Order.VALUE)
    begin = ["zinnia"] * 8 + ["c.md"] * 2 + ["garden/soil"] * 2 + ["worms"] * 2
    rows = desk.queue.rows(OPEN, order=Order.VALUE).rows
    assert [one.value_key for one in rows[: len(begin)]] == begin
    assert [one.kind for one in rows[:8]] == [ProposalKind.TAG] * 4 + [ProposalKind.TOPIC] * 4
    seen, after = [], ""
    while True:
        page = desk.queue.rows(OPEN, order=Order.VALUE, after=after, limit=limit)
        seen += [one.id for one in page.rows]
        # As a person goes on, all of what was shown but its first row is decided.
        desk.decide([one.id for one in page.rows][1:], Decision.REJECT)
        if not (after := page.next):
            break
    assert seen == before
    rows = desk.queue.rows(OPEN, order=Order.VALUE).rows
    sizes = Counter((one.value_key, alike_kind(one.kind)) for one in rows)
    assert list(sizes.values()) == sorted(sizes.values(), reverse=True)
    after = desk.queue.start_of(rows[-1], Order.VALUE, OPEN)
    (last,) = desk.queue.rows(OPEN, order=Order.VALUE, after=after).rows
    assert last == rows[-1]


def test_by_confidence_what_is_least_sure_comes_first(desk: Desk) -> None:
    """What nobody said of comes last, and a limit leaves it out."""
    said = [one.confidence for one in desk.queue.rows(order=Order.CONFIDENCE).rows]
    assert said[:2] == [0.4, 0.9]
    assert set(said[2:]) == {None}
    assert [one.confidence for one in desk.queue.rows(Filter(max_confidence=0.5)).rows] == [0.4]


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 50])
def test_pages_lead_through_all_rows_once(desk: Desk, order: Order, limit: int) -> None:
    """In every order and with pages of any size, also where rows are decided on the way."""
    seen: list[str] = []
    after = ""
    while True:
        page = desk.queue.rows(order=order, after=after, limit=limit)
        seen += [one.id for one in page.rows]
        desk.decide([page.rows[0].id], Decision.ACCEPT)
        if not (after := page.next):
            break
    assert seen == desk.ids(order=order)
    assert len(set(seen)) == 8


@pytest.mark.parametrize("after", ["x", "[]", "{}", "null", "[1,2]", '[["a"],"b","c",1]', "9" * 99])
def test_a_page_that_is_none_is_said_so(desk: Desk, after: str) -> None:
    """What a front sends as its place is read with care."""
    with pytest.raises(UsageError, match="first page"):
        desk.queue.rows(after=after)


def test_a_filter_takes_what_fits_all_of_it(desk: Desk) -> None:
    """By kind, run, note and pattern; a link is about both its notes."""
    queue = desk.queue
    assert queue.count(Filter(kinds={ProposalKind.NEW_TAG})) == 2
    assert queue.count(Filter(run="link-1")) == 2
    assert queue.count(Filter(note="c.md")) == 3
    assert queue.count(Filter(note="c.md", kinds={ProposalKind.LINK})) == 2
    assert queue.count(Filter(only="a.md".__eq__)) == 4
    assert queue.count(Filter(run="nothing")) == 0


def test_a_row_with_a_hidden_note_is_not_there(desk: Desk) -> None:
    """Neither listed nor counted, and a link is hidden with either of its notes."""
    wanted = Filter(shows=lambda note: note != "c.md")
    assert all("c.md" not in one.notes for one in desk.queue.all_of(wanted))
    assert sum(desk.queue.counts(wanted).values()) == desk.queue.count(wanted) == 5


def test_a_page_takes_the_same_statements_however_long_the_queue_is(desk: Desk) -> None:
    """One for each part of an order, and none sorts more than one note's rows; by value, a few more."""
    some = [(ProposalKind.TAG, f"t/{number}") for number in range(2_000)]
    desk.curated("r2", z=some)
    statements: list[str] = []
    desk.store.db.set_trace_callback(statements.append)
    desk.queue.rows(OPEN, order=Order.VALUE, limit=10)
    assert len(statements) <= 9
    for order in (Order.NOTE, Order.CONFIDENCE):
        statements.clear()
        desk.queue.rows(OPEN, order=order, limit=10)
        assert len(statements) <= len(PARTS[order]) + 1
        for of_notes in (one for one in statements if "FROM proposals" in one):
            plan = [one for *_, one in desk.store.rows(f"EXPLAIN QUERY PLAN {of_notes}")]
            sorts = [one for one in plan if "TEMP B-TREE" in one]
            only_one_notes = ["USE TEMP B-TREE FOR RIGHT PART OF ORDER BY"]
            assert sorts == (only_one_notes if "kind = 'note'" in of_notes else [])
            assert any("USING" in one and "INDEX proposals_" in one for one in plan)


# -- decisions ------------------------------------------------------------------------------------


def test_a_decision_is_there_for_every_other_process_at_once(desk: Desk, tmp_path: Path) -> None:
    """Durable when the call returns, and shown by another connection."""
    other = Desk(tmp_path / FILE)
    with contextlib.closing(other.store):
        desk.decide([desk.ids()[0]], Decision.ACCEPT)
        assert other.queue.counts()[ACCEPTED] == 1
        assert other.states() == desk.states()


def test_what_was_decided_meanwhile_is_not_turned_round(desk: Desk) -> None:
    """A front that shows a proposal as open does not change what another has made of it."""
    first = desk.ids()[1]
    desk.decide([first], Decision.REJECT, by="page")
    late = desk.deciding.decide([first], Decision.ACCEPT, by="terminal", now=3.0, was=PENDING)
    assert late.changed == ()
    assert [(one.id, one.state) for one in late.unchanged] == [(first, REJECTED)]
    assert desk.deciding.undo(by="terminal", now=4.0) is None
    meant = desk.deciding.decide([first], Decision.ACCEPT, by="terminal", now=5.0, was=REJECTED)
    assert [one.state for one in meant.changed] == [ACCEPTED]


def test_undo_takes_back_ones_own_last_step_and_never_anothers(desk: Desk) -> None:
    """Two fronts decide in turn; each goes back through its own steps, past the other's."""
    one, two, three, four = desk.ids()[:4]
    for id_, by in ((one, "a"), (two, "b"), (three, "a"), (four, "b")):
        desk.decide([id_], Decision.ACCEPT, by=by)
    for expected in (three, one):
        done = desk.deciding.undo(by="a", now=3.0)
        assert done is not None
        assert [row.id for row in done.changed] == [expected]
    assert desk.deciding.undo(by="a", now=3.0) is None
    assert desk.queue.counts()[ACCEPTED] == 2


@pytest.mark.parametrize("between", [[Decision.REJECT], [Decision.PENDING, Decision.ACCEPT]])
def test_what_another_has_decided_since_is_left_by_an_undo(
    desk: Desk, between: list[Decision]
) -> None:
    """Also where it stands again as one's own step had left it."""
    first = desk.ids()[1]
    desk.decide([first], Decision.ACCEPT, by="a")
    for one in between:
        desk.decide([first], one, by="b")
    stands = desk.states()
    done = desk.deciding.undo(by="a", now=3.0)
    assert done is not None
    assert done.changed == ()
    assert [row.id for row in done.unchanged] == [first]
    assert desk.states() == stands


def test_undo_goes_on_after_a_restart(desk: Desk, tmp_path: Path) -> None:
    """The steps are kept with the decisions."""
    desk.decide([desk.ids()[0]], Decision.ACCEPT)
    other = Desk(tmp_path / FILE)
    with contextlib.closing(other.store):
        assert other.deciding.undo(by="a", now=3.0) is not None
    assert desk.queue.counts()[PENDING] == 8


def test_what_changes_nothing_is_no_step(desk: Desk) -> None:
    """The same again, the same id three times, one that nobody knows: one step, one undo."""
    first = desk.ids()[1]
    assert desk.decide([first, first, first], Decision.ACCEPT) == [first]
    assert desk.decide([first], Decision.ACCEPT) == []
    lost = desk.deciding.decide(["p999", "x1", "l", "p-1", "l²"], Decision.ACCEPT, by="a", now=2.0)
    assert lost.missing == ("p999", "x1", "l", "p-1", "l²")
    done = desk.deciding.undo(by="a", now=3.0)
    assert done is not None
    assert [row.id for row in done.changed] == [first]
    assert desk.deciding.undo(by="a", now=3.0) is None


def test_all_means_what_is_open_within_the_filter(desk: Desk) -> None:
    """What was rejected stays so, other notes are untouched, and one undo takes it back."""
    note = Filter(note="a.md")
    rejected = desk.ids(note)[1]
    desk.decide([rejected], Decision.REJECT)
    shown = desk.queue.count(Filter(note="a.md", states={PENDING}))
    done = desk.deciding.decide_all(note, Decision.ACCEPT, by="a", now=3.0)
    assert len(done.changed) == shown == 3
    assert desk.states()[rejected] is REJECTED
    assert desk.queue.counts(Filter(only=lambda one: one != "a.md"))[PENDING] == 4
    desk.deciding.undo(by="a", now=4.0)
    assert desk.queue.counts() == {**dict.fromkeys(ProposalState, 0), PENDING: 7, REJECTED: 1}


def test_all_of_a_value_may_have_exceptions(desk: Desk) -> None:
    """One decision for all notes of a tag, but those that are named."""
    wanted = Filter(value_key="garden/soil")
    keep, other = desk.ids(wanted)
    done = desk.deciding.decide_all(wanted, Decision.REJECT, by="a", now=2.0, but=[keep])
    assert [one.id for one in done.changed] == [other]


def test_what_a_run_has_written_is_decided_no_more(desk: Desk) -> None:
    """Its way back is the undo of the run."""
    desk.review.decide(desk.review.proposals("r1", note="a.md"), ProposalState.APPLIED, now=2.0)
    before = desk.states()
    ids = desk.ids(Filter(states={ProposalState.APPLIED}))
    for decision in Decision:
        done = desk.deciding.decide(ids, decision, by="a", now=3.0)
        assert (len(done.changed), len(done.unchanged)) == (0, 3)
    assert desk.states() == before


def test_a_step_whose_rows_were_written_since_takes_nothing_back(desk: Desk) -> None:
    """What is in a note is not made pending by an undo of the acceptance."""
    ids = desk.ids(Filter(note="b.md", kinds={ProposalKind.TAG}))
    desk.decide(ids, Decision.ACCEPT)
    desk.review.decide(desk.review.accepted(), ProposalState.APPLIED, now=3.0, run="apply-1")
    done = desk.deciding.undo(by="a", now=4.0)
    assert done is not None
    assert [one.state for one in done.unchanged] == [ProposalState.APPLIED]


# -- values ---------------------------------------------------------------------------------------


def test_an_edited_value_is_accepted_and_comes_back_by_undo(desk: Desk) -> None:
    """The value is what a person wrote; an undo shows the one that was proposed."""
    (first,) = desk.ids(Filter(note="a.md", kinds={ProposalKind.TAG}))
    done = desk.deciding.decide([first], Decision.ACCEPT, by="a", now=2.0, value="Earth")
    assert [(one.value, one.value_key) for one in done.changed] == [("Earth", "earth")]
    assert desk.ids(Filter(value_key="earth")) == [first]
    desk.deciding.undo(by="a", now=3.0)
    assert desk.queue.get([first])[first].value == "garden/soil"
    assert desk.ids(Filter(value_key="earth")) == []


def test_a_value_that_cannot_be_given_is_refused(desk: Desk) -> None:
    """A link has none, nothing is empty, and a rejection needs none: nothing is decided."""
    (tag, *_), (link, *_) = (
        desk.ids(Filter(kinds={kind})) for kind in (ProposalKind.TAG, ProposalKind.LINK)
    )
    for id_, decision, value in (
        (link, Decision.ACCEPT, "x"), (tag, Decision.ACCEPT, ""), (tag, Decision.REJECT, "x")
    ):  # fmt: skip
        with pytest.raises(UsageError):
            desk.deciding.decide([id_], decision, by="a", now=2.0, value=value)
    assert desk.queue.counts()[PENDING] == 8


def test_never_ends_a_tag_for_all_notes_and_keeps_it_away(desk: Desk) -> None:
    """What waits elsewhere ends with it, later runs propose it nowhere, and one undo lifts it."""
    first = desk.ids(Filter(value_key="worms"))[0]
    assert len(desk.decide([first], Decision.NEVER)) == 2
    desk.curated("r2", d=[(ProposalKind.TAG, "WORMS"), (ProposalKind.TOPIC, "worms")])
    assert [one.value for one in desk.review.proposals("r2")] == ["worms"]
    assert [(one.tag.casefold(), one.note, one.accepted) for one in desk.decisions.new_tags()] == [
        ("worms", "", False)
    ]
    desk.deciding.undo(by="a", now=3.0)
    assert desk.decisions.new_tags() == ()
    desk.curated("r3", e=[(ProposalKind.NEW_TAG, "worms")])
    assert len(desk.review.proposals("r3")) == 1


def test_a_rejection_holds_for_its_note_alone(desk: Desk) -> None:
    """The same tag is still proposed for others."""
    (first, *_) = desk.ids(Filter(value_key="worms", note="a.md"))
    assert desk.decide([first], Decision.REJECT) == [first]
    desk.curated("r2", a=[(ProposalKind.TAG, "worms")], d=[(ProposalKind.TAG, "worms")])
    assert [one.note for one in desk.review.proposals("r2")] == ["d.md"]


def test_a_tag_that_was_taken_back_is_proposed_again(desk: Desk) -> None:
    """By the command for tags, whichever front had said never."""
    (first, *_) = desk.ids(Filter(value_key="worms"))
    desk.decide([first], Decision.NEVER)
    desk.decisions.withdraw("Worms")
    assert desk.decisions.new_tags() == ()


def test_a_note_that_was_edited_since_makes_a_row_stale(desk: Desk) -> None:
    """By the hash of its own content; a link by that of either note."""
    link, tag, *_ = desk.queue.rows().rows
    assert not tag.is_stale({"a.md": "hash of a"})
    assert tag.is_stale({"a.md": "another"})
    assert tag.is_stale({})
    assert not link.is_stale({"a.md": "ha", "c.md": "hb"})
    assert link.is_stale({"a.md": "ha", "c.md": "another"})


# -- links ----------------------------------------------------------------------------------------


def test_a_pair_is_decided_where_it_is_kept(desk: Desk) -> None:
    """Accepted or rejected in the ledger of links itself, and by an undo what it was."""
    (number, *_) = (one.id for one in desk.links.pairs())
    desk.links.decide([number], PairState.UNDECIDED, because="two answers differ", now=1.0)
    desk.decide([f"l{number}"], Decision.ACCEPT)
    assert desk.links.pairs(states=[PairState.ACCEPTED])[0].id == number
    desk.deciding.undo(by="a", now=3.0)
    assert desk.links.pairs(states=[PairState.UNDECIDED])[0].id == number
    desk.decide([f"l{number}"], Decision.NEVER)
    assert desk.links.pairs(states=[PairState.REJECTED])[0].because == "you rejected it"


def test_pairs_that_no_person_was_shown_are_not_in_the_queue(desk: Desk) -> None:
    """What a model declined or nobody asked about cannot be decided by its number."""
    for state in (PairState.ASKED, PairState.DECLINED, PairState.WITHDRAWN, PairState.GONE):
        desk.links.decide([1], state, because="", now=1.0)
        assert "l1" not in desk.states()
        assert desk.deciding.decide(["l1"], Decision.ACCEPT, by="a", now=2.0).missing == ("l1",)


# -- what is found in the vault -------------------------------------------------------------------


MERGE = FoundChange(("a.md", "b.md"), "garden", "Gardening", why="two spellings")
DROP = FoundChange(("c.md",), "", "asdf", why="used once")


def test_changes_of_tags_come_and_go_with_what_is_found(desk: Desk) -> None:
    """New ones wait with all their notes, those found no more are dropped, and ids stay."""
    kind = ProposalKind.TAG_CHANGE
    desk.queue.sync(kind, [MERGE, DROP], now=1.0)
    rows = desk.queue.rows(Filter(kinds={kind})).rows
    assert [(one.notes, one.replaces, one.value, one.why) for one in rows] == [
        (("c.md",), "asdf", "", "used once"),
        (("a.md", "b.md"), "Gardening", "garden", "two spellings"),
    ]
    desk.queue.sync(kind, [FoundChange(("a.md",), "Garden", "gardening")], now=2.0)
    (left,) = desk.queue.rows(Filter(kinds={kind})).rows
    assert (left.id, left.notes) == (rows[1].id, ("a.md",))
    assert desk.queue.count(Filter(kinds={kind}, note="a.md")) == 1


def test_a_decided_change_stays_and_one_turned_down_does_not_come_back(desk: Desk) -> None:
    """Both where it is found again and where it is not; the list of rejections knows it."""
    kind = ProposalKind.TAG_CHANGE
    desk.queue.sync(kind, [MERGE, DROP], now=1.0)
    drop, merge = desk.ids(Filter(kinds={kind}))
    desk.decide([merge], Decision.ACCEPT)
    desk.decide([drop], Decision.REJECT)
    for found in ([MERGE, DROP], []):
        desk.queue.sync(kind, found, now=2.0)
        assert desk.ids(Filter(kinds={kind})) == [drop, merge]
        assert [(one.tag, one.into) for one in desk.decisions.rejections()] == [("asdf", "")]
    assert desk.decisions.withdraw("ASDF") == 1
    assert desk.decisions.rejections() == ()
    desk.queue.sync(kind, [MERGE], now=3.0)
    assert desk.ids(Filter(kinds={kind})) == [merge]


def test_a_change_that_was_made_and_is_found_again_waits_anew(desk: Desk) -> None:
    """Somebody has brought the tag back, or the run was undone."""
    kind = ProposalKind.TAG_CHANGE
    desk.queue.sync(kind, [MERGE], now=1.0)
    (first,) = desk.decide(desk.ids(Filter(kinds={kind})), Decision.ACCEPT)
    desk.queue.ended([first], ProposalState.APPLIED, now=2.0, run="tags-1")
    desk.queue.sync(kind, [MERGE], now=3.0)
    states = {one.id: one.state for one in desk.queue.rows(Filter(kinds={kind})).rows}
    assert states.pop(first) is ProposalState.APPLIED
    assert list(states.values()) == [PENDING]


def test_tidying_is_turned_down_for_a_note_or_for_all(desk: Desk) -> None:
    """`never` ends the same change in every note."""
    kind = ProposalKind.TIDY_CHANGE
    found = [FoundChange((f"{name}.md",), "dates", fingerprint="h") for name in "abc"]
    desk.queue.sync(kind, found, now=1.0)
    here, never, _ = desk.ids(Filter(kinds={kind}))
    desk.decide([here], Decision.REJECT)
    desk.queue.sync(kind, found, now=2.0)
    assert desk.queue.counts(Filter(kinds={kind}))[PENDING] == 2
    desk.decide([never], Decision.NEVER)
    more = [*found, FoundChange(("d.md",), "dates", fingerprint="h")]
    desk.queue.sync(kind, more, now=3.0)
    assert desk.queue.counts(Filter(kinds={kind}))[PENDING] == 0


# -- the rules ------------------------------------------------------------------------------------


def test_a_person_moves_freely_between_what_can_be_decided_and_nowhere_else() -> None:
    """The table of moves: three states that people decide between, and ends that runs make."""
    for state in ProposalState:
        by_people = {one.state for one in Decision} & MOVES[state]
        assert by_people == (DECIDABLE - {state} if state in DECIDABLE else set())


def test_a_link_says_why_in_words(desk: Desk) -> None:
    """By their names where there are any; notes, one of which may be hidden, are only counted."""
    links = desk.queue.rows(Filter(kinds={ProposalKind.LINK})).rows
    assert {row.why for row in links} == {"words: soil, worms; neighbours: 1"}
