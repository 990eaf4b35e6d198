"""The adapter of PDFium: what stands where on the pages of a PDF. It runs in a process of its own.

Nothing else imports `pypdfium2`. Kreuzberg reads PDFs by the same engine, but without places: its
Markdown drops lines at the edges of pages and makes tables of prose, and neither its Markdown nor
its plain text tells two columns apart that were written line by line.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

PDF: Final = "application/pdf"
MOST_PAGES: Final = 3_000
MOST_LETTERS: Final = 20_000_000
"""Of all pages together; the Bible has 3,200,000."""
_MOST_WORD: Final = 500
_MOST_PICTURES: Final = 1_000
_GAP: Final = 0.9
"""Letters farther apart than this part of their size are pieces of their own: gaps of justified
lines are narrower, the room between two columns is wider."""
_SHIFT: Final = 0.6
"""Letters that stand higher or lower by this part of their size are of another line."""
_STRAIGHT: Final = 0.05
"""Of a quarter turn: five degrees."""
_BOLD: Final = 600
"""PDFium tells a font's weight as CSS does: 400 is regular, 700 bold."""
_FONT_NAME_BYTES: Final = 128
_BOLD_NAME: Final = re.compile(rb"(?i)bold|black|heavy|demi|-bd\b|cmbx|cmssbx")
_NO_PASSWORD: Final = 4
"""FPDF_ERR_PASSWORD and FPDF_ERR_SECURITY of fpdfview.h."""
_UNKNOWN_SECURITY: Final = 5
_HYPHENS: Final = {"\x02": "-", "\ufffe": "-", "\u2010": "-"}
_LIGATURES: Final = {
    "\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl",
    "\ufb05": "st", "\ufb06": "st",
}  # fmt: skip
_LETTERS: Final = _HYPHENS | _LIGATURES

_Box = tuple[float, float, float, float]
"""Left, bottom, right, top, in points."""


def read(data: bytes) -> dict[str, Any]:
    """Return metadata and the pieces of all pages, or `fault` with what is wrong."""
    import pypdfium2  # noqa: PLC0415
    from pypdfium2 import raw  # noqa: PLC0415

    try:
        document = pypdfium2.PdfDocument(data)
        count = len(document)
    except pypdfium2.PdfiumError as error:
        code = getattr(error, "err_code", None)
        if code in {_NO_PASSWORD, _UNKNOWN_SECURITY}:
            return {"fault": "password"}
        return {"fault": "damaged"}
    if not count:
        return {"fault": "damaged"}
    if count > MOST_PAGES:
        return {"fault": "pages", "pages": count}
    pages, letters = [], 0
    for number in range(1, count + 1):
        page = _page(document, number)
        letters += len(page.get("plain", ""))
        if letters > MOST_LETTERS:
            return {"fault": "letters", "pages": number}
        pages.append(page)
    metadata = document.get_metadata_dict()
    return {
        "title": metadata.get("Title", ""),
        "authors": metadata.get("Author", ""),
        "language": _language(document, raw),
        "pages": pages,
    }


def _language(document: Any, raw: Any) -> str:  # noqa: ANN401
    length = raw.FPDFCatalog_GetLanguage(document, None, 0)
    if not 2 < length < 200:  # noqa: PLR2004
        return ""
    buffer = ctypes.create_string_buffer(length)
    raw.FPDFCatalog_GetLanguage(
        document, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), length
    )
    return buffer.raw.decode("utf-16-le", "replace").rstrip("\0")


def _page(document: Any, number: int) -> dict[str, Any]:  # noqa: ANN401
    """Return one page; `unreadable` where PDFium cannot load it."""
    import pypdfium2  # noqa: PLC0415

    try:
        page = document[number - 1]
        text = page.get_textpage()
        box = page.get_bbox()
    except pypdfium2.PdfiumError:
        return {"number": number, "unreadable": True}
    words = list(_words(text))
    counts = Counter(word.turn for word in words)
    turn = max((0, 1, 2, 3), key=lambda one: counts[one])
    width, height = box[2] - box[0], box[3] - box[1]
    if turn % 2:
        width, height = height, width
    found = {
        "number": number,
        "width": width,
        "height": height,
        "pieces": list(_pieces(words, turn, box, height)),
        "pictured": _pictured(page, width * height),
        "plain": text.get_text_range(),
    }
    text.close()
    page.close()
    return found


@dataclass(slots=True)
class _Word:
    """Letters without a blank, in the page's own coordinates: from the bottom left corner."""

    text: str
    first: _Box
    last: _Box
    """Where its first and its last letter stand."""
    origin: tuple[float, float]
    size: float
    bold: bool
    turn: int
    """Its quarter turns against the clock, or -1 for any other angle."""


def _words(text: Any) -> Iterator[_Word]:  # noqa: ANN401
    """Yield the words of a page as PDFium follows them."""
    from pypdfium2 import raw  # noqa: PLC0415

    rect = raw.FS_RECTF()
    word: _Word | None = None
    for at in range(text.count_chars()):
        letter = chr(raw.FPDFText_GetUnicode(text, at))
        if letter.isspace() or letter == "\0":
            if word:
                yield word
                word = None
            continue
        raw.FPDFText_GetLooseCharBox(text, at, rect)
        box = (rect.left, rect.bottom, rect.right, rect.top)
        letter = _LETTERS.get(letter, letter)
        if word and _follows(word, box):
            word.text += letter
            word.last = box
            continue
        if word:
            yield word
        word = _word(text, at, letter, box)
    if word:
        yield word


def _word(text: Any, at: int, letter: str, box: _Box) -> _Word:  # noqa: ANN401
    """Return the word that begins with a letter."""
    from pypdfium2 import raw  # noqa: PLC0415

    x, y, matrix = ctypes.c_double(), ctypes.c_double(), raw.FS_MATRIX()
    raw.FPDFText_GetCharOrigin(text, at, x, y)
    raw.FPDFText_GetMatrix(text, at, matrix)
    quarters = math.atan2(matrix.b, matrix.a) / (math.pi / 2)
    return _Word(
        text=letter,
        first=box,
        last=box,
        origin=(x.value, y.value),
        size=raw.FPDFText_GetFontSize(text, at) * (math.hypot(matrix.c, matrix.d) or 1.0),
        bold=_is_bold(text, at),
        turn=round(quarters) % 4 if abs(quarters - round(quarters)) < _STRAIGHT else -1,
    )


def _is_bold(text: Any, at: int) -> bool:  # noqa: ANN401
    """Tell whether a letter is bold: by its font's name, as the weight is often missing."""
    from pypdfium2 import raw  # noqa: PLC0415

    name = ctypes.create_string_buffer(_FONT_NAME_BYTES)
    raw.FPDFText_GetFontInfo(text, at, name, _FONT_NAME_BYTES, ctypes.c_int())
    return bool(_BOLD_NAME.search(name.value)) or raw.FPDFText_GetFontWeight(text, at) >= _BOLD


def _follows(word: _Word, box: _Box) -> bool:
    """Tell whether a letter is the next one of a word: in its line, neither back nor far away."""
    reach = _GAP * max(word.size, 1.0)
    along, across = (1, 0) if word.turn in {1, 3} else (0, 1)
    if len(word.text) >= _MOST_WORD:
        return False
    last = word.last
    apart = max(box[along] - last[along + 2], last[along] - box[along + 2])
    shift = abs(box[across] + box[across + 2] - last[across] - last[across + 2]) / 2
    if word.turn == -1:
        return apart < reach and shift < 2 * reach
    is_back = box[0] < last[0] - reach if word.turn == 0 else False
    return apart < reach and shift < _SHIFT * max(word.size, 1.0) and not is_back


def _around(one: _Box, other: _Box) -> _Box:
    left, bottom = min(one[0], other[0]), min(one[1], other[1])
    return left, bottom, max(one[2], other[2]), max(one[3], other[3])


def _pieces(words: list[_Word], turn: int, page: _Box, height: float) -> Iterator[list[Any]]:
    """Yield the pieces of a page as lists of their fields, with what stands at an angle last."""
    line: list[_Word] = []
    end = baseline = 0.0
    for word in words:
        if word.turn != turn:
            continue
        x0, x1, y = _placed(word, turn, page)
        near = line and abs(y - baseline) < _SHIFT * word.size
        if near and -_GAP / 2 * word.size < x0 - end < _GAP * word.size:
            line.append(word)
            end = max(end, x1)
            continue
        if line:
            yield _piece(line, turn, page)
        line, end, baseline = [word], x1, y
    if line:
        yield _piece(line, turn, page)
    for at, other in enumerate(sorted({word.turn for word in words} - {turn})):
        askew = [word for word in words if word.turn == other]
        text = " ".join(word.text for word in askew)
        yield [text, 0.0, 1.0, height + 50.0 * (at + 1), askew[0].size, False]


def _piece(line: list[_Word], turn: int, page: _Box) -> list[Any]:
    sizes: Counter[float] = Counter()
    for word in line:
        sizes[round(word.size, 1)] += len(word.text)
    placed = [_placed(word, turn, page) for word in line]
    size = max(sizes, key=lambda one: sizes[one])
    most = next(at for at, word in enumerate(line) if round(word.size, 1) == size)
    return [
        " ".join(word.text for word in line),
        round(min(x0 for x0, _, _ in placed), 1),
        round(max(x1 for _, x1, _ in placed), 1),
        round(placed[most][2], 1),
        size,
        2 * sum(len(word.text) for word in line if word.bold)
        > sum(len(word.text) for word in line),
    ]


def _placed(word: _Word, turn: int, page: _Box) -> tuple[float, float, float]:
    """Return where a word begins and ends, and its baseline, with the page turned upright."""
    (left, bottom, right, top), (x, y) = _around(word.first, word.last), word.origin
    if turn == 1:
        return bottom - page[1], top - page[1], x - page[0]
    if turn == 2:  # noqa: PLR2004
        return page[2] - right, page[2] - left, y - page[1]
    if turn == 3:  # noqa: PLR2004
        return page[3] - top, page[3] - bottom, page[2] - x
    return left - page[0], right - page[0], page[3] - y


def _pictured(page: Any, area: float) -> float:  # noqa: ANN401
    """Return the part of a page that its pictures cover, at most 1."""
    import pypdfium2  # noqa: PLC0415
    from pypdfium2 import raw  # noqa: PLC0415

    covered = 0.0
    for picture in islice(page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE]), _MOST_PICTURES):
        try:
            left, bottom, right, top = picture.get_bounds()
        except pypdfium2.PdfiumError:
            continue
        covered += abs((right - left) * (top - bottom))
    return min(1.0, covered / area) if area else 0.0
