"""Glob matching in time linear in the path, whatever the number of stars; pure.

A glob is translated into a regular expression that does not backtrack. After a gap (`*`, `**`,
`**/`) the first place that matches what follows is taken, and no later one is tried if another gap
of the same reach follows: from an earlier place that gap reaches everything it could reach from a
later one. Only the last gap of each kind tries every place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from notemill.errors import UsageError
from notemill.text.normal import normal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_GLOB_CHARS: Final = 1_000
"""Longer than any path that a person writes."""
_TOKEN: Final = re.compile(r"\*\*+/?|\*|\?|\[!?\]?[^\]/]*\]|.", re.DOTALL)
# Gaps, as they are told apart here: within a folder, across folders, whole folders or none.
_WITHIN, _ACROSS, _FOLDERS = "*", "**", "**/"
_GAPS: Final = {"": "", _ACROSS: ".*?", _FOLDERS: "(?:.*?/)??"}
_NOTE: Final = r"(?:\.md)?"


def folded(path: str) -> str:
    """Return a path in the form used for comparison, regardless of case and Unicode form."""
    nfc = normal("NFC", path)
    return normal("NFC", nfc.casefold())


def matcher(glob: str, *, wide: bool = False) -> Callable[[str], bool]:
    """Return a function that tells whether a glob matches a folded key, ignoring case.

    `*` stays within a folder, `**` crosses folders. A glob without `/` matches in every folder, one
    with `/` is relative to the vault; a folder's name matches everything in it. `wide` allows every
    possible meaning: `*` also crosses folders, a note matches without its `.md`, and a backslash
    may be a Windows `/`. Raises UsageError for a glob that is too long.
    """
    if len(glob) > MAX_GLOB_CHARS:
        message = (
            f"a glob may have at most {MAX_GLOB_CHARS:,} characters; this one begins {glob[:40]!r}"
        )
        raise UsageError(message)
    texts = dict.fromkeys((glob, glob.replace("\\", "/") if wide else glob))
    patterns = [_pattern(folded(text), wide=wide) for text in texts]
    return lambda key: any(pattern.fullmatch(key) for pattern in patterns)


@lru_cache(maxsize=64)
def _pattern(text: str, *, wide: bool) -> re.Pattern[str]:
    text = text.removeprefix("./")
    stretches = [_Stretch("" if "/" in text.rstrip("/") else _FOLDERS)]
    for gap, literal in _pieces(text.strip("/"), wide=wide):
        if gap in (_ACROSS, _FOLDERS):
            stretches.append(_Stretch(gap))
        elif gap:
            stretches[-1].literals.append("")
        stretches[-1].literals[-1] += literal
    *settled, last = [one.pattern(last=one is stretches[-1]) for one in stretches]
    parts = [f"(?>{one})" for one in settled]
    return re.compile(f"{''.join(parts)}{last}{_NOTE if wide else ''}(?:/.*)?", re.DOTALL)


@dataclass(slots=True)
class _Stretch:
    """What stands between two gaps that cross folders: literals, with `*` between them."""

    gap: str
    literals: list[str] = field(default_factory=lambda: [""])

    def pattern(self, *, last: bool) -> str:
        """Return its expression, with the gap before it; the `last` one tries every place."""
        head, *rest = self.literals
        settled, tried = (rest[:-1], rest[-1:]) if last else (rest, [])
        within = [f"(?>[^/]*?{one})" for one in settled] + [f"[^/]*{one}" for one in tried]
        return _GAPS[self.gap] + head + "".join(within)


def _pieces(text: str, *, wide: bool) -> Iterator[tuple[str, str]]:
    """Yield each gap with '', each character or class with its expression behind ''."""
    is_at_folder = True
    for match in _TOKEN.finditer(text):
        part = match[0]
        if part.startswith("**"):
            gap = _FOLDERS if part.endswith("/") and is_at_folder else _ACROSS
            yield gap, ""
            is_at_folder = gap == _FOLDERS
        elif part == "*":
            yield (_ACROSS if wide else _WITHIN), ""
            is_at_folder = False
        else:
            yield "", _single(part, wide=wide)
            is_at_folder = part == "/"


def _single(part: str, *, wide: bool) -> str:
    """Return the expression of a character, or of a class of them."""
    if part == "?":
        return "[^/]"
    if len(part) == 1:
        return re.escape(part)
    inside = part[1:-1].replace("\\", "\\\\").replace("[", "\\[")
    piece = f"[{'^' + inside[1:] if inside.startswith('!') else inside}]"
    try:
        re.compile(piece)
    except re.error:
        return re.escape(part)
    return piece if wide else f"(?!/){piece}"
