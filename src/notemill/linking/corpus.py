"""What ranking sees of notes, made from each note's bytes alone, and what it returns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from notemill.text.terms import language_of, terms
from notemill.vault.markup import headings, links, plain_text, property_link
from notemill.vault.note import inline_tags

if TYPE_CHECKING:
    from collections.abc import Collection

    from notemill.vault.markup import Link
    from notemill.vault.note import Note

MAX_TERMS: Final = 20_000
"""Terms of a note that are compared; what stands beyond says little new."""
MAX_CHARS: Final = 400_000
"""Characters of a note that are read for them."""
# Link reference definitions, of which some editors keep a list below every note.
_DEFINITION: Final = re.compile(r"^ {0,3}\[[^\]\n]+\]:[ \t]+\S[^\n]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Document:
    """One note as ranking sees it.

    `names` is what others may call it by: its file's name first, then its title, its first
    heading and its aliases, each once. `terms` are those of its text, in order. `links` are the
    paths and labels of its links into the vault, as written.
    """

    key: str
    names: tuple[str, ...]
    tags: tuple[str, ...]
    language: str
    terms: tuple[str, ...]
    links: tuple[tuple[str, str], ...]

    @property
    def title(self) -> str:
        """The name of its file."""
        return self.names[0]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why two notes are proposed, for people.

    `words` are the terms that weigh most in both, the weightiest first; `mentions` are the notes
    of the two that name the other; `neighbours` the notes both link to; `tags` those both have.
    """

    words: tuple[str, ...]
    mentions: tuple[str, ...]
    neighbours: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pair of notes, `a` < `b`, that ranking proposes; `score` is between 0 and 1."""

    a: str
    b: str
    score: float
    reason: Reason


def document_of(
    key: str,
    note: Note,
    *,
    without: Collection[tuple[str, str]] = (),
    surfaces: dict[str, str] | None = None,
) -> Document:
    """Return a note as ranking sees it; `surfaces` takes down the words its terms stand for.

    Links whose path and label are in `without` are left out, and their labels from the text.
    """
    found = [link for link in links(note.body) if (link.path, link.label) not in without]
    body = note.body
    if without:
        body = _without(body, [one for one in links(body) if (one.path, one.label) in without])
    text = plain_text(_DEFINITION.sub("", body[:MAX_CHARS]))
    language = language_of(text)
    return Document(
        key=key,
        names=_names(key, note),
        tags=tuple(dict.fromkeys((*note.tags, *(tag.name for tag in inline_tags(note))))),
        language=language,
        terms=tuple(terms(text, language, surfaces)[:MAX_TERMS]),
        links=_linked([*found, *_of_properties(note, without)]),
    )


def _names(key: str, note: Note) -> tuple[str, ...]:
    heading = next((one.text for one in headings(note.body)[:1] if one.level == 1), "")
    name = PurePosixPath(key).name.removesuffix(".md")
    return tuple(
        dict.fromkeys(
            one for one in (name, note.text_of("title"), heading, *note.aliases) if one.strip()
        )
    )


def _linked(found: list[Link]) -> tuple[tuple[str, str], ...]:
    """Return the (path, label) of links to other notes, each once."""
    return tuple(dict.fromkeys((one.path, one.label) for one in found if one.path))


def _of_properties(note: Note, without: Collection[tuple[str, str]]) -> list[Link]:
    found: list[Link] = []
    for entry in note.frontmatter.entries if note.frontmatter else ():
        values = (entry.value,) if isinstance(entry.value, str) else entry.value or ()
        found += [
            link
            for value in values
            if (link := property_link(entry.name, value)) and (link.path, link.label) not in without
        ]
    return found


def _without(body: str, gone: list[Link]) -> str:
    parts: list[str] = []
    at = 0
    for link in gone:
        parts.append(body[at : link.start])
        at = max(at, link.end)
    return "".join([*parts, body[at:]])
