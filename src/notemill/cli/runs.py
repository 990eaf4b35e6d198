"""`notemill runs`, `cancel`, `export` and `forget`: list runs, and end or delete them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from notemill.app import runs
from notemill.app.views import runs as views
from notemill.cli.show.runs import show_runs
from twolane.formats.channels import open_output
from twolane.formats.jsonl import write_results
from twolane.front.console import (
    counted,
    note_console,
    print_expiring,
    print_json,
    result_console,
    shown,
)

if TYPE_CHECKING:
    from pathlib import Path

    from twolane import Settings


async def list_runs(settings: Settings, *, as_json: bool) -> int:
    """List the runs of notemill, newest first; return the exit code. Raises LedgerError."""
    found = runs.listed(settings)
    if as_json:
        print_json(views.run_list(found))
        return 0
    print_expiring(found.expiring, note_console(), now=time.time())
    show_runs(found, result_console())
    return 0


async def cancel_run(settings: Settings, *, run_id: str, item: str | None) -> int:
    """Request the cancellation of a run or of one of its notes; say so if it has ended.

    Raises UsageError, LedgerError.
    """
    wish = runs.cancel(settings, run_id, item)
    note_console().print(
        wish.ended
        or "cancellation requested; the process working on the run carries it out within "
        f"seconds, or the next one does: notemill resume {wish.run}"
    )
    return 0


async def export_run(settings: Settings, *, run_id: str, output: Path) -> int:
    """Write a run's results so far; return the exit code.

    The line of a note that is hidden by now only says that it was skipped. Raises ConfigError,
    LedgerError, VaultError.
    """
    # Slow to import, and `notemill runs` does not need it.
    from notemill.cli.front import TerminalFront  # noqa: PLC0415
    from notemill.index.pool import all_cores  # noqa: PLC0415

    out = open_output(output)
    out.check()
    front = TerminalFront()
    found = runs.find_asked(settings, run_id)
    async with await runs.open_run(settings, found, front, processes=all_cores()) as mill:
        run = await mill.engine.run(found.id)
        count = await mill.on(
            lambda opened: write_results(runs.seen_outcomes(opened, run), run.id, out)
        )
    front.console.print(f"{counted(count, 'line')} in {shown(out.name)}")
    return 0


async def forget_runs(settings: Settings, *, run_ids: tuple[str, ...], yes: bool) -> int:
    """Delete runs and all data kept about them; return the exit code.

    Raises LedgerError if one has not ended, WaitingForPersonError, VaultError.
    """
    from notemill.cli.front import TerminalFront  # noqa: PLC0415  # heavy, as above

    front = TerminalFront(yes=yes)
    count = await runs.forget(settings, run_ids, front)
    front.console.print(f"{counted(count, 'run')} deleted; the notes are unchanged")
    return 0
