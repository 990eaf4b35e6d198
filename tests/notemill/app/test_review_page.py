"""What a page of the review shows: groups, counts, sources, and what has changed meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notemill.app.pace import FIRST_DECISION_S, LONGEST_S, seconds_between
from notemill.app.review_page import EXCERPT_LINES, View
from notemill.app.reviewing import Wanted
from notemill.app.views import queue as views
from notemill.config import EmbeddingSettings
from notemill.embedding_kind import EmbeddingKind
from notemill.errors import ProposalConflictError, UsageError
from notemill.stores.proposals import Decision, NewProposal, ProposalKind, ProposalState
from notemill.stores.queue_rows import Order
from notemill.vault.note import parse, source_hash
from notemill.vault.worddiff import Edit
from notemill.workflows.links.finding import LinkSearch
from tests.notemill.fronts import offline_mill
from tests.notemill.workflows.notes import tree

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from notemill.app.mill import Mill
    from notemill.app.review_page import Detail, Listed, Listing

NOTES = {
    "Garden/Soil.md": "---\nTags: [soil, Soil]\n---\nCompost feeds garden [[Worms|worms]].\n",
    "Garden/Beds/Mulch.md": "Mulch of leaves protects garden soil and feeds worms.\n",
    "Worms.md": "---\ntags: [worms]\n---\nWorms in garden soil turn leaves and compost.\n",
    "Private.md": "---\nnotemill: ignore\n---\nWorms, soil and compost of a private kind.\n",
}
TEXT, TAG, NEW, TOPIC = (
    ProposalKind.DESCRIPTION, ProposalKind.TAG, ProposalKind.NEW_TAG, ProposalKind.TOPIC
)  # fmt: skip
VALUES = ((TEXT, "Said in one sentence."), (TAG, "garden/soil"), (NEW, "Rot"), (TOPIC, "rot"))
BY = "page-1"


@pytest.fixture
async def mill(tmp_path: Path) -> AsyncIterator[Mill]:
    """An open vault with four proposals for each note, also for one that is hidden by now."""
    async with offline_mill(tmp_path, NOTES) as mill:
        made = [
            (note, source_hash(parse(text.encode())[0]), [NewProposal(*one) for one in VALUES])
            for note, text in NOTES.items()
        ]
        await mill.on(lambda opened: opened.review.store("r1", made, now=1.0))
        yield mill


async def listed(mill: Mill, wanted: Wanted = Wanted(), order: Order = Order.NOTE) -> Listing:  # noqa: B008
    """Return the first page of a filter."""
    return await mill.review_page.listing(View(wanted, order, BY))


def one_of(found: Listing, note: str, kind: ProposalKind) -> Listed:
    """Return the proposal of a kind for a note."""
    return next(one for one in found.rows if one.row.under == note and one.row.kind is kind)


async def test_counts_are_those_of_the_lists_and_always_add_up(mill: Mill) -> None:
    """Each count is the length of its list, whatever is decided and whatever filter is set."""
    first = await listed(mill)
    assert len(first.rows) == 12
    for decision in (Decision.ACCEPT, Decision.REJECT, Decision.NEVER, Decision.PENDING):
        for row in first.rows[:3]:
            await mill.reviewing.decide([row.row.id] * 3, decision, by=BY)
        found = await listed(mill, Wanted(states=(ProposalState.ACCEPTED,), kinds=(TAG,)))
        assert sum(found.counts.values()) == sum(first.counts.values()) == 12
        for state, count in found.counts.items():
            assert len((await listed(mill, Wanted(states=(state,)))).rows) == count
        assert found.matching[ProposalState.ACCEPTED] == len(found.rows)
    while await mill.reviewing.take_back(by=BY):
        pass
    assert (await listed(mill)).counts == first.counts


@pytest.mark.parametrize(
    ("order", "kinds", "expected"),
    [
        (Order.NOTE, None, {("Worms.md", kind) for kind, _ in VALUES}),
        (Order.CONFIDENCE, None, {("Worms.md", kind) for kind, _ in VALUES}),
        (Order.NOTE, (TAG, NEW), {("Worms.md", TAG), ("Worms.md", NEW)}),
        (
            Order.VALUE,
            None,
            {(note, TAG) for note in ("Worms.md", "Garden/Soil.md", "Garden/Beds/Mulch.md")},
        ),
    ],
)
async def test_a_group_is_decided_as_it_was_counted(
    mill: Mill,
    order: Order,
    kinds: tuple[ProposalKind, ...] | None,
    expected: set[tuple[str, ProposalKind]],
) -> None:
    """All open proposals of a note or value within the filter, as many as were shown, in one step."""
    view = View(Wanted(kinds=kinds), order, BY)
    found = await mill.review_page.listing(view)
    tag = one_of(found, "Worms.md", TAG)
    count = found.groups[tag.group]
    assert count == len(expected)
    decided = await mill.review_page.decide_group(view, tag.row.id, Decision.ACCEPT, count=count)
    assert decided is not None
    assert {(one.under, one.kind) for one in decided.changed} == expected
    undone = await mill.reviewing.take_back(by=BY)
    assert undone is not None
    assert len(undone.changed) == count


async def test_a_tag_and_a_topic_of_one_name_are_decided_apart(mill: Mill) -> None:
    """By value, a topic is not accepted with the tag that is spelled like it."""
    view = View(Wanted(), Order.VALUE, BY)
    found = await mill.review_page.listing(view)
    topic = one_of(found, "Worms.md", TOPIC)
    assert topic.group != one_of(found, "Worms.md", NEW).group
    decided = await mill.review_page.decide_group(view, topic.row.id, Decision.REJECT, count=3)
    assert decided is not None
    assert {one.kind for one in decided.changed} == {TOPIC}


async def test_what_is_rejected_before_stays_so_and_another_count_decides_nothing(
    mill: Mill,
) -> None:
    """A group that has other open proposals than were shown is left as it is, and that is said."""
    view = View(Wanted(), Order.NOTE, BY)
    found = await mill.review_page.listing(view)
    topic, tag = one_of(found, "Worms.md", TOPIC), one_of(found, "Worms.md", TAG)
    await mill.reviewing.decide([topic.row.id], Decision.REJECT, by="another page")
    with pytest.raises(ProposalConflictError, match="3 of these are open now, not 4"):
        await mill.review_page.decide_group(view, tag.row.id, Decision.ACCEPT, count=4)
    now = await mill.review_page.standing(view, [tag.row.id, topic.row.id])
    assert [one.row.state for one in now.rows] == [ProposalState.PENDING, ProposalState.REJECTED]
    assert now.groups[tag.group] == 3


async def test_filters_by_folder_by_text_and_by_confidence(mill: Mill) -> None:
    """A folder has what is below it; a text is found in values and in paths, in any case."""
    assert {one.row.under for one in (await listed(mill, Wanted(folder="Garden"))).rows} == {
        "Garden/Soil.md",
        "Garden/Beds/Mulch.md",
    }
    assert (await listed(mill, Wanted(folder="Gard"))).rows == ()
    assert {one.row.value for one in (await listed(mill, Wanted(text="ROT"))).rows} == {
        "Rot",
        "rot",
    }
    assert {one.row.under for one in (await listed(mill, Wanted(text="mulch.MD"))).rows} == {
        "Garden/Beds/Mulch.md"
    }
    assert (await listed(mill, Wanted(max_confidence=0.5))).rows == ()
    begin = await mill.review_page.opening(View(Wanted()), limit=2)
    assert begin.folders == ("Garden", "Garden/Beds")
    assert len(begin.listing.rows) == 2
    assert begin.detail is not None
    assert begin.detail.listed.row == begin.listing.rows[0].row


async def test_a_hidden_note_is_nowhere(mill: Mill) -> None:
    """Neither a list nor a count, a group, a folder, or a source knows of an excluded note."""
    shown = await listed(mill)
    assert "Private" not in repr(shown)
    ids = [f"p{n}" for n in range(1, 17)]
    standing = await mill.review_page.standing(View(Wanted()), ids)
    away, *_ = set(ids) - {one.row.id for one in standing.rows}
    assert len(standing.rows) == 12
    assert await mill.review_page.detail(away) is None
    view = View(Wanted(), Order.VALUE, BY)
    assert await mill.review_page.decide_group(view, away, Decision.ACCEPT, count=1) is None


async def test_a_note_that_was_edited_is_shown_as_such(mill: Mill) -> None:
    """What was proposed for an earlier text is marked, and said again before anything is written."""
    note = mill.root / "Worms.md"
    note.write_text(note.read_text("utf-8") + "A line more.\n", "utf-8")
    found = await listed(mill)
    assert {one.row.under for one in found.rows if one.is_stale} == {"Worms.md"}
    ids = [one.row.id for one in found.rows if one.row.kind is TEXT]
    await mill.reviewing.decide(ids, Decision.ACCEPT, by=BY)
    before = await mill.applying.to_write()
    assert (before.counts, before.notes, before.changed) == ({TEXT: 3}, 3, ("Worms.md",))
    assert views.to_write(before)["changed"] == ["Worms.md"]
    written = await mill.applying.accepted()
    assert [one.key for one in written.failed] == ["Worms.md"]
    note.unlink()
    assert {one.row.under for one in (await listed(mill)).rows if one.is_stale} == {"Worms.md"}


async def seen(mill: Mill, note: str, kind: ProposalKind) -> Detail:
    """Return a proposal with its source."""
    found = await mill.review_page.detail(one_of(await listed(mill), note, kind).row.id)
    assert found is not None
    return found


async def test_a_proposal_is_shown_in_the_source_of_its_note(mill: Mill) -> None:
    """What would be added is marked in the raw text, in which links stand as they were written."""
    found = await seen(mill, "Garden/Soil.md", TAG)
    assert found.diff is not None
    pieces = [one for line in found.diff.lines for one in line.pieces]
    assert "garden/soil" in "".join(one.text for one in pieces if one.edit is Edit.INS)
    assert not [one for one in pieces if one.edit is Edit.DEL]
    assert "Compost feeds garden [[Worms|worms]]." in [one.text for one in pieces]
    shown = views.detail(found)
    assert shown["item"]["edit"] == "garden/soil"
    assert ["same", "Compost feeds garden [[Worms|worms]]."] in shown["lines"][-1]["pieces"]


async def test_a_link_is_shown_with_both_notes(mill: Mill) -> None:
    """A person judges a link by the two texts; how much of them is shown has a bound."""
    (mill.root / "Worms.md").write_text("Worms turn compost into garden soil.\n" * 500, "utf-8")
    await mill.links.find(LinkSearch(5, 0.01), EmbeddingSettings(EmbeddingKind.OFF))
    links = await listed(mill, Wanted(kinds=(ProposalKind.LINK,), note="Worms.md"))
    found = await mill.review_page.detail(links.rows[0].row.id)
    assert found is not None
    assert found.diff is None
    assert {one.note for one in found.excerpts} == set(links.rows[0].row.notes)
    of_worms = next(one for one in found.excerpts if one.note == "Worms.md")
    assert len(of_worms.lines) == EXCERPT_LINES
    assert of_worms.more == 500 - EXCERPT_LINES


async def test_changes_of_form_are_shown_in_the_source_and_those_of_tags_with_their_notes(
    mill: Mill,
) -> None:
    """Tidying is a diff of its note; a change of a tag names the notes that it touches."""
    await mill.reviewing.look_for((ProposalKind.TAG_CHANGE, ProposalKind.TIDY_CHANGE))
    tidy, *_ = (await listed(mill, Wanted(kinds=(ProposalKind.TIDY_CHANGE,)))).rows
    found = await mill.review_page.detail(tidy.row.id)
    assert found is not None
    assert found.diff is not None
    assert any(line.changed for line in found.diff.lines)
    for one in (await listed(mill, Wanted(kinds=(ProposalKind.TAG_CHANGE,)))).rows:
        change = await mill.review_page.detail(one.row.id)
        assert change is not None
        assert change.notes == one.row.notes


async def test_only_the_accepted_proposals_that_are_named_are_written(mill: Mill) -> None:
    """The others stay accepted; one undo takes back what was written."""
    before = tree(mill.root)
    rows = (await listed(mill, Wanted(kinds=(TEXT, TAG)))).rows
    ids = [one.row.id for one in rows]
    await mill.reviewing.decide(ids, Decision.ACCEPT, by=BY)
    text = next(one.row for one in rows if one.row.kind is TEXT)
    assert (await mill.applying.to_write([text.id])).counts == {TEXT: 1}
    assert (await mill.applying.accepted(["p999999", "nonsense"])).run == ""
    written = await mill.applying.accepted([text.id])
    assert written.notes == (text.under,)
    now = (await listed(mill)).counts
    assert (now[ProposalState.APPLIED], now[ProposalState.ACCEPTED]) == (1, len(ids) - 1)
    assert tree(mill.root) != before
    await mill.applying.undo(written.run)
    assert tree(mill.root) == before


def test_a_break_is_no_decision_of_an_hour() -> None:
    """The pace begins with a guess, and one evening away does not change it much."""
    assert seconds_between([]) == seconds_between([1.0]) == FIRST_DECISION_S
    quick = [float(n) for n in range(100)]
    assert seconds_between(quick) < 2
    assert seconds_between([*quick, 90_000.0]) < 2 + LONGEST_S / 100


async def test_what_cannot_be_continued_is_said(mill: Mill) -> None:
    """A cursor of another order is refused."""
    page = await mill.review_page.listing(View(Wanted()), limit=2)
    assert len(page.rows) == 2
    rest = await mill.review_page.listing(View(Wanted()), after=page.next)
    assert len(rest.rows) == 10
    with pytest.raises(UsageError, match="start again"):
        await mill.review_page.listing(View(Wanted(), Order.CONFIDENCE), after=page.next)
