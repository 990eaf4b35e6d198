"""Two fronts decide at one queue in any order: it is what a list in memory would be."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from notemill.stores.deciding import Deciding
from notemill.stores.links import LinkLedger
from notemill.stores.pairs import LinkRun, NewPair
from notemill.stores.proposals import (
    DECIDABLE,
    Decision,
    NewProposal,
    ProposalKind,
    ProposalState,
)
from notemill.stores.queue import Queue
from notemill.stores.queue_rows import Filter
from notemill.stores.review import Review
from notemill.stores.store import FILE, Store

if TYPE_CHECKING:
    from notemill.stores.deciding import Decided

FRONTS = ("page", "terminal")
NOTES = ("a.md", "b.md")
TAGS = ("x",)
LINKS = (("a.md", "b.md"),)


Stand = tuple[ProposalState, str]
Step = tuple[str, dict[str, tuple[Stand, Stand]]]


@dataclass
class Model:
    """What the queue has to be: rows, and the steps of all fronts, the last one last."""

    rows: dict[str, tuple[ProposalState, str]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    def decide(self, ids: list[str], decision: Decision, by: str) -> set[str]:
        """Decide and return what changed."""
        changes = {}
        chosen = [one for one in ids if self.rows[one][0] in DECIDABLE]
        if decision is Decision.NEVER:
            named = {self.tags[one] for one in chosen if one in self.tags}
            chosen += [
                one
                for one, tag in self.tags.items()
                if tag in named and self.rows[one][0] is ProposalState.PENDING
            ]
        for one in chosen:
            new = (decision.state, decision.scope if one in self.tags else "")
            if self.rows[one] != new and one not in changes:
                changes[one] = (self.rows[one], new)
        for one, (_, new) in changes.items():
            self.rows[one] = new
        if changes:
            self.steps.append((by, changes))
        return set(changes)

    def undo(self, by: str) -> set[str] | None:
        """Take the last step of a front back; return what changed, None where there is none."""
        at = max((n for n, (front, _) in enumerate(self.steps) if front == by), default=None)
        if at is None:
            return None
        others = {one for front, changes in self.steps[at + 1 :] if front != by for one in changes}
        _, changes = self.steps.pop(at)
        back = {
            one for one, (_, new) in changes.items() if one not in others and self.rows[one] == new
        }
        for one in back:
            self.rows[one] = changes[one][0]
        return back


def changed(done: Decided | None) -> set[str] | None:
    """Return the ids that a decision or an undo changed."""
    return None if done is None else {one.id for one in done.changed}


class TwoFronts(RuleBasedStateMachine):
    """Decisions, bulk decisions, undos and applications of two fronts, restarts in between."""

    @initialize()
    def begin(self) -> None:
        """Fill a queue with tags of three notes and links between them."""
        self.folder = tempfile.TemporaryDirectory()
        self.open()
        tags = [NewProposal(ProposalKind.TAG, tag) for tag in TAGS]
        Review(self.store).store("r", [(note, "h", tags) for note in NOTES], now=1.0)
        pairs = [NewPair(a, b, 0.5, {}, "", "") for a, b in LINKS]
        LinkLedger(self.store).propose(LinkRun("l", 1.0, {}), pairs)
        self.model = Model()
        for row in self.queue.all_of(Filter()):
            self.model.rows[row.id] = (row.state, "")
            if row.kind is ProposalKind.TAG:
                self.model.tags[row.id] = row.value

    def open(self) -> None:
        """Open the store as another process would."""
        self.store = Store(Path(self.folder.name) / FILE)
        self.queue, self.deciding = Queue(self.store), Deciding(self.store)

    @rule()
    def restart(self) -> None:
        """End the process and begin another."""
        self.store.close()
        self.open()

    @rule(
        numbers=st.lists(st.integers(0, 2), min_size=1, max_size=3),
        decision=st.sampled_from(Decision),
        by=st.sampled_from(FRONTS),
    )
    def decide(self, numbers: list[int], decision: Decision, by: str) -> None:
        """Decide one to three rows in one step."""
        ids = [sorted(self.model.rows)[number] for number in numbers]
        done = self.deciding.decide(ids, decision, by=by, now=2.0)
        assert changed(done) == self.model.decide(list(dict.fromkeys(ids)), decision, by)

    @rule(
        number=st.integers(0, 2),
        seen=st.sampled_from(sorted(DECIDABLE)),
        by=st.sampled_from(FRONTS),
    )
    def decide_what_was_seen(self, number: int, seen: ProposalState, by: str) -> None:
        """Accept a row that a front shows in some state: nothing happens where it is another."""
        one = sorted(self.model.rows)[number]
        right = self.model.rows[one][0] is seen
        done = self.deciding.decide([one], Decision.ACCEPT, by=by, now=2.0, was=seen)
        assert changed(done) == (self.model.decide([one], Decision.ACCEPT, by) if right else set())

    @rule(
        note=st.sampled_from(NOTES), decision=st.sampled_from(Decision), by=st.sampled_from(FRONTS)
    )
    def decide_all(self, note: str, decision: Decision, by: str) -> None:
        """Decide all that is open of a note."""
        wanted = Filter(note=note)
        ids = [
            one.id
            for one in self.queue.all_of(wanted)
            if self.model.rows[one.id][0] is ProposalState.PENDING
        ]
        done = self.deciding.decide_all(wanted, decision, by=by, now=2.0)
        assert changed(done) == self.model.decide(ids, decision, by)

    @rule(by=st.sampled_from(FRONTS))
    def undo(self, by: str) -> None:
        """Take a front's last step back."""
        assert changed(self.deciding.undo(by=by, now=3.0)) == self.model.undo(by)

    @rule(note=st.sampled_from(NOTES))
    def apply(self, note: str) -> None:
        """Write what was accepted for a note."""
        review = Review(self.store)
        review.decide(
            [one for one in review.accepted() if one.note == note],
            ProposalState.APPLIED,
            now=3.0,
        )
        ours = {one.id for one in self.queue.all_of(Filter(note=note))} & set(self.model.tags)
        for one in ours:
            if self.model.rows[one][0] is ProposalState.ACCEPTED:
                self.model.rows[one] = (ProposalState.APPLIED, "")

    @invariant()
    def is_what_it_has_to_be(self) -> None:
        """Rows and counts are the model's, and add up."""
        if not hasattr(self, "model"):
            return
        rows = {one.id: (one.state, one.scope) for one in self.queue.all_of(Filter())}
        assert rows == self.model.rows
        counts = self.queue.counts()
        assert sum(counts.values()) == len(TAGS) * len(NOTES) + len(LINKS)
        for state, count in counts.items():
            assert count == self.queue.count(Filter(states={state}))

    def teardown(self) -> None:
        """Remove the queue."""
        if hasattr(self, "folder"):
            self.store.close()
            self.folder.cleanup()


TestTwoFronts = TwoFronts.TestCase
TestTwoFronts.settings = settings(max_examples=40, stateful_step_count=15)
