"""Key phrases: the note's title, headings, links and repeated words, ranked."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from notemill.offline.inline import ADDRESS
from notemill.offline.marked import HOLE
from notemill.offline.pieces import PieceKind
from notemill.offline.units import is_fact, section_value
from notemill.text.stopwords import lists
from notemill.text.words import UNSPACED, WORD, fold, is_cjk, stem, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from notemill.offline.pieces import NotePieces

MAX_WORDS = 3
MAX_LABEL_WORDS = 5
MAX_CHARS = 40
MAX_CJK_CHARS = 14
MIN_CHARS = 3
ACRONYM = 2
RANKED = 12
TELLING = 0.9
PASSABLE = 0.7
FEWEST = 3
MAX_TOKENS = 4_000
FEW_TOKENS = 120

# Weights by source: what a person set apart by hand says more than a repeated word.
IN_TITLE = 2.6
IN_HEADING = 0.7
IN_LINK = 1.0
IN_STRONG = 0.7
PROPER = 0.5
EARLY = 0.5
LONGER = 0.35
SHARED = 0.6

_BREAK = re.compile(
    r"[.!?,;:()\[\]{}\"\u201c\u201d\u00ab\u00bb|/\u2026\u2013\u2014=<>]|\s[-*]\s|[\u3000-\u303f\uff00-\uff0f\uff1a-\uff20]"
)
_JUNK = re.compile(
    r"no\.?\d+|.*\.(?:png|jpe?g|gif|svg|webp|pdf|md|mp4)|\d+(?:st|nd|rd|th)|[\d\W_]+|v?\d+(?:\.\d+)+\w*|\w*[/\\_{}@=]\w*|[a-z]+\.[a-z]{2,4}|\W.*"
)
_SEPARATORS = re.compile(
    r"\s+[-\u2013\u2014|~]\s+|[:|\uff1a\u2014\u00b7,\uff0c\u3001()\uff08\uff09\[\]\u3010\u3011/\u300a\u300b\u300c\u300d\u2211\u00a7]+|--+"
)
_DATE = re.compile(r"\b\d{4}[-./_]\d{1,2}(?:[-./_]\d{1,2})?\b")
_NUMBERING = re.compile(r"^\s*\d{1,2}(?:\.\d+)*[.):\u3001]?\s+")
_PARTICLE = re.compile(
    "(?<=[\uac00-\ud7a3]{2})(?:\uc5d0\uc11c|\uc73c\ub85c|\uc740|\ub294|\uc744|\ub97c|\uc758|\uc5d0|\uc640|\uacfc)$"
)
_ADVERB = re.compile(r"\w+(?:ly|ing)$")


Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A key phrase as the note writes it, with its evidence."""

    text: str
    key: Key
    score: float


class _Word(NamedTuple):
    """A word of a run, its stem, and whether its capital marks a name."""

    text: str
    stem: str
    proper: bool


@dataclass(slots=True)
class _Tally:
    """What was counted of one phrase."""

    count: int = 0
    bonus: float = 0.0
    first: int = 0
    proper: bool = False
    forms: Counter[str] = field(default_factory=Counter)


def phrases(
    page: NotePieces, title: str, stop: AbstractSet[str], recurring: Iterable[tuple[str, int]]
) -> list[Phrase]:
    """Return the note's key phrases, best first, none inside another; `recurring` as in `cjk`."""
    tallies: defaultdict[Key, _Tally] = defaultdict(_Tally)
    total = _count_body(page, stop, tallies)
    for text, count in recurring:
        tally = tallies[(fold(text),)]
        tally.count = max(tally.count, count)
        tally.forms[text] += 1
    _add_sources(page, title, stop, tallies)
    ranked = sorted(
        (
            Phrase(_form(tally), key, _value(key, tally, total))
            for key, tally in tallies.items()
            if _is_phrase(key, tally)
        ),
        key=lambda phrase: (-phrase.score, phrase.text),
    )
    kept = _apart(ranked)
    # Weak phrases only fill up to three; a note of few words repeats none of them.
    return [
        phrase
        for number, phrase in enumerate(kept)
        if phrase.score >= (TELLING if number >= FEWEST else PASSABLE) or not number
    ]


def _count_body(page: NotePieces, stop: AbstractSet[str], tallies: defaultdict[Key, _Tally]) -> int:
    """Count the runs of one to three words between stopwords; return how many words there are."""
    runs: list[list[_Word]] = []
    total = 0
    for piece in page.pieces:
        if piece.kind not in {PieceKind.FIELD, PieceKind.HEADING} and not is_fact(piece):
            for run in _runs(piece.text, stop):
                runs.append(run)
                total += len(run)
        if total > MAX_TOKENS:
            break
    counts = Counter(_grams(runs))
    place = 0
    for run in runs:
        for start in range(len(run)):
            for size in range(1, min(MAX_WORDS, len(run) - start) + 1):
                _tally(tallies, run[start : start + size], counts, place, total)
        place += len(run)
    return max(total, 1)


def _grams(runs: Sequence[Sequence[_Word]]) -> Iterator[Key]:
    """Yield the stems of every group of one to three words."""
    for run in runs:
        stems = [word.stem for word in run]
        for size in range(1, min(MAX_WORDS, len(stems)) + 1):
            yield from zip(*(stems[start:] for start in range(size)), strict=False)


def _tally(
    tallies: defaultdict[Key, _Tally],
    gram: Sequence[_Word],
    counts: Counter[Key],
    place: int,
    total: int,
) -> None:
    """Count one group of words, unless it stands once among many words and is no name."""
    key = tuple([word.stem for word in gram])
    count = counts[key]
    # A capital at the start of a sentence says nothing; one inside it marks a name.
    proper = gram[0].proper and all(word.proper for word in gram)
    if count == 1 and not proper and (len(gram) > 1 or total > FEW_TOKENS):
        return
    tally = tallies[_apart_hyphens(key)]
    if not tally.count:
        tally.first = place
    tally.count += 1
    tally.forms[" ".join([word.text for word in gram])] += 1
    tally.proper = tally.proper or proper


def _apart_hyphens(key: Key) -> Key:
    """Return the stems of a key with those of hyphenated words apart."""
    if not any("-" in part for part in key):
        return key
    return tuple(stem(part) for word in key for part in word.split("-") if part)


def _is_junk(word: str) -> bool:
    # Letters alone are none, and most words are that.
    return not word.isalpha() and _JUNK.fullmatch(word) is not None


def _runs(text: str, stop: AbstractSet[str]) -> Iterator[list[_Word]]:
    """Yield the runs of words between stopwords and stops."""
    for part in _BREAK.split(text.replace(HOLE, "|").replace(ADDRESS, "|")):
        run: list[_Word] = []
        inside = False
        for match in WORD.finditer(part or ""):
            word = match[0] if match[0].isascii() else _PARTICLE.sub("", match[0])
            if match.lastgroup or fold(word) in stop or _is_junk(word):
                if run:
                    yield run
                run = []
            else:
                run.append(_Word(word, stem(word), inside and word[0].isupper()))
            inside = True
        if run:
            yield run


def _add_sources(
    page: NotePieces, title: str, stop: AbstractSet[str], tallies: defaultdict[Key, _Tally]
) -> None:
    """Add what title, headings, links and bold words say."""
    # The headings of a diary are those of its form.
    dated = _JUNK.fullmatch(title) is not None
    headings = [text for text in page.headings if section_value(text) == 0 and not dated]
    sources: list[tuple[Iterable[str], float]] = [
        ((title,), IN_TITLE),
        (headings[:30], IN_HEADING),
        (page.found.links[:200], IN_LINK),
        (page.found.strong[:60], IN_STRONG),
    ]
    for labels, weight in sources:
        for text in labels:
            for part in _parts(text):
                _credit(part, weight, stop, tallies)


def _parts(text: str) -> list[str]:
    """Return a label's own pieces: "Topic - subtopic (aside)" is three."""
    parts = (_NUMBERING.sub("", _DATE.sub(" ", part)) for part in _SEPARATORS.split(text))
    stripped = (part.strip(" .!?\uff1f\uff01\u3002'\"\u201c\u201d_-") for part in parts)
    return [part for part in stripped if part]


def _credit(
    part: str, weight: float, stop: AbstractSet[str], tallies: defaultdict[Key, _Tally]
) -> None:
    found = [match[0] for match in WORD.finditer(part)]
    cjk = bool(UNSPACED.search(part))
    if cjk:
        if len(part) <= MAX_CJK_CHARS:
            tally = tallies[(fold(part),)]
            tally.bonus += weight / (1 + tally.bonus)
            tally.count = tally.count or 1
            tally.forms[part] += 3
        return
    while found and fold(found[0]) in stop:
        found.pop(0)
    while found and fold(found[-1]) in stop:
        found.pop()
    if not found:
        return
    if len(found) <= MAX_LABEL_WORDS:
        tally = tallies[_apart_hyphens(tuple(map(stem, found)))]
        tally.bonus += weight / (1 + tally.bonus)
        tally.count = tally.count or 1
        tally.forms[" ".join(found)] += 2
        if len(found) == 1:
            return
    # The runs inside a longer label carry part of its weight.
    for run in _runs(part, stop):
        gram = run[:MAX_WORDS]
        if len(gram) < len(found):
            tally = tallies[_apart_hyphens(tuple(word.stem for word in gram))]
            tally.bonus += weight * 0.4 / (1 + tally.bonus)
            tally.count = tally.count or 1
            tally.forms[" ".join(word.text for word in gram)] += 1


def _form(tally: _Tally) -> str:
    return max(tally.forms, key=lambda form: (tally.forms[form], form.islower(), form))


def _is_phrase(key: Key, tally: _Tally) -> bool:
    text = _form(tally)
    if not MIN_CHARS <= len(text) + 2 * len(UNSPACED.findall(text[:3])) <= MAX_CHARS + 10:
        return bool(tally.bonus and text.isupper() and len(text) == ACRONYM)
    junk = lists()["junk"]
    parts = [fold(word) for word in words(text)]
    if fold(text) in junk or all(part in junk or _is_junk(part) for part in parts):
        return False
    if len(key) > 1 and not tally.bonus and {key[0], key[-1]} & junk:
        return False
    if len(key) == 1 and not tally.bonus and not tally.proper:
        return not _ADVERB.fullmatch(key[0])
    return True


def _value(key: Key, tally: _Tally, total: int) -> float:
    size = len(key) if not is_cjk(key[0]) else min(3, max(1, len(key[0]) // 2))
    repeated = tally.count > 1 or tally.bonus > 0
    value = math.log1p(tally.count) * (1 + LONGER * (size - 1) if repeated else 0.6)
    value += tally.bonus + (PROPER if tally.proper else 0.0)
    value += EARLY * (1 - min(1.0, tally.first / total))
    if tally.count == 1 and not tally.bonus and not tally.proper:
        value -= 0.6
    return value


def _apart(ranked: Sequence[Phrase]) -> list[Phrase]:
    """Return the phrases that neither hold nor are held by a better one."""
    kept: list[Phrase] = []
    for phrase in ranked:
        if not any(_alike(phrase, other) for other in kept):
            kept.append(phrase)
        if len(kept) == RANKED:
            break
    return kept


def _alike(one: Phrase, other: Phrase) -> bool:
    """Say whether one phrase holds the other, or both share most of their words."""
    first, second = set(one.key), set(other.key)
    shared = len(first & second)
    if shared and shared >= SHARED * max(len(first), len(second)):
        return True
    if shared == min(len(first), len(second)):
        return True
    return fold(one.text) in fold(other.text) or fold(other.text) in fold(one.text)
