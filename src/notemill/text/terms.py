"""What two texts are compared by: stems of words, pairs of characters where no spaces part them.

Stems are Snowball's (https://snowballstem.org) for the language that a text's stop words tell;
words of other scripts are stemmed by the script's own language, so that a text may mix them.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Final

from notemill.text.stopwords import combined, languages_of
from notemill.text.words import CJK, HAN, KANA, WORD, fold
from notemill.text.words import words as words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import Stemmer

# Languages with stop words and a stemmer.
_LATIN: Final = {
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "id": "indonesian",
    "it": "italian",
    "nl": "dutch",
    "pl": "polish",
    "pt": "portuguese",
    "sv": "swedish",
    "tr": "turkish",
}
_SCRIPTS: Final = (
    (re.compile("[\u0400-\u052f]"), "ru", "russian"),
    (re.compile("[\u0370-\u03ff\u1f00-\u1fff]"), "el", "greek"),
    (re.compile("[\u0600-\u06ff]"), "ar", "arabic"),
    (re.compile("[\u0900-\u097f]"), "hi", "hindi"),
    (re.compile("[\u0590-\u05ff]"), "he", ""),
    (re.compile("[\uac00-\ud7af]"), "ko", ""),
    (re.compile(f"[{KANA}]"), "ja", ""),
    (re.compile(f"[{HAN}]"), "zh", ""),
    (re.compile("[\u0e00-\u0e7f]"), "th", ""),
)
OWN_SCRIPT: Final = frozenset(language for _, language, _ in _SCRIPTS)
"""The languages that are told by their script alone."""
# What WORD finds where every character is ASCII, at a third of the time.
_ASCII_WORD: Final = re.compile(
    r"[A-Za-z0-9]++(?:['.+&-][A-Za-z0-9]++)*+(?:\+\+|#(?![A-Za-z0-9_]))?+"
)
_JOINTS: Final = re.compile(r"[.+&\-]+")
_SAMPLE_CHARS: Final = 2_000
# A script is the text's when this share of the sampled letters is its own: Han and kana say more
# a letter than Latin does, and technical texts are full of Latin names.
_SHARE: Final = 0.2
_CACHED_WORDS: Final = 200_000  # of all languages together: some 60 MB


def language_of(text: str) -> str:
    """Return the ISO 639-1 code of the language a text is mostly written in.

    'en' where nothing tells: a handful of words without grammar is most often a technical note.
    """
    sample = text[:_SAMPLE_CHARS]
    if not sample.isascii():
        letters = sum(map(str.isalpha, sample)) or 1
        for script, language, _ in _SCRIPTS:
            if len(script.findall(sample)) >= _SHARE * letters:
                return language
    if sample.isascii():
        words = _ASCII_WORD.findall(sample.lower())
    else:
        words = [fold(word) for word in words_of(sample)]
    # Single letters are initials and formats as often as words.
    return languages_of([word for word in words if len(word) > 1])[0]


def terms(text: str, language: str, surfaces: dict[str, str] | None = None) -> list[str]:
    """Return the terms of a text in order, without stop words.

    `surfaces` takes down for each term the word it stands for where it is met first.
    """
    latin = language if language in _LATIN else "en"
    met: dict[str, str] = {} if surfaces is None else surfaces
    if text.isascii():
        return _ascii_terms(_ASCII_WORD.findall(text), latin, met)
    found: list[str] = []
    add = found.append
    for match in WORD.finditer(text):
        word = match[0]
        if match["cjk"] or match["southeast"]:
            found += _pairs(word)
            continue
        for part, stemmed in _parts(word, latin):
            add(stemmed)
            met.setdefault(stemmed, part)
    return found


_Parts = tuple[tuple[str, str], ...]
_known: dict[str, dict[str, tuple[tuple[str, ...], _Parts]]] = {}
"""The stems of ASCII words, and their parts with a stem each, by the language they were read in."""


def _ascii_terms(words: list[str], latin: str, met: dict[str, str]) -> list[str]:
    """Return the terms of words of ASCII characters; most of them were met before."""
    known = _known.setdefault(latin, {})
    unique = dict.fromkeys(words)
    if new := [word for word in unique if word not in known]:
        if sum(map(len, _known.values())) > _CACHED_WORDS:
            _known.clear()
            known = _known[latin] = {}
            new = list(unique)
        known.update(_new_words(new, latin))
    stems: dict[str, tuple[str, ...]] = {}
    for word in unique:
        stems[word], parts = known[word]
        for part, stemmed in parts:
            if stemmed not in met:
                met[stemmed] = part
    return list(chain.from_iterable(map(stems.__getitem__, words)))


def _new_words(
    words: list[str], latin: str
) -> Iterator[tuple[str, tuple[tuple[str, ...], _Parts]]]:
    """Yield words with their stems and parts; those of one part are stemmed all at once."""
    stop = combined((latin,))
    plain = [word for word in words if word.isalnum()]
    lowered = [word.lower() for word in plain]
    stemmed = _stemmer(_LATIN[latin]).stemWords(lowered)
    for word, lower, stem in zip(plain, lowered, stemmed, strict=True):
        says = len(word) > 1 and lower not in stop
        yield word, ((stem,), ((word, stem),)) if says else ((), ())
    for word in words:
        if not word.isalnum():
            parts = _parts(word, latin)
            yield word, (tuple([stem for _, stem in parts]), parts)


@lru_cache(maxsize=_CACHED_WORDS)
def _parts(word: str, latin: str) -> _Parts:
    """Return the parts of a word that say something, each with its stem."""
    stop = combined((latin,))
    if fold(word) in stop:
        return ()
    whole = word.isalnum() or word[-1] in "+#"
    parts = (word,) if whole else _JOINTS.split(word)
    return tuple(
        # Some ligatures stand for several words: a term has no spaces.
        (part, _stem(part, latin).replace(" ", ""))
        for part in parts
        if (len(part) > 1 or not part.isascii()) and fold(part) not in stop
    )


def _pairs(word: str) -> Iterator[str]:
    if len(word) == 1 and CJK.match(word):
        yield word
    for index in range(len(word) - 1):
        yield word[index : index + 2]


def _stem(word: str, latin: str) -> str:
    """Return the folded stem of a word. Accents go after stemming: endings are told by them."""
    lowered = word.casefold().replace("\u2019", "'")
    if lowered.isascii():
        stemmed: str = _stemmer(_LATIN[latin]).stemWord(lowered)
        return stemmed.replace("'", "")
    for script, _, algorithm in _SCRIPTS:
        if script.search(lowered):
            return fold(_stemmer(algorithm).stemWord(lowered) if algorithm else lowered)
    return fold(_stemmer(_LATIN[latin]).stemWord(lowered))


@cache
def _stemmer(algorithm: str) -> Stemmer.Stemmer:
    import Stemmer  # noqa: PLC0415  # a command that compares no texts need not load it

    return Stemmer.Stemmer(algorithm, 0)
