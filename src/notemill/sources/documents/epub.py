"""An EPUB as Markdown: its chapters in the order of the spine, its people by what they did.

EPUB 3.3, https://www.w3.org/TR/epub-33/; the metadata also as EPUB 2 has it.
"""

from __future__ import annotations

import html
import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from notemill.errors import SourceError
from notemill.sources.documents.naming import authors_of, day_of, language_of, title_of
from notemill.sources.documents.packed import Pack, attribute, local_name
from notemill.sources.draft import Draft, SourceKind
from notemill.sources.fragments import blocks_of
from notemill.sources.pages.parsing import parsed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import PurePath

    from lxml.etree import _Element

_CONTAINER: Final = "META-INF/container.xml"
_ENCRYPTION: Final = "META-INF/encryption.xml"
_MOST_CHAPTERS: Final = 5_000
_MOST_LETTERS: Final = 60_000_000
_TEXTS: Final = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")
_AUTHOR: Final = "aut"
_ENTITY: Final = re.compile(r"&([a-zA-Z][a-zA-Z0-9]{1,30});")
_OF_XML: Final = frozenset(("amp", "lt", "gt", "quot", "apos"))
_ENCODING: Final = re.compile(rb"encoding\s*=\s*[\"']([\w.-]{1,40})[\"']")
_DECLARED: Final = re.compile(r"\s*(?:<\?xml[^>]{0,200}\?>)?\s*(?:<!DOCTYPE[^>\[]{0,500}>)?")
_EMPTY_ELEMENT: Final = re.compile(
    r"<(?!(?:br|hr|img|wbr|col|input|link|meta)\b)([a-zA-Z][\w:-]{0,40})((?:\s[^<>]{0,2000})?)/>",
    re.IGNORECASE,
)
"""What is empty in XHTML and would begin in HTML: `<a id="x"/>`."""
_ROLES: Final = {
    "noteref": "doc-noteref",
    "footnote": "doc-footnote",
    "endnote": "doc-footnote",
    "rearnote": "doc-footnote",
    "note": "doc-footnote",
}
"""How pages name what EPUB names in `epub:type` (https://www.w3.org/TR/epub-ssv-11/)."""
_HEADING: Final = re.compile(r"#{1,6} (.+)")


@dataclass(frozen=True, slots=True)
class _Book:
    """The package of a book: its metadata, and the parts with its text in their order."""

    metadata: Sequence[_Element]
    chapters: tuple[str, ...]
    is_ordered: bool
    """Whether the book says in which order they are read."""


def read(data: bytes, name: PurePath, keys: tuple[str, ...]) -> Draft:
    """Return the draft of an EPUB. Raises SourceError if it is damaged, locked or without text."""
    with Pack(data, name.name) as pack:
        book = _book(pack)
        _check_is_open(pack, book.chapters)
        merged, missing = _merged(pack, book.chapters)
    blocks = blocks_of(merged)
    if not blocks:
        raise SourceError(f"{name.name} has no text: its chapters are empty, or pictures.")
    headings = (found[1] for block in blocks if (found := _HEADING.fullmatch(block.markdown)))
    notices = []
    if not book.is_ordered:
        notices.append("The book does not say in which order its parts are read.")
    if missing:
        notices.append(f"Parts that the book names are not in the file: {', '.join(missing[:5])}.")
    return Draft(
        kind=SourceKind.DOCUMENT,
        keys=keys,
        source=name.name,
        title=title_of(_title(book.metadata), headings, name.stem),
        method="EPUB",
        authors=authors_of(_authors(book.metadata)),
        published=_published(book.metadata),
        language=language_of(next(_texts(book.metadata, "language"), "")),
        description=_description(book.metadata),
        blocks=blocks,
        notices=tuple(notices),
    )


def _book(pack: Pack) -> _Book:
    path = next(
        (
            attribute(one, "full-path")
            for one in pack.tree(_CONTAINER).iter("{*}rootfile")
            if attribute(one, "full-path") in pack
        ),
        None,
    ) if _CONTAINER in pack else None  # fmt: skip
    path = path or next((part for part in pack.parts if part.lower().endswith(".opf")), None)
    if path is None:
        raise pack.damaged()
    package = pack.tree(path)
    folder = posixpath.dirname(path)
    items = {one.get("id", ""): one for one in package.iter("{*}item")}
    texts = {
        key: _within(folder, one.get("href", ""))
        for key, one in items.items()
        if one.get("media-type", "").lower() in _TEXTS
        and "nav" not in one.get("properties", "").split()
    }
    spine = [one for one in package.iter("{*}itemref") if one.get("idref", "") in texts]
    # What is set apart (linear="no") is read last: notes often are, and nothing is lost.
    spine.sort(key=lambda one: one.get("linear", "yes").lower() == "no")
    order = dict.fromkeys(texts[one.get("idref", "")] for one in spine[:_MOST_CHAPTERS])
    metadata = [
        child for one in package.iter("{*}metadata") for child in one.iter() if local_name(child)
    ]
    return _Book(metadata, tuple(order or dict.fromkeys(texts.values())), bool(order))


def _within(folder: str, href: str) -> str:
    """Return the name of the part that an address within a folder means."""
    try:
        path = unquote(urlsplit(href).path)
    except ValueError:
        return ""
    return posixpath.normpath(posixpath.join(folder, path)).lstrip("/")


def _check_is_open(pack: Pack, chapters: Iterable[str]) -> None:
    """Raise SourceError if chapters are encrypted; fonts may be."""
    if _ENCRYPTION not in pack:
        return
    locked = {
        unquote(attribute(one, "URI")) for one in pack.tree(_ENCRYPTION).iter("{*}CipherReference")
    }
    if locked.intersection(chapters):
        raise SourceError(
            f"{pack.name} is locked (copy protection): its text is encrypted, and cannot be read."
        )


def _merged(pack: Pack, chapters: Sequence[str]) -> tuple[str, list[str]]:
    """Return all chapters as one page, where notes lead to their texts, and the missing ones."""
    places = {chapter: at for at, chapter in enumerate(chapters)}
    pages: list[str] = []
    missing: list[str] = []
    letters = 0
    for chapter, at in places.items():
        if chapter not in pack:
            missing.append(chapter)
            continue
        pages.append(_chapter(pack.read(chapter), chapter, at, places))
        letters += len(pages[-1])
        if letters > _MOST_LETTERS:
            raise SourceError(
                f"{pack.name} has more than {_MOST_LETTERS / 1e6:,.0f} MB of text, which is the limit."
            )
    return "\n".join(pages), missing


def _chapter(data: bytes, chapter: str, at: int, places: dict[str, int]) -> str:
    """Return a chapter's body as HTML, its ids and the links to them made those of the whole book."""
    from lxml import etree  # noqa: PLC0415

    root = _tree(_ENTITY.sub(_letter, _DECLARED.sub("", _decoded(data), count=1)))
    if root is None:
        return ""
    folder = posixpath.dirname(chapter)
    for element in root.iter(etree.Element):
        if role := next(filter(None, map(_ROLES.get, attribute(element, "type").split())), None):
            element.set("role", role)
        if element.get("id"):
            element.set("id", f"{element.get('id')}-c{at}")
        if element.tag == "a" and (href := element.get("href")):
            element.set("href", _led_to(href, chapter, folder, places))
    body = next(root.iter("body"), root)
    body.tag = "div"
    return str(etree.tostring(body, encoding="unicode", method="html", with_tail=False))


def _tree(text: str) -> _Element | None:
    """Return a chapter as a tree without namespaces; what is no XML is read as browsers read it."""
    from lxml import etree  # noqa: PLC0415

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, encoding="utf-8"
    )
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:
        text = _EMPTY_ELEMENT.sub(r"<\1\2></\1>", text)
        return parsed(text) if text.strip() else None
    for element in root.iter(etree.Element):
        element.tag = local_name(element)
    return root


def _led_to(href: str, chapter: str, folder: str, places: dict[str, int]) -> str:
    """Return where a link leads once all chapters are one page."""
    path, _, place = href.partition("#")
    target = _within(folder, path) if path else chapter
    if target not in places:
        return href
    return f"#{place}-c{places[target]}" if place else ""


def _decoded(data: bytes) -> str:
    """Return XML as text: by its byte order mark, its declaration, or as UTF-8."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    declared = _ENCODING.search(data[:200])
    try:
        return data.decode(declared[1].decode() if declared else "utf-8-sig", "replace")
    except LookupError:
        return data.decode("utf-8-sig", "replace")


def _letter(entity: re.Match[str]) -> str:
    """Return the letter of an entity that XHTML knows and XML does not."""
    return entity[0] if entity[1] in _OF_XML else html.escape(html.unescape(entity[0]))


def _texts(metadata: Iterable[_Element], name: str) -> Iterator[str]:
    return ("".join(one.itertext()).strip() for one in metadata if local_name(one) == name)


def _refined(metadata: Iterable[_Element], element: _Element, name: str) -> str:
    """Return what EPUB 3 says of another element of the metadata, such as the role of a person."""
    target = f"#{element.get('id')}" if element.get("id") else None
    return next(
        (
            "".join(one.itertext()).strip()
            for one in metadata
            if local_name(one) == "meta"
            and one.get("property") == name
            and target is not None
            and one.get("refines") == target
        ),
        "",
    )


def _title(metadata: Sequence[_Element]) -> str:
    """Return the main title, which need not be the first."""
    titles = [one for one in metadata if local_name(one) == "title"]
    main = [one for one in titles if _refined(metadata, one, "title-type") == "main"]
    return next(("".join(one.itertext()).strip() for one in [*main, *titles]), "")


def _authors(metadata: Sequence[_Element]) -> list[str]:
    """Return the creators who are authors: by their role, or all where none has one."""
    creators = [one for one in metadata if local_name(one) == "creator"]
    roles = [
        (_refined(metadata, one, "role") or attribute(one, "role")).lower() for one in creators
    ]
    wanted = {_AUTHOR} if _AUTHOR in roles else {""}
    return [
        "".join(one.itertext()).strip()
        for one, role in zip(creators, roles, strict=True)
        if role in wanted
    ]


def _published(metadata: Iterable[_Element]) -> str:
    """Return the day of publication, where the book has one that is not the day of a change."""
    days = (
        day_of("".join(one.itertext()))
        for one in metadata
        if local_name(one) == "date" and attribute(one, "event") in {"", "publication"}
    )
    return next(filter(None, days), "")


def _description(metadata: Iterable[_Element]) -> str:
    found = next(_texts(metadata, "description"), "")[:5_000]
    return " ".join(html.unescape(re.sub(r"<[^<>]{0,500}>", " ", found)).split())
