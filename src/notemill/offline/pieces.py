"""A note's Markdown as pieces of plain text, each with its position and kind."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from notemill.offline.inline import ADDRESS, InlineElements, clean, plain
from notemill.offline.marked import HOLE, heading_level, marked, normalised

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_PIECES = 3_000


class PieceKind(StrEnum):
    """The role of a piece of text on the page."""

    PROSE = "prose"
    VERSE = "verse"
    ITEM = "item"
    STEP = "step"
    TASK = "task"
    QUOTE = "quote"
    HEADING = "heading"
    FIELD = "field"
    CELL = "cell"


@dataclass(frozen=True, slots=True)
class Piece:
    """One paragraph, list item, heading or field in plain words.

    `group` is shared by the pieces of one paragraph or list, `section` is the index of the
    heading above in `NotePieces.headings` (-1: none), `depth` counts list levels, heading levels, or
    the cells of a row before this one, `column` heads that of a cell, and `address` is the first
    bare address of a line.
    """

    kind: PieceKind
    text: str
    group: int
    depth: int
    section: int
    links: tuple[str, ...] = ()
    code_chars: int = 0
    key: str = ""
    column: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class NotePieces:
    """A note's pieces in order, and what its markup says besides its words."""

    pieces: tuple[Piece, ...]
    headings: tuple[str, ...]
    found: InlineElements


_BEGIN = re.compile(r"\s*(?:[-*+]\s+)?#\+BEGIN_(\w+)", re.IGNORECASE)
_END = re.compile(r"\s*#\+END", re.IGNORECASE)
_KEPT_BLOCKS = frozenset(
    {"QUOTE", "NOTE", "TIP", "IMPORTANT", "CAUTION", "WARNING", "PINNED", "CENTER", "VERSE"}
)
_DEFINITION = re.compile(r"\s{0,3}\[(?!\^)([^\[\]\n]++)\]:\s*+(\S*)(?:\s+[\"'(]([^\"\n]*)[\"')])?")
_FOOTNOTE = re.compile(r"\s{0,3}\[\^[^\[\]\n]++\]:")
_CLOSING_HASHES = re.compile(r"(?:^|[ \t])#+[ \t]*$")
_ITEM = re.compile(r"([-*+\u2022\u25e6\u2023\u00b7]|\d{1,4}[.)])(?:[ \t]+(.*))?$")
_CHECKBOX = re.compile(r"\[.?\](?:[ \t]+|$|(?=\[\[|[^\x00-\x7f]))")
_TASK_WORD = re.compile(r"(?:TODO|DOING|DONE|LATER|NOW|WAITING|CANCELED|CANCELLED)(?=[ :]|$):?\s*")
_FIELD = re.compile(r"([^\W_][\w .\-/]{0,38}?)::(?:[ \t]+(.*)|([^\s:<(]+))?$")
_RULE = re.compile(r"(?:-[ \t]*){3,}$|(?:\*[ \t]*){3,}$|(?:_[ \t]*){3,}$|(?:=[ \t]*){4,}$")
_QUOTE = re.compile(r"[ \t]{0,3}>[ \t]?")
_CALLOUT = re.compile(r"\[!([\w-]+)(?:\|[^\]]*)?\][+-]?[ \t]*(.*)")
_TABLE_RULE = re.compile(r"\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)*\|?$")
_DRAWER = re.compile(r"\s*:(?:LOGBOOK|PROPERTIES):\s*$", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"[ \t]*\{:?[ .#][^{}]*\}[ \t]*$")
_SKIPPED = re.compile(
    r"\s*(?::::*.*|\{%.*%\}|\[TOC\]|\[\[_?TOC_?\]\]|SCHEDULED:.*|DEADLINE:.*|\$\$|</?\w+[^<>]*>)\s*$",
    re.IGNORECASE,
)
_TERMINAL = re.compile(
    "[.!?\u2026\u3002\uff01\uff1f\uff1b\uff1a:;\u0964\u061f][\"'\u2019\u201d\u300d\u300f)\uff09*_]*$"
)
# A line with a name of its own goes on from no other.
_HEADED = re.compile(
    r"(?:\*\*|__)[^*_\n]{1,40}(?:\*\*|__)\s?[:\uff1a]|[^\s:\uff1a]{1,12}\uff1a|[^=\n]{1,30}\s=\s"
)
_KEYED = re.compile(r"[^\s:]{1,20}:\s")
WRAPPED_MIN_CHARS = 45
TAB = 4


def _prose_lines(text: str) -> list[str]:
    """Return the lines, those of Org's blocks and drawers left empty."""
    kept: list[str] = []
    closing: re.Pattern[str] | None = None
    for line in text.split("\n"):
        if closing is not None:
            if closing.match(line):
                closing = None
            continue
        closing = _closing_of(line)
        kept.append("" if closing is not None or _END.match(line) else line)
    return kept


def _closing_of(line: str) -> re.Pattern[str] | None:
    """Return what ends the dropped block that this line opens; None: it opens none."""
    begin = _BEGIN.match(line)
    if begin and begin[1].upper() not in _KEPT_BLOCKS:
        return _END
    if _DRAWER.match(line):
        return re.compile(r"\s*:END:", re.IGNORECASE)
    return None


def parse(text: str) -> NotePieces:
    """Read a Markdown body (without frontmatter) into its pieces; never raises."""
    lines = _prose_lines(marked(normalised(text)))
    titles: dict[str, str] = {}
    for line in lines:
        definition = _DEFINITION.match(line)
        if definition and definition[3]:
            titles[definition[1].casefold()] = definition[3]
    reader = _Reader(titles=titles)
    for line in lines:
        reader.read(line)
        if len(reader.pieces) > MAX_PIECES:
            break
    reader.flush()
    return NotePieces(tuple(reader.pieces), tuple(reader.headings), reader.found)


@dataclass(slots=True)
class _Reader:
    """Collects lines into pieces: the lines of a paragraph or item wait until it ends."""

    titles: Mapping[str, str]
    pieces: list[Piece] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    found: InlineElements = field(default_factory=InlineElements)
    waiting: list[str] = field(default_factory=list)
    kind: PieceKind = PieceKind.PROSE
    depth: int = 0
    group: int = 0
    indents: list[int] = field(default_factory=list)
    table: bool = False
    columns: list[str] = field(default_factory=list)
    blank: bool = True

    def read(self, line: str) -> None:
        """Take the next line."""
        quoted = _QUOTE.match(line)
        if quoted:
            self._quote(line[quoted.end() :])
            return
        if self.kind is PieceKind.QUOTE:
            self.flush()
            self.kind = PieceKind.PROSE
        self._line(line)

    def _quote(self, inner: str) -> None:
        while nested := _QUOTE.match(inner):
            inner = inner[nested.end() :]
        if level := heading_level(inner.lstrip()):
            self.flush()
            self.kind = PieceKind.PROSE
            self._heading(inner.lstrip(), level)
            return
        callout = _CALLOUT.match(inner)
        if callout:
            self.flush()
            self.kind = PieceKind.PROSE
            if callout[2]:
                self._emit(PieceKind.HEADING, callout[2], 6)
            return
        if self.kind is not PieceKind.QUOTE:
            self.flush()
        item = _ITEM.match(inner.strip())
        if item or not inner.strip():
            self.flush()
            self.blank = not item
        if item:
            self._item(item, 0)
            self.flush()
            self.kind = PieceKind.QUOTE
            return
        self.kind = PieceKind.QUOTE
        if inner.strip():
            self.waiting.append(inner.strip() + ("\\" if inner.endswith("  ") else ""))

    def _line(self, line: str) -> None:
        stripped = line.strip()
        if not stripped:
            self.flush()
            self.blank = True
            self.table = False
            return
        if _DEFINITION.match(line) or _FOOTNOTE.match(line) or _SKIPPED.match(line):
            self.flush()
            return
        if self._structure(stripped, _indent(line)):
            self.blank = False
            return
        if self.blank and not line[:1].isspace():
            self.indents.clear()
            self.kind = PieceKind.PROSE
        self.blank = False
        self.waiting.append(stripped + ("\\" if line.endswith("  ") else ""))

    def _structure(self, stripped: str, indent: int) -> bool:
        """Handle a line that is a heading, rule, field, table row or list item."""
        if level := heading_level(stripped):
            self.flush()
            self.indents.clear()
            self._heading(stripped, level)
            return True
        if _RULE.match(stripped):
            self.flush()
            self.kind = PieceKind.PROSE
            return True
        if self._field(stripped) or self._row(stripped):
            return True
        item = _ITEM.match(stripped)
        if item:
            self._item(item, indent)
        return item is not None

    def _heading(self, text: str, level: int) -> None:
        title = _CLOSING_HASHES.sub("", text[1:].strip())
        self._emit(PieceKind.HEADING, title, level)

    def _field(self, stripped: str) -> bool:
        match = _FIELD.match(stripped)
        if not match:
            return False
        self.flush()
        self._emit(PieceKind.FIELD, match[2] or match[3] or "", 0, match[1].strip())
        return True

    def _row(self, stripped: str) -> bool:
        if _TABLE_RULE.match(stripped) and "|" in stripped:
            unread = InlineElements()  # a column's head is no text of the note's own
            heads = _cells(self.waiting[-1]) if self.waiting else []
            self.columns = [plain(head, unread, self.titles) for head in heads]
            self.waiting.clear()
            self.table = True
            return True
        if not self.table or "|" not in stripped:
            return False
        for place, cell in enumerate(_cells(stripped)):
            column = self.columns[place] if place < len(self.columns) else ""
            self._emit(PieceKind.CELL, cell, place, column=column)
        return True

    def _item(self, item: re.Match[str], indent: int) -> None:
        self.flush(same_group=not self.blank or bool(self.indents))
        while self.indents and self.indents[-1] >= indent:
            self.indents.pop()
        self.depth = len(self.indents)
        self.indents.append(indent)
        body = (item[2] or "").removeprefix("> ")
        self.kind = PieceKind.STEP if item[1][0].isdigit() else PieceKind.ITEM
        checkbox = _CHECKBOX.match(body)
        if checkbox:
            body = body[checkbox.end() :]
            self.kind = PieceKind.TASK
        task = _TASK_WORD.match(body)
        if task:
            body = body[task.end() :]
            self.kind = PieceKind.TASK
        if level := heading_level(body):
            self._heading(body, level)
            return
        if body and not self._field(body):
            self.waiting.append(body)

    def flush(self, *, same_group: bool = False) -> None:
        """End the paragraph or item whose lines are waiting."""
        if self.waiting:
            kind = self.kind
            lines = list(_joined(self.waiting))
            self.waiting.clear()
            if kind is PieceKind.PROSE and len(lines) > 1:
                kind = PieceKind.VERSE if not any(map(_TERMINAL.search, lines)) else kind
            for line in lines:
                self._emit(
                    kind, line, self.depth if kind not in {PieceKind.PROSE, PieceKind.VERSE} else 0
                )
        if not same_group:
            self.group += 1

    def _emit(self, kind: PieceKind, raw: str, depth: int, key: str = "", column: str = "") -> None:
        if kind is PieceKind.HEADING:
            self.group += 1
            raw = _ATTRIBUTE.sub("", raw)
        links, code = len(self.found.links), self.found.code_chars
        addresses = len(self.found.addresses)
        text = plain(raw.rstrip("\\"), self.found, self.titles)
        if kind is PieceKind.HEADING:
            self.headings.append(text)
        if not text.strip(f" {HOLE}{ADDRESS}") and not key:
            return
        self.pieces.append(
            Piece(
                kind=kind,
                text=text,
                group=self.group,
                depth=depth,
                section=len(self.headings) - 1,
                links=tuple(self.found.links[links:]),
                code_chars=self.found.code_chars - code,
                key=clean(key),
                column=column,
                address=next(iter(self.found.addresses[addresses:]), ""),
            )
        )


def _cells(row: str) -> list[str]:
    """Return the cells of a table's row."""
    cells = row.strip().replace("\\|", "\u2223").strip("|").split("|")
    return [cell.replace("\u2223", "|") for cell in cells]


def _indent(line: str) -> int:
    width = 0
    for char in line:
        if char == "\t":
            width += TAB
        elif char in " \u3000":
            width += 1
        else:
            break
    return width


def _joined(lines: list[str]) -> Iterator[str]:
    """Yield the lines of a paragraph, those that an editor only wrapped put together again."""
    current = ""
    for line in lines:
        text = line.rstrip("\\").rstrip()
        if not current:
            current = text
        elif _continues(current, text):
            spaced = current[-1].isascii() or text[:1].isascii()
            current += (" " if spaced else "") + text
        else:
            yield current
            current = text
        if line.endswith("\\") and current:
            yield current
            current = ""
    if current:
        yield current


def _continues(before: str, after: str) -> bool:
    if _HEADED.match(after) or (_KEYED.match(before) and _KEYED.match(after)):
        return False
    if before.endswith((",", "\uff0c", "\u3001")) or after[:1].islower():
        return True
    # The private use area between holds marks, which are as narrow as what they stand for.
    wide = sum("\u2e80" < char < "\ue000" or char > "\uf8ff" for char in before)
    return len(before) + wide >= WRAPPED_MIN_CHARS and not _TERMINAL.search(before)
