"""Transcripts as plain text or Markdown, with or without times; pure.

With times they are captions like any other. Without any they are blocks of Markdown: nothing in
them has a second, so none is made up, and headings, links and code stay what they are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from notemill.markup.elements import BLOCK_ID
from notemill.markup.lines import one_line
from notemill.markup.masks import RegionKind
from notemill.markup.queries import opening_of
from notemill.markup.reading import Reading
from notemill.sources.address import clean_address, video_id
from notemill.sources.captions.shown import Read, joined
from notemill.sources.captions.timed_text import Timed, speakers_in, timed, turn_in
from notemill.sources.draft import Block
from notemill.sources.markdown_text import escaped
from notemill.vault import frontmatter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from notemill.markup.masks import Region

_MOST_BLOCK: Final = 1_200
_LEAST_BLOCK: Final = 600
"""Letters after which a text without paragraphs is parted at the end of a sentence: 100 words."""

_FENCE: Final = re.compile(r"[ \t]{0,3}(`{3,}|~{3,})")
_SENTENCE_END: Final = re.compile(
    "(?:[.!?\u2026\u061f\u0964][\"'\u2019\u201d\u00bb)\\]]*(?=\\s)|[\u3002\uff01\uff1f][\u300d\u300f\uff09]*)"
)
_MARKED: Final = re.compile(r"[*_`\[\]<>#|~=\\^!:%]")
# Of bounded length, so that a mark which nothing closes is not looked for to the end each time.
_LINK: Final = re.compile(
    r"!?\[(?P<label>[^\[\]\n]{0,500})\]\((?P<address>[^()\s]{1,2000}(?:\([^()\s]{0,500}\)[^()\s]{0,500})?)"
    r"(?:[ \t]+\"[^\"\n]{0,500}\")?\)"
)
_AUTOLINK: Final = re.compile(r"<(?P<words>https?://[^<>\s]{1,2000})>")
_CODE: Final = re.compile(r"`(?P<words>[^`\n]{1,300})`")
_STRONG: Final = re.compile(
    r"(?<!\\)(?P<mark>\*\*|__)(?=\S)(?P<words>[^*_\n]{1,300})(?<![\s\\])(?P=mark)"
)
_EMPHASIS: Final = re.compile(
    r"(?<![\w*\\])(?P<mark>[*_])(?=\S)(?P<words>[^*_\n]{1,300})(?<![\s\\])(?P=mark)(?![\w*])"
)
_BULLET: Final = re.compile(r"^[ \t]*(?:[-*+][ \t]+|>[ \t]*)", re.MULTILINE)
_ESCAPE: Final = re.compile(r"\\([!-/:-@\[-`{-~])")
_PLACED: Final = re.compile(r"[?&#](?:t|start|time_continue)=", re.IGNORECASE)
_INLINE_QUERY: Final = re.compile(r"(`+)[ \t]*\$?=")
_LOADING: Final = re.compile(
    r"<\s*/?(?:iframe|script|object|embed|style|link|meta|form|base)\b", re.IGNORECASE
)


def read(text: str, *, is_markdown: bool) -> Read:
    """Return what a text says, and what the properties at its beginning say of it."""
    properties, body = _parted(text)
    lines = body.split("\n")
    people = _all(properties, "speakers", "speaker", "authors", "author", "guests", "hosts", "host")
    about: dict[str, object] = {
        "title": _first(properties, "title"),
        "channel": _first(properties, "channel", "podcast", "show"),
        "creators": list(_all(properties, "speakers", "speaker", "authors", "author")),
        "upload_date": _first(properties, "published", "date").replace("-", "")[:8],
        "language": _first(properties, "language", "lang"),
        "description": _first(properties, "description", "summary"),
    }
    address = _first(properties, "media", "source", "video", "url", "youtube", "audio", "link")
    source = clean_address(address)
    found = timed(lines, plain=_plain if is_markdown else one_line, known=people)
    if found is None:
        blocks = _of_markdown(body) if is_markdown else _of_plain(lines, people)
        return Read([], blocks=blocks, about=about, source=source, written=True)
    about["chapters"] = _chapters(found, str(about["title"]))
    # Talks of one recording name it with the second at which they begin: they are several.
    if source and not _PLACED.search(address):
        about["id"] = video_id(address) or ""
    return Read(found.captions, about=about, source=source, written=True)


def _parted(text: str) -> tuple[Mapping[str, tuple[str, ...]], str]:
    """Return a text's properties by their names in small letters, and what stands below them."""
    raw = text.encode("utf-8", "replace")
    place = frontmatter.locate(raw)
    if place is None:
        return {}, text
    body = raw[place.span.end :].decode("utf-8")
    try:
        entries = frontmatter.read(raw, place).entries
    except frontmatter.BrokenFrontmatterError:
        return {}, text  # two lines of dashes with words between them
    found: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        values = (entry.value,) if isinstance(entry.value, str) else entry.value or ()
        found.setdefault(entry.name, tuple(one_line(value) for value in values if value.strip()))
    return found, body


def _all(properties: Mapping[str, tuple[str, ...]], *names: str) -> tuple[str, ...]:
    found = (value for name in names for value in properties.get(name, ()))
    return tuple(dict.fromkeys(one.removeprefix("[[").removesuffix("]]") for one in found))


def _first(properties: Mapping[str, tuple[str, ...]], *names: str) -> str:
    return next((properties[name][0] for name in names if properties.get(name)), "")


def _chapters(found: Timed, title: str) -> list[dict[str, object]]:
    """Return headings as yt-dlp has chapters; one that repeats the title is none.

    Those above what is said within one second are one chapter.
    """
    titles: dict[int, tuple[float, list[str]]] = {}
    for start, heading in found.chapters:
        if heading.casefold() != title.casefold():
            titles.setdefault(int(start), (start, []))[1].append(heading)
    return [
        {"start_time": start, "title": " \u2013 ".join(headings)}
        for start, headings in titles.values()
    ]


def _plain(markdown: str) -> str:
    """Return Markdown as plain words on one line; the address of a link stands behind its label."""
    if not _MARKED.search(markdown):
        return one_line(markdown)
    text = _LINK.sub(_with_address, _BULLET.sub("", markdown))
    for mark in (_AUTOLINK, _CODE, _STRONG, _EMPHASIS):
        text = mark.sub(r"\g<words>", text)
    return one_line(_ESCAPE.sub(r"\1", text))


def _with_address(link: re.Match[str]) -> str:
    label, address = link["label"].strip(), link["address"]
    return f"{label} ({address})" if label and label != address else address


def _of_plain(lines: Sequence[str], known: Sequence[str]) -> tuple[Block, ...]:
    """Return plain text as blocks: its paragraphs, each speaker's turn, and long ones parted."""
    speakers = speakers_in(lines, known)
    blocks: list[Block] = []
    label = said = ""
    for line in [*map(one_line, lines), ""]:
        turn = turn_in(line, speakers)
        if said and (turn or not line):
            for piece in _pieces(said):
                blocks.append(Block(f"{label} {escaped(piece)}".lstrip()))
                label = ""
            said = ""
        if turn is None:
            said = joined(said, line)
            continue
        if label:
            blocks.append(Block(label))
        label, said = f"**{escaped(turn[0])}:**", turn[1]
    return (*blocks, Block(label)) if label else tuple(blocks)


def _pieces(text: str) -> Iterator[str]:
    """Yield a text in pieces that end with a sentence, or with a word where there is none."""
    start = 0
    for found in _SENTENCE_END.finditer(text) if len(text) > _MOST_BLOCK else ():
        while found.start() - start > 2 * _MOST_BLOCK:
            cut = text.rfind(" ", start + 1, start + _MOST_BLOCK)
            if cut < 0:
                break
            yield text[start:cut].strip()
            start = cut
        if found.end() - start >= _LEAST_BLOCK and len(text) - found.end() >= _LEAST_BLOCK // 2:
            yield text[start : found.end()].strip()
            start = found.end()
    while (
        len(text) - start > 2 * _MOST_BLOCK
        and (cut := text.rfind(" ", start + 1, start + _MOST_BLOCK)) > start
    ):
        yield text[start:cut].strip()
        start = cut
    if rest := text[start:].strip():
        yield rest


def _of_markdown(body: str) -> tuple[Block, ...]:
    """Return Markdown as blocks, parted at empty lines that are not within code."""
    blocks: list[Block] = []
    kept: list[str] = []
    fence = ""
    for line in [*_tamed(body).split("\n"), ""]:
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif mark:
            fence = mark[1]
        if line.strip() or fence:
            kept.append(line.rstrip())
        elif kept:
            blocks.append(Block("\n".join(kept)))
            kept = []
    if kept:
        blocks.append(Block("\n".join(kept).rstrip()))
    return tuple(blocks)


def _tamed(markdown: str) -> str:
    """Return a stranger's Markdown without what Obsidian and its plugins would act on.

    Tags, links into the vault, block ids, comments, templates and queries become text; what
    Markdown itself has stays.
    """
    reading = Reading(markdown)
    before = {one.start: "\\" for one in reading.tags}
    masked = reading.masked
    for found in re.finditer(r"\[(?=\[)|(?<=\[)\[", masked):
        before[found.start()] = "\\"
    for found in BLOCK_ID.finditer(masked):
        before[found.start()] = "\\"
    for region in reading.regions:
        before |= _told_apart(markdown, region)
    parts: list[str] = []
    at = 0
    for place in sorted(before):
        parts += (markdown[at:place], before[place])
        at = place
    return "".join([*parts, markdown[at:]])


def _told_apart(markdown: str, region: Region) -> dict[int, str]:
    """Return what has to stand where, before a region that something acts on is only text."""
    start = region.start
    if region.kind is RegionKind.FENCE:
        end, language = opening_of(markdown, region)
        opening = markdown[start:end]
        name = start + len(opening) - len(opening.lstrip(" \t>`~"))
        return {name: "text "} if language else {}
    if region.kind is RegionKind.CODE:
        found = _INLINE_QUERY.match(markdown, start, region.end)
        ticks = len(found[1]) if found else 0
        ends = (start, region.end - ticks)
        return {end + at: "\\" for end in ends for at in range(ticks)}
    if region.kind is RegionKind.HTML:
        return {one.start(): "\\" for one in _LOADING.finditer(markdown, start, region.end)}
    is_acted_on = region.kind is RegionKind.TEMPLATE or markdown.startswith("%%", start)
    return {start: "\\"} if is_acted_on else {}
