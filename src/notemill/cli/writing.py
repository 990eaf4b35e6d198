"""`notemill show`, `apply` and `undo`: proposals, and what became of them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from notemill.app.mill import Mill
from notemill.cli.adopting import see_vocabulary
from notemill.cli.curate_showing import (
    losses_object,
    print_pending,
    show_applied,
    show_losses,
)
from notemill.cli.endings import show_hidden, trouble
from notemill.cli.finding import find_run, no_such_item, open_asked
from notemill.cli.link_runs import apply_links, show_links
from notemill.errors import WaitingForPersonError
from notemill.stores.proposals import ProposalState
from notemill.vault.files import Ending
from notemill.workflows.curation.apply import waits_for_person
from twolane.front.console import (
    EXIT_FAILED,
    counted,
    exit_code,
    note_console,
    print_decision,
    print_json,
    print_report,
    print_standing,
    report_object,
    result_console,
    shown,
)

if TYPE_CHECKING:
    from notemill.app.runs import KnownRun
    from notemill.workflows.curation.apply import Applied
    from twolane import Settings


async def apply_proposals(
    settings: Settings, *, run_id: str, replace: bool, item: str | None, as_json: bool
) -> int:
    """Write a run's proposals; return the exit code. Raises NotemillError, TwolaneError."""
    found = await find_run(
        settings,
        run_id,
        suits=_proposes,
        otherwise="has proposed nothing: what it changed is written, and `notemill undo` restores it",
    )
    run_id = found.id
    if found.of_links:
        return await apply_links(settings, found.vault, run_id=run_id, item=item, as_json=as_json)
    console = note_console()
    mill, run = await open_asked(settings, found)
    try:
        await mill.collect(mill.curation(run))
        sight = mill.look()
        see_vocabulary(mill, sight, console)
        proposed = [one for one in mill.review.proposals(run_id) if sight.shows(one.note)]
        if item is not None and all(one.note != item for one in proposed):
            raise no_such_item(run_id, item, (one.note for one in proposed))
        done = await mill.apply(run, replace=replace, note=item)
    finally:
        await mill.aclose()
    seen = [one for one in done if sight.shows(one.note)]
    if not done:
        what = f"nothing of {item}" if item else "nothing"
        console.print(f"{what} waits in run {run_id}: {found.became}")
    else:
        show_applied(seen, run_id, console)
    show_hidden(len(done) - len(seen), console)
    if as_json:
        print_json({**_applied_object(run_id, seen), "excluded": len(done) - len(seen)})
    return EXIT_FAILED if any(one.problem or one.refused for one in done) else 0


def _proposes(run: KnownRun) -> bool:
    """Tell whether a run is of the kind that proposes."""
    return run.state is not None or run.of_links


def _applied_object(run_id: str, done: list[Applied]) -> dict[str, Any]:
    return {
        "run": run_id,
        "written": [one.note for one in done if one.written],
        "waiting": [one.note for one in done if one.waiting],
        "problems": [{"item": one.note, "message": one.problem} for one in done if one.problem],
        "refused": [
            {"item": one.note, "kind": proposal.kind} for one in done for proposal in one.refused
        ],
    }


async def undo_run(
    settings: Settings, *, run_id: str, item: str | None, through: bool, yes: bool
) -> int:
    """Restore what a run's writing replaced; return the exit code. Raises NotemillError."""
    console = note_console()
    found = await find_run(
        settings,
        run_id,
        suits=lambda run: run.written is not None,
        otherwise="has written nothing; there is nothing to undo",
        newest=lambda run: run.wrote_at_s,
    )
    run_id = found.id
    mill = Mill(found.vault, settings)
    try:
        if not yes and sys.stdin.isatty():
            what = shown(item) if item else f"every note that run {run_id} wrote"
            console.print(f"restore {what} as it was before? [y/N] ", end="")
            if sys.stdin.readline().strip().lower() not in ("y", "yes"):
                message = "nothing was changed"
                raise WaitingForPersonError(message)
        if item is not None and item not in (written := mill.vault.written_by(run_id)):
            raise no_such_item(run_id, item, written)
        restored = mill.undo(run_id, note=item, through=through)
    finally:
        await mill.aclose()
    if restored and all(one.ending is Ending.ALREADY for one in restored):
        what = item or f"run {run_id}"
        console.print(f"{what} was undone already; nothing was changed")
        return 0
    count = sum(one.restored for one in restored)
    console.print(f"{counted(count, 'note')} restored to the byte")
    refused = [one for one in restored if one.problem]
    for one in refused:
        console.print(f"  {shown(trouble(one.key, one.problem))}")
    return EXIT_FAILED if refused else 0


async def show_run(settings: Settings, *, run_id: str, item: str | None, as_json: bool) -> int:
    """Show a run's report and proposals; return the exit code. Raises NotemillError."""
    found = await find_run(settings, run_id, suits=lambda _: True, otherwise="")
    run_id = found.id
    if found.of_links:
        return await show_links(settings, found.vault, run_id=run_id, item=item, as_json=as_json)
    if found.state is None:
        return await _show_written(settings, found, item=item, as_json=as_json)
    console = note_console()
    mill, run = await open_asked(settings, found)
    try:
        if item is not None and await run.index_of(item) is None:
            raise no_such_item(run_id, item, (one.key for one in run.outcomes()))
        report = await mill.report(run)
        shows = mill.look().shows
        proposals = [one for one in mill.review.proposals(run_id, note=item) if shows(one.note)]
        losses = mill.losses(run, item)
        if as_json:
            value = {**report_object(report), "became": found.became}
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
            print_json({**value, "dropped": losses_object(losses)})
            return 0
        print_decision(report, console)
        print_standing(run.row, console)
        out = result_console()
        pending = [one for one in proposals if one.state is ProposalState.PENDING]
        gate = mill.gate()
        for key in dict.fromkeys(one.note for one in pending):
            print_pending(mill, run_id, key, out)
            for one in pending:
                if one.note == key and one.replaces:
                    out.print(f"  would replace: {shown(one.replaces)}")
                    out.print(f"  with:          {shown(one.value)}")
                elif one.note == key and waits_for_person(one, gate):
                    out.print(f"  new tag, waits for your decision: #{shown(one.value)}")
        show_losses(losses, console)
        print_report(report, console)
    finally:
        await mill.aclose()
    return exit_code(report)


async def _show_written(
    settings: Settings, found: KnownRun, *, item: str | None, as_json: bool
) -> int:
    """Show what a run without a model has written; return 0."""
    mill = Mill(found.vault, settings)
    try:
        shows = mill.look().shows
        notes = [key for key in mill.vault.written_by(found.id) if shows(key)]
    finally:
        await mill.aclose()
    if item is not None and item not in notes:
        raise no_such_item(found.id, item, notes)
    if as_json:
        value = {"run": found.id, "kind": found.kind, "state": found.became}
        print_json({**value, "became": found.became, "written": [item] if item else notes})
        return 0
    result_console().print(shown(f"run {found.id}, {found.became}: {counted(len(notes), 'note')}"))
    for key in [item] if item else notes:
        result_console().print(f"  {key}")
    return 0
