"""`notemill forget`: a run deleted, with its proposals and the journal of its writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.app.mill import KIND_TAGS
from notemill.app.runs import known_runs, pick
from notemill.workflows.forgetting import forget_kept
from twolane import check_forgettable
from twolane import forget_runs as forget_in_ledger
from twolane.front.consent import confirm
from twolane.front.console import counted, note_console, shown

if TYPE_CHECKING:
    from twolane import Settings


async def forget_runs(settings: Settings, *, run_ids: tuple[str, ...], yes: bool) -> int:
    """Delete runs and what was kept about them; return the exit code.

    Raises LedgerError where one is not closed, WaitingError, VaultError.
    """
    console = note_console()
    known = await known_runs(settings)
    found = {one.id: one for one in (pick(known, name, settings.home) for name in run_ids)}
    for run in found.values():
        if run.state is None:
            console.print(f"{run.id}: tags or links of {shown(str(run.vault))}")
            continue
        check_forgettable(settings, [run.id])
        what = "requests about tags" if run.kind == KIND_TAGS else "notes"
        console.print(f"{run.id}: {run.total:,} {what} of {shown(str(run.vault))}")
    question = (
        "delete these runs, with prompts, replies, proposals and what they replaced? What they "
        "wrote cannot be undone then, and what you turned down may be proposed again."
    )
    confirm(question, console, yes=yes, otherwise="nothing was deleted")
    for run in found.values():
        # The ledger last: while it has the run, the command can be given again.
        forget_kept(settings.home, str(run.vault), run.id)
        if run.state is not None:
            forget_in_ledger(settings, [run.id])
    console.print(f"{counted(len(found), 'run')} forgotten; the notes are as they were")
    return 0
