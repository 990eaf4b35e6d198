"""Checks before work on a run begins, or before its results are read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from twolane.errors import HandedOverError, LedgerError

if TYPE_CHECKING:
    from twolane.ledger.rows import RunRow


def day(at: float) -> str:
    """Return a time as a date."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def check_workable(run: RunRow) -> None:
    """Check that a run may be worked on here.

    Raises HandedOverError if it was handed over to another computer, LedgerError if its requests
    were deleted.
    """
    check_here(run)
    check_kept(run)


def check_here(run: RunRow) -> None:
    """Check that a run was not handed over to another computer. Raises HandedOverError."""
    if run.handed_over is not None:
        message = (
            f"run {run.id} was handed over with the export {run.handed_over}: worked on here as "
            "well, it would be paid for twice. Go on with it where that was imported; if it never "
            "was, and never will be, take it back: twolane state take-back"
        )
        raise HandedOverError(message)


def check_kept(run: RunRow) -> None:
    """Check that a run's requests and replies were not deleted. Raises LedgerError."""
    if run.dropped_at is not None:
        message = (
            f"{gone(run)}; what it cost is in `show {run.id}`, and the same command with --again "
            "asks again"
        )
        raise LedgerError(message)


def gone(run: RunRow) -> str:
    """Say when a run's requests and replies were deleted, '' if they were not."""
    if run.dropped_at is None:
        return ""
    return (
        f"the requests and replies of run {run.id} were deleted on {day(run.dropped_at)}, as the "
        "setting keep_days asks"
    )
