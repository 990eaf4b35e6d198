"""Texts with times in them: `[00:12:34] words`, `Name: 00:01:02` above words, and their kin; pure.

There is no standard. What begins a piece is a line that begins with a time, or a name with one
behind it; whether times in a text are such marks is told by all of them together.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from notemill.sources.captions.clock import seconds_of
from notemill.sources.captions.shown import Caption, Line

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

_TIME: Final = r"(?:[0-9]{1,3}:)?[0-9]{1,3}:[0-9]{2}(?![0-9:])(?:[.,][0-9]{1,3})?"
_DASH: Final = "\\-\u2013\u2014"
_FIRST: Final = re.compile(
    rf"(?:[-*>\u2022]\s+)?[\[(\u3010]?(?P<time>{_TIME})"
    rf"(?:\s*[{_DASH}]{{1,2}}>?\s*{_TIME})?(?:[\])\u3011]|(?![\w:]))[\s:|{_DASH}]*(?P<rest>.*)"
)
_NAMED: Final = re.compile(
    r"(?P<name>[^\W_][^\[\](){}:\n]{0,60}?)(?P<colon>\s*[:,]?)\s*"
    rf"(?P<open>[\[(]?)(?P<time>{_TIME})[\])]?\s*:?\s*(?P<rest>.*)"
)
_SPEAKER: Final = re.compile(
    r"(?P<name>[^\W_][^\[\](){}:*\n]{0,60}?)\s*:(?:\s+(?P<rest>\S.*)|\s*$)"
)
_UNITS: Final = {"hour": 3600, "minute": 60, "second": 1}
_SPELLED: Final = re.compile(r"(?:\d{1,4} (?:hour|minute|second)s?(?:, | and |\Z)){1,3}")
_COUNT: Final = re.compile(r"(\d{1,4}) (hour|minute|second)")
"""YouTube's panel has each time once more in words, for who hears the page; copied, they come along."""
_BOLD: Final = re.compile(r"\*{2,3}|__")
_HEADING: Final = re.compile(r"#{1,6}[ \t]+(?P<title>.*?)[ \t#]*")
_UNDERLINE: Final = re.compile(r"(?:={3,}|-{3,})[ \t]*")
_MOST_NAME_WORDS: Final = 5
_MOST_LINE: Final = 400
"""No line that begins with a name and a time is searched further for them."""

_MOST_WORDS: Final = 600
"""More words for each time on the average, and the times are mentioned and mark nothing."""
_GROWING: Final = 0.9
_SAID_OFTEN: Final = 2


class Piece(NamedTuple):
    """A line that begins a piece: from when on, who speaks, and what follows on the line."""

    start_s: float
    speaker: str
    rest: str


class Timed(NamedTuple):
    """What a text with times says, and its headings with the second of what stands below them."""

    captions: list[Caption]
    chapters: list[tuple[float, str]]


def speakers_in(lines: Sequence[str], known: Collection[str] = ()) -> frozenset[str]:
    """Return the names before colons at the beginnings of lines that are those of speakers.

    A name is one that is `known`, or that begins two lines and is written like a name.
    """
    counted = Counter(found["name"] for line in lines if (found := _speaking(line)))
    return frozenset(
        name
        for name, count in counted.items()
        if name in known or (count >= _SAID_OFTEN and _is_name(name))
    )


def turn_in(line: str, speakers: Collection[str]) -> tuple[str, str] | None:
    """Return who begins to speak in a line and what they say there, None if nobody does."""
    found = _speaking(line)
    if found is None or found["name"] not in speakers:
        return None
    return found["name"], found["rest"] or ""


def timed(
    lines: Sequence[str], *, plain: Callable[[str], str], known: Collection[str]
) -> Timed | None:
    """Return a text's pieces in its order, None if it has no times that mark any.

    `plain` makes plain words of a piece. What stands before the first time is said from 0 on.
    """
    pieces = [_piece(line) for line in lines]
    starts = [one.start_s for one in pieces if one is not None]
    if len(starts) < _SAID_OFTEN:
        return None
    growing = sum(one <= other for one, other in pairwise(starts))
    words = sum(len(line.split()) for line in lines)
    if growing < _GROWING * (len(starts) - 1) or words > _MOST_WORDS * len(starts):
        return None
    rests = [line if one is None else one.rest for line, one in zip(lines, pieces, strict=True)]
    builder = _Builder(plain, speakers_in(rests, known))
    for at, (line, piece) in enumerate(zip(lines, pieces, strict=True)):
        below = lines[at + 1] if at + 1 < len(lines) else ""
        builder.take(line, piece, below)
    return builder.ended()


def _speaking(line: str) -> re.Match[str] | None:
    line = line.strip()
    if ":" not in line[:_MOST_LINE]:
        return None
    return _SPEAKER.fullmatch(_BOLD.sub("", line) if "*" in line or "__" in line else line)


def _piece(line: str) -> Piece | None:
    """Return the piece that a line begins, None if it begins none."""
    head = line[:_MOST_LINE]
    if ":" not in head or not any(letter.isdigit() for letter in head):
        return None
    bare = _BOLD.sub("", line).strip()
    if (found := _FIRST.fullmatch(bare)) and (start := seconds_of(found["time"])) is not None:
        return Piece(start, "", found["rest"].strip())
    found = _NAMED.match(bare)
    if found is None or not _is_name(found["name"].strip()):
        return None
    # `The Score: 10:30 today` is a sentence: words on the line come behind a time in brackets.
    start = seconds_of(found["time"])
    if start is None or (found["rest"] and not found["open"]):
        return None
    return Piece(start, found["name"].strip(), found["rest"].strip())


def _is_name(text: str) -> bool:
    """Tell whether this is written like a name: few words, most of them not in small letters."""
    words = text.split()
    if not words or len(words) > _MOST_NAME_WORDS or words[0][0].islower():
        return False
    return 2 * sum(1 for word in words if not word[0].islower()) >= len(words)


@dataclass(slots=True)
class _Builder:
    """Takes a text line by line and makes captions of it."""

    plain: Callable[[str], str]
    speakers: frozenset[str]
    captions: list[Caption] = field(default_factory=list)
    chapters: list[tuple[float, str]] = field(default_factory=list)
    _start_s: float = 0.0
    _speaker: str = ""
    _begins: bool = False
    _said: list[str] = field(default_factory=list)
    _titles: list[str] = field(default_factory=list)

    def take(self, line: str, piece: Piece | None, below: str) -> None:
        """Read a line, with the one below it."""
        if piece is not None:
            self._end(piece.start_s)
            self._start_s, self._speaker = piece.start_s, piece.speaker
            self.chapters += [(piece.start_s, title) for title in self._titles]
            self._titles = []
            self._begins = True
            line = piece.rest
        elif title := _title(line, below):
            self._titles.append(self.plain(title))
            return
        elif _UNDERLINE.fullmatch(line):
            return
        if turn := turn_in(line, self.speakers):
            self._end(self._start_s)
            self._speaker, line = turn
        if not line.strip():
            return
        if not (self._begins and _spells(line.strip(), self._start_s)):
            self._said.append(line)
        self._begins = False

    def ended(self) -> Timed:
        """Return what was read; headings below the last time are words of it."""
        self._said += self._titles
        self._end(self._start_s)
        return Timed(self.captions, self.chapters)

    def _end(self, end_s: float) -> None:
        text = self.plain("\n".join(self._said))
        self._said = []
        if not text and self._speaker:
            # A time behind words that are nobody's name, or somebody who says nothing.
            text, self._speaker = self._speaker, ""
        if text:
            end = max(self._start_s, end_s)
            self.captions.append(Caption(self._start_s, end, (Line(text, self._speaker),)))


def _spells(line: str, start_s: float) -> bool:
    """Tell whether a line is a time in words, such as `1 minute, 5 seconds`."""
    if _SPELLED.fullmatch(line) is None:
        return False
    return sum(int(count) * _UNITS[unit] for count, unit in _COUNT.findall(line)) == int(start_s)


def _title(line: str, below: str) -> str:
    """Return the title that a line is, '' if it is none."""
    if found := _HEADING.fullmatch(line.strip()):
        return found["title"]
    is_underlined = bool(line.strip()) and _UNDERLINE.fullmatch(below) is not None
    return line.strip() if is_underlined else ""
