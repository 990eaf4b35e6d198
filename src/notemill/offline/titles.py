"""What a note's title names: its subject, without dates, numbers and what an editor wrote there."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from notemill.offline.cues import cues, form_words
from notemill.offline.pieces import PieceKind
from notemill.offline.sentences import is_complete, split
from notemill.offline.units import section_value
from notemill.text.stopwords import lists
from notemill.text.words import UNSPACED, WORD, fold, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from notemill.offline.pieces import NotePieces

MOST_WORDS: Final = 6
MOST_CJK_CHARS: Final = 16
"""Longer titles and labels are sentences, not names."""
LINE_CHARS: Final = 120
LINE_CJK: Final = 10
KANA_OBJECT: Final = "\u3092"
"""The Japanese particle behind what a verb is done to."""

_DATE: Final = re.compile(
    r"^\d{8,14}(?=\D)|"
    r"\b\d{4}[-./_]\d{1,2}(?:[-./_]\d{1,2})?\b|\b\d{1,2}[-./]\d{1,2}[-./]\d{4}\b|"
    "\\d{4}\u5e74(?:\\d{1,2}\u6708(?:\\d{1,2}\u65e5)?)?"
)
_YEAR: Final = re.compile(r"^(?:19|20)\d\d\s+(?=\D)|(?<=[^\s\d])\s+(?:19|20)\d\d$")
_NUMBERING: Final = re.compile(
    r"^\s*(?:0\d+|\d{1,3}(?:\.\d+)*[.):\u3001])\s*|^[#\u2116]\s*\d+\s*"
    r"|(?:\s+[A-Z]{1,2})?\s+#?\d{1,3}[\u9031\u5468\u53f7\u53f7]?$"
)
_SEPARATORS: Final = re.compile(
    r"\s+[-\u2013\u2014|~+/]\s+|--+|\u2014{2,}|[:|\uff1a()\uff08\uff09\[\]\u3010\u3011\u300a\u300b\u300c\u300d"
    r"\u300e\u300f\u2211\u00a7]+|(?<=\w)-(?=[\u3041-\u9fff]{2,4}$|[\u3041-\u9fff]+\u00b7)"
)
"""What parts a title; a hyphen parts a Chinese book from who wrote it, but no two names of a term."""
_ASIDE: Final = re.compile(r"\s?\([^()]*\)|\uff08[^\uff08\uff09]*\uff09")
_CUT: Final = re.compile(r"\S(?:\.{3}|\u2026)\W*$")
SENTENCE: Final = re.compile(r"[,;?!\uff0c\uff1b\uff1f\uff01\u3002\u2026]|\.(?:\s|$)")
_CLAUSE: Final = re.compile(SENTENCE.pattern + "|\u3001")
EDGES: Final = " .:!?\uff1a\uff1f\uff01\u3002,\uff0c\u3001;'\"\u201c\u201d\u2018\u2019_*~-"
_MARKS: Final = re.compile(r"^[^\w(.]+\s*|\s+[^\w)]+$")
_WORDLESS: Final = re.compile(
    r"[\d\W_]*|\S*[\\_{}@=<>]\S*|\S*/\S*/\S*|/\S*|\w+\+\w\S*|\S+\.(?:png|jpe?g|gif|svg|webp|pdf|md|mp4|html?)"
)
_ORDINAL: Final = re.compile(
    "\u7b2c\\s?[\\d\u3007\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d\u5341\u767e]+\\s?"
    "[\u6b21\u56de\u7ae0\u8282\u7bc0\u8bfe\u8ab2\u8bb2\u8b1b\u5468\u9031\u671f\u8bdd\u8a71\u96c6]"
)
"""How Chinese and Japanese number what is held again and again: it says which, not what."""
_NUMBERED: Final = re.compile(
    r"(\D+?)\s?#?(?:\d{1,4}(?:\.\d+)?|[IVXL]{1,6})(?:[.:)](?=\s)|(?=\s|$))\s*"
)
_COUNTED_LAST: Final = re.compile(r"\s+([^\W\d]+)\s+#?\d{1,3}$")
_NUMBER: Final = re.compile(r"\d+(?:st|nd|rd|th)?")
_INFINITIVES: Final = re.compile(r"(?<=\S)(?:\s+[a-z\u00e4\u00f6\u00fc\u00df]{2,}(?:en|ern|eln))+$")


def title_parts(title: str) -> list[str]:
    """Return what a title names: "Topic - subtopic (aside)" names two, dates and numbers none."""
    if _CUT.search(title):
        return []
    bare = _DATE.sub(" ", title)
    bare = _ASIDE.sub("", bare) or bare
    parts = (_unnumbered(_unscheduled(_formless(part))) for part in _SEPARATORS.split(bare))
    names = (_undated(" ".join(bared(part).split())) for part in parts)
    return [
        name
        for name in map(bared, names)
        if name and not _is_untitled(name) and not only_counts(name)
    ]


def lists_tasks(title: str) -> bool:
    """Say whether a title names a list of what to do in some days, and nothing that it is about."""
    parts = [fold(word) for word in words(title)]
    if not UNSPACED.search(title):
        empty = cues()["tasks"] | cues()["spans"] | cues()["connectors"] | cues()["determiners"]
        return bool(cues()["tasks"].intersection(parts)) and empty.issuperset(parts)
    bare = "".join(title.split())
    span = max((one for one in cues()["spans_cjk"] if bare.startswith(one)), key=len, default="")
    return bare[len(span) :].lstrip("\u306e\u7684") in cues()["tasks_cjk"]


def opening_heading(page: NotePieces, title: str) -> list[str]:
    """Return what a heading at the very top names: the note's title where a file's name is none.

    Where the title only counts, any heading at the top says what that one is about.
    """
    first = page.pieces[0] if page.pieces else None
    if first is None or first.kind is not PieceKind.HEADING:
        return []
    return title_parts(first.text) if first.depth == 1 or only_counts(title) else []


def line_parts(page: NotePieces, language: str, stop: AbstractSet[str]) -> list[str]:
    """Return what the only line of a note names, up to its first comma, if that is short.

    Of what is to be done that is what it is done to: "swap the tyres", "Reifen wechseln" (in German
    its capital tells; `language` is a code of ISO 639-1, `stop` are its words of grammar).
    """
    lines = [piece.text for piece in page.pieces if piece.kind is not PieceKind.HEADING]
    if len(lines) != 1 or len(lines[0]) > LINE_CHARS or len(split(lines[0])) > 1:
        return []
    if is_complete(lines[0]):
        return []  # what happened, not what it is about
    clause = _CLAUSE.split(lines[0], maxsplit=1)[0]
    parts = [name for part in title_parts(clause) for name in _done_to(part, language, stop)]
    short = all(
        len(part) <= LINE_CJK if UNSPACED.search(part) else is_short(part) for part in parts
    )
    return [part for part in parts if is_nameable(part)] if short else []


def _done_to(clause: str, language: str, stop: AbstractSet[str]) -> list[str]:
    """Return what a clause without a subject is about: the nouns after the articles in it."""
    if language == "de":
        return [_INFINITIVES.sub("", clause)]
    if KANA_OBJECT in clause:
        return [clause.partition(KANA_OBJECT)[0]]
    found = list(WORD.finditer(clause))
    articles = [
        place
        for place, match in enumerate(found)
        if place and fold(match[0]) in cues()["determiners"]
    ]
    return [
        _noun(clause, found[place + 1 :], stop) for place in articles if found[place + 1 :]
    ] or [clause]


def _noun(clause: str, found: Sequence[re.Match[str]], stop: AbstractSet[str]) -> str:
    """Return the words up to one of grammar, "of" and its like not counted."""
    end = 1
    while end < len(found):
        word = fold(found[end][0])
        if word in stop and word not in cues()["connectors"]:
            break
        end += 1
    return clause[found[0].start() : found[end - 1].end()]


def stand_in(title: str, folder: str) -> tuple[str, ...]:
    """Return the least that is true of a note: its title or its folder's name."""
    if parent := named_by_folder(title, folder):
        return (parent,)
    named = not any(map(str.isnumeric, title)) or is_nameable(_DATE.sub("", title))
    if named and not only_counts(title) and len(title) <= LINE_CHARS and not _CUT.search(title):
        return (title,) if any(map(str.isalpha, title)) else ()
    if not any(map(str.isalpha, _DATE.sub("", title))):
        general = lists()["folders"]  # "Diary" says no more than the date does
        folders = [name for name in folder.split("/") if fold(name.strip()) not in general]
        folder, title = "/".join(folders), ""
    names = (name.strip() for name in (*reversed(folder.split("/")), title))
    return tuple(name for name in names if any(map(str.isalpha, name)))[:1]


def named_by_folder(title: str, folder: str) -> str:
    """Return the folder of a note whose title is only a word of forms or a number of its kind."""
    parent = folder.rpartition("/")[2].strip()
    told = is_nameable(parent) and fold(parent) not in lists()["folders"]
    return parent if told and any(map(str.isalpha, title)) and not is_nameable(title) else ""


def runs(part: str, stop: AbstractSet[str]) -> Iterator[str]:
    """Yield the groups of two words or more between the stop words of a long title."""
    run: list[str] = []
    for match in WORD.finditer(part + " a"):
        if fold(match[0]) in stop or match.end() > len(part):
            if 1 < len(run) <= MOST_WORDS:
                yield " ".join(run)
            run = []
        else:
            run.append(match[0])


def is_short(text: str) -> bool:
    """Say whether a text is short enough for a name."""
    if UNSPACED.search(text):
        size = sum(len(word) if UNSPACED.match(word) else 1 for word in words(text))
        return size <= MOST_CJK_CHARS and not SENTENCE.search(text)
    return len(text.split()) <= MOST_WORDS


def is_nameable(text: str, *, form: bool = False) -> bool:
    """Say whether a text can be shown as a name: words, and unless `form`, not only a form's."""
    junk = form_words()
    parts = [fold(word) for word in words(text)]
    return (
        bool(parts)
        and not _WORDLESS.fullmatch(text)
        and not only_counts(text)
        and (form or (section_value(text) == 0 and fold(text) not in junk))
        and not all((part in junk and not form) or _NUMBER.fullmatch(part) for part in parts)
    )


def only_counts(text: str) -> bool:
    """Say whether a name says only which one of a kind it is: "Session 5", "Chapter IV"."""
    if _ORDINAL.fullmatch(text):
        return True
    numbered = _NUMBERED.fullmatch(text)
    return numbered is not None and fold(numbered[1].strip()) in cues()["counted"]


def is_one_of_series(text: str) -> bool:
    """Say whether a name begins with which one of a kind it is: "Chapter 6 The harbour"."""
    first = _NUMBERED.match(text) or _ORDINAL.match(text)
    return first is not None and only_counts(first[0].rstrip(" .:)"))


def bared(text: str) -> str:
    """Return a name without the marks around it."""
    return _MARKS.sub("", text.strip(EDGES))


def _formless(part: str) -> str:
    """Return a part of a title without a form's word set off behind a name in Chinese or Japanese."""
    name, _, last = part.strip().rpartition(" ")
    form = name and UNSPACED.search(last) and last in form_words()
    return name.strip() if form else part.strip()


def _unscheduled(part: str) -> str:
    """Return a part of a title without a month and its year at the end: "Wales, May 2024"."""
    match = _months().search(part)
    return part[: match.start()] if match and match.start() else part


@cache
def _months() -> re.Pattern[str]:
    names = "|".join(sorted(cues()["months"]))
    return re.compile(rf",?\s+(?:(?:{names})\s+)+(?:de\s+)?(?:19|20)\d\d$", re.IGNORECASE)


def _undated(name: str) -> str:
    """Return a name without a year before or after it, but for "2024 in review"."""
    bare = _YEAR.sub("", name)
    return bare if name.startswith(bare) or " " not in bare or not bare[0].islower() else name


def _unnumbered(part: str) -> str:
    """Return a part of a title without its number, unless a single word is left: "Apollo 11".

    What follows a number of its kind is named alone: "Episode 112 Why we wait".
    """
    first = _NUMBERED.match(part) or _ORDINAL.match(part)
    if first and first.end() < len(part) and is_one_of_series(part):
        return part[first.end() :].strip()
    last = _COUNTED_LAST.search(part)
    if last and last.start() and only_counts(last[0].strip()):
        return part[: last.start()]
    bare = _NUMBERING.sub("", part)
    return bare if " " in bare or not part.startswith(bare) else part


def _is_untitled(name: str) -> bool:
    """Say whether a title is the one that an editor gives: "Untitled 3"."""
    return fold(name).rstrip("0123456789 ") in cues()["untitled"]
