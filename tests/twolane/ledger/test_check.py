"""The check of a ledger: silent over a sound one, and every invariant named when it is broken."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from tests.twolane.ledger.sound import BATCH, EARLY, REALTIME, make_sound
from twolane.errors import LedgerError
from twolane.ledger import Ledger
from twolane.ledger.check import check
from twolane.ledger.invariants import INVARIANTS

if TYPE_CHECKING:
    from pathlib import Path

EMPTY_RUN = (
    "INSERT INTO runs (id, kind, label, state, created_at, ended_at, source, input_hash, settings,"
    " provider, model, decision_lane, decision_reason, batch_size, total, estimated_nano, shared)"
    " VALUES ('r', 'run', '', 'done', 1, 2, '', '', '{}', 'p', 'm', 'batch', '', 1, 0, 0, '{}')"
)
# Each invariant with a change to a sound ledger that breaks it.
BREAKS = [
    ("a value is of the kind", "UPDATE items SET need = 'much' WHERE id = :item"),
    ("a value is of the kind", "UPDATE items SET fault = x'00' WHERE id = :item"),
    ("a value is of the kind", "UPDATE attempts SET cost_nano = 1.5 WHERE attempt_no = 1"),
    ("a value is of the kind", "UPDATE runs SET created_at = 'today'"),
    ("a time is one there can be", "UPDATE runs SET worked_s = 1e300"),
    ("a time is one there can be", "UPDATE batches SET submitted_at = -5 WHERE batch_no = 1"),
    ("a state, a lane and an outcome", "UPDATE items SET state = 'lost' WHERE id = :item"),
    ("a state, a lane and an outcome", "UPDATE runs SET state = 'gone'"),
    ("a state, a lane and an outcome", "UPDATE batches SET state = 'gone' WHERE batch_no = 1"),
    ("a state, a lane and an outcome", "UPDATE items SET lane = 'slow' WHERE id = :item"),
    ("a state, a lane and an outcome", "UPDATE attempts SET outcome = 'fine' WHERE attempt_no = 1"),
    ("a state, a lane and an outcome", "UPDATE runs SET lane_forced = 'slow'"),
    ("a number is one there can be", "UPDATE runs SET batch_size = -1"),
    ("a number is one there can be", "UPDATE attempts SET input_tokens = 1 << 40"),
    ("an intent has a nonce", "UPDATE attempts SET nonce = '../x' WHERE attempt_no = 1"),
    ("an intent has a nonce", "UPDATE months SET month = 'May'"),
    ("a month has cost at least", "UPDATE months SET committed_nano = 1"),
    ("as many items as it was announced", "UPDATE runs SET total = total + 1"),
    ("as many items as it was announced", "UPDATE items SET id = id + 50 WHERE id = :item"),
    ("its key stands once", "UPDATE items SET key = 'k1' WHERE id = :item"),
    ("an item belongs to a run", "DELETE FROM runs WHERE run_no = 1"),
    ("only items that ended", "UPDATE items SET state = 'pending' WHERE id = :item"),
    ("only items that ended", "UPDATE batches SET state = 'ended' WHERE batch_no = 1"),
    ("a time of its end, unless", "UPDATE runs SET ended_at = NULL WHERE state = 'done'"),
    ("a time of its end, unless", "UPDATE runs SET ended_at = 9 WHERE state = 'open'"),
    ("handed over to another", "UPDATE runs SET handed_over = 'x' WHERE state = 'done'"),
    ("were let go is closed", "UPDATE runs SET dropped_at = 5 WHERE state = 'done'"),
    ("stay under its cap", "UPDATE runs SET cap_nano = 1"),
    ("a wish is for a run", "UPDATE controls SET action = 'hurry'"),
    ("a wish is for a run", "UPDATE controls SET item = 7"),
    ("has its request, unless", "DELETE FROM requests WHERE item = :item"),
    ("has its request, unless", "INSERT INTO requests VALUES (7, '{}')"),
    ("in flight has an attempt", "UPDATE items SET state = 'submitted' WHERE id = :realtime"),
    ("a second attempt is out", "UPDATE batches SET cancel_at = NULL WHERE batch_no = :early"),
    ("not in flight has no attempt out", "UPDATE items SET state = 'failed' WHERE id = :realtime"),
    ("succeeded has a success", "UPDATE items SET state = 'failed' WHERE id = :item"),
    ("succeeded has a success", "UPDATE items SET state = 'succeeded' WHERE id = :realtime"),
    (
        "succeeded has a success",
        "UPDATE attempts SET item = :item WHERE attempt_no = 2",
    ),
    ("tried no more often", "UPDATE items SET tries = 9 WHERE id = :item"),
    ("says why", "UPDATE items SET state = 'failed', reason = '' WHERE id = :item"),
    ("as many items as it was intended with", "UPDATE batches SET size = 5 WHERE batch_no = 1"),
    ("as many items as it was intended with", ("UPDATE attempts SET item = item + 1 WHERE"
     " batch_no = 1 AND attempt_no = 1")),
    ("has the provider's id", "UPDATE batches SET provider_id = NULL WHERE batch_no = 1"),
    ("has the provider's id", "UPDATE batches SET state = 'sending' WHERE batch_no = 1"),
    ("has the time of its end", "UPDATE batches SET ended_at = NULL WHERE batch_no = 1"),
    ("ended in this order", "UPDATE batches SET ended_at = 5 WHERE batch_no = 1"),
    ("ended in this order", "UPDATE batches SET intended_at = 9e9 WHERE batch_no = 1"),
    ("a closed batch has no attempt", "UPDATE attempts SET outcome = NULL WHERE attempt_no = 1"),
    ("belongs to an item, and to a batch", ("UPDATE attempts SET nonce = 'zzzz'"
     " WHERE attempt_no = 1")),
    ("belongs to an item, and to a batch", "UPDATE attempts SET item = 7 WHERE attempt_no = 1"),
    ("travels in the batch lane", "UPDATE attempts SET lane = 'realtime' WHERE attempt_no = 1"),
    ("its time and its outcome", "UPDATE attempts SET settled_at = NULL WHERE attempt_no = 1"),
    ("its time and its outcome", "UPDATE attempts SET settled_at = 1 WHERE attempt_no = 1"),
    ("an attempt of an orphan", "UPDATE attempts SET outcome = 'orphan' WHERE attempt_no = 1"),
    ("a success has its reply", "DELETE FROM replies WHERE attempt_no = 1"),
    ("a success has its reply", "INSERT INTO replies VALUES (999, '{}')"),
    ("nothing costs more", ("UPDATE runs SET cap_nano = 1000000;"
     " UPDATE attempts SET cost_nano = 10000 WHERE attempt_no = 1")),
    ("nothing costs more", "UPDATE attempts SET output_tokens = -1 WHERE attempt_no = 1"),
    ("at its worst case", "UPDATE attempts SET outcome = 'uncertain' WHERE attempt_no = 1"),
    ("is not settled, costs nothing", ("UPDATE attempts SET outcome = 'expired'"
     " WHERE attempt_no = 1")),
    ("cost something used tokens", ("UPDATE attempts SET input_tokens = 0, output_tokens = 0"
     " WHERE attempt_no = 1")),
    ("settings and the part its requests share", "UPDATE runs SET settings = '[]'"),
    ("settings and the part its requests share", "UPDATE runs SET shared = x'780000'"),
    ("a request is a JSON object", "UPDATE requests SET params = x'780000' WHERE item = :item"),
    ("a reply is a JSON object", "UPDATE replies SET body = x'7b7b' WHERE attempt_no = 1"),
    ("report adds up", "UPDATE items SET lane = 'slow' WHERE id = :item"),
]  # fmt: skip


def findings(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the rows that break each invariant."""
    ledger = Ledger(path, read_only=True)
    try:
        return {one.invariant: one.rows for one in check(ledger)}
    finally:
        ledger.close()


def change(path: Path, statement: str) -> None:
    """Change a ledger behind its back."""
    db = sqlite3.connect(path)
    values = {"item": BATCH, "realtime": REALTIME, "early": EARLY}
    for one in statement.split(";"):
        db.execute(one, {name: v for name, v in values.items() if f":{name}" in one})
    db.commit()
    db.close()


def test_a_sound_ledger_has_no_findings(tmp_path: Path) -> None:
    """Every state a run passes through, races and orphans included, breaks nothing."""
    assert findings(make_sound(tmp_path)) == {}


@pytest.mark.parametrize(("name", "statement"), BREAKS)
def test_a_broken_invariant_is_named_with_its_rows(
    tmp_path: Path, name: str, statement: str
) -> None:
    """One changed value is enough for the invariant that it breaks to be reported."""
    path = make_sound(tmp_path)
    change(path, statement)
    found = findings(path)
    rows = [rows for invariant, rows in found.items() if name in invariant]
    assert len(rows) == 1, (name, found)
    assert rows[0]


def test_every_invariant_is_broken_by_a_test() -> None:
    """No invariant stands in the table that no test has seen to fail."""
    untested = [one.name for one in INVARIANTS if not any(name in one.name for name, _ in BREAKS)]
    assert untested == []


def test_a_damaged_page_is_a_finding(tmp_path: Path) -> None:
    """What SQLite's own check finds is told like any other, and nothing more is read."""
    path = make_sound(tmp_path)
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode = DELETE")
    root = "SELECT rootpage FROM sqlite_master WHERE name = 'items_pending'"
    page, size = db.execute(root).fetchone()[0], db.execute("PRAGMA page_size").fetchone()[0]
    db.close()
    data = bytearray(path.read_bytes())
    data[(page - 1) * size + 8 : page * size] = bytes(size - 8)
    path.write_bytes(data)
    assert list(findings(path)) == ["the file is whole"]


def test_the_check_sees_one_moment_while_another_process_writes(tmp_path: Path) -> None:
    """A change that is committed while the check reads is in none of its results."""
    path = make_sound(tmp_path)
    reader, writer = Ledger(path, read_only=True), Ledger(path)
    with reader.store.snapshot():
        before = [row.state for row in reader.runs()]
        with writer.store.transaction() as db:
            db.execute("UPDATE runs SET state = 'gone'")
        assert [row.state for row in reader.runs()] == before
    with pytest.raises(LedgerError, match="damaged"):
        reader.runs()
    reader.close()
    writer.close()


def _let_no_reader_register(path: Path) -> None:
    """Keep SQLite from making the file of its readers: as on a medium that is read-only."""
    path.with_name(path.name + "-shm").symlink_to(path.parent / "no such folder" / "file")


def test_a_check_writes_nothing_and_needs_no_right_to(tmp_path: Path) -> None:
    """A ledger on a medium where nothing can be written is checked all the same."""
    path = make_sound(tmp_path)
    _let_no_reader_register(path)
    before = path.read_bytes()
    assert findings(path) == {}
    assert path.read_bytes() == before
    with pytest.raises(LedgerError):
        Ledger(path, read_only=True).store.db.execute("DELETE FROM runs")


def test_a_log_that_cannot_be_read_is_not_passed_over(tmp_path: Path) -> None:
    """Commits that are still in the log are never left out in silence."""
    path = make_sound(tmp_path)
    _let_no_reader_register(path)
    path.with_name(path.name + "-wal").write_bytes(b"the last commits")
    with pytest.raises(LedgerError, match=r"copy it with its -wal"):
        Ledger(path, read_only=True)


def test_where_there_is_no_ledger_none_is_made(tmp_path: Path) -> None:
    """A check of a folder without a ledger says so and leaves the folder as it was."""
    with pytest.raises(LedgerError, match="there is no ledger at"):
        Ledger(tmp_path / "ledger.sqlite3", read_only=True)
    assert list(tmp_path.iterdir()) == []
