"""`notemill show`, `apply`, `undo`, `runs`, `cancel`, `export`: proposals and what became of them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from notemill.app import KINDS, Mill
from notemill.cli.curating import mill_of_run, print_pending, show_applied
from notemill.cli.endings import trouble
from notemill.cli.link_runs import apply_links, folder_of_links, show_links, unwritten_links
from notemill.errors import UsageError, WaitingForPersonError
from notemill.review import Decision
from notemill.vault.places import folder_of_run, written_runs
from notemill.workflows.apply import waits_for_person
from twolane import Engine, RunState, format_usd, plain_usd
from twolane.channels import open_output
from twolane.console import (
    EXIT_FAILED,
    counted,
    exit_code,
    note_console,
    print_expiring,
    print_json,
    print_report,
    print_standing,
    report_object,
    result_console,
    shown,
)
from twolane.jsonl import write_results

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.vault.journal import WrittenRun
    from notemill.workflows.apply import Applied
    from twolane import Settings


async def apply_proposals(
    settings: Settings, *, run_id: str, replace: bool, item: str | None, as_json: bool
) -> int:
    """Write a run's proposals; return the exit code. Raises NotemillError, TwolaneError."""
    if folder := folder_of_links(settings.home, run_id):
        return await apply_links(settings, folder, run_id=run_id, item=item, as_json=as_json)
    console = note_console()
    mill = await mill_of_run(settings, run_id)
    try:
        run = await mill.engine.run(run_id)
        await mill.collect(mill.curation(run))
        done = await mill.apply(run, replace=replace, note=item)
    finally:
        await mill.aclose()
    show_applied(done, run_id, console)
    if as_json:
        print_json(_applied_object(run_id, done))
    return EXIT_FAILED if any(one.problem for one in done) else 0


def _applied_object(run_id: str, done: list[Applied]) -> dict[str, Any]:
    return {
        "run": run_id,
        "written": [one.note for one in done if one.written],
        "waiting": [one.note for one in done if one.waiting],
        "problems": [{"item": one.note, "message": one.problem} for one in done if one.problem],
    }


async def undo_run(
    settings: Settings, *, run_id: str, item: str | None, through: bool, yes: bool
) -> int:
    """Restore what a run's writing replaced; return the exit code. Raises NotemillError."""
    console = note_console()
    # Not all that writes is a run of the ledger; the vaults' journals know every one.
    folder = folder_of_run(settings.home, run_id)
    if folder is None and folder_of_links(settings.home, run_id):
        raise UsageError(f"run {run_id} has written nothing; there is nothing to undo")
    mill = Mill(folder, settings) if folder else await mill_of_run(settings, run_id)
    try:
        if not yes and sys.stdin.isatty():
            what = shown(item) if item else f"every note that run {run_id} wrote"
            console.print(f"restore {what} as it was before? [y/N] ", end="", markup=False)
            if sys.stdin.readline().strip().lower() not in ("y", "yes"):
                message = "nothing was changed"
                raise WaitingForPersonError(message)
        restored = mill.undo(run_id, note=item, through=through)
    finally:
        await mill.aclose()
    count = sum(one.restored for one in restored)
    console.print(f"{counted(count, 'note')} restored to the byte", markup=False)
    refused = [one for one in restored if one.problem]
    for one in refused:
        console.print(f"  {shown(trouble(one.key, one.problem))}", markup=False)
    if item is not None and not restored:
        message = f"run {run_id} has written nothing to {item}; `notemill show {run_id}` lists it"
        raise UsageError(message)
    return EXIT_FAILED if refused else 0


async def show_run(settings: Settings, *, run_id: str, item: str | None, as_json: bool) -> int:
    """Show a run's report and proposals; return the exit code. Raises NotemillError."""
    if folder := folder_of_links(settings.home, run_id):
        return await show_links(settings, folder, run_id=run_id, item=item, as_json=as_json)
    console = note_console()
    mill = await mill_of_run(settings, run_id)
    try:
        run = await mill.engine.run(run_id)
        report = await run.report()
        proposals = mill.review.proposals(run_id, note=item)
        if as_json:
            value = report_object(report)
            value["proposals"] = [
                {
                    "note": one.note,
                    "kind": one.kind,
                    "value": one.value,
                    "replaces": one.replaces,
                    "state": one.state,
                }
                for one in proposals
            ]
            print_json(value)
            return 0
        console.print(f"lane: {report.decision.reason}", markup=False)
        print_standing(run.row, console)
        out = result_console()
        pending = [one for one in proposals if one.state is Decision.PENDING]
        gate = mill.gate()
        for key in dict.fromkeys(one.note for one in pending):
            print_pending(mill, run_id, key, out)
            for one in pending:
                if one.note == key and one.replaces:
                    out.print(f"  would replace: {shown(one.replaces)}", markup=False)
                    out.print(f"  with:          {shown(one.value)}", markup=False)
                elif one.note == key and waits_for_person(one, gate):
                    out.print(
                        f"  new tag, waits for your decision: #{shown(one.value)}", markup=False
                    )
        print_report(report, console)
    finally:
        await mill.aclose()
    return exit_code(report)


async def list_runs(settings: Settings, *, as_json: bool) -> int:
    """List the runs of notemill; return the exit code. Raises LedgerError."""
    async with Engine.open(settings, responder=lambda _: "") as engine:
        known = await engine.runs()
        rows = [row for row in known if row.kind in KINDS]
        expiring, now = await engine.expiring(), engine.now()
        reports = [await (await engine.run(row.id)).report() for row in rows]
    # What `tags` wrote is in its vault's journal alone, and links in their own ledger.
    ids = {row.id for row in known}
    by_hand = [pair for pair in written_runs(settings.home) if pair[1].run not in ids]
    by_hand += unwritten_links(settings.home, ids | {run.run for _, run in by_hand})
    if as_json:
        print_json(
            {
                "runs": [
                    {
                        "run": row.id,
                        "vault": row.label,
                        "state": report.state,
                        "total": row.total,
                        "cost_usd": plain_usd(report.actual_nano),
                    }
                    for row, report in zip(rows, reports, strict=True)
                ]
                + [
                    {
                        "run": run.run,
                        "vault": str(root),
                        "state": _written_state(run),
                        "total": run.notes,
                        "cost_usd": "0",
                    }
                    for root, run in by_hand
                ]
            }
        )
        return 0
    print_expiring(expiring, note_console(), now=now)
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415  # only a list needs it

    table = Table(box=None, header_style="bold")
    for column in ("run", "vault", "state", "notes", "cost"):
        table.add_column(column, justify="right" if column in ("notes", "cost") else "left")
    for row, report in zip(rows, reports, strict=True):
        state = "waits to go on" if row.state is RunState.OPEN else report.state
        if row.handed_over:
            state = "handed over"
        table.add_row(
            row.id,
            escape(shown(row.label)),
            state,
            f"{row.total:,}",
            format_usd(report.actual_nano),
        )
    for root, run in by_hand:
        table.add_row(
            run.run, escape(shown(str(root))), _written_state(run), f"{run.notes:,}", format_usd(0)
        )
    result_console().print(
        table if rows or by_hand else "no runs yet; begin with: notemill curate VAULT"
    )
    return 0


def _written_state(run: WrittenRun) -> str:
    """Return what stands of what a run wrote: all of it, some, or nothing."""
    if not run.notes:
        return "proposed"
    if not run.undone:
        return "written"
    return "undone" if run.undone == run.notes else "partly undone"


async def cancel_run(settings: Settings, *, run_id: str, item: str | None) -> int:
    """Leave the wish that a run, or a note of it, be canceled. Raises UsageError, LedgerError."""
    async with Engine.open(settings, responder=lambda _: "") as engine:
        run = await engine.run(run_id)
        if not await run.cancel(item):
            message = f"run {run_id} has no note {item!r}; `notemill show {run_id}` lists them"
            raise UsageError(message)
    note_console().print(
        "asked for; the process that works on the run carries it out within seconds, or the next "
        f"one: notemill resume {run_id}",
        markup=False,
    )
    return 0


async def export_run(settings: Settings, *, run_id: str, output: Path) -> int:
    """Write a run's results so far; return the exit code. Raises ConfigError, LedgerError."""
    out = open_output(output)
    out.check()
    async with Engine.open(settings, responder=lambda _: "") as engine:
        run = await engine.run(run_id)
        count = write_results(run.outcomes(), run.id, out)
    note_console().print(f"{counted(count, 'line')} in {shown(out.name)}", markup=False)
    return 0
