"""A note's text with its structure marked: headings, tags and code, as `Reading` found them.

The marks are private use characters, which `normalised` removes from every text first. What nobody
reads (code blocks, comments, display formulas) is left out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from notemill.markup.masks import RegionKind
from notemill.markup.reading import Reading
from notemill.markup.tags import TAG_END

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notemill.markup.masks import Region

READ_CHARS: Final = 60_000
"""What a description needs is near the top; a 20 MB log costs no more than a long article."""
HOLE: Final = "\ufffc"
"""Replaces what cannot be put into words, such as a formula: Unicode's replacement for objects."""
TAG: Final = "\ue0f0"
"""Replaces the `#` of a tag."""
TAG_STOP: Final = "\ue0f7"
"""Follows a tag if the next characters could be read as part of it."""
CODE_BEGIN: Final = "\ue0f8"
CODE_END: Final = "\ue0f9"
_HEADINGS: Final = "\ue0f1\ue0f2\ue0f3\ue0f4\ue0f5\ue0f6"
"""Stand before the text of a heading, by its level."""
MARKS: Final = f"{TAG}{TAG_STOP}{CODE_BEGIN}{CODE_END}{_HEADINGS}"
SHIELD_BASE: Final = 0xE000
"""Added to the code point of a character that is literal, not markup."""
_SHIELDED: Final = {ord(one): SHIELD_BASE + ord(one) for one in "[]()<>*_#$=~|{}\\!^`"}

_UNWANTED: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\ufeff\ue000-\uf8ff\ufff9-\uffff\ud800-\udfff\U000e0000-\U0010ffff]"
)
_GOES_ON: Final = re.compile(rf"[^{TAG_END}]|[`\[!]")
_SIMPLE_MATH: Final = re.compile(r"[\w +=<>-]{1,16}")
_FOR_MACHINES: Final = re.compile(r"\s*<(?:script|style|svg|iframe|pre)\b", re.IGNORECASE)
_HTML_TAG: Final = re.compile(r"</?+[a-zA-Z][^<>\n]*+>")


def normalised(text: str) -> str:
    """Return the start of `text` without invisible characters and with line feeds as line ends."""
    head = text[:READ_CHARS].replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ")
    return _UNWANTED.sub("", head)


def heading_level(text: str) -> int:
    """Return the level of the heading mark that a text begins with, 0 if there is none."""
    return _HEADINGS.find(text[0]) + 1 if text else 0


def marked(text: str) -> str:
    """Return a normalised text with its structure marked."""
    reading = Reading(text)
    parts: list[str] = []
    at = 0
    for start, end, new in sorted(_changes(reading), key=lambda one: one[:2]):
        if start >= at:
            parts += (text[at:start], new)
            at = end
    return "".join([*parts, text[at:]])


def _changes(reading: Reading) -> Iterator[tuple[int, int, str]]:
    """Yield what stands in for which characters; of two that overlap, the first holds."""
    text = reading.text
    for region in reading.regions:
        if region.kind is not RegionKind.URL:
            yield region.start, region.end, _instead(region, text[region.start : region.end])
    for tag in reading.tags:
        # As many characters as before, where it can be: how long a line is tells whether it goes on.
        stop = TAG_STOP if _GOES_ON.match(text, tag.end) else ""
        yield tag.start, tag.end, f"{TAG}{tag.name}{stop}"
    for heading in reading.headings:
        yield heading.marks, _title_start(text, heading.marks), _HEADINGS[heading.level - 1]
        if (underline := text.find("\n", heading.marks, heading.end)) >= 0:
            yield underline, heading.end, ""


def _title_start(text: str, at: int) -> int:
    """Return where the title begins behind the `#` at a place, if there are any."""
    end = at
    while text[end : end + 1] == "#":
        end += 1
    return end


def _instead(region: Region, text: str) -> str:
    """Return what stands in for a region of a text."""
    if region.kind is RegionKind.CODE and text[0] == "`":
        code = text.strip("`").strip().replace("\n", " ").translate(_SHIELDED)
        return f"{CODE_BEGIN}{code}{CODE_END}"
    if region.kind in (RegionKind.FENCE, RegionKind.CODE):
        return "\n"
    if region.kind is RegionKind.TEMPLATE:
        return HOLE
    if region.kind is RegionKind.MATH:
        body = text.strip("$")
        return "\n" if "\n" in body else body if _SIMPLE_MATH.fullmatch(body) else HOLE
    if region.kind is RegionKind.COMMENT:
        return ""
    if _FOR_MACHINES.match(text):
        return "\n"
    # Of a block of HTML the words are read, and nothing in it is markup.
    return _HTML_TAG.sub(" ", text).translate(_SHIELDED) if "\n" in text else text
