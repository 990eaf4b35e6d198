"""Tags without meaning: colours, numbers, leftovers; pure."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.markup.tags import is_tag
from notemill.tagging.variants import legal_form, means_more

if TYPE_CHECKING:
    from notemill.tagging.census import Census, Tag

_HEX = re.compile(r"[0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8}", re.IGNORECASE)
# Words that consist only of the letters a to f.
_WORDS: Final = frozenset(
    ("ace", "add", "bad", "bed", "bee", "cab", "dad", "dab", "deb", "ebb", "fab", "fad", "fed",
     "fee", "abc", "decade", "facade", "accede", "efface", "deface")
)  # fmt: skip
_ID = re.compile(r"(?=[0-9a-z]*\d)[0-9a-z]{7,}", re.IGNORECASE)
_TOO_SHORT = re.compile(r"[a-z]|(?=[a-z]*\d)[a-z0-9]{2}", re.IGNORECASE)
_PLACEHOLDERS: Final = frozenset(
    (
        "test",
        "tmp",
        "temp",
        "foo",
        "bar",
        "baz",
        "asdf",
        "xxx",
        "untitled",
        "tag",
        "tags",
        "example",
    )
)
_MIN_DIGITS: Final = 0.4


@dataclass(frozen=True, slots=True)
class Junk:
    """A tag that could be dropped, and why, in words for a person.

    With `is_hint` it may well be a word: it is shown, but not proposed for dropping.
    """

    tag: str
    reason: str
    notes: int
    is_hint: bool = False


def find_junk(census: Census) -> tuple[Junk, ...]:
    """Return the tags without meaning, least used first; tags with children are kept."""
    parents = {tag.parent for tag in census.tags.values()}
    forms = Counter(_form(tag.leaf) for tag in census.used)
    found: list[Junk] = []
    for tag in census.used:
        if tag.key in parents:
            continue
        if reason := _reason(census, tag, is_alone=forms[_form(tag.leaf)] == 1):
            found.append(Junk(tag.name, reason, len(tag.notes)))
        elif _is_like_colour(tag.leaf):
            found.append(Junk(tag.name, "maybe a hex colour", len(tag.notes), is_hint=True))
    return tuple(sorted(found, key=lambda one: (one.notes, one.tag)))


def _form(name: str) -> str:
    """Return which of a name's characters are letters and which digits."""
    return "".join("0" if char.isdigit() else "a" if char.isalpha() else char for char in name)


def _is_like_colour(name: str) -> bool:
    """Return whether a tag reads as a colour, as the words `b2b` and `2fa` do, too."""
    return _HEX.fullmatch(name) is not None and name.casefold() not in _WORDS and not name.isdigit()


def _reason(census: Census, tag: Tag, *, is_alone: bool) -> str:
    """Return why a tag has no meaning, '' if it may have one; `is_alone` if no other has its form."""
    name = tag.leaf
    if not is_tag(tag.name):
        if tag.name.isdigit():
            return "only digits, which Obsidian does not accept as a tag"
        return (
            ""
            if legal_form(census, tag.name) or means_more(census, tag.name)
            else "has characters that Obsidian does not accept in a tag"
        )
    if len(tag.notes) > 1 or _is_like_colour(name):
        return ""
    # Codes such as those of courses or volumes come in series, and mean something as one.
    if not is_alone and any(map(str.isdigit, name)):
        return ""
    if not tag.parent and _TOO_SHORT.fullmatch(name):
        return "used once, and too short to mean anything"
    if name.casefold() in _PLACEHOLDERS:
        return "used once, and a placeholder rather than a word"
    digits = sum(char.isdigit() for char in name)
    if _ID.fullmatch(name) and digits >= _MIN_DIGITS * len(name):
        return "used once, and an identifier rather than a word"
    return ""
