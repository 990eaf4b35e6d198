"""What of a text is missing from the Markdown made of it: measured, not believed; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from notemill.sources.pages.code import is_gutter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

_WORD: Final = re.compile(r"\w+")
_BACKSLASH: Final = re.compile(r"\\(?=[!-/:-@\[-`{-~])")
_MARKS: Final = re.compile(r"\*{1,3}|~~|==|</?su[bp]>|\[\^\d+\]")
_BLANK: Final = re.compile(r"\s+")
_INLINE: Final = frozenset(
    {"a", "abbr", "b", "bdi", "bdo", "code", "em", "font", "i", "ins", "mark", "s", "small", "span"}
    | {"strong", "u", "wbr"}
)
_NOT_TEXT: Final = ("script", "style", "template", "button", "select", "textarea", "svg", "rp")
_MOST_SOUGHT: Final = 2_000
"""How many missing words are looked for as parts of others; each search reads the whole text."""


def plain_text(part: HtmlElement) -> str:
    """Return all text of a part of a page in its order, without regard to how it is laid out."""
    return _BLANK.sub(" ", "".join(_texts(part))).strip()


def _texts(element: HtmlElement) -> Iterator[str]:
    beside = "" if element.tag in _INLINE else " "
    yield f"{beside}{element.text or ''}"
    for child in element:
        if isinstance(child.tag, str) and child.tag not in _NOT_TEXT and not is_gutter(child):
            yield from _texts(child)
        yield child.tail or ""
    yield beside


def missing(text: str, markdown: str) -> list[str]:
    """Return the words of a plain text that are nowhere in Markdown, once each, in their order."""
    plain = _MARKS.sub("", _BACKSLASH.sub("", markdown)).casefold()
    known = set(_WORD.findall(plain)) | set(_WORD.findall(markdown.casefold()))
    sought = dict.fromkeys(_WORD.findall(text.casefold()))
    absent = [word for word in sought if word not in known]
    if not absent:
        return []
    # Words that run together in one of the two are not missing.
    joined = "".join(_WORD.findall(plain))
    return [word for word in absent[:_MOST_SOUGHT] if word not in joined] + absent[_MOST_SOUGHT:]


def share_missing(text: str, markdown: str) -> float:
    """Return how much of a text's running words is not in Markdown, from 0 to 1."""
    words = _WORD.findall(text.casefold())
    absent = set(missing(text, markdown))
    return sum(word in absent for word in words) / len(words) if words else 0.0
