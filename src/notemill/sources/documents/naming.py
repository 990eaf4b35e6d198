"""What a document is called and who wrote it, where its metadata can be believed."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Final

from notemill.markup.lines import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_LETTERS: Final = 300
_MOST_AUTHORS: Final = 50
_EARLIEST: Final = 1450
"""Programs write the year 101 or 1 where nobody told them; before Gutenberg nothing was printed."""
_FILE_NAME: Final = re.compile(
    r"\.(?:docx?|dotx?|odt|rtf|pptx?|xlsx?|pdf|tex|dvi|e?ps|indd|qxp|qxd|pages|key|html?|txt|md|cdr|ai|vsd)$",
    re.IGNORECASE,
)
_BY_PROGRAM: Final = re.compile(
    r"(?:microsoft (?:office )?(?:word|powerpoint|excel)|(?:powerpoint|word|excel)[ -]+(?:presentation|document)"
    r"|libreoffice|openoffice|adobe indesign|layout 1)\b",
    re.IGNORECASE,
)
_NO_TITLE: Final = re.compile(
    r"(?:\(?(?:untitled|unbenannt|sans titre|sin título|senza titolo|no title|title|titel|unknown)\)?"
    r"|(?:document|dokument|documento|slide|folie|presentation|präsentation|book|mappe|arbeitsmappe|scan|img|image|doc)"
    r"[ _-]*\d*|\W*)(?:[ _-]*\d+)?",
    re.IGNORECASE,
)
_NO_PERSON: Final = re.compile(
    r"(?:(?:microsoft office |windows |default |pdf )?(?:user|admin|administrator|owner|author|autor|anonymous|unknown|unspecified"
    r"|none|root|guest|scan|scanner|kopierer|copier|printer|benutzer|pc|laptop|office|windows|system)|\W*)[ _-]*\d*",
    re.IGNORECASE,
)
_BETWEEN: Final = re.compile(r"\s*[;|\n]\s*|\s+(?:and|und|et|y)\s+|\s*&\s*")
_LIST: Final = re.compile(
    r"[^\W\d]+\.?(?:[ -][^\W\d]+\.?)+(?:,\s*[^\W\d]+\.?(?:[ -][^\W\d]+\.?)+)+"
)


def title_of(told: str, headings: Iterable[str], file_stem: str) -> str:
    """Return the title of the metadata if it is one, else the first heading, else the file's name.

    Word processors write the name of their file, or of themselves, where the title should be.
    """
    title = one_line(told)[:_MOST_LETTERS]
    if title and not (
        _FILE_NAME.search(title) or _BY_PROGRAM.match(title) or _NO_TITLE.fullmatch(title)
    ):
        return title
    heading = next(filter(None, map(one_line, headings)), "")
    return heading[:_MOST_LETTERS] or one_line(file_stem)


def authors_of(told: Iterable[str]) -> tuple[str, ...]:
    """Return the people among the authors that the metadata name, each once.

    Several in one field are parted by semicolons, by `and`, or by commas between whole names.
    """
    names: dict[str, None] = {}
    for field in told:
        for part in _BETWEEN.split(field[: 10 * _MOST_LETTERS]):
            for name in part.split(",") if _LIST.fullmatch(part.strip()) else [part]:
                clean = one_line(name)[:_MOST_LETTERS].strip(" ,")
                if clean and not _NO_PERSON.fullmatch(clean):
                    names.setdefault(clean)
    return tuple(names)[:_MOST_AUTHORS]


def language_of(told: str) -> str:
    """Return a language as its code in small letters (`de`), '' if it is none."""
    found = re.match(r"[a-zA-Z]{2,3}(?=$|[-_])", told.strip())
    return found[0].lower() if found and found[0].lower() not in {"und", "mul", "zxx"} else ""


def day_of(told: str) -> str:
    """Return a date of metadata as YYYY-MM-DD, '' if it is no whole day, or no plausible one."""
    found = re.match(r"\s*(\d{4})-(\d\d)-(\d\d)(?![\d])", told[:_MOST_LETTERS])
    try:
        day = date(*map(int, found.groups())) if found else None
    except ValueError:
        return ""
    return day.isoformat() if day and _EARLIEST <= day.year < date.max.year else ""
