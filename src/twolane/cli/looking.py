"""`twolane runs`, `show`, `export` and `cancel`: from any terminal, at any time, without a key."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from twolane import ending
from twolane.core.money import format_usd, plain_usd
from twolane.core.naming import nearest
from twolane.core.states import TERMINAL_ITEMS, RunState
from twolane.core.wording import counted
from twolane.errors import ConfigError
from twolane.formats.channels import open_output
from twolane.formats.jsonl import write_results
from twolane.front.console import (
    Table,
    note_console,
    print_decision,
    print_expiring,
    print_json,
    print_report,
    print_standing,
    report_object,
    result_console,
    shown,
)
from twolane.front.streams import tell
from twolane.ledger import LEDGER_FILE
from twolane.ledger.guards import check_here, check_kept, gone
from twolane.reader import Reader, parsed

if TYPE_CHECKING:
    from pathlib import Path

    from twolane.config import Settings
    from twolane.core.types import Counts
    from twolane.ledger import ItemRow, RunRow

SHOWN_REASON = 60
# Keys are often short: `r9` and `r1` have half of each in common.
LIKE = 0.5


def list_runs(settings: Settings, *, as_json: bool) -> int:
    """List the runs of the ledger, newest first; return the exit code. Raises LedgerError."""
    with Reader.open(settings) as reader:
        runs = reader.runs()
        if as_json:
            print_json({"runs": [_run_object(reader, run) for run in runs]})
            return 0
        columns = ("run", "of", "state", "items", "cost", "begun", "ended")
        table = Table(columns, frozenset({"cost"}))
        for run in runs:
            table.add(
                run.id, run.label, _standing(run), _became(reader.counts(run)),
                format_usd(reader.spent_nano(run)), _moment(run.created_at), _moment(run.ended_at),
            )  # fmt: skip
        console = result_console()
        if runs:
            console.print_table(table)
        else:
            console.print(f"no runs yet in {settings.home / LEDGER_FILE}")
        print_expiring(reader.expiring(), note_console(), now=time.time())
    return 0


def _moment(at: float | None) -> str:
    """Return a time as a person reads it."""
    return "" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _became(items: Counts) -> str:
    """Return what became of the items of a run, in few words."""
    parts = [
        f"{count:,} {word}"
        for word, count in (
            ("succeeded", items.succeeded),
            ("failed", items.failed + items.conflict + items.quarantined),
            ("skipped", items.skipped),
            ("canceled", items.canceled),
            ("to do", items.open),
        )
        if count
    ]
    return ", ".join(parts) or "none"


def _standing(run: RunRow) -> str:
    state = run.state.value
    if run.state is not RunState.DONE and run.state_reason:
        state = f"{state}: {run.state_reason[:SHOWN_REASON]}"
    return f"{state}, handed over" if run.handed_over else state


def _run_object(reader: Reader, run: RunRow) -> dict[str, Any]:
    items = reader.counts(run)
    return {
        "run": run.id,
        "kind": run.kind,
        "label": run.label,
        "state": run.state,
        "reason": run.state_reason,
        "handed_over": run.handed_over,
        "total": run.total,
        "items": {
            "succeeded": items.succeeded,
            "failed": items.failed,
            "canceled": items.canceled,
            "skipped": items.skipped,
            "conflict": items.conflict,
            "quarantined": items.quarantined,
            "pending": items.open,
        },
        "cost_usd": plain_usd(reader.spent_nano(run)),
        "created_at": run.created_at,
        "ended_at": run.ended_at,
    }


def show_run(settings: Settings, *, run_id: str, item: str | None, as_json: bool) -> int:
    """Show a run, or one item of it; return the exit code. Raises LedgerError, ConfigError."""
    with Reader.open(settings) as reader:
        run = reader.run(run_id)
        if item is not None:
            _show_item(reader, run, item)
            return 0
        report = reader.report(run)
        if as_json:
            print_json(report_object(report))
            return 0
        console = note_console()
        print_decision(report, console)
        print_standing(run, console)
        for batch in reader.batches(run):
            console.print(
                f"batch {batch.provider_id or batch.nonce}: {counted(batch.size, 'item')}, "
                f"{batch.state}{', ' + batch.reason if batch.reason else ''}"
            )
        print_report(report, console)
    return 0


def _item(reader: Reader, run: RunRow, key: str) -> ItemRow:
    """Return the item with this key. Raises ConfigError naming the nearest."""
    found = reader.item(run, key)
    if found is not None:
        return found
    near = nearest(key, (item.key for item in reader.items(run)), least=LIKE)
    hint = f"the nearest: {', '.join(near)}" if near else f"`show {run.id} --json` tells of all"
    message = f"run {run.id} has no item {key!r}; {hint}"
    raise ConfigError(message)


def _show_item(reader: Reader, run: RunRow, key: str) -> None:
    found = _item(reader, run, key)
    row = reader.result(run, found.index)
    print_json(
        {
            "index": found.index,
            "item": found.key,
            "state": found.state,
            "reason": found.reason,
            "lane": row.lane,
            "custom_id": row.custom_id,
            "attempts": row.attempts,
            "cost_usd": plain_usd(row.cost_nano),
            "request": None if run.dropped_at else reader.request(run, found.index),
            "result": parsed(row.body) if row.body else None,
            **({"gone": gone(run)} if run.dropped_at else {}),
        }
    )


def export_run(settings: Settings, *, run_id: str, output: Path) -> int:
    """Write a run's results so far; return the exit code. Raises LedgerError, ConfigError."""
    out = open_output(output)
    out.check()
    with Reader.open(settings) as reader:
        run = reader.run(run_id)
        check_kept(run)
        count = write_results(reader.outcomes(run), run.id, out)
    tell(f"{counted(count, 'line')} in {shown(out.name)}")
    return 0


def cancel_run(settings: Settings, *, run_id: str, item: str | None) -> int:
    """Ask for a run, or an item, to be canceled. Raises LedgerError, ConfigError."""
    with Reader.open(settings) as reader:
        run = reader.run(run_id)
        check_here(run)
        found = None if item is None else _item(reader, run, item)
    if ended := _ended(run, found):
        tell(f"{shown(ended)}; there is nothing to cancel")
        return 0
    ending.cancel_run(settings, run.id, item)
    tell(
        "cancellation requested; the process working on the run carries it out within seconds, or the "
        f"next one: twolane resume {run.id}"
    )
    return 0


def _ended(run: RunRow, item: ItemRow | None) -> str:
    """Say of a run, or an item of it, that it has ended and how; '' if it has not."""
    if item is not None and item.state in TERMINAL_ITEMS:
        return f"item {item.key} of run {run.id} has ended: {item.state}"
    if run.state in (RunState.DONE, RunState.CANCELED):
        return f"run {run.id} has ended: {run.state}"
    return ""
