"""Bodies in transit to and from a provider, in private files that are read in pieces."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, BinaryIO

from twolane.bodies import in_words
from twolane.errors import ReplyTooLargeError
from twolane.private import emptied, folder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from twolane.core.bounds import ResultBounds

CHUNK_BYTES = 1 << 18
RESULTS = "results of a batch"


def private(path: Path) -> BinaryIO:
    """Open a new or emptied file that nobody else can read: it holds prompts or answers."""
    folder(path.parent)
    return emptied(path)


class Spool:
    """Writes results into a file, within their bounds.

    Of a line that is too long one byte more than its bound is kept, which shows that it was too
    long; the lines after it are kept as they are.
    """

    def __init__(self, file: BinaryIO, bounds: ResultBounds) -> None:
        """Write into `file`."""
        self._file = file
        self._bounds = bounds
        self._came_bytes = self._line_bytes = self._lines = 0

    def write(self, data: bytes, /) -> None:
        """Write the next bytes. Raises ReplyTooLargeError after writing those within the bound."""
        bounds, too_many = self._bounds, ""
        if self._came_bytes + len(data) > bounds.total_bytes:
            data = data[: bounds.total_bytes - self._came_bytes]
            too_many = in_words(bounds.total_bytes)
        lines = data.count(b"\n")
        if self._lines + lines > bounds.lines:
            # What stands behind the last line that may be is left out.
            lines = bounds.lines - self._lines
            *within, _ = data.split(b"\n", lines)
            data = b"".join(line + b"\n" for line in within)
            too_many = f"{bounds.lines:,} lines"
        self._came_bytes += len(data)
        self._lines += lines
        self._keep(data)
        if too_many:
            raise ReplyTooLargeError(too_many, what=RESULTS)

    def _keep(self, data: bytes) -> None:
        """Write what is not too long of each line."""
        if self._line_bytes + len(data) <= self._bounds.line_bytes:
            self._file.write(data)
            behind = len(data) - 1 - data.rfind(b"\n")
            self._line_bytes = behind + (self._line_bytes if behind == len(data) else 0)
            return
        first, *others = data.split(b"\n")
        self._write_part(first)
        for line in others:
            self._file.write(b"\n")
            self._line_bytes = 0
            self._write_part(line)

    def _write_part(self, part: bytes) -> None:
        """Write a part of a line as far as there is room for it."""
        room = max(0, self._bounds.line_bytes + 1 - self._line_bytes)
        self._file.write(part[:room])
        self._line_bytes += len(part)


@contextlib.contextmanager
def spooled(path: Path, bounds: ResultBounds) -> Iterator[Spool]:
    """Open a new or emptied private file for a batch's results."""
    with private(path) as file:
        yield Spool(file, bounds)


async def chunks(path: Path) -> AsyncIterator[bytes]:
    """Iterate a file's bytes, as an upload's body."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def lines(path: Path) -> Iterator[bytes]:
    """Iterate the non-blank lines of a file, with their line ends."""
    with path.open("rb", buffering=CHUNK_BYTES) as file:
        for line in file:
            if not line.isspace():
                yield line
