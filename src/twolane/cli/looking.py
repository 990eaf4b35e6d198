"""`twolane runs`, `show`, `export` and `cancel`: from any terminal, at any time, without a key."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from twolane.core.naming import nearest
from twolane.core.pricing import format_usd, plain_usd
from twolane.core.states import TERMINAL_ITEMS, RunState
from twolane.core.wording import counted
from twolane.engine import LEDGER_FILE
from twolane.errors import ConfigError
from twolane.formats.channels import open_output
from twolane.formats.jsonl import write_results
from twolane.front.console import (
    Table,
    note_console,
    print_expiring,
    print_json,
    print_report,
    print_standing,
    report_object,
    result_console,
    shown,
)
from twolane.front.streams import tell
from twolane.ledger import Ledger, controls, months, reports
from twolane.ledger.columns import readable
from twolane.ledger.guards import check_here, check_kept, gone
from twolane.outcomes import outcome_of
from twolane.worker.loop import CANCEL

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
    ledger = Ledger(settings.home / LEDGER_FILE)
    try:
        runs = ledger.runs()
        if as_json:
            print_json({"runs": [_run_object(ledger, run) for run in runs]})
            return 0
        columns = ("run", "of", "state", "items", "cost", "begun", "ended")
        table = Table(columns, frozenset({"cost"}))
        for run in runs:
            spent, _ = ledger.money(run)
            table.add(
                run.id, run.label, _standing(run), _became(reports.counts(ledger, run)),
                format_usd(spent), _moment(run.created_at), _moment(run.ended_at),
            )  # fmt: skip
        console = result_console()
        if runs:
            console.print_table(table)
        else:
            console.print(f"no runs yet in {ledger.path}")
        now = time.time()
        print_expiring(reports.expiring(ledger, now), note_console(), now=now)
    finally:
        ledger.close()
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


def _run_object(ledger: Ledger, run: RunRow) -> dict[str, Any]:
    spent, _ = ledger.money(run)
    items = reports.counts(ledger, run)
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
        "cost_usd": plain_usd(spent),
        "created_at": run.created_at,
        "ended_at": run.ended_at,
    }


def show_run(settings: Settings, *, run_id: str, item: str | None, as_json: bool) -> int:
    """Show a run, or one item of it; return the exit code. Raises LedgerError, ConfigError."""
    ledger = Ledger(settings.home / LEDGER_FILE)
    try:
        run = ledger.find_run(run_id)
        if item is not None:
            _show_item(ledger, run, item)
            return 0
        month = months.standing(ledger.store, settings.month_cap_nano, time.time())
        report = replace(reports.report(ledger, run), month=month)
        if as_json:
            print_json(report_object(report))
            return 0
        console = note_console()
        console.print(f"lane: {report.decision.reason}")
        print_standing(run, console)
        for batch in ledger.batches(run):
            console.print(
                f"batch {batch.provider_id or batch.nonce}: {counted(batch.size, 'item')}, "
                f"{batch.state}{', ' + batch.reason if batch.reason else ''}"
            )
        print_report(report, console)
    finally:
        ledger.close()
    return 0


def _item(ledger: Ledger, run: RunRow, key: str) -> ItemRow:
    """Return the item with this key. Raises ConfigError naming the nearest."""
    found = ledger.item_by_key(run, key)
    if found is not None:
        return found
    near = nearest(key, (item.key for item in ledger.items(run)), least=LIKE)
    hint = f"the nearest: {', '.join(near)}" if near else f"`show {run.id} --json` tells of all"
    message = f"run {run.id} has no item {key!r}; {hint}"
    raise ConfigError(message)


def _show_item(ledger: Ledger, run: RunRow, key: str) -> None:
    found = _item(ledger, run, key)
    row = reports.result(ledger, run, found.index)
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
            "request": None if run.dropped_at else _request(ledger, run, found.id),
            "result": _parsed(row.body) if row.body else None,
            **({"gone": gone(run)} if run.dropped_at else {}),
        }
    )


def _request(ledger: Ledger, run: RunRow, item: int) -> dict[str, Any]:
    return {**_parsed(run.shared), **_parsed(ledger.requests([item])[item])}


@readable
def _parsed(body: bytes) -> dict[str, Any]:
    """Return a JSON object of the ledger. Raises LedgerError where it is none."""
    value: dict[str, Any] = dict(orjson.loads(body))
    return value


def export_run(settings: Settings, *, run_id: str, output: Path) -> int:
    """Write what there is of a run; return the exit code. Raises LedgerError, ConfigError."""
    out = open_output(output)
    out.check()
    ledger = Ledger(settings.home / LEDGER_FILE)
    try:
        run = ledger.find_run(run_id)
        check_kept(run)
        outcomes = (outcome_of(row) for row in reports.results(ledger, run, bodies=True))
        count = write_results(outcomes, run.id, out)
        tell(f"{counted(count, 'line')} in {shown(out.name)}")
    finally:
        ledger.close()
    return 0


def cancel_run(settings: Settings, *, run_id: str, item: str | None) -> int:
    """Leave the wish that a run, or an item, be canceled. Raises LedgerError, ConfigError."""
    ledger = Ledger(settings.home / LEDGER_FILE)
    try:
        run = ledger.find_run(run_id)
        check_here(run)
        found = None if item is None else _item(ledger, run, item)
        if ended := _ended(run, found):
            tell(f"{shown(ended)}; there is nothing to cancel")
            return 0
        number = None if found is None else found.id
        controls.ask(ledger, run, CANCEL, item=number, now=time.time())
        tell(
            "asked for; the process that works on the run carries it out within seconds, or the "
            f"next one: twolane resume {run.id}"
        )
    finally:
        ledger.close()
    return 0


def _ended(run: RunRow, item: ItemRow | None) -> str:
    """Say of a run, or an item of it, that it has ended and how; '' where it has not."""
    if item is not None and item.state in TERMINAL_ITEMS:
        return f"item {item.key} of run {run.id} has ended: {item.state}"
    if run.state in (RunState.DONE, RunState.CANCELED):
        return f"run {run.id} has ended: {run.state}"
    return ""
