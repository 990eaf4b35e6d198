"""Names in prose, as it writes them: "Royal Air Force", "Museo de las Culturas"."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from notemill.offline.cues import cues
from notemill.offline.inline import ADDRESS
from notemill.offline.marked import HOLE
from notemill.offline.sentences import split
from notemill.text.stopwords import lists
from notemill.text.words import UNSPACED, WORD, fold, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

MOST_WORDS: Final = 5
MOST_CONNECTORS: Final = 2
READ_CHARS: Final = 6_000
"""Of a note's text; what it is about is named before that."""
MIN_CHARS: Final = 3
TITLE_CASE: Final = 0.75
"""A line with that share of capitals is written like a title: they mark no names in it."""
MIN_TITLE_CASE: Final = 4
NOUNS_CAPITAL: Final = frozenset({"de", ""})
"""Languages whose common nouns have capitals, so that a single one marks no name; "": untold."""
_JOINED: Final = re.compile(r"\s|['\u2019]\s?")
_MAIL: Final = re.compile(r"[\w.+-]++@\w\S*+")
_INITIAL: Final = re.compile(r"\.\s?")
_STOPS: Final = re.compile('[.!?:;\u2026"\u201c\u201e\u00ab(]')
_ENDING: Final = re.compile(r".+(?:ed|ing|ly|amos|emos|imos|aron|ieron)")
_INFLECTED: Final = re.compile(r".{3,}(?:e|en|er|em|es)")
_NUMERAL: Final = re.compile(r"[IVXL]{1,6}")
_POSSESSIVE: Final = re.compile(r"['\u2019]s$")
_PARTICLE: Final = re.compile(
    "(?<=[\uac00-\ud7a3]{2})(?:\uc5d0\uc11c|\uc73c\ub85c|\uc740|\ub294|\uc744|\ub97c|\uc758|\uc5d0|\uc640|\uacfc)$"
)


@dataclass(slots=True)
class Name:
    """A name with its count, and the share of the text before its first mention, 0 to 1.

    `whole` says that it is named somewhere by itself, not as what something is of.
    """

    text: str
    count: int = 0
    first: float = 1.0
    whole: bool = False

    @property
    def words(self) -> int:
        """How many words it has."""
        return len(self.text.split())


class _Token(NamedTuple):
    """A word of a sentence, and whether it begins with a capital."""

    text: str
    folded: str
    start: int
    end: int
    capital: bool


@dataclass(slots=True)
class _Found:
    """The names of a text while it is read; `empty` are the words that name nothing."""

    language: str
    stop: AbstractSet[str]
    empty: AbstractSet[str]
    lower: AbstractSet[str]
    names: dict[str, Name] = field(default_factory=dict)
    opening: Counter[str] = field(default_factory=Counter)

    def add(self, text: str, place: float, *, whole: bool) -> None:
        """Count a name that a capital inside a sentence marks."""
        name = self.names.setdefault(fold(text), Name(text))
        name.count += 1
        name.first = min(name.first, place)
        name.whole = name.whole or whole


def names_in(texts: Sequence[str], language: str, stop: AbstractSet[str]) -> list[Name]:
    """Return the names of a text's lines, in order of their first mention.

    A capital inside a sentence marks a name, and what it joins: other capitals, and the small words
    that names have in their middle. In German, where all nouns have capitals, a name has two words.
    `language` is the ISO 639-1 code of the text, "" if nothing tells it; `stop` are its stop words.
    """
    total = min(READ_CHARS, sum(map(len, texts))) or 1
    done = 0
    sentences: list[tuple[str, float]] = []
    for text in texts:
        bare = text.replace(HOLE, "|").replace(ADDRESS, "|")
        bare = _MAIL.sub("|", bare) if "@" in bare else bare
        sentences += ((one, done / total) for one in split(bare))
        done += len(text)
        if done >= READ_CHARS:
            break
    lower = filter(str.islower, words("\n".join(sentence for sentence, _ in sentences)))
    found = _Found(language, stop, stop | lists()["junk"], frozenset(map(fold, lower)))
    for sentence, place in sentences:
        if sentence[1:].islower():  # no capital but the first says anything
            found.opening[fold(sentence.partition(" ")[0])] += 1
        else:
            _read(sentence, _tokens(sentence), place, found)
    for folded, count in found.opening.items():
        if folded in found.names:
            found.names[folded].count += count
    return _told_apart(name for folded, name in found.names.items() if folded not in found.lower)


def _told_apart(names: Iterable[Name]) -> list[Name]:
    """Return the names, "Monica" counted as the "Monica Powell" that the text speaks of first.

    One word that is never named but as what something is of is part of another name.
    """
    kept: list[Name] = []
    fuller: dict[str, Name] = {}
    for name in names:
        full = fuller.get(fold(name.text))
        if full is not None:
            full.count += name.count
            full.whole = full.whole or name.whole
            continue
        kept.append(name)
        if name.words > 1:
            parts = fold(name.text).split()
            fuller.setdefault(parts[0], name)
            fuller.setdefault(parts[-1], name)
    return [name for name in kept if name.whole or name.words > 1]


def _tokens(sentence: str) -> list[_Token]:
    return [
        _Token(word := match[0], fold(word), match.start(), match.end(), word[0].isupper())
        for match in WORD.finditer(sentence)
    ]


def _read(sentence: str, tokens: Sequence[_Token], place: float, found: _Found) -> None:
    spaced = [token for token in tokens if not UNSPACED.match(token.text)]
    capitals = sum(token.capital for token in spaced)
    if len(spaced) >= MIN_TITLE_CASE and capitals >= TITLE_CASE * len(spaced):
        return
    for start, end in _runs(sentence, tokens, found):
        run = tokens[start:end]
        gap = sentence[tokens[start - 1].end : run[0].start] if start else "."
        before = tokens[start - 1] if start and gap.isspace() else None
        opens = _STOPS.search(gap) is not None and not UNSPACED.search(sentence[:40])
        if opens and _only_opens(run[0], found):
            before, run, opens = run[0], run[1:], False
        if before is not None and before.folded in cues()["possessives"]:
            run = run[1:] if len(run) > 1 else run  # "our Guide Anna"
        while run and (not run[0].capital or (len(run) > 1 and _NUMERAL.fullmatch(run[0].text))):
            run = run[1:]
        if opens and len(run[-1].text) == 1 and run[-1].folded in found.stop:
            run = run[:-1]  # "Whenever I"
        if not run or len(run) > MOST_WORDS:
            continue
        text = _text(sentence, run)
        if opens and not _may_open(run, tokens[end : end + 2], sentence, found):
            found.opening[fold(text)] += 1
        elif _is_name(run, before, found):
            whole = _is_whole(sentence, tokens, end, run, found)
            found.add(text, place, whole=whole)


def _is_whole(
    sentence: str, tokens: Sequence[_Token], end: int, run: Sequence[_Token], found: _Found
) -> bool:
    """Say whether a name is all of what is named there.

    It is not in "dispersi\u00f3n de Rayleigh", nor, if it is one word, in "Mersey ferry".
    """
    start = end - len(run)
    if found.language == "de" and start and tokens[start - 1].folded in cues()["articles"]:
        return False  # "bis der Teig Blasen wirft"
    if start > 1 and sentence[tokens[start - 1].end : run[0].start].isspace():
        before = tokens[start - 1].folded
        if before in cues()["genitives"] and tokens[start - 2].folded not in found.stop:
            return False
    if len(run) > 1 or end >= len(tokens):
        return True
    after = tokens[end]
    beside = sentence[run[0].end : after.start].isspace() and after.text.islower()
    return not beside or after.folded in found.stop


def _text(sentence: str, run: Sequence[_Token]) -> str:
    whole = " ".join(sentence[run[0].start : run[-1].end].split())
    return _PARTICLE.sub("", _POSSESSIVE.sub("", whole))


def _runs(sentence: str, tokens: Sequence[_Token], found: _Found) -> Iterator[tuple[int, int]]:
    """Yield the first and the following index of each run of capitals, joined by connectors."""
    connectors = cues()["connectors"] if found.language not in NOUNS_CAPITAL else frozenset()
    index = 0
    while index < len(tokens):
        if not tokens[index].capital:
            index += 1
            continue
        end = last = index + 1
        small = 0
        while end < len(tokens) and _joined(sentence, tokens[end - 1], tokens[end], found):
            if tokens[end].capital:
                last, small = end + 1, 0
            elif small < MOST_CONNECTORS and (
                tokens[end].folded in connectors
                or (tokens[end].folded == "the" and tokens[end - 1].folded == "of")
            ):
                small += 1
            else:
                break
            end += 1
        yield index, last
        index = last


def _joined(sentence: str, before: _Token, after: _Token, found: _Found) -> bool:
    """Say whether only a space parts two words, or the stop of an initial."""
    gap = sentence[before.end : after.start]
    initial = len(before.text) == 1 or before.folded in cues()["titles"]
    return bool(_JOINED.fullmatch(gap)) or (
        initial and bool(_INITIAL.fullmatch(gap)) and after.folded not in found.stop
    )


def _only_opens(word: _Token, found: _Found) -> bool:
    """Say whether a sentence's first word has its capital from there: "The", "Open", "Visited"."""
    return (
        word.folded in found.stop
        or word.folded in found.lower
        or word.folded in cues()["presses"]
        or word.folded in cues()["see"]
    )


def _may_open(run: Sequence[_Token], after: Sequence[_Token], sentence: str, found: _Found) -> bool:
    """Say whether a run at the start of a sentence, whose first capital says nothing, is a name.

    One word is one if another follows: "Anna and Ben", "Watson, Crick and Franklin".
    """
    if found.language in NOUNS_CAPITAL or _ENDING.fullmatch(run[0].folded):
        return False
    if len(run) > 1:
        return run[1].capital  # "Salimos de Poncebos", not "Museo de las Culturas", is likelier
    if not after:
        return False
    if after[0].capital:
        return sentence[run[-1].end : after[0].start].strip() == ","
    return len(after) > 1 and after[0].folded in cues()["coordinating"] and after[1].capital


def _inflects(before: _Token, first: _Token, found: _Found) -> bool:
    """Say whether two German nouns stand together by chance, or in a form of their name.

    "Zwei Liter Milch", "im ersten Jahr Kartoffeln"; "dem Westfälischen Frieden".
    """
    if before.text[0].isdecimal() or before.folded in cues()["indefinite"]:
        return True
    if before.folded in cues()["articles"]:
        return _INFLECTED.fullmatch(first.folded) is not None
    adjective = before.text.islower() and before.folded not in found.stop
    return adjective and _INFLECTED.fullmatch(before.folded) is not None


def _is_name(run: Sequence[_Token], before: _Token | None, found: _Found) -> bool:
    if all(len(token.text) == 1 or token.folded in found.empty for token in run):
        return False
    if len(run) > 1:
        if len(run[-1].text) == 1 or all(token.text.isupper() for token in run):
            return False  # "Parent A", "Dear B", "AM EST"
        if found.language not in NOUNS_CAPITAL:
            return True
        return before is None or not _inflects(before, run[0], found)
    word = run[0]
    plain = len(word.text) >= MIN_CHARS and not word.text.isupper()
    plain = plain and not _ENDING.fullmatch(word.folded) and word.folded not in cues()["kin"]
    return plain and found.language not in NOUNS_CAPITAL and word.folded not in found.stop
