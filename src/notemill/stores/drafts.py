"""What was read of sources, kept until their notes are proposed: nothing is read twice."""

from __future__ import annotations

import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

from notemill.errors import StoreError
from notemill.vault.disk import MAX_NOTE_BYTES
from twolane.databases import inflate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notemill.stores.store import Store


class Drafts:
    """The drafts of one vault, by the batch that they were read for and by a key of their source."""

    def __init__(self, store: Store) -> None:
        """Keep them in `store`."""
        self._store = store

    def keep(self, batch: str, key: str, body: bytes, now: float) -> None:
        """Keep a draft, in place of one with the same key; durable on return.

        Raises StoreError if it is larger than a note may be.
        """
        if len(body) > MAX_NOTE_BYTES:
            raise StoreError(
                f"what was read of {key} has more than {MAX_NOTE_BYTES:,} bytes, which is not kept"
            )
        with self._store.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO drafts VALUES (?,?,?,?)",
                (batch, key, zlib.compress(body, 1), now),
            )

    def kept(self, batch: str) -> dict[str, bytes]:
        """Return a batch's drafts by key, in the order of their first keeping; damaged ones are left out.

        A draft that is left out is read again.
        """
        found: dict[str, bytes] = {}
        for key, body in self._store.rows(
            "SELECT key, body FROM drafts WHERE batch = ? ORDER BY at, rowid", batch
        ):
            try:
                found[key] = inflate(body, most_bytes=MAX_NOTE_BYTES)
            except (TypeError, zlib.error):
                continue
        return found

    def keys(self, batch: str) -> frozenset[str]:
        """Return the keys of a batch's drafts."""
        rows = self._store.rows("SELECT key FROM drafts WHERE batch = ?", batch)
        return frozenset(str(key) for (key,) in rows)

    def one(self, batch: str, key: str) -> bytes | None:
        """Return one draft, None if it is not there or damaged: it is read again."""
        for (body,) in self._store.rows(
            "SELECT body FROM drafts WHERE batch = ? AND key = ?", batch, key
        ):
            with suppress(TypeError, zlib.error):
                return inflate(body, most_bytes=MAX_NOTE_BYTES)
        return None

    def has(self, batch: str, key: str) -> bool:
        """Return whether there is such a draft."""
        return bool(
            self._store.rows("SELECT 1 FROM drafts WHERE batch = ? AND key = ?", batch, key)
        )

    def expire(self, batch: str, *, before: float) -> None:
        """Delete the drafts of a batch that were kept before a moment, in seconds since the epoch."""
        with self._store.transaction() as db:
            db.execute("DELETE FROM drafts WHERE batch = ? AND at < ?", (batch, before))

    def drop(self, batch: str, keys: Iterable[str]) -> None:
        """Delete some drafts of a batch."""
        with self._store.transaction() as db:
            db.executemany(
                "DELETE FROM drafts WHERE batch = ? AND key = ?", [(batch, key) for key in keys]
            )

    def forget(self, batch: str) -> None:
        """Delete a batch's drafts."""
        with self._store.transaction() as db:
            db.execute("DELETE FROM drafts WHERE batch = ?", (batch,))
