"""The facts of every note: a note is read again only when its size or time of change is another."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import astuple, dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from notemill.errors import NotemillError
from notemill.index.cache import Cache, unseen
from notemill.markup.tags import tag_key
from notemill.vault import cleaning
from notemill.vault.marks import holds_vocabulary
from notemill.vault.note import bytes_hash, is_ignored, parse, source_hash, words_at_tags
from notemill.vault.note import inline_tags as tags_in_text
from notemill.vault.related import Form, link_entries
from notemill.vault.resolve import title_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from notemill.index.cache import Watch
    from notemill.vault.files import NoteFile, Vault
    from notemill.vault.note import Note

# Properties in which people, and the tools they import with, keep a summary of their own.
SUMMARY_NAMES = ("desc", "summary", "abstract", "excerpt", "subtitle", "简介", "摘要")
# What is wrong with a note whose tags are read all the same.
_TAGS_READ = frozenset(("commented-tags", "duplicate-key", "nested-property", "template"))
# Part of the table's name: another version of the parser, or of what is kept, starts afresh.
FORMAT = f"7_{cleaning.VERSION}"


@dataclass(frozen=True, slots=True)
class NoteFacts:
    """What is known of one note; `problem` is why it must not be touched, '' where it may.

    `words` counts its owner's words, none where it is a note without text. `holds_vocabulary`: it
    has the marks of a list of tags, which decide nothing by themselves; `doubtful_tags` are words that stand where tags do and are
    none to YAML; `tags_unread` says that there may be more of them. `related` and `listed` are the
    entries of the property and of the region of related notes that are links.
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

    @property
    def folder(self) -> str:
        """The note's folder below the vault, '' for the vault itself."""
        parent = str(PurePosixPath(self.key).parent)
        return "" if parent == "." else parent

    @property
    def all_tags(self) -> tuple[str, ...]:
        """The tags of properties and text, each once, in the spelling that comes first."""
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


class Index:
    """The facts of one vault's notes, kept in a file outside the vault."""

    def __init__(self, path: Path) -> None:
        """Open the index at `path`, an empty one where it is absent or cannot be read."""
        self._cache = Cache(
            path,
            f"CREATE TABLE IF NOT EXISTS notes_{FORMAT} (key TEXT PRIMARY KEY, size INTEGER,"
            " mtime_ns INTEGER, facts TEXT)",
        )
        self.watched: Watch = unseen

    def close(self) -> None:
        """Close the file."""
        self._cache.close()

    def refresh(self, vault: Vault, files: Iterable[NoteFile]) -> list[NoteFacts]:
        """Return the facts of `files`, in their order, reading only those that changed."""
        known = self._known()
        found: list[NoteFacts] = []
        changed: list[NoteFacts] = []
        with self.watched() as tell:
            for file in files:
                facts = known.pop(file.key, None)
                if facts is None or (facts.size, facts.mtime_ns) != (file.size, file.mtime_ns):
                    facts = _read(vault, file)
                    changed.append(facts)
                    tell(1)
                found.append(facts)
        self._keep(changed, gone=known)
        return found

    def forget(self, key: str) -> None:
        """Have a note read again the next time, whatever its size and time say."""
        self._keep((), gone=(key,))

    def _known(self) -> dict[str, NoteFacts]:
        try:
            rows = self._cache.db.execute(f"SELECT facts FROM notes_{FORMAT}").fetchall()
            known = [_facts(text) for (text,) in rows]
        except (sqlite3.DatabaseError, ValueError, TypeError):
            self._cache.start_afresh()
            return {}
        return {facts.key: facts for facts in known}

    def _keep(self, changed: Iterable[NoteFacts], *, gone: Iterable[str]) -> None:
        with self._cache.writing() as db:
            db.executemany(f"DELETE FROM notes_{FORMAT} WHERE key = ?", [(key,) for key in gone])
            db.executemany(
                f"INSERT OR REPLACE INTO notes_{FORMAT} (key, size, mtime_ns, facts)"
                " VALUES (?,?,?,?)",
                [
                    (one.key, one.size, one.mtime_ns, json.dumps(list(astuple(one))))
                    for one in changed
                ],
            )


def facts_of(key: str, raw: bytes, *, size: int, mtime_ns: int) -> NoteFacts:
    """Return what is known of a note from its bytes."""
    return facts_and_text(key, raw, size=size, mtime_ns=mtime_ns)[0]


def facts_and_text(key: str, raw: bytes, *, size: int, mtime_ns: int) -> tuple[NoteFacts, str]:
    """Return what is known of a note from its bytes, and its owner's words to ask about.

    They stand behind its owner's own summary of them, where there is one.
    """
    note, problems = parse(raw)
    blocking = next((one.message for one in problems if one.blocks_writing), "")
    summary = next((text for name in SUMMARY_NAMES if (text := note.text_of(name))), "")
    text = cleaning.owners_words(note)
    if summary:
        text = f"description:: {' '.join(summary.split())}\n\n{text}"
    tags = note.tags
    known = frozenset(tags)
    links = link_entries(note)
    entries = {form: tuple(one.text for one in links if one.form is form) for form in Form}
    facts = NoteFacts(
        key=key,
        size=size,
        mtime_ns=mtime_ns,
        bytes_hash=bytes_hash(raw),
        source_hash=source_hash(note),
        title=title_of(key),
        tags=tags,
        inline_tags=tuple(tag.name for tag in tags_in_text(note)),
        description=description_of(note),
        topics=note.list_of("topics"),
        words=len(text.split()),
        ignored=is_ignored(note),
        problem=blocking,
        holds_vocabulary=holds_vocabulary(note.reading),
        doubtful_tags=tuple(one for one in words_at_tags(note) if one not in known),
        tags_unread=any(one.code not in _TAGS_READ for one in problems),
        related=entries[Form.PROPERTY],
        listed=entries[Form.SECTION],
    )
    return facts, text


def description_of(note: Note) -> str:
    """Return a note's description, '' where it has none.

    One that is a list or a number is its owner's as well: it is told as a text.
    """
    return ", ".join(note.list_of("description")).strip()


def _read(vault: Vault, file: NoteFile) -> NoteFacts:
    try:
        raw = vault.read(file.key)
    except NotemillError as error:
        return NoteFacts(
            file.key, -1, 0, "", "", title_of(file.key), (), (), "", (), 0,
            ignored=False, problem=str(error), tags_unread=True,
        )  # fmt: skip
    return facts_of(file.key, raw, size=file.size, mtime_ns=file.mtime_ns)


def _facts(text: str) -> NoteFacts:
    """Return facts as they were kept; raises ValueError or TypeError for anything else."""
    values: list[Any] = [
        tuple(value) if isinstance(value, list) else value for value in json.loads(text)
    ]
    return NoteFacts(*values)
