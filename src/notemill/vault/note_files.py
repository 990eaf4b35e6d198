"""The files of notes that exist: read, replaced and removed, each only as what it was seen to be."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING, Final

from notemill.errors import (
    ExternallyChangedError,
    NoteNotFoundError,
    NoteUnreadableError,
    WriteFailedError,
)
from notemill.vault.attributes import why_not_replaced
from notemill.vault.note import bytes_hash
from notemill.vault.stored import is_beside, place_of

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.vault.disk import Disk

_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class NoteFiles:
    """The files of one vault's notes, each named by its path in the vault and its note's key."""

    def __init__(self, root: Path, disk: Disk) -> None:
        """Work below `root` by the steps of `disk`."""
        self._root = root
        self._disk = disk

    def read(self, path: str, key: str) -> bytes:
        """Return a note's bytes.

        Raises NoteNotFoundError, NoteUnreadableError, OutsideVaultError.
        """
        full = place_of(self._root, path, key)
        try:
            return self._disk.read(full)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NoteNotFoundError(f"{key} is gone; it was renamed or deleted") from error
        except OSError as error:
            raise NoteUnreadableError(
                f"{key} cannot be read ({error.strerror}); check its permissions"
            ) from error

    def replace(self, path: str, key: str, temporary: str, new: bytes, expected: str) -> None:
        """Put `new` in a note's place. Raises VaultError, leaving the note unchanged."""
        full = place_of(self._root, path, key)
        part = os.path.join(self._root, temporary)  # noqa: PTH118
        try:
            if why := why_not_replaced(full):
                raise WriteFailedError(f"{key} is unchanged: {why}")
            self._disk.create(part, new, full)
            # The last look, right before the step that cannot be taken back.
            self.check_unchanged(path, key, expected)
            self._disk.replace(part, full)
        except OSError as error:
            raise WriteFailedError(_why(key, error)) from error
        finally:
            # Gone after the rename; else what must not stay.
            with contextlib.suppress(OSError):
                self._disk.remove(part)
        # The note is written, and journaled; where the flush fails, only a power cut could take
        # the rename back, and an undo tells by the bytes.
        with contextlib.suppress(OSError):
            self._disk.sync_folder(os.path.dirname(full))  # noqa: PTH120

    def check_unchanged(self, path: str, key: str, expected: str) -> bytes:
        """Return a note's bytes. Raises ExternallyChangedError if they are not the expected."""
        raw = self.read(path, key)
        if bytes_hash(raw) != expected:
            raise ExternallyChangedError(
                f"{key} has changed since it was read and was not written; curate it again"
            )
        return raw

    def remove_left_over(self, temporary: str, path: str, key: str) -> None:
        """Remove the file that a crash may have left beside a note. Raises OutsideVaultError."""
        place_of(self._root, path, key)
        if is_beside(temporary, path):
            with contextlib.suppress(OSError):
                self._disk.remove(os.path.join(self._root, temporary))  # noqa: PTH118

    def remove(self, path: str, key: str, expected: str) -> None:
        """Remove a note that still has the hash `expected`. Raises VaultError."""
        self.check_unchanged(path, key, expected)
        full = place_of(self._root, path, key)
        try:
            if not os.access(full, os.W_OK):
                raise WriteFailedError(
                    f"{key} was not removed: it is read-only; check its permissions"
                )
            self._disk.remove(full)
        except OSError as error:
            raise WriteFailedError(
                f"{key} cannot be removed ({error.strerror}); check the permissions of its folder"
            ) from error
        with contextlib.suppress(OSError):
            self._disk.sync_folder(os.path.dirname(full))  # noqa: PTH120


def _why(key: str, error: OSError) -> str:
    if error.errno in _NO_SPACE:
        return (
            f"no space left to write {key}, which is unchanged; free some and run the command again"
        )
    return f"{key} cannot be written ({error.strerror}) and is unchanged; check its permissions"
