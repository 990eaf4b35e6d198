"""Files that a page was given to ingest: kept in the vault's state folder until they are read.

They come in batches, one for each page, since captions and what tells of their video belong side by
side under their own names. A name is data: it is checked, and names nothing but a file of its batch.
"""

from __future__ import annotations

import re
import secrets
import shutil
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, Final

from notemill.errors import UsageError
from twolane import private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FOLDER: Final = "dropped"
BATCH: Final = r"^[0-9a-f]{32}$"
"""What a batch is named: nobody guesses it, and it is no path."""
MOST_FILE_BYTES: Final = 200_000_000
"""Of a file; no larger one is read of any kind."""
MOST_BYTES: Final = 2_000_000_000
MOST_FILES: Final = 1_000
"""Of all batches of a vault together."""
MOST_NAME_BYTES: Final = 240
"""Every file system has names so long, also with a few letters before them."""
KEPT_S: Final = 86_400.0
"""After a day nobody waits for a price any more."""
_BATCH: Final = re.compile(BATCH)
_NO_NAME: Final = re.compile(r"^\.|[/\\\x00-\x1f\x7f]")
_NO_NAME_ON_WINDOWS: Final = re.compile(
    r'[<>:"|?*]|[. ]$|^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)', re.IGNORECASE
)


class Coming:
    """A file that is coming in, of a size that was told before; it counts once it is kept."""

    def __init__(self, path: Path, size: int, ended: Callable[[], None]) -> None:
        """Open it beside `path`, which it becomes. Raises OSError."""
        self._path = path
        self._part = path.with_name(f".{secrets.token_hex(8)}")
        self._left = size
        self._ended = ended
        self._out: BinaryIO | None = private.new(self._part)

    def write(self, data: bytes) -> None:
        """Add bytes. Raises UsageError for more than were told, OSError."""
        self._left -= len(data)
        if self._left < 0 or self._out is None:
            raise UsageError(f"{self._path.name} is larger than its request says")
        self._out.write(data)

    def keep(self) -> None:
        """Make it a file of its batch. Raises UsageError if bytes are missing, OSError."""
        if self._left or self._out is None:
            raise UsageError(f"{self._path.name} did not come whole; add it again")
        self._out.close()
        self._part.replace(self._path)

    def close(self) -> None:
        """End it; what was not kept is gone."""
        if self._out is not None:
            self._out.close()
            self._out = None
            self._part.unlink(missing_ok=True)
            self._ended()


class Dropped:
    """The files of one vault's pages."""

    def __init__(self, state: Path, clock: Callable[[], float]) -> None:
        """Keep them in a folder of the vault's state folder."""
        self._folder = state / FOLDER
        self._clock = clock
        self._coming: dict[Coming, int] = {}

    def begin(self, batch: str, name: str, size: int) -> Coming:
        """Take a file of so many bytes into a batch, in place of one with its name.

        What is older than a day goes. Raises UsageError for a name that is none, and if it does not
        fit; OSError.
        """
        folder = self._batch(batch)
        if problem := name_problem(name):
            raise UsageError(f"this name cannot be used: {problem}; rename the file")
        if not 0 <= size <= MOST_FILE_BYTES:
            raise UsageError(
                f"{name} has {size / 1e6:,.0f} MB; the limit is {MOST_FILE_BYTES / 1e6:,.0f} MB"
            )
        self._forget_old()
        there = [one.stat().st_size for batch in self._batches() for one in _files_in(batch)]
        sizes = [*there, *self._coming.values()]
        if len(sizes) >= MOST_FILES or sum(sizes) + size > MOST_BYTES:
            raise UsageError(
                f"more than {MOST_FILES:,} files or {MOST_BYTES / 1e9:,.0f} GB wait to be read; "
                "ingest those first, or name large ones to `notemill ingest`"
            )
        private.folder(folder)
        coming = Coming(folder / name, size, lambda: self._end(coming))
        self._coming[coming] = size
        return coming

    def _end(self, coming: Coming) -> None:
        del self._coming[coming]

    def files(self, batch: str) -> tuple[Path, ...]:
        """Return the files of a batch by name. Raises UsageError if it can be none."""
        folder = self._batch(batch)
        return tuple(sorted(_files_in(folder)))

    def remove(self, batch: str, name: str | None = None) -> None:
        """Delete a batch, or one file of it; what is not there is no fault. Raises UsageError."""
        folder = self._batch(batch)
        if name is None:
            shutil.rmtree(folder, ignore_errors=True)
        elif not name_problem(name):
            (folder / name).unlink(missing_ok=True)

    def _batch(self, batch: str) -> Path:
        if not _BATCH.fullmatch(batch):
            raise UsageError("files are dropped into a batch of 32 hexadecimal digits")
        return self._folder / batch

    def _batches(self) -> tuple[Path, ...]:
        with suppress(FileNotFoundError):
            return tuple(one for one in self._folder.iterdir() if _BATCH.fullmatch(one.name))
        return ()

    def _forget_old(self) -> None:
        for batch in self._batches():
            with suppress(FileNotFoundError):
                if self._clock() - batch.stat().st_mtime > KEPT_S:
                    shutil.rmtree(batch, ignore_errors=True)


def _files_in(batch: Path) -> Iterator[Path]:
    """Yield the files of a batch that are there whole."""
    with suppress(FileNotFoundError):
        for one in batch.iterdir():
            if not one.name.startswith("."):
                yield one


def name_problem(name: str) -> str:
    """Return why a file cannot have this name in its batch, '' if it can."""
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        return "it has half a character (a lone surrogate)"
    if not 0 < length <= MOST_NAME_BYTES:
        return f"it has {length:,} bytes, and at most {MOST_NAME_BYTES} are kept"
    if _NO_NAME.search(name):
        return "it begins with a dot, or has a slash or a control character"
    if sys.platform == "win32" and _NO_NAME_ON_WINDOWS.search(name):
        return "Windows has no such names"
    return ""
