"""File names for notes: safe on every system, readable, and free of what links cannot name; pure."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from notemill.markup.invisible import visible
from notemill.markup.lines import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_STEM_BYTES: Final = 180
"""File systems take 255 bytes a name; the rest is for a number, the ending and a sync tool's own."""
UNNAMED: Final = "Untitled"
_FORBIDDEN: Final = {"/": "-", "\\": "-", ":": " -", "|": "-", "#": "", "^": "", "[": "(", "]": ")", "*": "", "?": "", '"': "'", "<": "", ">": ""}  # fmt: skip
"""Characters that Windows, or Obsidian in the names of notes that are linked, does not take:
https://learn.microsoft.com/windows/win32/fileio/naming-a-file, https://help.obsidian.md/links."""
_DEVICES: Final = re.compile(
    r"(?:con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3]|conin\$|conout\$)(?=\.|$)",
    re.IGNORECASE,
)
_TABLE: Final = str.maketrans(_FORBIDDEN)


def stem_of(title: str) -> str:
    """Return the name of a note with this title, without its ending.

    Visible characters on one line, in Unicode's composed form, without what some system forbids:
    no dot or space at either end, no name of a device. `Untitled` where nothing is left.
    """
    text = unicodedata.normalize("NFC", one_line(visible(title)).translate(_TABLE))
    text = "".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cn", "Cs"))
    text = _cut(re.sub(r"\s+", " ", text).strip(" .-~_")).rstrip(" .")
    if _DEVICES.match(text):
        text = f"{text} (note)" if "." not in text else f"_{text}"
    return text or UNNAMED


def path_of(folder: str, title: str, taken: Callable[[str], bool]) -> str:
    """Return a path for a note in a folder of the vault that is not `taken`, with a number if need be."""
    stem = stem_of(title)
    lead = f"{folder}/" if folder else ""
    path = f"{lead}{stem}.md"
    number = 2
    while taken(path):
        path = f"{lead}{stem} {number}.md"
        number += 1
    return path


def _cut(text: str) -> str:
    """Return as much of a name as fits, cut at a word where there is one."""
    raw = text.encode()
    if len(raw) <= MAX_STEM_BYTES:
        return text
    short = raw[:MAX_STEM_BYTES].decode("utf-8", "ignore")
    return short.rpartition(" ")[0] or short
