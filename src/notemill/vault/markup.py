"""Tags and links in a note's text, by Obsidian's rules, with masked what is neither; pure.

All passes are linear in the text's length, whatever is in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from notemill.vault.tags import is_legal_tag

if TYPE_CHECKING:
    from collections.abc import Iterator

_FENCE = re.compile(r"[ \t>]*(`{3,}|~{3,})")
_PAIRS: Final = (
    ("%%", "%%"),
    ("<!--", "-->"),
    ("<%", "%>"),
    ("$$", "$$"),
)
_INLINE: Final = re.compile(
    r"`[^`\n]+`"  # code
    r"|(?<![\\$\w])\$[^\s$](?:[^$\n]{0,200}[^\s$])?\$(?!\d)"  # math
    r"|https?://[^\s<>\])]+"  # URLs
    r"|</?[A-Za-z][^<>\n]{0,500}>"  # HTML
    r"|\[[\w -]{1,60}::[^\]\n]{0,500}\]"  # Dataview fields
    r"|\]\([^()\s]{0,500}\)"  # targets of Markdown links
)
_TAG = re.compile(r"(?:^|(?<=\s))#([^\s#,;:!?.()\[\]{}\"'`|<>*^&=+~$%@\\]+)", re.MULTILINE)
_WIKILINK = re.compile(r"(!?)\[\[([^\[\]\n|]+)(?:\|([^\[\]\n]*))?\]\]")
_MARKDOWN_LINK = re.compile(r"(!?)\[([^\[\]\n]*)\]\(<?([^()\s<>]+?)>?(?:\s+\"[^\"\n]*\")?\)")


@dataclass(frozen=True, slots=True)
class InlineTag:
    """A tag in the text; `start` and `end` are characters of the body, `#` included."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Link:
    """A link to another note as it is written; `subpath` is a heading or a `^block`."""

    target: str
    subpath: str
    label: str
    embed: bool
    start: int
    end: int


def inline_tags(body: str) -> tuple[InlineTag, ...]:
    """Return the tags in a note's text, in order."""
    if "#" not in body:
        return ()
    links_too = _WIKILINK.sub(_blank, masked(body))
    return tuple(
        InlineTag(match[1].rstrip("/"), match.start(), match.end())
        for match in _TAG.finditer(links_too)
        if is_legal_tag(match[1].rstrip("/"))
    )


def links(body: str) -> tuple[Link, ...]:
    """Return the links to notes in a note's text, in order; not those to the web."""
    text = masked(body, targets=False)
    found = [*_wikilinks(text), *_markdown_links(text)]
    return tuple(sorted(found, key=lambda link: link.start))


def masked(body: str, *, targets: bool = True) -> str:
    """Return `body` with all that is no prose blanked out, at the same length.

    Code, math, HTML, comments, URLs, Dataview fields and Templater; `targets` blanks the targets
    of Markdown links, too.
    """
    text = _without_fences(body)
    for opening, closing in _PAIRS:
        text = _without_pairs(text, opening, closing)
    if targets:
        return _INLINE.sub(_blank, text)
    return _INLINE.sub(lambda match: match[0] if match[0][:2] == "](" else _blank(match), text)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _without_fences(body: str) -> str:
    if "```" not in body and "~~~" not in body:
        return body
    kept: list[str] = []
    fence = ""
    for line in body.splitlines(keepends=True):
        match = _FENCE.match(line)
        if fence:
            if match and match[1][0] == fence[0] and len(match[1]) >= len(fence):
                fence = ""
            kept.append(_blanked(line))
        elif match:
            fence = match[1]
            kept.append(_blanked(line))
        else:
            kept.append(line)
    return "".join(kept)


def _blanked(line: str) -> str:
    return "".join("\n" if char == "\n" else " " for char in line)


def _without_pairs(text: str, opening: str, closing: str) -> str:
    """Blank what stands between a pair of marks; an opening without its closing is text."""
    kept: list[str] = []
    position = 0
    while (start := text.find(opening, position)) >= 0:
        end = text.find(closing, start + len(opening))
        if end < 0:
            break
        end += len(closing)
        kept += (text[position:start], _blanked(text[start:end]))
        position = end
    kept.append(text[position:])
    return "".join(kept)


def _wikilinks(text: str) -> Iterator[Link]:
    for match in _WIKILINK.finditer(text):
        path, hash_mark, subpath = match[2].partition("#")
        yield Link(
            path.strip(),
            subpath.strip() if hash_mark else "",
            (match[3] or "").strip(),
            bool(match[1]),
            match.start(),
            match.end(),
        )


def _markdown_links(text: str) -> Iterator[Link]:
    for match in _MARKDOWN_LINK.finditer(text):
        target = match[3]
        if "://" in target or target.startswith(("#", "mailto:")):
            continue
        path, _, subpath = unquote(target).partition("#")
        yield Link(
            path.removesuffix(".md"), subpath, match[2], bool(match[1]), match.start(), match.end()
        )
