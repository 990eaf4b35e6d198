"""Tags that name something where they stand, and do not tag their note; pure.

`- #source https://…` and `- #by [[a page]]` are labels, as `source:` would be; `#Results of the
year` is a heading without its space; `#stage.seed` is a name with dots, of which Obsidian reads the
beginning. In `the hashtag is #x` it is quoted; a tag that is meant stands where a line begins, or at
its end behind a sentence. Every pass is linear.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from notemill.markup.elements import InlineTag
    from notemill.markup.reading import Reading


class Naming(StrEnum):
    """What a tag names where it stands."""

    LABEL = "label"
    HEADING = "heading"
    QUOTE = "quote"


_MAX_INDENT: Final = 200
"""The characters of a line before its text: no list is indented so far."""
_ITEM: Final = r"(?:[-*+]|\d{1,9}[.)])[ \t]++(?:\[[^\]\n]\][ \t]++)?+"
_BEGINNING: Final = re.compile(rf"[ \t>]*+(?P<item>{_ITEM})?+[*_]{{0,3}}+")
# What a label stands before: a link, an address, a handle.
_LABELED: Final = re.compile(
    r"[*_]{0,3}+:{0,2}+[ \t]*+(?:!?\[\[|\[[^\]\n]{0,400}+\]\(|<?[A-Za-z][A-Za-z0-9+.-]{0,20}+://"
    r"|mailto:|www\.|[\w.+-]{0,60}+@\w)"
)
_ALONE: Final = re.compile(
    r"[*_]{0,3}+:{0,2}+[ \t]*+\r?\n(?P<below>[ \t]*+)(?:[-*+]|\d{1,9}[.)])[ \t]"
)
_BETWEEN: Final = re.compile(r"[ \t]{0,4}+,?[ \t]{0,4}+")
_LINE_END: Final = re.compile(r"[ \t]{0,8}+(?:\r?\n|\Z)")
_WITHIN: Final = frozenset(":,;@/(-\u2013\u2014")
_DOTTED: Final = re.compile(r"\.[^\W_]")
_PROSE: Final = re.compile(r"[ \t]++[^\s#\[]*[^\W\d_]")


def named_at_tags(reading: Reading) -> dict[Naming, tuple[str, ...]]:
    """Return the tags that name something wherever they stand in a text, as spelled, each once.

    Quotes are those that are meant as the note's tag nowhere.
    """
    if not reading.tags:
        return {}
    text = reading.text
    found: dict[str, set[Naming | None]] = {}
    for run in _runs(text, reading.tags):
        otherwise = None if _is_apart(text, run) else Naming.QUOTE
        for tag in run:
            found.setdefault(tag.name, set()).add(_naming(text, tag) or otherwise)
    return {
        Naming.LABEL: tuple(one for one, kinds in found.items() if kinds == {Naming.LABEL}),
        Naming.HEADING: tuple(one for one, kinds in found.items() if kinds == {Naming.HEADING}),
        Naming.QUOTE: tuple(one for one, kinds in found.items() if None not in kinds),
    }


def _runs(text: str, tags: Iterable[InlineTag]) -> Iterator[list[InlineTag]]:
    """Yield the tags in groups between which is nothing but blanks or a comma."""
    run: list[InlineTag] = []
    for tag in tags:
        if run and _BETWEEN.fullmatch(text, run[-1].end, tag.start) is None:
            yield run
            run = []
        run.append(tag)
    if run:
        yield run


def _is_apart(text: str, run: Sequence[InlineTag]) -> bool:
    """Tell whether tags begin a line, or end one behind a sentence."""
    if _beginning(text, run[0]) is not None:
        return True
    low = max(0, run[0].start - _MAX_INDENT)
    before = text[low : run[0].start].rstrip(" \t")[-1:]
    is_behind = not before.isalnum() and before not in _WITHIN
    return is_behind and _LINE_END.match(text, run[-1].end) is not None


def _beginning(text: str, tag: InlineTag) -> re.Match[str] | None:
    low = max(0, tag.start - _MAX_INDENT)
    start = text.rfind("\n", low, tag.start) + 1
    return _BEGINNING.fullmatch(text, start or low, tag.start)


def _naming(text: str, tag: InlineTag) -> Naming | None:
    if _DOTTED.match(text, tag.end):
        return Naming.LABEL
    begins = _beginning(text, tag)
    if begins is None:
        return None
    if _LABELED.match(text, tag.end):
        return Naming.LABEL
    if begins["item"]:
        # It stands above a list of its own.
        alone = _ALONE.match(text, tag.end)
        indent = begins.start("item") - begins.start()
        return Naming.LABEL if alone and len(alone["below"]) > indent else None
    is_word = tag.name[:1].isupper() and _PROSE.match(text, tag.end) is not None
    return Naming.HEADING if is_word else None
