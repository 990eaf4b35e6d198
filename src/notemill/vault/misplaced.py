"""Metadata that Obsidian does not read as frontmatter: not YAML, or misplaced; pure.

A frontmatter inserted above a block that must come first in the file would turn that block into
text, and of two blocks only one counts. So such a note is left unchanged. Every pass is linear.
"""

from __future__ import annotations

import json
import re
from typing import Final, NamedTuple

from notemill.vault.frontmatter import BOM

_LINE_END: Final = rb"[ \t]*+(?:\r\n|\n|\r|\Z)"
_BLANK = re.compile(rb"(?:[ \t\r\n]|\xef\xbb\xbf|\xc2\xa0|\xe2\x80\x8b)*+")
_OPENING = re.compile(rb"---" + _LINE_END)
_CLOSING = re.compile(rb"(?<=[\r\n])---" + _LINE_END)
_PROPERTY = re.compile(
    rb"(?:[ \t]*+(?:#[^\r\n]*+)?[\r\n]++)*+[ \t]*+[\"']?[^\s:#\-\"'|>][^\r\n:]*+:(?:[ \t\r\n]|\Z)"
)
# https://gohugo.io/content-management/front-matter: TOML between `+++`, JSON between braces.
_TOML = re.compile(rb"\+\+\+" + _LINE_END + rb"(?:[ \t]*+(?:#[^\r\n]*+)?[\r\n]++)*+")
_TOML_BEGINS = re.compile(rb"\+\+\+|[ \t]*+(?:\[|[\w.\"'-]++[ \t]*+=)")
_TOML_CLOSING = re.compile(rb"(?<=[\r\n])\+\+\+" + _LINE_END)
_JSON = re.compile(rb"\{\s*+(?:\"[^\"\r\n]{0,200}+\"\s*+:|\})")
# https://hexo.io/docs/front-matter: JSON without braces, up to `;;;`.
_MEMBERS = re.compile(rb"(?:;;;" + _LINE_END + rb")?\s*+\"[^\"\r\n]{0,200}+\"\s*+:")
_MEMBERS_CLOSING = re.compile(rb"(?<=[\r\n]);;;" + _LINE_END)
# https://github.com/jonschlinkert/gray-matter: `---json`, `---toml`, `---js`, …
_NAMED = re.compile(rb"---[ \t]*+([A-Za-z]{2,12}+)" + _LINE_END)
# https://pandoc.org/MANUAL.html#extension-pandoc_title_block
_PANDOC = re.compile(rb"%[ \t]++[^\s%]")
_NEARLY = re.compile(rb"(?!-[ \t]*+[\r\n])(?:-|\xe2\x80[\x93\x94])++" + _LINE_END)
_LINE = re.compile(rb"[^\r\n]*+(?:\r\n|\n|\r|\Z)")
_BLOCK_LINE = re.compile(
    rb"[ \t#\r\n]|-(?=[ \r\n])|[\w\x80-\xff][\w\x80-\xff .-]{0,60}+:(?:[ \t\r\n]|\Z)"
)
# Properties that say in a text nothing, and much in a frontmatter; in lower case, as tools write.
_TELLING = re.compile(
    rb"(?m)^(?:tags?|alias(?:es)?|cssclass(?:es)?|title|slug|layout|draft|publish|permalink"
    rb"|description|keywords|categories|created|updated|modified|uu?id):(?=[ \t\r\n])"
)
_MAX_ABOVE: Final = 8
"""The most lines above a block for it to be still taken for frontmatter."""
_MAX_LINES: Final = 200


class Misplaced(NamedTuple):
    """What is wrong with a note's metadata, for people; the text after it begins at `end`."""

    code: str
    message: str
    end: int


def misplaced(raw: bytes) -> Misplaced | None:
    """Return the metadata that a file has in place of frontmatter, None if there is none."""
    start = len(BOM) if raw.startswith(BOM) else 0
    begin = _BLANK.match(raw, start).end()  # type: ignore[union-attr]  # may be empty
    if other := _in_other_language(raw, begin, start):
        return other
    opening = _OPENING.match(raw, begin)
    if opening is None:
        return _in_wrong_fences(raw, begin, start)
    if _PROPERTY.match(raw, opening.end()) is None:
        return None
    if _CLOSING.search(raw, opening.end()) is not None:
        message = (
            "something precedes its frontmatter, so it is read as text; remove what precedes it"
        )
        return Misplaced("displaced-frontmatter", message, start)
    if begin == start:
        message = "its frontmatter has no closing `---`; add it"
        return Misplaced("unclosed-frontmatter", message, start)
    return None


def second_block(raw: bytes, end: int) -> Misplaced | None:
    """Report a second frontmatter below the one that ends at `end`, None if there is none."""
    begin = _BLANK.match(raw, end).end()  # type: ignore[union-attr]  # may be empty
    opening = _OPENING.match(raw, begin)
    closing = _closed(raw, opening.end()) if opening else None
    if opening is None or closing is None:
        return None
    if begin == end or _TELLING.search(raw, opening.end(), closing):
        message = "a second frontmatter follows the first and is read as text; merge the two"
        return Misplaced("second-frontmatter", message, end)
    return None


def _in_other_language(raw: bytes, begin: int, start: int) -> Misplaced | None:
    end: int | None = None
    language = None
    if (toml := _TOML.match(raw, begin)) and _TOML_BEGINS.match(raw, toml.end()):
        language, end = "TOML", _end(_TOML_CLOSING, raw, toml.end())
    elif _JSON.match(raw, begin):
        language, end = "JSON", _json_end(raw, begin)
    elif members := _MEMBERS.match(raw, begin):
        end = _end(_MEMBERS_CLOSING, raw, members.end())
        language = "JSON" if end else None
    elif named := _NAMED.match(raw, begin):
        end = _end(_CLOSING, raw, named.end())
        language = named[1].decode().upper() if end else None
    elif _PANDOC.match(raw, begin):
        language = "a title block for Pandoc"
    if language is None:
        return None
    message = (
        f"its metadata is {language}, which Obsidian does not read, and which is only valid at "
        "the top of the file; rewrite it as YAML between `---` lines"
    )
    return Misplaced("other-metadata", message, end or start)


def _end(closing: re.Pattern[bytes], raw: bytes, at: int) -> int | None:
    # One back: the line behind the opening one may be the closing one.
    found = closing.search(raw, max(0, at - 1))
    return found.end() if found else None


def _json_end(raw: bytes, begin: int) -> int | None:
    text = raw[begin:].decode("utf-8", "replace")
    try:
        _, end = json.JSONDecoder(strict=False).raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return begin + len(text[:end].encode("utf-8", "replace"))


def _in_wrong_fences(raw: bytes, begin: int, start: int) -> Misplaced | None:
    """Return what is wrong with a block of telling properties whose first fence is none."""
    if (nearly := _NEARLY.match(raw, begin)) and _is_telling(raw, nearly.end()):
        message = "its frontmatter does not begin with `---`, three hyphens; correct that line"
        return Misplaced("displaced-frontmatter", message, start)
    if _is_telling(raw, begin, least=2):
        message = "its frontmatter has no opening `---`; add it"
        return Misplaced("displaced-frontmatter", message, start)
    at = begin
    for _ in range(_MAX_ABOVE):
        at = _LINE.match(raw, at).end()  # type: ignore[union-attr]  # may be empty
        opening = _OPENING.match(raw, at)
        if opening is not None and opening.end() > at:
            if not _is_telling(raw, opening.end()):
                return None
            message = "text precedes its frontmatter, so it is read as text; move the frontmatter to the top"
            return Misplaced("displaced-frontmatter", message, start)
    return None


def _is_telling(raw: bytes, begin: int, *, least: int = 1) -> bool:
    """Tell whether properties begin here, end with a fence, and are such as only a frontmatter has."""
    end = _closed(raw, begin, least=least)
    return end is not None and _TELLING.search(raw, begin, end) is not None


def _closed(raw: bytes, begin: int, *, least: int = 1) -> int | None:
    """Return where the properties that begin here are closed, None if they are not."""
    if _PROPERTY.match(raw, begin) is None:
        return None
    at = begin
    for count in range(_MAX_LINES):
        if _NEARLY.match(raw, at):
            return at if count >= least else None
        if at == len(raw) or not _BLOCK_LINE.match(raw, at):
            return None
        at = _LINE.match(raw, at).end()  # type: ignore[union-attr]  # may be empty
    return None
