"""The tables of a vault's store, and the readers of their columns.

One SQL script creates the file, and in an older one what it lacks. An imported file is checked with
`READERS` before it is used.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from notemill.properties import Property
from notemill.sources.address import clean_address
from notemill.stores.pairs import PairState, SideState
from notemill.stores.proposals import NO_CONFIDENCE, ProposalKind, ProposalState, scope_of
from notemill.vault.journal import State
from notemill.vault.related import Form

if TYPE_CHECKING:
    from twolane.databases import Readers

FORMAT: Final = 5
"""2 has `invented_tags`, 3 `vocabulary_changes`, 4 `curated_without`, 5 `made_folders` and what an ingest
keeps; all else of an older file stays."""
_LATEST_S: Final = 1e11  # the year 5138

SCHEMA: Final = """
CREATE TABLE writes (                -- the journal: what was written into notes
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  run         TEXT NOT NULL,
  key         TEXT NOT NULL,
  path        BLOB NOT NULL,         -- in the vault, as the folder lists it: names keep their form
  temporary   BLOB NOT NULL,         -- the file beside it that a crash may leave
  before      BLOB NOT NULL,         -- zlib
  before_hash TEXT NOT NULL,
  after_hash  TEXT NOT NULL,
  state       TEXT NOT NULL,
  at_s        REAL NOT NULL          -- since the epoch
);
CREATE INDEX writes_key ON writes (key, seq);
CREATE INDEX writes_run ON writes (run, seq);
CREATE INDEX writes_after ON writes (after_hash);
CREATE INDEX writes_open ON writes (seq) WHERE state IN ('intended', 'undoing');
CREATE TABLE made_folders (          -- folders of the vault that were made for new notes
  path        BLOB PRIMARY KEY,      -- as the folder lists it
  run         TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE proposals (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,  -- one that was shown never becomes another's
  run         TEXT NOT NULL,         -- '' for what was found without one
  note        TEXT NOT NULL,         -- '' for a change of a tag, whose notes stand beside, and
                                     -- for a vocabulary tag
  source_hash TEXT NOT NULL,         -- of what it was proposed for, '' for many notes
  kind        TEXT NOT NULL,
  value       TEXT NOT NULL,         -- of a change, what the tag becomes
  value_key   TEXT NOT NULL,         -- by which values count as the same
  replaces    TEXT NOT NULL,         -- what a person wrote and this would replace, '' for nothing, or
                                     -- a vocabulary tag's other spellings
  why         TEXT NOT NULL,         -- also what a vocabulary tag is for
  confidence  REAL NOT NULL,         -- 0 to 1, 2 where nobody said: those come last
  state       TEXT NOT NULL,
  scope       TEXT NOT NULL,         -- of a rejection: here or never; '' else
  wrote       TEXT NOT NULL,         -- the run under whose name it was written, '' until then
  made_at     REAL NOT NULL,
  decided_at  REAL
);
CREATE INDEX proposals_run ON proposals (run, note);
CREATE INDEX proposals_state ON proposals (state, kind);
CREATE INDEX proposals_by_note ON proposals (note, kind, value_key, id, state);
CREATE INDEX proposals_whole_notes ON proposals (note, value_key, id) WHERE kind = 'note';
CREATE INDEX proposals_by_value ON proposals (value_key, note, kind, id, state);
CREATE INDEX proposals_by_confidence ON proposals (confidence, note, kind, value_key, id, state);
CREATE TABLE proposal_notes (        -- the notes that a change of a tag touches
  proposal    INTEGER NOT NULL REFERENCES proposals (id),
  note        TEXT NOT NULL,
  PRIMARY KEY (proposal, note)
) WITHOUT ROWID;
CREATE TABLE new_notes (             -- notes that an ingest proposes, each a row of the queue
  proposal    INTEGER PRIMARY KEY REFERENCES proposals (id),
  asked       TEXT NOT NULL,         -- the path that was asked for
  content     BLOB NOT NULL,         -- zlib; empty once it is written or turned down
  size        INTEGER NOT NULL,      -- of the whole note, in bytes
  bytes_hash  TEXT NOT NULL,         -- of the whole note
  source_hash TEXT NOT NULL,         -- of its own content
  digest      TEXT NOT NULL,         -- of what was read of the source
  tags        TEXT NOT NULL          -- JSON: by which exclusions may hide it
);
CREATE TABLE new_note_keys (         -- what the sources of these notes are known by
  key         TEXT NOT NULL,
  proposal    INTEGER NOT NULL REFERENCES new_notes (proposal),
  PRIMARY KEY (key, proposal)
) WITHOUT ROWID;
CREATE INDEX new_note_keys_proposal ON new_note_keys (proposal);
CREATE TABLE ingested (              -- sources whose runs were forgotten
  key         TEXT PRIMARY KEY,
  note        TEXT NOT NULL,
  digest      TEXT NOT NULL,
  bytes_hash  TEXT NOT NULL,
  source_hash TEXT NOT NULL,
  at          REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE drafts (                -- what was read of sources, until their notes are proposed
  batch       TEXT NOT NULL,
  key         TEXT NOT NULL,
  body        BLOB NOT NULL,         -- zlib
  at          REAL NOT NULL,
  PRIMARY KEY (batch, key)
);
CREATE TABLE followed (              -- playlists, channels and feeds
  key         TEXT PRIMARY KEY,
  address     TEXT NOT NULL,
  title       TEXT NOT NULL,
  since       REAL NOT NULL,
  looked_at   REAL,                  -- NULL for never
  problem     TEXT NOT NULL          -- why it could not be read then, '' if it could
) WITHOUT ROWID;
CREATE TABLE followed_entries (      -- what these have listed
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  source      TEXT NOT NULL,
  title       TEXT NOT NULL,
  seen_at     REAL,                  -- NULL while it is new
  tries       INTEGER NOT NULL,      -- how often no note could be made of it
  failed_at   REAL,                  -- when that was so first, and last
  tried_at    REAL,
  why         TEXT NOT NULL
);
CREATE INDEX followed_entries_source ON followed_entries (source, seen_at);
CREATE TABLE followed_entry_keys (   -- what these entries are known by
  source      TEXT NOT NULL,
  key         TEXT NOT NULL,
  entry       INTEGER NOT NULL REFERENCES followed_entries (id),
  PRIMARY KEY (source, key)
) WITHOUT ROWID;
CREATE INDEX followed_entry_keys_key ON followed_entry_keys (key);
CREATE INDEX followed_entry_keys_entry ON followed_entry_keys (entry);
CREATE TABLE followed_look (         -- when what is new was last taken; one row at most
  at          REAL PRIMARY KEY,
  run         TEXT NOT NULL          -- '' where nothing was new
) WITHOUT ROWID;
CREATE TABLE steps (                 -- decisions that can be taken back, each by its own front
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  front       TEXT NOT NULL,
  at          REAL NOT NULL
);
CREATE INDEX steps_front ON steps (front, id);
CREATE TABLE step_rows (             -- what a step changed: how each proposal was, and is since
  step        INTEGER NOT NULL REFERENCES steps (id),
  proposal    TEXT NOT NULL,         -- its id in the queue
  was_state   TEXT NOT NULL,
  was_scope   TEXT NOT NULL,
  was_value   TEXT NOT NULL,
  now_state   TEXT NOT NULL,
  now_scope   TEXT NOT NULL,
  now_value   TEXT NOT NULL,
  PRIMARY KEY (step, proposal)
) WITHOUT ROWID;
CREATE INDEX step_rows_proposal ON step_rows (proposal, step);
CREATE TABLE answered (              -- the notes of a run whose replies have been read
  run         TEXT NOT NULL,
  note        TEXT NOT NULL,
  PRIMARY KEY (run, note)
) WITHOUT ROWID;
CREATE TABLE invented_tags (         -- what became of tags that a run invented, before it was shown
  run         TEXT NOT NULL,
  tag_key     TEXT NOT NULL,
  tag         TEXT NOT NULL,
  becomes     TEXT NOT NULL,         -- the tag itself where it stayed, '' where it was left out
  why         TEXT NOT NULL,
  notes       TEXT NOT NULL,         -- JSON: those it was proposed for
  at          REAL NOT NULL,
  PRIMARY KEY (run, tag_key)
) WITHOUT ROWID;
CREATE TABLE curated (
  note        TEXT PRIMARY KEY,
  source_hash TEXT NOT NULL,
  run         TEXT NOT NULL,
  at          REAL NOT NULL
);
CREATE TABLE curated_without (       -- properties that were not used when a note was last curated
  note        TEXT NOT NULL,
  property    TEXT NOT NULL,
  PRIMARY KEY (note, property)
) WITHOUT ROWID;
CREATE TABLE tag_changes (           -- merges, renames, moves and drops that were turned down
  tag_key     TEXT NOT NULL,
  into_key    TEXT NOT NULL,         -- what it would have become, '' where it would have gone
  tag         TEXT NOT NULL,
  into_tag    TEXT NOT NULL,
  at          REAL NOT NULL,
  PRIMARY KEY (tag_key, into_key)
) WITHOUT ROWID;
CREATE TABLE new_tags (              -- what was decided about tags that were to be added
  tag_key     TEXT NOT NULL,
  note        TEXT NOT NULL,         -- '' for the whole vault
  tag         TEXT NOT NULL,
  accepted    INTEGER NOT NULL,
  run         TEXT NOT NULL,         -- whose proposal it was, '' where nobody's
  at          REAL NOT NULL,
  PRIMARY KEY (tag_key, note)
) WITHOUT ROWID;
CREATE TABLE vocabulary_tags (       -- tags of the vocabulary, and since when they are known
  tag_key     TEXT PRIMARY KEY,
  since       REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE vocabulary_changes (    -- what changes of tags made of a vocabulary that no note holds
  run         TEXT NOT NULL,
  proposal    INTEGER NOT NULL,      -- the tag's row among the proposals
  was         TEXT NOT NULL,         -- JSON: tag, other spellings, what it is for, state
  becomes     TEXT NOT NULL,         -- the same since
  undone      INTEGER NOT NULL,
  at          REAL NOT NULL,
  PRIMARY KEY (run, proposal)
) WITHOUT ROWID;
CREATE TABLE vocabulary_proposed (   -- tags and spellings that the list was proposed before
  tag_key     TEXT PRIMARY KEY
) WITHOUT ROWID;
CREATE TABLE vocabulary_note (       -- the note that holds the vocabulary; one row at most
  note        TEXT PRIMARY KEY,
  said        TEXT NOT NULL          -- its list when a person last took it over, JSON
) WITHOUT ROWID;
CREATE TABLE tag_arrangement (       -- how a model put the tags in order, one row at most
  run         TEXT PRIMARY KEY,
  said        TEXT NOT NULL          -- JSON
) WITHOUT ROWID;
CREATE TABLE unmatched_exclusions (  -- exclusions that match no note, and may
  entry       TEXT PRIMARY KEY,      -- as it was written
  at          REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE link_notes (
  id          INTEGER PRIMARY KEY,
  key         TEXT NOT NULL UNIQUE,
  source_hash TEXT NOT NULL,         -- the note's own content when it was last seen
  bytes_hash  TEXT NOT NULL          -- all of it when its links were last looked at, '' for never
);
CREATE TABLE link_pairs (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  a           INTEGER NOT NULL REFERENCES link_notes (id),
  b           INTEGER NOT NULL REFERENCES link_notes (id),
  state       TEXT NOT NULL,
  run         TEXT NOT NULL,         -- what proposed it last, or wrote it
  score       REAL NOT NULL,
  reason      TEXT NOT NULL,         -- JSON
  source_a    TEXT NOT NULL,         -- the notes' own content when it was proposed
  source_b    TEXT NOT NULL,
  because     TEXT NOT NULL,         -- why it stands where it stands, for people
  at_s        REAL NOT NULL,
  UNIQUE (a, b)
);
CREATE INDEX link_pairs_run ON link_pairs (run);
CREATE INDEX link_pairs_b ON link_pairs (b);
CREATE INDEX link_pairs_state ON link_pairs (state);
CREATE TABLE link_sides (            -- the links themselves: what stands in which note
  pair        INTEGER NOT NULL REFERENCES link_pairs (id),
  note        INTEGER NOT NULL REFERENCES link_notes (id),
  form        TEXT NOT NULL,
  text        TEXT NOT NULL,
  before      TEXT NOT NULL,         -- the text before it was pointed elsewhere, '' for never
  had         INTEGER NOT NULL,      -- whether the property was there before its first link
  state       TEXT NOT NULL,
  run         TEXT NOT NULL,
  PRIMARY KEY (pair, note)
) WITHOUT ROWID;
CREATE INDEX link_sides_note ON link_sides (note);
CREATE TABLE link_runs (
  id          TEXT PRIMARY KEY,
  at_s        REAL NOT NULL,
  settings    TEXT NOT NULL          -- JSON
) WITHOUT ROWID;
CREATE TABLE notes_present (         -- the vault's notes, and notes of pairs that are missing
  key         TEXT PRIMARY KEY,
  since       INTEGER NOT NULL,      -- the look that saw it first
  missing     INTEGER                -- the look that missed it first
) WITHOUT ROWID;
"""


def moment(value: float) -> float:
    """Return a stored time, in seconds since the epoch. Raises ValueError."""
    if not 0 <= value < _LATEST_S:
        message = f"a time of {value}"
        raise ValueError(message)
    return value


def web_address(value: str) -> str:
    """Return a stored address: one of the web, and no file of this machine. Raises ValueError."""
    if clean_address(value) != value:
        message = f"an address of {value[:100]}"
        raise ValueError(message)
    return value


def sureness(value: float) -> float:
    """Return a stored confidence. Raises ValueError, TypeError."""
    if not 0 <= value <= NO_CONFIDENCE:
        message = f"a confidence of {value}"
        raise ValueError(message)
    return value


def _object(text: str) -> dict[str, Any]:
    """Return a JSON object as a dict. Raises TypeError if it is not an object."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise TypeError("not a JSON object")
    return value


def names(text: str) -> tuple[str, ...]:
    """Return a stored list of names. Raises ValueError, TypeError."""
    value = json.loads(text)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise TypeError("not a list of strings")
    return tuple(value)


def vocabulary_row(text: str) -> tuple[str, tuple[str, ...], str, ProposalState]:
    """Return a stored tag of a vocabulary: its spellings, what it is for, and its state.

    Raises ValueError, TypeError.
    """
    tag, spellings, why, state = json.loads(text)
    if not isinstance(tag, str) or not isinstance(why, str):
        raise TypeError("not a tag of a vocabulary")
    return tag, names(json.dumps(spellings)), why, ProposalState(state)


def _reason(text: str) -> None:
    """Check a pair's stored reason: lists of words. Raises ValueError, TypeError."""
    for words in _object(text).values():
        if not isinstance(words, list) or not all(isinstance(one, str) for one in words):
            raise TypeError("not a list of strings")


def _settings(text: str) -> None:
    """Check a run's stored settings. Raises ValueError, TypeError."""
    Form(_object(text).get("form", Form.PROPERTY))


READERS: Final[Readers] = {
    "writes.state": State,
    "writes.at_s": moment,
    "proposals.kind": ProposalKind,
    "proposals.state": ProposalState,
    "proposals.scope": scope_of,
    "proposals.confidence": sureness,
    "proposals.made_at": moment,
    "proposals.decided_at": moment,
    "new_notes.tags": names,
    "ingested.at": moment,
    "drafts.at": moment,
    "followed.address": web_address,
    "followed.since": moment,
    "followed.looked_at": moment,
    "followed_entries.seen_at": moment,
    "followed_entries.failed_at": moment,
    "followed_entries.tried_at": moment,
    "followed_look.at": moment,
    "steps.at": moment,
    "step_rows.was_scope": scope_of,
    "step_rows.now_scope": scope_of,
    "curated.at": moment,
    "curated_without.property": Property,
    "invented_tags.notes": names,
    "invented_tags.at": moment,
    "tag_changes.at": moment,
    "new_tags.at": moment,
    "vocabulary_tags.since": moment,
    "vocabulary_changes.was": vocabulary_row,
    "vocabulary_changes.becomes": vocabulary_row,
    "vocabulary_changes.at": moment,
    "unmatched_exclusions.at": moment,
    "link_pairs.state": PairState,
    "link_pairs.score": sureness,
    "link_pairs.reason": _reason,
    "link_pairs.at_s": moment,
    "link_sides.form": Form,
    "link_sides.state": SideState,
    "link_runs.at_s": moment,
    "link_runs.settings": _settings,
}
