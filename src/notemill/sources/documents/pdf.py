"""A PDF as Markdown, put together from where its text stands: nothing lost, and said if it is."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from notemill.errors import SourceError
from notemill.sources.documents.columns import in_order
from notemill.sources.documents.divided import Words
from notemill.sources.documents.naming import authors_of, language_of, title_of
from notemill.sources.documents.native import read_apart
from notemill.sources.documents.paragraphs import PartKind, joined_over_edges, parts_of
from notemill.sources.documents.pdf_apart import MOST_LETTERS, MOST_PAGES, PDF
from notemill.sources.documents.pieces import Page, Piece, body_size
from notemill.sources.documents.running_heads import without_heads
from notemill.sources.draft import Block, Draft, SourceKind
from notemill.sources.markdown_text import escaped, escaped_within, in_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import PurePath

from notemill.sources.documents.paragraphs import Part

_TAIL_BYTES: Final = 2_048
_SCANNED: Final = 0.5
"""A page of pictures, with hardly a word, is a scan: pictures cover this part of it at least."""
_HARDLY_LETTERS: Final = 40
_MOST_NAMED: Final = 12
"""So many different heads, pages and words are named one by one."""
_UNKNOWN: Final = "\ufffd"
_MOST_UNKNOWN: Final = 0.1
_LEVELS: Final = 4
_NO_LETTERS: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_PAGE_NUMBER: Final = re.compile(r"^\W*\d+\W+|\W+\d+\W*$|^\W*[ivxlc]{1,8}\W*$", re.IGNORECASE)


def read(data: bytes, name: PurePath, keys: tuple[str, ...]) -> Draft:
    """Return the draft of a PDF.

    Raises SourceError if it is locked, damaged, too long or without text, MissingExtraError if the
    library is not installed.
    """
    found = read_apart(data, PDF, name.name)
    if fault := found.get("fault"):
        raise SourceError(_fault(str(fault), name.name, found.get("pages", 0)))
    is_cut = b"%%EOF" not in data[-_TAIL_BYTES:]
    return draft_of(found, name, keys, is_cut=is_cut)


def _fault(fault: str, name: str, pages: int) -> str:
    if fault == "password":
        return f"{name} is locked with a password. Save it without one and ingest it again."
    if fault == "pages":
        return f"{name} has {pages:,} pages; the limit is {MOST_PAGES:,}. Split it and ingest the parts."
    if fault == "letters":
        return (
            f"{name} has more than {MOST_LETTERS:,} letters before page {pages:,} ends, which is "
            "the limit. Split it and ingest the parts."
        )
    return f"{name} is damaged or cut off, and cannot be read as a PDF. Get it again."


def draft_of(
    found: Mapping[str, Any], name: PurePath, keys: tuple[str, ...], *, is_cut: bool
) -> Draft:
    """Return the draft of a PDF, from what the adapter found in it; `is_cut` if its end is missing.

    Raises SourceError if it has no text.
    """
    pages = [_page(page) for page in found["pages"] if not page.get("unreadable")]
    if not any(page.pieces for page in pages):
        if any(page.pictured for page in pages):
            raise SourceError(
                f"{name.name} has no text layer: its pages are pictures (a scan). "
                "Run OCR on it, with ocrmypdf for example, and ingest the result."
            )
        raise SourceError(f"{name.name} has no text: all {len(found['pages'])} pages are empty.")
    kept, heads = without_heads(pages)
    read = [replace(page, pieces=pieces) for page, pieces in zip(pages, kept, strict=True)]
    words = Words(piece.text for page in read for piece in page.pieces)
    body = body_size(read)
    parts = joined_over_edges(
        [
            part
            for page in read
            for column in in_order(page)
            for part in parts_of(column, page.number, body, words)
        ],
        words,
    )
    notices = [
        *(["The file seems to be cut off; what could be read of it is here."] if is_cut else []),
        *_notices_of_pages(found["pages"], pages),
        *_notice_of_heads(heads),
        *_notice_of_loss(pages, parts, heads),
    ]
    return Draft(
        kind=SourceKind.DOCUMENT,
        keys=keys,
        source=name.name,
        title=title_of(str(found["title"]), _titles(parts), name.stem),
        method="PDF's text",
        authors=authors_of([str(found["authors"])]),
        language=language_of(str(found["language"])),
        blocks=tuple(_blocks(parts)),
        notices=tuple(notices),
    )


def _page(page: Mapping[str, Any]) -> Page:
    return Page(
        number=page["number"],
        width=page["width"],
        height=page["height"],
        pieces=tuple(_pieces(page["pieces"])),
        pictured=page["pictured"],
        plain=page["plain"],
    )


def _pieces(told: Sequence[Sequence[Any]]) -> Iterator[Piece]:
    """Yield pieces without letters that stand for nothing, such as half an emoji."""
    for order, (text, x0, x1, y, size, bold) in enumerate(told):
        if clean := _NO_LETTERS.sub("", text).strip():
            yield Piece(clean, x0, x1, y, size, bold, order)


def _titles(parts: Sequence[Part]) -> list[str]:
    """Return the headings that may be a title: the first of the largest that come early."""
    first = [part for part in parts if part.page <= parts[0].page + 1]
    headings = [part for part in first if part.kind is PartKind.HEADING]
    largest = max((part.size for part in headings), default=0.0)
    return [part.text for part in headings if part.size >= largest - 0.5][:1]


def _blocks(parts: Sequence[Part]) -> Iterable[Block]:
    sizes = sorted(
        {round(part.size) for part in parts if part.kind is PartKind.HEADING}, reverse=True
    )
    items: list[str] = []
    for at, part in enumerate(parts):
        if part.kind is PartKind.ITEM:
            items.append(f"- {escaped(part.text)}")
            following = parts[at + 1] if at + 1 < len(parts) else None
            if following is None or following.kind is not PartKind.ITEM:
                yield Block("\n".join(items), parts[at + 1 - len(items)].page)
                items = []
        elif markdown := _markdown(part, sizes):
            yield Block(markdown, part.page)


def _markdown(part: Part, sizes: Sequence[int]) -> str:
    if part.kind is PartKind.HEADING:
        level = min(_LEVELS, sizes.index(round(part.size)) + 1)
        return f"{'#' * level} {escaped_within(part.text)}"
    if part.kind is PartKind.TABLE:
        first, *others = (
            f"| {' | '.join(in_cell(escaped_within(cell)) for cell in row)} |" for row in part.rows
        )
        return "\n".join([first, f"|{' --- |' * len(part.rows[0])}", *others])
    if part.kind is PartKind.LINES:
        return "  \n".join(escaped(line) for line in part.text.split("\n"))
    return escaped(part.text)


def _notices_of_pages(told: Sequence[Mapping[str, Any]], pages: Sequence[Page]) -> list[str]:
    """Say which pages are not, or hardly, in the text."""
    notices = []
    broken = [page["number"] for page in told if page.get("unreadable")]
    if broken:
        notices.append(f"{_named(broken)} cannot be read: the file is damaged there.")
    scanned = [
        page.number
        for page in pages
        if page.pictured >= (_SCANNED if page.pieces else 0.02)
        and sum(len(piece.text) for piece in page.pieces) < _HARDLY_LETTERS
    ]
    if scanned:
        notices.append(
            f"{_named(scanned)} without a text layer (pictures or a scan): what stands there is "
            "left out."
        )
    letters = Counter(
        _is_unknown(letter) for page in pages for piece in page.pieces for letter in piece.text
    )
    if letters[True] > _MOST_UNKNOWN * letters.total():
        notices.append(
            "Many letters cannot be told: the fonts of this PDF do not say which letters they draw."
        )
    return notices


def _is_unknown(letter: str) -> bool:
    return letter == _UNKNOWN or "\ue000" <= letter <= "\uf8ff"


def _named(numbers: Sequence[int]) -> str:
    """Name pages: `Page 3`, `Pages 3, 5-9`."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][-1] + 1:
            spans[-1] = [spans[-1][0], number]
        else:
            spans.append([number])
    texts = ["-".join(map(str, span)) for span in spans]
    more = f" and {len(texts) - _MOST_NAMED} more" if len(texts) > _MOST_NAMED else ""
    return f"Page{'s' * (len(numbers) > 1)} {', '.join(texts[:_MOST_NAMED])}{more}"


def _notice_of_heads(heads: Sequence[str]) -> list[str]:
    """Name the running heads that were left out, numbers aside."""
    if not heads:
        return []
    bare = (_PAGE_NUMBER.sub("", head) for head in heads)
    texts = list(dict.fromkeys(head for head in bare if any(map(str.isalpha, head))))
    named = "; ".join(f"“{text}”" for text in texts[:_MOST_NAMED])
    more = f" and {len(texts) - _MOST_NAMED} more like these" if len(texts) > _MOST_NAMED else ""
    return [f"Running heads and page numbers are left out{f': {named}{more}' if texts else ''}."]


def _notice_of_loss(
    pages: Sequence[Page], parts: Sequence[Part], heads: Sequence[str]
) -> list[str]:
    """Compare letters with those of a plain extraction, and say how many are missing."""
    plain = _letters(page.plain for page in pages)
    here = _letters(
        text for part in parts for text in (part.text, *(cell for row in part.rows for cell in row))
    )
    missing = (plain - here - _letters(heads)).total()
    if not missing:
        return []
    return [f"{missing} of {plain.total()} letters of a plain extraction are not in the text."]


def _letters(texts: Iterable[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(letter for letter in text.casefold() if letter.isalnum())
    return counts
