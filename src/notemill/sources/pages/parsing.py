"""The text of a page as a tree that is safe to walk: no deeper and no stranger than bounds allow."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from notemill.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

MAX_DEPTH: Final = 150
"""How deep elements are kept nested; what lies deeper is kept as text of the last one."""
# Pages that were saved in one file hold their pictures so; nothing of them is ever read.
_EMBEDDED: Final = re.compile(r"\bdata:[\w/+.;=-]{0,100},[A-Za-z0-9+/=%_-]{100,}")
# The parser takes what follows these for a part of them: it does not know that they hold nothing.
_VOID: Final = re.compile(r"<(source|track|embed)\b([^<>]*?)/?>", re.IGNORECASE)
_VOID_END: Final = re.compile(r"</(?:source|track|embed)\s*>|</?wbr\b[^<>]*>", re.IGNORECASE)
# The parser compares each attribute of an element with all before it.
_LONG_TAG: Final = re.compile(r"<([a-z][^\s/<>]{0,40})\s[^<>]{20000,}>", re.IGNORECASE)
_VALUE: Final = re.compile(r"\"[^\"]*\"|'[^']*'|[\"'].*", re.DOTALL)
_MOST_ATTRIBUTES: Final = 500
_NAME_CHARS: Final = 400
_CONTROLS: Final = dict.fromkeys(
    [*range(9), 11, 12, *range(14, 32), 127, *range(0x80, 0xA0), 0xFFFE, 0xFFFF]
)
_AMP: Final = {
    "amp-img": "img",
    "amp-anim": "img",
    "amp-video": "video",
    "amp-audio": "audio",
    "amp-iframe": "iframe",
    "amp-youtube": "iframe",
}
_BLANK: Final = re.compile(r"\s+")


def parsed(text: str) -> HtmlElement:
    """Return the `html` element of a page. Raises SourceError if the text is blank."""
    from lxml import etree, html  # noqa: PLC0415  # heavy, and needed for pages alone

    text = _EMBEDDED.sub("data:,", text.translate(_CONTROLS))
    text = _LONG_TAG.sub(_bounded, text)
    text = _VOID.sub(r"<\1\2></\1>", _VOID_END.sub("", text))
    parser = html.HTMLParser(encoding="utf-8", huge_tree=True, remove_pis=True)
    try:
        root = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError) as error:
        raise SourceError("the page is empty; open it in a browser and save it") from error
    _flatten(root)
    _open_shadows(root)
    _without_amp(root)
    return root


def words_in(element: HtmlElement) -> str:
    """Return the text of an element on one line."""
    return _BLANK.sub(" ", element.text_content()).strip()


def one_line(text: str | None) -> str:
    """Return a text from an attribute on one line."""
    return _BLANK.sub(" ", text or "").strip()


def remove(element: HtmlElement) -> None:
    """Take an element out of its page; the text behind it stays."""
    if element.getparent() is not None:
        element.drop_tree()


def named(element: HtmlElement) -> str:
    """Return an element's class and id in lower case, and its own name if the page made it up."""
    made_up = element.tag if "-" in element.tag else ""
    name = f"{element.get('class') or ''} {element.get('id') or ''} {made_up}"
    return name[:_NAME_CHARS].strip().lower()


def elements(root: HtmlElement, *tags: str) -> Iterator[HtmlElement]:
    """Iterate over the elements below a root in their order, those of some tags alone."""
    return (one for one in root.iter(*tags) if isinstance(one.tag, str))


def is_within(element: HtmlElement, *tags: str) -> bool:
    """Tell whether an element lies in one of some tags."""
    return next(element.iterancestors(*tags), None) is not None


def _bounded(tag: re.Match[str]) -> str:
    """Return a tag as it is, or without its attributes where these are too many."""
    names = _VALUE.sub("", tag[0]).split()
    return tag[0] if len(names) <= _MOST_ATTRIBUTES else f"<{tag[1]}>"


def _flatten(root: HtmlElement) -> None:
    """Make text of whatever lies deeper than the bound."""
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [child for one in level for child in one if isinstance(child.tag, str)]
        if not level:
            return
    for one in level:
        text = one.text_content()
        for child in list(one):
            one.remove(child)
        one.text = text


def _without_amp(root: HtmlElement) -> None:
    """Give what AMP has names of its own for those of HTML (https://amp.dev/documentation)."""
    for one in list(root.iter(*_AMP)):
        if video := one.get("data-videoid"):
            one.set("src", f"https://www.youtube.com/embed/{video}")
        one.tag = _AMP[one.tag]


def _open_shadows(root: HtmlElement) -> None:
    """Keep what a page draws in a shadow root, as it was saved; other templates are not shown."""
    for template in list(root.iter("template")):
        if template.get("shadowrootmode") or template.get("shadowroot"):
            template.drop_tag()
        else:
            remove(template)
