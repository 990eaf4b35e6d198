"""SQLite files that may come from elsewhere, checked for active content before use.

A database is more than rows. A trigger or a view in a stranger's file would run inside this
process, a default or a check could take all memory, and a compressed value may expand without end.
So a file is inspected first: only plain tables and indexes are allowed, and if their schema is
known, they must match it exactly.
"""

from __future__ import annotations

import contextlib
import functools
import re
import sqlite3
import zlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

HEADER: Final = b"SQLite format 3\0"
ARRIVED: Final = 0x61727276
"""The `application_id` of an imported file, whose values are checked at its first use."""

MAX_VALUE_BYTES: Final = 96 << 20
"""No request or reply is larger: the Messages API takes 32 MB, and at most 64 MB of an answer are
read, which take a third more if they have to be stored as base64."""

# What SQLite makes by itself, for UNIQUE, AUTOINCREMENT and ANALYZE.
_OF_SQLITE: Final = re.compile(r"sqlite_(?:autoindex_.*|sequence|stat[14])", re.DOTALL)
_TOKEN: Final = re.compile(
    r"(?P<none>\s+|--[^\n]*|/\*.*?(?:\*/|\Z))|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\w+|.", re.DOTALL
)
# Only these may stand before a bracket: with anything else it would be a function's call, or a
# value that is computed.
_BEFORE_BRACKET: Final = frozenset({"KEY", "UNIQUE", "IN"})
_COMPUTED: Final = frozenset({"CHECK", "AS", "GENERATED", "SELECT", "CASE"})
_MAX_OBJECTS: Final = 200
_MAX_SCHEMA_BYTES: Final = 100_000

Readers = Mapping[str, Callable[[Any], object]]
"""Functions that parse the values of columns, by `table.column`."""

_Rows = frozenset[tuple[Any, ...]]


def file_number(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from one put in its place; None if there is none."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


@contextlib.contextmanager
def guarded(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a possibly hostile file so that nothing in it runs and every value is bounded.

    Raises sqlite3.Error.
    """
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        guard(db)
        db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
        db.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        yield db


def guard(db: sqlite3.Connection) -> None:
    """Forbid functions with side effects in a schema, and check cells as they are read."""
    db.execute("PRAGMA trusted_schema = OFF")
    db.execute("PRAGMA cell_size_check = ON")


def structure_problem(db: sqlite3.Connection) -> str:
    """Return what a file holds besides plain tables and indexes, '' if nothing.

    Raises sqlite3.Error where the file cannot be read.
    """
    count, size = db.execute(
        "SELECT count(*), coalesce(sum(length(sql)), 0) FROM sqlite_master"
    ).fetchone()
    if not count:
        return "it is empty"
    if count > _MAX_OBJECTS or size > _MAX_SCHEMA_BYTES:
        return f"it has {count:,} tables and indexes, described in {size:,} characters"
    for kind, name, sql in db.execute("SELECT type, name, sql FROM sqlite_master").fetchall():
        if kind not in ("table", "index") or not isinstance(name, str):
            return f"it has a {kind} {name}"
        if not _is_sqlites(kind, name, sql) and (why := _more_than_plain(str(sql))):
            return f"its {kind} {name} has {why}"
    return ""


def schema_problem(db: sqlite3.Connection, script: str) -> str:
    """Return how a file's schema differs from the one `script` creates, '' if it does not.

    The order of columns and comments are ignored, since later versions add columns. Raises
    sqlite3.Error if the file cannot be read.
    """
    wanted, found = _made_by(script), _statements(db)
    if found == wanted:
        return ""
    wanted, found = _signature(wanted), _signature(found)
    for what, names in (("lacks", wanted - found), ("has", found - wanted)):
        if names:
            kind, name = min(names)[:2]
            return f"it {what} the {kind} {name}" + (" in this form" if what == "has" else "")
    return ""


@functools.lru_cache(maxsize=32)
def _made_by(script: str) -> _Rows:
    with contextlib.closing(sqlite3.connect(":memory:")) as db:
        db.executescript(script)
        return _statements(db)


def _statements(db: sqlite3.Connection) -> _Rows:
    """Return what a file is made of: kind, name, table, and the statement as it was given."""
    rows = db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    return frozenset(row for row in rows if not _is_sqlites(row[0], row[1], row[3]))


def _signature(rows: _Rows) -> _Rows:
    """Return the same in a form in which order and comments make no difference."""
    return frozenset(
        (str(kind), str(name), str(table), _words(kind, str(sql)))
        for kind, name, table, sql in rows
    )


def _is_sqlites(kind: str, name: str, sql: str | None) -> bool:
    """Tell whether SQLite made it by itself."""
    if _OF_SQLITE.fullmatch(str(name)) is None:
        return False
    return sql is None if kind == "index" else kind == "table"


def _tokens(sql: str) -> list[str]:
    return [one[0] for one in _TOKEN.finditer(sql) if one["none"] is None]


def _words(kind: str, sql: str) -> tuple[object, ...]:
    """Return a statement without comments; of a table, its definitions in any order."""
    words = _tokens(sql)
    if kind != "table" or "(" not in words:
        return tuple(words)
    definitions: list[list[str]] = [[]]
    depth, start = 0, words.index("(")
    end = len(words)
    for at, word in enumerate(words[start:], start):
        depth += (word == "(") - (word == ")")
        if not depth:
            end = at
            break
        if word == "," and depth == 1:
            definitions.append([])
        elif at > start:
            definitions[-1].append(word)
    return (
        " ".join(words[:start]),
        tuple(sorted(" ".join(one) for one in definitions)),
        " ".join(words[end:]),
    )


def _more_than_plain(sql: str) -> str:
    """Return what of a statement computes something, '' if nothing does."""
    words = [one.upper() for one in _tokens(sql)]
    if words[:2] == ["CREATE", "VIRTUAL"]:
        return "code of its own"
    if computed := _COMPUTED.intersection(words):
        return f"a computed value ({min(computed)})"
    # The name of a table, and what an index or a reference is on, stand before a bracket, too.
    named = {
        at + 1
        for at, word in enumerate(words)
        if word in ("TABLE", "ON", "REFERENCES", "EXISTS")
    }  # fmt: skip
    for at, word in enumerate(words):
        before = words[at - 1] if at else ""
        if (
            word == "("
            and at - 1 not in named
            and before not in _BEFORE_BRACKET
            and (before.replace("_", "").isalnum() or before[:1] in ("'", '"'))
            and not _is_width(words[at + 1 : at + 5])
        ):
            return f"a computed value ({before.lower()})"
    return ""


def _is_width(words: list[str]) -> bool:
    """Tell whether what stands in a bracket is the width of a type, as in DECIMAL(10, 2)."""
    inside = words[: words.index(")")] if ")" in words else words
    return ")" in words and all(one.isdigit() or one == "," for one in inside)


_CLASSES: Final = {"TEXT": ("text",), "INTEGER": ("integer",), "REAL": ("real",), "BLOB": ("blob",)}


def value_problem(db: sqlite3.Connection, readers: Readers) -> str:
    """Return which value of an imported file is invalid for its column, '' if none is.

    A valid value has its column's declared type, and its reader (by `table.column`) accepts it
    without ValueError, KeyError or TypeError. A file made here is not checked; an imported one
    found valid counts as made here from then on. Raises sqlite3.Error.
    """
    if db.execute("PRAGMA application_id").fetchone()[0] != ARRIVED:
        return ""
    tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (table,) in tables:
        if _OF_SQLITE.fullmatch(table):
            continue
        for _, column, kind, needed, _, key in db.execute(f"PRAGMA table_info({table})").fetchall():
            allowed = (*_CLASSES[kind], *(() if needed or key else ("null",)))
            marks = ", ".join("?" * len(allowed))
            odd = f"SELECT {column} FROM {table} WHERE typeof({column}) NOT IN ({marks}) LIMIT 1"  # noqa: S608
            if row := db.execute(odd, allowed).fetchone():
                return f"{table}.{column} holds {row[0]!r:.100}"
            if reader := readers.get(f"{table}.{column}"):
                values = db.execute(f"SELECT DISTINCT {column} FROM {table}")  # noqa: S608
                if why := _unread(values, reader):
                    return f"{table}.{column} holds {why}"
    db.execute("PRAGMA application_id = 0")
    return ""


def _unread(values: Iterable[Any], reader: Callable[[Any], object]) -> str:
    """Return the first value that a reader does not take, '' for none."""
    for (value,) in values:
        try:
            if value is not None:
                reader(value)
        except (ValueError, KeyError, TypeError, RecursionError):
            return f"{value!r:.100}"
    return ""


def inflate(blob: bytes, *, most_bytes: int = MAX_VALUE_BYTES) -> bytes:
    """Decompress zlib data. Raises zlib.error if it is damaged or larger than `most_bytes`."""
    unpacking = zlib.decompressobj()
    data = unpacking.decompress(blob, most_bytes + 1)
    if len(data) > most_bytes:
        message = f"it unpacks to more than {most_bytes:,} bytes"
        raise zlib.error(message)
    if not unpacking.eof or unpacking.unused_data:
        message = "it is cut off, or goes on where it has ended"
        raise zlib.error(message)
    return data
