"""Which kind of document a file is, and whether it is small enough to be read; told before reading.

The first bytes tell, not the name: what browsers and mail programs save has any name.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from notemill.errors import SourceError
from notemill.sources.documents.packed import Pack
from twolane.files import read_small

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES: Final = 200_000_000
"""Of a file; a scanned book in colour has as many."""
_HEAD_BYTES: Final = 1_024
"""A PDF begins within so many bytes: readers look no further (ISO 32000-1, annex H)."""
_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")


class Format(StrEnum):
    """The kinds of documents that are read, by their media types."""

    PDF = "application/pdf"
    EPUB = "application/epub+zip"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    ODT = "application/vnd.oasis.opendocument.text"
    ODS = "application/vnd.oasis.opendocument.spreadsheet"
    RTF = "application/rtf"


_PARTS: Final = {
    "META-INF/container.xml": Format.EPUB,
    "word/document.xml": Format.DOCX,
    "ppt/presentation.xml": Format.PPTX,
    "xl/workbook.xml": Format.XLSX,
}
_MEDIA_TYPE: Final = "mimetype"
_TOLD: Final = (Format.EPUB, Format.ODT, Format.ODS)
_READ: Final = (
    "PDF, EPUB, Word (.docx), PowerPoint (.pptx), Excel (.xlsx), OpenDocument text and spreadsheets "
    "(.odt, .ods), and RTF"
)


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


def format_of(data: bytes, name: str) -> Format:
    """Return which document these bytes are.

    Raises SourceError with what is wrong if they are none that is read, or unpack to too much.
    """
    if not data:
        raise SourceError(f"{name} is empty: there is nothing to read.")
    if b"%PDF-" in data[:_HEAD_BYTES]:
        return Format.PDF
    if data.startswith(b"{\\rtf"):
        return Format.RTF
    if data.startswith(_OLD_OFFICE):
        if _ENCRYPTED in data:
            raise SourceError(
                f"{name} is locked with a password. Save it without one and ingest it again."
            )
        raise SourceError(
            f"{name} is of an old Office program. Save it as .docx, .pptx, .xlsx or PDF and "
            "ingest that."
        )
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _packed_format(data, name)
    if name.lower().endswith(".pdf"):
        raise SourceError(f"{name} is damaged, or no PDF: it does not begin as one.")
    raise SourceError(f"{name} is no document that can be read. Those are {_READ}.")


def _packed_format(data: bytes, name: str) -> Format:
    with Pack(data, name) as pack:
        told = (
            pack.read(_MEDIA_TYPE)[:_HEAD_BYTES].decode("ascii", "replace").strip()
            if _MEDIA_TYPE in pack
            else ""
        )
        if told in _TOLD:
            return Format(told)
        for part, found in _PARTS.items():
            if part in pack:
                return found
    raise SourceError(f"{name} is no document that can be read. Those are {_READ}.")
