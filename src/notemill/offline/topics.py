"""A note's topics: whole names, as the note writes them, of what it is about."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from notemill.offline.cjk import cjk_names
from notemill.offline.cues import cues, form_words
from notemill.offline.names import names_in
from notemill.offline.pieces import PieceKind
from notemill.offline.sentences import split
from notemill.offline.units import LISTS, is_fact, section_value
from notemill.text.words import UNSPACED, WORD, fold, folded, stem, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from notemill.offline.commonplace import Commonplace
    from notemill.offline.pieces import NotePieces, Piece

MAX_TOPICS: Final = 5
COMPARED: Final = 12
MOST_WORDS: Final = 6
LEAST_CJK: Final = 3
MOST_CJK_CHARS: Final = 16
"""Longer titles and labels are sentences, not names."""
FEW_LINKS: Final = 6
"""A note with more links lists them; only those it speaks of more than once are its topics."""
SHORT_TEXT: Final = 900
"""Letters of a text so short that one mention of a name counts."""
LINE_CHARS: Final = 120
LINE_CJK: Final = 10
MOST_ONCE_TITLED: Final = 2
"""Names mentioned once that a note with a telling title gets beside it."""
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

_DATE: Final = re.compile(
    r"\b\d{4}[-./_]\d{1,2}(?:[-./_]\d{1,2})?\b|\b\d{1,2}[-./]\d{1,2}[-./]\d{4}\b"
)
_YEAR: Final = re.compile(r"^(?:19|20)\d\d\s+(?=\D)|(?<=[^\s\d])\s+(?:19|20)\d\d$")
_NUMBERING: Final = re.compile(
    r"^\s*(?:0\d+|\d{1,3}(?:\.\d+)*[.):\u3001])\s*|^[#\u2116]\s*\d+\s*|\s+#?\d{1,3}$"
)
_SEPARATORS: Final = re.compile(
    r"\s+[-\u2013\u2014|~+/]\s+|--+|\u2014{2,}|[:|\uff1a()\uff08\uff09\[\]\u3010\u3011\u300a\u300b\u300c\u300d"
    r"\u300e\u300f\u2211\u00a7]+|(?<=[\u3041-\u9fff])-(?=[\u3041-\u9fff])"
)
_ASIDE: Final = re.compile(r"\s?\([^()]*\)|\uff08[^\uff08\uff09]*\uff09")
_SENTENCE: Final = re.compile(r"[,;?!\uff0c\uff1b\uff1f\uff01\u3002\u2026]|\.(?:\s|$)")
_SPOKEN: Final = re.compile(_SENTENCE.pattern + "|[:\uff1a|\u3010\u3011]")
_EDGES: Final = " .:!?\uff1a\uff1f\uff01\u3002,\uff0c\u3001;'\"\u201c\u201d\u2018\u2019_*~-"
_MARKS: Final = re.compile(r"^[^\w(.]+\s*|\s+[^\w)]+$")
_WORDLESS: Final = re.compile(
    r"[\d\W_]*|\S*[\\_{}@=<>]\S*|\S*/\S*/\S*|/\S*|\w+\+\w\S*|\S+\.(?:png|jpe?g|gif|svg|webp|pdf|md|mp4|html?)"
)
_ORDINAL: Final = re.compile(
    "\u7b2c\\s?[\\d\u3007\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d\u5341\u767e]+\\s?[\u6b21\u56de]"
)
"""How Chinese and Japanese number what is held again and again: it says which, not what."""
_NUMBER: Final = re.compile(r"\d+(?:st|nd|rd|th)?")
_WIDE_SENTENCE: Final = re.compile("[\uff0c\uff1b\u3002]")
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

    def add(self, text: str, score: float, *, titled: bool = False) -> None:
        """Add what one place says for a name."""
        name = _bare(text)
        if not name or not _is_nameable(name):
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
    """Return one to five names of what a note is about, the surest first.

    They are its title, what it links to, the names it mentions, and headings of which it speaks;
    nothing that is `common` in the vault, except in the title. The title, or else the folder, stands
    in where there are none, and nothing if neither has a letter. `recurring` as in `cjk_phrases`.
    """
    candidates = _Candidates()
    titles = [*_opening_heading(page), *_title_parts(title)]
    body = [piece for piece in page.pieces if _is_prose(piece)]
    said = folded("\n".join(piece.text for piece in body))
    for part in titles:
        if _is_short(part):
            candidates.add(part, IN_TITLE, titled=True)
        else:
            for run in _runs(part, stop):
                if fold(run) in said:
                    candidates.add(run, IN_TITLE / 2, titled=True)
    if not candidates.found:
        for part in _line_parts(page):
            candidates.add(part, IN_TITLE, titled=True)
    _add_links(candidates, page, said)
    _add_emphasis(candidates, page, said)
    _add_named(candidates, body, recurring, language=language, stop=stop)
    ranked = sorted(
        (one for one in candidates.found.values() if one.titled or _is_telling(one, stop, common)),
        key=lambda one: (not one.titled, -one.score),
    )
    kept = _apart(ranked[:COMPARED])
    return tuple(kept[:MAX_TOPICS]) or _stand_in(title, folder)


def _is_prose(piece: Piece) -> bool:
    return piece.kind not in {PieceKind.FIELD, PieceKind.HEADING, PieceKind.CELL} and not is_fact(
        piece
    )


def _title_parts(title: str) -> list[str]:
    """Return what a title names: "Topic - subtopic (aside)" names two, dates and numbers none."""
    bare = _DATE.sub(" ", title)
    bare = _ASIDE.sub("", bare) or bare
    parts = (_unnumbered(part.strip()) for part in _SEPARATORS.split(bare))
    names = (_YEAR.sub("", _bare(part)) for part in parts)
    return [
        name
        for name in map(_bare, names)
        if name and not _WIDE_SENTENCE.search(name) and not _is_untitled(name)
    ]


def _unnumbered(part: str) -> str:
    """Return a part of a title without its number, unless a single word is left: "Session 5"."""
    bare = _NUMBERING.sub("", part)
    return bare if " " in bare or not part.startswith(bare) else part


def _is_untitled(name: str) -> bool:
    """Say whether a title is the one that an editor gives: "Untitled 3"."""
    return fold(name).rstrip("0123456789 ") in cues()["untitled"]


def _bare(text: str) -> str:
    """Return a name without the marks around it."""
    return _MARKS.sub("", text.strip(_EDGES))


def _opening_heading(page: NotePieces) -> list[str]:
    """Return what a heading at the very top names: the note's title where a file's name is none."""
    first = page.pieces[0] if page.pieces else None
    opens = first is not None and first.kind is PieceKind.HEADING and first.depth == 1
    return _title_parts(first.text) if first is not None and opens else []


def _is_short(text: str) -> bool:
    """Say whether a text is short enough for a name."""
    if UNSPACED.search(text):
        size = sum(len(word) if UNSPACED.match(word) else 1 for word in words(text))
        return size <= MOST_CJK_CHARS and not _SENTENCE.search(text)
    return len(text.split()) <= MOST_WORDS


def _runs(part: str, stop: AbstractSet[str]) -> Iterator[str]:
    """Yield the groups of two words or more between the stop words of a long title."""
    run: list[str] = []
    for match in WORD.finditer(part + " a"):
        if fold(match[0]) in stop or match.end() > len(part):
            if 1 < len(run) <= MOST_WORDS:
                yield " ".join(run)
            run = []
        else:
            run.append(match[0])


def _key(text: str) -> Key:
    return tuple(stem(part) for word in words(text) for part in re.split(r"[-']", word) if part)


def _is_nameable(text: str) -> bool:
    """Say whether a text can be shown as a name: words, and not only those of a form."""
    junk = form_words()
    parts = [fold(word) for word in words(text)]
    return (
        bool(parts)
        and not _WORDLESS.fullmatch(text)
        and not _ORDINAL.fullmatch(text)
        and section_value(text) == 0
        and fold(text) not in junk
        and not all(part in junk or _NUMBER.fullmatch(part) for part in parts)
    )


def _is_telling(one: _Candidate, stop: AbstractSet[str], common: Commonplace) -> bool:
    """Say whether a name is sure enough, and tells something in this vault."""
    text = one.text
    if one.score < ENOUGH or common.has(text):
        return False
    if UNSPACED.search(text):
        return True
    first = text.split()[0]
    return " " in text or (first[0].isupper() and fold(first) not in stop)


def _add_links(candidates: _Candidates, page: NotePieces, said: str) -> None:
    """Add what the note links to; a navigation line or a list of many links names no topic."""
    weights: defaultdict[str, float] = defaultdict(float)
    spelled: dict[str, str] = {}
    related = cues()["relations"]
    linking = [
        piece
        for piece in page.pieces
        if piece.links and fold(piece.key) not in related and not is_fact(piece)
    ]
    for piece in linking[:READ_LINKS]:
        aside = piece.section >= 0 and section_value(page.headings[piece.section]) < 0
        for label in piece.links[:READ_LINKS]:
            spelled.setdefault(fold(label), label)
            weights[fold(label)] += ASIDE if aside else 1.0
    titled = any(one.titled for one in candidates.found.values())
    few = len(spelled) <= FEW_LINKS or not titled
    for name, label in spelled.items():
        mentions = said.count(name)
        if (few or mentions > 1) and _is_short(label) and not _SPOKEN.search(label):
            candidates.add(label, IN_LINK * min(1.3, weights[name]) + _repeated(mentions))


def _add_emphasis(candidates: _Candidates, page: NotePieces, said: str) -> None:
    """Add bold words of the prose, not those that head a line, and headings the text speaks of."""
    labels = {fold(_label(piece.text)) for piece in page.pieces}
    strong = [
        text
        for text in dict.fromkeys(page.found.strong[:READ_STRONG])
        if _is_short(text) and not _SPOKEN.search(text) and fold(text) not in labels
    ]
    for text in strong:
        mentions = said.count(fold(text))
        several = len(text) > LEAST_CJK if UNSPACED.search(text) else " " in text
        if several and (mentions > 1 or len(strong) <= FEW_LINKS):
            candidates.add(text, IN_STRONG + SEVERAL_WORDS + _repeated(mentions))
    for text in page.headings[:READ_HEADINGS]:
        mentions = said.count(fold(text)) if text else 0
        several = len(text) >= LEAST_CJK if UNSPACED.search(text) else " " in text
        if mentions and several and _is_short(text) and section_value(text) == 0:
            candidates.add(text, IN_HEADING + _repeated(1 + mentions))


def _repeated(count: int) -> float:
    return REPEATED * math.log1p(max(count, 1) - 1)


def _label(text: str) -> str:
    """Return how a line begins, up to its colon: what is bold there is the name of a part."""
    return re.split(r"\s?[:\uff1a]|\s[-\u2013\u2014]\s", text, maxsplit=1)[0].strip(_EDGES)


def _add_named(
    candidates: _Candidates,
    body: Sequence[Piece],
    recurring: Iterable[tuple[str, int]],
    *,
    language: str,
    stop: AbstractSet[str],
) -> None:
    """Add the names that the text mentions: in a long text, or only once in a list, they are many."""
    texts = [piece.text for piece in body]
    prose = [piece.text for piece in body if piece.kind not in LISTS]
    said = folded("\n".join(prose))
    short = sum(map(len, texts)) <= SHORT_TEXT
    titled = any(one.titled for one in candidates.found.values())
    once = MOST_ONCE_TITLED if titled else MAX_TOPICS
    for name in sorted(names_in(texts, language, stop), key=lambda one: one.words == 1):
        if name.count == 1:
            if not short or not once or (titled and fold(name.text) not in said):
                continue
            once -= 1
        several = SEVERAL_WORDS if name.words > 1 else 0.0
        score = NAMED + several + _repeated(name.count) + EARLY * (2 - name.first)
        candidates.add(name.text, score)
    for text, score in cjk_names(prose if titled else texts, recurring, titled=titled):
        candidates.add(text, score)


def _apart(ranked: Iterable[_Candidate]) -> list[str]:
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
    return [one.text for one in kept]


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


def _line_parts(page: NotePieces) -> list[str]:
    """Return what the only line of a note names, up to its first comma, if that is short."""
    lines = [piece.text for piece in page.pieces if piece.kind is not PieceKind.HEADING]
    if len(lines) != 1 or len(lines[0]) > LINE_CHARS or len(split(lines[0])) > 1:
        return []
    clause = _SENTENCE.split(lines[0], maxsplit=1)[0]
    parts = _title_parts(clause)
    short = all(
        len(part) <= LINE_CJK if UNSPACED.search(part) else _is_short(part) for part in parts
    )
    return [part for part in parts if _is_nameable(part)] if short else []


def _stand_in(title: str, folder: str) -> tuple[str, ...]:
    """Return the least that is true of a note: its title or its folder's name."""
    numbered = any(map(str.isnumeric, title)) and not _is_nameable(title)
    if not numbered and len(title) <= LINE_CHARS:
        return (title,) if any(map(str.isalpha, title)) else ()
    names = (name.strip() for name in (*reversed(folder.split("/")), title))
    return tuple(name for name in names if any(map(str.isalpha, name)))[:1]
