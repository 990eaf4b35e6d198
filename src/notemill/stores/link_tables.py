"""The tables of the ledger of links, and how their rows are read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from notemill.stores.pairs import Pair, PairState, SideState
from notemill.vault.journal import moment
from notemill.vault.related import Form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twolane.databases import Readers

SCHEMA_VERSION: Final = 2
_PRESENT: Final = """
CREATE TABLE present (             -- the vault's notes, and notes of pairs that are missing
  key         TEXT PRIMARY KEY,
  since       INTEGER NOT NULL,    -- the look that saw it first
  missing     INTEGER              -- the look that missed it first
) WITHOUT ROWID
"""
SCHEMA: Final = f"""
CREATE TABLE notes (
  id          INTEGER PRIMARY KEY,
  key         TEXT NOT NULL UNIQUE,
  source_hash TEXT NOT NULL,       -- the note's own content when it was last seen
  bytes_hash  TEXT NOT NULL        -- all of it when its links were last looked at, '' for never
);
CREATE TABLE pairs (
  id          INTEGER PRIMARY KEY,
  a           INTEGER NOT NULL REFERENCES notes (id),
  b           INTEGER NOT NULL REFERENCES notes (id),
  state       TEXT NOT NULL,
  run         TEXT NOT NULL,       -- what proposed it last, or wrote it
  score       REAL NOT NULL,
  reason      TEXT NOT NULL,       -- JSON
  source_a    TEXT NOT NULL,       -- the notes' own content when it was proposed
  source_b    TEXT NOT NULL,
  because     TEXT NOT NULL,       -- why it stands where it stands, for people
  at_s        REAL NOT NULL,
  UNIQUE (a, b)
);
CREATE INDEX pairs_run ON pairs (run);
CREATE INDEX pairs_b ON pairs (b);
CREATE TABLE sides (               -- the links themselves: what stands in which note
  pair        INTEGER NOT NULL REFERENCES pairs (id),
  note        INTEGER NOT NULL REFERENCES notes (id),
  form        TEXT NOT NULL,
  text        TEXT NOT NULL,
  before      TEXT NOT NULL,       -- the text before it was pointed elsewhere, '' where it never was
  had         INTEGER NOT NULL,    -- whether the property was there before its first link
  state       TEXT NOT NULL,
  run         TEXT NOT NULL,
  PRIMARY KEY (pair, note)
) WITHOUT ROWID;
CREATE INDEX sides_note ON sides (note);
CREATE TABLE runs (
  id          TEXT PRIMARY KEY,
  at_s        REAL NOT NULL,
  settings    TEXT NOT NULL        -- JSON
) WITHOUT ROWID;{_PRESENT}"""
STEPS: Final = {1: _PRESENT}

PAIRS: Final = (
    "SELECT pairs.id, one.key, two.key, state, run, score, reason, source_a, source_b, because"
    " FROM pairs JOIN notes AS one ON one.id = a JOIN notes AS two ON two.id = b"
)
SIDES: Final = (
    "SELECT sides.pair, notes.key, other.key, form, text, before, had, sides.state, sides.run"
    " FROM sides JOIN notes ON notes.id = sides.note JOIN pairs ON pairs.id = sides.pair"
    " JOIN notes AS other ON other.id = pairs.a + pairs.b - sides.note"
)


def _object(text: str) -> dict[str, Any]:
    """Return what a JSON object says. Raises TypeError where it is none."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise TypeError("no JSON object")
    return value


def _reason(text: str) -> None:
    """Read why a pair was proposed: lists of words. Raises ValueError, TypeError."""
    for words in _object(text).values():
        if not isinstance(words, list) or not all(isinstance(one, str) for one in words):
            raise TypeError("no list of words")


def _settings(text: str) -> None:
    """Read what a run was asked for. Raises ValueError, TypeError."""
    Form(_object(text).get("form", Form.PROPERTY))


READERS: Final[Readers] = {
    "pairs.state": PairState,
    "pairs.reason": _reason,
    "pairs.at_s": moment,
    "sides.form": Form,
    "sides.state": SideState,
    "runs.at_s": moment,
    "runs.settings": _settings,
}


def pair_of(row: Sequence[Any]) -> Pair:
    """Return the pair that a row of `PAIRS` holds."""
    number, a, b, state, run, score, reason, source_a, source_b, because = row
    if a > b:
        a, b, source_a, source_b = b, a, source_b, source_a
    return Pair(
        number, a, b, PairState(state), run, score, json.loads(reason), source_a, source_b, because
    )
