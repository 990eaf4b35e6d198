"""Office documents as Markdown, with what their reader left out named."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from notemill.errors import SourceError
from notemill.sources.documents import slides
from notemill.sources.documents.admitting import Format
from notemill.sources.documents.naming import authors_of, language_of, title_of
from notemill.sources.documents.native import read_apart
from notemill.sources.documents.packed import Pack, local_name
from notemill.sources.draft import Draft, SourceKind
from notemill.sources.fragments import blocks_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import PurePath

    from lxml.etree import _Element

    from notemill.sources.draft import Block

_NAMES: Final = {
    Format.DOCX: "Word",
    Format.PPTX: "PowerPoint",
    Format.XLSX: "Excel",
    Format.ODT: "OpenDocument",
    Format.ODS: "OpenDocument",
    Format.RTF: "RTF",
}
_TEXT_PARTS: Final = re.compile(
    r"word/(?:document|footnotes|endnotes)\.xml|xl/sharedStrings\.xml|content\.xml"
)
_OPEN_DOCUMENT: Final = "content.xml"
_APART: Final = frozenset(
    ("p", "h", "si", "is", "br", "tab", "cr", "line-break", "s", "note", "ptab", "noBreakHyphen")
)
"""What parts two words that no blank parts."""
_NO_TEXT: Final = frozenset(
    ("Fallback", "tracked-changes", "annotation", "rPh", "sequence-decls", "note-citation")
)
"""What stands for a text a second time, or is no part of it."""
_METADATA: Final = ("docProps/core.xml", "meta.xml")
_WORD: Final = re.compile(r"[^\W_]+")
_HEADING: Final = re.compile(r"#{1,6} (.+)")
_MOST_NAMED: Final = 10
_MOST_SOUGHT: Final = 500
_NOT_WORDS: Final = re.compile(r"\]\([^()\s]{0,2000}\)|\[\^\d{1,5}\]")
"""Where links lead, and marks of notes."""
_REFERENCE: Final = re.compile(r"\[\^\d{1,5}\]")
_OWN_REFERENCE: Final = re.compile(
    r'<sup class="footnote-ref"><a href="#fn-\d{1,5}"[^<>]{0,200}>\d{1,5}</a></sup>'
)
_NOTE: Final = re.compile(r'<li id="fn-(\d{1,5})">')


def read(data: bytes, kind: Format, name: PurePath, keys: tuple[str, ...]) -> Draft:
    """Return the draft of an office document.

    Raises SourceError if it is damaged, locked or without text, MissingExtraError if its library is
    not installed.
    """
    plain: Counter[str] = Counter()
    told: Mapping[str, Any] = {}
    if kind is Format.RTF:
        told = found = read_apart(data, kind, name.name)
    else:
        with Pack(data, name.name) as pack:
            told, plain = _metadata(pack), _words_in(pack)
            found = (
                {"html": slides.html_of(pack)}
                if kind is Format.PPTX
                else read_apart(data, kind, name.name)
            )
    if "html" not in found:
        raise SourceError(
            f"{name.name} is damaged, or locked with a password, and cannot be read. Open it in its "
            "program and save it anew, without a password."
        )
    blocks = blocks_of(_with_notes(str(found["html"])))
    if not blocks:
        raise SourceError(f"{name.name} has no text: there is nothing to read.")
    headings = (match[1] for block in blocks if (match := _HEADING.fullmatch(block.markdown)))
    return Draft(
        kind=SourceKind.DOCUMENT,
        keys=keys,
        source=name.name,
        title=title_of(str(told.get("title", "")), headings, name.stem),
        method=_NAMES[kind],
        authors=authors_of(told.get("authors", ())),
        language=language_of(str(told.get("language", ""))),
        blocks=blocks,
        notices=tuple(_notice_of_loss(plain, blocks)),
    )


def _with_notes(html: str) -> str:
    """Set kreuzberg's references to notes where they belong.

    It writes `[^3]` at the place, and a link to the note at the beginning or end of its paragraph.
    """
    notes = _NOTE.findall(html)
    places = _REFERENCE.findall(html)
    if not notes or len(notes) != len(places):
        return html
    following = iter(notes)
    return _REFERENCE.sub(
        lambda _: (
            f'<sup><a href="#fn-{(note := next(following))}" id="ref-{note}">{note}</a></sup>'
        ),
        _OWN_REFERENCE.sub("", html),
    )


def _metadata(pack: Pack) -> dict[str, Any]:
    """Return title, authors and language as the document's properties have them."""
    part = next((one for one in _METADATA if one in pack), None)
    texts: dict[str, list[str]] = {}
    if part:
        for one in pack.tree(part).iter():
            texts.setdefault(local_name(one), []).append("".join(one.itertext()).strip())
    authors = texts.get("initial-creator") or texts.get("creator") or []
    return {
        "title": next(iter(texts.get("title", ())), ""),
        "authors": authors,
        "language": next(iter(texts.get("language", ())), ""),
    }


def _words_in(pack: Pack) -> Counter[str]:
    """Return the words of a document by a plain extraction: the texts of its XML."""
    words: Counter[str] = Counter()
    for part in pack.parts:
        if _TEXT_PARTS.fullmatch(part):
            words.update(_words(_plain(pack.tree(part), mixed=part == _OPEN_DOCUMENT)))
    return words


def _plain(root: _Element, *, mixed: bool) -> str:
    """Return the text of some XML; where it is not `mixed`, text stands in elements `t` alone."""
    from lxml import etree  # noqa: PLC0415

    pieces: list[str] = []
    left_out = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        name = local_name(element)
        is_start = event == "start"
        if name in _NO_TEXT:
            left_out += 1 if is_start else -1
        if name in _APART:
            pieces.append(" ")
        if not left_out and (mixed or (is_start and name == "t")):
            pieces.append((element.text if is_start else element.tail) or "")
    return "".join(pieces)


def _words(text: str) -> Iterable[str]:
    return (word.casefold() for word in _WORD.findall(text))


def _notice_of_loss(plain: Counter[str], blocks: Iterable[Block]) -> Iterator[str]:
    """Name the words of a plain extraction that are in no block."""
    text = _NOT_WORDS.sub("", " ".join(block.markdown for block in blocks)).replace("\\", "")
    missing = plain - Counter(_words(text))
    if not missing:
        return
    # Signs of Markdown may stand within a word, as where half of it is bold.
    letters = "".join(_words(text))
    for word in list(missing)[:_MOST_SOUGHT]:
        if word in letters:
            del missing[word]
    if count := missing.total():
        named = ", ".join(list(missing)[:_MOST_NAMED])
        yield (
            f"{count:,} of {plain.total():,} words of the document are not in the text, "
            f"among them: {named}."
        )
