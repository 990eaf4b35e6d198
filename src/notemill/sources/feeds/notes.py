"""Show notes and texts of entries, in HTML or plain text, as blocks; pure."""

from __future__ import annotations

import re
from typing import Final

from notemill.sources.draft import Block
from notemill.sources.fragments import blocks_of
from notemill.sources.markdown_text import escaped

_MOST_LETTERS: Final = 2_000_000
_IS_HTML: Final = re.compile(r"</?[a-zA-Z][^<>]*>|&(?:#\d{1,6}|[a-zA-Z]{2,10});")
_BETWEEN_PARAGRAPHS: Final = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")


def blocks_of_notes(text: str, base: str) -> tuple[Block, ...]:
    """Return an entry's text as blocks; what has neither tags nor entities is plain text."""
    text = text[:_MOST_LETTERS].replace("\r\n", "\n")
    if _IS_HTML.search(text):
        return blocks_of(text, base)
    paragraphs = _BETWEEN_PARAGRAPHS.split(text)
    return tuple(Block(escaped(one.strip())) for one in paragraphs if one.strip())
