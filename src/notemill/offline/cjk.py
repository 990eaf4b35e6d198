"""Terms of Chinese and Japanese text without a dictionary."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from functools import cache
from typing import TYPE_CHECKING

from notemill.offline.cues import cues
from notemill.text.stopwords import lists
from notemill.text.words import HAN, KANA

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

READ_CHARS = 20_000
LONGEST = 6
MIN_COUNT = 2
PAIR = 2
MIN_NEIGHBOURS = 2
SAME_TERM = 0.75
MAX_TERMS = 60
MAX_QUOTED = 16

LONG_COMPOUND = 6
MOST_COMPOUND = 12
LONG_TERM = 3
OFTEN = 3
PLACE = 1.6

_HAN = re.compile(f"[{HAN}]")
_RUN = re.compile(f"[{HAN}{KANA}]{{2,}}")
_KATAKANA = re.compile("[\u30a1-\u30fa\u30fc-\u30ff]{3,}")
# A word for who or what it is stands before a foreign name, or the name is no more than a word.
_DESCRIBED = re.compile(f"[{HAN}]*[\u30a1-\u30fa\u30fc-\u30ff]+")
_KANJI = re.compile(f"[{HAN}]{{2,8}}")
# Behind a number it is what is counted, and before a form of "to do" it is what somebody does.
_COMPOUND = re.compile(
    f"(?<![{HAN}\u30a1-\u30ff\\d])[{HAN}\u30a1-\u30fa\u30fc-\u30ff]{{3,}}+(?!\u3057|\u3055\u308c|\u3059\u308b)"
)
# Book titles; a corner bracket may as well hold what somebody says.
_TITLED = re.compile("\u300a([^\u300a\u300b\n]{2,20})\u300b|\u300e([^\u300e\u300f\n]{2,20})\u300f")
_NUMERALS = frozenset("\u4e00\u4e8c\u4e24\u4e09\u51e0\u6bcf\u4e2a\u5404\u8fd9\u90a3")
_HIRAGANA = re.compile("[\u3041-\u309f]")
_QUOTED = re.compile(
    "\u300a([^\u300a\u300b\n]{2,24})\u300b|\u300c([^\u300c\u300d\n]{2,16})\u300d"
    "|\u300e([^\u300e\u300f\n]{2,16})\u300f|\u201c([^\u201c\u201d\n]{2,16})\u201d"
)


def cjk_phrases(texts: Iterable[str], title: str) -> list[tuple[str, int]]:
    """Return likely terms with their counts, the most frequent first.

    Terms are groups of two to six characters that recur in different contexts (accessor variety:
    Feng et al., "Accessor variety criteria for Chinese word extraction", Computational Linguistics
    2004), texts in title quotes, and in Japanese runs of katakana and kanji.
    """
    text = "\n".join([title, *texts])[:READ_CHARS]
    if not _RUN.search(text):
        return []
    quoted = Counter(part for match in _QUOTED.finditer(text) for part in match.groups() if part)
    japanese = _HIRAGANA.search(text) is not None
    found = _script_runs(text) if japanese else _repeated(text)
    for term, count in quoted.items():
        if _RUN.search(term) and len(term) <= MAX_QUOTED:
            found[term] = max(found[term], count + 1)
    return sorted(found.items(), key=lambda entry: (-entry[1] * len(entry[0]), entry[0]))[
        :MAX_TERMS
    ]


def cjk_names(
    texts: Iterable[str], recurring: Iterable[tuple[str, int]], *, titled: bool = True
) -> list[tuple[str, float]]:
    """Return the likely names of Chinese and Japanese text, with what speaks for each.

    Titles in quotes (beside a title more than once), in Japanese long compounds (shorter ones where the note is not `titled` by
    what it is about), and in Chinese, where it is not, places and the `recurring` terms (see
    `cjk_phrases`) that stand alone.
    """
    text = "\n".join(texts)[:READ_CHARS]
    if not _RUN.search(text):
        return []
    found: dict[str, float] = {}
    for match in _TITLED.finditer(text):
        name = match[1] or match[2]
        found[name] = found.get(name, 0.9 if titled else 1.2) + 0.5
    if _HIRAGANA.search(text):
        least = LONG_COMPOUND if titled else LONG_COMPOUND - 2
        for name, count in Counter(_COMPOUND.findall(text)).items():
            long = len(name) >= least and not _DESCRIBED.fullmatch(name)
            long = long and not (titled and (count < MIN_COUNT or _is_listed(name, text)))
            part = any(name in title for title in found)
            if (count >= MIN_COUNT + titled or long) and len(name) <= MOST_COMPOUND and not part:
                found.setdefault(name, 0.6 + 0.5 * count + 0.4 * long)
    elif not titled:
        found = dict.fromkeys(_places_in(text), PLACE) | found
        for name, count in recurring:
            whole = len(name) >= LONG_TERM and count >= OFTEN and _RUN.fullmatch(name)
            if whole and _stands_alone(name, text):
                found.setdefault(name, 0.8 + 0.3 * count)
    return list(found.items())


def _is_listed(name: str, text: str) -> bool:
    """Say whether a name is one of a list: what else stands in it is no less a topic."""
    at = text.find(name)
    return "\u3001" in (text[at - 1 : at], text[at + len(name) : at + len(name) + 1])


def _places_in(text: str) -> Iterator[str]:
    """Yield the names of places and events, each from behind the last word of grammar before it."""
    edges = lists()["zhedge"]
    for match in _places().finditer(text):
        start = match.start()
        least = max(0, start - MOST_COMPOUND)
        while start > least and _HAN.match(text, start - 1) and text[start - 1] not in edges:
            start -= 1
        if start < match.start():
            yield text[start : match.end()]


@cache
def _places() -> re.Pattern[str]:
    """Return a pattern of how names of places and events end: \u2026\u535a\u7269\u9986, \u2026\u516c\u56ed, \u2026\u5927\u5b66\u56fe\u4e66\u9986."""
    kinds = "|".join(sorted(cues()["places_cjk"], key=lambda one: (-len(one), one)))
    return re.compile(f"(?:{kinds})+")


def _stands_alone(term: str, text: str) -> bool:
    """Say whether a term begins and ends somewhere at a mark or beside a word of grammar."""
    begins = ends = False
    at = text.find(term)
    while at >= 0 and not (begins and ends):
        begins = begins or _is_edge(text[at - 1 : at])
        ends = ends or _is_edge(text[at + len(term) : at + len(term) + 1])
        at = text.find(term, at + len(term))
    return begins and ends


def _is_edge(char: str) -> bool:
    """Say whether a term may end at a character. Behind a number stands a measure word."""
    if not (char.isalnum() or char == "_"):
        return True
    return char in lists()["zhedge"] and char not in _NUMERALS


def _script_runs(text: str) -> Counter[str]:
    """Count what Japanese writes in one script: loanwords and compounds."""
    return Counter([*_KATAKANA.findall(text), *_KANJI.findall(text)])


def _repeated(text: str) -> Counter[str]:
    """Count the repeated character groups with varied neighbours on both sides."""
    before: defaultdict[str, set[str]] = defaultdict(set)
    after: defaultdict[str, set[str]] = defaultdict(set)
    edges, words = lists()["zhedge"], lists()["zh"]
    runs = [match[0] for match in _RUN.finditer(text)]
    counts = _counts(runs)
    for number, run in enumerate(runs):
        for start in range(len(run) - 1):
            for end in range(start + 2, min(start + LONGEST, len(run)) + 1):
                term = run[start:end]
                if term not in counts:
                    break  # nor is one that goes on from it
                # The edge of a run is a boundary of its own each time.
                before[term].add(run[start - 1] if start else f"<{number}")
                after[term].add(run[end] if end < len(run) else f">{number}")
    kept = {
        term: count
        for term, count in counts.items()
        if term[0] not in edges
        and term[-1] not in edges
        and term not in words
        and min(len(before[term]), len(after[term])) >= MIN_NEIGHBOURS
    }
    return Counter(_longest(kept))


def _counts(runs: Sequence[str]) -> dict[str, int]:
    """Return the character groups that repeat, with their counts.

    A group repeats only if the shorter ones in it do (Agrawal and Srikant, "Fast algorithms for
    mining association rules", 1994), so that few of the long ones are counted.
    """
    found: dict[str, int] = {}
    for size in range(2, LONGEST + 1):
        counts = Counter(
            [
                run[start : start + size]
                for run in runs
                for start in range(len(run) - size + 1)
                if size == PAIR
                or (
                    run[start : start + size - 1] in found
                    and run[start + 1 : start + size] in found
                )
            ]
        )
        repeated = {term: count for term, count in counts.items() if count >= MIN_COUNT}
        if not repeated:
            break
        found |= repeated
    return found


def _longest(counts: dict[str, int]) -> dict[str, int]:
    """Drop a term that nearly always stands inside one longer term."""
    inside: set[str] = set()
    for term, count in counts.items():
        for size in range(2, len(term)):
            for start in range(len(term) - size + 1):
                part = term[start : start + size]
                if part in counts and count >= SAME_TERM * counts[part]:
                    inside.add(part)
    return {term: count for term, count in counts.items() if term not in inside}
