"""The content of a note, whatever its path: its terms, names and links; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.markup.reading import Reading
from notemill.text.terms import Stems, language_of, terms
from notemill.vault.cleaning import owners_words
from notemill.vault.note import property_links
from notemill.vault.region import owners_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from notemill.markup.elements import Link
    from notemill.vault.note import Note

MAX_TERMS: Final = 20_000
"""Terms of a note that are compared; later ones add little."""
MAX_CHARS: Final = 400_000
"""Characters of a note that are read for terms."""
HEADING_CHARS: Final = 2_000
"""Characters of a text that are searched for its first heading."""
DEFINITION: Final = re.compile(r"^ {0,3}\[[^\]\n]+\]:[ \t]+\S[^\n]*$", re.MULTILINE)
"""Link reference definitions, of which some editors keep a list below every note."""


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a note, whatever its path.

    `names` are its title, its first heading and its aliases, each once. `terms` are those of its
    text, in order. `links` are the paths and labels of its links into the vault.
    """

    names: tuple[str, ...]
    language: str
    terms: tuple[str, ...]
    links: tuple[tuple[str, str], ...]


def content_of(
    note: Note,
    *,
    without: Collection[tuple[str, str]] = (),
    stems: Stems | None = None,
    text: str | None = None,
) -> Content:
    """Return the content of a note; `stems` records the words behind its terms.

    `text` is its owner's words, if they are known already (see `cleaning.owners_words`).
    notemill's own region is left out, and so are links whose path and label are in `without`,
    with their labels.
    """
    words = Reading(owners_words(note) if text is None else text)
    gone = [one for one in words.links if (one.path, one.label) in without] if without else []
    said = _said(words, gone)
    language = language_of(said)
    around = owners_text(note.reading)
    body = note.reading if around == note.body else Reading(around)
    kept = [*body.links, *property_links(note)]
    return Content(
        names=_names(note, words),
        language=language,
        terms=tuple(terms(said, language, stems)[:MAX_TERMS]),
        links=tuple(
            dict.fromkeys(
                (one.path, one.label)
                for one in kept
                if one.path and (one.path, one.label) not in without
            )
        ),
    )


def text_of(note: Note, *, without_links: bool = False) -> str:
    """Return the owner's words of a note, without markup.

    Links are replaced by their labels or, with `without_links`, removed.
    """
    words = Reading(owners_words(note))
    return _said(words, words.links if without_links else ())


def _names(note: Note, words: Reading) -> tuple[str, ...]:
    first = next((one for one in words.headings if not one.within), None)
    heading = first.text if first and first.level == 1 and first.start < HEADING_CHARS else ""
    found = (note.text_of("title"), heading, *note.aliases)
    return tuple(dict.fromkeys(one for one in found if one.strip()))


def _said(words: Reading, gone: Iterable[Link]) -> str:
    """Return the plain words without the links in `gone`."""
    parts: list[str] = []
    at = 0
    for link in gone:
        parts.append(words.text[at : link.start])
        at = max(at, link.end)
    left = "".join([*parts, words.text[at:]])[:MAX_CHARS]
    if "]:" in left:
        left = DEFINITION.sub("", left)
    return (words if left == words.text else Reading(left)).words
