"""The owner's words of a note: the one cleaning step before anything reads a note for meaning; pure.

Prompts, descriptions, topics, links, tag suggestions and embeddings all read the cleaned text, so
that none of them describes a plugin's markup and no ciphertext is sent anywhere. The result is
still Markdown; the note itself is never changed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from notemill.markup.hypertext import as_markdown
from notemill.markup.masks import FILLER, RegionKind
from notemill.markup.opaque import DATA, PICTURE, without_opaque
from notemill.markup.reading import Reading
from notemill.vault.drawings import is_drawing, words_of_drawing
from notemill.vault.region import owners_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notemill.vault.note import Note

# -- fenced blocks ----------------------------------------------------------------------------

# Blocks that a plugin fills from elsewhere, or keeps its own data in. Diagrams, charts, formulas,
# verses and code are their owner's words.
_MACHINES: Final = re.compile(
    r"(?:dataview|datacore|foam-query|meta-bind|query|tasks?-?query)[\w-]*"
    r"|tasks|todoist|bases?|tracker|buttons?|templater(?:-button)?|button-group"
    r"|toc|table-of-contents|expander|leaflet|mapview|(?:img-|image-|note-)?gallery|compressed-json"
    r"|excalidraw|hand(?:written|drawn)-ink|encrypt(?:ed)?|secret|cipher|meld-encrypt|age|gpg|pgp"
    r"|simple-time-tracker|time-?tracker|heatmap-calendar|contributiongraph|habittracker|activity-history"
    r"|folder-(?:overview|index)|recent-notes|waypoint|zoottelkeeper|breadcrumbs|juggl|jira[\w-]*"
    r"|space-(?:lua|script|style|config)|widgets?|homepage|rss|feed|countdown|clock|weather"
)
_ADMONITION: Final = re.compile(r"ad-[\w-]+")
# Poems, and what a page's card says.
_WORDS: Final = re.compile(r"poetry|poem|verse|quote|cardlink|embed")
_SETTING: Final = re.compile(
    r"^[ \t>]*(?:title|description): ?\"?(.*?)\"?[ \t]*$"
    r"|^[ \t>]*(?:collapse|icon|color|url|host|favicon|image|cover|aspectRatio|parser|date): ?.*\n?",
    re.MULTILINE,
)
_FENCE: Final = re.compile(
    r"(?P<lead>[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*)(?P<mark>`{3,}|~{3,})(?P<info>[^\n]*)\n?"
)
_LANGUAGE: Final = re.compile(r"[ \t{.]*([\w-]+)")
_INLINE_QUERY: Final = re.compile(r"`+ *(?:\$=|= |=(?=this\.|\[\[))[^`]*`+")
_INLINE_BUTTON: Final = re.compile(r"`+(?:button-[\w-]+|(?:BUTTON|INPUT|VIEW)\[[^`]*)`+")

# -- what else plugins write ------------------------------------------------------------------

# Lists that a tool keeps between two comments.
_KEPT: Final = (
    ("%% Begin Waypoint %%", "%% End Waypoint %%"),
    ("%% Begin Landmark %%", "%% End Landmark %%"),
    ("%% Zoottelkeeper: Beginning", "%% Zoottelkeeper: End"),
    ("<!-- START doctoc", "<!-- END doctoc"),
    ("<!-- toc -->", "<!-- tocstop -->"),
    ("<!-- TOC -->", "<!-- /TOC -->"),
    ("<!-- SerializedQuery:", "<!-- SerializedQuery END -->"),
    ("<!-- ALL-CONTRIBUTORS-LIST:START", "<!-- ALL-CONTRIBUTORS-LIST:END"),
)
_LOGSEQ: Final = re.compile(
    r"^[ \t]*:(?:LOGBOOK|PROPERTIES):[ \t]*\n(?:(?![ \t]*:(?:END|LOGBOOK|PROPERTIES):)[^\n]*\n)*+"
    r"[ \t]*:END:[ \t]*(?:\n|\Z)"
    r"|^[ \t]*(?:- )?#\+BEGIN_QUERY(?:(?!#\+(?:END|BEGIN)_QUERY)[\s\S])*+#\+END_QUERY[ \t]*(?:\n|\Z)"
    r"|^[ \t]*(?:id|collapsed|query-[\w-]+|logseq\.[\w.-]+|background-color):: [^\n]*(?:\n|\Z)",
    re.MULTILINE | re.IGNORECASE,
)
_MACRO: Final = re.compile(
    r"\{\{(?:query|renderer|cards|embed|function|youtube-timestamp)\b[^{}\n]*+\}\}"
)
_CLOZE: Final = re.compile(r"\{\{c\d{1,3}::([^{}\n]*?)(?:::[^{}\n]*)?\}\}")
_KANBAN_MARK: Final = re.compile(r"^\*\*Complete\*\*[ \t]*$", re.MULTILINE)
_BLOCK_ID: Final = re.compile(r"\^(?<![^ \t\n]\^)[A-Za-z0-9-]+[ \t]*$", re.MULTILINE)

# -- links and pictures -----------------------------------------------------------------------

_TARGET: Final = r"\((?:[^()\n]|\([^()\n]*+\))*+\)"
_IMAGE: Final = re.compile(rf"!\[[^\[\]\n]*+\](?:(?P<url>{_TARGET})|\[(?P<ref>[^\[\]\n]*+)\])")
_EMPTY_LINK: Final = re.compile(rf"\[[ \t]*\](?:{_TARGET}|\[[^\[\]\n]*+\])")
_DEFINITION: Final = re.compile(
    r"^ {0,3}\[(?P<ref>[^\[\]\n^]++)\]:[ \t]*+(?P<url>[^\s]++)[^\n]*+\n?", re.MULTILINE
)
# https://shields.io and its kind: a state that a service draws.
_BADGE: Final = re.compile(
    r"shields\.io|badge|travis-ci\.|circleci\.com|codecov\.io|coveralls\.io|/workflows/[^)]*\.svg",
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(r"https?://[^\s<>\[\]\"'?]++\?[^\s<>\[\]\"')]++")
_TRACKING: Final = re.compile(
    r"(?:utm_\w+|fbclid|gclid|dclid|msclkid|yclid|igshid|mc_[ce]id|mkt_tok|_hs(?:enc|mi)|ref_src|ref_url"
    r"|vero_id|oly_(?:anon|enc)_id|spm|si)="
)

_COMMENT: Final = re.compile(r"%%|<!--")
_CLOSING: Final = {"%%": "%%", "<!--": "-->"}
_ALONE: Final = re.compile(r"^%%[ \t]*$", re.MULTILINE)
_SHIELDED: Final = re.compile(f"{FILLER}(\\d+){FILLER}")
_BLANK_LINES: Final = re.compile(r"\n(?:[ \t]*\n){2,}")

# -- is anything said -------------------------------------------------------------------------

_HEADINGS: Final = re.compile(
    r"^ {0,3}#{1,6}(?:[ \t][^\n]*)?$|^(?![ \t>|*+-])[^\n]+\n {0,3}(?:=+|-{2,})[ \t]*$", re.MULTILINE
)
_MEDIA: Final = (
    r"(?:apng|avif|bmp|gif|heic|jpe?g|png|svg|tiff?|webp|pdf|mp[34]|m4a|ogg|opus|wav|flac|3gp|webm|ogv"
    r"|mov|mkv|canvas|base|excalidraw)"
)
_SILENT: Final = re.compile(
    rf"!\[\[[^\[\]\n]*?\.{_MEDIA}(?:\.md)?(?:[#|][^\[\]\n]*)?\]\]"
    rf"|!\[[^\[\]\n]*+\](?:{_TARGET}|\[[^\[\]\n]*+\])"
    r"|^[ \t>]*(?:`{3,}|~{3,})[^\n]*$"  # the edges of a block of code
    r"|\[![\w-]+(?:\|[^\]\n]*)?\]"  # a callout's kind
    r"|^ {0,3}\[[^\[\]\n^]+\]:[ \t]*\S.*$"  # a link reference definition
    r"|(?<!\S)#[^\s#]+"  # a tag
    r"|^[ \t>]*(?:[-*+] )?[\w][\w -]{0,40}::[ \t]*$",  # a field without a value
    re.MULTILINE | re.IGNORECASE,
)
# A line that none of the others can touch: most notes have one near their beginning.
_PROSE: Final = re.compile(r"^[ \t]*+[^\W\d_][^!\[`~#:>\n]*+\n(?! {0,3}(?:=|--))", re.MULTILINE)
_FIRST_CHARS: Final = 500
_LETTER: Final = re.compile(r"[^\W\d_]")


def owners_words(note: Note) -> str:
    """Return a note's text as its owner wrote it, '' if nothing of it is left.

    Comments, queries, encrypted blocks, drawings, badges, inline images, notemill's own region and
    plugin markup are removed or shortened; HTML is converted to Markdown. Headings without text
    below them are kept only if the note held nothing else.
    """
    reading = note.reading
    if "\r" in note.body:
        reading = Reading(note.body.replace("\r\n", "\n").replace("\r", "\n"))
    before = body = owners_text(reading)
    if is_drawing(note):
        body = words_of_drawing(body)
    if note.entry("kanban-plugin"):
        body = _KANBAN_MARK.sub("", body)
    text = _cleaned(reading if body == reading.text else Reading(body))
    return text if _says_something(text, before) else ""


def _cleaned(reading: Reading) -> str:
    """Return a text, its lines ended by line feeds, without what no person wrote to be read."""
    text = without_opaque(reading.text.replace(FILLER, ""))
    for start, end in _KEPT:
        if start in text:
            text = _without(text, start, end)
    shielded: list[str] = []
    text = "".join(_shielded(reading if text == reading.text else Reading(text), shielded))
    if "%%" in text or "<!--" in text:
        text = _without_comments(text)
    if "::" in text or ":LOGBOOK:" in text or "#+" in text:
        text = _LOGSEQ.sub("", text)
    text = as_markdown(text)
    if "{{" in text:
        text = _CLOZE.sub(r"\1", _MACRO.sub("", text))
    if "^" in text:
        text = _BLOCK_ID.sub("", text)
    text = _links(text)
    if shielded:
        text = _SHIELDED.sub(lambda place: shielded[int(place[1])], text)
    return _BLANK_LINES.sub("\n\n", text).strip("\n")


def _without(text: str, start: str, end: str) -> str:
    """Drop everything from each `start` to the end of the line of the next `end`."""
    parts: list[str] = []
    done = 0
    while (begin := text.find(start, done)) >= 0:
        stop = text.find(end, begin + len(start))
        if stop < 0:
            break
        parts.append(text[done:begin])
        line = text.find("\n", stop + len(end))
        done = len(text) if line < 0 else line
    return "".join([*parts, text[done:]])


def _shielded(reading: Reading, kept: list[str]) -> Iterator[str]:
    """Yield a text with code and math replaced by their places in `kept`, machinery left out."""
    text, at = reading.text, 0
    for region in reading.regions:
        if region.kind not in (RegionKind.FENCE, RegionKind.CODE, RegionKind.MATH):
            continue
        yield text[at : region.start]
        at = region.end
        code = text[region.start : region.end]
        if region.kind is RegionKind.FENCE:
            code = _block(code)
        elif _INLINE_QUERY.fullmatch(code):
            code = "…"
        elif _INLINE_BUTTON.fullmatch(code):
            code = ""
        if code:
            kept.append(code)
            yield f"{FILLER}{len(kept) - 1}{FILLER}"
    yield text[at:]


def _block(fence: str) -> str:
    """Return what is kept of a fenced block: all of it, its text without the fence, or nothing."""
    opening = _FENCE.match(fence)
    language = _LANGUAGE.match(opening["info"]) if opening else None
    if opening is None or language is None:
        return fence if _LETTER.search(fence) or any(map(str.isdigit, fence)) else ""
    name = language[1].casefold()
    if _MACHINES.fullmatch(name):
        return ""
    if not _ADMONITION.fullmatch(name) and not _WORDS.fullmatch(name):
        return fence
    inside, _, last = fence[opening.end() :].rpartition("\n")
    if not last.strip(" \t>").startswith(opening["mark"]):
        inside = f"{inside}\n{last}"
    title = opening["info"][language.end() :].strip()
    return f"{title}\n{_SETTING.sub(lambda one: one[1] or '', inside)}".strip("\n")


def _without_comments(text: str) -> str:
    """Remove comments, between `%%` and `%%` and between `<!--` and `-->`.

    As in Obsidian, an unclosed one hides the rest of the note; an unclosed `%%` only if it has a
    line of its own.
    """
    parts: list[str] = []
    at = 0
    missing: set[str] = set()
    for opening in _COMMENT.finditer(text):
        mark = opening[0]
        if opening.start() < at:
            continue
        end = -1 if mark in missing else text.find(_CLOSING[mark], opening.end())
        if end < 0:
            missing.add(mark)
            if mark == "%%" and not _ALONE.match(text, opening.start()):
                continue
        parts.append(text[at : opening.start()])
        at = len(text) if end < 0 else end + len(_CLOSING[mark])
    return "".join([*parts, text[at:]])


def _links(text: str) -> str:
    """Return a text without badges, links left empty by them, and tracking parameters."""
    if "](" in text or "][" in text or "]:" in text:
        badges = {
            one["ref"].casefold() for one in _DEFINITION.finditer(text) if _BADGE.search(one["url"])
        }

        def image(match: re.Match[str]) -> str:
            if match["ref"] is not None:
                return "" if match["ref"].casefold() in badges else match[0]
            return "" if _BADGE.search(match["url"]) else match[0]

        found = _IMAGE.sub(image, text)
        text = found if found == text else _EMPTY_LINK.sub("", found)
        text = _DEFINITION.sub(
            lambda one: (
                "" if one["url"] in (PICTURE, DATA) or one["ref"].casefold() in badges else one[0]
            ),
            text,
        )
    return _ADDRESS.sub(_untracked, text) if "?" in text and "://" in text else text


def _untracked(address: re.Match[str]) -> str:
    """Return a URL without tracking parameters."""
    page, _, query = address[0].partition("?")
    asked, mark, place = query.partition("#")
    asked = "&".join(one for one in asked.split("&") if not _TRACKING.match(one))
    return f"{page}{'?' if asked else ''}{asked}{mark}{place}"


def _says_something(text: str, before: str) -> bool:
    """Return whether a cleaned text, once `before`, has words; headings count if all it had."""
    if _PROSE.search(text):
        return True
    # Most notes say something in their first lines.
    place = text.find("\n\n", _FIRST_CHARS)
    for some in (text[:place], text) if place >= 0 else (text,):
        if _LETTER.search(_SILENT.sub("", _HEADINGS.sub("", some))):
            return True
    return bool(_LETTER.search(text)) and not _LETTER.search(_HEADINGS.sub("", before))
