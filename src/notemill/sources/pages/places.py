"""Where a page is, and where its links and pictures lead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from notemill.sources.address import canonical_address, clean_address
from notemill.sources.pages.parsing import elements, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

_COMMENT_CHARS: Final = 4_000
_SAVED: Final = re.compile(
    r"saved from url=\(\d{1,6}\)\s*(?P<ie>https?://\S+)"
    r"|SingleFile[^\n]*\n\s*url:\s*(?P<single>https?://\S+)"
    r"|Mirrored from\s+(?P<mirrored>[\w.-]+\.[a-z]{2,}/\S*)\s+by\s+HTTrack",
    re.IGNORECASE,
)
_HOME: Final = re.compile(
    r"/?(?:(?:[a-z]{2}(?:[-_][a-z]{2})?/?)?(?:(?:index|default|home)(?:\.\w+)?)?/?)?"
)
_LEADS: Final = frozenset({"http", "https", "mailto", "tel", "ftp"})
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_DROPPED: Final = str.maketrans("", "", "\t\n\r")
# Where pages keep a picture's address until it is scrolled to.
_LAZY: Final = (
    *("data-src", "data-original", "data-lazy-src", "data-lazy", "data-orig-file"),
    *("data-full-src", "data-hi-res-src", "data-actualsrc", "data-echo", "data-url"),
)
_LAZY_SETS: Final = ("data-srcset", "data-lazy-srcset", "srcset")
_PLACEHOLDER: Final = re.compile(
    r"placeholder|spacer|blank\.|1x1|transparent|loading\.|lazy|pixel\.|/grey\.", re.IGNORECASE
)
_PICTURE: Final = re.compile(r"\s*,?\s*([^\s,]\S*)(?:\s+([\d.]{1,8})[wx])?\s*(?:,|$)")
_SET_CHARS: Final = 20_000
_PIXELS: Final = frozenset({"0", "1", "2"})


@dataclass(frozen=True, slots=True)
class Places:
    """Where a page is: `address` or '' where nobody knows, and `canonical`, the key it is known by.

    `base` is what its relative addresses are relative to.
    """

    address: str
    canonical: str
    base: str

    def led_to(self, href: str | None) -> str:
        """Return where a link leads, '' where it leads to nothing outside of the page as a file."""
        href = (href or "").strip().translate(_DROPPED)
        if not href:
            return ""
        if href.startswith("#"):
            return f"{self.address}{href}" if self.address and len(href) > 1 else ""
        return self._absolute(href, _LEADS)

    def within(self, href: str | None) -> str:
        """Return the id that a link within this page leads to, '' for all other links."""
        href = (href or "").strip()
        page, mark, place = href.partition("#")
        if not mark or not place:
            return ""
        absolute = self._absolute(page, _LEADS) if page else ""
        is_here = not page or absolute in (self.address, self.base, self.canonical)
        return place if is_here and (absolute or not page) else ""

    def picture(self, image: HtmlElement) -> str:
        """Return the address of a picture, '' where it is drawn in the page or counts its readers."""
        if image.get("width") in _PIXELS or image.get("height") in _PIXELS:
            return ""
        candidates = [image.get(name) for name in _LAZY]
        source = image.get("src")
        if source and not _PLACEHOLDER.search(source):
            candidates.append(source)
        sets = [image.get(name) for name in _LAZY_SETS]
        parent = image.getparent()
        if parent is not None and parent.tag == "picture":
            sets += [
                one.get(name) for one in parent.iter("source") for name in ("srcset", "data-srcset")
            ]
        candidates += [_largest(one) for one in sets if one]
        candidates.append(source)
        web = (self._absolute(one.strip(), {"http", "https"}) for one in candidates if one)
        return next(filter(None, web), "")

    def _absolute(self, href: str, schemes: frozenset[str] | set[str]) -> str:
        scheme = _SCHEME.match(href)
        if scheme and scheme[0][:-1].lower() not in schemes:
            return ""
        try:
            absolute = urljoin(self.base, href) if self.base or not scheme else href
            parts = urlsplit(absolute)
        except ValueError:
            return ""
        is_whole = parts.scheme in schemes and bool(
            parts.netloc or parts.scheme in ("mailto", "tel")
        )
        return absolute if is_whole else ""


def places_of(root: HtmlElement, address: str) -> Places:
    """Return where a page is: as fetched from `address`, or as it says of itself where that is ''."""
    known = address or _saved_from(root)
    said = [one for one in _said(root, known) if canonical_address(one)]
    deep = [one for one in said if not _is_home(one)]
    # Some sites name their home page on every page: one key for all of them would merge them.
    canonical = deep[0] if deep else (known if known or not said else "")
    address = known or canonical
    base = _base(root, address or (said[0] if said else ""))
    return Places(clean_address(address), canonical, base)


def _saved_from(root: HtmlElement) -> str:
    """Return the address that a program wrote into the page when it saved it."""
    source = root.get("data-scrapbook-source")
    for meta in elements(root, "meta"):
        if meta.get("name") == "savepage-url":
            source = source or meta.get("content")
    if source and _SCHEME.match(source):
        return one_line(source)
    from lxml import etree  # noqa: PLC0415  # loaded with the page

    above = root.itersiblings(preceding=True)
    for comment in (*above, *root.iter(etree.Comment)):
        if found := _SAVED.search((comment.text or "")[:_COMMENT_CHARS]):
            return found["ie"] or found["single"] or f"https://{found['mirrored']}"
    return ""


def _said(root: HtmlElement, known: str) -> Iterator[str]:
    """Yield the addresses that a page gives itself, the most telling first."""
    for link in elements(root, "link"):
        if "canonical" in (link.get("rel") or "").lower().split():
            yield _joined(known, link.get("href"))
    for meta in elements(root, "meta"):
        if (meta.get("property") or meta.get("name") or "").lower() == "og:url":
            yield _joined(known, meta.get("content"))


def _joined(known: str, href: str | None) -> str:
    try:
        return urljoin(known, one_line(href)) if href else ""
    except ValueError:
        return ""


def _is_home(address: str) -> bool:
    """Tell whether an address is the beginning of a site, or of its part in one language."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return True
    return not parts.query and _HOME.fullmatch(parts.path.lower()) is not None


def _base(root: HtmlElement, address: str) -> str:
    href = next((one.get("href") for one in elements(root, "base") if one.get("href")), "")
    return _joined(address, href) or address


def _largest(sizes: str) -> str:
    """Return the largest picture of a `srcset`."""
    found = [
        (float(size) if size and size.count(".") < 2 and size != "." else 1.0, -place, address)  # noqa: PLR2004
        for place, (address, size) in enumerate(_PICTURE.findall(sizes[:_SET_CHARS]))
    ]
    return max(found)[2].rstrip(",") if found else ""
