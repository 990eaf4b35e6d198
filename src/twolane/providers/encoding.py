"""Bodies as they were before they were packed for the way: gzip, which is asked for, and deflate."""

from __future__ import annotations

import zlib
from typing import Final

# Finds out by itself whether it is gzip or zlib.
_AUTO_BITS: Final = 32 + zlib.MAX_WBITS
_KNOWN: Final = frozenset({"gzip", "x-gzip", "deflate"})
PLAIN: Final = frozenset({"", "identity"})


class CutError(ValueError):
    """A packed body ends before its end, or cannot be unpacked from some place on."""


class Unpacker:
    """Unpacks the pieces of one body; what is not packed as its header says is left as it is.

    `known` says whether the encoding is one that can be unpacked at all.
    """

    def __init__(self, encoding: str) -> None:
        """Take the value of `content-encoding`."""
        self.known = encoding in PLAIN or encoding in _KNOWN
        self._unpack = zlib.decompressobj(_AUTO_BITS) if encoding in _KNOWN else None
        self._began = False

    def piece(self, data: bytes) -> bytes:
        """Return what the next bytes hold. Raises CutError where they cannot be unpacked."""
        if self._unpack is None or not data:
            return data
        unpacked = b""
        while data:
            if self._unpack.eof:
                # One member after the other, as several gzip streams in a row are.
                self._unpack = zlib.decompressobj(_AUTO_BITS)
            try:
                unpacked += self._unpack.decompress(data)
            except zlib.error as error:
                if self._began:
                    raise CutError(str(error)) from error
                self._unpack = None
                return data
            self._began = True
            data = self._unpack.unused_data
        return unpacked

    def end(self) -> None:
        """See that the body was whole. Raises CutError where it was not."""
        if self._unpack is not None and self._began and not self._unpack.eof:
            raise CutError("it ends too early")
