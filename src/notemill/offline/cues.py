"""The cues in prose that the offline reader uses, from the list beside this module."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from notemill.text.stopwords import lists
from notemill.text.words import fold

if TYPE_CHECKING:
    from collections.abc import Mapping


# Accents tell "\u00e9" (is) from "e" (and), "\u00e9l" (he) from "el" (the).
_ACCENTED: Final = frozenset(
    (
        "conjunctions",
        "connectives",
        "coordinating",
        "dangling",
        "defining",
        "pronouns",
        "see",
        "supposing",
    )
)


@cache
def cues() -> Mapping[str, frozenset[str]]:
    """Return the lists of `cues.txt` by name, folded, or casefolded where accents matter."""
    text = (files(__package__) / "cues.txt").read_text(encoding="utf-8").casefold()
    named = (line.partition(":") for line in text.splitlines() if line and line[0] != "#")
    return {
        name: frozenset(
            part.strip() if name in _ACCENTED else fold(part.strip())
            for part in (phrases.split("|") if "|" in phrases else phrases.split())
        )
        for name, _, phrases in named
    }


@cache
def form_words() -> frozenset[str]:
    """Return the words that head a page, a part or a list, and name no subject."""
    return lists()["junk"] | cues()["forms"]
