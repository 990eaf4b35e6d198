"""The lock that lets one process at a time write to a vault, while others wait briefly."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

from filelock import Timeout

from notemill.errors import VaultError, VaultLockedError
from twolane import private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

WRITER_LOCK: Final = "writer.lock"
"""The lock file, in the vault's state folder, held while a note is written."""
LOCK_WAIT_S: Final = 10.0
"""How long to wait for another process's write: far longer than one note takes."""
_POLL_S: Final = 0.01


class WriterLock:
    """The reentrant lock of one vault."""

    def __init__(self, state_dir: Path, root: Path) -> None:
        """Lock the vault at `root` with files in `state_dir`."""
        self._root = root
        self._holder = state_dir / "writer.pid"
        self._file = private.lock(state_dir / WRITER_LOCK)

    @contextlib.contextmanager
    def held(self, settle: Callable[[], object]) -> Iterator[None]:
        """Hold the lock for the block; `settle` is called first, unless the lock was already held.

        Raises VaultLockedError, naming the process that still holds it after `LOCK_WAIT_S`.
        """
        first = not self._file.is_locked
        try:
            self._file.acquire(timeout=LOCK_WAIT_S, poll_interval=_POLL_S)
        except Timeout:
            raise VaultLockedError(
                f"{self._holder_name()} is writing to {self._root}; wait for it and run the "
                "command again"
            ) from None
        except OSError as error:
            raise VaultError(
                f"{self._file.lock_file} cannot be used ({error.strerror}); check its permissions"
            ) from error
        try:
            if first:
                self._name_holder()
                settle()
            yield
        finally:
            self._file.release()

    def _name_holder(self) -> None:
        # Who holds the lock is a courtesy to the other process: without it the lock still holds.
        with contextlib.suppress(OSError):
            if self._holder_name() != _name(os.getpid()):
                private.write(self._holder, str(os.getpid()).encode())

    def _holder_name(self) -> str:
        try:
            return _name(int(self._holder.read_text("ascii")))
        except (OSError, ValueError):
            return "another process"


def _name(process: int) -> str:
    return f"process {process}"
