"""What a vault's links taught, kept until they have changed much."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notemill.index.derived import Derived


class Lessons:
    """The lesson of one vault as JSON, under the fingerprint of the weights that it adds to."""

    def __init__(self, derived: Derived) -> None:
        """Keep it in the file `derived`."""
        self._derived = derived

    def find(self, weights: str) -> Any:  # noqa: ANN401
        """Return the lesson for these weights, None if there is none."""
        try:
            row = self._derived.db.execute(
                "SELECT lesson FROM lessons WHERE weights = ?", (weights,)
            ).fetchone()
            return row and json.loads(row[0])
        except sqlite3.DatabaseError:
            self._derived.start_afresh()
        except (ValueError, TypeError):
            pass
        return None

    def keep(self, weights: str, lesson: Mapping[str, Any]) -> None:
        """Store the lesson instead of any other. Raises VaultError if the disk is full."""
        with self._derived.writing() as db:
            db.execute("DELETE FROM lessons")
            db.execute("INSERT INTO lessons VALUES (?,?)", (weights, json.dumps(lesson)))
