"""WebVTT and SubRip as they are found: https://www.w3.org/TR/webvtt1/, and no standard at all.

One reader for both, since files of one kind bear the other's name, and each has the other's faults:
a line with `-->` begins a caption, whatever stands above it, and all up to the next one is said.
"""

from __future__ import annotations

import re
from typing import Final

from notemill.sources.captions.clock import MOST_S, RANGE, seconds_of
from notemill.sources.captions.inline import WORD_TIME, lines_in
from notemill.sources.captions.shown import Caption, Read

_HEAD: Final = "WEBVTT"
_BLOCK: Final = re.compile(r"(?:NOTE|WEBVTT)(?:[ \t]|$)|(?:STYLE|REGION)[ \t]*$")
_LANGUAGE: Final = re.compile(r"Language:[ \t]*([A-Za-z0-9_-]{2,40})[ \t]*$", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[ \t]*[0-9]{1,9}[ \t]*")
# Times that somebody spoiled: the line is none of the speech all the same.
_BROKEN: Final = re.compile(r"[ \t]*[0-9][0-9A-Za-z:.,; ]{0,24}-->[ \t]*[0-9]")


_SBV: Final = re.compile(
    r"(?P<below>)(?P<start>[0-9]{1,3}:[0-9]{2}:[0-9]{2}\.[0-9]{3}),(?P<end>[0-9:.]{11,13})[ \t]*$"
)


def is_one(text: str) -> bool:
    """Tell whether a text has a line with the times of a caption."""
    return any(RANGE.match(line) or _SBV.match(line) for line in text.split("\n"))


def read(text: str) -> Read:
    """Return the captions of a text, and the language its head names; no line is said twice."""
    reader = _Reader(is_webvtt=text.lstrip()[: len(_HEAD)].upper() == _HEAD)
    for line in text.split("\n"):
        reader.take(line)
    reader.end()
    return Read(reader.captions, reader.language)


class _Reader:
    """Takes a file line by line."""

    def __init__(self, *, is_webvtt: bool) -> None:
        self.captions: list[Caption] = []
        self.language = ""
        self._is_webvtt = is_webvtt
        self._times: tuple[float, float] | None = None
        self._body: list[str] = []
        self._in_block = False
        self._is_first = True

    def take(self, line: str) -> None:
        """Read one line, without its end."""
        times = self._times_of(line)
        if times is not None and not (self._in_block and self._times is not None):
            self._without_name()
            self.end()
            self._times = times
            self._in_block = False
        elif self._in_block:
            self._in_block = bool(line.strip())
            if self._times is None and (found := _LANGUAGE.match(line)):
                self.language = found[1]
        elif self._is_webvtt and (self._is_first or not self._body or not self._body[-1].strip()):
            if _BLOCK.match(line):
                self._in_block = True
            else:
                self._body.append(line)
        else:
            self._body.append(line)
        self._is_first = self._is_first and not line.strip()

    def end(self) -> None:
        """Keep what was said since the last times; what stands before the first is no speech."""
        body = self._body
        self._body = []
        if self._times is None:
            return
        while body and not body[-1]:
            body.pop()
        if any(line.strip() for line in body):
            word_times = any("<" in line and WORD_TIME.search(line) for line in body)
            # An empty line that a tool made of one with a blank is a line of the screen too.
            self.captions.append(Caption(*self._times, lines_in(body), word_times))
        self._times = None

    def _times_of(self, line: str) -> tuple[float, float] | None:
        found = RANGE.match(line) or _SBV.match(line)
        if found is None:
            if "-->" not in line or not _BROKEN.match(line):
                return None
            before = self._times or (self.captions[-1].end_s if self.captions else 0.0,) * 2
            return before[1], before[1]
        start = seconds_of(found["start"]) or 0.0
        if found["below"]:
            start = 0.0  # a shift that went too far
        end = seconds_of(found["end"]) if found["end"] else None
        start = min(start, MOST_S)
        return start, max(start, min(end if end is not None else start, MOST_S))

    def _without_name(self) -> None:
        """Take the number or name off that belongs to the times that come now."""
        body = self._body
        if not body or not body[-1].strip():
            return
        is_number = _NUMBER.fullmatch(body[-1]) is not None
        if self._is_webvtt:
            # A number right below words is one as SubRip has them, in a file that was SubRip.
            is_apart = len(body) > 1 and (is_number or not body[-2].strip())
            is_name = self._times is None or is_apart
        else:
            is_name = is_number
        if is_name:
            body.pop()
