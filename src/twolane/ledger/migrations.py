"""Steps from each older format of the ledger to the next; all that are due run in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

MIGRATIONS: Final[Mapping[int, str]] = {
    # Deadlines, and batches that turn up after they were given up.
    1: """
ALTER TABLE runs ADD COLUMN deadline_at REAL;
ALTER TABLE batches ADD COLUMN cancel_at REAL;
DROP INDEX batches_open;
CREATE INDEX batches_open ON batches (run_no)
  WHERE state NOT IN ('collected', 'refused', 'lost', 'orphan');
""",
}
"""The SQL that leads from a format to the one after it."""
