"""One process works on a run; all others may read, decide and cancel."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import time
from typing import TYPE_CHECKING

from filelock import Timeout

from twolane import private
from twolane.errors import LedgerLockedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCKS_FOLDER = "locks"
SPOOL_FOLDER = "spool"
_BEGAN_AT = time.time()
_CLOCK_GRAIN_S = 2.0
"""Some file systems keep times in steps of two seconds."""
_MOVING = "moving-"
_MOVING_LOCK = "moving"


def run_lock(locks: Path, run_id: str) -> contextlib.AbstractContextManager[None]:
    """Lock a run for the block, with a file in `locks` that is released when the process dies.

    Raises LedgerLockedError naming the process that holds it.
    """
    return _held(locks, run_id, f"works on run {run_id}")


def worker_of(locks: Path, run_id: str) -> int | None:
    """Return the process that works on a run, None if none does.

    It is told from the file beside the lock: trying the lock would keep another process from it. A
    file that a dead process left is not believed, except on Windows.
    """
    owner = locks / f"{run_id}.pid"
    try:
        pid = int(owner.read_text())
        written_at = owner.stat().st_mtime
    except (OSError, ValueError):
        return None
    if pid == os.getpid():
        # In a container the process that died may have had this one's number.
        return pid if written_at >= _BEGAN_AT - _CLOCK_GRAIN_S else None
    return pid if _is_alive(pid) else None


def _is_alive(pid: int) -> bool:
    if os.name == "nt":  # where signal 0 is Ctrl-C
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # another user's
        return True
    return pid > 0


def source_lock(locks: Path, source: str) -> contextlib.AbstractContextManager[None]:
    """Lock a source while looking for its run and creating one.

    Two processes that look at the same time would both find none, and both create and pay for one.
    Raises LedgerLockedError naming the process that holds it.
    """
    digest = hashlib.blake2b(source.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return _held(locks, f"source-{digest}", "is about to begin the same run")


def moving_lock(home: Path) -> Path:
    """Return the file that a process locks to export or import the state in `home`."""
    return home / LOCKS_FOLDER / f"{_MOVING_LOCK}.lock"


@contextlib.contextmanager
def workshop(home: Path) -> Iterator[Path]:
    """Yield an empty private folder for copies of the state in `home`, deleted after the block.

    One left by a process that died is removed first. Raises LedgerLockedError if another process
    has one.
    """
    spool = home / SPOOL_FOLDER
    private.folder(spool)
    with _held(home / LOCKS_FOLDER, _MOVING_LOCK, "exports or imports the state"):
        for left_over in spool.glob(f"{_MOVING}*"):
            shutil.rmtree(left_over, ignore_errors=True)
        folder = spool / f"{_MOVING}{secrets.token_hex(4)}"
        private.folder(folder)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _held(locks: Path, name: str, does: str) -> Iterator[None]:
    private.folder(locks)
    path = locks / f"{name}.lock"
    owner = path.with_suffix(".pid")
    lock = private.lock(path)
    try:
        lock.acquire()
    except Timeout:
        try:
            who = owner.read_text() or "unknown"
        except OSError:
            who = "unknown"  # it has just begun, or just ended
        message = f"process {who} {does}; wait for it, or stop it and run the command again"
        raise LedgerLockedError(message) from None
    try:
        private.write(owner, str(os.getpid()).encode())
        yield
    finally:
        owner.unlink(missing_ok=True)
        lock.release()
