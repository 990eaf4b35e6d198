"""A vocabulary without a note: rows of the queue that are decided, put in force and taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notemill.stores.deciding import Deciding
from notemill.stores.decisions import Decisions
from notemill.stores.proposals import Decision, ProposalKind, ProposalState
from notemill.stores.queue import Queue
from notemill.stores.queue_rows import Filter
from notemill.stores.review import Review
from notemill.stores.store import Store
from notemill.stores.vocabulary import StoredVocabulary, VocabularyTag

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TAGS = [
    VocabularyTag("food", (), "what is eaten"),
    VocabularyTag("food/bread", ("loaf", "loaves")),
    VocabularyTag("trains"),
]
ACCEPTED, APPLIED, PENDING = ProposalState.ACCEPTED, ProposalState.APPLIED, ProposalState.PENDING


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with a vocabulary of three tags that waits."""
    store = Store(tmp_path / "store.sqlite3")
    StoredVocabulary(store).propose("propose-1", TAGS, now=1.0)
    yield store
    store.close()


def test_it_waits_in_the_queue_in_its_order(store: Store) -> None:
    """Each tag is a row for no note, and storing it again changes nothing."""
    kept = StoredVocabulary(store)
    kept.propose("propose-1", TAGS[:1], now=2.0)
    assert kept.tags(PENDING) == tuple(TAGS)
    rows = Queue(store).rows().rows
    assert {(row.kind, row.notes, row.value) for row in rows} == {
        (ProposalKind.VOCABULARY_TAG, (), one.tag) for one in TAGS
    }
    assert Review(store).proposals("propose-1") == []


def test_it_is_decided_tag_by_tag_and_taken_back(store: Store) -> None:
    """A person accepts, edits and rejects, and undoes the last step."""
    deciding, kept = Deciding(store), StoredVocabulary(store)
    food, bread, trains = (row.id for row in Queue(store).rows().rows)
    deciding.decide([food], Decision.ACCEPT, by="me", now=2.0)
    deciding.decide([bread], Decision.ACCEPT, by="me", now=2.0, value="food/baking")
    deciding.decide([trains], Decision.REJECT, by="me", now=2.0)
    assert [one.tag for one in kept.tags(ACCEPTED)] == ["food", "food/baking"]
    deciding.undo(by="me", now=3.0)
    assert [one.tag for one in kept.tags(PENDING)] == ["trains"]


def test_what_is_accepted_is_in_force_until_its_run_is_undone(store: Store) -> None:
    """It belongs to the curation that took it over, and to that one's undo."""
    kept = StoredVocabulary(store)
    kept.accept(now=2.0)
    assert kept.put_in_force(now=3.0) == 3
    kept.join(["propose-1"], "curate-1")
    assert kept.runs() == kept.in_force_by() == {"curate-1"}
    assert kept.tags(APPLIED, run="curate-1") == tuple(TAGS)
    assert kept.take_back("curate-2", now=4.0) == 0
    assert kept.take_back("curate-1", now=4.0) == 3
    assert kept.tags(APPLIED) == ()
    assert kept.counts() == {ProposalState.UNDONE: 3}


def test_a_whole_rejection_ends_what_waits_and_what_was_accepted(store: Store) -> None:
    """Nothing of it comes into force."""
    kept = StoredVocabulary(store)
    kept.accept(now=2.0)
    kept.reject(now=3.0)
    assert kept.put_in_force(now=4.0) == 0
    assert kept.counts() == {ProposalState.REJECTED: 3}


def test_an_edited_list_takes_the_place_of_what_waits(store: Store) -> None:
    """What it keeps and adds is accepted, and what it lacks is rejected."""
    kept = StoredVocabulary(store)
    edited = [VocabularyTag("Food", (), "meals"), VocabularyTag("ships")]
    kept.replace(edited, now=2.0)
    assert kept.tags(ACCEPTED, run="propose-1") == tuple(edited)
    assert [one.tag for one in kept.tags(ProposalState.REJECTED)] == ["food/bread", "trains"]
    assert Queue(store).count(Filter(states={PENDING})) == 0


def test_it_is_proposed_anew_only_where_nothing_is_in_force(store: Store) -> None:
    """What waits is deleted with the steps about it; what is in force stays."""
    kept = StoredVocabulary(store)
    (first, *_) = (row.id for row in Queue(store).rows().rows)
    Deciding(store).decide([first], Decision.ACCEPT, by="me", now=2.0)
    kept.put_in_force(now=3.0)
    kept.discard()
    assert kept.counts() == {APPLIED: 1}


def test_a_tag_that_is_never_wanted_is_not_proposed_for_notes(store: Store) -> None:
    """A rejection for good counts for new tags, too; a plain one only for the vocabulary."""
    food, bread, _ = (row.id for row in Queue(store).rows().rows)
    Deciding(store).decide([food], Decision.NEVER, by="me", now=2.0)
    Deciding(store).decide([bread], Decision.REJECT, by="me", now=2.0)
    assert [one.tag for one in Decisions(store).new_tags()] == ["food"]


def test_forgetting_its_run_erases_it(store: Store) -> None:
    """No row and no byte of it stays."""
    StoredVocabulary(store).accept(now=2.0)
    Review(store).forget("propose-1")
    assert StoredVocabulary(store).counts() == {}
    assert b"what is eaten" not in store.path.read_bytes()
