"""What a person accepted is written, whoever proposed it, as one run that one undo takes back."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from notemill.config import Exclusions
from notemill.privacy import Privacy
from notemill.stores.deciding import Deciding
from notemill.stores.journal import StoredJournal
from notemill.stores.links import LinkLedger
from notemill.stores.pairs import LinkRun, NewPair, PairState
from notemill.stores.proposals import Decision, NewProposal, ProposalKind, ProposalState
from notemill.stores.queue import Queue
from notemill.stores.queue_rows import Filter, fingerprint_of
from notemill.stores.review import Review
from notemill.stores.store import FILE, Store
from notemill.tagging.changes import Change, ChangeKind
from notemill.tagging.gate import Gate
from notemill.tagging.taglist import Entry, Vocabulary
from notemill.vault.files import Vault
from notemill.vault.note import parse, source_hash
from notemill.vault.tidy import TidyKind, tidy
from notemill.workflows.curation.apply import apply_accepted, apply_run
from notemill.workflows.tags.queueing import (
    accepted_rows,
    accepted_tag_changes,
    queue_tag_changes,
    queue_tidying,
)
from notemill.workflows.tags.tidying import TidyNote
from notemill.workflows.undoing import undo_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from notemill.workflows.curation.apply import Applied

MINE = b"---\ntags: [area]\ndescription: Mine.\n---\nWords.\n"
GATE = Gate(Vocabulary((Entry("area"), Entry("old", dropped=True))))


class Desk:
    """A vault of notes, and proposals of several runs for them."""

    def __init__(self, folder: Path) -> None:
        """Make it."""
        self.root = folder / "vault"
        self.root.mkdir()
        for name in "abc":
            (self.root / f"{name}.md").write_bytes(MINE)
        self.store = Store(folder / FILE)
        self.review, self.queue = Review(self.store), Queue(self.store)
        self.deciding = Deciding(self.store)
        journal = StoredJournal(self.store)
        self.vault = Vault(self.root, folder, journal, clock=lambda: 1.0)

    def propose(self, run: str, note: str, *some: tuple[ProposalKind, str, str]) -> None:
        """Let a run propose values for a note as it is."""
        source = source_hash(parse(self.vault.read(note))[0])
        made = [NewProposal(*one) for one in some]
        self.review.store(run, [(note, source, made)], now=1.0)

    def accept(self, wanted: Filter = Filter()) -> None:  # noqa: B008
        """Accept what waits."""
        self.deciding.decide_all(wanted, Decision.ACCEPT, by="me", now=2.0)

    def apply(self, run: str | None = None) -> list[Applied]:
        """Write what was accepted, or what of a run waits as well."""
        privacy = Privacy(Exclusions())
        now = lambda: 3.0  # noqa: E731
        with self.vault.lock():
            if run is None:
                done = apply_accepted(
                    self.vault, self.review, "apply-1", now=now, privacy=privacy, gate=GATE
                )
            else:
                done = apply_run(
                    self.vault, self.review, run,
                    replacing=False, now=now, privacy=privacy, gate=GATE,
                )  # fmt: skip
            return list(done)

    def states(self) -> dict[str, str]:
        """Return where every value stands."""
        return {one.value: one.state.value for one in self.queue.all_of(Filter())}

    def text(self, note: str) -> str:
        """Return a note's text."""
        return (self.root / note).read_text("utf-8")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Open a vault of three notes."""
    made = Desk(tmp_path)
    with contextlib.closing(made.store):
        yield made


TAG, NEW, TEXT = ProposalKind.TAG, ProposalKind.NEW_TAG, ProposalKind.DESCRIPTION


def test_what_was_accepted_of_several_runs_is_one_run_and_one_undo(desk: Desk) -> None:
    """What waits is left; a replacement and a new tag that were accepted need no flag."""
    desk.propose("r1", "a.md", (NEW, "fresh", ""), (TEXT, "Theirs.", "Mine."))
    desk.propose("r2", "b.md", (NEW, "newer", ""))
    desk.accept()
    desk.propose("r3", "c.md", (TAG, "area/waiting", ""))
    desk.apply()
    assert desk.text("a.md") == "---\ntags: [area, fresh]\ndescription: Theirs.\n---\nWords.\n"
    assert "newer" in desk.text("b.md")
    assert desk.text("c.md") == MINE.decode()
    assert {one.run for one in desk.vault.runs()} == {"apply-1"}
    assert desk.states() == {
        "fresh": "applied", "Theirs.": "applied", "newer": "applied", "area/waiting": "pending",
    }  # fmt: skip
    undo_run(
        desk.vault, desk.review, LinkLedger(desk.store), "apply-1",
        note=None, through=False, look=lambda: pytest.fail("no links"), now=lambda: 4.0,
    )  # fmt: skip
    assert [desk.text(f"{name}.md") for name in "abc"] == [MINE.decode()] * 3
    assert sorted(desk.states().values()) == ["pending", "undone", "undone", "undone"]


def test_applying_a_run_writes_its_additions_and_what_was_accepted_of_it(desk: Desk) -> None:
    """A replacement and a new tag wait unless they were accepted, as before."""
    desk.propose("r1", "a.md", (TAG, "area", ""), (NEW, "fresh", ""), (TEXT, "Theirs.", "Mine."))
    desk.propose("r1", "b.md", (NEW, "fresh", ""), (TEXT, "Other.", "Mine."))
    desk.accept(Filter(note="a.md", kinds={NEW, TEXT}))
    desk.apply("r1")
    assert "fresh" in desk.text("a.md")
    assert "Theirs." in desk.text("a.md")
    assert desk.text("b.md") == MINE.decode()


def test_what_the_owner_wrote_since_waits_once_more(desk: Desk) -> None:
    """The description that was agreed to be replaced is another one now: that is shown first."""
    desk.propose("r1", "a.md", (TEXT, "Theirs.", "Mine."))
    desk.accept()
    (desk.root / "a.md").write_bytes(MINE.replace(b"Mine.", b"Newer."))
    desk.apply()
    assert "Newer." in desk.text("a.md")
    (row,) = desk.queue.all_of(Filter())
    assert (row.state, row.replaces) == (ProposalState.PENDING, "Newer.")


def test_a_note_that_was_edited_and_a_tag_struck_out_end_in_conflict(desk: Desk) -> None:
    """Accepted for another text, or no tag any more: neither is written."""
    desk.propose("r1", "a.md", (TAG, "area/soil", ""))
    desk.propose("r1", "b.md", (NEW, "old", ""))
    desk.accept()
    (desk.root / "a.md").write_bytes(MINE + b"More.\n")
    desk.apply()
    assert desk.states() == {"area/soil": "conflict", "old": "conflict"}
    assert desk.text("b.md") == MINE.decode()


def test_of_two_runs_only_what_fits_the_text_of_now_is_written(desk: Desk) -> None:
    """The older run read another text: its proposal is a conflict, the newer one's is written."""
    desk.propose("r1", "a.md", (TAG, "area/old", ""))
    (desk.root / "a.md").write_bytes(MINE + b"More.\n")
    desk.propose("r2", "a.md", (TAG, "area/now", ""))
    desk.accept()
    (done,) = desk.apply()
    assert [one.value for one in done.stale] == ["area/old"]
    assert desk.states() == {"area/old": "conflict", "area/now": "applied"}


def test_the_same_tag_accepted_twice_is_written_once(desk: Desk) -> None:
    """Of two runs, or edited into another proposal's value."""
    desk.propose("r1", "a.md", (NEW, "fresh", ""))
    desk.propose("r2", "a.md", (NEW, "Fresh", ""))
    desk.accept()
    desk.apply()
    assert desk.text("a.md").lower().count("fresh") == 1


def test_pairs_that_were_accepted_are_those_to_write(desk: Desk) -> None:
    """Without a run all accepted ones; of a run those that wait as well; none proposed anew."""
    ledger = LinkLedger(desk.store)
    found = [NewPair(a, b, 0.5, {}, "", "") for a, b in (("a.md", "b.md"), ("b.md", "c.md"))]
    first, _ = ledger.propose(LinkRun("l", 1.0, {}), found)
    desk.deciding.decide([f"l{first}"], Decision.ACCEPT, by="me", now=2.0)
    assert [one.id for one in ledger.to_write()] == [first]
    assert len(ledger.to_write("l")) == 2
    ledger.propose(LinkRun("l2", 2.0, {}), found)
    assert [one.id for one in ledger.pairs(states=[PairState.ACCEPTED])] == [first]


def test_changes_of_tags_and_form_are_rows_and_are_found_again_as_accepted(desk: Desk) -> None:
    """With all notes of a tag, and for a note's form the hash of what it was found in."""
    merge = Change("areas", "area", ChangeKind.MERGE, "two forms", frozenset({"b.md", "a.md"}))
    drop = Change("asdf", None, ChangeKind.DROP, "used once", frozenset({"c.md"}))
    queue_tag_changes(desk.queue, [merge, drop], now=1.0)
    tidied = tidy(b"---\ntags: a, b\n---\nWords.\n", list(TidyKind))
    queue_tidying(desk.queue, [TidyNote("a.md", tidied.steps, ())], now=1.0)
    form, *changes = desk.queue.rows(Filter(kinds={
        ProposalKind.TIDY_CHANGE, ProposalKind.TAG_CHANGE
    })).rows[::-1]  # fmt: skip
    assert form.notes == ("a.md",)
    assert form.is_stale({"a.md": fingerprint_of(form.kind, MINE)})
    assert {one.notes for one in changes} == {("a.md", "b.md"), ("c.md",)}
    desk.accept()
    rows = accepted_rows(desk.queue, ProposalKind.TAG_CHANGE)
    assert accepted_tag_changes(rows) == {"areas": "area", "asdf": None}
    desk.queue.ended([one.id for one in rows], ProposalState.APPLIED, now=3.0, run="tags-1")
    assert accepted_rows(desk.queue, ProposalKind.TAG_CHANGE) == ()
