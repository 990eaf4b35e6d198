"""`notemill forget`: a run deleted, with its proposals and the journal of its writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.app import KIND_TAGS, KINDS
from notemill.cli.link_runs import folder_of_links
from notemill.errors import UsageError
from notemill.vault.places import folder_of_run
from notemill.workflows.forgetting import forget_kept
from twolane import Engine
from twolane.consent import confirm
from twolane.console import counted, note_console, shown

if TYPE_CHECKING:
    from twolane import Settings


async def forget_runs(settings: Settings, *, run_ids: tuple[str, ...], yes: bool) -> int:
    """Delete runs and what was kept about them; return the exit code.

    Raises LedgerError where one is not closed, WaitingError, VaultError.
    """
    console = note_console()
    async with Engine.open(settings, responder=lambda _: "") as engine:
        known = {row.id for row in await engine.runs()}
        # What `tags` wrote is in its vault's journal alone, and links in their own ledger.
        by_hand = {
            run_id: str(folder)
            for run_id in run_ids
            if run_id not in known
            and (
                folder := folder_of_run(settings.home, run_id)
                or folder_of_links(settings.home, run_id)
            )
        }
        runs = [
            (await engine.run(run_id)).row
            for run_id in dict.fromkeys(run_ids)
            if run_id not in by_hand
        ]
        for run_id, label in by_hand.items():
            console.print(f"{run_id}: tags or links of {shown(label)}", markup=False)
        for run in runs:
            if run.kind not in KINDS:
                message = (
                    f"run {run.id} is none of notemill; delete it with: twolane forget {run.id}"
                )
                raise UsageError(message)
            await engine.check_forgettable(run.id)
            what = "requests about tags" if run.kind == KIND_TAGS else "notes"
            console.print(f"{run.id}: {run.total:,} {what} of {shown(run.label)}", markup=False)
        question = (
            "delete these runs, with prompts, replies, proposals and what they replaced? What they "
            "wrote cannot be undone then, and what you turned down may be proposed again."
        )
        confirm(question, console, yes=yes, otherwise="nothing was deleted")
        for run_id, label in by_hand.items():
            forget_kept(settings.home, label, run_id)
        for run in runs:
            # The ledger last: while it has the run, the command can be given again.
            forget_kept(settings.home, run.label, run.id)
            await engine.forget([run.id])
    console.print(
        f"{counted(len(runs) + len(by_hand), 'run')} forgotten; the notes are as they were",
        markup=False,
    )
    return 0
