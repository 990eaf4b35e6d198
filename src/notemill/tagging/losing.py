"""Merges that would lose what a tag says: it is narrower than the one it would become; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from notemill.markup.tags import is_within, tag_key
from notemill.tagging.variants import same_form, words_of

if TYPE_CHECKING:
    from notemill.tagging.cards import Card

MANY: Final = 50
TIMES_MORE: Final = 10
"""Few people tag so many notes by hand, and so seldom with another word for the same."""
_ENDING_CHARS: Final = 2
"""Letters of a plural's ending in the languages that tags are written in: `s`, `es`, `en`."""
_NO_SPACES: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")


def loses_meaning(tag: str, into: str) -> bool:
    """Tell whether a tag says more than the one it would be merged into.

    That is so if it stands below that one, or if its last level has all words of that one's, and
    others that occur nowhere in it and are not just its first letters. Where words have no spaces,
    the longer word says more.
    """
    key, wider = tag_key(tag), tag_key(into)
    if key != wider and is_within(key, wider):
        return True
    words, fewer = _words(tag.rpartition("/")[2]), _words(into.rpartition("/")[2])
    if not all(any(_is_form_of(one, word) or _holds(word, one) for word in words) for one in fewer):
        return False
    everything = _words(into)
    more = [word for word in words if not any(_is_form_of(word, one) for one in everything)]
    return bool(more) and more != ["".join(word[0] for word in fewer)]


def may_become(tag: Card, into: Card) -> bool:
    """Tell whether what is known of two tags speaks for a merge.

    It does not where a page or a link has the name of just one of a word's two forms, nor where one
    tag has many more notes, as of an import, and none in a folder of the other's.
    """
    leaf, other = (tag_key(one.name.rpartition("/")[2]) for one in (tag, into))
    is_form = _is_form_of(leaf, other) or same_form(leaf) == same_form(other)
    if tag.named != into.named and is_form:
        return False
    few, many = sorted((tag.notes, into.notes))
    folders = {folder for folder, _ in tag.folders}
    is_import = many >= MANY and many >= TIMES_MORE * few
    return not (is_import and folders.isdisjoint(folder for folder, _ in into.folders))


def _words(tag: str) -> list[str]:
    return [word for level in tag.split("/") for word in words_of(level.replace(" ", "-"))]


def _is_form_of(word: str, other: str) -> bool:
    """Tell whether two words are one, up to the ending of a plural."""
    if word == other:
        return True
    short, long = sorted((word, other), key=len)
    return (
        long.isascii()
        and len(long) - len(short) <= _ENDING_CHARS
        and len(short) > _ENDING_CHARS
        and long.startswith(short[:-1])
    )


def _holds(word: str, other: str) -> bool:
    """Tell whether a word of a script without spaces has another in it."""
    return word != other and other in word and _NO_SPACES.search(other) is not None
