"""Ledgers with runs as pages have to show them: very large, very long, with hostile names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tests.twolane.ledger.test_ledger_machine import new_items, new_run
from twolane import printable
from twolane.core.states import BatchState, ItemState, RunState
from twolane.ledger import LEDGER_FILE, Ledger, Settlement, item_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DAY_S: Final = 86_400.0
LONG_S: Final = 25 * 3_600.0 + 600.0
"""25 h 10 min."""
CLOCKS_CHANGE: Final = 1_793_490_000.0
"""31 October 2026, 23:40 UTC: in New York, clocks go back in the night that follows."""
HOSTILE: Final = (
    "<img src=x onerror=\"document.title='ran'\">.md",
    '"><svg onload="document.title=\'ran\'">.md',
    "</script><script>document.title='ran'</script>.md",
    "{{ 7 * 7 }}${8*8}\u202egnp.md",
)
"""Names that are markup, script, templates, or turn the writing round."""


def long_run(home: Path, *, begun_at: float = CLOCKS_CHANGE) -> str:
    """Write a run whose one batch took 25 h 10 min, as did the run; return its id."""
    ledger = _opened(home)
    run = ledger.create_run(new_run("long", 2), new_items(2), begun_at)
    batch = ledger.intend_batch(
        run, [(item_id(run.run_no, n), 1_000) for n in range(2)], nonce="aaaa", base_url="u",
        key_fingerprint="k", now=begun_at,
    )  # fmt: skip
    batch = ledger.move_batch(batch, BatchState.SENDING)
    batch = ledger.move_batch(
        batch, BatchState.SUBMITTED, provider_id="msgbatch_long", submitted_at=begun_at
    )
    ended_at = begun_at + LONG_S
    batch = ledger.move_batch(batch, BatchState.ENDED, ended_at=ended_at)
    ledger.settle(
        [
            Settlement(one.attempt_no, one.item.id, "succeeded", ItemState.SUCCEEDED, ended_at)
            for one in ledger.sent(run, batch_no=batch.batch_no)
        ]
    )
    ledger.move_batch(batch, BatchState.COLLECTED)
    ledger.move_run(run, RunState.DONE, reason="", now=ended_at, worked_s=LONG_S)
    ledger.close()
    return run.id


def hostile_run(home: Path, *, names: Sequence[str] = HOSTILE) -> str:
    """Write a run whose items, label and decision have hostile names; return its id."""
    ledger = _opened(home)
    items = [one._replace(key=key) for one, key in zip(new_items(len(names)), names, strict=True)]
    new = replace(
        new_run("hostile", len(items)), label=names[0], decision_reason=printable(names[-1])
    )
    run = ledger.create_run(new, items, CLOCKS_CHANGE)
    claimed = ledger.claim(
        [(item_id(run.run_no, n), 1_000) for n in range(len(items))], nonce="aaaa",
        now=CLOCKS_CHANGE,
    )  # fmt: skip
    ledger.settle(
        [
            Settlement(
                attempt, item_id(run.run_no, n), "errored", ItemState.FAILED, CLOCKS_CHANGE + 1,
                reason=printable(names[n]), error_kind="api_error", message=printable(names[n]),
            )
            for n, attempt in enumerate(claimed)
        ]
    )  # fmt: skip
    ledger.close()
    return run.id


def large_run(home: Path, total: int = 100_000) -> str:
    """Write a run of `total` items: every fiftieth failed, the last hundred wait."""
    ledger = _opened(home)
    run = ledger.create_run(new_run("large", total), new_items(total), CLOCKS_CHANGE)
    low, high = item_id(run.run_no, 0), item_id(run.run_no + 1, 0)
    with ledger.store.transaction() as db:
        db.executemany(
            "INSERT INTO attempts (item, lane, nonce, sent_at, settled_at, outcome, error_kind,"
            " message, reserve_nano, cost_nano, realtime_nano)"
            " VALUES (?, 'realtime', 'aaaa', ?, ?, ?, ?, ?, 1000, 500, 500)",
            (
                (
                    low + n, CLOCKS_CHANGE + n / 10, CLOCKS_CHANGE + n / 10 + 5,
                    "succeeded" if n % 50 else "errored", "" if n % 50 else "overloaded_error",
                    "" if n % 50 else "the provider is overloaded",
                )
                for n in range(total - 100)
            ),
        )  # fmt: skip
        db.execute(
            "UPDATE items SET lane = 'realtime', state = CASE WHEN (id - ?1) % 50 = 0 THEN 'failed'"
            " ELSE 'succeeded' END WHERE id >= ?1 AND id < ?2",
            (low, high - (1 << 32) + total - 100),
        )
    ledger.close()
    return run.id


def _opened(home: Path) -> Ledger:
    home.mkdir(mode=0o700, exist_ok=True)
    ledger = Ledger(home / LEDGER_FILE)
    ledger.store.db.execute("PRAGMA synchronous = OFF")
    return ledger
