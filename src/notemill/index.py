"""What is known of every note, derived and rebuildable: delete it and it costs time, never data.

A note is read again only when its size or its time of change is another.
"""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from notemill.errors import NotemillError
from notemill.vault.note import bytes_hash, is_ignored, parse, source_hash
from notemill.vault.note import inline_tags as tags_in_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from notemill.vault.files import NoteFile, Vault

# Part of the table's name: another version of the parser, or of what is kept, starts afresh.
FORMAT = 1
_COLUMNS = (
    "key, size, mtime_ns, bytes_hash, source_hash, title, tags, inline_tags, description,"
    " topics, words, ignored, problem"
)


@dataclass(frozen=True, slots=True)
class NoteFacts:
    """What is known of one note; `problem` is why it must not be touched, '' where it may."""

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

    @property
    def folder(self) -> str:
        """The note's folder below the vault, '' for the vault itself."""
        parent = str(PurePosixPath(self.key).parent)
        return "" if parent == "." else parent

    @property
    def has_description(self) -> bool:
        """Whether it has a description of any kind."""
        return bool(self.description)


class Index:
    """The facts of one vault's notes, kept in a file outside the vault."""

    def __init__(self, path: Path) -> None:
        """Open the index at `path`, an empty one where it is absent or cannot be read."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._db = self._opened(path)
        except sqlite3.DatabaseError:
            # A damaged index is worth nothing: it is made again from the notes.
            path.unlink(missing_ok=True)
            self._db = self._opened(path)

    @staticmethod
    def _opened(path: Path) -> sqlite3.Connection:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        db = sqlite3.connect(path, timeout=30)
        db.execute("PRAGMA synchronous = OFF")
        db.execute(
            f"CREATE TABLE IF NOT EXISTS notes_{FORMAT} (key TEXT PRIMARY KEY, size INTEGER,"
            " mtime_ns INTEGER, bytes_hash TEXT, source_hash TEXT, title TEXT, tags TEXT,"
            " inline_tags TEXT, description TEXT, topics TEXT, words INTEGER, ignored INTEGER,"
            " problem TEXT)"
        )
        return db

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def refresh(self, vault: Vault, files: Iterable[NoteFile]) -> list[NoteFacts]:
        """Return the facts of `files`, in their order, reading only those that changed."""
        known = {
            str(row[0]): _facts(row)
            for row in self._db.execute(f"SELECT {_COLUMNS} FROM notes_{FORMAT}")
        }
        found: list[NoteFacts] = []
        changed: list[NoteFacts] = []
        for file in files:
            facts = known.pop(file.key, None)
            if facts is None or (facts.size, facts.mtime_ns) != (file.size, file.mtime_ns):
                facts = _read(vault, file)
                changed.append(facts)
            found.append(facts)
        with self._db:
            self._db.executemany(
                f"DELETE FROM notes_{FORMAT} WHERE key = ?", [(key,) for key in known]
            )
            self._db.executemany(
                f"INSERT OR REPLACE INTO notes_{FORMAT} ({_COLUMNS})"
                " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
                [_row(facts) for facts in changed],
            )
        return found


def facts_of(key: str, raw: bytes, *, size: int, mtime_ns: int) -> NoteFacts:
    """Return what is known of a note from its bytes."""
    note, problems = parse(raw)
    blocking = next((one.message for one in problems if one.blocks_writing), "")
    text = note.body
    return NoteFacts(
        key=key,
        size=size,
        mtime_ns=mtime_ns,
        bytes_hash=bytes_hash(raw),
        source_hash=source_hash(note),
        title=PurePosixPath(key).stem,
        tags=note.tags,
        inline_tags=tuple(tag.name for tag in tags_in_text(note)),
        description=note.text_of("description"),
        topics=note.list_of("topics"),
        words=len(text.split()),
        ignored=is_ignored(note),
        problem=blocking,
    )


def _read(vault: Vault, file: NoteFile) -> NoteFacts:
    try:
        raw = vault.read(file.key)
    except NotemillError as error:
        return NoteFacts(
            file.key, -1, 0, "", "", PurePosixPath(file.key).stem, (), (), "", (), 0,
            ignored=False, problem=str(error),
        )  # fmt: skip
    return facts_of(file.key, raw, size=file.size, mtime_ns=file.mtime_ns)


def _row(facts: NoteFacts) -> tuple[object, ...]:
    return (
        facts.key, facts.size, facts.mtime_ns, facts.bytes_hash, facts.source_hash, facts.title,
        json.dumps(facts.tags), json.dumps(facts.inline_tags), facts.description,
        json.dumps(facts.topics), facts.words, facts.ignored, facts.problem,
    )  # fmt: skip


def _facts(row: tuple[object, ...]) -> NoteFacts:
    values = list(row)
    for place in (6, 7, 9):
        values[place] = tuple(json.loads(str(values[place])))
    values[11] = bool(values[11])
    return NoteFacts(*values)  # type: ignore[arg-type]  # the columns are in the fields' order
