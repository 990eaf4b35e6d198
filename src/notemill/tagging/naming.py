"""The names of notes and folders as possible tags: the terms in them, and how to spell those; pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from notemill.markup.tags import is_tidy_tag
from notemill.text.normal import normal
from notemill.text.stopwords import lists
from notemill.text.terms import terms
from notemill.text.words import CJK, HAN, KANA, UNSPACED, WORD, fold

if TYPE_CHECKING:
    from collections.abc import Iterator

Key = tuple[str, ...]
"""The terms of a name, by which its spellings are compared."""

MAX_WORDS: Final = 3
"""The most words of a tag's level; longer names are sentences or titles."""
MAX_UNSPACED: Final = 6
"""The most characters of a word that is looked for in Chinese names."""
MIN_LEVEL_CHARS: Final = 2
MAX_LEVEL_CHARS: Final = 40
MAX_UNSPACED_LEVEL: Final = 10
MAX_NAME_CHARS: Final = 300
_NUMBERING: Final = re.compile(r"^[\d.]+[\s._-]+")
_BREAKS: Final = re.compile(r"[^\w\s'\u2019&+#-]+|_{2,}|\s+[-\u2013\u2014]\s+")
_JOINTS: Final = re.compile(r"[-_\s]+")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_KANA: Final = re.compile(f"[{KANA}]")
# In Japanese, loanwords and compounds are written in one script each.
_ONE_SCRIPT: Final = re.compile(f"[\u30a1-\u30fa\u30fc-\u30ff]{{3,}}|[{HAN}]{{2,{MAX_UNSPACED}}}")


class Named(NamedTuple):
    """A possible tag in a name: its terms, its spelling as a level, what stands on both sides.

    In names without spaces, `before` and `after` are the neighbouring characters, '' at an end.
    """

    key: Key
    level: str
    before: str = ""
    after: str = ""


def named_in(name: str, language: str) -> Iterator[Named]:
    """Yield what a name speaks of: its words and groups of up to three, none across a stop word."""
    for part in _BREAKS.split(name[:MAX_NAME_CHARS]):
        words: list[tuple[str, Key]] = []
        for match in WORD.finditer(_CAMEL.sub(" ", part.replace("_", " "))):
            word = match[0]
            if UNSPACED.match(word):
                yield from _groups(words)
                words = []
                yield from _unspaced(word, language)
                continue
            for one in _JOINTS.split(word):
                key = tuple(terms(one, language))
                if len(key) == 1 and not one.isdigit() and fold(one) not in lists()["junk"]:
                    words.append((one, key))
                else:
                    yield from _groups(words)
                    words = []
        yield from _groups(words)


def _groups(words: list[tuple[str, Key]]) -> Iterator[Named]:
    for size in range(1, MAX_WORDS + 1):
        for start in range(len(words) - size + 1):
            some = words[start : start + size]
            level = level_of(" ".join(word for word, _ in some))
            if level:
                yield Named(tuple(term for _, key in some for term in key), level)


def _unspaced(run: str, language: str) -> Iterator[Named]:
    if not CJK.match(run) or language == "ja" or _KANA.search(run):
        parts = _ONE_SCRIPT.finditer(run) if CJK.match(run) else ()
        for match in parts:
            yield from _checked(match[0], language)
        return
    edges = lists()["zhedge"]
    for size in range(2, MAX_UNSPACED + 1):
        for start in range(len(run) - size + 1):
            word = run[start : start + size]
            if word[0] in edges or word[-1] in edges:
                continue
            end = start + size
            yield from _checked(word, language, run[start - 1 : start], run[end : end + 1])


def _checked(word: str, language: str, before: str = "", after: str = "") -> Iterator[Named]:
    if word not in lists()["junk"] and word not in lists()["zh"]:
        key = tuple(terms(word, language))
        if key and (level := level_of(word)):
            yield Named(key, level, before, after)


@lru_cache(maxsize=10_000)
def level_of(name: str) -> str:
    """Return a name as one level of a tag in kebab case, '' if it cannot be one."""
    plain = normal("NFC", name.lower().replace("'", "").replace("\u2019", ""))
    level = "".join(char if char.isalnum() or is_tidy_tag(f"a{char}") else "-" for char in plain)
    level = re.sub(r"[-_/]{2,}|/", "-", level).strip("-_")
    most = MAX_UNSPACED_LEVEL if UNSPACED.search(level) else MAX_LEVEL_CHARS
    if not MIN_LEVEL_CHARS <= len(level) <= most or not is_tidy_tag(level):
        return ""
    return level


def folder_level(name: str) -> str:
    """Return a folder's name as one level of a tag, '' if it says nothing of its notes' subject.

    Such are dates, numbers, and folders for archives, attachments, templates and the like.
    """
    level = level_of(_NUMBERING.sub("", name.strip()))
    words = level.split("-")
    if not level or len(words) > MAX_WORDS + 1:
        return ""
    said_of_any = lists()["folders"] | lists()["junk"]
    return "" if all(one in said_of_any or not one.isalpha() for one in words) else level
