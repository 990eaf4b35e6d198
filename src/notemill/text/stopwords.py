"""The word lists beside this module, and the guess at a text's languages they allow."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from notemill.text.words import fold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Latin-script languages share words ("die", "son", "a"), so only the languages a text is
# written in may hide words from it. Every other list is told apart by its script.
LATIN = frozenset(
    ("cs", "da", "de", "en", "es", "fi", "fr", "hu", "id", "it", "nl", "no", "pl", "pt", "ro", "sk",
     "sv", "tr", "vi")
)  # fmt: skip
NOT_LANGUAGES = frozenset({"zhedge", "jaedge", "junk", "folders"})
SAMPLE_WORDS = 600
SECOND_LANGUAGE_SHARE = 0.35
# Of the words of a text in a language, 5 % at least are its stopwords, in lists as well (4,154 notes
# in six languages); below that they are there by chance, or names.
LEAST_SHARE = 1 / 30
# "Die" or "son" alone may be a word of several languages, or a name.
LEAST_DISTINCT = 2


@cache
def lists() -> Mapping[str, frozenset[str]]:
    """Return every list of `stopwords.txt` by its name, its words folded as all words are."""
    text = (files(__package__) / "stopwords.txt").read_text(encoding="utf-8")
    named = (line.partition(":") for line in text.splitlines() if line and line[0] != "#")
    return {name: frozenset(map(fold, words.split())) for name, _, words in named}


@cache
def other_scripts() -> frozenset[str]:
    """Return the stopwords of all languages that do not use the Latin script."""
    return frozenset().union(
        *(words for name, words in lists().items() if name not in LATIN | NOT_LANGUAGES)
    )


@cache
def combined(languages: tuple[str, ...]) -> frozenset[str]:
    """Return the stopwords of these Latin-script languages and of all other scripts."""
    return other_scripts().union(*(lists()[name] for name in languages))


def languages_of(words: Sequence[str]) -> tuple[str, ...]:
    """Return the Latin-script languages of folded `words`, the likeliest first; English if none is.

    A language counts by how many of the words are its stopwords, which one in thirty has to be;
    a second one is named when it explains at least a third as many words that the first does not.
    """
    sample = words[:SAMPLE_WORDS]
    together, hits = _stopwords_in(sample)
    # English wins ties: a handful of words without grammar is most often a technical note.
    best = max(sorted(hits), key=lambda name: (hits[name], name == "en"), default="en")
    if hits[best] < LEAST_SHARE * len(sample):
        return ("en",)
    extra: Counter[str] = Counter()
    for named, count in together.items():
        if best not in named:
            extra.update(dict.fromkeys(named, count))
    second = max(sorted(extra), key=lambda name: (extra[name], name == "en"), default=best)
    if second != best and extra[second] >= SECOND_LANGUAGE_SHARE * hits[best]:
        return (best, second)
    return (best,)


def language_told(words: Sequence[str]) -> str:
    """Return the one Latin-script language that folded `words` are surely in, or "".

    It has more stopwords among them than any other, at least two, and one of thirty words is one;
    English, which lends its words to all others, may have as many as another.
    """
    sample = words[:SAMPLE_WORDS]
    _, hits = _stopwords_in(sample)
    if not hits:
        return ""
    most = max(hits.values())
    leading = [name for name, count in hits.items() if count == most]
    best = "en" if "en" in leading else leading[0]
    distinct = len(lists()[best].intersection(sample))
    sure = distinct >= LEAST_DISTINCT and most >= LEAST_SHARE * len(sample)
    return best if sure and (best == "en" or len(leading) == 1) else ""


def _stopwords_in(sample: Sequence[str]) -> tuple[Counter[frozenset[str]], Counter[str]]:
    """Count the stopwords of a text by the languages that share them, and by each language."""
    index = _languages_by_word()
    together: Counter[frozenset[str]] = Counter()
    for word, count in Counter(filter(index.__contains__, sample)).items():
        together[index[word]] += count
    hits: Counter[str] = Counter()
    for named, count in together.items():
        hits.update(dict.fromkeys(named, count))
    return together, hits


@cache
def _languages_by_word() -> Mapping[str, frozenset[str]]:
    """Return the Latin-script languages each of their stopwords belongs to."""
    languages: defaultdict[str, set[str]] = defaultdict(set)
    for name in LATIN:
        for word in lists()[name]:
            languages[word].add(name)
    return {word: frozenset(names) for word, names in languages.items()}
