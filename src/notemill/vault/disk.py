"""The steps that change a folder, separate so that a test can make each one fail."""

from __future__ import annotations

import contextlib
import os
from typing import Final

from notemill.vault.attributes import hand_on, take_free_place, take_place
from twolane.files import read_small

MAX_NOTE_BYTES: Final = 67_108_864
"""Notes are read and edited in memory; nobody writes a larger one."""


class Disk:
    """The real disk. Every step raises OSError if it fails."""

    def read(self, path: str) -> bytes:
        """Return a file's bytes."""
        return read_small(path, most_bytes=MAX_NOTE_BYTES)

    def create(self, path: str, data: bytes, like: str) -> None:
        """Write a new file with the metadata of `like` ('' for none), and flush it to the disk."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        handle = os.open(path, flags, 0o600 if like else 0o666)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if like:
                hand_on(like, file.fileno())
            os.fsync(file.fileno())

    def replace(self, temporary: str, path: str) -> None:
        """Replace a file with another, atomically."""
        take_place(temporary, path)

    def add(self, temporary: str, path: str) -> None:
        """Give a file another name that nothing has, atomically. Raises FileExistsError."""
        take_free_place(temporary, path)

    def make_folder(self, path: str) -> None:
        """Make a folder in one that exists."""
        os.mkdir(path)  # noqa: PTH102

    def remove_folder(self, path: str) -> None:
        """Remove an empty folder."""
        os.rmdir(path)  # noqa: PTH106

    def sync_folder(self, folder: str) -> None:
        """Flush a folder, so that a rename in it survives a power cut."""
        if not hasattr(os, "O_DIRECTORY"):
            return
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def remove(self, path: str) -> None:
        """Remove a file if it exists."""
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)  # noqa: PTH107
