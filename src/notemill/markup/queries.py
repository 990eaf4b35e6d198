"""The tags that queries in a note name: Dataview, DataviewJS, Tasks, Bases, searches, tables; pure.

To Obsidian these are code, so a tag in them is no tag of the note. The forms are those of
https://blacksmithgu.github.io/obsidian-dataview/reference/sources,
https://publish.obsidian.md/tasks/Queries/Filters, https://help.obsidian.md/bases/functions,
https://help.obsidian.md/plugins/search and
https://github.com/RafaelGB/obsidian-db-folder. Every pass is linear in the text's length.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from notemill.markup.masks import RegionKind
from notemill.markup.tags import TAG_END

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notemill.markup.masks import Region
    from notemill.markup.reading import Reading


class QueryLanguage(StrEnum):
    """The language of a query."""

    DATAVIEW = "Dataview"
    SCRIPT = "DataviewJS"
    TASKS = "Tasks"
    SEARCH = "search"
    BASE = "Bases"
    TABLE = "DB Folder"


@dataclass(frozen=True, slots=True)
class QueryTag:
    """A tag in a query: its name without `#`, and the positions of that name in the text.

    `is_sure` if it can mean nothing but the tag. `query` is where its query begins, and `negates`
    whether that one leaves anything out.
    """

    name: str
    start: int
    end: int
    language: QueryLanguage
    is_sure: bool
    query: int
    negates: bool


_FENCES: Final = {
    "dataview": QueryLanguage.DATAVIEW,
    "dataviewjs": QueryLanguage.SCRIPT,
    "tasks": QueryLanguage.TASKS,
    "query": QueryLanguage.SEARCH,
    "base": QueryLanguage.BASE,
    # https://blacksmithgu.github.io/datacore: its queries stand in the strings of a script.
    **dict.fromkeys(
        ("datacorejs", "datacorejsx", "datacorets", "datacoretsx"), QueryLanguage.SCRIPT
    ),
    "yaml:dbfolder": QueryLanguage.TABLE,
}
SIGN: Final = re.compile(rf"(?:`{{3}}|~{{3}})[ \t]*+(?:{'|'.join(_FENCES)})|`\$?=", re.IGNORECASE)
"""What a text with a query contains."""
_MARKS: Final = ("```", "~~~", "`=", "`$=")
"""What SIGN begins with."""
_OPENING: Final = re.compile(r"[^`~\n]*+(?:`{3,}+|~{3,}+)[ \t]*+(\w*+(?::\w++)?+)[^\n]*+")
_INLINE: Final = re.compile(r"`++(\$?=)")
_NAME: Final = rf"[^{TAG_END}]++"
# A whole string; in YAML its quotes may be escaped.
_LITERAL: Final = re.compile(rf"(?P<quote>\\?[\"'`])(?P<hash>#?)(?P<name>{_NAME})(?P=quote)")
_HASHED: Final = re.compile(rf"(?<![\w&#])#(?P<name>{_NAME})")
_SEARCHED: Final = re.compile(rf"\btag:[ \t]*+\"?+#?(?P<name>{_NAME})", re.IGNORECASE)
_INCLUDED: Final = re.compile(
    rf"\btags?[ \t]++(?:do(?:es)?[ \t]++not[ \t]++)?includes?[ \t]++#?(?P<name>{_NAME})",
    re.IGNORECASE,
)
# `dv.pages("#a and -#b")`, `dv.query("LIST FROM #a")`: a string that is a query itself.
_SOURCE: Final = re.compile(r"\b(?:pages|pagePaths|query\w{0,20})\([ \t]*+([\"'`])[^\"'`\n]*+\1")
_OF_TAGS: Final = re.compile(r"\b(?:e?tags?|hasTag|taggedWith|pages|pagePaths)\b", re.IGNORECASE)
_BOUNDARY: Final = re.compile(
    r"&&|\|\||;|\b(?:and|or|as|from|where|sort|group|flatten)\b", re.IGNORECASE
)
_NEGATION: Final = re.compile(r"(?<![\w.-])[-!](?=[\"'#(\w])|\bnot\b", re.IGNORECASE)
_YAML: Final = (QueryLanguage.BASE, QueryLanguage.TABLE)
# Where a string that begins with `#` may be a colour, too.
_SCRIPTED: Final = (QueryLanguage.SCRIPT, QueryLanguage.TASKS)
_BEFORE_BARE: Final = frozenset(" \t(-!,")
_TABLE_SOURCE: Final = "source_form_result:"
_BY_EXPRESSION: Final = re.compile(r"\bregex\b|\bfunction\b", re.IGNORECASE)


def query_tags(reading: Reading) -> Iterator[QueryTag]:
    """Yield the tags in the queries of a note's text, in code blocks and inline, in order."""
    if not _may_have_queries(reading.text):
        return
    for region in reading.regions:
        if region.kind is RegionKind.FENCE:
            opening, language = opening_of(reading.text, region)
            if language:
                yield from tags_of_query(reading.text, opening, region.end, language)
        elif region.kind is RegionKind.CODE:
            inline = _INLINE.match(reading.text, region.start, region.end)
            if inline:
                script = inline[1] == "$="
                language = QueryLanguage.SCRIPT if script else QueryLanguage.DATAVIEW
                yield from tags_of_query(reading.text, inline.end(), region.end, language)


def _may_have_queries(text: str) -> bool:
    """Return whether SIGN is in a text, which costs most notes no look at each of its characters."""
    for mark in _MARKS if "`" in text else ("~~~",):
        at = text.find(mark)
        while at >= 0:
            if SIGN.match(text, at):
                return True
            at = text.find(mark, at + 1)
    return False


def opening_of(text: str, region: Region) -> tuple[int, QueryLanguage | None]:
    """Return where the first line of a code block ends, and the language if it is a query's."""
    opening = _OPENING.match(text, region.start, region.end)
    if opening is None:
        return region.start, None
    return opening.end(), _FENCES.get(opening[1].lower())


def tags_of_query(text: str, start: int, end: int, language: QueryLanguage) -> Iterator[QueryTag]:
    """Yield the tags of the query that is `text` from `start` up to `end`, in order."""
    negates = _NEGATION.search(text, start, end) is not None
    at = start
    while at < end:
        stop = text.find("\n", at, end)
        stop = end if stop < 0 else stop
        line = text[at:stop]
        if "#" in line or _OF_TAGS.search(line):
            for low, high, is_sure in sorted(_Line(line, language).tags()):
                name = line[low:high].rstrip("/")
                yield QueryTag(
                    name, at + low, at + low + len(name), language, is_sure, start, negates
                )
        at = stop + 1


class _Line:
    """One line of a query."""

    def __init__(self, line: str, language: QueryLanguage) -> None:
        self._line = line
        self._language = language
        self._clauses = [0, *(one.end() for one in _BOUNDARY.finditer(line))]
        self._of_tags: dict[int, int] = {}

    def tags(self) -> Iterator[tuple[int, int, bool]]:
        """Yield where the names of tags begin and end, and whether each can mean nothing else."""
        found: dict[int, tuple[int, int, bool]] = {}
        if self._language is QueryLanguage.TABLE and _TABLE_SOURCE not in self._line:
            return  # what is shown, such as colours
        if self._language is QueryLanguage.SEARCH:
            self._add(found, _SEARCHED)
        if self._language is QueryLanguage.TASKS:
            if self._line.lstrip(" \t>").startswith("#"):
                return  # a comment
            self._add(found, _INCLUDED)
        for one in _LITERAL.finditer(self._line):
            low, high = one.span("name")
            if one["hash"]:
                is_sure = self._language not in _SCRIPTED or self._in_tags(one.start())
                found.setdefault(low, (low, high, is_sure))
            elif self._language is not QueryLanguage.SEARCH and self._in_tags(one.start()):
                found.setdefault(low, (low, high, True))
        self._add_hashed(found)
        yield from found.values()

    def _add(self, found: dict[int, tuple[int, int, bool]], form: re.Pattern[str]) -> None:
        for one in form.finditer(self._line):
            low, high = one.span("name")
            found[low] = (low, high, True)

    def _add_hashed(self, found: dict[int, tuple[int, int, bool]]) -> None:
        sources = iter([one.span() for one in _SOURCE.finditer(self._line)])
        source = next(sources, None)
        by_expression = _BY_EXPRESSION.search(self._line) is not None
        quotes = at = 0
        for one in _HASHED.finditer(self._line):
            low, high = one.span("name")
            while source is not None and source[1] <= low:
                source = next(sources, None)
            quotes += self._line.count('"', at, low) + self._line.count("'", at, low)
            at = low
            if low in found:
                continue
            in_string = quotes % 2 == 1
            if self._language in _YAML and not in_string:
                return  # a comment of YAML
            before = self._line[one.start() - 1 : one.start()] if one.start() else " "
            is_bare = before in _BEFORE_BARE and not in_string
            if self._language is QueryLanguage.SCRIPT:
                is_sure = source is not None and source[0] < low
            elif self._language is QueryLanguage.TASKS:
                is_sure = is_bare and not by_expression
            else:
                is_sure = is_bare and self._language not in _YAML
            found[low] = (low, high, is_sure)

    def _in_tags(self, at: int) -> bool:
        """Tell whether the expression that a string at this place stands in is about tags."""
        clause = self._clauses[bisect_right(self._clauses, at) - 1]
        if clause not in self._of_tags:
            word = _OF_TAGS.search(self._line, clause)
            self._of_tags[clause] = len(self._line) if word is None else word.end()
        return self._of_tags[clause] <= at
