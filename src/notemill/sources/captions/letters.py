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

_WESTERN: Final = "cp1252"
# The code pages of Windows that files in other scripts have, with the languages written in them.
_PAGES: Final = {
    "cp1251": "be bg mk ru sr uk",
    "cp1250": "bs cs hr hu pl ro sk sl",
    "cp1253": "el",
    "cp1254": "tr",
    "cp1255": "he",
    "cp1256": "ar fa ur",
    "cp1257": "et lt lv",
    "cp874": "th",
    "cp932": "ja",
    "cp949": "ko",
    "gb18030": "zh",
}
_PAGE_OF: Final = {one: page for page, ones in _PAGES.items() for one in ones.split()}
_OTHER_SCRIPTS: Final = ["cp1251", "cp1253", "cp1255", "cp1256", "cp932", "cp949", "gb18030"]
_GUESSED_BYTES: Final = 64 << 10
_MOST_ACCENTS: Final = 0.5
"""Of the letters of no language that Windows-1252 is for, so many have accents."""
_PARTLY_UTF8: Final = (
    "Some bytes of the file are damaged; they are shown as \N{REPLACEMENT CHARACTER}."
)


class Letters(NamedTuple):
    """A file's text with line feeds, without a byte order mark, and what was uncertain about it."""

    text: str
    notices: tuple[str, ...] = ()


def letters_of(data: bytes, language: str = "") -> Letters:
    """Return the text of a file: by its mark, else UTF-16 where it looks so, UTF-8, a code page.

    That is the one of its `language`, where that is known, or of its script, as far as it tells.
    Raises SourceError for what is no text at all.
    """
    text, notices = _decoded(data, language)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        if text.count("\0") > _MOST_NULS * len(text):
            raise SourceError("it is no text file")
        text = text.replace("\0", " ")
    return Letters(text.replace("\ufeff", ""), notices)


def _decoded(data: bytes, language: str) -> tuple[str, tuple[str, ...]]:
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
    page = _page_of(data, language)
    notice = (
        f"The file is not UTF-8 and was read as {_name_of(page)}; if letters look wrong, save it as"
        " UTF-8."
    )
    return data.decode(page, "replace"), (notice,)


def _page_of(data: bytes, language: str) -> str:
    """Return the code page of a file that is in none of Unicode's forms."""
    if page := _PAGE_OF.get(language):
        try:
            data.decode(page)
        except UnicodeDecodeError:
            return _WESTERN
        return page
    sample = data[:_GUESSED_BYTES]
    letters = [one for one in sample.decode(_WESTERN, "replace") if one.isalpha()]
    if sum(not one.isascii() for one in letters) <= _MOST_ACCENTS * len(letters):
        return _WESTERN
    from charset_normalizer import from_bytes  # noqa: PLC0415  # slow to load, rarely needed

    best = from_bytes(sample, cp_isolation=_OTHER_SCRIPTS).best()
    return best.encoding if best else _WESTERN


def _name_of(page: str) -> str:
    return page.replace("cp", "Windows-")


def _whole(data: bytes, encoding: str) -> tuple[str, tuple[str, ...]]:
    text = data.decode(encoding, "replace")
    return text, (_PARTLY_UTF8,) if _DAMAGED in text else ()
