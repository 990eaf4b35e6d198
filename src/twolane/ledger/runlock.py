"""One process works on a run; all others may read, decide and cancel."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from twolane.errors import LedgerLockedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCKS_FOLDER = "locks"
SPOOL_FOLDER = "spool"


@contextlib.contextmanager
def run_lock(locks: Path, run_id: str) -> Iterator[None]:
    """Hold a run while the block works on it, by a file in `locks` that dies with the process.

    Raises LedgerLockedError naming the process that holds it.
    """
    locks.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = locks / f"{run_id}.lock"
    owner = path.with_suffix(".pid")
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        try:
            who = owner.read_text()
        except OSError:
            who = "unknown"  # it has just begun, or just ended
        message = (
            f"process {who} works on run {run_id}; wait for it, or stop it and run the "
            "command again"
        )
        raise LedgerLockedError(message) from None
    try:
        owner.write_text(str(os.getpid()))
        yield
    finally:
        owner.unlink(missing_ok=True)
        lock.release()
