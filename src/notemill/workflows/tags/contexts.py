"""What a model is told of the vault's tags beside their notes."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from notemill.errors import NotemillError
from notemill.markup.lines import one_line
from notemill.markup.reading import Reading
from notemill.markup.tags import tag_key
from notemill.tagging.cards import RARE, Context
from notemill.vault.usage import BY_NAME, UseKind
from notemill.workflows.tags.usage import told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notemill.tagging.census import Tag
    from notemill.workflows.tags.findings import TagReport
    from notemill.workflows.tags.usage import TagUsage

_MAX_READ: Final = 400
"""The most notes that are read for a line about a rare tag."""
_BESIDE_CHARS: Final = 50
"""Of a line before and behind a tag: some ten words on either side."""


def context_of(found: TagReport, usage: TagUsage, text_of: Callable[[str], str]) -> Context:
    """Return what is told of the tags; `text_of` a note raises NotemillError if it must not be sent."""
    places = usage.places.items()
    used = {
        key: tuple(told(place) for place in one.named if place.kind is not UseKind.LINK)
        for key, one in places
    }
    named = (key for key, one in places if any(place.kind in BY_NAME for place in one.named))
    return Context(used, frozenset(named), found.mentions.in_text, _said(found, text_of))


def _said(found: TagReport, text_of: Callable[[str], str]) -> dict[str, str]:
    """Return a line in which each of the rare tags stands, by key."""
    sought: dict[str, set[str]] = {}
    for tag in _rare(found):
        sought.setdefault(min(tag.notes), set()).add(tag.key)
    said: dict[str, str] = {}
    for note, keys in islice(sought.items(), _MAX_READ):
        try:
            reading = Reading(text_of(note))
        except NotemillError:
            continue
        for one in reading.tags:
            if (key := tag_key(one.name)) in keys:
                said.setdefault(key, _around(reading.text, one.start, one.end))
    return said


def _around(text: str, start: int, end: int) -> str:
    """Return what stands beside a tag in its line."""
    before = text[max(0, start - _BESIDE_CHARS) : start].rpartition("\n")[2]
    return one_line(before + text[start : end + _BESIDE_CHARS].partition("\n")[0])


def _rare(found: TagReport) -> Iterator[Tag]:
    only = found.mentions.in_text.keys() - found.mentions.all
    return (tag for tag in found.census.used if tag.key in only and len(tag.notes) <= RARE)
