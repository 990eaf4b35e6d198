"""One line of Markdown as plain words."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notemill.markup.tags import TAG_END
from notemill.offline.marked import (
    CODE_BEGIN,
    CODE_END,
    HOLE,
    MARKS,
    SHIELD_BASE,
    TAG,
    TAG_STOP,
)
from notemill.text.words import HAN, KANA

if TYPE_CHECKING:
    from collections.abc import Mapping

# Stands for a bare address, so that "Source: https://…" is seen to say nothing.
ADDRESS = "\ufffb"

_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
# Set before a link's label while a line is read, so that "#tag [[link]]" is no sentence.
_LABEL = "\ue0fe"
_UNESCAPE = {SHIELD_BASE + code: chr(code) for code in range(0x80)} | {
    ord(one): None for one in _LABEL + MARKS
}
_CODE = re.compile(f"{CODE_BEGIN}([^{CODE_END}]*+){CODE_END}")
_EMBED = re.compile(r"!\[\[([^\[\]\n]*+)\]\]")
_IMAGE = re.compile(r"!\[[^\[\]\n]*+\](?:\((?:[^()\n]|\([^()\n]*+\))*+\)|\[[^\[\]\n]*+\])?+")
_WIKILINK = re.compile(r"\[\[([^\[\]\n]*+)\]\]")
_LINK = re.compile(r"\[([^\[\]\n]*+)\]\(((?:[^()\n]|\([^()\n]*+\))*+)\)")
_REFERENCE = re.compile(r"\[([^\[\]\n]++)\](?:\[[^\[\]\n]*+\])?+")
_FOOTNOTE = re.compile(r"\^?\[\^[^\[\]\n]++\]|\^\[[^\[\]\n]*+\]|\[@[^\[\]\n]*+\]")
_FIELD = re.compile(r"[\[(][\w -]{1,40}::[^\[\]()\n]*+[\])]")
_URL = re.compile(
    r"<?\b(?:[a-z][a-z+.-]{1,20}://|www\.|mailto:)[^\s<>\"'\u3001-\u301f\uff00-\uff1f]++>?+",
    re.IGNORECASE,
)
# What no address or bold word does without, so that most lines are not searched at every letter.
_ADDRESSED = ("://", "www.", "mailto:")
_PAIRED = ("**", "__", "==")
_TAG = re.compile(r"</?+[a-zA-Z][^<>\n]*+>")
_MACRO = re.compile(r"\{\{[^{}\n]*+\}\}|\{%[^%\n]*+%\}|\$=[^\n]*+")
_STRONG = re.compile(r"(\*\*|__|==)(?=\S)([^*_=\n]{1,80})(?<=\S)\1")
_STRUCK = re.compile(r"~~[^~\n]*+~~(?:,\s)?")
_STARS = re.compile(r"(?<!\d)\*+|\*+(?![\d*])")
_LONE_STAR = re.compile(r"(?<=\s)\*(?=\s)")
_UNDERSCORES = re.compile(r"(?<![^\W_])_++|_++(?![^\W_])")
_MARKER = re.compile(r"==(?=\S)|(?<=\S)==|\|\|(?=\S)|(?<=\S)\|\|")
_BLOCK_ID = re.compile(r"(?:^|\s)\^[A-Za-z0-9-]+\s*$")
_HASHTAG = re.compile(f"{TAG}([^{TAG_END}{TAG_STOP}]++){TAG_STOP}?+#?+")
_PRIORITY = re.compile(
    "[\U0001f4c5\U0001f5d3\u23f3\U0001f6eb\u2705\u2795]\ufe0f?\\s*\\d{4}-\\d\\d-\\d\\d"
)
_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u231a-\u23ff][\ufe0f\u200d\u20e3]*"
)
_CJK_GAP = re.compile(f"(?<=[\u3001-\u3015\uff01-\uff1f]) (?=[{HAN}{KANA}])")
_MARK_LABEL = re.compile(r"[\[(]?(?:\d{1,3}|[*\u2020\u2021])[\])]?")
_LOOSE_STOP = re.compile(r" ([.,])(?=\s|$)")
_FILE = re.compile(
    r"\.(?:png|jpe?g|gif|svg|webp|pdf|mp[34]|m4a|wav|webm|mov|canvas|base)$", re.IGNORECASE
)
_DOTTED = re.compile(r"[\w-]+(?:\.[\w-]+)+")
_SENTENCE_END = ".!?\u3002\uff01\uff1f\u2026:"


@dataclass(slots=True)
class InlineElements:
    """The elements of a page's lines besides words, in order of appearance.

    `outside` are those of the links that lead out of the vault.
    """

    links: list[str] = field(default_factory=list)
    outside: set[str] = field(default_factory=set)
    strong: list[str] = field(default_factory=list)
    hashtags: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    embeds: list[str] = field(default_factory=list)
    code_chars: int = 0


def clean(text: str) -> str:
    """Return `text` on one line, without emoji, double spaces or spaces before a stop."""
    bare = " ".join((text if text.isascii() else _EMOJI.sub("", text)).split())
    if not bare.isascii():
        bare = _CJK_GAP.sub("", bare)
    return _LOOSE_STOP.sub(r"\1", bare) if " ." in bare or " ," in bare else bare


def link_label(target: str, titles: Mapping[str, str]) -> str:
    """Return the text that a wikilink shows: its label, a known title, or the target's name."""
    first, bar, second = target.replace("\\|", "|").partition("|")
    if bar and second.strip():
        # Dendron writes the label first, its dotted or `dendron://` target last.
        swapped = "://" in second or (_DOTTED.fullmatch(second.strip()) and " " in first)
        return clean(first if swapped else second)
    name = first.strip()
    note, _, heading = name.partition("#")
    note = note.strip()
    if not note:
        return "" if heading.startswith("^") else clean(heading)
    known = titles.get(note.casefold())
    if known:
        return clean(known)
    leaf = note.rstrip("/").rpartition("/")[2].removesuffix(".md")
    if _DOTTED.fullmatch(leaf) and leaf.count(".") > 1:
        leaf = leaf.rpartition(".")[2]
    # A slug is a name written for a file system; a single hyphen belongs to the name.
    if leaf.islower() and leaf.count("-") > 1 and " " not in leaf:
        leaf = leaf.replace("-", " ")
    return clean(leaf.replace("_", " ") if " " not in leaf and leaf.count("_") > 1 else leaf)


def plain(line: str, found: InlineElements, titles: Mapping[str, str]) -> str:
    """Return the words of a line; links, tags and bold words are added to `found`."""
    found.code_chars += sum(len(code) for code in _CODE.findall(line))
    text = line.replace(CODE_BEGIN, "").replace(CODE_END, "")
    return clean(_without_markup(text, found, titles).translate(_UNESCAPE))


def _without_markup(line: str, found: InlineElements, titles: Mapping[str, str]) -> str:
    text = _ESCAPED.sub(lambda m: chr(SHIELD_BASE + ord(m[1])), line) if "\\" in line else line
    text = _without_links(text, found, titles) if "[" in text else text
    text = _MACRO.sub(HOLE, text) if "{" in text or "$=" in text else text
    text = _URL.sub(lambda m: _address(m[0], found), text) if _has(text, _ADDRESSED) else text
    text = _TAG.sub(" ", text) if "<" in text else text
    text = _BLOCK_ID.sub("", text) if "^" in text else text
    text = _hashtags(text, found) if TAG in text else text
    for match in _STRONG.finditer(text) if _has(text, _PAIRED) else ():
        found.strong.append(clean(match[2].translate(_UNESCAPE)))
    text = _STRUCK.sub("", text) if "~~" in text else text
    if "*" in text:
        text = _STARS.sub(lambda m: m[0] if _LONE_STAR.match(text, m.start()) else "", text)
    text = _UNDERSCORES.sub("", text) if "_" in text else text
    text = _MARKER.sub("", text) if "==" in text or "||" in text else text
    text = text if text.isascii() else _PRIORITY.sub("", text)
    return html.unescape(text) if "&" in text else text


def _has(text: str, marks: tuple[str, ...]) -> bool:
    lowered = text.lower()
    return any(mark in lowered for mark in marks)


def _without_links(text: str, found: InlineElements, titles: Mapping[str, str]) -> str:
    def embed(match: re.Match[str]) -> str:
        if not _FILE.search(match[1].partition("|")[0].partition("#")[0].strip()):
            found.embeds.append(link_label(match[1], titles))
        return " "

    def wikilink(match: re.Match[str]) -> str:
        label = link_label(match[1], titles)
        if label:
            found.links.append(label)
        return _LABEL + label

    def link(match: re.Match[str]) -> str:
        label = match[1].strip()
        if _URL.fullmatch(label) or not label:
            return _address(match[2], found)
        if _MARK_LABEL.fullmatch(label.translate(_UNESCAPE)):
            return ""  # the number of a source
        if match[2].startswith("#") and match[0] == text.strip():
            return ""  # a line of a table of contents
        found.links.append(clean(label.strip("*_ ").translate(_UNESCAPE)))
        if _URL.match(match[2]):
            found.outside.add(found.links[-1])
        return _LABEL + label

    text = _EMBED.sub(embed, text.replace("#[[", "[["))
    text = _IMAGE.sub(" ", text)
    text = _WIKILINK.sub(wikilink, text)
    text = _FOOTNOTE.sub("", _FIELD.sub("", text))
    text = _LINK.sub(link, text)
    return _REFERENCE.sub(lambda m: "" if _MARK_LABEL.fullmatch(m[1]) else m[1], text)


def _address(url: str, found: InlineElements) -> str:
    found.addresses.append(url.strip("<>"))
    return ADDRESS


def _hashtags(text: str, found: InlineElements) -> str:
    """Drop the tags that only label the line; keep the word of one that is part of its prose."""
    matches = list(_HASHTAG.finditer(text))
    if not matches:
        return text
    found.hashtags.extend(match[1].rstrip("/") for match in matches)
    first = _end_of_leading(text, matches)
    last = _start_of_trailing(text, matches)
    parts = []
    done = first
    for match in matches:
        if first <= match.start() < last:
            # A tag may stand right behind a link, where a word may not.
            gap = " " if text[match.start() - 1 : match.start()].isalnum() else ""
            parts += [text[done : match.start()], gap, match[1].rstrip("/").rpartition("/")[2]]
            done = match.end()
    return "".join([*parts, text[done:last]])


def _end_of_leading(text: str, matches: list[re.Match[str]]) -> int:
    """Return where the line begins after its leading tags: 0 if they begin a sentence."""
    end = 0
    for match in matches:
        if text[end : match.start()].strip():
            break
        end = match.end()
    return end if end and not text[end:].lstrip()[:1].islower() else 0


def _start_of_trailing(text: str, matches: list[re.Match[str]]) -> int:
    """Return where the tags that close the line begin; a single one may belong to a sentence."""
    start = len(text)
    count = 0
    for match in reversed(matches):
        if text[match.end() : start].strip():
            break
        start = match.start()
        count += 1
    before = text[:start].rstrip()
    labels = count > 1 or not before or before[-1] in _SENTENCE_END
    return start if count and labels else len(text)
