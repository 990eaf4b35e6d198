"""Notes that an ingest proposes: kept whole, once for each source, until they are written or not."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from notemill.errors import StoreError
from notemill.stores.deciding import Deciding
from notemill.stores.drafts import Drafts
from notemill.stores.new_notes import IngestedSource, NewNote, NewNotes, StoredNote
from notemill.stores.proposals import Decision, NewProposal, ProposalKind, ProposalState
from notemill.stores.queue import Queue
from notemill.stores.queue_rows import Filter
from notemill.stores.review import Review
from notemill.stores.store import FILE, Store
from notemill.vault.note import bytes_hash, parse, source_hash

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = b"---\ntags: [talks]\n---\n# On Soil\n\nWorms. #garden/worms\n"
TAG = NewProposal(ProposalKind.TAG, "soil")
TEXT = NewProposal(ProposalKind.DESCRIPTION, "About worms.")
TALK = NewNote(
    "Clippings/On Soil.md", "On Soil", CONTENT, "", "captions, 3 minutes",
    ("youtube:abc", "https://example.org/soil"), "digest 1", (TAG, TEXT),
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Open an empty store."""
    with contextlib.closing(Store(tmp_path / FILE)) as store:
        yield store


def proposed(store: Store, *notes: NewNote, run: str = "r1") -> list[StoredNote]:
    """Store notes and return what a run has pending."""
    NewNotes(store).store(run, notes, now=1.0)
    return NewNotes(store).of_run(run, ProposalState.PENDING)


def decide(store: Store, one: StoredNote, decision: Decision) -> None:
    """Decide a proposed note."""
    Deciding(store).decide([f"p{one.id}"], decision, by="me", now=2.0)


def states(store: Store) -> dict[str, ProposalState]:
    """Return the state of every row, by kind and path."""
    return {f"{one.kind} {one.under}": one.state for one in Queue(store).all_of(Filter())}


def test_a_note_is_a_row_of_the_queue_with_its_text_beside_it(store: Store) -> None:
    """Title, path, origin and size are shown; what is proposed for it is bound to its own content."""
    (one,) = proposed(store, TALK)
    assert (one.note, one.title, one.size) == (TALK.note, "On Soil", len(CONTENT))
    assert NewNotes(store).content(one.id) == CONTENT
    rows = list(Queue(store).all_of(Filter()))
    assert [row.kind for row in rows] == ["note", "description", "tag"]
    assert (rows[0].value, rows[0].why) == ("On Soil", "captions, 3 minutes; 1 kB")
    own = source_hash(parse(CONTENT)[0])
    assert {row.sources for row in rows if row.kind is not ProposalKind.NOTE} == {
        ((TALK.note, own),)
    }
    assert Review(store).curated() == {}
    assert dict(NewNotes(store).tags()) == {TALK.note: ("talks", "garden/worms")}


def test_a_note_that_replaces_one_is_bound_to_its_bytes(store: Store) -> None:
    """The row is stale as soon as the owner has changed the note."""
    proposed(store, replace(TALK, replaces=bytes_hash(b"old")))
    (row,) = Queue(store).all_of(Filter(kinds={ProposalKind.NOTE}))
    assert not row.is_stale({TALK.note: bytes_hash(b"old")})
    assert row.is_stale({TALK.note: bytes_hash(b"new")})


def test_storing_again_changes_nothing(store: Store) -> None:
    """A run that goes on after it was killed proposes nothing twice, whatever was decided."""
    (one,) = proposed(store, TALK)
    decide(store, one, Decision.REJECT)
    before = states(store)
    assert proposed(store, replace(TALK, digest="digest 2")) == []
    assert states(store) == before


def test_two_sources_of_one_title_are_two_notes(store: Store) -> None:
    """In one run or in two, no note of another source is taken for the same or overwritten."""
    other = replace(TALK, keys=("youtube:xyz",), note="clippings/on soil.md")
    third = replace(TALK, keys=("https://example.org/3",))
    proposed(store, TALK, other)
    proposed(store, TALK, other)
    proposed(store, third, run="r2")
    found = Queue(store).all_of(Filter(kinds={ProposalKind.NOTE}))
    assert sorted(one.under for one in found) == [
        "Clippings/On Soil 3.md",
        "Clippings/On Soil.md",
        "clippings/on soil 2.md",
    ]
    assert states(store)["tag Clippings/On Soil 3.md"] is ProposalState.PENDING


def test_a_source_that_was_turned_down_for_ever_does_not_come_back(store: Store) -> None:
    """By any of its keys; another source of the same title does, and so does one rejected once."""
    (one,) = proposed(store, TALK)
    twin = replace(TALK, keys=("youtube:xyz",))
    proposed(store, twin, run="r2")
    decide(store, one, Decision.NEVER)
    again = replace(TALK, keys=("https://example.org/soil",))
    assert proposed(store, again, run="r3") == []
    (other,) = proposed(store, twin, run="r2")
    decide(store, other, Decision.REJECT)
    assert [one.note for one in proposed(store, twin, run="r4")] == [TALK.note]


def test_what_is_proposed_for_a_note_is_rejected_and_taken_back_with_it(store: Store) -> None:
    """Tags of a note that nobody wants are no open question; one step takes all of it back."""
    (one,) = proposed(store, TALK)
    decide(store, one, Decision.REJECT)
    assert set(states(store).values()) == {ProposalState.REJECTED}
    assert Deciding(store).undo(by="me", now=3.0)
    assert set(states(store).values()) == {ProposalState.PENDING}
    decide(store, one, Decision.ACCEPT)
    assert states(store)[f"tag {TALK.note}"] is ProposalState.PENDING


def test_tags_turned_down_with_a_note_are_proposed_for_the_next_one(store: Store) -> None:
    """They were turned down as part of it; only those turned down for every note stay away."""
    (one,) = proposed(store, TALK)
    decide(store, one, Decision.REJECT)
    assert f"tag {TALK.note}" in states(store)
    proposed(store, replace(TALK, digest="2"), run="r2")
    open_ = Queue(store).all_of(Filter(states={ProposalState.PENDING}))
    assert sorted(row.kind for row in open_) == ["description", "note", "tag"]


def test_the_same_source_again_takes_the_place_of_what_is_open(store: Store) -> None:
    """Nobody accepts two notes of one source; one that was accepted is not replaced unseen."""
    proposed(store, TALK)
    (new,) = proposed(store, replace(TALK, content=b"better", digest="2"), run="r2")
    assert new.note == TALK.note
    assert [one.id for one in NewNotes(store).open_for(["youtube:abc"])] == [new.id]
    found = Queue(store).all_of(Filter(run="r1"))
    assert {one.state for one in found} == {ProposalState.CONFLICT}
    decide(store, new, Decision.ACCEPT)
    assert proposed(store, replace(TALK, digest="3"), run="r3") == []
    assert [one.id for one in NewNotes(store).accepted()] == [new.id]


def test_a_written_note_is_known_by_its_source_until_its_undo(store: Store) -> None:
    """Where it stands, what was read, and when; an undo forgets the newest, a forgotten run nothing."""
    new_notes, review = NewNotes(store), Review(store)
    (one,) = proposed(store, TALK)
    assert new_notes.sources() == {}
    new_notes.written(one, "Clippings/On Soil 2.md", run="w1", now=5.0)
    assert new_notes.content(one.id) is None
    first = IngestedSource(
        "Clippings/On Soil 2.md", "digest 1", bytes_hash(CONTENT),
        source_hash(parse(CONTENT)[0]), "w1", 5.0,
    )  # fmt: skip
    assert new_notes.sources() == dict.fromkeys(TALK.keys, first)
    assert review.curated() == {first.note: first.source_hash}
    assert states(store)[f"tag {first.note}"] is ProposalState.PENDING
    again = replace(TALK, note=first.note, replaces=first.bytes_hash, content=b"2", digest="2")
    (two,) = proposed(store, again, run="r2")
    new_notes.written(two, two.note, run="w2", now=6.0)
    assert new_notes.sources()["youtube:abc"].digest == "2"
    review.forget_curated([(first.note, ["w2"])], now=7.0)
    assert new_notes.sources() == dict.fromkeys(TALK.keys, first)
    new_notes.forget("r1")
    review.forget("r1")
    assert new_notes.sources() == dict.fromkeys(TALK.keys, replace(first, run=""))


def test_what_is_open_for_a_note_ends_with_its_undo(store: Store) -> None:
    """Tags of a note that is gone again are no open question."""
    (one,) = proposed(store, TALK)
    NewNotes(store).written(one, one.note, run="w1", now=5.0)
    Review(store).forget_curated([(one.note, ["w1"])], now=6.0)
    assert states(store) == {
        f"note {one.note}": ProposalState.UNDONE,
        f"tag {one.note}": ProposalState.CONFLICT,
        f"description {one.note}": ProposalState.CONFLICT,
    }
    assert NewNotes(store).sources() == {}


def test_texts_that_nobody_will_write_are_dropped(store: Store) -> None:
    """A rejection can be taken back until the next notes are written or proposed."""
    (one,) = proposed(store, TALK)
    decide(store, one, Decision.REJECT)
    assert NewNotes(store).content(one.id) == CONTENT
    NewNotes(store).drop()
    assert NewNotes(store).content(one.id) is None
    assert NewNotes(store).get(one.id) is not None
    NewNotes(store).forget("r1")
    assert NewNotes(store).get(one.id) is None


def test_a_damaged_text_is_never_written(store: Store) -> None:
    """What is not what was stored is an error, not a note."""
    (one,) = proposed(store, TALK)
    for damage in (b"no zlib", b"x\x9c\x03\x00\x00\x00\x00\x01"):
        store.db.execute("UPDATE new_notes SET content = ?", (damage,))
        with pytest.raises(StoreError, match="damaged"):
            NewNotes(store).content(one.id)


def test_drafts_are_kept_for_their_batch(store: Store) -> None:
    """What was read is read once: in order, the newest of each, until the batch is through."""
    drafts = Drafts(store)
    drafts.keep("b1", "z", b"first" * 1_000, 1.0)
    drafts.keep("b1", "a", b"", 2.0)
    drafts.keep("b2", "a", b"other", 2.0)
    drafts.keep("b1", "z", b"newer", 1.0)
    assert list(drafts.kept("b1").items()) == [("z", b"newer"), ("a", b"")]
    store.db.execute("UPDATE drafts SET body = x'00' WHERE key = 'z'")
    assert drafts.kept("b1") == {"a": b""}
    drafts.forget("b1")
    assert drafts.kept("b1") == {}
    assert drafts.kept("b2") == {"a": b"other"}
    with pytest.raises(StoreError, match="bytes"):
        drafts.keep("b1", "z", bytes((1 << 26) + 1), 1.0)
