"""The positions of tags in a line of text, by Obsidian's rules; pure.

In Obsidian `#` begins a tag at the start of a line, quote or table cell, after any whitespace, and
right after another element: a link, code, math, HTML, an escape, another tag, or emphasis marks.
All other punctuation prevents it. As observed in its metadata cache:
https://github.com/cyanheads/obsidian-mcp-server/issues/138 and /140. Every pass over a line is
linear.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from notemill.markup.tags import TAG_END, is_tag

if TYPE_CHECKING:
    from collections.abc import Iterator

_ODD = re.compile(r"\S#|_")
_PLAIN = re.compile(rf"(?<!\S)#([^{TAG_END}]+)")
_BODY = re.compile(rf"[^{TAG_END}]++")
_QUOTE = re.compile(r"[ \t]*+>[ \t>]*+")
_TOKEN = re.compile(r"(?P<own>\x00++|\\[!-/:-@\[-`{-~])|(?P<mark>\*++|_++|==|~~)|(?P<cell>\|)|#")
_DELIMITER_ROW = re.compile(
    r"^(?=[^\n-]*+-)(?=[^\n|]*+\|)[ \t>]*+\|?+(?:[ \t]*+:?-++:?[ \t]*+\|?+)++\r?$", re.MULTILINE
)
_ROWS = re.compile(r"(?:\n[^\n|]*+\|[^\n]*+)*+")
_LONGEST_MARK: Final = 3


def tags_in(text: str) -> Iterator[tuple[int, int]]:
    """Yield the tags' positions, `#` included, in a text whose non-prose is filled with NUL."""
    line_end = "\n" if "\n" in text else "\r"
    rows = list(_rows(text)) if "|#" in text else []
    at = text.find("#")
    while at >= 0:
        start = text.rfind(line_end, 0, at) + 1
        end = text.find(line_end, at)
        end = len(text) if end < 0 else end
        if _ODD.search(text, start, end) is None:
            yield from _plain(text, start, end)
        else:
            yield from _Line(text, start, end, in_table=_is_in(rows, start)).tags()
        at = text.find("#", end)


def _rows(text: str) -> Iterator[tuple[int, int]]:
    """Yield where tables lie: from the line above the row of dashes to the last row below it."""
    at = 0
    while (row := _DELIMITER_ROW.search(text, at)) is not None:
        head = text.rfind("\n", 0, max(0, row.start() - 1)) + 1
        at = _ROWS.match(text, row.end()).end()  # type: ignore[union-attr]  # may be empty
        yield head, at


def _is_in(rows: list[tuple[int, int]], at: int) -> bool:
    place = bisect_left(rows, (at + 1, 0)) - 1
    return place >= 0 and at < rows[place][1]


def _plain(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for match in _PLAIN.finditer(text, start, end):
        name = match[1].rstrip("/")
        if is_tag(name):
            yield match.start(), match.start() + 1 + len(name)


class _Line:
    """A line in which tags may stand behind more than blank space."""

    def __init__(self, text: str, start: int, end: int, *, in_table: bool) -> None:
        self._text = text
        self._start = start
        self._end = end
        self._in_table = in_table
        self._closings: dict[str, list[int]] = {}
        # Where emphasis that is open ends: at most one place for each kind of mark.
        self._open: dict[str, int] = {}

    def tags(self) -> Iterator[tuple[int, int]]:
        """Yield the tags of the line; `free` is where the last thing ended that a tag may follow."""
        quote = _QUOTE.match(self._text, self._start, self._end)
        free = quote.end() if quote else self._start
        at = free
        while (token := _TOKEN.search(self._text, at, self._end)) is not None:
            at = token.end()
            if token["own"] or (token["cell"] and self._in_table):
                free = at
            elif token["mark"]:
                if self._is_emphasis(token):
                    free = at
            elif not token["cell"]:
                place = token.start()
                if place != free and not self._text[place - 1].isspace():
                    continue
                if (name := self._name(at)) and is_tag(name.rstrip("/")):
                    yield place, at + len(name.rstrip("/"))
                    at += len(name)
                    free = at

    def _name(self, at: int) -> str:
        """Return the name that begins here: it ends with the emphasis it stands in, if not before."""
        body = _BODY.match(self._text, at, self._end)
        if body is None:
            return ""
        closing = [place for place in self._open.values() if at < place < body.end()]
        return self._text[at : min(closing, default=body.end())]

    def _is_emphasis(self, token: re.Match[str]) -> bool:
        """Tell whether a mark opens emphasis that is closed on this line, or closes it."""
        mark = token["mark"]
        if self._open.get(mark) == token.start():
            del self._open[mark]
            return True
        if len(mark) > _LONGEST_MARK or self._text[token.end() : token.end() + 1].isspace():
            return False
        closings = self._closings.get(mark)
        if closings is None:
            closings = self._closings[mark] = self._closing(mark)
        place = bisect_left(closings, token.end() + 1)
        if place == len(closings):
            return False
        self._open[mark] = closings[place]
        return True

    def _closing(self, mark: str) -> list[int]:
        """Return where marks of a kind may close: behind a word, and `_` not within one."""
        sign = re.escape(mark[0])
        behind = r"\w" if mark[0] == "_" else sign
        pattern = rf"(?<![\s\\{sign}]){re.escape(mark)}(?!{behind})"
        return [
            match.start()
            for match in re.compile(pattern).finditer(self._text, self._start, self._end)
        ]
