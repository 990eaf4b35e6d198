"""`twolane check`, `forget` and `state`: a ledger looked after, without a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twolane.console import note_console, print_json, result_console, shown
from twolane.engine import LEDGER_FILE
from twolane.errors import LedgerError
from twolane.ledger import Ledger
from twolane.ledger.check import check

if TYPE_CHECKING:
    from twolane.config import Settings
    from twolane.ledger.check import Finding


def check_ledger(settings: Settings, *, as_json: bool) -> int:
    """Check every invariant of the ledger; return the exit code. Raises LedgerError."""
    path = settings.home / LEDGER_FILE
    ledger = Ledger(path, read_only=True)
    try:
        findings = check(ledger)
        runs = len(ledger.runs()) if not findings else 0
    finally:
        ledger.store.close()
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
        result_console().print(f"sound: {runs:,} runs in {shown(str(path))}", markup=False)
    return LedgerError.exit_code if findings else 0


def _show_findings(findings: list[Finding]) -> None:
    out = result_console()
    for one in findings:
        more = f" and {one.count - len(one.rows):,} more" if one.count > len(one.rows) else ""
        out.print(f"broken: {one.invariant}", markup=False)
        out.print(f"  {shown(', '.join(one.rows))}{more}", markup=False)
    console = note_console()
    console.print(f"{len(findings):,} invariants do not hold; what to do:", markup=False)
    for advice in dict.fromkeys(one.advice for one in findings):
        console.print(f"  {advice}", markup=False)
