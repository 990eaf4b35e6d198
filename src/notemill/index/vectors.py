"""The cache of vectors, by text and model."""

from __future__ import annotations

import sqlite3
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from notemill.index.derived import Derived

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_BYTES = np.dtype(np.float16).itemsize


class VectorCache:
    """A file of vectors outside the vault; deleting it costs the time to compute them again.

    A vector is stored by a key derived from its text alone, so that a renamed note is not embedded
    again, and by its model's name; in half precision, which ranks the same.
    """

    def __init__(self, path: Path) -> None:
        """Open the file at `path`, an empty one if it is absent or cannot be read."""
        self._derived = Derived(path)

    def close(self) -> None:
        """Close the file."""
        self._derived.close()

    def find(self, model: str, keys: Collection[str]) -> dict[str, Floats]:
        """Return the stored vectors of a model, by key.

        All have the same width, the most common one, except empty ones for texts without content.
        """
        wanted = set(keys)
        try:
            rows = self._derived.db.execute(
                "SELECT key, vector FROM vectors WHERE model = ?", (model,)
            ).fetchall()
        except sqlite3.DatabaseError:
            self._derived.start_afresh()
            return {}
        found = {
            key: np.frombuffer(vector, np.float16).astype(np.float32)
            for key, vector in rows
            if key in wanted and isinstance(vector, bytes) and len(vector) % _BYTES == 0
        }
        widths = Counter(len(one) for one in found.values() if len(one))
        width = max(widths, key=lambda one: widths[one], default=0)
        return {key: one for key, one in found.items() if len(one) in (0, width)}

    def keep(self, model: str, vectors: Mapping[str, Floats]) -> None:
        """Store vectors by key; an empty one means that there was nothing to read."""
        rows = [(key, model, one.astype(np.float16).tobytes()) for key, one in vectors.items()]
        try:
            self._insert(rows)
        except sqlite3.DatabaseError:
            self._derived.start_afresh()
            self._insert(rows)

    def _insert(self, rows: Iterable[tuple[str, str, bytes]]) -> None:
        with self._derived.writing() as db:
            db.executemany("INSERT OR REPLACE INTO vectors VALUES (?,?,?)", rows)

    def prune(self, keys: Collection[str]) -> None:
        """Delete the vectors of all models for keys other than `keys`."""
        wanted = set(keys)
        held = self._derived.db.execute("SELECT DISTINCT key FROM vectors").fetchall()
        gone = [row for row in held if row[0] not in wanted]
        with self._derived.writing() as db:
            db.executemany("DELETE FROM vectors WHERE key = ?", gone)
