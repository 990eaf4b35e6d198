"""What a tag may be, by Obsidian's rules; pure.

https://help.obsidian.md/tags: letters of any script, digits, emoji, `_`, `-` and `/`; no spaces;
at least one character that is no digit.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MAX_LEVELS = 3
VOCABULARY_BEGIN: Final = "<!-- notemill: tags -->"
"""The line behind which a note holds the vault's vocabulary."""
_FENCE = re.compile(r"[ \t>]*(?:`{3,}|~{3,})")
_HEX_COLOUR = re.compile(r"[0-9a-f]{6}|[0-9a-f]{3}", re.IGNORECASE)
_SPACES = re.compile(r"\s+")


def is_legal_tag(tag: str) -> bool:
    """Tell whether Obsidian takes `tag`, and it is no hex colour that looks like one."""
    levels = tag.split("/")
    if not all(levels):
        return False
    body = tag.replace("/", "")
    if not all(_is_tag_char(char) for char in body) or all(c.isdigit() or c in "-_" for c in body):
        return False
    # `#fff000` is a colour; a word such as `bad` or `facade` is one too, but only with letters
    # alone it is a word.
    return not (_HEX_COLOUR.fullmatch(tag) and any(char.isdigit() for char in tag))


def clean_tag(tag: str) -> str:
    """Return `tag` without `#`, with `-` for spaces and at most three levels; maybe illegal."""
    levels = (_SPACES.sub("-", level.strip()) for level in tag.strip().lstrip("#").split("/"))
    return "/".join([level for level in levels if level][:MAX_LEVELS])


def bare(tag: str) -> str:
    """Return a tag as a person may write it, without `#` and slashes at its ends."""
    return tag.strip().lstrip("#").strip().strip("/")


def tag_key(tag: str) -> str:
    """Return what a tag is compared by: Obsidian ignores case, and Unicode form is no difference."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", tag).casefold())


def is_within(tag: str, parent: str) -> bool:
    """Tell whether `tag` is `parent` or below it, both as keys."""
    return tag == parent or tag.startswith(f"{parent}/")


def paths_of(tag: str) -> list[str]:
    """Return the tags that `tag` lies in, the first level first, itself last: a, a/b, a/b/c."""
    levels = tag.split("/")
    return ["/".join(levels[:depth]) for depth in range(1, len(levels) + 1)]


def holds_vocabulary(text: str) -> bool:
    """Tell whether a note holds a vocabulary, and does not just show one as an example."""
    if VOCABULARY_BEGIN not in text:
        return False
    fenced = False
    for line in text.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced and line.strip() == VOCABULARY_BEGIN:
            return True
    return False


def _is_tag_char(char: str) -> bool:
    if char.isalnum() or char in "_-":
        return True
    # Marks belong to the letters of many scripts; symbols, joiners and selectors make up emoji.
    return unicodedata.category(char) in ("Mn", "Mc", "So", "Sk", "Cf")
