"""Files on the way to and from a provider: readable by their owner only, read in pieces."""

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
    """Results on their way into a file, as far as their bounds go.

    Of a line that is too long one byte more than its bound is kept, which tells that it was, and
    the lines behind it are kept as they are.
    """

    def __init__(self, file: BinaryIO, bounds: ResultBounds) -> None:
        """Write into `file`."""
        self._file = file
        self._bounds = bounds
        self._came_bytes = self._line_bytes = self._lines = 0

    def write(self, data: bytes, /) -> None:
        """Write the next bytes. Raises ReplyTooLargeError where they are too many in all."""
        bounds = self._bounds
        self._came_bytes += len(data)
        self._lines += data.count(b"\n")
        if self._came_bytes > bounds.total_bytes:
            raise ReplyTooLargeError(in_words(bounds.total_bytes), what=RESULTS)
        if self._lines > bounds.lines:
            raise ReplyTooLargeError(f"{bounds.lines:,} lines", what=RESULTS)
        if self._line_bytes + len(data) <= bounds.line_bytes:
            self._file.write(data)
            behind = len(data) - 1 - data.rfind(b"\n")
            self._line_bytes = behind + (self._line_bytes if behind == len(data) else 0)
            return
        for piece in data.splitlines(keepends=True):
            self._write_piece(piece)

    def _write_piece(self, piece: bytes) -> None:
        """Write a line, or a part of one, as far as there is room for it."""
        room = max(0, self._bounds.line_bytes + 1 - self._line_bytes)
        ended = piece.endswith(b"\n")
        self._file.write(piece[:-1][:room] + b"\n" if ended else piece[:room])
        self._line_bytes = 0 if ended else self._line_bytes + len(piece)


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
    """Iterate the lines of a file that are not blank, with their ends."""
    with path.open("rb", buffering=CHUNK_BYTES) as file:
        for line in file:
            if not line.isspace():
                yield line
