-- The ledger, version 1. Whatever is true of a run is a row here before anything acts on it.
-- Times are seconds since the epoch, money is integer nano-dollars, sizes are bytes.
-- An item's id is run_no * 2^32 + its index, so that a run is one range of the primary key.

CREATE TABLE runs (
  run_no          INTEGER PRIMARY KEY,
  id              TEXT NOT NULL UNIQUE,
  kind            TEXT NOT NULL,
  label           TEXT NOT NULL,              -- what a person calls it: the vault, the input file
  state           TEXT NOT NULL,
  state_reason    TEXT NOT NULL DEFAULT '',
  created_at      REAL NOT NULL,
  ended_at        REAL,
  worked_s        REAL NOT NULL DEFAULT 0,    -- time spent working, over all resumes
  source          TEXT NOT NULL,              -- what the same command again is recognised by
  input_hash      TEXT NOT NULL,
  settings        TEXT NOT NULL,              -- JSON: what a resume must not silently change
  provider        TEXT NOT NULL,
  model           TEXT NOT NULL,
  lane_forced     TEXT,                       -- NULL: the engine chooses
  decision_lane   TEXT NOT NULL,
  decision_reason TEXT NOT NULL,
  batch_size      INTEGER NOT NULL,
  total           INTEGER NOT NULL,
  estimated_nano  INTEGER NOT NULL,
  cap_nano        INTEGER,
  shared          BLOB NOT NULL               -- JSON object: the part of params all items share
);
CREATE INDEX runs_source ON runs (source, created_at);

CREATE TABLE items (
  id           INTEGER PRIMARY KEY,
  key          TEXT NOT NULL,                 -- the caller's id, or the note's path
  name         TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  echo         INTEGER NOT NULL,
  need         INTEGER NOT NULL,
  stage        INTEGER NOT NULL,
  lane         TEXT NOT NULL,
  state        TEXT NOT NULL,
  reason       TEXT NOT NULL DEFAULT '',      -- why it is where it is, for a person
  fault        TEXT NOT NULL DEFAULT '',      -- the class of its last fault, for the retry policy
  tries        INTEGER NOT NULL DEFAULT 0,    -- attempts that count for the retry policy
  size_bytes   INTEGER NOT NULL,
  max_tokens   INTEGER NOT NULL
);
CREATE INDEX items_pending ON items (stage, lane, need DESC, id) WHERE state = 'pending';

CREATE TABLE requests (
  item   INTEGER PRIMARY KEY REFERENCES items (id),
  params BLOB NOT NULL                        -- JSON object without the shared part
);

CREATE TABLE batches (
  batch_no        INTEGER PRIMARY KEY,
  run_no          INTEGER NOT NULL REFERENCES runs (run_no),
  nonce           TEXT NOT NULL,
  state           TEXT NOT NULL,
  reason          TEXT NOT NULL DEFAULT '',
  size            INTEGER NOT NULL,
  provider_id     TEXT UNIQUE,
  base_url        TEXT NOT NULL,
  key_fingerprint TEXT NOT NULL,
  newest_id       TEXT,                       -- the newest batch of the list before the create
  newest_at       REAL,
  intended_at     REAL NOT NULL,
  submitted_at    REAL,
  ended_at        REAL,
  UNIQUE (run_no, nonce)
);
CREATE INDEX batches_open ON batches (run_no) WHERE state NOT IN ('collected', 'refused', 'lost');

CREATE TABLE attempts (
  attempt_no    INTEGER PRIMARY KEY,
  item          INTEGER NOT NULL REFERENCES items (id),
  batch_no      INTEGER REFERENCES batches (batch_no),   -- NULL: real time
  lane          TEXT NOT NULL,
  nonce         TEXT NOT NULL,
  sent_at       REAL NOT NULL,
  settled_at    REAL,
  outcome       TEXT,                         -- NULL until it is settled
  error_kind    TEXT NOT NULL DEFAULT '',
  message       TEXT NOT NULL DEFAULT '',
  request_id    TEXT,
  reserve_nano  INTEGER NOT NULL,
  cost_nano     INTEGER NOT NULL DEFAULT 0,
  realtime_nano INTEGER NOT NULL DEFAULT 0,   -- what the same tokens cost in real time
  input_tokens          INTEGER NOT NULL DEFAULT 0,
  output_tokens         INTEGER NOT NULL DEFAULT 0,
  cache_write_5m_tokens INTEGER NOT NULL DEFAULT 0,
  cache_write_1h_tokens INTEGER NOT NULL DEFAULT 0,
  cache_read_tokens     INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX attempts_item ON attempts (item);
CREATE INDEX attempts_batch ON attempts (batch_no) WHERE batch_no IS NOT NULL;

CREATE TABLE replies (
  attempt_no INTEGER PRIMARY KEY REFERENCES attempts (attempt_no),
  body       BLOB NOT NULL                    -- the result in the provider's batch-result shape
);

CREATE TABLE controls (
  control_no INTEGER PRIMARY KEY,
  run_no     INTEGER NOT NULL REFERENCES runs (run_no),
  item       INTEGER,                         -- NULL: the whole run
  action     TEXT NOT NULL,
  asked_at   REAL NOT NULL,
  done_at    REAL
);
CREATE INDEX controls_open ON controls (run_no) WHERE done_at IS NULL;
