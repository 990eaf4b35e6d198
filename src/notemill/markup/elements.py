"""Tags, links, headings and plain words of a note's text, by Obsidian's rules; pure.

Offsets count characters of the body. Every pass is linear in the text's length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from notemill.markup.hashtags import tags_in
from notemill.markup.masks import FILLER, Kind, Region, filled, masked, regions

if TYPE_CHECKING:
    from collections.abc import Iterator

_WIKILINK = re.compile(
    r"(!?)\[\[((?:[^\[\]\n\x00|\\]++|\\(?!\|))*+)((?:\\?+\|[^\[\]\n]*+)?)\\?\]\]"
)
_MARKDOWN_LINK = re.compile(
    r"(!?)\[([^\[\]\n]*+)\]\([ \t]*+(?:<([^<>\n\x00]*+)>"
    r"|((?:[^\s()<>\x00]++|\([^\s()\x00]*+\))*+))"
    r"(?:[ \t]++(?:\"[^\"\n]*+\"|'[^'\n]*+'|\([^()\n]*+\)))?[ \t]*+\)"
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_HEADING = re.compile(r"^ {0,3}(#{1,6})(?:[ \t]++([^\r\n]*+))?\r?$", re.MULTILINE)
_SETEXT = re.compile(
    r"^(?![ \t>#|\x00=-]|[*+][ \t]|\d++[.)])([^\r\n]++)\r?\n {0,3}(=++|-{2,}+)[ \t]*+\r?$",
    re.MULTILINE,
)
_CLOSING_HASHES = re.compile(r"(?:^|[ \t])#+[ \t]*$")
_NOT_BETWEEN_LINKS = re.compile(r"[^\s,;|/&+·•-]")
_BLOCK_ID = re.compile(r"(?:^|(?<=[ \t]))\^[A-Za-z0-9-]++[ \t]*+(?=\r?$)", re.MULTILINE)


class LinkKind(StrEnum):
    """How a link is written."""

    WIKILINK = "wikilink"
    MARKDOWN = "markdown"


@dataclass(frozen=True, slots=True)
class InlineTag:
    """A tag in the text, without `#`; `start` and `end` are its place, `#` included."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Link:
    """A link into the vault.

    `path` is as written, decoded, without `.md`, '' for a heading of the same note; `subpath` is
    what follows `#` (a block's begins with `^`). `property` names the property it stands in; such
    a link has no place in the text (-1).
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
    """A heading: its level from 1 to 6, its text as written, where its line begins."""

    level: int
    text: str
    start: int


def inline_tags(body: str) -> tuple[InlineTag, ...]:
    """Return the tags in a note's text, in order."""
    if "#" not in body:
        return ()
    text = masked(body, regions(body))
    text = _WIKILINK.sub(lambda match: filled(match[0]), text)
    text = _MARKDOWN_LINK.sub(_label_alone, text)
    return tuple(InlineTag(text[start + 1 : end], start, end) for start, end in tags_in(text))


def _label_alone(match: re.Match[str]) -> str:
    """Return a link with all but its label filled in: tags stand there, and nowhere else in it."""
    if match[1]:
        return filled(match[0])
    head, foot = match.start(2) - match.start(), match.end(2) - match.start()
    return f"{filled(match[0][:head])}{match[2]}{filled(match[0][foot:])}"


def links(body: str) -> tuple[Link, ...]:
    """Return the links into the vault in a note's text, in order; not those to the web."""
    if "](" not in body and "[[" not in body:
        return ()
    return tuple(_links(body, masked(body, regions(body))))


def property_link(key: str, value: str) -> Link | None:
    """Return the link that a property's text is as a whole, None where it is something else."""
    text = value.strip()
    match = _WIKILINK.fullmatch(text) or _MARKDOWN_LINK.fullmatch(text)
    link = next(_links(text, text), None) if match else None
    return _in_property(link, key) if link else None


def property_links(key: str, value: str) -> tuple[Link, ...]:
    """Return the links that a property's text consists of: one, or several with commas between.

    A text that says more than links holds none.
    """
    if "[[" not in value and "](" not in value:
        return ()
    found = tuple(_links(value, value))
    edges = [0, *(edge for link in found for edge in (link.start, link.end)), len(value)]
    between = (value[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))
    if any(_NOT_BETWEEN_LINKS.search(text) for text in between):
        return ()
    return tuple(_in_property(link, key) for link in found)


def _in_property(link: Link, key: str) -> Link:
    return replace(link, start=-1, end=-1, property=key)


def _links(body: str, text: str) -> Iterator[Link]:
    found: list[Link] = []
    for match in _WIKILINK.finditer(text):
        path, _, subpath = match[2].partition("#")
        label = body[match.start(3) : match.end(3)].lstrip("\\")[1:]
        path, subpath = path.strip(), subpath.strip()
        if path or subpath:
            place = match.span()
            found.append(Link(_bare(path), subpath, label.strip(), bool(match[1]), *place))
    for match in _MARKDOWN_LINK.finditer(text):
        target = match[3] if match[3] is not None else match[4]
        if not target or _SCHEME.match(target):
            continue
        path, _, subpath = target.partition("#")
        label = body[match.start(2) : match.end(2)]
        path, subpath = _decoded(path), _decoded(subpath)
        embed, place = bool(match[1]), match.span()
        found.append(Link(_bare(path), subpath, label, embed, *place, LinkKind.MARKDOWN))
    yield from sorted(found, key=lambda link: link.start)


def _bare(path: str) -> str:
    return path[:-3] if path[-3:].lower() == ".md" else path


def _decoded(text: str) -> str:
    """Undo URL encoding; what is no UTF-8 stays as written."""
    return _PERCENT.sub(_unescaped, text)


def _unescaped(match: re.Match[str]) -> str:
    try:
        return bytes.fromhex(match[0].replace("%", "")).decode("utf-8")
    except UnicodeDecodeError:
        return match[0]


def headings(body: str) -> tuple[Heading, ...]:
    """Return the headings of a note's text, in order: with `#` and underlined."""
    text = masked(body, regions(body))
    if "\n" not in text and "\r" in text:
        text = text.replace("\r", "\n")
    found = [
        Heading(len(match[1]), _title(body, *match.span(2)), match.start())
        for match in _HEADING.finditer(text)
    ]
    if "\n==" in text or "\n--" in text:
        found += [
            Heading(1 if match[2][0] == "=" else 2, _title(body, *match.span(1)), match.start())
            for match in _SETEXT.finditer(text)
        ]
        found.sort(key=lambda heading: heading.start)
    return tuple(found)


def _title(body: str, start: int, end: int) -> str:
    title = body[start:end] if start >= 0 else ""
    return _BLOCK_ID.sub("", _CLOSING_HASHES.sub("", title.rstrip())).strip()


# -- plain words ------------------------------------------------------------------------------

_LINE_MARKS = re.compile(
    r"^(?:[ \t]*+>)*+[ \t]*+"
    r"(?:\[![^\]\n]*+\][+-]?[ \t]*+"  # the head of a callout
    r"|#{1,6}[ \t]++"
    r"|(?:[-*+]|\d{1,9}[.)])[ \t]++(?:\[.\][ \t]++)?"
    r"|\[\^[^\]\n]++\]:[ \t]*+"
    r"|(?:[-*_=][ \t]*+){3,}+$"
    r"|\|?(?:[ \t]*+:?-++:?[ \t]*+\|)++[ \t]*+(?::?-++:?[ \t]*+)?$)?",
    re.MULTILINE,
)
_FIELD = re.compile(r"^([ \t]*+)[\w][\w \t/-]{0,60}+::[ \t]*+", re.MULTILINE)
_INLINE_FIELD = re.compile(r"[\[(][\w][\w \t/-]{0,60}+::[ \t]*+([^\[\]()\n]*+)[\])]")
_FOOTNOTE = re.compile(r"\[\^[^\[\]\n]++\]")
# Each begins with the mark itself and looks back from behind it: so it is found by one character.
_EMPHASIS = re.compile(
    r"\*(?<!\\\*)\*{0,2}|~(?<!\\~)~|=(?<!\\=)="
    r"|_(?<!\\_)(?:(?<!\w_)_{0,2}(?=\w)|(?<=[\w.,!?]_)_{0,2}(?!\w))"
)
_HASH = re.compile(r"#(?<!\S#)(?=[^\s#])")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")


def plain_text(body: str) -> str:
    """Return the words of a note's text: links as their labels, no code blocks, no comments.

    What stands in code spans stays; math, HTML tags, Templater, embeds, Dataview keys and block
    ids go.
    """
    text = body.replace("\r\n", "\n").replace("\r", "\n").replace(FILLER, "")
    text = "".join(_prose(text, regions(text)))
    if "[[" in text:
        text = _WIKILINK.sub(_wikilink_words, text)
    if "](" in text:
        text = _MARKDOWN_LINK.sub(lambda match: match[2], text)
    if "^" in text:
        text = _BLOCK_ID.sub("", text)
    if "::" in text:
        text = _INLINE_FIELD.sub(r"\1", _FIELD.sub(r"\1", text))
    text = _FOOTNOTE.sub("", _LINE_MARKS.sub("", text))
    text = _HASH.sub("", _EMPHASIS.sub("", text)).replace("|", " ")
    if "\\" in text:
        text = _ESCAPE.sub(r"\1", text)
    text = "\n".join(line.strip() for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", text).strip()


def _prose(text: str, found: list[Region]) -> Iterator[str]:
    at = 0
    for region in found:
        yield text[at : region.start]
        at = region.end
        if region.kind is Kind.CODE and text[region.start] == "`":
            yield text[region.start : region.end].strip("`").strip()
        elif region.kind is Kind.URL:
            # As a link's target it is needed to tell the link; alone it says nothing in words.
            yield text[region.start : region.end] if text[region.start - 1] == "(" else ""
        elif region.kind is Kind.FENCE:
            yield "\n"
    yield text[at:]


def _wikilink_words(match: re.Match[str]) -> str:
    if match[1]:
        return ""
    label = match[3].lstrip("\\")[1:].strip()
    if label:
        return label
    path, _, subpath = match[2].partition("#")
    name = _bare(path.strip()).rpartition("/")[2]
    return name or subpath.strip().lstrip("^")
