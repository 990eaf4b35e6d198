"""Where a note or a file beside the notes means a tag without having it; pure.

Templates write tags, sentences speak of them, styles and plugins select by them, pages bear their
names. Queries are in `markup.queries`. Every pass over a text is linear.
"""

from __future__ import annotations

import json
import re
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from notemill.markup.elements import LinkKind
from notemill.markup.masks import RegionKind
from notemill.markup.queries import SIGN, QueryLanguage, opening_of, query_tags, tags_of_query
from notemill.markup.reading import Reading
from notemill.markup.tags import TAG_END
from notemill.vault.note import ALIAS_KEYS, TAG_KEYS, links, parse
from notemill.vault.retag import words_held

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notemill.markup.queries import QueryTag
    from notemill.vault.frontmatter import Entry
    from notemill.vault.note import Note


class UseKind(StrEnum):
    """How a tag is meant."""

    QUERY = "query"
    TEMPLATE = "template"
    SENTENCE = "sentence"
    PROPERTY = "property"
    CODE = "code block"
    PLUGIN = "plugin"
    STYLE = "style"
    TAG_PAGE = "page of the tag"
    PAGE = "page of that name"
    LINK = "link of that name"
    CANVAS = "canvas"


BY_NAME: Final = frozenset((UseKind.PAGE, UseKind.LINK))
"""What means the tag by its last level, whatever stands above that."""


class Use(NamedTuple):
    """A tag that is meant, as spelled; `at` is the character of the text at which.

    `query` is the tag in the query, None for all other kinds.
    """

    kind: UseKind
    name: str
    at: int
    query: QueryTag | None = None


MARKS: Final = {
    # https://github.com/st3v3nmw/obsidian-spaced-repetition: `flashcardTags`, `tagsToReview`.
    "flashcards": "",
    "flashcard": "",
    "review": "obsidian-spaced-repetition",
    # https://github.com/reuseman/flashcards-obsidian: `flashcardsTag`.
    "card": "",
    "card-spaced": "",
    "card-reverse": "",
    # https://github.com/zsviczian/obsidian-excalidraw-plugin writes it into every drawing.
    "excalidraw": "",
    # https://github.com/obsidian-tasks-group/obsidian-tasks: the global filter its manual suggests.
    "task": "obsidian-tasks-plugin",
    # https://github.com/delashum/obsidian-checklist-plugin: what it lists by default.
    "todo": "obsidian-checklist-plugin",
    # https://github.com/mgmeyers/obsidian-kanban: boards.
    "kanban": "obsidian-kanban",
}
"""Tags by which plugins find what is theirs; a common word only with the plugin that is named."""

SIGNS: Final = re.compile(
    rb"(?i)[`~]{3}[ \t]*(?:data|tasks|query|base)|`\$?=|`#|\btag:|%23|cssclass|alias|[\"' ]#[^\s#]|\{\{|<%"
)
"""What the bytes of a note have, if it means a tag anywhere but in its tags and text."""
_NAME: Final = rf"[^{TAG_END}]++"
_HASHED: Final = re.compile(rf"(?<![\w&#/])#({_NAME})")
# A value by itself, to the line's end: `key: "#name"`, `- '#name'`, `key = #name`.
_VALUE: Final = re.compile(
    rf"(?:[:=]|^[ \t]*+-)[ \t]*+([\"']?+)#({_NAME})\1[ \t]*+,?+$", re.MULTILINE
)
_CODE_SPAN: Final = re.compile(rf"(`++)[ \t]?#({_NAME})[ \t]?\1")
_SEARCHED: Final = re.compile(rf"\btag:[ \t]?+\"?+#({_NAME})", re.IGNORECASE)
# obsidian://search?query=tag%3A%23name, https://help.obsidian.md/Extending+Obsidian/Obsidian+URI.
_ADDRESS: Final = re.compile(
    rf"obsidian://search\?[^\s<>)\]#]{{0,400}}?(?:%23|#)((?:[^{TAG_END}%]|%2[fF])++)"
)
# Words for tags, right before or behind one, in the languages of most vaults.
_WORDS: Final = (
    r"hash-?tags?|tags?|labels?|quer(?:y|ies)|search(?:es)?|filters?|schlagw(?:ort|örter|orte|orten)"
    r"|schlagworts?|étiquettes?|mots?-clés?|etiquetas?|etichett[ae]|метк[аиуой]+|те[гэ][аиуомв]*"
)
_NO_SPACES: Final = r"标签|標籤|タグ|태그|话题"
_BEFORE: Final = re.compile(
    rf"(?i)(?:\b(?:{_WORDS}|(?:tagged|marked|labell?ed|filed|search(?:ed|ing)?)[ \t]++(?:as|by|for|with|under))"
    rf"[ \t]++|(?:{_NO_SPACES})[ \t]*+)[\"'“\u2018„«(*_]{{0,3}}+$"
)
_BEHIND: Final = re.compile(
    rf"(?i)[\"'”\u2019»)*_]{{0,3}}+(?:[ \t]++(?:{_WORDS})\b|-(?:{_WORDS})\b|[ \t]*+(?:{_NO_SPACES}))"
)
_BESIDE_CHARS: Final = 40
_LETTER: Final = re.compile(r"[^\W\d_]")
_STYLED: Final = re.compile(
    rf"(?:href|data-tag(?:-name)?)[~^$*|]?=[ \t]*[\"']?#?({_NAME})|\.(?:cm-)?tag-([\w-]++)"
)
# A property by which a plugin finds notes, such as `tag-page-query`.
_ASKING: Final = re.compile(r"tag|query|filter|source")
_MAX_VALUES: Final = 50_000
_MAX_SETTING_CHARS: Final = 1_000
"""A longer text in a plugin's settings is what it keeps, not what a person set."""
_LISTED: Final = re.compile(r"[,\s]+")


def uses_in(note: Note, *, speaks: bool = True) -> Iterator[Use]:
    """Yield the tags that a note means; links and a page's own name are in `named_in`.

    `speaks` looks for sentences, too. Positions are those of `note.text`.
    """
    shift = len(note.text) - len(note.body)
    found = [*_spoken_of(note.reading)] if speaks else []
    for name, at in (*found, *_written_of(note.reading)):
        yield Use(UseKind.SENTENCE, name, shift + at)
    for name, at in _valued_in_code(note.reading):
        yield Use(UseKind.CODE, name, shift + at)
    if SIGN.search(note.body):
        for tag in query_tags(note.reading):
            yield Use(UseKind.QUERY, tag.name, shift + tag.start, tag)
    yield from _in_properties(note)


def _spoken_of(reading: Reading) -> Iterator[tuple[str, int]]:
    """Yield the tags that sentences speak of, and where."""
    for tag in reading.tags:
        if _is_spoken_of(reading.text, tag.start, tag.end):
            yield tag.name, tag.start


def _written_of(reading: Reading) -> Iterator[tuple[str, int]]:
    """Yield what stands for a tag in code that is spoken of, in a search or an address, and where."""
    text = reading.text
    if "#" in text:
        for region in reading.regions:
            span = _CODE_SPAN.match(text, region.start) if region.kind is RegionKind.CODE else None
            if span and span.end() <= region.end and _is_spoken_of(text, *span.span()):
                yield span[2], span.start()
        for one in _SEARCHED.finditer(reading.masked):
            yield one[1], one.start()
    if "obsidian://" in text:
        for one in _ADDRESS.finditer(text):
            yield one[1].replace("%2F", "/").replace("%2f", "/"), one.start()


def _valued_in_code(reading: Reading) -> Iterator[tuple[str, int]]:
    """Yield what is a value by itself in code blocks that are no queries, and where."""
    if "#" not in reading.text:
        return
    for region in reading.regions:
        if region.kind is RegionKind.FENCE and opening_of(reading.text, region)[1] is None:
            for one in _VALUE.finditer(reading.text, region.start, region.end):
                yield one[2].rstrip("/"), one.start()


def _is_spoken_of(text: str, start: int, end: int) -> bool:
    """Tell whether a sentence speaks of the tag here: with the word for it, and more words."""
    low = max(text.rfind("\n", 0, start) + 1, start - _BESIDE_CHARS)
    before = _BEFORE.search(text[low:start])
    if before is not None:
        high = text.find("\n", end, end + _BESIDE_CHARS)
        others = text[low : low + before.start()] + _HASHED.sub(
            "", text[end : high if high >= 0 else end + _BESIDE_CHARS]
        )
        return _LETTER.search(others) is not None
    return _BEHIND.match(text, end, end + _BESIDE_CHARS) is not None


def _in_properties(note: Note) -> Iterator[Use]:
    at = end = 0
    for entry in note.frontmatter.entries if note.frontmatter else ():
        at += len(note.raw[end : entry.span.start].decode("utf-8", "replace"))
        end = entry.span.start
        if entry.name not in TAG_KEYS and entry.value is not None:
            yield from _in_property(entry, at)


def _in_property(entry: Entry, at: int) -> Iterator[Use]:
    values = (entry.value,) if isinstance(entry.value, str) else entry.value or ()
    if entry.name in ("cssclasses", "cssclass"):
        for value in values:
            yield from (Use(UseKind.STYLE, one, at) for one in _LISTED.split(value) if one)
        return
    # An alias `#name` makes the note a tag's page: https://github.com/pjeby/tag-wrangler.
    kind = UseKind.TAG_PAGE if entry.name in ALIAS_KEYS else UseKind.PROPERTY
    asks = kind is UseKind.TAG_PAGE or _ASKING.search(entry.name) is not None
    for value in values:
        found = _HASHED.finditer(value) if asks else filter(None, (_HASHED.fullmatch(value),))
        yield from (Use(kind, one[1].rstrip("/"), at) for one in found)


def named_in(note: Note) -> Iterator[Use]:
    """Yield the names that a note bears beside its own, and those that its links lead to."""
    for alias in note.aliases:
        if not alias.startswith("#"):
            yield Use(UseKind.PAGE, alias, 0)
    shift = len(note.text) - len(note.body)
    for link in links(note):
        if link.kind is LinkKind.WIKILINK and link.path and not link.embed:
            at = shift + link.start if link.start >= 0 else 0
            yield Use(UseKind.LINK, link.path, at)


def uses_in_template(raw: bytes) -> Iterator[Use]:
    """Yield the tags that a template has, or writes with its commands, once for each place."""
    note, _ = parse(raw)
    entry = note.entry(*TAG_KEYS)
    for tag in note.tags if note.frontmatter is not None else sorted(words_held(raw)):
        at = len(raw[: entry.span.start].decode("utf-8", "replace")) if entry else 0
        yield Use(UseKind.TEMPLATE, tag, at)
    for one in _HASHED.finditer(note.text):
        yield Use(UseKind.TEMPLATE, one[1].rstrip("/"), one.start())
    for found in query_tags(Reading(note.text)):
        yield Use(UseKind.TEMPLATE, found.name, found.start)


def uses_in_base(text: str) -> Iterator[Use]:
    """Yield the tags in the queries of a `.base` file."""
    for tag in tags_of_query(text, 0, len(text), QueryLanguage.BASE):
        yield Use(UseKind.QUERY, tag.name, tag.start, tag)


def uses_in_style(text: str) -> Iterator[Use]:
    """Yield the tags that a CSS snippet selects."""
    for one in _STYLED.finditer(text):
        yield Use(UseKind.STYLE, (one[1] or one[2]).rstrip("/"), one.start())


def uses_in_canvas(text: str) -> Iterator[tuple[Use, str]]:
    """Yield the tags in the texts of a canvas, each with its text. Raises ValueError."""
    for _, value in _texts(json.loads(text)):
        for tag in Reading(value).tags:
            yield Use(UseKind.CANVAS, tag.name, 0), value


def uses_in_settings(text: str) -> Iterator[tuple[Use, str]]:
    """Yield the tags in a plugin's settings, each with the setting. Raises ValueError.

    These are tags with `#` in any text, and all words of a setting that is named after tags.
    """
    for key, value in _texts(json.loads(text)):
        if len(value) > _MAX_SETTING_CHARS:
            continue
        setting = f"{key}: {value}" if key else value
        for one in _HASHED.finditer(value):
            yield Use(UseKind.PLUGIN, one[1].rstrip("/"), 0), setting
        if "tag" in key.lower():
            for word in _LISTED.split(value):
                if word and not word.startswith("#"):
                    yield Use(UseKind.PLUGIN, word, 0), setting


def _texts(value: object) -> Iterator[tuple[str, str]]:
    """Yield each text in a JSON value with its key; one in a list has the list's."""
    return islice(_texts_below("", value), _MAX_VALUES)


def _texts_below(key: str, value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401  # JSON
    waiting: list[tuple[str, Any]] = [(key, value)]
    while waiting:
        name, one = waiting.pop()
        if isinstance(one, str):
            yield name, one
        elif isinstance(one, dict):
            waiting += reversed(one.items())
        elif isinstance(one, list):
            waiting += [(name, item) for item in reversed(one)]
