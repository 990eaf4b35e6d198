"""Migrations from each older format to the next; all that are due run in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

MIGRATIONS: Final[Mapping[int, str]] = {
    # Deadlines, batches that turn up after they were given up, runs that moved to another
    # computer, runs whose bodies were let go; and pending items in the order in which they
    # leave, so that the next ones are found without sorting the rest.
    1: """
ALTER TABLE runs ADD COLUMN deadline_at REAL;
CREATE TABLE limits (
  base_url             TEXT NOT NULL,
  key_fingerprint      TEXT NOT NULL,
  model                TEXT NOT NULL,
  requests_per_min     INTEGER,
  input_tokens_per_min INTEGER,
  seen_at              REAL NOT NULL,
  PRIMARY KEY (base_url, key_fingerprint, model)
) WITHOUT ROWID;
ALTER TABLE runs ADD COLUMN handed_over TEXT;
ALTER TABLE runs ADD COLUMN dropped_at REAL;
ALTER TABLE batches ADD COLUMN cancel_at REAL;
CREATE INDEX attempts_calls ON attempts (item) WHERE batch_no IS NULL AND outcome IS NULL;
CREATE INDEX attempts_uncertain ON attempts (item) WHERE outcome = 'uncertain';
DROP INDEX items_pending;
CREATE INDEX items_pending ON items (id >> 32, lane, need DESC, id, stage) WHERE state = 'pending';
DROP INDEX batches_open;
CREATE INDEX batches_open ON batches (run_no)
  WHERE state NOT IN ('collected', 'refused', 'lost', 'orphan');
""",
    # Where a run was worked on: what one address taught says nothing of another.
    2: """
ALTER TABLE runs ADD COLUMN base_url TEXT NOT NULL DEFAULT '';
UPDATE runs SET base_url = coalesce(
  (SELECT min(b.base_url) FROM batches b WHERE b.run_no = runs.run_no
    HAVING count(DISTINCT b.base_url) = 1), '');
ALTER TABLE runs ADD COLUMN batch_bytes INTEGER;
ALTER TABLE runs ADD COLUMN waits_for TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN waits_until REAL;
ALTER TABLE attempts ADD COLUMN web_searches INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN unpriced TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN ending TEXT;
CREATE INDEX attempts_remarkable ON attempts (item) WHERE ending IS NOT NULL OR unpriced <> '';
CREATE TABLE months (
  month          TEXT PRIMARY KEY,
  committed_nano INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO months
  SELECT strftime('%Y-%m', sent_at, 'unixepoch'), sum(iif(outcome IS NULL, reserve_nano, cost_nano))
  FROM attempts GROUP BY 1;
""",
}
"""The SQL that migrates each format to the next one."""
