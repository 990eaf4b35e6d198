"""The plain words of a text whose regions are known; pure. Every pass is linear."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from notemill.markup.elements import (
    BLOCK_ID,
    MARKDOWN_LINK,
    WIKILINK,
    without_ending,
)
from notemill.markup.masks import RegionKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from notemill.markup.masks import Region

_EMBED = re.compile(f"!{WIKILINK.pattern}")
_LABELED = re.compile(f"!?{MARKDOWN_LINK.pattern}")
_LINE_MARKS = re.compile(
    r"^(?:[ \t]*+>)*+[ \t]*+"
    r"(?:\[![^\]\n]*+\][+-]?[ \t]*+"  # the head of a callout
    r"|#{1,6}[ \t]++"
    r"|(?:[-*+]|\d{1,9}[.)])[ \t]++(?:\[.\][ \t]++)?"
    r"|\[\^[^\]\n]++\]:[ \t]*+"
    r"|(?:[-*_=][ \t]*+){3,}+$"
    r"|\|?(?:[ \t]*+:?-++:?[ \t]*+\|)++[ \t]*+(?::?-++:?[ \t]*+)?$)?",
    re.MULTILINE,
)
_FIELD = re.compile(r"^([ \t]*+)[\w][\w \t/-]{0,60}+::[ \t]*+", re.MULTILINE)
_INLINE_FIELD = re.compile(r"[\[(][\w][\w \t/-]{0,60}+::[ \t]*+([^\[\]()\n]*+)[\])]")
_FOOTNOTE = re.compile(r"\[\^[^\[\]\n]++\]")
# Each begins with the mark itself and looks back from behind it: so it is found by one character.
_EMPHASIS = re.compile(
    r"\*(?<!\\\*)\*{0,2}|~(?<!\\~)~|=(?<!\\=)="
    r"|_(?<!\\_)(?:(?<!\w_)_{0,2}(?=\w)|(?<=[\w.,!?]_)_{0,2}(?!\w))"
)
_HASH = re.compile(r"#(?<!\S#)(?=[^\s#])")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")


def words_of(text: str, regions: Sequence[Region]) -> str:
    """Return the words of a text, whose lines end with line feeds; links become their labels.

    The text of code spans is kept; code blocks, comments, math, HTML tags, Templater commands,
    embeds, Dataview keys and block ids are removed.
    """
    if regions:
        text = "".join(_prose(text, regions))
    text = _with_labels(text)
    if "^" in text:
        text = BLOCK_ID.sub("", text)
    if "::" in text:
        text = _INLINE_FIELD.sub(r"\1", _FIELD.sub(r"\1", text))
    text = _LINE_MARKS.sub("", text)
    if "[^" in text:
        text = _FOOTNOTE.sub("", text)
    if any(mark in text for mark in "*_~="):
        text = _EMPHASIS.sub("", text)
    if "#" in text:
        text = _HASH.sub("", text)
    text = text.replace("|", " ")
    if "\\" in text:
        text = _ESCAPE.sub(r"\1", text)
    text = "\n".join(line.strip() for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", text).strip()


def _prose(text: str, regions: Sequence[Region]) -> Iterator[str]:
    at = 0
    for region in regions:
        yield text[at : region.start]
        at = region.end
        if region.kind is RegionKind.CODE and text[region.start] == "`":
            yield text[region.start : region.end].strip("`").strip()
        elif region.kind is RegionKind.URL:
            # As a link's target it is needed to tell the link; alone it says nothing in words.
            yield text[region.start : region.end] if text[region.start - 1] == "(" else ""
        elif region.kind is RegionKind.FENCE:
            yield "\n"
    yield text[at:]


def _with_labels(text: str) -> str:
    """Return a text with links as their labels, without embeds."""
    if "![[" in text:
        text = _EMBED.sub("", text)
    if "[[" in text:
        text = WIKILINK.sub(_wikilink_words, text)
    return _LABELED.sub(r"\1", text) if "](" in text else text


def _wikilink_words(match: re.Match[str]) -> str:
    label = match[2].lstrip("\\")[1:].strip()
    if label:
        return label
    path, _, subpath = match[1].partition("#")
    name = without_ending(path.strip()).rpartition("/")[2]
    return name or subpath.strip().lstrip("^")
