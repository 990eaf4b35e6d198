"""What feedparser leaves out of an entry or mixes up, from the elements of the feed themselves.

feedparser keeps the last of several `podcast:transcript`, drops Podlove's chapters, and takes a guid
for a link. Only elements and attributes are read here: no entity is replaced and nothing is loaded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin

from notemill.markup.lines import one_line
from notemill.sources.captions.numbers import seconds
from notemill.sources.draft import Chapter
from notemill.sources.feeds.model import TranscriptLink

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from lxml.etree import _Element

_MOST_TRANSCRIPTS: Final = 50
_MOST_CHAPTERS: Final = 1_000
_MOST_LETTERS: Final = 2_000
_HTTP: Final = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_DECLARATION: Final = re.compile(r"\s*<\?xml[^>]{0,200}\?>")
_ENTRIES: Final = frozenset({"item", "entry"})
_FEEDS: Final = frozenset({"channel", "feed"})


@dataclass(frozen=True, slots=True)
class Elements:
    """What the elements of one entry say."""

    guid: str = ""
    page: str = ""
    recording: str = ""
    recording_type: str = ""
    written: str = ""
    """When it was published, as its publisher wrote it."""
    transcripts: tuple[TranscriptLink, ...] = ()
    chapters_address: str = ""
    chapters: tuple[Chapter, ...] = ()


def read(text: str, address: str) -> tuple[str, list[Elements]]:
    """Return the feed's page, and what each of its entries says; `address` is where the feed lies."""
    from lxml import etree  # noqa: PLC0415

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=True, encoding="utf-8"
    )
    bare = _DECLARATION.sub("", text, count=1)
    try:
        root = etree.fromstring(bare.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:
        return "", []
    if root is None:
        return "", []
    return _page_of_feed(root, _base(root, address)), [
        _elements(entry, _base(entry, address))
        for entry in root.iter(etree.Element)
        if _name(entry) in _ENTRIES
    ]


def _base(element: _Element, address: str) -> str:
    """Return what relative addresses in an element stand for: its `xml:base`, or the feed's address."""
    try:
        return urljoin(address, str(element.base or "")[:_MOST_LETTERS])
    except ValueError:
        return address


def told_by(entry: Mapping[str, Any]) -> Elements:
    """Return what feedparser says of an entry whose elements cannot be read."""
    recordings = [one for one in entry.get("enclosures") or [] if one.get("href")]
    recording = recordings[0] if recordings else {}
    return Elements(
        guid=str(entry.get("id", "")),
        page=_address(str(entry.get("link", "")), ""),
        recording=_address(str(recording.get("href", "")), ""),
        recording_type=str(recording.get("type", "")).lower(),
        written=str(entry.get("published", "")),
    )


def _page_of_feed(root: _Element, address: str) -> str:
    feed = next((one for one in root.iter("{*}channel", "{*}feed") if _name(one) in _FEEDS), root)
    return _page(list(feed), address)


def _elements(entry: _Element, base: str) -> Elements:
    children = list(islice(_children(entry), _MOST_LETTERS))
    recording, kind = _recording(children, base)
    return Elements(
        guid=_first(children, "guid", "id") or entry.get(f"{{{_RDF}}}about", ""),
        page=_page(children, base),
        recording=recording,
        recording_type=kind,
        written=_first(children, "pubDate", "published", "issued", "date"),
        transcripts=tuple(_transcripts(children, base)),
        chapters_address=next(
            (
                found
                for one in _podcast(children, "chapters")
                if (found := _address(one.get("url", ""), base))
            ),
            "",
        ),
        chapters=tuple(_chapters(children)),
    )


_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def _children(entry: _Element) -> Iterator[_Element]:
    return (one for one in entry if isinstance(one.tag, str))


def _name(element: _Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _text(element: _Element) -> str:
    return "".join(islice(map(str, element.itertext()), 100))[:_MOST_LETTERS].strip()


def _first(children: Iterable[_Element], *names: str) -> str:
    """Return the text of the first element with one of these names, tried in their order."""
    found = {name: _text(one) for one in reversed(list(children)) if (name := _name(one)) in names}
    return next((found[name] for name in names if found.get(name)), "")


def _page(children: Iterable[_Element], base: str) -> str:
    """Return the address of a page: the text of RSS's `link`, or the attribute of Atom's."""
    for one in children:
        if not isinstance(one.tag, str) or _name(one) != "link":
            continue
        if one.get("href") is None:
            written = _text(one)
        elif one.get("rel", "alternate") == "alternate":
            written = one.get("href", "")
        else:
            continue
        if found := _address(written, base):
            return found
    return ""


def _recording(children: Iterable[_Element], base: str) -> tuple[str, str]:
    """Return the address and media type of an entry's recording, the first that it has."""
    for one in children:
        name = _name(one)
        is_atom = name == "link" and one.get("rel") == "enclosure"
        if name == "enclosure" or is_atom:
            written = one.get("href", "") if is_atom else one.get("url", "")
            kind = one.get("type", "").lower()
            if (found := _address(written, base)) and not kind.startswith("image/"):
                return found, kind
    return "", ""


def _podcast(children: Iterable[_Element], name: str) -> Iterator[_Element]:
    """Yield the elements of the podcast namespace, which has two addresses."""
    return (one for one in children if _name(one) == name and "podcast" in str(one.tag).lower())


def _transcripts(children: Iterable[_Element], base: str) -> Iterator[TranscriptLink]:
    for one in islice(_podcast(children, "transcript"), _MOST_TRANSCRIPTS):
        if address := _address(one.get("url", ""), base):
            yield TranscriptLink(
                address=address,
                type=one.get("type", "").partition(";")[0].strip().lower(),
                language=one.get("language", "").strip(),
                rel=one.get("rel", "").strip().lower(),
            )


def _chapters(children: Iterable[_Element]) -> Iterator[Chapter]:
    """Yield the chapters that the feed itself has (podlove.org/simple-chapters)."""
    for one in children:
        if _name(one) != "chapters" or "simple-chapters" not in str(one.tag):
            continue
        for chapter in islice(_children(one), _MOST_CHAPTERS):
            start = seconds(chapter.get("start", ""))
            title = one_line(chapter.get("title", "")[:_MOST_LETTERS])
            if start is not None and title:
                yield Chapter(title, start)


def _address(written: str, base: str) -> str:
    """Return a web address that was written in a feed, joined to the feed's own, or ''."""
    try:
        joined = urljoin(base, written.strip()[:_MOST_LETTERS])
    except ValueError:
        return ""
    return joined if _HTTP.fullmatch(joined) else ""
