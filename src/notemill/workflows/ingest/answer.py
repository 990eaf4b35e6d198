"""A reply about a draft, held against the draft: places, quotes, numbers and names; pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.markup.references import Own
from notemill.offline.sentences import ENDINGS
from notemill.properties import CURATED, Properties
from notemill.tagging.known import NONE
from notemill.text.words import fold
from notemill.workflows.curation.curate import Curated, read_reply
from notemill.workflows.curation.reply_text import Loss, ReplyReading
from notemill.workflows.ingest.asking import (
    MAX_EVIDENCE,
    MAX_POINT_CHARS,
    MAX_POINTS,
    MAX_QUOTE_CHARS,
    MAX_QUOTES,
    MAX_TITLE_CHARS,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from notemill.tagging.known import KnownTags
    from notemill.workflows.ingest.asking import Asked
    from notemill.workflows.ingest.pieces import Piece

NEAR: Final = 80.0
"""The least similarity, of 100, of a passage that is a paraphrase of what was to be quoted; below
it the quote is left out. (rapidfuzz, `partial_ratio_alignment`.)"""
LEAST_QUOTE_CHARS: Final = 12
UNKNOWN: Final = "left out: it names no piece of the source"
NOWHERE: Final = "left out: the source does not say it"
_NUMBER: Final = re.compile(r"\d+(?:[.,:]\d+)*")
_NAME: Final = re.compile(r"(?<=[^\W\d_] )\b[^\W\d_a-z][^\W\d_]{2,}(?: [^\W\d_a-z][^\W\d_]+)*")
"""Capitalised words behind another word: at a sentence's start, every word has a capital."""
_SEPARATORS: Final = str.maketrans("", "", ".,: ")


@dataclass(frozen=True, slots=True)
class Point:
    """A key point, the pieces it rests on, and what it names that the source does not."""

    text: str
    pieces: tuple[int, ...]
    unsaid: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quote:
    """A passage of a piece in the source's own words; a paraphrase is what a model made of them."""

    text: str
    piece: int
    paraphrase: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reply says of a draft, after it was checked.

    `titles` are those of the pieces that begin chapters; `losses` what was left out or changed.
    """

    curated: Curated
    points: tuple[Point, ...] = ()
    quotes: tuple[Quote, ...] = ()
    titles: tuple[tuple[int, str], ...] = ()
    losses: tuple[Loss, ...] = ()


def read_answer(
    text: str, asked: Asked, *, known: KnownTags = NONE, used: Properties = CURATED
) -> Answer:
    """Read a reply that met its form, and hold it against the draft's pieces.

    A point that names no piece is left out, and so is a title of a piece that begins no chapter; a
    quote is shown as the source has it, or as a paraphrase, or left out. Raises ValueError for a
    text that is no such reply.
    """
    said = json.loads(text)
    whole = "\n".join(one.text for one in asked.pieces)
    own = Own(lambda: whole)
    reading = ReplyReading(own)
    checking = _Checking(asked.pieces, reading, whole)
    points = tuple(checking.points(said.get("summary", [])))
    quotes = tuple(checking.quotes(said.get("quotes", [])))
    titles = tuple(checking.titles(said.get("chapters", []), asked.starts))
    curated = read_reply(text, own, known, used=used)
    return Answer(curated, points, quotes, titles, (*curated.losses, *reading.losses))


class _Checking:
    def __init__(self, pieces: Sequence[Piece], reading: ReplyReading, whole: str) -> None:
        self._pieces = {one.number: one for one in pieces}
        self._reading = reading
        self._whole = whole.casefold()
        self._numbers = {_plain(one) for one in _NUMBER.findall(whole)}

    def points(self, said: Sequence[Mapping[str, object]]) -> Iterator[Point]:
        seen: set[str] = set()
        for one in said[:MAX_POINTS]:
            text = self._reading.line("summary", str(one["text"]), MAX_POINT_CHARS)
            pieces = tuple(self._known(one["pieces"]))[:MAX_EVIDENCE]
            if not text or text.casefold() in seen:
                continue
            if not pieces:
                self._reading.lose("summary", UNKNOWN)
                continue
            seen.add(text.casefold())
            yield Point(text, pieces, self._unsaid(text))

    def quotes(self, said: Sequence[Mapping[str, object]]) -> Iterator[Quote]:
        seen: set[str] = set()
        for one in said[:MAX_QUOTES]:
            number = next(self._known([one["piece"]]), None)
            wanted = str(one["text"])[:MAX_QUOTE_CHARS]
            if number is None or len(fold_words(wanted)) < LEAST_QUOTE_CHARS:
                self._reading.lose("quotes", UNKNOWN)
                continue
            found = self._quote(wanted, number)
            if found is None:
                self._reading.lose("quotes", NOWHERE)
            elif found.text.casefold() not in seen:
                seen.add(found.text.casefold())
                yield found

    def titles(
        self, said: Sequence[Mapping[str, object]], starts: Sequence[int]
    ) -> Iterator[tuple[int, str]]:
        """Yield each chapter's title, none twice."""
        titled: dict[int, str] = {}
        for one in said[: 2 * len(starts)]:
            title = self._reading.line("chapters", str(one["title"]), MAX_TITLE_CHARS)
            number = one["piece"]
            if (
                number in starts
                and title
                and title.casefold() not in map(str.casefold, titled.values())
            ):
                titled.setdefault(int(str(number)), title)
            else:
                self._reading.lose("chapters", UNKNOWN)
        yield from titled.items()

    def _known(self, numbers: object) -> Iterator[int]:
        for number in numbers if isinstance(numbers, list) else ():
            if isinstance(number, int) and number in self._pieces:
                yield number

    def _quote(self, wanted: str, number: int) -> Quote | None:
        """Return the passage of a piece, or of one beside it, that a quote repeats or resembles."""
        near = [n for n in (number, number - 1, number + 1) if n in self._pieces]
        for n in near:
            if passage := exact_passage(wanted, self._pieces[n].text):
                return Quote(passage, n)
        from rapidfuzz import fuzz, utils  # noqa: PLC0415  # only where a quote is not exact

        for n in near:
            likeness = fuzz.partial_ratio(
                wanted, self._pieces[n].text, processor=utils.default_process
            )
            text = self._reading.line("quotes", wanted, MAX_QUOTE_CHARS)
            if likeness >= NEAR and text:
                return Quote(text, n, paraphrase=True)
        return None

    def _unsaid(self, text: str) -> tuple[str, ...]:
        """Return the numbers and names of a text that occur nowhere in the source."""
        numbers = [one for one in _NUMBER.findall(text) if _plain(one) not in self._numbers]
        names = [
            word
            for name in _NAME.findall(text)
            for word in name.split()
            if word.casefold() not in self._whole
        ]
        return tuple(dict.fromkeys((*numbers, *names)))


def _plain(number: str) -> str:
    return number.translate(_SEPARATORS)


def fold_words(text: str) -> str:
    """Return the letters and digits of a text, folded: what two spellings of a quote share."""
    return "".join(char for char in fold(text) if char.isalnum())


def exact_passage(wanted: str, text: str) -> str:
    """Return the passage of `text` that `wanted` repeats but for case, space and punctuation.

    '' if there is none. The passage is as `text` has it, from the first letter to the last, with
    the sign that ends its sentence.
    """
    letters: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        for one in fold(char):
            if one.isalnum():
                letters.append(one)
                places.append(place)
    needle = fold_words(wanted)
    at = "".join(letters).find(needle) if needle else -1
    if at < 0:
        return ""
    start, end = places[at], places[at + len(needle) - 1] + 1
    while end < len(text) and text[end] in ENDINGS:
        end += 1
    return text[start:end]
