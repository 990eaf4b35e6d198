"""`twolane check`, `forget` and `state`: maintaining a ledger, without a key."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from twolane import ending
from twolane.core.wording import counted
from twolane.errors import LedgerError
from twolane.front.consent import confirm
from twolane.front.console import note_console, print_json, result_console, shown
from twolane.ledger import LEDGER_FILE, Ledger
from twolane.ledger.check import check
from twolane.ledger.transfer import export_state, import_state, take_back
from twolane.reader import Reader

if TYPE_CHECKING:
    from pathlib import Path

    from twolane.config import Settings
    from twolane.ledger.check import Finding


def forget_runs(settings: Settings, *, run_ids: tuple[str, ...], yes: bool) -> int:
    """Delete runs from the ledger; return the exit code. Raises LedgerError, WaitingError."""
    console = note_console()
    with Reader.open(settings) as reader:
        runs = [reader.run(run_id) for run_id in run_ids]
    for run in runs:
        ending.check_forgettable(settings, [run.id])
        console.print(f"{run.id}: {counted(run.total, 'item')} of {shown(run.label)}")
    question = (
        "delete these runs, with prompts, replies and costs? The same command would start "
        "over and be paid for again."
    )
    confirm(question, console, yes=yes, otherwise="nothing was deleted")
    forgotten = {run.id for run in runs}
    ending.forget_runs(settings, sorted(forgotten))
    console.print(f"{counted(len(forgotten), 'run')} forgotten")
    return 0


def export_home(settings: Settings, *, target: Path) -> int:
    """Write the state folder into one file; return the exit code. Raises TwolaneError."""
    console = note_console()
    path = settings.home / LEDGER_FILE
    if not path.exists():
        message = f"there is no ledger at {path}; name its folder with --home"
        raise LedgerError(message)
    ledger = Ledger(path)
    try:
        moved = export_state(ledger, target, now=time.time())
    finally:
        ledger.close()
    console.print(f"{counted(moved.runs, 'run')} in {shown(str(target))}")
    for run_id in moved.unfinished:
        console.print(f"  handed over: {run_id}")
    console.print(
        f"on the other computer: twolane state import {shown(target.name)}, once; this file holds "
        "prompts and replies"
    )
    return 0


def import_home(settings: Settings, *, source: Path) -> int:
    """Install an export in the state folder; return the exit code. Raises TwolaneError."""
    console = note_console()
    moved = import_state(source, settings.home / LEDGER_FILE)
    console.print(f"{counted(moved.runs, 'run')} in {shown(str(settings.home))}")
    for name in moved.kept:
        console.print(f"  already there, left unchanged: {shown(name)}")
    for run_id in moved.unfinished:
        console.print(f"  continue with: twolane resume {run_id} -o FILE")
    return 0


def take_runs_back(settings: Settings, *, yes: bool) -> int:
    """Take handed-over runs back; return the exit code. Raises LedgerError, WaitingError."""
    console = note_console()
    ledger = Ledger(settings.home / LEDGER_FILE)
    try:
        for run in ledger.runs():
            if run.handed_over is not None:
                console.print(f"{run.id}: {shown(run.handed_over)}")
        question = (
            "continue these runs here? If an export of them is imported as well, now or "
            "later, both computers pay for the same items."
        )
        confirm(question, console, yes=yes, otherwise="nothing was changed")
        count = len(take_back(ledger))
    finally:
        ledger.close()
    console.print(f"taken back: {counted(count, 'run')}")
    return 0


def check_ledger(settings: Settings, *, as_json: bool) -> int:
    """Check every invariant of the ledger; return the exit code. Raises LedgerError."""
    path = settings.home / LEDGER_FILE
    ledger = Ledger(path, read_only=True)
    try:
        findings = check(ledger)
        runs = len(ledger.runs()) if not findings else 0
    finally:
        ledger.close()
    if as_json:
        print_json(
            {
                "ledger": str(path),
                "sound": not findings,
                "findings": [
                    {
                        "invariant": one.invariant,
                        "count": one.count,
                        "rows": list(one.rows),
                        "advice": one.advice,
                    }
                    for one in findings
                ],
            }
        )
    elif findings:
        _show_findings(findings)
    else:
        result_console().print(f"sound: {counted(runs, 'run')} in {shown(str(path))}")
    return LedgerError.exit_code if findings else 0


def _show_findings(findings: list[Finding]) -> None:
    out = result_console()
    for one in findings:
        more = f" and {one.count - len(one.rows):,} more" if one.count > len(one.rows) else ""
        out.print(f"broken: {one.invariant}")
        out.print(f"  {shown(', '.join(one.rows))}{more}")
    console = note_console()
    console.print(f"broken: {counted(len(findings), 'invariant')}; what to do:")
    for advice in dict.fromkeys(one.advice for one in findings):
        console.print(f"  {advice}")
