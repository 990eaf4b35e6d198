"""One process writes to a vault at a time, and the others wait for the moment that it takes."""

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
"""How long another process's writing is waited for: far longer than one note takes."""
_POLL_S: Final = 0.01


class WriterLock:
    """The lock of one vault; it may be taken again by who holds it."""

    def __init__(self, state_dir: Path, root: Path) -> None:
        """Lock the vault in `root` by files in `state_dir`."""
        self._root = root
        self._holder = state_dir / "writer.pid"
        self._file = private.lock(state_dir / WRITER_LOCK)

    @contextlib.contextmanager
    def held(self, settle: Callable[[], object]) -> Iterator[None]:
        """Be the only process that writes; `settle` is called first, but not where it is held.

        Raises VaultLockedError, naming the process that has it after `LOCK_WAIT_S` still.
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
            private.write(self._holder, str(os.getpid()).encode())

    def _holder_name(self) -> str:
        try:
            return f"process {int(self._holder.read_text('ascii'))}"
        except (OSError, ValueError):
            return "another process"
