"""Canceling and forgetting runs, from any process, without a provider or a key."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from twolane.ledger import LEDGER_FILE, Ledger, controls, forgetting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twolane.config import Settings


def cancel_run(
    settings: Settings, named: str, key: str | None = None, *, now: Callable[[], float] = time.time
) -> bool:
    """Ask for a run, or its item with this key, to be canceled; False if there is no such item.

    The process that works on the run cancels it within seconds; otherwise the next one will. Raises
    UnknownRunError, AmbiguousRunError, HandedOverError, LedgerError.
    """
    with contextlib.closing(Ledger(settings.home / LEDGER_FILE)) as ledger:
        return controls.cancel(ledger, ledger.find_run(named), key, now=now())


def check_forgettable(settings: Settings, run_ids: Sequence[str]) -> None:
    """Check that runs have ended and may be forgotten. Raises LedgerError saying what to do."""
    with contextlib.closing(Ledger(settings.home / LEDGER_FILE)) as ledger:
        for run_id in run_ids:
            forgetting.check_forgettable(ledger, ledger.run(run_id))


def forget_runs(settings: Settings, run_ids: Sequence[str]) -> None:
    """Delete all data of ended runs, also from the disk.

    Raises LedgerError, before anything is deleted, if one of them has not ended.
    """
    with contextlib.closing(Ledger(settings.home / LEDGER_FILE)) as ledger:
        forgetting.forget(ledger, run_ids)
