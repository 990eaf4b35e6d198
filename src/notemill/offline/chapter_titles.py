"""Titles of chapters that have none: what each speaks of and the others do not."""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from notemill.offline.cjk import cjk_phrases
from notemill.offline.cues import cues
from notemill.offline.inline import InlineElements
from notemill.offline.phrases import phrases
from notemill.offline.pieces import NotePieces, Piece, PieceKind
from notemill.text.stopwords import LATIN, SAMPLE_WORDS, combined, languages_of
from notemill.text.words import fold, is_cjk, stem, terms, width, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from notemill.offline.phrases import Phrase

MOST_WIDTH: Final = 60
OPENING_WORDS: Final = 7
OPENING_CJK: Final = 14
BESIDE: Final = 0.35
"""A second phrase joins the first in a title if it tells the chapter apart at least so well."""
VERB: Final = 0.5
"""What counts for a word that no article ever stands before, where a text has articles."""
LEAST_ARTICLES: Final = 0.02
READ_CHARS: Final = 60_000
"""Of each chapter."""
_SAMPLED_CHARS: Final = 20_000
_POSSESSIVE: Final = re.compile("['\u2019]s$")


def chapter_titles(texts: Sequence[Sequence[str]], language: str = "") -> tuple[str, ...]:
    """Return a title for each chapter of a talk, in words of its own, no two alike.

    `texts` holds each chapter's paragraphs, and `language` is an ISO 639-1 code, "" where nothing
    tells it. A title is one or two phrases, or else the chapter's first words; "" where it has none.
    """
    chapters = [_read(chapter) for chapter in texts]
    stop = _empty_words(chapters, language)
    counts = [Counter(term for text in chapter for term in terms(text)) for chapter in chapters]
    whole: Counter[str] = Counter()
    for own in counts:
        whole.update(own)
    used: set[str] = set()
    titles: list[str] = []
    for chapter, own in zip(chapters, counts, strict=True):
        ranked = sorted(
            _told_apart(chapter, own, whole, stop), key=lambda one: (-one[0], one[1].text)
        )
        title = _title([(value, one) for value, one in ranked if not _stems(one.text) <= used])
        title = title or _opening(chapter, used)
        used |= _stems(title)
        titles.append(title)
    return tuple(titles)


def _read(chapter: Sequence[str]) -> list[str]:
    """Return a chapter's paragraphs within the bound."""
    kept: list[str] = []
    left = READ_CHARS
    for text in chapter:
        if left <= 0:
            break
        kept.append(text[:left])
        left -= len(text)
    return kept


def _empty_words(chapters: Iterable[Sequence[str]], language: str) -> AbstractSet[str]:
    """Return the words of grammar, and those that people fill their speech with."""
    text = " ".join(text for chapter in chapters for text in chapter[:2])
    sample = [fold(word) for word in words(text[:_SAMPLED_CHARS])]
    languages = (language,) if language in LATIN else languages_of(sample[:SAMPLE_WORDS])
    return combined(languages) | cues()["vague"]


def _told_apart(
    chapter: Sequence[str], own: Counter[str], whole: Counter[str], stop: AbstractSet[str]
) -> Iterator[tuple[float, Phrase]]:
    """Yield a chapter's phrases, each with how well it tells the chapter from the others.

    That is by how much more often the chapter says its words than it would if all did alike
    (the log-likelihood of Dunning, "Accurate methods for the statistics of surprise and
    coincidence", 1993, without the term for other words).
    """
    page = NotePieces(
        tuple(Piece(PieceKind.PROSE, text, number, 0, -1) for number, text in enumerate(chapter)),
        (),
        InlineElements(),
    )
    share = own.total() / max(1, whole.total())
    named = _after_articles(chapter)
    for phrase in phrases(page, "", stop, cjk_phrases(chapter, "")):
        keys = [term for word in phrase.key for term in terms(word)]
        if not keys:
            continue
        value = sum(
            own[key] * math.log((own[key] + 0.5) / (whole[key] * share + 0.5)) for key in keys
        ) / math.sqrt(len(keys))
        proper = phrase.text[:1].isupper() or len(phrase.key) > 1
        doubtful = named is not None and not proper and not named.get(phrase.key[0])
        yield value * (VERB if doubtful else 1.0) + phrase.score, phrase


def _after_articles(chapter: Sequence[str]) -> Mapping[str, int] | None:
    """Count the stems that follow an article; None where a text has next to no articles."""
    articles = cues()["determiners"] | cues()["articles"] | cues()["possessives"]
    said = [fold(word) for text in chapter for word in words(text)]
    found = Counter(stem(word) for before, word in pairwise(said) if before in articles)
    return found if found.total() >= LEAST_ARTICLES * len(said) else None


def _stems(text: str) -> set[str]:
    return {stem(word) for word in words(text)}


def _title(ranked: Sequence[tuple[float, Phrase]]) -> str:
    """Return the best phrase, and the next one beside it if that says as much; "" if there is none."""
    if not ranked:
        return ""
    first = _POSSESSIVE.sub("", ranked[0][1].text)
    for value, phrase in ranked[1:]:
        if value < BESIDE * ranked[0][0]:
            break
        if not _stems(first).isdisjoint(_stems(phrase.text)):
            continue
        both = first + ("\u3001" if is_cjk(first) else ", ") + _POSSESSIVE.sub("", phrase.text)
        if width(both) <= MOST_WIDTH:
            return both
    return first


def _opening(chapter: Sequence[str], used: AbstractSet[str]) -> str:
    """Return the first words of a chapter that begin no other's title; "" if it has none."""
    for text in chapter:
        said = text.split()[:OPENING_WORDS]
        head = " ".join(said) if len(said) > 1 else text.strip()[:OPENING_CJK]
        head = head[:MOST_WIDTH].strip(" ,;:.!?\u3002\uff0c\u3001\uff01\uff1f")
        if not _stems(head) <= used:
            return head
    return ""
