"""Tags, links and headings of a text whose regions are known, by Obsidian's rules; pure.

Functions take the text, and the same text with its regions masked (see `masks`); `Reading` holds
both. Offsets count characters of the text. Every pass is linear in its length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from notemill.markup.hashtags import tags_in
from notemill.markup.masks import filled

# Both begin with the bracket itself, by which they are found quickly; an embed's `!` stands before.
WIKILINK: Final = re.compile(
    r"\[\[(?<!(?<!\\)\\\[\[)((?:[^\[\]\n\x00|\\]++|\\(?!\|))*+)((?:\\?+\|[^\[\]\n]*+)?)\\?\]\]"
)
MARKDOWN_LINK: Final = re.compile(
    r"\[([^\[\]\n]*+)\]\([ \t]*+(?:<([^<>\n\x00]*+)>"
    r"|((?:[^\s()<>\x00]++|\([^\s()\x00]*+\))*+))"
    r"(?:[ \t]++(?:\"[^\"\n]*+\"|'[^'\n]*+'|\([^()\n]*+\)))?[ \t]*+\)"
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_HEADING = re.compile(
    r"^(?: {0,3}|(?P<within>[ \t]*+(?:(?:>[ \t]?|[-*+][ \t]++|\d{1,9}[.)][ \t]++))++))"
    r"(?P<marks>#{1,6})(?:[ \t]++(?P<title>[^\r\n]*+))?\r?$",
    re.MULTILINE,
)
_SETEXT = re.compile(
    r"^(?![ \t>#|\x00=-]|[*+][ \t]|\d++[.)])([^\r\n]++)\r?\n {0,3}(=++|-{2,}+)[ \t]*+\r?$",
    re.MULTILINE,
)
_UNDERLINED = re.compile(r"\n {0,3}(?:==|--)")
_CLOSING_HASHES = re.compile(r"(?:^|[ \t])#+[ \t]*$")
_NOT_BETWEEN_LINKS = re.compile(r"[^\s,;|/&+·•-]")
BLOCK_ID: Final = re.compile(r"(?:^|(?<=[ \t]))\^[A-Za-z0-9-]++[ \t]*+(?=\r?$)", re.MULTILINE)


class LinkKind(StrEnum):
    """How a link is written."""

    WIKILINK = "wikilink"
    MARKDOWN = "markdown"


@dataclass(frozen=True, slots=True)
class InlineTag:
    """A tag in the text, without `#`; `start` and `end` are its position, including `#`."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Link:
    """A link into the vault.

    `path` is as written, decoded, without `.md`, '' for a heading of the same note; `subpath` is
    what follows `#` (a block's begins with `^`). `property` names the property that holds the link;
    such a link has no position in the text (-1).
    """

    path: str
    subpath: str
    label: str
    embed: bool
    start: int
    end: int
    kind: LinkKind = LinkKind.WIKILINK
    property: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: its level from 1 to 6, its text as written, the start and end of its line.

    One `within` a quote or a list item is a heading in CommonMark but not in Obsidian's outline;
    `marks` is the position of its `#`, or `start` for an underlined one.
    """

    level: int
    text: str
    start: int
    end: int
    marks: int
    within: bool = False


def find_tags(masked: str) -> tuple[InlineTag, ...]:
    """Return the tags in a masked text, in order."""
    if "#" not in masked:
        return ()
    text = masked
    if "[[" in text:
        text = WIKILINK.sub(lambda match: filled(match[0]), text)
    if "](" in text:
        text = MARKDOWN_LINK.sub(_label_alone, text)
    return tuple(InlineTag(text[start + 1 : end], start, end) for start, end in tags_in(text))


def _label_alone(match: re.Match[str]) -> str:
    """Return a link with all but its label filled in: tags stand there, and nowhere else in it."""
    if is_embed(match):
        return filled(match[0])
    head, foot = match.start(1) - match.start(), match.end(1) - match.start()
    return f"{filled(match[0][:head])}{match[1]}{filled(match[0][foot:])}"


def is_embed(link: re.Match[str]) -> bool:
    """Tell whether a link found in the text is an embed, with `!` before it."""
    return link.start() > 0 and link.string[link.start() - 1] == "!"


def property_link(key: str, value: str) -> Link | None:
    """Return the link that a property's text consists of, None if it is anything else."""
    text = value.strip()
    bare = text.removeprefix("!")
    match = WIKILINK.fullmatch(bare) or MARKDOWN_LINK.fullmatch(bare)
    found = find_links(text, text) if match else ()
    return _in_property(found[0], key) if found else None


def property_links(key: str, value: str) -> tuple[Link, ...]:
    """Return the links that a property's text consists of: one, or several separated by commas.

    A text that contains anything else holds none.
    """
    if "[[" not in value and "](" not in value:
        return ()
    found = find_links(value, value)
    edges = [0, *(edge for link in found for edge in (link.start, link.end)), len(value)]
    between = (value[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))
    if any(_NOT_BETWEEN_LINKS.search(text) for text in between):
        return ()
    return tuple(_in_property(link, key) for link in found)


def _in_property(link: Link, key: str) -> Link:
    return replace(link, start=-1, end=-1, property=key)


def find_links(text: str, masked: str) -> tuple[Link, ...]:
    """Return the links into the vault in a text, in order; not those to the web."""
    found: list[Link] = []
    for match in WIKILINK.finditer(masked) if "[[" in masked else ():
        path, _, subpath = match[1].partition("#")
        label = text[match.start(2) : match.end(2)].lstrip("\\")[1:]
        path, subpath = path.strip(), subpath.strip()
        if path or subpath:
            embed = is_embed(match)
            start, end = match.start() - embed, match.end()
            found.append(Link(without_ending(path), subpath, label.strip(), embed, start, end))
    for match in MARKDOWN_LINK.finditer(masked) if "](" in masked else ():
        target = match[2] if match[2] is not None else match[3]
        if not target or _SCHEME.match(target):
            continue
        path, _, subpath = target.partition("#")
        label = text[match.start(1) : match.end(1)]
        path, subpath = _decoded(path), _decoded(subpath)
        embed = is_embed(match)
        start, end = match.start() - embed, match.end()
        kind = LinkKind.MARKDOWN
        found.append(Link(without_ending(path), subpath, label, embed, start, end, kind))
    found.sort(key=lambda link: link.start)
    return tuple(found)


def without_ending(path: str) -> str:
    """Return a link's path without `.md`."""
    return path[:-3] if path[-3:].lower() == ".md" else path


def _decoded(text: str) -> str:
    """Undo URL encoding; what is no UTF-8 stays as written."""
    return _PERCENT.sub(_unescaped, text)


def _unescaped(match: re.Match[str]) -> str:
    try:
        return bytes.fromhex(match[0].replace("%", "")).decode("utf-8")
    except UnicodeDecodeError:
        return match[0]


def find_headings(text: str, masked: str) -> tuple[Heading, ...]:
    """Return the headings of a text, in order, both with `#` and underlined."""
    if "\n" not in masked and "\r" in masked:
        masked = masked.replace("\r", "\n")
    found: list[Heading] = []
    if "#" in masked:
        found += [
            Heading(
                len(match["marks"]),
                _title(text, *match.span("title")),
                *match.span(),
                match.start("marks"),
                within=match["within"] is not None,
            )
            for match in _HEADING.finditer(masked)
        ]
    if _UNDERLINED.search(masked):
        found += [
            Heading(
                1 if match[2][0] == "=" else 2,
                _title(text, *match.span(1)),
                *match.span(),
                match.start(),
            )
            for match in _SETEXT.finditer(masked)
        ]
        found.sort(key=lambda heading: heading.start)
    return tuple(found)


def _title(text: str, start: int, end: int) -> str:
    title = text[start:end] if start >= 0 else ""
    return BLOCK_ID.sub("", _CLOSING_HASHES.sub("", title.rstrip())).strip()
