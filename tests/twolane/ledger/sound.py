"""A sound ledger with a run in every state and an attempt of every kind, for tests to break."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.twolane.ledger.test_ledger_machine import new_items, new_run
from twolane.core.states import BatchState, ItemState, RunState
from twolane.core.types import Usage
from twolane.ledger import Ledger, Settlement, controls, item_id

if TYPE_CHECKING:
    from pathlib import Path

    from twolane.ledger import BatchRow, RunRow

T0 = 1_700_000_000.0
BATCH = item_id(1, 0)
"""An item of the first run, which is done, answered in a batch."""
REALTIME = item_id(2, 0)
"""An item of the second run, which is open, out in real time."""
EARLY = 2
"""The batch of the second run whose early end was asked for."""
PRIVATE = "my heart's secret"
ANSWER = b'{"type":"succeeded","message":{"content":[{"type":"text","text":"the answer"}]}}'


def settled(
    attempt_no: int, item: int, outcome: str, state: ItemState, **more: object
) -> Settlement:
    """Return the ending of an attempt that cost what answers cost."""
    values: dict[str, object] = {
        "attempt_no": attempt_no, "item": item, "outcome": outcome, "item_state": state,
        "settled_at": T0 + 100,
    }  # fmt: skip
    if outcome == "succeeded":
        values |= {"cost_nano": 50, "realtime_nano": 100, "usage": Usage(5, 5), "body": ANSWER}
    return Settlement(**{**values, **more})  # type: ignore[arg-type]


def make_sound(home: Path, *, large: int = 0) -> Path:
    """Write a ledger into `home`: a run that is done, an open one, a canceled, a stopped one.

    The open run has items out in real time, in a batch and in a race of both. `large` adds bytes
    to each answer of the first run.
    """
    path = home / "ledger.sqlite3"
    ledger = Ledger(path)
    ledger.store.db.execute("PRAGMA synchronous = OFF")
    _done(ledger, ANSWER[:-1] + b',"more":"' + b"x" * large + b'"}')
    _open(ledger)
    for run_id, state in (("canceled", RunState.CANCELED), ("stopped", RunState.STOPPED)):
        run = ledger.create_run(new_run(run_id, 2), new_items(2), T0)
        ledger.cancel_all(run, reason="canceled by hand")
        ledger.move_run(run, state, reason="", now=T0 + 9, worked_s=1.0)
    ledger.close()
    return path


def _batch(ledger: Ledger, run: RunRow, indexes: range, nonce: str) -> BatchRow:
    batch = ledger.intend_batch(
        run,
        [(item_id(run.run_no, index), 1_000) for index in indexes],
        nonce=nonce,
        base_url="u",
        key_fingerprint="k",
        now=T0,
    )
    batch = ledger.move_batch(batch, BatchState.SENDING)
    return ledger.move_batch(
        batch, BatchState.SUBMITTED, provider_id=f"msgbatch_{nonce}", submitted_at=T0 + 1
    )


def _done(ledger: Ledger, answer: bytes) -> None:
    run = ledger.create_run(new_run("done", 4), new_items(4), T0)
    batch = _batch(ledger, run, range(3), "aaaa")
    batch = ledger.move_batch(batch, BatchState.ENDED, ended_at=T0 + 7_200)
    sent = ledger.sent(run, batch_no=batch.batch_no)
    ledger.settle(
        [
            settled(one.attempt_no, one.item.id, "succeeded", ItemState.SUCCEEDED, body=answer)
            for one in sent
        ]
    )
    ledger.move_batch(batch, BatchState.COLLECTED)
    first = ledger.claim([(item_id(1, 3), 1_000)], nonce="bbbb", now=T0)[0]
    ledger.settle(
        [settled(first, item_id(1, 3), "uncertain", ItemState.PENDING, cost_nano=1_000,
                 realtime_nano=1_000)]
    )  # fmt: skip
    second = ledger.claim([(item_id(1, 3), 1_000)], nonce="cccc", now=T0)[0]
    ledger.settle(
        [settled(second, item_id(1, 3), "errored", ItemState.FAILED, reason=f"not JSON: {PRIVATE}",
                 error_kind="invalid_reply", message=f"not JSON: {PRIVATE}")]
    )  # fmt: skip
    ledger.move_run(run, RunState.DONE, reason="", now=T0 + 200, worked_s=5.0)


def _open(ledger: Ledger) -> None:
    run = ledger.create_run(new_run("open", 5), new_items(5), T0)
    early = _batch(ledger, run, range(1, 3), "dddd")
    early = ledger.ask_to_cancel(early, reason="late", now=T0 + 50)
    ledger.move_batch(early, BatchState.CANCELING, reason="late")
    ledger.claim([(REALTIME, 1_000)], nonce="eeee", now=T0)
    # A race: the batch is not through in time, and the second of its items is asked anew.
    with ledger.store.transaction() as db:
        db.execute("UPDATE items SET state = 'pending' WHERE id = ?", (item_id(2, 2),))
    ledger.claim([(item_id(2, 2), 1_000)], nonce="ffff", now=T0 + 60)
    _batch(ledger, run, range(3, 4), "gggg")
    controls.ask(ledger, run, "cancel", item=item_id(2, 4), now=T0)
