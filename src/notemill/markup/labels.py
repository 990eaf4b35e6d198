"""Tags that name something where they stand, and do not tag their note; pure.

`- #source https://…` and `- #by [[a page]]` are labels, as `source:` would be; `#Results of the
year` is a heading without its space; `#stage.seed` is a name with dots, of which Obsidian reads the
beginning. Every pass is linear.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from notemill.markup.elements import InlineTag
    from notemill.markup.reading import Reading


class Naming(StrEnum):
    """What a tag names where it stands."""

    LABEL = "label"
    HEADING = "heading"


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
_DOTTED: Final = re.compile(r"\.[^\W_]")
_PROSE: Final = re.compile(r"[ \t]++[^\s#\[]*[^\W\d_]")


def named_at_tags(reading: Reading) -> dict[Naming, tuple[str, ...]]:
    """Return the tags that name something wherever they stand in a text, as spelled, each once."""
    if not reading.tags:
        return {}
    found: dict[str, set[Naming | None]] = {}
    for tag in reading.tags:
        found.setdefault(tag.name, set()).add(_naming(reading.text, tag))
    return {one: tuple(name for name, kinds in found.items() if kinds == {one}) for one in Naming}


def _naming(text: str, tag: InlineTag) -> Naming | None:
    if _DOTTED.match(text, tag.end):
        return Naming.LABEL
    low = max(0, tag.start - _MAX_INDENT)
    start = text.rfind("\n", low, tag.start) + 1
    begins = _BEGINNING.fullmatch(text, start or low, tag.start)
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
