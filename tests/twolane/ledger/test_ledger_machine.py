"""The ledger against a model of plain dicts: any order of steps, refused ones included."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from twolane.core.states import (
    BATCH_STEPS,
    ITEM_STEPS,
    TERMINAL_ITEMS,
    BatchState,
    ItemState,
)
from twolane.core.types import Lane
from twolane.errors import LedgerError
from twolane.ledger import (
    BatchRow,
    Ledger,
    NewItem,
    NewRun,
    RunRow,
    Settlement,
    controls,
    item_id,
    reports,
)
from twolane.ledger.retrying import retry_failed

if TYPE_CHECKING:
    from collections.abc import Iterator

ITEMS = 8
INDEXES = st.integers(0, ITEMS - 1)
STATES = st.sampled_from(list(ItemState))
IN_FLIGHT = (ItemState.RUNNING, ItemState.SUBMITTED)
ENDINGS = st.sampled_from(
    [ItemState.SUCCEEDED, ItemState.FAILED, ItemState.QUARANTINED, ItemState.PENDING]
)


def new_run(run_id: str = "run-1", total: int = ITEMS) -> NewRun:
    """Return a run to be written."""
    return NewRun(
        run_id, "run", "label", "source", "hash", {}, "anthropic", "scripted", "m", None,
        Lane.BATCH, "because", 100, total, 0, None, b"{}",
    )  # fmt: skip


def new_items(total: int = ITEMS) -> Iterator[NewItem]:
    """Return items to be written; every second one is needier."""
    for index in range(total):
        yield NewItem(
            f"k{index}", f"name {index}", "h", echo=False, need=index % 2, stage=0,
            lane=Lane.BATCH, size_bytes=10, max_tokens=1, params=b'{"messages":[]}',
        )  # fmt: skip


class LedgerMachine(RuleBasedStateMachine):
    """Drives one run of a ledger and a model of it side by side, over two connections."""

    attempts: Bundle[int] = Bundle("attempts")
    batches: Bundle[int] = Bundle("batches")

    @initialize()
    def begin(self) -> None:
        """Write a run with all its items pending."""
        self.home = Path(tempfile.mkdtemp(prefix="twolane-test-"))
        self.ledger = Ledger(self.home / "ledger.sqlite3")
        self.ledger.store.db.execute("PRAGMA synchronous = OFF")
        self.other = Ledger(self.home / "ledger.sqlite3")
        self.run = self.ledger.create_run(new_run(), new_items(), 1.0)
        self.items = dict.fromkeys(range(ITEMS), ItemState.PENDING)
        # Attempt number: (item index, reserve, cost once it is settled).
        self.sent: dict[int, tuple[int, int, int | None]] = {}
        self.stages: dict[int, BatchState] = {}

    def teardown(self) -> None:
        """Remove the file."""
        self.ledger.close()
        self.other.close()
        shutil.rmtree(self.home)

    def _id(self, index: int) -> int:
        return item_id(self.run.run_no, index)

    @rule(target=attempts, index=INDEXES, reserve=st.integers(0, 1_000))
    def claim(self, index: int, reserve: int) -> int:
        """Claim an item for real time; only a pending one can be."""
        if self.items[index] is not ItemState.PENDING:
            with pytest.raises(LedgerError):
                self.ledger.claim([(self._id(index), reserve)], nonce="aaaa", now=2.0)
            return 0
        number = self.ledger.claim([(self._id(index), reserve)], nonce="aaaa", now=2.0)[0]
        self.items[index] = ItemState.RUNNING
        self.sent[number] = (index, reserve, None)
        return number

    @rule(target=batches, indexes=st.sets(INDEXES, min_size=1), reserve=st.integers(0, 1_000))
    def intend(self, indexes: set[int], reserve: int) -> int:
        """Intend a batch; it takes all of its items or none."""
        chosen = [(self._id(index), reserve) for index in sorted(indexes)]
        nonce = f"n{len(self.stages):03d}"
        what: dict[str, Any] = {
            "nonce": nonce, "base_url": "u", "key_fingerprint": "k", "now": 2.0
        }  # fmt: skip
        if any(self.items[index] is not ItemState.PENDING for index in indexes):
            with pytest.raises(LedgerError):
                self.ledger.intend_batch(self.run, chosen, **what)
            return 0
        batch = self.ledger.intend_batch(self.run, chosen, **what)
        for one in self.ledger.sent(self.run, batch_no=batch.batch_no):
            self.sent[one.attempt_no] = (one.item.index, reserve, None)
            self.items[one.item.index] = ItemState.SUBMITTED
        self.stages[batch.batch_no] = BatchState.INTENDED
        return batch.batch_no

    @rule(batch_no=batches, state=st.sampled_from(list(BatchState)))
    def move_batch(self, batch_no: int, state: BatchState) -> None:
        """Move a batch; only along the table."""
        if batch_no not in self.stages:
            return
        batch = self.ledger.batch(batch_no)
        if state in BATCH_STEPS[self.stages[batch_no]]:
            assert self.ledger.move_batch(batch, state).state is state
            self.stages[batch_no] = state
        else:
            with pytest.raises(LedgerError):
                self.ledger.move_batch(batch, state)

    @rule(number=attempts, state=ENDINGS, cost=st.integers(0, 1_000))
    def settle(self, number: int, state: ItemState, cost: int) -> None:
        """Settle an attempt; a second ending for it changes nothing."""
        if number:
            self._settle([number], state, cost)

    @rule(batch_no=batches, state=ENDINGS, cost=st.integers(0, 1_000))
    def settle_batch(self, batch_no: int, state: ItemState, cost: int) -> None:
        """Settle whatever attempts a batch has."""
        if batch_no:
            sent = self.ledger.sent(self.run, batch_no=batch_no)
            self._settle([one.attempt_no for one in sent], state, cost)

    def _settle(self, numbers: list[int], state: ItemState, cost: int) -> None:
        self.ledger.settle(
            [
                Settlement(
                    number, self._id(self.sent[number][0]), "x", state, 3.0, cost_nano=cost,
                    body=b"{}",
                )
                for number in numbers
            ]
        )  # fmt: skip
        for number in numbers:
            index, reserve, settled = self.sent[number]
            if settled is None:
                self.sent[number] = (index, reserve, cost)
                if self.items[index] in IN_FLIGHT:
                    self.items[index] = state

    @rule(index=INDEXES, state=STATES)
    def move_item(self, index: int, state: ItemState) -> None:
        """Move one item as a person's wish does; only along the table."""
        if state in IN_FLIGHT or (state is ItemState.PENDING and self.items[index] in IN_FLIGHT):
            return  # these steps come with an attempt
        allowed = state in ITEM_STEPS[self.items[index]]
        assert self.ledger.move_item(self._id(index), state, reason="asked") is allowed
        if allowed:
            self.items[index] = state

    @rule()
    def cancel_all(self) -> None:
        """Cancel what has not ended."""
        open_items = [i for i, state in self.items.items() if state not in TERMINAL_ITEMS]
        assert self.ledger.cancel_all(self.run, reason="asked") == len(open_items)
        self.items.update(dict.fromkeys(open_items, ItemState.CANCELED))

    @rule()
    def retry_failed(self) -> None:
        """Make what failed pending."""
        failed = [i for i, state in self.items.items() if state is ItemState.FAILED]
        assert retry_failed(self.ledger, self.run, everything=True) == len(failed)
        self.items.update(dict.fromkeys(failed, ItemState.PENDING))

    @rule(indexes=st.sets(INDEXES))
    def leave_out(self, indexes: set[int]) -> None:
        """Leave pending items out; others stay as they are."""
        self.ledger.leave_out([self._id(index) for index in indexes], reason="budget")
        for index in indexes:
            if self.items[index] is ItemState.PENDING:
                self.items[index] = ItemState.SKIPPED

    @rule(cap=st.none() | st.integers(0, 1_000))
    def raise_cap(self, cap: int | None) -> None:
        """Give another cap; what was left out is pending again."""
        assert self.ledger.set_cap(self.run, cap).cap_nano == cap
        for index, state in self.items.items():
            if state is ItemState.SKIPPED:
                self.items[index] = ItemState.PENDING

    @invariant()
    def agrees(self) -> None:
        """Both connections tell what the model tells; the counts add up."""
        for ledger in (self.ledger, self.other):
            states = {item.index: item.state for item in ledger.items(self.run)}
            assert states == self.items
            counts = reports.counts(ledger, self.run)
            assert counts.total == ITEMS
            assert sum(getattr(counts, state) for state in ItemState) == ITEMS
            spent = sum(cost or 0 for _, _, cost in self.sent.values())
            out = sum(reserve for _, reserve, cost in self.sent.values() if cost is None)
            assert ledger.money(self.run) == (spent, out)
            assert {b.batch_no: b.state for b in ledger.batches(self.run)} == self.stages
            unsent = [i for i, state in self.items.items() if state is ItemState.PENDING]
            order = sorted(unsent, key=lambda index: (-(index % 2), index))
            pending = ledger.pending(self.run, stage=0, lane=Lane.BATCH, after=None, limit=99)
            assert [item.index for item in pending] == order


LedgerMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
TestLedgerMachine = LedgerMachine.TestCase


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    opened = Ledger(tmp_path / "ledger.sqlite3")
    yield opened
    opened.close()


def _run(ledger: Ledger) -> RunRow:
    return ledger.create_run(new_run(), new_items(), 1.0)


def test_a_run_is_written_whole_or_not_at_all(ledger: Ledger) -> None:
    """A source that breaks off, or is of another length, leaves no trace."""

    def broken() -> Iterator[NewItem]:
        yield from new_items(3)
        raise OSError

    with pytest.raises(OSError, match=r"^$"):
        ledger.create_run(new_run(), broken(), 1.0)
    with pytest.raises(LedgerError, match="announced with 8 items and has 3"):
        ledger.create_run(new_run(), new_items(3), 1.0)
    assert ledger.runs() == []
    assert ledger.store.db.execute("SELECT count(*) FROM items").fetchone()[0] == 0


def test_pages_of_pending_items_leave_nothing_out(ledger: Ledger) -> None:
    """Paged by `after`, every pending item comes once, the neediest first."""
    run = _run(ledger)
    seen: list[int] = []
    after = None
    while page := ledger.pending(run, stage=0, lane=Lane.BATCH, after=after, limit=3):
        seen += [item.index for item in page]
        after = page[-1]
    assert seen == [1, 3, 5, 7, 0, 2, 4, 6]


def test_the_next_pending_items_are_found_without_sorting(ledger: Ledger) -> None:
    """However many items wait, in this run or another, a look at the next costs the next."""
    seen: list[str] = []
    ledger.store.db.set_trace_callback(seen.append)
    ledger.pending(_run(ledger), stage=0, lane=Lane.BATCH, after=None, limit=3)
    ledger.store.db.set_trace_callback(None)
    plan = ledger.store.db.execute(f"EXPLAIN QUERY PLAN {seen[-1]}").fetchall()
    assert [step[3] for step in plan] == [
        "SEARCH items USING INDEX items_pending (<expr>=? AND lane=?)"
    ]


def test_a_batch_of_scattered_items_is_recorded_whole(ledger: Ledger) -> None:
    """Items that do not stand together are claimed one by one, their requests found, and no other."""
    run = ledger.create_run(new_run(total=700), new_items(700), 1.0)
    chosen = [item_id(run.run_no, index) for index in range(700) if index % 7 or index < 50]
    reserves = [(item, item % 1000) for item in reversed(chosen)]
    batch = ledger.intend_batch(
        run, reserves, nonce="n", base_url="u", key_fingerprint="k", now=2.0
    )
    sent = ledger.sent(run, batch_no=batch.batch_no)
    assert sorted((one.item.id, one.reserve_nano) for one in sent) == sorted(reserves)
    assert len({one.attempt_no for one in sent}) == len(chosen)
    assert sorted(ledger.requests(chosen)) == chosen
    assert reports.counts(ledger, run).submitted == len(chosen)


def test_a_batch_takes_all_of_its_items_or_none(ledger: Ledger) -> None:
    """Where one item is taken already, neither batch nor attempts are written."""
    run = _run(ledger)
    first = item_id(run.run_no, 0)
    ledger.claim([(first, 1)], nonce="aaaa", now=2.0)
    with pytest.raises(LedgerError, match="taken by another process: 1 item"):
        ledger.intend_batch(
            run, [(first + 1, 1), (first, 1)], nonce="bbbb", base_url="", key_fingerprint="",
            now=2.0,
        )  # fmt: skip
    assert ledger.batches(run) == []
    pending = [item for item in ledger.items(run) if item.state is ItemState.PENDING]
    assert len(pending) == ITEMS - 1


def test_a_late_ending_does_not_touch_the_items_next_attempt(ledger: Ledger) -> None:
    """A settled attempt that ends once more moves nothing, even while the item is out again."""
    run = _run(ledger)
    item = item_id(run.run_no, 0)
    first = ledger.claim([(item, 5)], nonce="aaaa", now=2.0)[0]
    back = Settlement(first, item, "unsent", ItemState.PENDING, 3.0)
    ledger.settle([back])
    ledger.claim([(item, 7)], nonce="bbbb", now=4.0)
    late = Settlement(first, item, "succeeded", ItemState.SUCCEEDED, 5.0, cost_nano=9, body=b"{}")
    ledger.settle([late])
    assert next(ledger.items(run)).state is ItemState.RUNNING
    assert ledger.money(run) == (0, 7)
    assert ledger.store.db.execute("SELECT count(*) FROM replies").fetchone()[0] == 0


def _in_a_race(ledger: Ledger, run: RunRow) -> tuple[int, int, int]:
    """Return an item that is out in a batch and in real time, and its two attempts."""
    item = item_id(run.run_no, 0)
    batch = ledger.intend_batch(
        run, [(item, 5)], nonce="aaaa", base_url="", key_fingerprint="", now=2.0
    )
    ledger.ask_to_cancel(batch, reason="late", now=3.0)
    call = ledger.claim([(item, 7)], nonce="bbbb", now=4.0, state=ItemState.SUBMITTED)[0]
    return item, ledger.sent(run, batch_no=batch.batch_no)[0].attempt_no, call


@pytest.mark.parametrize(("refunds", "tries"), [(True, 1), (False, 2)])
def test_who_loses_its_call_in_a_race_is_in_its_batch_again(
    ledger: Ledger, tries: int, *, refunds: bool
) -> None:
    """The item stays in flight, where its other attempt is; what cost nothing counts as no try."""
    run = _run(ledger)
    item, _, call = _in_a_race(ledger, run)
    ledger.settle([Settlement(call, item, "unsent", ItemState.PENDING, 5.0, refunds_try=refunds)])
    found = next(ledger.items(run))
    assert (found.state, found.tries) == (ItemState.SUBMITTED, tries)
    assert ledger.submitted([item]) == {item}


def test_who_loses_its_batch_in_a_race_is_running(ledger: Ledger) -> None:
    """A batch that gives an item back while its call is out leaves it to the call."""
    run = _run(ledger)
    item, posted, call = _in_a_race(ledger, run)
    ledger.settle([Settlement(posted, item, "unsent", ItemState.PENDING, 5.0, refunds_try=True)])
    assert next(ledger.items(run)).state is ItemState.RUNNING
    ledger.settle([Settlement(call, item, "errored", ItemState.FAILED, 6.0, reason="refused")])
    assert next(ledger.items(run)).state is ItemState.FAILED


def test_both_ends_of_a_race_may_be_booked_together(ledger: Ledger) -> None:
    """An item is not left in flight where its last two attempts end in one commit."""
    run = _run(ledger)
    item, posted, call = _in_a_race(ledger, run)
    ledger.settle(
        [Settlement(one, item, "unsent", ItemState.PENDING, 5.0) for one in (posted, call)]
    )
    assert next(ledger.items(run)).state is ItemState.PENDING


def test_a_provider_batch_belongs_to_one_intent(ledger: Ledger) -> None:
    """No two batches of the ledger can claim the same batch of the provider."""
    run = _run(ledger)
    first = item_id(run.run_no, 0)
    batches: list[BatchRow] = []
    for place in range(2):
        batch = ledger.intend_batch(
            run, [(first + place, 1)], nonce=f"aaa{place}", base_url="", key_fingerprint="",
            now=2.0,
        )  # fmt: skip
        batches.append(ledger.move_batch(batch, BatchState.SENDING))
    ledger.move_batch(batches[0], BatchState.SUBMITTED, provider_id="msgbatch_1")
    with pytest.raises(LedgerError):
        ledger.move_batch(batches[1], BatchState.SUBMITTED, provider_id="msgbatch_1")
    assert ledger.known_batch_ids() == {"msgbatch_1"}


def test_long_requests_and_replies_come_back_byte_for_byte(ledger: Ledger) -> None:
    """What is compressed on the way in is the same on the way out."""
    long = b'{"messages":[{"role":"user","content":"' + b"x" * 50_000 + b'"}]}'
    item = NewItem("k", "n", "", False, 0, 0, Lane.REALTIME, 1, 1, long)  # noqa: FBT003
    run = ledger.create_run(new_run(total=1), [item], 1.0)
    number = item_id(run.run_no, 0)
    assert ledger.requests([number]) == {number: long}
    stored = ledger.store.db.execute("SELECT length(params) FROM requests").fetchone()[0]
    assert stored < 1_000
    attempt = ledger.claim([(number, 1)], nonce="aaaa", now=2.0)[0]
    ledger.settle([Settlement(attempt, number, "x", ItemState.SUCCEEDED, 3.0, body=long)])
    assert reports.result(ledger, run, 0).body == long


def test_wishes_of_other_connections_are_read_once(ledger: Ledger) -> None:
    """A wish another process leaves is seen until it is granted."""
    run = _run(ledger)
    other = Ledger(ledger.path)
    controls.ask(other, run, "cancel", item=None, now=2.0)
    other.close()
    assert not controls.was_granted(ledger, run, "cancel")
    ((number, action, item),) = controls.wishes(ledger, run)
    assert (action, item) == ("cancel", None)
    controls.grant(ledger, number, now=3.0)
    assert controls.wishes(ledger, run) == []
    assert controls.was_granted(ledger, run, "cancel")
