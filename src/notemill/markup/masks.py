"""Regions of a note's text that are not prose: code, math, comments, HTML, Templater, URLs; pure.

Every pass is linear in the text's length, whatever is in it: a search for a closing mark that
fails once is not repeated.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

FILLER: Final = "\x00"
"""Replaces each masked character: neither a space nor a letter, so no mark begins or ends at it."""


class RegionKind(StrEnum):
    """What a masked region is."""

    FENCE = "fence"
    CODE = "code"
    MATH = "math"
    COMMENT = "comment"
    HTML = "html"
    TEMPLATE = "template"
    URL = "url"


class Region(NamedTuple):
    """Characters of the body from `start` up to `end`."""

    start: int
    end: int
    kind: RegionKind


_PREFIX = r"^[ \t>]*+(?:(?:[-*+]|\d{1,9}[.)])[ \t]++)*+"
_FENCE = re.compile(_PREFIX + r"(?P<mark>`{3,}+|~{3,}+)(?P<info>[^\n]*+)$", re.MULTILINE)
_UNQUOTED = re.compile(r"^(?![ \t]*+>)", re.MULTILINE)
# What a block below a paragraph begins with: https://spec.commonmark.org/0.31.2/#paragraphs.
_BEGINNINGS: Final = (
    r"\r?\n|#{1,6}(?:[ \t]|\r?$)|`{3}|~{3}|[-*+][ \t]++\S|%s[.)][ \t]++\S"
    r"|(?:=++|-++|(?:\*[ \t]*+){3,}+|(?:_[ \t]*+){3,}+)[ \t]*+\r?$"
)
# In a quote each line has its mark; in a numbered list any number begins an item, elsewhere 1 alone.
_BLOCK_STARTS: Final = {
    (quoted, listed): re.compile(
        (r"\n(?=[ \t>]*+(?:" if quoted else r"\n(?=[ \t]*+(?:>|")
        + _BEGINNINGS % (r"\d{1,9}" if listed else "1")
        + "))",
        re.MULTILINE,
    )
    for quoted in (False, True)
    for listed in (False, True)
}
_PARAGRAPH_HEAD = re.compile(r"[ \t]*+(?P<quote>>)?[ \t>]*+(?P<number>\d{1,9}[.)][ \t])?")
_BLANK = re.compile(r"\n[ \t]*+\r?(?=\n)")
# https://spec.commonmark.org/0.31.2/#html-blocks, kinds 1 and 6 (7 is left to inline HTML).
_HTML_BLOCK = re.compile(
    r"^ {0,3}(?:<(?P<raw>script|pre|style|textarea)(?=[\s>])|</?(?:address|article|aside|base"
    r"|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt"
    r"|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe"
    r"|legend|li|link|main|menu|menuitem|nav|noframes|ol|optgroup|option|p|param|search|section"
    r"|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul)(?=[\s>]|/>|$))",
    re.MULTILINE | re.IGNORECASE,
)
# What indented code may follow: nothing, a blank line, or what is no paragraph: headings and rules.
_INDENT = re.compile(
    r"(?:\A|\n[ \t]*+\r?\n|^ {0,3}(?:#{1,6}(?:[ \t][^\n]*+)?|(?:\*[ \t]*+){3,}+|(?:-[ \t]*+){3,}+"
    r"|(?:_[ \t]*+){3,}+)\r?\n)(?=(?: {4}|\t))",
    re.MULTILINE,
)
_BELOW_FENCE = re.compile(r"\r?\n(?=(?: {4}|\t))")
_INDENTED_LINES = re.compile(r"(?:(?: {4}|\t)[^\n]*+(?:\n|\Z)(?:[ \t]*+\r?\n)*+)++")
_ITEM = re.compile(r"[ \t]*+(?:[-*+]|\d{1,9}[.)])[ \t]")
_ITEM_HEAD = re.compile(r"[ \t>]*+(?:[-*+]|\d{1,9}[.)])[ \t]++(?=\S)")
_LISTED = re.compile(r"[ \t>]*+(?:[-*+]|\d{1,9}[.)])(?:[ \t]|\r?$)|[ \t]")
_INLINE = re.compile(
    r"\\[\\`$%<]"
    r"|(?P<ticks>`++)"
    r"|(?P<math>\$\$?+)"
    r"|(?P<pair>%%|<!--|<%)"
    r"|(?<!\]\()(?P<html></?[A-Za-z][^<>\n]*+>|<[A-Za-z][\w+.-]{1,31}:[^\s<>]*+>|<[^\s<>@]++@[^\s<>@]++>)"
    r"|(?P<url>\bhttps?://[^\s<>\[\])]++)"
)
# What every inline region begins with: most notes have none, and a text is quick to look for.
_SIGNS: Final = ("`", "$", "%", "<", "http")
_DOLLARS = re.compile(r"\$(?=[^\s$])[^$\n]*+(?<![\s\\])\$(?!\d)")
_PARAGRAPH: Final = "words"
_LOOK_BACK: Final = 1_000  # characters: where the line above is longer, its end decides
_CLOSING: Final = {"%%": "%%", "<!--": "-->", "<%": "%>", "$$": "$$"}
_PAIR_KIND: Final = {
    "%%": RegionKind.COMMENT,
    "<!--": RegionKind.COMMENT,
    "<%": RegionKind.TEMPLATE,
    "$$": RegionKind.MATH,
}


def regions(body: str) -> list[Region]:
    """Return the regions that are not prose, in order; they do not overlap."""
    if "\n" not in body and "\r" in body:
        body = body.replace("\r", "\n")
    blocks = list(_fences(body)) if "```" in body or "~~~" in body else []
    if "\n    " in body or "\n\t" in body or body[:1] in "\t ":
        blocks = sorted([*blocks, *_below_fences(body, blocks)])
        blocks = _merged(body, blocks, _INDENT, _indented_end, RegionKind.CODE)
    if "<" in body:
        blocks = _merged(body, blocks, _HTML_BLOCK, _html_end, RegionKind.HTML)
    found: list[Region] = []
    at = 0
    for block in [*blocks, Region(len(body), len(body), RegionKind.FENCE)]:
        if block.start > at:
            found += _inline(body, at, block.start)
        if block.end > block.start:
            found.append(block)
        at = block.end
    return found


def is_open_at_end(body: str) -> bool:
    """Tell whether code, a comment or the like begins in a body that a paragraph below it would be in."""
    below = f"{body}\n\n{_PARAGRAPH}"
    last = next(reversed(regions(below)), None)
    return last is not None and last.start < len(body) and last.end == len(below)


def masked(body: str, found: Iterable[Region]) -> str:
    """Return `body` with its regions filled in; its length and line breaks stay the same."""
    parts: list[str] = []
    at = 0
    for region in found:
        text = body[region.start : region.end]
        parts += (body[at : region.start], filled(text))
        at = region.end
    return "".join([*parts, body[at:]])


def filled(text: str) -> str:
    """Return as many fillers as `text` has characters, with its line breaks kept."""
    if "\n" not in text:
        return FILLER * len(text)
    return "\n".join(FILLER * len(line) for line in text.split("\n"))


def _merged(
    body: str,
    blocks: list[Region],
    opening: re.Pattern[str],
    end_of: Callable[[str, re.Match[str], int], int],
    kind: RegionKind,
) -> list[Region]:
    """Add the blocks that begin outside all others; each ends where the next of them begins.

    `end_of` gets the bound, so that no stretch is searched twice.
    """
    starts = [block.start for block in blocks]
    merged = list(blocks)
    at = 0
    while (match := opening.search(body, at)) is not None:
        start = match.end() if kind is RegionKind.CODE else match.start()
        place = bisect_left(starts, start + 1)
        if place and blocks[place - 1].end > start:
            at = blocks[place - 1].end
            continue
        end = end_of(body, match, starts[place] if place < len(starts) else len(body))
        if end > start:
            merged.append(Region(start, end, kind))
        # One back: a block may end with the line break that the next one's opening needs.
        at = max(end - 1, match.start() + 1)
    return sorted(merged)


def _indented_end(body: str, indent: re.Match[str], bound: int) -> int:
    """Return the end of indented code; where it is no code, where it begins.

    Below a list item it is the item's, unless it is set in by four more than the item's text; and a
    list itself is one that is set in.
    """
    above = body[max(0, indent.start() - _LOOK_BACK) : indent.start()].rstrip().rpartition("\n")[2]
    if _ITEM.match(body, indent.end()):
        return indent.end()
    if item := _ITEM_HEAD.match(above):
        width = len(item[0].expandtabs(4)) + 4
        code = re.compile(rf"(?: {{{width}}}[^\n]*+(?:\n|\Z)(?:[ \t]*+\r?\n)*+)++")
        lines = code.match(body, indent.end(), bound)
        return lines.end() if lines else indent.end()
    if _LISTED.match(above):
        return indent.end()
    lines = _INDENTED_LINES.match(body, indent.end(), bound)
    return lines.end() if lines else indent.end()


def _below_fences(body: str, fences: list[Region]) -> Iterator[Region]:
    """Yield indented code right below fences that stand in no list: a fence is no paragraph."""
    end = Region(len(body), len(body), RegionKind.FENCE)
    for fence, (bound, *_) in pairwise([*fences, end]):
        below = _BELOW_FENCE.match(body, fence.end, bound)
        if below is None or body[fence.start] not in "`~" or _ITEM.match(body, below.end()):
            continue
        if lines := _INDENTED_LINES.match(body, below.end(), bound):
            yield Region(below.end(), lines.end(), RegionKind.CODE)


def _html_end(body: str, opening: re.Match[str], bound: int) -> int:
    """Return the end of an HTML block: its closing tag, or the next blank line."""
    if opening["raw"]:
        closing = re.compile(rf"</{opening['raw']}>", re.IGNORECASE).search(
            body, opening.end(), bound
        )
        return closing.end() if closing else bound
    blank = _BLANK.search(body, opening.end(), bound)
    return blank.start() if blank else bound


def _fences(body: str) -> Iterator[Region]:
    """Yield fenced code, from the opening line to the end of the closing one."""
    opened: re.Match[str] | None = None
    bound = len(body)
    unquoted = 0
    for line in _FENCE.finditer(body):
        if opened is not None and line.start() >= bound:
            yield Region(opened.start(), bound, RegionKind.FENCE)
            opened = None
        mark, info = line["mark"], line["info"]
        if opened is None:
            if mark[0] == "~" or "`" not in info:
                opened = line
                bound = len(body)
                if line[0].lstrip().startswith(">"):
                    # The quote that it stands in ends there; one search serves all fences before.
                    if unquoted <= line.end():
                        unquoted = _unquoted(body, line.end() + 1)
                    bound = unquoted
        elif mark.startswith(opened["mark"]) and not info.strip():
            yield Region(opened.start(), line.end(), RegionKind.FENCE)
            opened = None
    if opened is not None:
        yield Region(opened.start(), bound, RegionKind.FENCE)


def _unquoted(body: str, at: int) -> int:
    """Return where the next line begins that stands in no quote, the body's end for none."""
    found = _UNQUOTED.search(body, at)
    return found.start() if found else len(body)


def _inline(body: str, start: int, end: int) -> Iterator[Region]:
    """Yield what is masked between two blocks, the leftmost first."""
    signs = [at for sign in _SIGNS if (at := body.find(sign, start, end)) >= 0]
    if not signs:
        return
    search = _Closings(body, end)
    # One back: a backslash may stand before it.
    at = max(start, min(signs) - 1)
    while (match := _INLINE.search(body, at, end)) is not None:
        at = match.end()
        closed, kind = None, RegionKind.URL
        if match["ticks"]:
            closed, kind = search.ticks(match), RegionKind.CODE
        elif match["math"] == "$":
            dollars = _DOLLARS.match(body, match.start(), end)
            closed, kind = (dollars.end() if dollars else None), RegionKind.MATH
        elif mark := match["pair"] or match["math"]:
            closed, kind = search.pair(match, mark), _PAIR_KIND[mark]
        elif match["html"]:
            closed, kind = match.end(), RegionKind.HTML
        elif match["url"]:
            closed = match.end()
        if closed is not None:
            yield Region(match.start(), closed, kind)
            at = closed


class _Closings:
    """Finds closing marks; remembers what is not there, and where the paragraph ends."""

    def __init__(self, body: str, end: int) -> None:
        self._body = body
        self._end = end
        self._missing: set[str] = set()
        self._ticks: dict[int, list[int]] | None = None
        self._line = (-1, -1)
        self._kind = (False, False)
        self._ends: dict[tuple[bool, bool], int] = {}

    def pair(self, opening: re.Match[str], mark: str) -> int | None:
        """Return the end of what `mark` opens, None where it opens nothing."""
        closing = _CLOSING[mark]
        if mark not in self._missing:
            found = self._body.find(closing, opening.end(), self._end)
            if found >= 0:
                return found + len(closing)
            self._missing.add(mark)
        # As in Obsidian, these two hide the rest where they are never closed.
        alone = self._body[opening.end() : opening.end() + 1] in ("", "\n", "\r")
        begins = self._body[opening.start() - 1 : opening.start()] in ("", "\n")
        return self._end if mark == "<!--" or (mark == "%%" and alone and begins) else None

    def ticks(self, opening: re.Match[str]) -> int | None:
        """Return the end of a code span: the next run of as many ticks in the paragraph."""
        if self._ticks is None:
            self._ticks = {}
            for run in re.compile("`++").finditer(self._body, opening.start(), self._end):
                self._ticks.setdefault(len(run[0]), []).append(run.start())
        starts = self._ticks.get(len(opening[0]), [])
        place = bisect_left(starts, opening.end())
        if place == len(starts):
            return None
        end = starts[place] + len(opening[0])
        return end if starts[place] <= self._paragraph_end(opening) else None

    def _paragraph_end(self, opening: re.Match[str]) -> int:
        """Return where the paragraph that a code span opens in ends: no span reaches beyond."""
        at = opening.start()
        if at >= self._line[1]:
            line_end = self._body.find("\n", at, self._end)
            self._line = (
                self._body.rfind("\n", 0, at) + 1,
                line_end if line_end >= 0 else self._end,
            )
            head = _PARAGRAPH_HEAD.match(self._body, self._line[0])
            self._kind = (
                head is not None and head["quote"] is not None,
                head is not None and head["number"] is not None,
            )
        if self._ends.get(self._kind, -1) < opening.end():
            found = _BLOCK_STARTS[self._kind].search(self._body, opening.end(), self._end)
            self._ends[self._kind] = found.start() if found else self._end
        return self._ends[self._kind]
