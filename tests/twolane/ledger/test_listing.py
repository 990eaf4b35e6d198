"""What lists show of a run is what its report and its outcomes say, page by page."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.twolane.ledger.sound import BATCH, EARLY, T0, make_sound
from twolane import FAILED, BatchState, ItemState, Lane, Reader, Settings
from twolane.core.deadline import USUAL_QUEUE_P50_S
from twolane.ledger import LEDGER_FILE, Ledger, controls, item_index
from twolane.ledger.runlock import LOCKS_FOLDER, run_lock, worker_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twolane import ItemLine, RunRow


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """A reader of a ledger with runs in every state, 300 s after they began."""
    make_sound(tmp_path)
    with Reader.open(Settings(home=tmp_path), now=lambda: T0 + 300) as reader:
        yield reader


def walked(
    reader: Reader, run: RunRow, limit: int, states: tuple[ItemState, ...] | None
) -> list[ItemLine]:
    """Return all items of a run, read page by page."""
    found: list[ItemLine] = []
    while page := reader.lines(
        run, after=found[-1].index if found else -1, limit=limit, states=states
    ):
        assert len(page) <= limit
        found += page
    return found


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_pages_hold_every_item_once_as_its_outcome_says(reader: Reader, limit: int) -> None:
    """State, attempts and cost of each item are those of its outcome, whatever the page's size."""
    for run in reader.runs():
        lines = walked(reader, run, limit, None)
        outcomes = list(reader.outcomes(run))
        assert [(one.key, one.state, one.attempts, one.cost_nano) for one in lines] == [
            (one.key, one.state, one.attempts, one.cost_nano) for one in outcomes
        ]
        assert [one.index for one in lines] == list(range(run.total))


def test_a_list_by_state_has_those_items_alone(reader: Reader) -> None:
    """A filter, a jump within it and the failures' kinds agree with the report."""
    for run in reader.runs():
        whole = walked(reader, run, 100, None)
        for state in ItemState:
            expected = [one for one in whole if one.state is state]
            assert walked(reader, run, 1, (state,)) == expected
            assert reader.lines(run, skip=1, limit=9, states=[state]) == expected[1:]
        failed = reader.lines(run, limit=9, states=FAILED)
        assert [(one.key, one.kind, one.reason, one.retryable) for one in failed] == [
            (one.item, one.kind, one.message, one.retryable) for one in reader.report(run).failures
        ]


def test_an_item_tells_when_it_was_sent_and_answered(reader: Reader) -> None:
    """Times are those of the first sending and the last answer; none while an attempt is out."""
    answered = reader.lines(reader.run("done"), limit=1)[0]
    assert (answered.index, answered.lane) == (item_index(BATCH), Lane.BATCH)
    assert (answered.sent_at, answered.settled_at) == (T0, T0 + 100)
    raced = reader.lines(reader.run("open"), after=1, limit=1)[0]
    assert (raced.attempts, raced.sent_at, raced.settled_at) == (2, T0, None)
    waiting = reader.lines(reader.run("open"), after=3, limit=1)[0]
    assert (waiting.attempts, waiting.sent_at, waiting.settled_at) == (0, None, None)


def test_the_stages_of_a_run_hold_its_items(reader: Reader) -> None:
    """Each item is counted in its stage, under its state."""
    for run in reader.runs():
        counted = reader.stages(run)
        assert sum(sum(states.values()) for states in counted.values()) == run.total
        assert counted[0].get(ItemState.FAILED, 0) == reader.counts(run).failed


def test_a_timeline_holds_every_call_that_ended(reader: Reader) -> None:
    """Real-time calls are counted in the interval in which they ended; batches are not."""
    found = reader.timeline(reader.run("done"), most=10)
    assert found is not None
    assert (found.begin_at, found.end_at) == (T0, T0 + 100)
    assert [(one.succeeded, one.failed) for one in found.intervals] == [(0, 2)]
    out = reader.timeline(reader.run("open"), most=10)
    assert out is not None
    assert (out.end_at, out.intervals) == (T0 + 300, ())
    assert reader.timeline(reader.run("canceled"), most=10) is None


def test_a_batch_is_held_against_those_that_ended_before_it(tmp_path: Path, reader: Reader) -> None:
    """Five that ended by themselves tell what is usual; fewer do not."""
    run = reader.run("open")
    batch = next(one for one in reader.batches(run) if one.batch_no == EARLY)
    usual = reader.usual_time(run, batch)
    assert (usual.p50_s, usual.measured) == (USUAL_QUEUE_P50_S, 0)
    ledger = Ledger(tmp_path / LEDGER_FILE)
    for n in range(5):
        made = ledger.intend_batch(
            run, [], nonce=f"m{n}zz", base_url="u", key_fingerprint="k", now=T0
        )
        made = ledger.move_batch(made, BatchState.SENDING)
        made = ledger.move_batch(made, BatchState.SUBMITTED, provider_id=f"b{n}", submitted_at=T0)
        ledger.move_batch(made, BatchState.ENDED, ended_at=T0 + 60 * (n + 1))
    ledger.close()
    usual = reader.usual_time(run, replace(batch, size=1))
    assert (usual.p50_s, usual.p90_s, usual.measured) == (180.0, 7_199.0, 6)


def test_a_run_tells_of_a_request_to_cancel_it(tmp_path: Path, reader: Reader) -> None:
    """The request shows until it is carried out; one for an item is none for the run."""
    run = reader.run("open")
    assert not reader.cancel_asked(run)
    ledger = Ledger(tmp_path / LEDGER_FILE)
    before = reader.version()
    controls.cancel(ledger, run, None, now=T0)
    ledger.close()
    assert reader.cancel_asked(run)
    assert reader.version() != before
    assert reader.version() == reader.version()


def test_a_bare_list_of_runs_leaves_out_what_requests_share(reader: Reader) -> None:
    """Everything else is the same."""
    assert [replace(one, shared=b"{}") for one in reader.runs()] == reader.runs(bare=True)


def test_who_works_on_a_run_is_told_without_touching_its_lock(
    tmp_path: Path, reader: Reader
) -> None:
    """A process is named while it holds the lock, and no longer once it let go or is dead."""
    run = reader.run("open")
    locks = tmp_path / LOCKS_FOLDER
    assert reader.worker(run) is None
    with run_lock(locks, run.id):
        assert reader.worker(run) == os.getpid()
    assert reader.worker(run) is None
    owner = locks / f"{run.id}.pid"
    for left_over in (str(1 << 22), "-1", "0", str(1 << 70), "nobody"):
        owner.write_text(left_over)
        assert worker_of(locks, run.id) is None
    owner.write_text(str(os.getpid()))
    os.utime(owner, (T0, T0))  # of a process that had the same number before
    assert worker_of(locks, run.id) is None
