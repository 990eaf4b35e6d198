"""`notemill show`, `apply` and `undo`: the proposals of runs, and their outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.app import runs
from notemill.app.applying import ProposalFilter
from notemill.app.events import Written
from notemill.app.items import no_such_item
from notemill.app.views.curation import applied
from notemill.app.views.runs import accepted_written, run_shown
from notemill.cli.endings import show_endings, show_hidden
from notemill.cli.front import TerminalFront
from notemill.cli.link import apply_links, show_links
from notemill.cli.opening import open_vault
from notemill.cli.show.curation import show_applied, show_losses
from notemill.cli.show.first_vocabulary import show_vocabulary
from notemill.cli.show.invented import show_invented
from notemill.cli.show.proposals import show_notes, show_undone, summary
from notemill.errors import UsageError
from notemill.index.pool import all_cores
from notemill.stores.proposals import ProposalKind
from twolane.front.console import (
    EXIT_FAILED,
    counted,
    exit_code,
    print_decision,
    print_json,
    print_report,
    print_standing,
    result_console,
    shown,
)

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.app.runs import KnownRun
    from twolane import Settings

KINDS = {
    "note": (ProposalKind.NOTE,),
    "description": (ProposalKind.DESCRIPTION,),
    "tag": (ProposalKind.TAG, ProposalKind.NEW_TAG),
    "topic": (ProposalKind.TOPIC,),
    "link": (ProposalKind.LINK,),
    "tags": (ProposalKind.TAG_CHANGE, ProposalKind.QUERY_CHANGE),
    "tidy": (ProposalKind.TIDY_CHANGE,),
    "vocabulary": (ProposalKind.VOCABULARY_TAG,),
}
"""The choices of --kind, and the kinds of proposals that each selects."""


async def show_run(
    settings: Settings,
    *,
    run_id: str,
    item: str | None,
    kind: str | None,
    only: str | None,
    new_tags: bool,
    as_json: bool,
) -> int:
    """Show a run's report and proposals; return the exit code. Raises NotemillError."""
    found = runs.find_run(settings, run_id)
    if found.of_links:
        async with await runs.open_run(settings, found, TerminalFront()) as mill:
            return await show_links(mill, found.id, item=item, as_json=as_json)
    if found.state is None:
        return await _show_written(settings, found, item=item, as_json=as_json)
    wanted = ProposalFilter(item, only, KINDS[kind] if kind else (), new_tags)
    front = TerminalFront()
    async with await runs.open_run(settings, found, front, processes=all_cores()) as mill:
        told = await mill.applying.shown(await mill.engine.run(found.id), wanted)
        if as_json:
            print_json(run_shown(told, found.became))
            return 0
        notes = await mill.applying.notes_of(told)
    print_decision(told.report, front.console)
    print_standing(told.run.row, front.console)
    with result_console().paged() as out:
        show_vocabulary(told.vocabulary, out)
        if notes:
            out.print(f"proposed: {summary(told.pending)}")
        if item is None and only is None:
            show_invented(told.invented, out)
        show_notes(notes, out)
    show_losses(told.losses, front.console)
    print_report(told.report, front.console)
    return exit_code(told.report)


async def _show_written(
    settings: Settings, found: KnownRun, *, item: str | None, as_json: bool
) -> int:
    """Show the notes written by a run without a model; return 0."""
    async with await runs.open_run(settings, found, TerminalFront()) as mill:
        notes = await mill.applying.written(found.id)
    if item is not None and item not in notes:
        raise no_such_item(found.id, item, notes)
    named = [item] if item else list(notes)
    if as_json:
        value = {"run": found.id, "kind": found.kind, "state": found.became}
        print_json({**value, "became": found.became, "written": named})
        return 0
    with result_console().paged() as out:
        out.print(shown(f"run {found.id}, {found.became}: {counted(len(notes), 'note')}"))
        for key in named:
            out.print(f"  {key}")
    return 0


async def apply_proposals(
    settings: Settings,
    *,
    run_id: str | None,
    replace: bool,
    item: str | None,
    ids: tuple[str, ...],
    yes: bool,
    vault: Path,
    as_json: bool,
) -> int:
    """Write a run's proposals, or the accepted ones; return the exit code.

    Raises NotemillError, TwolaneError.
    """
    if run_id is None:
        if replace or item:
            raise UsageError(
                "--replace and --item work on the proposals of one run; name it as RUN"
            )
        return await _apply_accepted(settings, vault, ids=ids, yes=yes, as_json=as_json)
    if ids:
        raise UsageError("--id works on what you accepted in a vault; leave out RUN")
    found = runs.find_run(
        settings,
        run_id,
        suits=lambda run: runs.asked_model(run) or run.of_links,
        otherwise="has no proposals: it wrote its changes at once, and `notemill undo` reverts them",
    )
    front = TerminalFront(yes=yes)
    async with await runs.open_run(settings, found, front, processes=all_cores()) as mill:
        if found.of_links:
            return await apply_links(mill, found.id, item=item, as_json=as_json)
        run = await mill.engine.run(found.id)
        done = await mill.applying.apply(run, replacing=replace, note=item)
    if done.notes or done.hidden:
        show_applied(Written(found.id, done.notes), front.console)
    else:
        what = f"nothing about {item}" if item else "nothing"
        front.console.print(f"{what} is pending in run {found.id}: {found.became}")
    show_hidden(done.hidden, front.console)
    if as_json:
        print_json(applied(found.id, done.notes, hidden=done.hidden))
    return 0 if done.complete else EXIT_FAILED


async def _apply_accepted(
    settings: Settings, vault: Path, *, ids: tuple[str, ...], yes: bool, as_json: bool
) -> int:
    """Write a vault's accepted proposals, or those with the `ids`; return the exit code."""
    front = TerminalFront(yes=yes)
    async with await open_vault(vault, settings, front) as mill:
        written = await mill.applying.accepted(ids or None)
    failed = [(one.key, one.reason) for one in written.failed]
    if written.run or failed:
        show_endings(len(written.notes), written.run, failed, front.console)
    else:
        front.console.print(
            "nothing is accepted yet; review the pending proposals with: notemill review"
        )
    show_hidden(written.hidden, front.console)
    if as_json:
        print_json(accepted_written(written))
    return 0 if written.complete else EXIT_FAILED


async def undo_run(
    settings: Settings, *, run_id: str, item: str | None, through: bool, yes: bool
) -> int:
    """Restore what a run replaced; return the exit code. Raises NotemillError."""
    found = runs.find_run(
        settings,
        run_id,
        suits=lambda run: run.wrote,
        otherwise="has written nothing; there is nothing to undo",
        newest=lambda run: run.wrote_at_s,
    )
    front = TerminalFront(yes=yes)
    async with await runs.open_run(settings, found, front) as mill:
        restored = await mill.applying.undo(found.id, note=item, through=through)
    if restored or item:
        show_undone(restored, item or f"run {found.id}", front.console)
    return EXIT_FAILED if any(one.problem for one in restored) else 0
