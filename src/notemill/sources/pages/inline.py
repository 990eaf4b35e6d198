"""Running text on its way to Markdown: pieces with their styles, put together at the end; pure.

Only when all pieces are there is it known what stands beside a sign and where emphasis may begin and
end (https://spec.commonmark.org/0.31.2/#emphasis-and-strong-emphasis): where its marks would not be
read as marks, they are left out, and the words stay.
"""

from __future__ import annotations

import re
import string
import unicodedata
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import groupby
from typing import TYPE_CHECKING, Final

from notemill.sources.markdown_text import escaped_within, line_guarded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MARKS: Final = {"strong": "**", "em": "*", "strike": "~~", "mark": "=="}
"""The styles that Markdown can say, the outermost first, with their marks."""
_SPACES: Final = re.compile(r"[ \t\n\r\f\v\u00a0\u2002-\u200a\u202f\u205f\u3000]+")
# What shows nowhere and only hides words from a search. Joiners (U+200C, U+200D) spell words.
_INVISIBLE: Final = dict.fromkeys([0xAD, 0x200B, 0x2060, 0xFEFF])


class Kind(Enum):
    """What a piece is."""

    TEXT = auto()
    DONE = auto()
    """Markdown already: a link, code, a picture, math, a footnote's mark."""
    BREAK = auto()


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a line: its text and the styles it has."""

    kind: Kind
    text: str = ""
    styles: frozenset[str] = frozenset()


@dataclass(slots=True)
class Line:
    """Running text, as it is collected."""

    pieces: list[Piece] = field(default_factory=list)

    def add(self, text: str | None, styles: frozenset[str] = frozenset()) -> None:
        """Add text as it stands in the page."""
        if text and (text := _SPACES.sub(" ", text.translate(_INVISIBLE))):
            self.pieces.append(Piece(Kind.TEXT, text, styles))

    def put(self, markdown: str, styles: frozenset[str] = frozenset()) -> None:
        """Add what is Markdown already, on one line."""
        if markdown:
            self.pieces.append(Piece(Kind.DONE, markdown, styles))

    def line_break(self) -> None:
        """Begin a new line within the paragraph."""
        self.pieces.append(Piece(Kind.BREAK))

    def paragraphs(self) -> Iterator[str]:
        """Yield the paragraphs: two line breaks in a row begin a new one, as on old pages."""
        lines: list[str] = []
        for line in self._lines():
            if line:
                lines.append(line_guarded(_drawn(line, in_label=False)))
            elif lines:
                yield "  \n".join(lines)
                lines = []
        if lines:
            yield "  \n".join(lines)

    def joined(self, separator: str = " ", *, in_label: bool = False) -> str:
        """Return everything on one line, without guards for its beginning."""
        drawn = (_drawn(line, in_label=in_label) for line in self._lines() if line)
        return separator.join(drawn)

    def _lines(self) -> Iterator[list[Piece]]:
        """Yield the lines between breaks, without spaces around them and with single ones within."""
        for is_break, group in groupby(self.pieces, lambda piece: piece.kind is Kind.BREAK):
            if is_break:
                # One ends the line; each further one is a line without words.
                yield from ([] for _ in list(group)[1:])
            else:
                yield _spaced(group)


def _spaced(pieces: Iterable[Piece]) -> list[Piece]:
    """Return a line's pieces with one space wherever there were several, none at both ends."""
    kept: list[Piece] = []
    ends_blank = True
    for piece in pieces:
        text = piece.text
        if piece.kind is Kind.TEXT:
            text = text[1:] if ends_blank and text.startswith(" ") else text
            if not text:
                continue
        ends_blank = piece.kind is Kind.TEXT and text.endswith(" ")
        last = kept[-1] if kept else None
        if last and last.kind is piece.kind is Kind.TEXT and last.styles == piece.styles:
            kept[-1] = Piece(Kind.TEXT, last.text + text, piece.styles)
        else:
            kept.append(Piece(piece.kind, text, piece.styles))
    if kept and kept[-1].kind is Kind.TEXT:
        last = kept.pop()
        if text := last.text.rstrip(" "):
            kept.append(Piece(Kind.TEXT, text, last.styles))
    return kept


def _drawn(pieces: Sequence[Piece], *, in_label: bool) -> str:
    """Return the Markdown of a line's pieces."""
    texts = []
    for place, piece in enumerate(pieces):
        if piece.kind is Kind.DONE:
            texts.append(piece.text)
            continue
        before = _beside(pieces, place, -1)
        after = _beside(pieces, place, 1)
        texts.append(escaped_within(piece.text, before=before, after=after, in_label=in_label))
    return _styled(
        [(text, piece.styles) for text, piece in zip(texts, pieces, strict=True)], 0, "", ""
    )


def _beside(pieces: Sequence[Piece], place: int, step: int) -> str:
    """Return the character beside a piece; a mark stands where another style begins."""
    other = place + step
    if not 0 <= other < len(pieces):
        return ""
    if pieces[other].styles != pieces[place].styles:
        return "*"
    return pieces[other].text[-1 if step < 0 else 0]


def _styled(
    parts: Sequence[tuple[str, frozenset[str]]], level: int, before: str, after: str
) -> str:
    """Return parts with the marks of their styles, from one level of `MARKS` inwards."""
    if level == len(MARKS):
        return "".join(text for text, _ in parts)
    style, mark = list(MARKS.items())[level]
    groups = [(has, list(group)) for has, group in groupby(parts, lambda part: style in part[1])]
    out = ""
    for place, (has, group) in enumerate(groups):
        following = groups[place + 1][1][0][0][:1] if place + 1 < len(groups) else after
        inner = _styled(group, level + 1, out[-1:] or before, following)
        if not has:
            out += inner
            continue
        words = inner.strip(" ")
        lead, trail = inner[: len(inner) - len(inner.lstrip(" "))], inner[len(inner.rstrip(" ")) :]
        previous = lead[-1:] or out[-1:] or before
        if words and _may_mark(words, mark, previous, trail[:1] or following):
            out += f"{lead}{mark}{words}{mark}{trail}"
        else:
            out += inner
    return out


def _may_mark(words: str, mark: str, before: str, after: str) -> bool:
    """Tell whether marks around words would be read as such: they have to lean on the words.

    A run of the same sign on both sides would be read as one longer mark.
    """
    sign = mark[0]
    if sign in (before, after) or (words[-1] == "\\" or mark in words.replace(f"\\{sign}", "")):
        return False
    opens = not _is_sign(words[0]) or not before or before.isspace() or _is_sign(before)
    closes = not _is_sign(words[-1]) or not after or after.isspace() or _is_sign(after)
    return opens and closes


def _is_sign(char: str) -> bool:
    """Tell whether a character is punctuation for CommonMark."""
    return char in string.punctuation or unicodedata.category(char)[0] in "PS"
