"""What a tag may be, by Obsidian's rules; pure.

https://help.obsidian.md/tags allows letters, digits, `_`, `-`, `/`, emoji and other symbols, and
requires one character that is not a digit. What ends a tag is Obsidian's own pattern, as cited in
https://github.com/obsidianmd/obsidian-help/issues/816.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from notemill.markup.invisible import is_visible
from notemill.text.normal import normal

MAX_LEVELS = 3
MAX_TAG_CHARS: Final = 100
"""The longest tag that is proposed or sent; a longer one is a sentence with `-` for spaces."""
MAX_ANY_TAG_CHARS: Final = 1_000
"""The longest tag of any origin; a longer one is text that nobody could read in a list."""
MAX_DEPTH: Final = 30
"""The most parents kept of a deeply nested tag, as each is as long as its whole path."""
TAG_END: Final = (
    r"\x00\s!\"#$%&'()*+,.:;<=>?@\[\\\]^`{|}~\u2000-\u200c\u200e-\u206f\u2e00-\u2e7f\ufeff"
)
"""What ends a tag, as a regex class: Obsidian's, without U+200D, which joins emoji."""
_BODY = re.compile(rf"[^{TAG_END}]+")
_DIGITS = re.compile(r"[0-9]+")
_SPACES = re.compile(r"\s+")


def is_tag(tag: str) -> bool:
    """Tell whether Obsidian accepts `tag`, given without `#`: `2fa`, `2024/01`, `a//b`; not `2024`."""
    return (
        len(tag) <= MAX_ANY_TAG_CHARS
        and _BODY.fullmatch(tag) is not None
        and _DIGITS.fullmatch(tag) is None
    )


def is_legal_tag(tag: str) -> bool:
    """Tell whether `tag` may be written: Obsidian accepts it, and no level is empty."""
    return is_tag(tag) and all(tag.split("/"))


def is_tidy_tag(tag: str) -> bool:
    """Tell whether `tag` may be proposed: letters, digits, emoji, `_` and `-`, with a word in it.

    Every character must be visible. Obsidian accepts more, such as full-width punctuation, which is
    mostly a typing error in a tag.
    """
    body = tag.replace("/", "")
    return (
        len(tag) <= MAX_TAG_CHARS
        and is_legal_tag(tag)
        and is_visible(tag)
        and all(_is_tidy_char(char) for char in body)
        and not all(char.isdigit() or char in "-_" for char in body)
    )


def clean_tag(tag: str) -> str:
    """Return `tag` without `#`, with `-` for spaces and at most three levels; maybe illegal."""
    levels = (_SPACES.sub("-", level.strip()) for level in tag.strip().lstrip("#").split("/"))
    return "/".join([level for level in levels if level][:MAX_LEVELS])


def bare(tag: str) -> str:
    """Return a tag as a person may type it, without `#` and outer slashes."""
    return tag.strip().lstrip("#").strip().strip("/")


def tag_key(tag: str) -> str:
    """Return the key a tag is compared by, which ignores case, like Obsidian, and Unicode form.

    Case folds as in Obsidian: `Straße` and `Strasse` are two tags.
    """
    if tag.isascii():
        return tag.lower()
    return normal("NFC", normal("NFC", tag).lower())


def is_within(tag: str, parent: str) -> bool:
    """Tell whether `tag` is `parent` or below it, both as keys."""
    return tag == parent or tag.startswith(f"{parent}/")


def paths_of(tag: str) -> list[str]:
    """Return `tag` and its parents, from the top level down: a, a/b, a/b/c."""
    levels = tag.split("/", MAX_DEPTH)
    above = min(len(levels) - 1, MAX_DEPTH)
    return [*("/".join(levels[:depth]) for depth in range(1, above + 1)), tag]


def _is_tidy_char(char: str) -> bool:
    if char.isalnum() or char in "_-":
        return True
    # Marks belong to the letters of many scripts; symbols, joiners and selectors make up emoji.
    return unicodedata.category(char) in ("Mn", "Mc", "So", "Sk", "Cf")
