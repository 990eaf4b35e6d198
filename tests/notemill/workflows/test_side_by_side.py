"""Two processes at one vault: each note's write is held for itself, and decisions count at once."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from notemill.config import Exclusions
from notemill.errors import VaultLockedError
from notemill.privacy import Privacy
from notemill.stores.deciding import Deciding
from notemill.stores.journal import StoredJournal
from notemill.stores.proposals import Decision, NewProposal, ProposalKind
from notemill.stores.queue import Queue
from notemill.stores.queue_rows import Filter
from notemill.stores.review import Review
from notemill.stores.store import FILE, Store
from notemill.vault import writerlock
from notemill.vault.files import Vault
from notemill.vault.note import bytes_hash, parse, source_hash
from notemill.vault.related import Form
from notemill.vault.state_files import state_folder
from notemill.workflows.curation.apply import apply_accepted, apply_run
from notemill.workflows.links.writing import LinkWriting
from notemill.workflows.tags.retagging import write_edits
from tests.notemill.workflows.kept import NOW, kept
from tests.notemill.workflows.links import linked
from tests.notemill.workflows.notes import write_notes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from notemill.vault.journal import Intent
    from notemill.workflows.curation.apply import Applied

NOTES = {f"{name}.md": f"Words of {name}.\n" for name in "abc"}
PRIVACY = Privacy(Exclusions())


class Watched(StoredJournal):
    """A journal in which something happens right after a write is intended."""

    then: Callable[[], object] = staticmethod(lambda: None)

    def intend(self, intent: Intent) -> int:
        """Intend a write."""
        seq = super().intend(intent)
        self.then()
        return seq


class Process:
    """What a process has open of one vault."""

    def __init__(self, folder: Path) -> None:
        """Open the vault in `folder`."""
        self.store = Store(folder / FILE)
        self.journal = Watched(self.store)
        self.vault = Vault(folder / "vault", folder, self.journal, clock=lambda: 1.0)
        self.review, self.queue = Review(self.store), Queue(self.store)

    def propose(self, *tags: str) -> None:
        """Propose tags for every note."""
        made = [NewProposal(ProposalKind.TAG, tag) for tag in tags]
        for note in NOTES:
            source = source_hash(parse(self.vault.read(note))[0])
            self.review.store("r1", [(note, source, made)], now=1.0)

    def decide(self, decision: Decision, *, note: str | None = None, value: str = "") -> None:
        """Decide what is proposed for a note, or with a value."""
        wanted = Filter(note=note, value_key=value or None)
        ids = [row.id for row in self.queue.all_of(wanted)]
        Deciding(self.store).decide(ids, decision, by="me", now=2.0)

    def apply(self, *, accepted: bool = False) -> Iterator[Applied]:
        """Write what the run proposes, or what was accepted."""
        now = lambda: 3.0  # noqa: E731
        if accepted:
            return apply_accepted(self.vault, self.review, "apply-1", now=now, privacy=PRIVACY)
        return apply_run(self.vault, self.review, "r1", replacing=False, now=now, privacy=PRIVACY)

    def states(self) -> dict[tuple[str, str], str]:
        """Return where every proposal stands, by note and value."""
        return {(one.notes[0], one.value): str(one.state) for one in self.queue.all_of(Filter())}


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Process, Process]]:
    """Open one vault twice; nobody waits for the other."""
    monkeypatch.setattr(writerlock, "LOCK_WAIT_S", 0)
    write_notes(tmp_path / "vault", NOTES)
    one, other = Process(tmp_path), Process(tmp_path)
    with contextlib.closing(one.store), contextlib.closing(other.store):
        yield one, other


def test_another_process_writes_between_two_notes(two: tuple[Process, Process]) -> None:
    """Neither is refused, and what one wrote meanwhile is written over by nobody."""
    one, other = two
    one.propose("soil")
    writing = one.apply()
    assert next(writing).note == "a.md"
    raw = other.vault.read("b.md")
    other.vault.write("b.md", raw + b"Mine.\n", expected=bytes_hash(raw), run="other")
    assert [(done.note, done.conflict) for done in writing] == [("b.md", True), ("c.md", False)]
    assert other.vault.read("b.md") == raw + b"Mine.\n"


def test_edits_of_many_notes_hold_the_vault_for_each(two: tuple[Process, Process]) -> None:
    """Another process may write between them."""
    one, other = two
    edits = [(note, lambda raw: raw + b"!") for note in NOTES]
    writing = write_edits(one.vault, one.review, edits, privacy=PRIVACY, run="tags-1")
    assert next(writing) == ("a.md", "")
    raw = other.vault.read("c.md")
    assert other.vault.write("c.md", raw + b"?", expected=bytes_hash(raw), run="other")
    assert list(writing) == [("b.md", ""), ("c.md", "")]
    assert one.vault.read("c.md") == raw + b"?!"


def test_what_is_rejected_before_its_turn_is_not_written(two: tuple[Process, Process]) -> None:
    """The other proposals for that note are, and a note that has none left is not named."""
    one, other = two
    one.propose("soil", "worms")
    writing = one.apply()
    next(writing)
    other.decide(Decision.REJECT, note="b.md")
    other.decide(Decision.REJECT, note="c.md", value="worms")
    # What stands written stays what it is.
    other.decide(Decision.REJECT, note="a.md")
    assert [done.note for done in writing] == ["c.md"]
    assert one.vault.read("b.md") == NOTES["b.md"].encode()
    assert b"soil" in one.vault.read("c.md")
    assert b"worms" not in one.vault.read("c.md")
    assert one.states() == {
        ("a.md", "soil"): "applied", ("a.md", "worms"): "applied",
        ("b.md", "soil"): "rejected", ("b.md", "worms"): "rejected",
        ("c.md", "soil"): "applied", ("c.md", "worms"): "rejected",
    }  # fmt: skip


def test_what_is_no_longer_accepted_is_not_written(two: tuple[Process, Process]) -> None:
    """A decision that was taken back before the note's turn counts."""
    one, other = two
    one.propose("soil")
    one.decide(Decision.ACCEPT)
    writing = one.apply(accepted=True)
    next(writing)
    other.decide(Decision.PENDING, note="b.md")
    assert [done.note for done in writing] == ["c.md"]
    assert one.vault.read("b.md") == NOTES["b.md"].encode()


def test_a_rejection_at_the_last_moment_keeps_its_proposal_out(
    two: tuple[Process, Process],
) -> None:
    """What comes after the write was journaled counts, and the journal keeps what was written."""
    one, other = two
    one.propose("soil", "worms")

    def reject() -> None:
        one.journal.then = lambda: None
        other.decide(Decision.REJECT, note="a.md", value="worms")

    one.journal.then = reject
    done = next(one.apply())
    assert [proposal.value for proposal in done.written] == ["soil"]
    assert one.vault.read("a.md") == b"---\ntags:\n  - soil\n---\nWords of a.\n"
    assert one.states()["a.md", "worms"] == "rejected"
    assert one.vault.undo("r1")[0].restored
    assert one.vault.read("a.md") == NOTES["a.md"].encode()


def test_proposals_that_are_decided_without_end_are_left(two: tuple[Process, Process]) -> None:
    """The note is as it was, and named."""
    one, other = two
    one.propose("soil", "worms")
    turns = iter([Decision.ACCEPT, Decision.PENDING] * 100)
    one.journal.then = lambda: other.decide(next(turns), note="a.md", value="worms")
    done = next(one.apply())
    assert "are being decided" in done.problem
    assert one.vault.read("a.md") == NOTES["a.md"].encode()
    assert one.vault.runs() == []


def test_two_applications_of_a_run_write_every_note_once(two: tuple[Process, Process]) -> None:
    """They take turns, what one has written the other leaves, and one undo takes all back."""
    one, other = two
    one.propose("soil", "worms")
    turns = [one.apply(), other.apply()]
    written: list[str] = []
    while turns:
        turn = turns.pop(0)
        if (done := next(turn, None)) is not None:
            written.append(done.note)
            turns.append(turn)
    assert sorted(written) == sorted(NOTES)
    (run,) = one.vault.runs()
    assert (run.run, run.notes) == ("r1", 3)
    assert set(one.states().values()) == {"applied"}
    assert all(undone.restored for undone in other.vault.undo("r1"))
    assert {note: one.vault.read(note).decode() for note in NOTES} == NOTES


def test_who_writes_for_too_long_is_named(two: tuple[Process, Process]) -> None:
    """The writing ends there; what was written stands, and the rest waits as it did."""
    one, other = two
    one.propose("soil")
    writing = one.apply()
    next(writing)
    with other.vault.lock(), pytest.raises(VaultLockedError, match="is writing to"):
        next(writing)
    assert one.states() == {
        ("a.md", "soil"): "applied", ("b.md", "soil"): "pending", ("c.md", "soil"): "pending",
    }  # fmt: skip


def test_an_edit_that_must_not_be_made_any_more_is_left(two: tuple[Process, Process]) -> None:
    """Nothing is yielded, written or journaled of it."""
    one, _ = two
    edits = [("a.md", lambda raw: raw + b"!")]
    made = write_edits(
        one.vault, one.review, edits, privacy=PRIVACY, run="tidy-1", holds=lambda: False
    )
    assert list(made) == []
    assert one.vault.read("a.md") == NOTES["a.md"].encode()
    assert one.vault.runs() == []


def test_a_pair_that_is_rejected_after_its_planning_is_linked_in_neither_note(
    tmp_path: Path,
) -> None:
    """The other pairs are, in both notes, and the decision stands."""
    with kept(tmp_path, linked.NOTES) as one:
        linked.proposed(one, ("Compost.md", "Soil.md"), ("Mulch.md", "Soil.md"))
        writing = LinkWriting(one.scene(), one.links, "link-1", Form.PROPERTY, now=lambda: NOW)
        writing.plan(one.links.pairs(), [])
        queue = Queue(one.store)
        ids = [row.id for row in queue.all_of(Filter(note="Compost.md"))]
        assert Deciding(one.store).decide(ids, Decision.REJECT, by="me", now=NOW).changed
        assert list(writing.write()) == ["Mulch.md", "Soil.md"]
        assert one.text("Compost.md") == linked.NOTES["Compost.md"]
        assert "Compost" not in one.text("Soil.md").split("---")[1]
        assert [(pair.a, pair.b) for pair in writing.written.pairs] == [("Mulch.md", "Soil.md")]
        assert [str(row.state) for row in queue.get(ids).values()] == ["rejected"]


def test_links_are_begun_and_looked_after_while_nobody_else_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process that looked after them meanwhile would take half a pair for a crash's rest."""
    monkeypatch.setattr(writerlock, "LOCK_WAIT_S", 0)
    with kept(tmp_path, linked.NOTES) as one:
        linked.proposed(one, ("Compost.md", "Soil.md"))
        writing = LinkWriting(one.scene(), one.links, "link-1", Form.PROPERTY, now=lambda: NOW)
        writing.plan(one.links.pairs(), [])
        state = state_folder(one.home, one.vault.root)
        other = Vault(one.vault.root, state, StoredJournal(one.store), clock=lambda: NOW)
        with other.lock(), pytest.raises(VaultLockedError):
            next(writing.write())
        assert one.links.sides() == []
        steps = writing.write()
        next(steps)
        with pytest.raises(VaultLockedError):
            other.settle()
        assert len(list(steps)) == 1
        other.settle()
