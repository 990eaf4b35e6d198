"""Which part of a page is its article: by the page's own elements, and by an independent reader.

trafilatura's extraction (https://aclanthology.org/2021.acl-demo.15) is sound in choosing and lossy in
what it keeps. So its words are found again in the page, and the element that holds them is taken
whole. Where nothing was found the densest running text decides, as in Readability
(https://github.com/mozilla/readability).
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.sources.pages.parsing import elements, named

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_WORD: Final = re.compile(r"\w+")
_TEXT_TAGS: Final = ("p", "li", "td", "th", "dd", "dt", "pre", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "div", "section", "figcaption", "span", "font", "center")  # fmt: skip
_BODY_NAME: Final = re.compile(
    r"(?:^|\s)(?:article-?(?:body|content|text)|post-?(?:body|content|text)|entry-?content|story-?body"
    r"|mw-parser-output|markdown-body|e-content|content-?body|page-?content|main-?content|post|entry)(?=\s|$)"
)
_MOST: Final = 0.9
_ENOUGH: Final = 0.6
_ANOTHER: Final = 0.15
_LEAST_CHARS: Final = 25
_LINK_SHARE: Final = 0.6


@dataclass(frozen=True, slots=True)
class Choice:
    """The part of a page that is its article, and the text of it by another reader ('' if none)."""

    part: HtmlElement
    second: str


def choose(root: HtmlElement, address: str) -> Choice:
    """Return which part of a cleaned page is its article; all of `body` where nothing tells."""
    body = next(root.iter("body"), root)
    second = _by_another(root, address)
    weights = _weights(body, second) if second else _density(body)
    own = _own_part(body, weights)
    if own is not None:
        return Choice(own, second)
    return Choice(_deepest(body, weights), second)


def _by_another(root: HtmlElement, address: str) -> str:
    """Return the article's text as trafilatura reads it, '' where it finds none."""
    import trafilatura  # noqa: PLC0415  # heavy, and needed for pages alone
    from lxml import etree  # noqa: PLC0415

    copy = etree.fromstring(etree.tostring(root), parser=etree.HTMLParser(huge_tree=True))
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    try:
        text = trafilatura.extract(
            copy,
            url=address or None,
            include_comments=False,
            include_tables=True,
            with_metadata=False,
        )
    except Exception:  # noqa: BLE001  # whatever it meets in a page: it is a second opinion
        return ""
    return text or ""


def _own_blocks(body: HtmlElement) -> dict[HtmlElement, str]:
    """Return the text that stands directly in each block, without that of blocks within it."""
    texts: dict[HtmlElement, list[str]] = {}
    block_of: dict[HtmlElement, HtmlElement] = {}
    for one in body.iter():
        parent = one.getparent() if one is not body else None
        around = block_of.get(parent, body) if parent is not None else body
        if one.tail and one is not body:
            texts.setdefault(around, []).append(one.tail)
        if not isinstance(one.tag, str):
            continue
        block_of[one] = one if one.tag in _TEXT_TAGS and one.tag not in ("span", "font") else around
        if one.text:
            texts.setdefault(block_of[one], []).append(one.text)
    return {one: " ".join(parts) for one, parts in texts.items() if any(map(str.strip, parts))}


def _weights(body: HtmlElement, second: str) -> dict[HtmlElement, float]:
    """Return for each block how much of the other reader's text it holds, in characters."""
    known = {_key(line) for line in second.split("\n")} - {""}
    words = set(_WORD.findall(second.lower()))
    weights: dict[HtmlElement, float] = {}
    for one, text in _own_blocks(body).items():
        found = _WORD.findall(text.lower())
        if not found:
            continue
        share = sum(word in words for word in found) / len(found)
        if _key(text) in known or (share > _MOST and len(text) > _LEAST_CHARS):
            weights[one] = float(sum(map(len, found)))
    return weights


def _key(text: str) -> str:
    return "".join(_WORD.findall(text.lower()))


def _density(body: HtmlElement) -> dict[HtmlElement, float]:
    """Return for each block how much running text it holds, outside of links."""
    weights: dict[HtmlElement, float] = {}
    for one, text in _own_blocks(body).items():
        linked = sum(len(link.text_content()) for link in one.iter("a"))
        if len(text) > _LEAST_CHARS and linked < _LINK_SHARE * len(text):
            weights[one] = float(len(text) - linked)
    return weights


def _sums(weights: dict[HtmlElement, float]) -> dict[HtmlElement, float]:
    sums: dict[HtmlElement, float] = {}
    for one, weight in weights.items():
        sums[one] = sums.get(one, 0.0) + weight
        for above in one.iterancestors():
            sums[above] = sums.get(above, 0.0) + weight
    return sums


def _own_part(body: HtmlElement, weights: dict[HtmlElement, float]) -> HtmlElement | None:
    """Return the element that the page itself calls its article, if it holds enough of the text."""
    sums = _sums(weights)
    total = sums.get(body, 0.0) or 1.0
    for candidates in (
        [one for one in elements(body) if "articlebody" in (one.get("itemprop") or "").lower()],
        [
            one
            for one in elements(body, "article")
            if next(one.iterancestors("article"), None) is None
        ],
        [one for one in elements(body, "main") if one is not body],
        [one for one in elements(body) if (one.get("role") or "").lower() in ("main", "article")],
        [one for one in elements(body) if _BODY_NAME.search(named(one))],
    ):
        ranked = sorted((sums.get(one, 0.0) for one in candidates), reverse=True)
        if not ranked or ranked[0] < _ENOUGH * total:
            continue
        # Several of some length, none within another, are parts of one text.
        if len(ranked) > 1 and ranked[1] > _ANOTHER * total and not _are_nested(candidates):
            continue
        return max(candidates, key=lambda one: sums.get(one, 0.0))
    return None


def _are_nested(candidates: list[HtmlElement]) -> bool:
    found = set(candidates)
    return any(above in found for one in candidates for above in one.iterancestors())


def _deepest(body: HtmlElement, weights: dict[HtmlElement, float]) -> HtmlElement:
    """Return the deepest element that holds nearly all of the text that was found."""
    sums = _sums(weights)
    total = sums.get(body, 0.0)
    part = body
    while total:
        within = max(part, key=lambda one: sums.get(one, 0.0), default=None)
        if within is None or sums.get(within, 0.0) < _MOST * total or not _is_part(within):
            break
        part = within
    return part


def _is_part(element: HtmlElement) -> bool:
    """Tell whether an element may hold an article: one paragraph of it is never all that is read."""
    return isinstance(element.tag, str) and element.tag not in ("p", "li", "tr", "span", "a", "pre", "table", "ul", "ol", "blockquote", "h1", "h2", "h3", "tbody")  # fmt: skip
