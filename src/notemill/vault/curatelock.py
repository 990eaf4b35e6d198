"""The lock that lets one process curate a vault: two would pay for the same notes."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

from filelock import Timeout

from notemill.errors import VaultLockedError
from twolane import private

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CURATE_LOCK: Final = "curate.lock"
"""The lock file, in the vault's state folder, held while a run curates the vault."""


@contextlib.contextmanager
def curate_lock(state: Path, root: Path) -> Iterator[None]:
    """Lock the vault at `root` for the duration of the block, with a file in its `state` folder.

    Raises VaultLockedError naming the process that holds it.
    """
    path = state / CURATE_LOCK
    holder = path.with_suffix(".pid")
    lock = private.lock(path)
    try:
        lock.acquire()
    except Timeout:
        try:
            number = holder.read_text()
        except OSError:  # it has just begun, or ended
            number = ""
        who = f"process {number}" if number else "another process"
        if number == str(os.getpid()):  # other work of a server, which nobody should stop for this
            raise VaultLockedError(
                f"other work on {root} is under way; try again once it has ended"
            ) from None
        raise VaultLockedError(
            f"{who} is working on {root}; wait for it, or stop it, and run the command again"
        ) from None
    try:
        # Who it is, is a courtesy: without it the lock still holds.
        with contextlib.suppress(OSError):
            private.write(holder, str(os.getpid()).encode())
        yield
    finally:
        with contextlib.suppress(OSError):
            holder.unlink(missing_ok=True)
        lock.release()
