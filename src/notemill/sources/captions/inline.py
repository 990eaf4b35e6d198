"""Markup within captions: what of it is speech, and who speaks; pure.

Tags are those of WebVTT (https://www.w3.org/TR/webvtt1/#webvtt-caption-or-subtitle-cue-text), those
of HTML that SubRip files use, and the overrides in braces of SubStation Alpha. What only looks like
a tag is text: in `a <Clay> pot` nothing is taken out.
"""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

from notemill.markup.lines import one_line
from notemill.sources.captions.shown import Line

if TYPE_CHECKING:
    from collections.abc import Iterable

WORD_TIME = re.compile(r"<[0-9]{1,4}:[0-9:.,]{2,16}>")
_TAG = re.compile(
    r"<(?P<close>/?)(?P<name>v|c|i|b|u|s|lang|ruby|rt|rp|font|span|em|strong|br|p|div)"
    r"(?P<rest>[.\s][^<>]*)?/?>|<[0-9]{1,4}:[0-9:.,]{2,16}>",
    re.IGNORECASE,
)
_BRACES = re.compile(r"\{(?:\\[^{}\n]{0,200}|[yYcCfFsSpPoO]:[^{}\n]{0,60})\}")
# A hard space and a line break of SubStation Alpha, which ffmpeg leaves; `C:\\home` has none.
_BREAK = re.compile(r"(?<![:\\/])\\[hN]")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def plain_entities(text: str) -> str:
    """Return a text with its entities as letters; an `&` that begins none stays."""
    return _ENTITY.sub(lambda found: unescape(found[0]), text) if "&" in text else text


def lines_in(written: Iterable[str]) -> tuple[Line, ...]:
    """Return the lines of a caption without markup; a line in which two speak becomes two."""
    reader = _Reader()
    for line in written:
        reader.read(line)
    return tuple(reader.lines)


class _Reader:
    """Reads the lines of one caption; whoever begins to speak speaks until another does."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._speaker = ""
        self._in_ruby = False

    def read(self, line: str) -> None:
        if "{" in line:
            line = _BRACES.sub("", line)
        if "\\" in line:
            line = _BREAK.sub(" ", line)
        if "<" not in line:
            self.lines.append(Line(one_line(plain_entities(line)), self._speaker))
            return
        before = len(self.lines)
        at = 0
        text = ""
        for tag in _TAG.finditer(line):
            text += plain_entities(line[at : tag.start()])
            at = tag.end()
            if (tag["name"] or "").lower() == "v":
                self._end(text)
                text = ""
                self._speaker = "" if tag["close"] else _named(tag["rest"] or "")
            else:
                text += self._standing_for(tag)
        text += plain_entities(line[at:])
        self._end(text, even_empty=len(self.lines) == before)

    def _standing_for(self, tag: re.Match[str]) -> str:
        """Return what stands where a tag was: the reading of a character comes in parentheses."""
        name = (tag["name"] or "").lower()
        if name == "br":
            return " "
        if name == "rt" and not tag["close"] and not self._in_ruby:
            self._in_ruby = True
            return " ("
        if name in {"rt", "ruby"} and tag["close"] and self._in_ruby:
            self._in_ruby = False
            return ")"
        return ""

    def _end(self, text: str, *, even_empty: bool = False) -> None:
        plain = one_line(text)
        if plain or even_empty:
            self.lines.append(Line(plain, self._speaker))


def _named(rest: str) -> str:
    """Return the name behind `<v` and its classes."""
    parts = rest.split(None, 1) if rest.startswith(".") else ["", rest]
    return one_line(plain_entities(parts[1])) if len(parts) > 1 else ""
