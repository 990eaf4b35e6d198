"""Files on the way to and from a provider: readable by their owner only, read in pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from twolane.private import emptied, folder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

CHUNK_BYTES = 1 << 18


def private(path: Path) -> BinaryIO:
    """Open a new or emptied file that nobody else can read: it holds prompts or answers."""
    folder(path.parent)
    return emptied(path)


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
