"""How a sentence begins: whether it stands alone, or leans on what comes before it."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache
from typing import Final

from notemill.offline.cues import cues
from notemill.text.words import fold, is_cjk, words

_HEAD_CHARS: Final = 40
_SPOKEN: Final = re.compile("[\u2014\u2013-]\\s?[\u00bf\u00a1]?[^\\W\\d]")
_QUOTED: Final = re.compile(
    '"[^"]+"|\u201c[^\u201d]+\u201d|\u201e[^\u201c\u201d]+[\u201c\u201d]|\u300c[^\u300d]+\u300d|\u00ab[^\u00bb]+\u00bb'
)


class Opening(StrEnum):
    """What the first words of a sentence lean on."""

    CONNECTIVE = "connective"
    """The sentence before: "However, \u2026"."""
    SUPPOSING = "supposing"
    """An argument that follows: "Suppose we have \u2026"."""
    PRONOUN = "person"
    """A person named before: "She was \u2026"."""
    POINTER = "pointer"
    """Something named before: "This is \u2026"."""
    REFERENCE = "reference"
    """Nothing, but it only leads elsewhere: "See also \u2026"."""
    SPOKEN = "spoken"
    """Who says it: "\u2014 And then?", or all of it in quotes."""


def opening_of(text: str) -> Opening | None:
    """Return what the first words of a sentence lean on; None: they stand alone."""
    if _SPOKEN.match(text) or _QUOTED.fullmatch(text.rstrip(".\u3002")):
        return Opening.SPOKEN
    if is_cjk(text[:6]):
        return _wide_opening(text)
    if _phrases("see").match(text):
        return Opening.REFERENCE
    first = [word.casefold() for word in words(text[:_HEAD_CHARS])[:2]]
    if not first:
        return None
    if _phrases("supposing").match(text):
        return Opening.SUPPOSING
    if _phrases("connectives").match(text):
        return Opening.CONNECTIVE
    if first[0] in cues()["pronouns"] or _phrases("it_is").match(text):
        return Opening.PRONOUN
    # "This guide \u2026" speaks of the note itself.
    itself = len(first) > 1 and fold(first[1]) in cues()["self_nouns"]
    return Opening.POINTER if first[0] in cues()["dangling"] and not itself else None


def standing_alone(text: str) -> str:
    """Return a sentence without a word at its beginning that ties it to the one before.

    "However, it rained" is "It rained". Without a comma the word stays, unless it changes nothing
    in the order of those after it: "Jedoch war es" would be left as a question.
    """
    if is_cjk(text[:6]):
        tied = _wide("connectives_cjk").match(text)
        return (text[tied.end() :].lstrip("\uff0c\u3001, ") if tied else "") or text
    tied = _phrases("connectives").match(text)
    tie = tied[0].casefold() if tied else ""
    rest = text[len(tie) :]
    if not tie or not (rest.startswith(",") or tie in cues()["coordinating"]):
        return text
    bare = rest.lstrip(", ")
    return bare[:1].upper() + bare[1:] if bare else text


def _wide_opening(text: str) -> Opening | None:
    if _wide("see").match(text):
        return Opening.REFERENCE
    if _wide("supposing_cjk").match(text):
        return Opening.SUPPOSING
    if _wide("connectives_cjk").match(text):
        return Opening.CONNECTIVE
    if _wide("pronouns_cjk").match(text):
        return Opening.PRONOUN
    return Opening.POINTER if _wide("dangling_cjk").match(text) else None


@cache
def _phrases(name: str) -> re.Pattern[str]:
    """Return a pattern of the whole words of a list of cues, in any case."""
    return re.compile(rf"(?:{_either(name)})(?!\w)", re.IGNORECASE)


@cache
def _wide(name: str) -> re.Pattern[str]:
    """Return a pattern of a list of cues in a script without spaces."""
    return re.compile(_either(name))


def _either(name: str) -> str:
    return "|".join(map(re.escape, sorted(cues()[name], key=lambda one: (-len(one), one))))
