"""A note's description: its own sentences, chosen by content and position."""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from notemill.offline.collected import quotations, told_by
from notemill.offline.cues import cues
from notemill.offline.inline import ADDRESS
from notemill.offline.marked import HOLE
from notemill.offline.openings import Opening, opening_of, standing_alone
from notemill.offline.outline import (
    colon_of,
    first_lines,
    is_junk,
    is_log,
    is_sketch,
    is_verse,
    joined,
    log_lines,
    outline,
    with_parts,
)
from notemill.offline.pieces import PieceKind
from notemill.offline.sentences import (
    MOST_CHARS,
    QUESTIONS,
    WHOLE_CHARS,
    ideal,
    is_complete,
    shortened,
    stop_for,
)
from notemill.offline.titles import only_counts, opening_heading
from notemill.offline.units import COLONS, LISTS, MAX_UNITS, is_name, units, word_count
from notemill.text.words import fold, folded, is_cjk, terms, width, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from notemill.offline.pieces import NotePieces
    from notemill.offline.units import Unit

# Weights were set by reading descriptions of several vaults, in the order of their effect:
# where a sentence stands says most, then whether it defines the title, then its words.
LEAD = 1.5
LEAD_DECAY = 0.35
FIRST = 0.3
TITLE = 0.5
TITLE_FACTOR = 1.6
DEFINES_TITLE = 0.65
DEFINES = 0.15
CENTRAL = 0.6
SUMMARY_SECTION = 0.7
SUMMARY_LINE = 1.8
OTHER_SECTION = 0.8
LENGTH = 0.5
QUESTION = 0.45
OPENING_QUESTION = 0.2
COLON = 0.75
PLAIN_COLON = 0.3
ANNOUNCED = 0.3
HOLED = 0.9
FRAGMENT = 0.25
LOWER = 0.2
LINKED = 0.6
CODED = 0.4
BOILERPLATE = 0.9
GREETING = 0.5
SMALL_TALK = 0.7
ANNOUNCES = 0.4
PRESSES = 0.3
DATED = 0.3
DATE_WIDTH = 30
DATE_LETTERS = 12
DEPTH = 0.1
WORDLESS = 1.0
PLAIN = 0.19
ANSWERS = 0.5
LEANING: Mapping[Opening, float] = {
    Opening.CONNECTIVE: 0.5,
    Opening.POINTER: 0.45,
    Opening.PRONOUN: 0.45,
    Opening.SUPPOSING: 1.4,
    Opening.SPOKEN: 1.4,
    Opening.REFERENCE: 0.9,
}
LEANING_FIRST = {**LEANING, Opening.POINTER: 0.3, Opening.PRONOUN: 0.2}
KINDS: Mapping[PieceKind, float] = {
    PieceKind.PROSE: 0.0,
    PieceKind.VERSE: -0.05,
    PieceKind.ITEM: -0.12,
    PieceKind.STEP: -0.25,
    PieceKind.TASK: -0.5,
    PieceKind.QUOTE: -0.3,
    PieceKind.HEADING: -0.4,
    PieceKind.FIELD: 0.0,
}
ENOUGH = 0.45
MIN_WORDS = 4
MIN_FRAGMENT_WORDS = 6
SHORT_WIDTH = 45
SCANT_WIDTH = 60
GOOD_WIDTH = 165
FULL_WIDTH = 130
MAX_SENTENCES = 3
MOST_SCANT = 5
HEAD_WORDS = 8
HEAD_CHARS = 30
ANNOUNCING_WORDS = 5
MAX_DEPTH = 3
MIN_CONTEXT = 3
MANY_PIECES = 6
_CLAUSES = re.compile(r";\s")
_DATED = re.compile(r"\d{4}")
_CLOCKED = re.compile(r"\d{4}[-./]\d{1,2}[-./]\d{1,2}")


def describe(page: NotePieces, title: str, folder: str, stop: AbstractSet[str]) -> str:
    """Return one to three sentences of the page, at most 300 characters.

    A page without sentences is described by what it lists or links, or by its title.
    """
    candidates = units(page, title)
    if not candidates:
        return outline(page, title, folder)
    if is_verse(page):
        return first_lines(page)
    if is_log(page, title):
        return log_lines(page, title)
    if quoted := quotations(page):
        return joined(quoted, apart=True)
    keys = [list(terms(unit.text)) for unit in candidates]
    names = " ".join([title, *page.headings[:1]])
    subject = {term for term in terms(names) if term not in stop and not term.isdigit()}
    # What a book's note begins with may only say who wrote it, and when.
    first = next(
        (index for index, unit in enumerate(candidates) if _is_sentence(unit, unit.text)), 0
    )
    values = [
        _value(unit, index, keys[index], subject)
        + (FIRST if index == first and _is_plain(unit) else 0.0)
        for index, unit in enumerate(candidates)
    ]
    ends = [_window_end(candidates, values, start) for start in range(len(candidates))]
    windows = [_window(candidates[start:end]) for start, end in enumerate(ends)]
    central = _centrality(keys, ends, subject, stop)
    scores = [
        value + central[index] + LENGTH * _length_fit(windows[index])
        for index, value in enumerate(values)
    ]
    eligible = [
        index for index, unit in enumerate(candidates) if _is_sentence(unit, windows[index])
    ]
    best = max(eligible, key=lambda index: (scores[index], -index), default=-1)
    if best < 0 or scores[best] < ENOUGH:
        return outline(page, title, folder)
    unit = candidates[best]
    if _says_less(unit, windows[best], page):
        return outline(page, title, folder)
    if told := told_by(page, title, unit, windows[best]):
        return told
    text = _in_context(standing_alone(windows[best]), unit, names)
    text = _headed(_named(text, title, folder), page, title)
    scant = width(text) < SCANT_WIDTH and len(page.pieces) >= MANY_PIECES and not unit.complete
    if (scant or unit.kind is PieceKind.HEADING) and not unit.described:
        text = with_parts(text, page, title, unit.group)
    return text[:MOST_CHARS]


def _headed(text: str, page: NotePieces, title: str) -> str:
    """Return a text after the heading that says what it is about where the title only counts."""
    heads = opening_heading(page, title) if only_counts(title) else []
    if not heads or is_junk(heads[0]) or fold(heads[0]) in fold(text):
        return text
    return f"{heads[0]}{colon_of(text)}{text}"


def _named(text: str, title: str, folder: str) -> str:
    """Return a text that begins with a pronoun after the title, which names what it stands for.

    A title that only counts does not: its folder says what it counts.
    """
    if only_counts(title):
        title = f"{folder.rpartition('/')[2]} {title}".strip()
    if (
        opening_of(text) is not Opening.PRONOUN
        or not is_name(title)
        or _DATED.search(title)
        or is_junk(title)
    ):
        return text
    return f"{title}{colon_of(text)}{text}"


def _says_less(unit: Unit, text: str, page: NotePieces) -> bool:
    """Say whether a sentence tells less of a page of short lines than those lines together."""
    if unit.described or unit.listed:
        return False
    short = width(text) < (SCANT_WIDTH if unit.keyed else SHORT_WIDTH)
    loose = unit.kind in LISTS and (unit.depth > 0 or not unit.complete)
    return (unit.kind is PieceKind.STEP and short) or ((short or loose) and is_sketch(page))


def _is_sentence(unit: Unit, window: str) -> bool:
    """Say whether a window is long enough to be a sentence, or a telling fragment."""
    if unit.described:
        return word_count(window) > 1
    loose = not unit.complete and unit.kind is not PieceKind.PROSE
    return word_count(window) >= (MIN_FRAGMENT_WORDS if loose else MIN_WORDS)


def _in_context(text: str, unit: Unit, names: str) -> str:
    """Return `text` after the line it stands under, unless the title says as much."""
    context = unit.context
    if len(context) < MIN_CONTEXT or fold(context) in fold(names) or fold(context) in fold(text):
        return text
    if is_junk(context):
        return text
    whole = f"{context}\uff1a{text}" if is_cjk(text) else f"{context}: {text}"
    return whole if len(whole) <= ideal(whole) else text


def _centrality(
    keys: Sequence[Sequence[str]],
    ends: Sequence[int],
    subject: AbstractSet[str],
    stop: AbstractSet[str],
) -> list[float]:
    """Return for each window how much of the note's vocabulary it covers, less where it has none.

    A word weighs by the logarithm of its count, as in centroid summaries (Radev et al.,
    "Centroid-based summarization of multiple documents", 2004), within one note.
    """
    counts = Counter(term for own in keys for term in own)
    weights = {
        term: math.log1p(count) * (TITLE_FACTOR if term in subject else 1.0)
        for term, count in counts.items()
        if term not in stop and not term.isdigit()
    }
    covered = []
    for start, end in enumerate(ends):
        own = {term for number in range(start, end) for term in keys[number]}
        covered.append(sum(weights.get(term, 0.0) for term in own) / math.sqrt(len(own) + 6.0))
    most = max(covered, default=0.0) or 1.0
    return [CENTRAL * value / most - (0.0 if value else WORDLESS) for value in covered]


def _value(unit: Unit, index: int, own: Sequence[str], subject: AbstractSet[str]) -> float:
    """Return what speaks for a sentence as the first of a description, length aside."""
    value = LEAD / (1.0 + LEAD_DECAY * index) + KINDS[unit.kind]
    value -= DEPTH * min(unit.depth, MAX_DEPTH)
    if subject and not unit.described:
        value += TITLE * len(subject & set(own)) / len(subject)
    value += _definition(unit.text, subject)
    value += SUMMARY_SECTION if unit.section > 0 else 0.0
    value -= OTHER_SECTION if unit.section < 0 else 0.0
    if unit.described:
        value += SUMMARY_LINE if unit.opens else SUMMARY_LINE / 2
    return value - _flaws(unit, index)


def _is_plain(unit: Unit) -> bool:
    """Say whether next to nothing speaks against a note's first sentence as its description."""
    return unit.complete and _flaws(unit, 0) < PLAIN


def _length_fit(text: str) -> float:
    """Return 1 for a text of good length, falling to -1 for a scrap or an endless one."""
    size = width(text)
    if size < SHORT_WIDTH:
        return size / SHORT_WIDTH * 1.6 - 0.8
    return 1.0 if size <= GOOD_WIDTH else max(-1.0, 1.0 - (size - GOOD_WIDTH) / GOOD_WIDTH)


def _definition(text: str, subject: AbstractSet[str]) -> float:
    """Return what a sentence gains by saying what something is, most if it is the title."""
    if is_cjk(text):
        start = text[:HEAD_CHARS]
        places = [start.find(cue) for cue in cues()["defining_cjk"]]
        place = min((place for place in places if place > 0), default=0)
        before = set(terms(start[:place]))
    else:
        head = words(_CLAUSES.split(text, maxsplit=1)[0])[:HEAD_WORDS]
        defining = cues()["defining"]
        place = next((i for i, word in enumerate(head) if i and word.casefold() in defining), 0)
        before = {term for word in head[:place] for term in terms(word)}
    if not place:
        return 0.0
    named = len(before & subject) / len(subject) if subject else 0.0
    return DEFINES + (DEFINES_TITLE - DEFINES) * min(1.0, 1.3 * named)


def _flaws(unit: Unit, index: int) -> float:
    """Return the sum of what speaks against a sentence as a description."""
    text = unit.text
    flaws = HOLED if HOLE in text or ADDRESS in text.rstrip(ADDRESS + " ") else 0.0
    if text.rstrip("\"'\u201d\u300d)")[-1:] in QUESTIONS:
        opening = index == 0 or unit.kind is PieceKind.HEADING
        opening = opening and width(text) >= SHORT_WIDTH
        flaws += OPENING_QUESTION if opening else QUESTION
    if text.endswith(COLONS):
        bare = word_count(text) >= ANNOUNCING_WORDS and not _announces(text)
        flaws += PLAIN_COLON if bare else COLON
    elif not is_complete(text):
        flaws += FRAGMENT
    flaws += LOWER if text.partition(" ")[0].isalpha() and text[0].islower() else 0.0
    flaws += LINKED * max(0.0, unit.links - 0.4) / 0.6
    flaws += CODED * min(1.0, 2 * unit.code)
    flaws += ANNOUNCED if unit.announced else 0.0
    flaws += ANSWERS if unit.answers else 0.0
    flaws += _leaning(unit, index)
    return flaws + _phrases(unit)


def _announces(text: str) -> bool:
    lowered = folded(text)
    return any(cue in lowered for cue in cues()["announcing"])


def _leaning(unit: Unit, index: int) -> float:
    """Return the price of how a sentence begins; the note's first may lean on its title."""
    opening = Opening.SPOKEN if unit.spoken else opening_of(unit.text)
    if opening is None:
        return 0.0
    return (LEANING_FIRST if index == 0 else LEANING)[opening]


def _phrases(unit: Unit) -> float:
    """Return the price of greetings, button labels, notices and dates, less that of a topic."""
    return _price(unit.text, step=unit.kind is PieceKind.STEP)


@lru_cache(maxsize=2 * MAX_UNITS)
def _price(said: str, *, step: bool) -> float:
    text = folded(said)
    price = BOILERPLATE if any(phrase in text for phrase in cues()["boilerplate"]) else 0.0
    price += SMALL_TALK if any(phrase in text for phrase in cues()["small_talk"]) else 0.0
    price -= ANNOUNCES if any(phrase in text for phrase in cues()["topics"]) else 0.0
    head = (text.split(maxsplit=1) or [""])[0].strip(",.!:")
    greets = text.startswith(_wide_greetings())
    if head in cues()["greetings"] or greets:
        price += GREETING
    if step and head in cues()["presses"]:
        price += PRESSES
    dated = _CLOCKED.match(text) or (
        width(text) < DATE_WIDTH
        and _DATED.search(text)
        and sum(map(str.isalpha, text)) < DATE_LETTERS
    )
    return price + (DATED if dated else 0.0)


@cache
def _wide_greetings() -> tuple[str, ...]:
    return tuple(sorted(word for word in cues()["greetings"] if is_cjk(word)))


def _window_end(candidates: Sequence[Unit], values: Sequence[float], start: int) -> int:
    """Return the index after the last sentence that belongs to the one at `start` and fits."""
    size = len(_closed(candidates[start].text))
    limit = ideal(candidates[start].text)
    index = start + 1
    told = 0
    while index < len(candidates):
        before, after = candidates[index - 1], candidates[index]
        told += width(before.text)
        scant = told < SCANT_WIDTH
        if index >= start + (MOST_SCANT if scant else MAX_SENTENCES):
            break
        size += len(after.text) + 1
        many = WHOLE_CHARS if before.keyed and after.keyed else limit
        full = width(before.text) >= FULL_WIDTH or size > many
        if full or values[index] < 0.0 or not _follows(before, after, scant=scant):
            break
        index += 1
    return index


def _window(sentences: Sequence[Unit]) -> str:
    """Return sentences as one text."""
    text = _closed(sentences[0].text)
    for unit in sentences[1:]:
        text += "" if is_complete(text) else stop_for(text)
        text += ("" if is_cjk(text) else " ") + unit.text
    return text


def _closed(sentence: str) -> str:
    """Return a sentence cut to the bounds of a description, with a stop at its end."""
    text = shortened(_bare(sentence))
    text = text.rstrip("\u2014\u2013- ") or text
    if is_complete(text) or word_count(text) < MIN_WORDS:
        return text
    return text + stop_for(text)


def _follows(before: Unit, after: Unit, *, scant: bool) -> bool:
    """Say whether a sentence goes on where the other ended; what is `scant` so far goes on longer."""
    most = DATED if scant and not after.opens else 0.0
    if after.section != before.section or not _may_follow(before, after) or _phrases(after) > most:
        return False
    if not after.opens:
        return opening_of(after.text) is not Opening.REFERENCE
    tied = {Opening.CONNECTIVE, Opening.PRONOUN, Opening.POINTER} if scant else set()
    if opening_of(after.text) not in {None, *tied}:
        return False
    if after.spoken or (after.keyed and not before.keyed):
        return False
    if before.kind is PieceKind.HEADING:
        return before.complete and after.kind is PieceKind.PROSE
    if before.keyed and after.keyed and before.kind is after.kind is PieceKind.PROSE:
        return True  # "Friday: …", "Saturday: …"
    if width(before.text) > GOOD_WIDTH // 2:
        return False
    if before.kind is PieceKind.ITEM:
        return after.kind is PieceKind.ITEM and before.depth == after.depth and before.complete
    if before.kind is not PieceKind.PROSE:
        return False
    short = width(before.text) < SHORT_WIDTH and after.kind is not PieceKind.QUOTE
    return after.kind is PieceKind.PROSE or short


def _may_follow(before: Unit, after: Unit) -> bool:
    """Say whether a sentence can end a description: a question only behind a short statement."""
    if HOLE in after.text or ADDRESS in after.text or not after.complete:
        return False
    if not after.text.endswith(tuple(QUESTIONS)):
        return True
    states = not before.text.endswith(tuple(QUESTIONS)) and not is_cjk(after.text)
    return states and not after.opens and width(before.text) <= GOOD_WIDTH // 2


def _bare(text: str) -> str:
    """Return a sentence without the marks of what could not be said in words."""
    bare = " ".join(text.replace(HOLE, " ").replace(ADDRESS, " ").split())
    if text.endswith(ADDRESS):
        # "… as per https://…" ends with words that only led to the address.
        while bare and fold(bare.rpartition(" ")[2].strip(":(")) in cues()["leading_up"]:
            bare = bare.rpartition(" ")[0]
    while bare.endswith((*COLONS, ",", "\uff0c", "-", "\u3001", "(", "\uff08")):
        bare = bare[:-1].rstrip()
    return bare
