"""Whether a file is a document, and small enough to be read; told before reading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notemill.errors import SourceError
from twolane.files import read_small

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES: Final = 200_000_000
"""Of a file; a scanned book in colour has as many."""
_HEAD_BYTES: Final = 1_024
"""A PDF begins within so many bytes: readers look no further (ISO 32000-1, annex H)."""


def bytes_of(path: Path) -> bytes:
    """Return the bytes of a document. Raises SourceError if it is too large or cannot be read."""
    try:
        size = path.stat().st_size
        if size <= MOST_BYTES:
            return read_small(path, most_bytes=MOST_BYTES)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "no file can have this name"
        raise SourceError(f"{path.name} cannot be read: {said}.") from None
    raise SourceError(
        f"{path.name} has {size / 1e6:,.0f} MB; the limit is {MOST_BYTES / 1e6:,.0f} MB. "
        "Split it, or save it without its pictures."
    )


def check_is_pdf(data: bytes, name: str) -> None:
    """Raise SourceError with what is wrong if these bytes are no PDF."""
    if not data:
        raise SourceError(f"{name} is empty: there is nothing to read.")
    if b"%PDF-" not in data[:_HEAD_BYTES]:
        raise SourceError(f"{name} is damaged, or no PDF: it does not begin as one.")
