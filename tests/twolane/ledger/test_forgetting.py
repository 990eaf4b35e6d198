"""Runs that are forgotten, and bodies that are let go: gone from the bytes on the disk."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.twolane.ledger.sound import PRIVATE, T0, make_sound
from tests.twolane.ledger.test_ledger_machine import new_items, new_run
from tests.twolane.worker.scene import SOURCE, Scene, ask
from twolane import Engine, Run, RunState
from twolane.core.expiry import DAY_S
from twolane.core.states import BatchState
from twolane.errors import (
    LedgerDamagedError,
    LedgerError,
    LedgerLockedError,
    UnknownRunError,
)
from twolane.ledger import Ledger, reports
from twolane.ledger.check import check
from twolane.ledger.forgetting import forget, let_go
from twolane.ledger.runlock import run_lock

if TYPE_CHECKING:
    from pathlib import Path


def bytes_of(home: Path) -> bytes:
    """Return everything that lies in a folder, names included."""
    return b"".join(
        str(path).encode() + (path.read_bytes() if path.is_file() else b"")
        for path in sorted(home.rglob("*"))
    )


def make_private(home: Path) -> Ledger:
    """Return an open ledger with a run that has private words in every column that may."""
    ledger = Ledger(make_sound(home))
    with ledger.store.transaction() as db:
        words = f'{{"text":"{PRIVATE}"}}'.encode()
        db.execute("UPDATE requests SET params = ? WHERE item >> 32 = 1", (words,))
        db.execute(
            "UPDATE replies SET body = ? WHERE attempt_no IN"
            " (SELECT attempt_no FROM attempts WHERE item >> 32 = 1)",
            (words,),
        )
        db.execute("UPDATE runs SET shared = ? WHERE run_no = 1", (words,))
    return ledger


def test_nothing_of_a_forgotten_run_is_left_in_the_files(tmp_path: Path) -> None:
    """Prompts, replies and quotes are in no file of the folder, while the ledger is still open."""
    ledger = make_private(tmp_path)
    spool = tmp_path / "spool"
    spool.mkdir()
    (spool / "done-aaaa.create.json").write_text(PRIVATE)
    (spool / "moving-abcd").mkdir()
    (spool / "moving-abcd" / "ledger.sqlite3").write_text(PRIVATE)
    assert PRIVATE.encode() in bytes_of(tmp_path)
    forget(ledger, ["done"])
    left = bytes_of(tmp_path)
    assert PRIVATE.encode() not in left
    assert b"msgbatch_aaaa" not in left
    assert {run.id for run in ledger.runs()} == {"open", "canceled", "stopped"}
    assert check(ledger) == []
    ledger.close()


def test_the_space_of_a_forgotten_run_is_given_back(tmp_path: Path) -> None:
    """The file shrinks by about what the run took."""
    path = make_sound(tmp_path, large=400_000)
    ledger = Ledger(path)
    with ledger.store.transaction() as db:  # what does not shrink when it is stored
        db.execute("UPDATE replies SET body = CAST(hex(randomblob(300000)) AS BLOB)")
    ledger.store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = path.stat().st_size
    forget(ledger, ["done"])
    ledger.close()
    assert path.stat().st_size < before / 4


def test_what_is_not_closed_is_not_forgotten(tmp_path: Path) -> None:
    """An open run, or one with batches out, is refused with what to do; the others stay as well."""
    ledger = Ledger(make_sound(tmp_path))
    with pytest.raises(LedgerError, match=r"not finished; finish it .*or cancel it"):
        forget(ledger, ["done", "open"])
    with pytest.raises(UnknownRunError, match="there is no run nothing"):
        forget(ledger, ["done", "nothing"])
    run = ledger.create_run(new_run("late", 1), new_items(1), T0)
    ledger.intend_batch(run, [(run.run_no << 32, 1)], nonce="n", base_url="", key_fingerprint="",
                        now=T0)  # fmt: skip
    ledger.move_run(run, RunState.STOPPED, reason="the budget is spent", now=T0)
    with pytest.raises(LedgerError, match=r"1 batch at the provider .*`resume late`"):
        forget(ledger, ["done", "late"])
    ledger.move_batch(ledger.batches(run)[0], BatchState.REFUSED)
    with (
        run_lock(tmp_path / "locks", "late"),
        pytest.raises(LedgerLockedError, match="works on run late"),
    ):
        forget(ledger, ["done", "late"])
    assert len(ledger.runs()) == 5
    ledger.close()


def test_another_process_that_reads_is_told_of(tmp_path: Path) -> None:
    """While a reader keeps the log the command says what that means instead of success."""
    ledger, reader = make_private(tmp_path), Ledger(tmp_path / "ledger.sqlite3")
    ledger.store.db.execute("PRAGMA busy_timeout = 0")
    with reader.store.snapshot():
        reader.runs()
        with pytest.raises(LedgerError, match="forgotten, but a process that reads"):
            forget(ledger, ["done"])
    assert "done" not in {run.id for run in ledger.runs()}
    reader.close()
    ledger.close()
    assert PRIVATE.encode() not in bytes_of(tmp_path)


# -- retention ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["invalid_reply", "unreadable_reply"])
def test_bodies_are_let_go_and_the_rows_stay(tmp_path: Path, kind: str) -> None:
    """After the days they are kept, requests and replies are gone; counts and costs are not."""
    ledger = make_private(tmp_path)
    with ledger.store.transaction() as db:
        # Both kinds quote the reply where they say what is wrong with it.
        db.execute("UPDATE attempts SET error_kind = ? WHERE error_kind = 'invalid_reply'", (kind,))
    run = ledger.run("done")
    report = reports.report(ledger, run)
    assert run.ended_at is not None
    assert let_go(ledger, keep_days=7, now=run.ended_at + 7 * DAY_S) == ["canceled"]
    now = run.ended_at + 7 * DAY_S + 1
    assert let_go(ledger, keep_days=7, now=now) == ["done"]
    assert let_go(ledger, keep_days=7, now=now) == []
    ledger.store.db.execute("VACUUM")
    ledger.store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert PRIVATE.encode() not in bytes_of(tmp_path)
    after = reports.report(ledger, ledger.run("done"))
    assert (after.items, after.lanes, after.actual_nano) == (
        report.items, report.lanes, report.actual_nano,
    )  # fmt: skip
    assert [one.message for one in after.failures] == ["its reply was not in the form asked for"]
    assert ledger.run("open").dropped_at is None
    assert ledger.run("stopped").dropped_at is None
    assert check(ledger) == []
    ledger.close()


def test_starting_a_run_lets_old_bodies_go(tmp_path: Path) -> None:
    """With `keep_days` an engine keeps what ended later, and an ended run says what is gone."""
    scene = Scene(tmp_path, keep_days=2)
    scene.finish(ask(3))

    async def later(engine: Engine) -> Run:
        await engine.start(ask(2), source="another")
        run = await engine.latest(SOURCE)
        assert run is not None
        return run

    assert scene.run(later, seed=1).row.dropped_at is None
    scene.clock.run(asyncio.sleep(3 * DAY_S))
    run = scene.run(later, seed=2)
    assert run.row.dropped_at is not None

    async def look(engine: Engine) -> None:
        run = await engine.latest(SOURCE)
        assert run is not None
        assert (await run.report()).items.succeeded == 3
        outcome = next(run.outcomes())
        assert outcome.cost_nano > 0
        with pytest.raises(LedgerError, match="not in the ledger any more"):
            _ = outcome.text
        with pytest.raises(LedgerError, match="were deleted on"):
            await run.retry_failed()
        with pytest.raises(LedgerError, match="were deleted on"):
            await run.drive()

    scene.run(look)


def test_a_request_that_is_missing_is_damage_where_it_was_not_let_go(tmp_path: Path) -> None:
    """Absence counts as let go only where the run says so."""
    ledger = Ledger(make_sound(tmp_path))
    with ledger.store.transaction() as db:
        db.execute("DELETE FROM requests WHERE item = ?", (1 << 32,))
    with pytest.raises(LedgerDamagedError, match="1 item without a request"):
        ledger.requests([1 << 32])
    ledger.close()
