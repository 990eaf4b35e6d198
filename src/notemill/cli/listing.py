"""`notemill runs`, `cancel` and `export`: what runs there are, and what became of each."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from notemill.app.runs import known_runs
from notemill.cli.finding import find_asked, no_such_item, open_asked
from twolane import ItemState, Reader, RunState, format_usd, plain_usd
from twolane import cancel_run as leave_wish
from twolane.formats.channels import open_output
from twolane.formats.jsonl import write_results
from twolane.front.console import (
    Table,
    counted,
    note_console,
    print_expiring,
    print_json,
    result_console,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from notemill.app.runs import KnownRun
    from notemill.privacy import Sight
    from twolane import ItemOutcome, Report, Settings

_OPEN = (ItemState.PENDING, ItemState.RUNNING, ItemState.SUBMITTED)


async def list_runs(settings: Settings, *, as_json: bool) -> int:
    """List the runs of notemill, newest first; return the exit code. Raises LedgerError."""
    runs = await known_runs(settings)
    with Reader.open(settings) as reader:
        expiring = reader.expiring()
        reports = {
            one.id: reader.report(reader.run(one.id)) for one in runs if one.state is not None
        }
    if as_json:
        print_json({"runs": [_object(one, reports.get(one.id)) for one in runs]})
        return 0
    print_expiring(expiring, note_console(), now=time.time())
    columns = ("run", "begun", "vault", "state", "notes", "cost")
    table = Table(columns, frozenset({"notes", "cost"}))
    for one in runs:
        report = reports.get(one.id)
        table.add(
            one.id,
            datetime.fromtimestamp(one.at_s).astimezone().strftime("%Y-%m-%d %H:%M"),
            str(one.vault),
            one.became,
            f"{one.total:,}",
            format_usd(report.actual_nano if report else 0),
        )
    if runs:
        result_console().print_table(table)
    else:
        result_console().print("no runs yet; begin with: notemill curate VAULT")
    return 0


def _object(run: KnownRun, report: Report | None) -> dict[str, Any]:
    return {
        "run": run.id,
        "kind": run.kind,
        "vault": str(run.vault),
        "created_at": run.at_s,
        "state": report.state if report else run.became,
        "became": run.became,
        "total": run.total,
        "cost_usd": plain_usd(report.actual_nano if report else 0),
    }


async def cancel_run(settings: Settings, *, run_id: str, item: str | None) -> int:
    """Leave the wish that a run, or a note of it, be canceled; say so where it has ended.

    Raises UsageError, LedgerError.
    """
    found = await find_asked(settings, run_id)
    console = note_console()
    with Reader.open(settings) as reader:
        run = reader.run(found.id)
        asked = None if item is None else reader.item(run, item)
        if item is not None and asked is None:
            raise no_such_item(run.id, item, (one.key for one in reader.items(run)))
    if found.state in (RunState.DONE, RunState.CANCELED):
        console.print(f"run {run.id} has ended: {found.became}")
        return 0
    if asked is not None and asked.state not in _OPEN:
        console.print(f"{item} has ended: {asked.state}")
        return 0
    leave_wish(settings, run.id, item)
    console.print(
        "asked for; the process that works on the run carries it out within seconds, or the next "
        f"one: notemill resume {run.id}"
    )
    return 0


async def export_run(settings: Settings, *, run_id: str, output: Path) -> int:
    """Write a run's results so far; return the exit code.

    Of a note that is hidden by now a line says no more than that it is skipped. Raises ConfigError,
    LedgerError, VaultError.
    """
    out = open_output(output)
    out.check()
    mill, run = await open_asked(settings, await find_asked(settings, run_id))
    try:
        count = write_results(_seen(run.outcomes(), mill.look()), run.id, out)
    finally:
        await mill.aclose()
    note_console().print(f"{counted(count, 'line')} in {shown(out.name)}")
    return 0


def _seen(outcomes: Iterable[ItemOutcome], sight: Sight) -> Iterator[ItemOutcome]:
    for one in outcomes:
        if sight.shows(one.key):
            yield one
        else:
            yield replace(one, key="", state=ItemState.SKIPPED, message="excluded", body=None)
