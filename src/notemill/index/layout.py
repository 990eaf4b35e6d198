"""Where the notes lay in the last picture of the vault's graph, kept so that it stays as it was."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notemill.index.derived import Derived

    Places = Mapping[str, tuple[float, float]]


class Layout:
    """The notes' places in one picture, by key, under the fingerprint of the graph they are for."""

    def __init__(self, derived: Derived) -> None:
        """Keep them in the file `derived`."""
        self._derived = derived

    def last(self) -> tuple[str, Places]:
        """Return the fingerprint of the last graph and its notes' places; '' and none without one."""
        try:
            row = self._derived.db.execute("SELECT graph, places FROM layout").fetchone()
            if row:
                found = json.loads(row[1])
                return str(row[0]), {key: (float(x), float(y)) for key, (x, y) in found.items()}
        except sqlite3.DatabaseError:
            self._derived.start_afresh()
        except (AttributeError, ValueError, TypeError):
            pass
        return "", {}

    def keep(self, graph: str, places: Places) -> None:
        """Store a graph's places instead of any other. Raises VaultError if the disk is full."""
        with self._derived.writing() as db:
            db.execute("DELETE FROM layout")
            db.execute("INSERT INTO layout VALUES (?,?)", (graph, json.dumps(places)))
