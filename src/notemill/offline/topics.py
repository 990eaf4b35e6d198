"""A note's topics: whole names, as the note writes them, of what it is about."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from notemill.offline.cjk import cjk_names
from notemill.offline.collected import quotations
from notemill.offline.cues import cues
from notemill.offline.names import names_in
from notemill.offline.openings import Opening, opening_of
from notemill.offline.pieces import PieceKind
from notemill.offline.titles import (
    EDGES,
    SENTENCE,
    bared,
    is_nameable,
    is_one_of_series,
    is_short,
    line_parts,
    lists_tasks,
    named_by_folder,
    opening_heading,
    runs,
    stand_in,
    title_parts,
)
from notemill.offline.units import LISTS, is_fact, section_value
from notemill.text.words import UNSPACED, fold, folded, stem, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from notemill.offline.commonplace import Commonplace
    from notemill.offline.names import Name
    from notemill.offline.pieces import NotePieces, Piece

MAX_TOPICS: Final = 5
COMPARED: Final = 12
MOST_BESIDE_TITLE: Final = 2
"""What else a note is about whose title tells it: fewer topics are better than doubtful ones."""
MOST_TITLE_WORDS: Final = 12
LEAST_CJK: Final = 3
FEW_LINKS: Final = 6
"""A note with more links lists them; only those it speaks of more than once are its topics."""
FEW_OUTSIDE: Final = 3
FEW_STRONG: Final = 3
SHORT_TEXT: Final = 900
"""Letters of a text so short that one mention of a name counts."""
MOST_ONCE: Final = 3
"""Names mentioned once that a note without a telling title gets; with one they are in passing."""
LEAST_SPOKEN_OF: Final = 2
"""Mentions that a part of a text, or a word set off in it, has where the text is about it."""
LEAST_SINGLE: Final = 3
"""Mentions of a name of one word that a text with a telling title is about."""
LEAST_STEM: Final = 4
ENDING: Final = 2
READ_LINKS: Final = 200
READ_STRONG: Final = 60
READ_HEADINGS: Final = 60

# What speaks for a name, and what all of it together must reach.
IN_TITLE: Final = 5.0
IN_LINK: Final = 1.6
ASIDE: Final = 0.95
IN_STRONG: Final = 1.0
IN_HEADING: Final = 0.9
NAMED: Final = 0.9
SEVERAL_WORDS: Final = 0.5
REPEATED: Final = 0.8
EARLY: Final = 0.4
ENOUGH: Final = 1.5

_SPOKEN: Final = re.compile(SENTENCE.pattern + "|[:\uff1a|\u3010\u3011]")
_ONE_OF_SEVERAL: Final = re.compile(r"(?<=[^\W\d]) \d{1,2}$")
Key = tuple[str, ...]


@dataclass(slots=True)
class _Candidate:
    """A name that may be a topic, with what speaks for it."""

    text: str
    score: float = 0.0
    titled: bool = False


@dataclass(slots=True)
class _Candidates:
    """The names found so far, by their stems."""

    found: dict[Key, _Candidate] = field(default_factory=dict)

    def add(self, text: str, score: float, *, titled: bool = False, form: bool = False) -> None:
        """Add what one place says for a name; words of a form are none unless `form` says so."""
        name = bared(text)
        if not name or not is_nameable(name, form=form):
            return
        one = self.found.setdefault(_key(name), _Candidate(name))
        one.score += score
        one.titled = one.titled or titled


def topics(
    page: NotePieces,
    title: str,
    folder: str,
    *,
    language: str,
    stop: AbstractSet[str],
    recurring: Iterable[tuple[str, int]],
    common: Commonplace,
) -> tuple[str, ...]:
    """Return up to five names of what a note is about, the surest first.

    They are its title, what it links to, the names it mentions, and headings of which it speaks;
    nothing that is `common` in the vault, except in the title. The title, or else the folder, stands
    in where there are none, and nothing if neither names anything: a list of the week's tasks, a date. `recurring` as in `cjk_phrases`.
    """
    if lists_tasks(title):
        return ()
    candidates = _Candidates()
    body = [piece for piece in page.pieces if _is_prose(piece)]
    said = folded("\n".join(piece.text for piece in body))
    titles = _titles(page, title, common, said)
    for part in titles:
        named = () if is_short(part) else runs(part, stop)
        spoken_of = [run for run in named if said.count(fold(run)) >= LEAST_SPOKEN_OF]
        if len(part.split()) > MOST_TITLE_WORDS and not spoken_of:
            continue  # a sentence
        known = said.count(fold(part)) >= LEAST_SPOKEN_OF
        for name in spoken_of or [part]:
            candidates.add(name, IN_TITLE, titled=True, form=known)
    if not candidates.found:
        for part in line_parts(page, language, stop):
            candidates.add(part, IN_TITLE, titled=True)
    long = any(len(part.split()) > MOST_TITLE_WORDS for part in titles)
    collects = bool(quotations(page))  # whom or what it quotes are many
    titled = bool(candidates.found or collects or named_by_folder(title, folder) or long)
    _add_links(candidates, page, said, titled=titled)
    _add_emphasis(candidates, page, said, titled=titled)
    _add_named(candidates, body, recurring, language=language, stop=stop, titled=titled)
    ranked = sorted(
        (one for one in candidates.found.values() if one.titled or _is_telling(one, stop, common)),
        key=lambda one: (not one.titled, -one.score),
    )
    kept = _apart(ranked[:COMPARED])
    most = sum(one.titled for one in kept) + MOST_BESIDE_TITLE if titled else MAX_TOPICS
    found = tuple(one.text for one in kept[: min(most, MAX_TOPICS)])
    return found if found or collects else stand_in(title, folder)


def _titles(page: NotePieces, title: str, common: Commonplace, said: str) -> list[str]:
    """Return what the heading at the top names, and the title unless that is only a file's name.

    "Rehearsal 3" is a rehearsal, "Apollo 11" is what the text calls so.
    """
    heading = [part for part in opening_heading(page, title) if fold(part) not in common.names]
    heading = [part for part in heading if is_nameable(part)]
    known = {key for part in heading for key in _key(part)}
    other = [part for part in title_parts(title) if not known.intersection(_key(part))]
    names = heading if heading and title.islower() else [*heading, *other]
    return [name if fold(name) in said else _ONE_OF_SEVERAL.sub("", name) for name in names]


def _is_prose(piece: Piece) -> bool:
    return piece.kind not in {PieceKind.FIELD, PieceKind.HEADING, PieceKind.CELL} and not is_fact(
        piece
    )


def _key(text: str) -> Key:
    return tuple(stem(part) for word in words(text) for part in re.split(r"[-']", word) if part)


def _is_telling(one: _Candidate, stop: AbstractSet[str], common: Commonplace) -> bool:
    """Say whether a name is sure enough, and tells something in this vault."""
    text = one.text
    if one.score < ENOUGH or common.has(text):
        return False
    if UNSPACED.search(text):
        return True
    first = text.split()[0]
    if fold(first) in stop:
        return " " in text and first[0].isupper()  # "the scar" is how a sentence calls it
    return " " in text or first[0].isupper()


def _add_links(candidates: _Candidates, page: NotePieces, said: str, *, titled: bool) -> None:
    """Add what the note links to; a navigation line or a list of many links names no topic.

    Nor does a neighbour in a numbered series, or, beside a title, what is only to be seen also.
    What stands on a link out of the vault is that page's name, or says what to do.
    """
    weights: defaultdict[str, float] = defaultdict(float)
    spelled: dict[str, str] = {}
    related = cues()["relations"]
    linking = [
        piece
        for piece in page.pieces
        if piece.links
        and not (titled and piece.kind is PieceKind.TASK)
        and fold(piece.key) not in related
        and not is_fact(piece)
    ]
    for piece in linking[:READ_LINKS]:
        aside = _is_aside(piece, page)
        for label in piece.links[:READ_LINKS]:
            if label in page.found.outside and (titled or len(linking) > FEW_OUTSIDE):
                continue
            spelled.setdefault(fold(label), label)
            weights[fold(label)] += ASIDE if aside else 1.0
    few = len(spelled) <= FEW_LINKS or not titled
    for name, label in spelled.items():
        mentions = said.count(name)
        if titled and weights[name] < 1.0 and mentions < LEAST_SPOKEN_OF:
            continue  # only where else to read
        numbered = titled and is_one_of_series(label)
        if (few or mentions > 1) and is_short(label) and not _SPOKEN.search(label) and not numbered:
            candidates.add(label, IN_LINK * min(1.3, weights[name]) + _repeated(mentions))


def _is_aside(piece: Piece, page: NotePieces) -> bool:
    """Say whether a line only leads elsewhere, or stands in a part of the note that does."""
    heading = page.headings[piece.section] if piece.section >= 0 else ""
    elsewhere = section_value(heading) < 0 or heading.casefold() in cues()["see"]
    return elsewhere or opening_of(piece.text) is Opening.REFERENCE


def _add_emphasis(candidates: _Candidates, page: NotePieces, said: str, *, titled: bool) -> None:
    """Add bold words of the prose, not those that head a line, and headings the text speaks of."""
    labels = {fold(_label(piece.text)) for piece in page.pieces}
    strong = [
        text
        for text in dict.fromkeys(page.found.strong[:READ_STRONG])
        if is_short(text) and not _SPOKEN.search(text) and fold(text) not in labels
    ]
    for text in strong:
        mentions = said.count(fold(text))
        several = len(text) > LEAST_CJK if UNSPACED.search(text) else " " in text
        named = len(strong) <= FEW_STRONG and text.istitle()
        if several and (named or mentions >= LEAST_SPOKEN_OF or not titled):
            candidates.add(text, IN_STRONG + SEVERAL_WORDS + _repeated(mentions))
    for text in page.headings[:READ_HEADINGS]:
        mentions = said.count(fold(text)) if text else 0
        several = len(text) >= LEAST_CJK if UNSPACED.search(text) else " " in text
        if several and mentions >= LEAST_SPOKEN_OF and is_short(text):
            candidates.add(text, IN_HEADING + _repeated(1 + mentions))


def _repeated(count: int) -> float:
    return REPEATED * math.log1p(max(count, 1) - 1)


def _label(text: str) -> str:
    """Return how a line begins, up to its colon: what is bold there is the name of a part."""
    return re.split(r"\s?[:\uff1a]|\s[-\u2013\u2014]\s", text, maxsplit=1)[0].strip(EDGES)


def _add_named(
    candidates: _Candidates,
    body: Sequence[Piece],
    recurring: Iterable[tuple[str, int]],
    *,
    language: str,
    stop: AbstractSet[str],
    titled: bool,
) -> None:
    """Add the names that the text mentions: in a long text, or only once in a list, they are many."""
    texts = [piece.text for piece in body]
    prose = [piece.text for piece in body if piece.kind not in LISTS]
    short = sum(map(len, texts)) <= SHORT_TEXT
    once = MOST_ONCE
    for name in _by_fullness(names_in(texts, language, stop)):
        if name.count == 1:
            if titled or not short or not once:
                continue
            once -= 1
        elif titled and name.words == 1 and name.count < LEAST_SINGLE:
            continue
        several = SEVERAL_WORDS if name.words > 1 else 0.0
        score = NAMED + several + _repeated(name.count) + EARLY * (2 - name.first)
        candidates.add(name.text, score)
    for text, score in cjk_names(prose if titled else texts, recurring, titled=titled):
        candidates.add(text, score)


def _by_fullness(names: Iterable[Name]) -> list[Name]:
    """Return names of several words first; one that is only what something is of, if no other is."""
    ranked = sorted(names, key=lambda one: (not one.whole, one.words == 1))
    return [one for one in ranked if one.whole or one.count > 1] or ranked


def _apart(ranked: Iterable[_Candidate]) -> list[_Candidate]:
    """Return names of which none holds another, nor the same words in another form.

    Of two, the surer one is kept, but the title's: whole where the other is a part of it.
    """
    kept: list[_Candidate] = []
    for one in ranked:
        places = [place for place, other in enumerate(kept) if _alike(one.text, other.text)]
        if not places:
            kept.append(one)
        elif (
            len(places) == 1
            and not kept[places[0]].titled
            and fold(kept[places[0]].text) in fold(one.text)
        ):
            kept[places[0]] = one
    return kept


def _alike(one: str, other: str) -> bool:
    first, second = fold(one), fold(other)
    if first in second or second in first:
        return True
    few, many = sorted((_key(one), _key(other)), key=len)
    return all(any(_same(word, else_) for else_ in many) for word in few)


def _same(one: str, other: str) -> bool:
    """Say whether two words differ at most in their endings."""
    size = max(LEAST_STEM, min(len(one), len(other)) - 1)
    return one == other or (one[:size] == other[:size] and abs(len(one) - len(other)) <= ENDING)
