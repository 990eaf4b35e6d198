"""The queue of proposals: kept once, decided once, and never lost."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notemill.errors import VaultError
from notemill.properties import Property
from notemill.stores.drafts import Drafts
from notemill.stores.followed import Following
from notemill.stores.journal import StoredJournal
from notemill.stores.new_notes import NewNotes
from notemill.stores.proposals import (
    EDITABLE,
    InventedTag,
    NewProposal,
    Proposal,
    ProposalKind,
    ProposalState,
)
from notemill.stores.renaming import Renaming
from notemill.stores.review import Review
from notemill.stores.store import FILE, Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TAG = NewProposal(ProposalKind.TAG, "a/b")
TOPIC = NewProposal(ProposalKind.TOPIC, "Soil")
TEXT = NewProposal(ProposalKind.DESCRIPTION, "New.", "Old.")


@pytest.fixture
def review(tmp_path: Path) -> Iterator[Review]:
    """Open an empty queue."""
    with contextlib.closing(Store(tmp_path / FILE)) as store:
        yield Review(store)


def test_proposals_come_back_as_they_were_stored(review: Review) -> None:
    """Run, note, hash and what it would replace stay with every proposal."""
    review.store("r1", [("b.md", "h2", [TAG]), ("a.md", "h1", [TEXT, TOPIC])], now=1.0)
    found = review.proposals("r1")
    assert [(one.note, one.kind, one.value, one.replaces) for one in found] == [
        ("a.md", "description", "New.", "Old."),
        ("a.md", "topic", "Soil", ""),
        ("b.md", "tag", "a/b", ""),
    ]
    assert {one.state for one in found} == {ProposalState.PENDING}
    assert [one.source_hash for one in found] == ["h1", "h1", "h2"]
    assert review.proposals("r2") == []
    assert len(review.proposals("r1", note="b.md")) == 1


def test_storing_again_changes_nothing(review: Review) -> None:
    """A reply is read once: neither a decision nor an undo is taken back by reading it again."""
    review.store("r1", [("a.md", "h", [TAG])], now=1.0)
    review.decide(review.proposals("r1"), ProposalState.APPLIED, now=2.0)
    review.forget_curated([("a.md", ["r1"])], now=3.0)
    review.store("r1", [("a.md", "h", [TAG, TOPIC])], now=4.0)
    (found,) = review.proposals("r1")
    assert found.state is ProposalState.UNDONE
    assert review.curated() == {}
    assert review.stored("r1") == {"a.md"}


def test_a_note_without_proposals_counts_as_read_and_curated(review: Review) -> None:
    """A model that had nothing to add is not asked again."""
    review.store("r1", [("a.md", "h", [])], now=1.0)
    assert review.curated() == {"a.md": "h"}
    assert review.stored("r1") == {"a.md"}


def test_a_later_run_takes_nothing_from_what_an_earlier_one_has_read(review: Review) -> None:
    """Both runs know what they have read; the note is curated as it was last."""
    review.store("r1", [("a.md", "h1", [TAG])], now=1.0)
    review.store("r2", [("a.md", "h2", [TOPIC])], now=2.0)
    assert review.stored("r1") == review.stored("r2") == {"a.md"}
    assert review.curated() == {"a.md": "h2"}
    review.forget_curated([("a.md", ["r1"])], now=3.0)
    assert review.curated() == {"a.md": "h2"}
    review.forget_curated([("a.md", ["r1", "r2"])], now=3.0)
    assert review.curated() == {}


def test_only_what_was_applied_becomes_undone(review: Review) -> None:
    """What a person rejected stays rejected, and what waits goes on waiting."""
    review.store("r1", [("a.md", "h", [TAG, TOPIC, TEXT])], now=1.0)
    text, tag, topic = sorted(review.proposals("r1"), key=lambda one: one.kind)
    review.decide([tag], ProposalState.REJECTED, now=2.0)
    review.decide([topic], ProposalState.APPLIED, now=2.0)
    review.forget_curated([("a.md", ["r1"])], now=3.0)
    states = {one.id: one.state for one in review.proposals("r1")}
    assert states == {
        text.id: ProposalState.PENDING,
        tag.id: ProposalState.REJECTED,
        topic.id: ProposalState.UNDONE,
    }


@given(
    st.lists(st.sampled_from(["Garten", "GARTEN", "garten", "Straße", "STRASSE"]), max_size=4),
    st.sampled_from(sorted(EDITABLE)),
)
def test_what_was_turned_down_stays_down_in_every_spelling(
    tmp_path_factory: pytest.TempPathFactory, values: list[str], kind: ProposalKind
) -> None:
    """For this note and this kind; for others the same words are as good as new."""
    store = Store(tmp_path_factory.mktemp("r") / FILE)
    review = Review(store)
    some = [NewProposal(kind, value) for value in dict.fromkeys(values)]
    review.store("r1", [("a.md", "h", some)], now=1.0)
    review.decide(review.proposals("r1"), ProposalState.REJECTED, now=2.0)
    swapped = [NewProposal(kind, value.swapcase()) for value in dict.fromkeys(values)]
    review.store("r2", [("a.md", "h", swapped), ("b.md", "h", swapped)], now=3.0)
    assert review.proposals("r2", note="a.md") == []
    assert len(review.proposals("r2", note="b.md")) == len({one.value for one in swapped})
    store.close()


def test_descriptions_that_were_written_are_known_as_ours(review: Review) -> None:
    """Those that only waited, or were taken out again, are not."""
    review.store("r1", [("a.md", "h", [TEXT]), ("b.md", "h", [TEXT])], now=1.0)
    review.decide(review.proposals("r1", note="a.md"), ProposalState.APPLIED, now=2.0)
    assert review.descriptions_written() == {"a.md": frozenset({"New."})}
    review.forget_curated([("a.md", ["r1"])], now=3.0)
    assert review.descriptions_written() == {}


def test_what_a_proposal_would_replace_follows_the_note(review: Review) -> None:
    """A person who writes meanwhile sees their newest words beside the proposal."""
    review.store("r1", [("a.md", "h", [TEXT])], now=1.0)
    review.replacing(review.proposals("r1")[0], "Newer.")
    assert review.proposals("r1")[0].replaces == "Newer."


def test_a_fault_in_the_middle_keeps_nothing(review: Review) -> None:
    """All notes of one storing are kept, or none."""

    def broken() -> Iterator[tuple[str, str, list[NewProposal]]]:
        yield "a.md", "h", [TAG]
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011
        review.store("r1", broken(), now=1.0)
    assert review.proposals("r1") == []
    assert review.curated() == {}
    review.store("r1", [("a.md", "h", [TAG])], now=1.0)
    assert len(review.proposals("r1")) == 1


def test_two_processes_share_one_queue(tmp_path: Path, review: Review) -> None:
    """What one writes the other reads at once."""
    store = Store(tmp_path / FILE)
    other = Review(store)
    review.store("r1", [("a.md", "h", [TAG])], now=1.0)
    other.decide(other.proposals("r1"), ProposalState.REJECTED, now=2.0)
    assert review.proposals("r1")[0].state is ProposalState.REJECTED
    store.close()


def test_a_queue_that_cannot_be_read_is_left_as_it_is(tmp_path: Path) -> None:
    """It is derived from nothing: unlike the index it is never thrown away."""
    path = tmp_path / FILE
    path.write_bytes(b"no database" * 500)
    with pytest.raises(VaultError, match="nothing was changed") as refused:
        Store(path)
    assert refused.value.exit_code == 7
    assert path.read_bytes() == b"no database" * 500


def test_a_store_of_an_older_version_gets_what_it_lacks(tmp_path: Path) -> None:
    """What was kept in it is kept, and what is new finds its place."""
    path = tmp_path / FILE
    with contextlib.closing(Store(path)) as store:
        Review(store).store("run", [("a.md", "hash", [TAG])], now=1.0)
        store.db.execute("DROP TABLE invented_tags")
        store.db.execute("DROP TABLE vocabulary_changes")
        store.db.execute("DROP TABLE curated_without")
        store.db.execute("DROP TABLE made_folders")
        for table in (
            "new_note_keys", "new_notes", "ingested", "drafts", "followed",
            "followed_entry_keys", "followed_entries", "followed_look",
        ):  # fmt: skip
            store.db.execute(f"DROP TABLE {table}")
        store.db.execute("PRAGMA user_version = 1")
    with contextlib.closing(Store(path)) as store:
        assert [one.value for one in Review(store).proposals("run")] == ["a/b"]
        assert not Review(store).invented("run")
        assert not Renaming(store).standing()
        assert not Review(store).curated_without()
        assert not StoredJournal(store).made("Clippings")
        assert not NewNotes(store).sources()
        assert not Drafts(store).kept("run")
        assert not Following(store).followed()


def test_properties_that_were_not_used_are_known_until_a_note_is_curated_for_them(
    review: Review,
) -> None:
    """A later curation of the same note counts, and of no other."""
    topics = frozenset({Property.TOPICS})
    review.store(
        "r1",
        [("a.md", "h", []), ("b.md", "h", [])],
        now=1.0,
        without={"a.md": topics, "b.md": frozenset()},
    )
    assert review.curated_without() == {"a.md": topics}
    review.store("r1", [("a.md", "h", [])], now=2.0)
    assert review.curated_without() == {"a.md": topics}
    review.store("r2", [("a.md", "h", [])], now=3.0)
    assert review.curated_without() == {}


def test_a_queue_of_a_newer_version_is_left_as_it_is(tmp_path: Path) -> None:
    """An old program says so instead of guessing."""
    path = tmp_path / FILE
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(VaultError, match="newer version"):
        Store(path)


@pytest.mark.skipif(os.name == "nt", reason="rights are kept in another way there")
def test_the_queue_is_its_owners_alone(tmp_path: Path, review: Review) -> None:
    """Proposals tell what is in the notes."""
    review.store("r1", [("a.md", "h", [TAG])], now=1.0)
    for path in tmp_path.glob(f"{FILE}*"):
        assert path.stat().st_mode & 0o077 == 0


# -- what became of invented tags -----------------------------------------------------------------

SOIL = NewProposal(ProposalKind.NEW_TAG, "soil")
EARTH = InventedTag("earth", "soil", "the same", ("a.md", "b.md"))
SUN = InventedTag("sun", "", "says nothing", ("c.md",))


def invent(review: Review) -> list[Proposal]:
    """Store three notes with tags that a run invented; return the proposals."""
    tags = {"a.md": "earth", "b.md": "earth", "c.md": "sun"}
    notes = [(note, "h", [NewProposal(ProposalKind.TAG, tag)]) for note, tag in tags.items()]
    review.store("r1", notes, now=1.0)
    return review.proposals("r1")


def values(review: Review) -> list[tuple[str, str, str]]:
    """Return the proposals of the run: note, value and state."""
    return [(one.note, f"{one.kind}: {one.value}", one.state) for one in review.proposals("r1")]


def test_invented_tags_become_others_under_other_ids(review: Review) -> None:
    """What a front has on its screen is never accepted as something else."""
    old = invent(review)
    changes = [(old[0], SOIL), (old[1], SOIL), (old[2], None)]
    review.consolidate("r1", [EARTH, SUN], changes, now=2.0)
    assert values(review) == [
        ("a.md", "new tag: soil", "pending"),
        ("b.md", "new tag: soil", "pending"),
    ]
    assert not {one.id for one in old} & {one.id for one in review.proposals("r1")}
    assert review.invented("r1") == (EARTH, SUN)
    assert review.stored("r1") == {"a.md", "b.md", "c.md"}


def test_collected_twice_an_outcome_changes_nothing_more(review: Review) -> None:
    """A crash between answer and commit, or two processes, repeat what was done."""
    old = invent(review)
    for now in (2.0, 3.0):
        review.consolidate("r1", [EARTH], [(old[0], SOIL), (old[1], SOIL)], now=now)
    assert [one for one in values(review) if "soil" in one[1]] == [
        ("a.md", "new tag: soil", "pending"),
        ("b.md", "new tag: soil", "pending"),
    ]
    assert review.invented("r1") == (EARTH,)


def test_what_was_decided_meanwhile_is_left(review: Review) -> None:
    """A person's decision is theirs, and what they turned down for a note is not proposed there."""
    old = invent(review)
    review.decide([old[0]], ProposalState.ACCEPTED, now=1.5)
    review.store("r0", [("b.md", "h", [SOIL])], now=1.0)
    review.decide(review.proposals("r0"), ProposalState.REJECTED, now=1.6)
    review.consolidate("r1", [EARTH], [(old[0], SOIL), (old[1], SOIL)], now=2.0)
    assert values(review) == [
        ("a.md", "tag: earth", "accepted"),
        ("c.md", "tag: sun", "pending"),
    ]


def test_a_forgotten_run_leaves_no_invented_tags(review: Review) -> None:
    """Their names and reasons come from notes."""
    invent(review)
    review.consolidate("r1", [EARTH], [], now=2.0)
    review.forget("r1")
    assert review.invented("r1") == ()
