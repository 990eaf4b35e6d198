"""Decisions on the tags of a vocabulary: those below one go with it, and come back with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notemill.stores.deciding import Deciding, editable_value
from notemill.stores.proposals import Decision, ProposalState
from notemill.stores.queue import Queue
from notemill.stores.store import Store
from notemill.stores.vocabulary import StoredVocabulary, VocabularyTag

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TAGS = [
    VocabularyTag("food", (), "what is eaten"),
    VocabularyTag("food/bread", ("loaf",)),
    VocabularyTag("Food/Bread/rye", (), "the dark one"),
    VocabularyTag("foods-of-others"),
]
NAMES = [one.tag for one in TAGS]
ACCEPTED, PENDING, REJECTED = ProposalState.ACCEPTED, ProposalState.PENDING, ProposalState.REJECTED


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with a vocabulary of four tags that waits: p1 to p4."""
    store = Store(tmp_path / "store.sqlite3")
    StoredVocabulary(store).propose("propose-1", TAGS, now=1.0)
    yield store
    store.close()


def tags(store: Store, *states: ProposalState) -> list[str]:
    """Return the tags in some states."""
    return [one.tag for one in StoredVocabulary(store).tags(*states)]


def test_renaming_a_tag_renames_those_below_it_and_decides_none_of_them(store: Store) -> None:
    """What they are for stays, what was accepted before stays so, and one undo takes all back."""
    deciding = Deciding(store)
    deciding.decide(["p3"], Decision.ACCEPT, by="page", now=2.0)
    decided = deciding.decide(["p1"], Decision.ACCEPT, by="me", now=3.0, value="meals")
    assert [one.id for one in decided.changed] == ["p1", "p2", "p3"]
    assert tags(store, PENDING) == ["meals/bread", "foods-of-others"]
    assert tags(store, ACCEPTED) == ["meals", "meals/Bread/rye"]
    assert StoredVocabulary(store).tags(ACCEPTED)[0].description == "what is eaten"
    deciding.undo(by="me", now=4.0)
    assert StoredVocabulary(store).tags(PENDING, ACCEPTED) == tuple(TAGS)


def test_rejecting_a_tag_rejects_those_below_it(store: Store) -> None:
    """Not what was accepted already; none of them is ruled out for good with it."""
    deciding = Deciding(store)
    deciding.decide(["p3"], Decision.ACCEPT, by="me", now=2.0)
    deciding.decide(["p1"], Decision.NEVER, by="me", now=3.0)
    assert tags(store, REJECTED) == ["food", "food/bread"]
    assert tags(store, ACCEPTED) == ["Food/Bread/rye"]
    rows = Queue(store).get(["p1", "p2"])
    assert [rows[one].scope for one in ("p1", "p2")] == ["never", "here"]
    deciding.undo(by="me", now=4.0)
    assert tags(store, PENDING) == ["food", "food/bread", "foods-of-others"]


def test_accepting_a_tag_leaves_those_below_it(store: Store) -> None:
    """Each waits for its own decision."""
    Deciding(store).decide(["p1"], Decision.ACCEPT, by="me", now=2.0)
    assert tags(store, PENDING) == NAMES[1:]


def test_what_a_tag_is_for_is_edited_behind_the_dash(store: Store) -> None:
    """It can be changed alone, with the tag, or left out; an undo restores it."""
    deciding = Deciding(store)
    (row,) = Queue(store).get(["p1"]).values()
    assert editable_value(row) == "food - what is eaten"
    deciding.decide(["p1"], Decision.ACCEPT, by="me", now=2.0, value="food - meals - and drinks")
    assert StoredVocabulary(store).tags(ACCEPTED) == (
        VocabularyTag("food", (), "meals - and drinks"),
    )
    deciding.undo(by="me", now=3.0)
    assert StoredVocabulary(store).tags(PENDING) == tuple(TAGS)
