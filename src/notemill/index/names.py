"""Look up names in a vault's derived file without opening the vault; nothing is written."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from dataclasses import fields
from typing import TYPE_CHECKING, Final

from notemill.vault.state_files import DERIVED_FILE

if TYPE_CHECKING:
    from pathlib import Path

_AFTER: Final = "\U0010ffff"
"""Sorts after every continuation of a name."""
_WAIT_S: Final = 0.2
"""The longest wait for a file that is being written, in seconds: a shell waits for the answer."""
_NOTES: Final = "SELECT key FROM notes WHERE key >= ? AND key < ? ORDER BY key LIMIT ?"
_TAGS: Final = """
SELECT DISTINCT tag.value
FROM notes, json_each(json_array(json_extract(facts, '$[{}]'), json_extract(facts, '$[{}]'))) AS list,
  json_each(list.value) AS tag
WHERE tag.value >= ? AND tag.value < ? ORDER BY tag.value LIMIT ?
"""


def note_names(state: Path, begun: str, most: int) -> list[str]:
    """Return at most `most` note paths that begin with `begun`, none without a derived file."""
    return _names(state, _NOTES, begun, most)


def tag_names(state: Path, begun: str, most: int) -> list[str]:
    """Return at most `most` tags that begin with `begun`, as notes spell them."""
    from notemill.index.facts import NoteFacts  # noqa: PLC0415  # slow, and notes need it not

    names = [one.name for one in fields(NoteFacts)]
    query = _TAGS.format(names.index("tags"), names.index("inline_tags"))
    return _names(state, query, begun, most)


def _names(state: Path, query: str, begun: str, most: int) -> list[str]:
    with suppress(sqlite3.Error, UnicodeError):
        address = f"{(state / DERIVED_FILE).absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=_WAIT_S)) as db:
            rows = db.execute(query, (begun, begun + _AFTER, most)).fetchall()
        return [name for (name,) in rows if isinstance(name, str)]
    return []
