"""Captions as they are shown: what each reader of a form makes of its file; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from notemill.markup.lines import one_line
from notemill.text.words import HAN, KANA, SOUTHEAST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notemill.sources.draft import Block

# With the stops and brackets of these scripts, which bring their own white space.
_UNSPACED = re.compile(f"[{HAN}{KANA}{SOUTHEAST}\u3001-\u301f\u30fb\uff01-\uff0f\uff1a-\uff20]")


class Line(NamedTuple):
    """A line of a caption: plain text on one line, and who says it where the file tells."""

    text: str
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class Caption:
    """What stands on the screen from one second to another.

    `lines` includes empty ones, which tell where on the screen the others are. `word_times` says
    that words within have times of their own, as programs that listen write them.
    """

    start_s: float
    end_s: float
    lines: tuple[Line, ...]
    word_times: bool = False


class Read(NamedTuple):
    """What a file says, and what it says of itself.

    `blocks` are Markdown instead of captions, of a text without times. `about` has names and values
    as yt-dlp's info has them, and `source` is where the file says it comes from. What is `written`
    never stood on a screen, so that no line of it is shown more than once.
    """

    captions: list[Caption]
    language: str = ""
    blocks: tuple[Block, ...] = ()
    about: Mapping[str, object] = MappingProxyType({})
    source: str = ""
    written: bool = False


def joined(one: str, other: str) -> str:
    """Return two pieces of speech as one."""
    return f"{one}{between(one, other)}{other}"


def between(one: str, other: str) -> str:
    """Return what stands between two pieces: a blank, but not where a script has none."""
    if not one or not other:
        return ""
    return "" if _is_unspaced(one[-1]) and _is_unspaced(other[0]) else " "


def _is_unspaced(letter: str) -> bool:
    return not letter.isascii() and _UNSPACED.match(letter) is not None


def lines_of(text: str) -> tuple[Line, ...]:
    """Return plain text as lines without a speaker."""
    return tuple(Line(one_line(line)) for line in text.split("\n"))
