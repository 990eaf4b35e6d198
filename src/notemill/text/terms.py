"""The terms that texts are compared by: stems, and character pairs in scripts without spaces.

Stems are Snowball's (https://snowballstem.org), in the language guessed from a text's stop words;
words in other scripts are stemmed in the script's own language, so that a text may mix them.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from notemill.text.stopwords import LATIN, combined, language_told
from notemill.text.words import CJK, HAN, KANA, UNSPACED, WORD, fold
from notemill.text.words import words as words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import Stemmer

# Of the languages with stop words, those with a stemmer.
_STEMMERS: Final = {
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "id": "indonesian",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
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
# Letters that another language of the same script has, and those that it lacks.
_KIN: Final = {
    "ru": (
        "uk",
        re.compile("[\u0456\u0457\u0454\u0491]"),
        re.compile("[\u044b\u044d\u0451\u044a]"),
    ),
    "ar": ("fa", re.compile("[\u067e\u0686\u0698\u06af]"), re.compile("[\u0629\u0649]")),
}
OWN_SCRIPT: Final = frozenset(
    (*(language for _, language, _ in _SCRIPTS), *(kin for kin, _, _ in _KIN.values()))
)
"""The languages identified by their script alone."""
# The ASCII characters that no word has, nor what decides where one ends.
_BETWEEN: Final = str.maketrans(
    {char: " " for char in map(chr, range(128)) if not char.isalnum() and char not in "'.+&-#_"}
)
_JOINTS: Final = re.compile(r"[.+&\-]+")
_SAMPLE_CHARS: Final = 2_000
# A script is the text's when this share of the sampled letters is its own: Han and kana say more
# a letter than Latin does, and technical texts are full of Latin names.
_SHARE: Final = 0.2
# Without kana, a few Han characters may be a Japanese list; no Japanese text is so long.
_SURELY_CHINESE: Final = 60
_CACHED_TOKENS: Final = 200_000  # of all languages together: some 40 MB
_LONGEST_CACHED: Final = 64  # characters: what is longer is hardly met again

Surfaces = dict[str, dict[str, str]]
"""A word for each term to show it by, by the language of the texts."""


def language_of(text: str) -> str:
    """Return the ISO 639-1 code of the language a text is mostly written in; "" if nothing tells.

    That is so of a few words without grammar: a list of names, a caption, a title.
    """
    sample = text[:_SAMPLE_CHARS]
    if not sample.isascii():
        letters = sum(map(str.isalpha, sample)) or 1
        for script, language, _ in _SCRIPTS:
            if len(script.findall(sample)) >= _SHARE * letters:
                return _in_script(sample, language)
    if sample.isascii():
        tokens = _tokens(sample.lower())
        words = [token for token in tokens if token.isalnum()]
        if len(words) < len(tokens):
            words += words_of(" ".join([token for token in tokens if not token.isalnum()]))
    else:
        words = [fold(word) for word in words_of(sample)]
    # Single letters are initials and formats as often as words.
    return language_told([word for word in words if len(word) > 1])


def _in_script(sample: str, language: str) -> str:
    """Return which of the languages of a script a text is in, `language` being the usual one."""
    if language in _KIN:
        kin, letters, foreign = _KIN[language]
        return kin if letters.search(sample) and not foreign.search(sample) else language
    unsure = language == "zh" and len(sample) < _SURELY_CHINESE and _is_in_japanese_use(sample)
    return "" if unsure else language


def _is_in_japanese_use(text: str) -> bool:
    """Say whether the Japanese standard has every character; it lacks most simplified ones."""
    try:
        text.encode("cp932")
    except UnicodeEncodeError:
        return False
    return True


def _tokens(text: str) -> list[str]:
    """Split a text where no word goes on, without searching it for words."""
    return (text.translate(_BETWEEN) if text.isascii() else text).split()


def terms(text: str, language: str, stems: Stems | None = None) -> list[str]:
    """Return the terms of a text in order, without stop words.

    `stems` caches the words' terms; by default a cache of the whole process does.
    """
    unspaced = not text.isascii() and UNSPACED.search(text)
    tokens = list(_words_and_pairs(text)) if unspaced else _tokens(text)
    return (_STEMS if stems is None else stems).terms_of(tokens, language)


class Stems:
    """A cache of words' terms, which records a word to show each new term by."""

    def __init__(self, surfaces: Surfaces | None = None) -> None:
        """Start empty. `surfaces` receives, for each new term, the first word met with it.

        Among the words of one text, a plain one comes before one with signs or accents.
        """
        self.surfaces = surfaces
        self._known: dict[str, dict[str, str]] = {}

    def terms_of(self, tokens: list[str], language: str) -> list[str]:
        """Return the terms of a text's tokens in order, without stop words."""
        known = self._known.setdefault(language, {})
        found: list[str | None] = list(map(known.get, tokens))
        if None in found:
            if sum(map(len, self._known.values())) > _CACHED_TOKENS:
                self._known = {language: (known := {})}
            missing = [token for token, said in zip(tokens, found, strict=True) if said is None]
            learned = self._learned(list(dict.fromkeys(missing)), language)
            known |= {token: learned[token] for token in learned if len(token) <= _LONGEST_CACHED}
            found = [
                learned[token] if said is None else said
                for token, said in zip(tokens, found, strict=True)
            ]
        said = " ".join(filter(None, found))
        return said.split(" ") if said else []

    def _learned(self, tokens: list[str], language: str) -> dict[str, str]:
        """Return each new token with its terms, separated by spaces; plain words are stemmed at once."""
        latin = language if language in LATIN else "en"
        stop = combined((latin,))
        surfaces = {} if self.surfaces is None else self.surfaces.setdefault(language, {})
        learned: dict[str, str] = {}
        plain = [token for token in tokens if token.isascii() and token.isalnum()]
        lowered = [token.lower() for token in plain]
        stems = _stemmer(_STEMMERS[latin]).stemWords(lowered) if latin in _STEMMERS else lowered
        for token, lower, stem in zip(plain, lowered, stems, strict=True):
            if lower in stop or len(token) == 1:
                learned[token] = ""
            else:
                learned[token] = stem
                if stem not in surfaces:
                    surfaces[stem] = token
        for token in tokens if len(plain) < len(tokens) else ():
            if token in learned:
                continue
            if UNSPACED.match(token):
                learned[token] = token
                continue
            parts = [part for word in words_of(token) for part in _parts(word, latin)]
            learned[token] = " ".join([stem for _, stem in parts if stem])
            for part, stem in parts:
                surfaces.setdefault(stem, part)
        return learned


_STEMS: Final = Stems()


def _parts(word: str, latin: str) -> tuple[tuple[str, str], ...]:
    """Return the parts of a word that are not stop words, each with its stem."""
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


def _words_and_pairs(text: str) -> Iterator[str]:
    for match in WORD.finditer(text):
        if match["cjk"] or match["southeast"]:
            yield from _pairs(match[0])
        else:
            yield match[0]


def _pairs(word: str) -> Iterator[str]:
    if len(word) == 1 and CJK.match(word):
        yield word
    for index in range(len(word) - 1):
        yield word[index : index + 2]


def _stem(word: str, latin: str) -> str:
    """Return the folded stem of a word. Accents go after stemming: endings are told by them."""
    lowered = word.casefold().replace("\u2019", "'")
    if lowered.isascii():
        return _stemmed(lowered, latin).replace("'", "")
    for script, _, algorithm in _SCRIPTS:
        if script.search(lowered):
            return fold(_stemmer(algorithm).stemWord(lowered) if algorithm else lowered)
    return fold(_stemmed(lowered, latin))


def _stemmed(word: str, latin: str) -> str:
    return str(_stemmer(_STEMMERS[latin]).stemWord(word)) if latin in _STEMMERS else word


@cache
def _stemmer(algorithm: str) -> Stemmer.Stemmer:
    import Stemmer  # noqa: PLC0415  # a command that compares no texts need not load it

    return Stemmer.Stemmer(algorithm, 0)
