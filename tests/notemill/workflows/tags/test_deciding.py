"""What waits for a person's decision about tags, and what a decision does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.stores.proposals import NewProposal, ProposalKind, ProposalState
from notemill.tagging.taglist import Entry, Vocabulary
from notemill.workflows.tags.deciding import (
    kept_in_place,
    new_tags_of,
    rejected_pairs,
    taken_back,
    to_decide,
    turned_down_tag,
)
from notemill.workflows.tags.findings import review_tags
from tests.notemill.workflows.kept import NOW, Kept, kept

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.workflows.tags.deciding import ToDecide

NOTES = {
    "a.md": "---\ntags: [soups]\n---\nText.\n",
    "b.md": "---\ntags: [soup, asdf]\n---\nText.\n",
    "c.md": "---\ntags: [Soup]\n---\nText.\n",
}


def waiting(one: Kept) -> ToDecide:
    """Return what waits where the list says: soups are soup, and asdf goes."""
    vocabulary = Vocabulary((Entry("soup", ("soups",)), Entry("asdf", dropped=True)))
    tags = review_tags(one.sight().facts, privacy=one.privacy)
    return to_decide(tags, vocabulary, source="the list", decisions=one.decisions, new_tags=())


def proposed(one: Kept, *notes: str) -> None:
    """Propose the new tag `broth` for notes."""
    new = [NewProposal(ProposalKind.NEW_TAG, "broth")]
    one.review.store("c1", [(key, one.facts(key).source_hash, new) for key in notes], now=NOW)


def test_what_the_list_changes_waits_with_spellings_in_another_case(tmp_path: Path) -> None:
    """Each change has what it becomes, None where the tag goes."""
    with kept(tmp_path, NOTES) as one:
        found = {change.tag: change.becomes for change in waiting(one).changes}
        assert found == {"soups": "soup", "asdf": None, "Soup": "soup"}


def test_a_change_that_was_turned_down_waits_no_more(tmp_path: Path) -> None:
    """It is remembered with the decision, and known by the keys of both tags."""
    with kept(tmp_path, NOTES) as one:
        one.decisions.reject([("asdf", None)], now=NOW)
        assert rejected_pairs(one.decisions) == {("asdf", "")}
        found = waiting(one)
        assert "asdf" not in {change.tag for change in found.changes}
        assert [change.tag for change in found.turned_down] == ["asdf"]


def test_new_tags_come_by_how_many_notes_they_are_for(tmp_path: Path) -> None:
    """Only proposals that wait for a person count."""
    with kept(tmp_path, NOTES) as one:
        proposed(one, "a.md", "b.md")
        pending = one.review.tags(ProposalState.PENDING)
        (found,) = new_tags_of(one.review, {proposal.id for proposal in pending})
        assert (found.tag, found.notes, found.runs) == ("broth", ("a.md", "b.md"), ("c1",))
        assert new_tags_of(one.review, set()) == ()


def test_a_tag_turned_down_ends_its_proposals_until_it_is_taken_back(tmp_path: Path) -> None:
    """For one note or for the whole vault."""
    with kept(tmp_path, NOTES) as one:
        proposed(one, "a.md", "b.md")
        ended = turned_down_tag(one.review, one.decisions, "broth", note="a.md", now=NOW)
        assert [proposal.note for proposal in ended] == ["a.md"]
        ended = turned_down_tag(one.review, one.decisions, "Broth", note="", now=NOW)
        assert [proposal.note for proposal in ended] == ["b.md"]
        assert one.review.tags(ProposalState.PENDING) == []
        assert taken_back(one.review, one.decisions, "broth", now=NOW) == 2
        assert len(one.review.tags(ProposalState.PENDING)) == 2


def test_a_proposed_list_leaves_what_was_turned_down_where_it_is() -> None:
    """A spelling stays a tag of its own, and a tag that was to go stays."""
    entries = (Entry("soup", ("soups", "Broth")), Entry("asdf", dropped=True))
    rejected = {("soups", "soup"), ("asdf", "")}
    found = kept_in_place(entries, rejected, {"soup", "soups", "broth", "asdf"})
    assert set(found) == {Entry("soup", ("Broth",)), Entry("soups"), Entry("asdf")}
