"""The sentences of what is spoken or written at length that a reader understands by themselves."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from notemill.offline.cues import cues
from notemill.offline.openings import Opening, opening_of
from notemill.offline.sentences import QUESTIONS, is_complete, split
from notemill.offline.units import word_count
from notemill.text.words import fold, folded, is_cjk, width, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

LEAST_WIDTH: Final = 45
MOST_WIDTH: Final = 260
"""The shortest and the longest sentence that is read by itself, in Latin letters."""
LEAST_WORDS: Final = 7
GOOD_WIDTHS: Final = (70, 190)
QUOTED_WIDTHS: Final = (45, 150)

# What speaks for or against a sentence; set by reading what was chosen of some forty talks.
VAGUE: Final = 2.5
POINTING: Final = 0.5
OWN: Final = 0.5
TIED: Final = 0.3
RAMBLING: Final = 0.2
MATTERS: Final = 0.4
EMPHASIS: Final = 0.25
MOST_EMPHASIS: Final = 2
MOST_COMMAS: Final = 2
HEAD_CHARS: Final = 50
HEAD_WORDS: Final = 5
COMMAS: Final = (",", "\uff0c", "\u3001", "\u060c")

_BROKEN: Final = re.compile(
    r"[\[\]{}<>|*_=#@]|://|(?:\.\.|\u2026)\W*$|\s[-\u2013\u2014]$|\u266a|^[^:.,]{1,30}:\s|\b\d{1,2}:\d\d\b"
)
_HALTING: Final = re.compile(r"\.\.\.|\u2026|--")
_PAIRS: Final = ("\u201c\u201d", "\u00ab\u00bb", "\u300c\u300d", "()", "\uff08\uff09")
_OPENING_MARKS: Final = "\"'\u201c\u2018\u00ab\u201e\u300c\u300e\u00bf\u00a1"


class Sentence(NamedTuple):
    """A sentence as it stands in the text, and the index of its piece."""

    text: str
    piece: int


class Statement(NamedTuple):
    """A sentence that can be read by itself.

    `clear` is 1 where it names all that it speaks of and has a good length, less where not;
    `pointed` is what speaks for quoting it, 0 or more, negative where it is too long for that.
    `before` is how much of the text, in Latin letters, comes before it.
    """

    text: str
    piece: int
    before: int
    clear: float
    pointed: float


def statements(pieces: Sequence[str]) -> list[Statement]:
    """Return the sentences of a text that stand alone; of a text without stops, its clauses."""
    cut = [split(" ".join(piece.split())) for piece in pieces]
    ends = [is_complete(one) for sentences in cut for one in sentences]
    stopped = 2 * sum(ends) >= len(ends)
    found: list[Statement] = []
    before = 0
    for number, sentences in enumerate(cut):
        said = sentences if stopped else [one for text in sentences for one in _clauses(text)]
        asked = False
        for one in said:
            if _is_readable(one, stopped=stopped) and not (asked and stopped):
                found.append(Statement(one, number, before, _clear(one), _pointed(one)))
            asked = one.rstrip("\"'\u201d\u300d)")[-1:] in QUESTIONS
            before += width(one)
    return found


def _is_readable(text: str, *, stopped: bool) -> bool:
    """Say whether a sentence is whole, of a length to be read, and no courtesy."""
    if not LEAST_WIDTH <= width(text) <= MOST_WIDTH or word_count(text) < LEAST_WORDS:
        return False
    if _BROKEN.search(text) or any(mark in text for mark in QUESTIONS):
        return False
    if text.count('"') % 2 or any(text.count(one) != text.count(other) for one, other in _PAIRS):
        return False
    first = text.lstrip(_OPENING_MARKS)[:1]
    if stopped and (not is_complete(text) or first.islower() or not first.isalnum()):
        return False
    if opening_of(text) not in {None, Opening.CONNECTIVE}:
        return False
    said = f" {folded(text)}"
    courteous = any(one in said for one in _phrases("broadcasting", "small_talk", "boilerplate"))
    return not courteous and not _leans(text)


def _leans(text: str) -> bool:
    """Say whether a sentence begins with an answer, or with what only the one before tells."""
    if is_cjk(text[:6]):
        return text.startswith(tuple(cues()["replying_cjk"]))
    said = [fold(word) for word in words(text[:HEAD_CHARS])]
    if opening_of(text) is Opening.CONNECTIVE:
        said = said[1:]
    if said and said[0] in cues()["determiners"] | cues()["articles"]:
        return len(said) > 1 and said[1] in cues()["leaning"]  # "the other one"
    head = next(iter(said), "")
    bare = head.partition("'")[0]  # "they're"
    return any(
        head in cues()[name] or bare in cues()[name]
        for name in ("replying", "greetings", "leaning", "pronouns", "dangling")
    )


@cache
def _phrases(*names: str) -> tuple[str, ...]:
    """Return the phrases of lists of cues, after a space in scripts that part words by it."""
    phrases = frozenset().union(*(cues()[name] for name in names))
    return tuple(f" {one}" if one[:1].isascii() else one for one in sorted(phrases))


@cache
def _pointers() -> AbstractSet[str]:
    """Return the words that mean what was said before, and join no sentences."""
    joining = cues()["connectives"] | cues()["conjunctions"] | cues()["coordinating"]
    return cues()["dangling"] - joining


def _clear(text: str) -> float:
    """Return how much a sentence says by itself, 1 at most.

    Words that announce what matters count as in Edmundson, "New methods in automatic extracting",
    1969.
    """
    said = [fold(word) for word in words(text)]
    vague = sum(word in cues()["vague"] for word in said) / max(len(said), 1)
    pointing = not _pointers().isdisjoint(said[1:HEAD_WORDS])
    own = not cues()["first_person"].isdisjoint(said)
    weighty = cues()["weighty_cjk"] if is_cjk(text) else cues()["weighty"]
    matters = any(one in text for one in weighty) if is_cjk(text) else weighty.intersection(said)
    return (
        1.0
        - VAGUE * vague
        - POINTING * pointing
        - OWN * own
        - RAMBLING * _halts(text, said)
        - TIED * (opening_of(text) is not None)
        + MATTERS * bool(matters)
        - _misfit(text, GOOD_WIDTHS)
    )


def _halts(text: str, said: Sequence[str]) -> int:
    """Return how often a sentence breaks off, fills in, says a pair of words again or adds a clause."""
    again = len(said) - 1 - len(set(pairwise(said))) if said else 0
    fillers = sum(map(f" {folded(text)}".count, _phrases("fillers")))
    clauses = max(0, sum(map(text.count, COMMAS)) - MOST_COMMAS)
    return again + fillers + clauses + len(_HALTING.findall(text))


def _pointed(text: str) -> float:
    """Return what speaks for quoting a sentence."""
    said = {fold(word) for word in words(text)}
    tied = opening_of(text) is not None
    strong = -tied + EMPHASIS * min(MOST_EMPHASIS, len(said & cues()["emphatic"]))
    return strong - 2 * _misfit(text, QUOTED_WIDTHS)


def _misfit(text: str, good: tuple[int, int]) -> float:
    """Return how far a length is from good, as a share of that."""
    size, (least, most) = width(text), good
    return max(0.0, (least - size) / least, (size - most) / most)


def _clauses(text: str) -> Iterator[str]:
    """Yield the clauses of words without stops, each without the conjunction that begins it.

    In a script without spaces, a space is where the speaker paused.
    """
    joining = cues()["coordinating"] | cues()["connectives"] | cues()["conjunctions"]
    paused = is_cjk(text)
    clause: list[str] = []
    size = 0
    for word in text.split():
        ends = paused or fold(word) in joining
        if ends and size >= LEAST_WIDTH:
            yield " ".join(clause)
            clause, size = [], 0
        if clause or paused or fold(word) not in joining:
            clause.append(word)
            size += width(word) + 1
    if clause:
        yield " ".join(clause)
