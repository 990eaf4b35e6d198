"""The values of a feed as plain text: feedparser tells them, and publishers write what they like."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any, Final

from notemill.markup.lines import one_line
from notemill.sources.address import clean_address

_MOST_LETTERS: Final = 2_000
_MOST_AUTHORS: Final = 20
_TAG: Final = re.compile(
    r"</?(?:a|abbr|b|big|br|cite|code|div|em|font|i|p|q|s|small|span|strong|sub|sup|u)\b[^<>]{0,500}>",
    re.IGNORECASE,
)
_CODE: Final = re.compile(r"[a-zA-Z]{2,3}(?=$|[-_])")
_MAIL: Final = re.compile(r"\S+@\S+\.\S+")


def plain(told: Mapping[str, Any], name: str) -> str:
    """Return a value on one line, without tags and entities: publishers escape them once too often.

    Only tags of running text are taken out: a title may speak of `<table>`.
    """
    return plain_text(str(told.get(name) or ""))


def plain_text(written: str) -> str:
    """Return a text on one line, without tags and entities."""
    return one_line(html.unescape(_TAG.sub("", written[:_MOST_LETTERS])))


def authors_of(told: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the people that an entry or a feed names as its authors, without their addresses."""
    names: dict[str, None] = {}
    found = told.get("authors")
    listed = found if isinstance(found, list) else []
    for one in [*listed[:_MOST_AUTHORS], {"name": told.get("author", "")}]:
        name = one.get("name") if isinstance(one, Mapping) else ""
        clean = _MAIL.sub("", plain_text(name if isinstance(name, str) else "")).strip(" ()<>,;")
        if clean and not any(clean in known for known in names):
            names.setdefault(clean)
    return tuple(names)


def language_of(told: object) -> str:
    """Return a language as its code (`de`), or ''."""
    found = _CODE.match(told.strip()) if isinstance(told, str) else None
    return found[0].lower() if found else ""


def image_of(told: Mapping[str, Any]) -> str:
    """Return the address of a picture, or ''."""
    image = told.get("image")
    found = image.get("href") or image.get("url") if isinstance(image, Mapping) else ""
    return clean_address(found) if isinstance(found, str) else ""
