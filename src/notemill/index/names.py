"""The names in a vault's derived file, looked up without opening a vault: nothing is written."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from dataclasses import fields
from typing import TYPE_CHECKING, Final

from notemill.index.derived import DERIVED_FILE
from notemill.index.facts import NoteFacts

if TYPE_CHECKING:
    from pathlib import Path

_FIELDS: Final = [one.name for one in fields(NoteFacts)]
_AFTER: Final = "\U0010ffff"
"""Sorts behind everything that a name can go on with."""
_WAIT_S: Final = 0.2
"""A shell waits for the answer: no longer than is noticed for a file that is being written."""
_NOTES: Final = "SELECT key FROM notes WHERE key >= ? AND key < ? ORDER BY key LIMIT ?"
_TAGS: Final = f"""
SELECT DISTINCT tag.value
FROM notes, json_each(json_array(
  json_extract(facts, '$[{_FIELDS.index("tags")}]'),
  json_extract(facts, '$[{_FIELDS.index("inline_tags")}]')
)) AS list, json_each(list.value) AS tag
WHERE tag.value >= ? AND tag.value < ? ORDER BY tag.value LIMIT ?
"""


def note_names(state: Path, begun: str, most: int) -> list[str]:
    """Return the paths of at most `most` notes that begin like this, none without a derived file."""
    return _names(state, _NOTES, begun, most)


def tag_names(state: Path, begun: str, most: int) -> list[str]:
    """Return at most `most` tags, as notes spell them, that begin like this."""
    return _names(state, _TAGS, begun, most)


def _names(state: Path, query: str, begun: str, most: int) -> list[str]:
    with suppress(sqlite3.Error, UnicodeError):
        address = f"{(state / DERIVED_FILE).absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=_WAIT_S)) as db:
            rows = db.execute(query, (begun, begun + _AFTER, most)).fetchall()
        return [name for (name,) in rows if isinstance(name, str)]
    return []
