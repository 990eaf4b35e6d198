"""Property values that YAML reads as comments because they begin with `#`: `tags: #a #b`; pure.

Obsidian follows YAML, so what looks like a tag there is not one. A list written next to such a
comment would appear to include it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from notemill.vault.frontmatter import ValueShape

if TYPE_CHECKING:
    from notemill.vault.frontmatter import Entry, Span

_COMMENT = re.compile(r"(?:^|(?<=[ \t]))#([^\r\n]*+)", re.MULTILINE)
_LIKE_TAG = re.compile(r"#*[^\s#,\-=!:][^\s#,]*")
_WORDS = re.compile(r"[,\s]+")
_LINES_BELOW = re.compile(rb"(?:[ \t]*+#[^\r\n]*+(?:\r\n|\n|\r|\Z))*+")
_BARE_ITEM = re.compile(r"^[ \t]*+-[ \t]++#([^\r\n]*+)", re.MULTILINE)
_SHOWN_CHARS: Final = 40


def commented(raw: bytes, entry: Entry, inner: Span) -> str:
    """Return the first comment in a property that was meant as a value, '' if there is none.

    Without a value, as in `tags: #a` or `- #a`, the first word decides. After a value every word
    must look like a tag, since `[a] # mine` is an ordinary comment.
    """
    end = entry.span.end
    if entry.shape is ValueShape.NOTHING:
        end = _LINES_BELOW.match(raw, end, inner.end).end()  # type: ignore[union-attr]  # may be empty
    text = _without_values(raw, entry, end)
    if "#" not in text:
        return ""
    lone = entry.shape is ValueShape.NOTHING
    bare = {match.start(1) for match in _BARE_ITEM.finditer(text)}
    for match in _COMMENT.finditer(text):
        words = _WORDS.split(match[0].strip(" \t,"))
        told = words[:1] if lone or match.start(1) in bare else words
        if all(word.startswith("#") and _LIKE_TAG.fullmatch(word[1:]) for word in told):
            return match[0].strip()[:_SHOWN_CHARS]
    return ""


def _without_values(raw: bytes, entry: Entry, end: int) -> str:
    """Return what stands behind a property's key, with an `x` for each byte of its values."""
    spans = [item.span for item in entry.items if item.text is not None]
    if not entry.items:
        spans = [entry.written]
    parts: list[bytes] = []
    at = entry.colon
    for start, stop in spans:
        parts += (raw[at:start], b"x" * (stop - start))
        at = max(at, stop)
    return b"".join([*parts, raw[at:end]]).decode("utf-8", "replace")
