"""The letters of a transcript file, whatever wrote it; pure."""

from __future__ import annotations

import codecs
from typing import Final, NamedTuple

from notemill.errors import SourceError

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    # Of four bytes first: the mark of UTF-16 is how that of UTF-32 begins.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE_BYTES: Final = 4_096
_HALF_NULS: Final = 0.3
"""In UTF-16 every other byte of digits, blanks and Latin letters is a NUL."""

_MOST_NULS: Final = 0.01
"""A copy that broke off leaves a few; with more of them it is no text."""

_DAMAGED: Final = "\ufffd"
_MOST_DAMAGED: Final = 0.2
"""Above this share of the letters outside ASCII, a file was never UTF-8."""

_NOT_UTF8: Final = (
    "The file is not UTF-8 and was read as Windows-1252; if letters look wrong, save it as UTF-8."
)
_PARTLY_UTF8: Final = (
    "Some bytes of the file are damaged; they are shown as \N{REPLACEMENT CHARACTER}."
)


class Letters(NamedTuple):
    """A file's text with line feeds, without a byte order mark, and what was uncertain about it."""

    text: str
    notices: tuple[str, ...] = ()


def letters_of(data: bytes) -> Letters:
    """Return the text of a file: by its mark, else UTF-16 where it looks so, UTF-8, Windows-1252.

    Raises SourceError for what is no text at all.
    """
    text, notices = _decoded(data)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        if text.count("\0") > _MOST_NULS * len(text):
            raise SourceError("it is no text file")
        text = text.replace("\0", " ")
    return Letters(text.replace("\ufeff", ""), notices)


def _decoded(data: bytes) -> tuple[str, tuple[str, ...]]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _whole(data[len(mark) :], encoding)
    sample = data[:_SAMPLE_BYTES]
    if sample.count(0) > _HALF_NULS * len(sample):
        return _whole(data, "utf-16-be" if sample[:1] == b"\0" else "utf-16-le")
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
    damaged = text.count(_DAMAGED)
    if damaged <= _MOST_DAMAGED * sum(1 for letter in text if not letter.isascii()):
        return text, (_PARTLY_UTF8,)
    return data.decode("cp1252", "replace"), (_NOT_UTF8,)


def _whole(data: bytes, encoding: str) -> tuple[str, tuple[str, ...]]:
    text = data.decode(encoding, "replace")
    return text, (_PARTLY_UTF8,) if _DAMAGED in text else ()
