"""Lines that say who wrote an article and when: its properties say so, too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from notemill.sources.pages.metadata import day_of
from notemill.sources.pages.parsing import elements, is_within, named, remove, words_in

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from notemill.sources.pages.metadata import Metadata

_NAME: Final = re.compile(
    r"(?:^|\s)(?:(?:entry|post|article|story)[-_]*(?:meta|info|byline|date|details)|by-?line|posted-on"
    r"|date-?line|p-author|dt-published|pub-?date|publish(?:ed)?-date)(?=\s|$)"
)
_CHARS: Final = 200
_IN_TEXT: Final = ("p", "li", "td", "blockquote", "h1", "h2", "h3")


def drop_bylines(part: HtmlElement, said: Metadata) -> None:
    """Take the lines out of an article whose names and day are known as properties."""
    for one in list(elements(part, "div", "p", "span", "ul", "time", "address")):
        if one is part or len(one.text_content()) > _CHARS:
            continue
        text = words_in(one)
        if one.tag == "time":
            alone = not is_within(one, *_IN_TEXT)
            day = day_of(one.get("datetime") or text)
            if alone and said.published and day == said.published:
                remove(one)
        elif _NAME.search(named(one)):
            has_name = any(name in text for name in said.authors)
            has_day = said.published and said.published in (
                day_of(text),
                *(day_of(time.get("datetime") or "") for time in one.iter("time")),
            )
            if has_name or has_day:
                remove(one)
