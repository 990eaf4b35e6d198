"""Response bodies, read within a bound and decompressed as they arrive: gzip and deflate.

A body in memory is never longer than its bound, however it was compressed: a bomb is decompressed
piece by piece, and only up to the bound.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from twolane.errors import ReplyTooLargeError

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterator

__all__ = [
    "KEPT_BYTES",
    "CutError",
    "ReplyTooLargeError",
    "Unpacker",
    "in_words",
    "unpacked",
    "whole",
]

KEPT_BYTES: Final = 64 << 10
"""How much of a too large answer is kept for a person to inspect."""

# Finds out by itself whether it is gzip or zlib.
_AUTO_BITS: Final = 32 + zlib.MAX_WBITS
_KNOWN: Final = frozenset({"gzip", "x-gzip", "deflate"})
PLAIN: Final = frozenset({"", "identity"})
# What is unpacked at a time. Of what is packed less: behind the end of each member zlib copies
# what is left of it, and there may be thousands of members.
_PIECE_BYTES: Final = 1 << 18
_PACKED_BYTES: Final = 1 << 14
# Who packs a stream in parts takes some 64 KB for each; parts that hold next to nothing are there
# to keep a reader busy, and never end.
_MAX_MEMBERS: Final = 1_000
_LEAST_MEMBER_BYTES: Final = 1 << 10


class CutError(ValueError):
    """A compressed body is truncated or corrupt."""


class Unpacker:
    """Decompresses the pieces of one body; a body not compressed as its header says is left as it is.

    `known` tells whether the encoding is supported, `plain` that nothing is compressed.
    """

    def __init__(self, encoding: str) -> None:
        """Take the value of `content-encoding`."""
        encoding = encoding.strip().lower()
        self.plain = encoding not in _KNOWN
        self.known = not self.plain or encoding in PLAIN
        self._unpack = None if self.plain else zlib.decompressobj(_AUTO_BITS)
        self._began = False
        self._members = self._came_bytes = 0

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Yield the decompressed pieces of the next bytes; pieces may be empty.

        Raises CutError if they cannot be decompressed, ReplyTooLargeError if they consist of too
        many compressed parts.
        """
        if self._unpack is None:
            yield data
            return
        for at in range(0, len(data), _PACKED_BYTES):
            yield from self._unpacked(data[at : at + _PACKED_BYTES])

    def _unpacked(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._unpack is None:
                yield data
                return
            if self._unpack.eof:
                # One member after the other, as several gzip streams in a row are.
                self._unpack = zlib.decompressobj(_AUTO_BITS)
                self._members += 1
                self._check_members()
            try:
                piece = self._unpack.decompress(data, _PIECE_BYTES)
            except zlib.error as error:
                if self._began:
                    raise CutError(str(error)) from error
                self._unpack = None
                continue
            self._began = True
            self._came_bytes += len(piece)
            data = self._unpack.unconsumed_tail or self._unpack.unused_data
            yield piece

    def _check_members(self) -> None:
        members = self._members
        if members > _MAX_MEMBERS and self._came_bytes < members * _LEAST_MEMBER_BYTES:
            raise ReplyTooLargeError(f"{_MAX_MEMBERS:,} packed parts")

    def end(self) -> None:
        """Check that the body was complete. Raises CutError if it was not."""
        if self._unpack is not None and self._began and not self._unpack.eof:
            raise CutError("it ends too early")


async def unpacked(chunks: AsyncIterable[bytes], unpacker: Unpacker) -> AsyncIterator[bytes]:
    """Iterate a body's decompressed pieces. Raises CutError if it is not complete."""
    async for chunk in chunks:
        if unpacker.plain:
            yield chunk
            continue
        for piece in unpacker.pieces(chunk):
            yield piece
    unpacker.end()


def in_words(size_bytes: int) -> str:
    """Return a size for people: `64 KB`, `5 MB`, rounded down."""
    return f"{size_bytes >> 20:,} MB" if size_bytes >> 20 else f"{size_bytes >> 10:,} KB"


async def whole(pieces: AsyncIterable[bytes], most_bytes: int) -> bytes:
    """Return a body of at most `most_bytes`. Raises ReplyTooLargeError with its beginning."""
    taken: list[bytes] = []
    size = 0
    async for piece in pieces:
        size += len(piece)
        taken.append(piece)
        if size > most_bytes:
            beginning = b"".join(taken)[: min(KEPT_BYTES, most_bytes)]
            raise ReplyTooLargeError(in_words(most_bytes), beginning)
    return b"".join(taken)
