"""The facts about one note, derived from its bytes; pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from notemill.markup.labels import Naming, named_at_tags
from notemill.markup.queries import query_tags
from notemill.markup.tags import tag_key
from notemill.vault import cleaning
from notemill.vault.marks import holds_vocabulary
from notemill.vault.note import (
    OWNED_NAMES,
    bytes_hash,
    is_ignored,
    parse,
    source_hash,
    words_at_tags,
)
from notemill.vault.note import inline_tags as tags_in_text
from notemill.vault.related import Form, link_entries
from notemill.vault.resolve import title_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notemill.vault.note import Note, Problem

# Properties in which people, and their import tools, keep a summary of their own.
SUMMARY_NAMES = ("desc", "summary", "abstract", "excerpt", "subtitle", "简介", "摘要")
SOURCE_NAMES: Final = ("source", "url", "link", "media", "video")
"""Properties in which clippers keep the address of what a note was made from."""
MAX_SOURCES: Final = 5
MAX_SOURCE_CHARS: Final = 2_000
"""The longest address that is kept of a note: https://www.rfc-editor.org/rfc/rfc9110#section-4.1
asks for 8,000 to be supported, and browsers show 2,000."""
MAX_PROPERTIES: Final = 60
"""The most names of properties that are kept of a note: imports write some twenty."""
MAX_QUERIED: Final = 40
"""The most tags in queries that are kept of a note: one with more is a page of many queries."""
MAX_NAME_CHARS: Final = 200
"""The longest name of a property or tag that is kept: a longer one is a text."""
# The problems of notes whose tags are read anyway.
_TAGS_READ = frozenset(("commented-tags", "duplicate-key", "nested-property", "template"))


@dataclass(frozen=True, slots=True)
class NoteFacts:
    """The facts about one note; `problem` is why it must not be edited, '' if it may be.

    `words` counts its owner's words, 0 for a note without text. `holds_vocabulary` if it has the
    marks of a tag list, which have no effect by themselves; `doubtful_tags` are words in the place
    of tags that YAML does not read as tags; `tags_unread` if there may be more of them. `related`
    and `listed` are the links among the entries of the property and of the region of related notes.
    `properties` are the names of those that notemill does not write, casefolded; `queried` the tags
    that the note's queries name; `labels`, `headings` and `quoted` the inline tags that are such and no tags.
    `sources` are the addresses of what it was made from, as its owner or a clipper wrote them.
    """

    key: str
    size: int
    mtime_ns: int
    bytes_hash: str
    source_hash: str
    title: str
    tags: tuple[str, ...]
    inline_tags: tuple[str, ...]
    description: str
    topics: tuple[str, ...]
    words: int
    ignored: bool
    problem: str
    holds_vocabulary: bool = False
    doubtful_tags: tuple[str, ...] = ()
    tags_unread: bool = False
    related: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    queried: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """The note's folder below the vault, '' for the vault itself."""
        return self.key.rpartition("/")[0]

    @property
    def all_tags(self) -> tuple[str, ...]:
        """The tags of properties and text, each once, in the first spelling."""
        spelled: dict[str, str] = {}
        for tag in self.spellings:
            spelled.setdefault(tag_key(tag), tag)
        return tuple(spelled.values())

    @property
    def spellings(self) -> tuple[str, ...]:
        """The tags of properties and text as written, each spelling once."""
        return tuple(dict.fromkeys((*self.tags, *self.inline_tags)))

    @property
    def has_description(self) -> bool:
        """Whether it has a description of any kind."""
        return bool(self.description)


def facts_of(key: str, raw: bytes, *, size: int, mtime_ns: int) -> NoteFacts:
    """Return the facts about a note from its bytes."""
    return facts_and_text(key, raw, size=size, mtime_ns=mtime_ns)[0]


def facts_and_text(key: str, raw: bytes, *, size: int, mtime_ns: int) -> tuple[NoteFacts, str]:
    """Return the facts about a note from its bytes, and its owner's words to ask about.

    The owner's own summary comes first, if there is one.
    """
    note, problems = parse(raw)
    words = cleaning.owners_words(note)
    facts = facts_of_note(
        key, note, problems, words, hashed=bytes_hash(raw), size=size, mtime_ns=mtime_ns
    )
    return facts, _with_summary(note, words)


def facts_of_note(
    key: str,
    note: Note,
    problems: Iterable[Problem],
    words: str,
    *,
    hashed: str,
    size: int,
    mtime_ns: int,
) -> NoteFacts:
    """Return the facts about a parsed note; `words` are its owner's, `hashed` its bytes' hash."""
    tags = note.tags
    known = frozenset(tags)
    links = link_entries(note)
    entries = {form: tuple(one.text for one in links if one.form is form) for form in Form}
    problems = tuple(problems)
    names = named_at_tags(note.reading)
    return NoteFacts(
        key=key,
        size=size,
        mtime_ns=mtime_ns,
        bytes_hash=hashed,
        source_hash=source_hash(note),
        title=title_of(key),
        tags=tags,
        inline_tags=tuple(tag.name for tag in tags_in_text(note)),
        description=description_of(note),
        topics=note.list_of("topics"),
        words=len(_with_summary(note, words).split()),
        ignored=is_ignored(note),
        problem=next((one.message for one in problems if one.blocks_writing), ""),
        holds_vocabulary=holds_vocabulary(note.reading),
        doubtful_tags=tuple(one for one in words_at_tags(note) if one not in known),
        tags_unread=any(one.code not in _TAGS_READ for one in problems),
        related=entries[Form.PROPERTY],
        listed=entries[Form.SECTION],
        properties=_property_names(note),
        queried=_queried(note),
        labels=names.get(Naming.LABEL, ()),
        headings=names.get(Naming.HEADING, ()),
        quoted=names.get(Naming.QUOTE, ()),
        sources=_sources(note),
    )


def _property_names(note: Note) -> tuple[str, ...]:
    entries = note.frontmatter.entries if note.frontmatter else ()
    names = [one.name for one in entries]
    kept = [one for one in names if one not in OWNED_NAMES and len(one) <= MAX_NAME_CHARS]
    return tuple(kept[:MAX_PROPERTIES])


def _sources(note: Note) -> tuple[str, ...]:
    found = (text.strip() for name in SOURCE_NAMES for text in note.list_of(name))
    kept = dict.fromkeys(text for text in found if text and len(text) <= MAX_SOURCE_CHARS)
    return tuple(islice(kept, MAX_SOURCES))


def _queried(note: Note) -> tuple[str, ...]:
    names = (one.name for one in query_tags(note.reading) if one.is_sure)
    kept = dict.fromkeys(name for name in names if len(name) <= MAX_NAME_CHARS)
    return tuple(islice(kept, MAX_QUERIED))


def _with_summary(note: Note, words: str) -> str:
    summary = next((text for name in SUMMARY_NAMES if (text := note.text_of(name))), "")
    return f"description:: {' '.join(summary.split())}\n\n{words}" if summary else words


def description_of(note: Note) -> str:
    """Return a note's description, '' if it has none.

    A list or a number counts as the owner's description, too: it is returned as text.
    """
    return ", ".join(note.list_of("description")).strip()


def unreadable(key: str, why: str) -> NoteFacts:
    """Return the facts about a note that cannot be read: its name, and why. They match no file."""
    return NoteFacts(
        key, -1, 0, "", "", title_of(key), (), (), "", (), 0,
        ignored=False, problem=why, tags_unread=True,
    )  # fmt: skip


_FIELDS = attrgetter(*(one.name for one in fields(NoteFacts)))


def row_of(facts: NoteFacts) -> str:
    """Return facts in stored form: a JSON list of the fields."""
    return json.dumps(_FIELDS(facts))


def facts_in(row: str) -> NoteFacts:
    """Return stored facts. Raises ValueError or TypeError for anything else."""
    values: list[Any] = [
        tuple(value) if isinstance(value, list) else value for value in json.loads(row)
    ]
    return NoteFacts(*values)
