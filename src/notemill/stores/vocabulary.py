"""A vocabulary that was proposed for a whole vault, as rows of the queue.

It is in force, without a note, as the rows that were applied. Its tags are decided like all other
proposals; no part of it is kept anywhere else.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from notemill.stores.proposals import HERE, NO_CONFIDENCE, ProposalKind, ProposalState, value_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from notemill.stores.store import Store

_KIND: Final = ProposalKind.VOCABULARY_TAG
SPELLINGS: Final = ", "
"""Separates other spellings, none of which contains a comma."""


class VocabularyTag(NamedTuple):
    """A tag of a vocabulary: its other spellings, and what it is for, '' if nobody said."""

    tag: str
    aliases: tuple[str, ...] = ()
    description: str = ""


class StoredVocabulary:
    """The vocabulary of one vault that was proposed, decided or put in force without a note."""

    def __init__(self, store: Store) -> None:
        """Keep it in `store`."""
        self._store = store

    def counts(self) -> Counter[ProposalState]:
        """Return how many of its tags are in each state."""
        rows = self._store.rows(
            "SELECT state, count(*) FROM proposals WHERE kind = ? GROUP BY state", _KIND
        )
        return Counter({ProposalState(state): int(count) for state, count in rows})

    def runs(self) -> frozenset[str]:
        """Return the runs that its tags belong to."""
        rows = self._store.rows("SELECT DISTINCT run FROM proposals WHERE kind = ?", _KIND)
        return frozenset(str(row[0]) for row in rows)

    def in_force_by(self) -> frozenset[str]:
        """Return the runs that put tags in force."""
        rows = self._store.rows(
            "SELECT DISTINCT wrote FROM proposals WHERE kind = ? AND state = 'applied'", _KIND
        )
        return frozenset(str(row[0]) for row in rows)

    def tags(self, *states: ProposalState, run: str | None = None) -> tuple[VocabularyTag, ...]:
        """Return its tags in some states, of all runs or one, as they were proposed in order."""
        rows = self._store.rows(
            "SELECT value, replaces, why FROM proposals WHERE kind = ?1"
            " AND state IN (SELECT value FROM json_each(?2)) AND (?3 IS NULL OR run = ?3)"
            " ORDER BY id",
            _KIND,
            json.dumps(states),
            run,
        )
        return tuple(
            VocabularyTag(str(tag), tuple(filter(None, str(aliases).split(SPELLINGS))), str(why))
            for tag, aliases, why in rows
        )

    def propose(self, run: str, tags: Iterable[VocabularyTag], *, now: float) -> None:
        """Store the tags that a run proposes; once: what was stored for it before stays."""
        with self._store.transaction() as db:
            if db.execute(
                "SELECT 1 FROM proposals WHERE kind = ? AND run = ? LIMIT 1", (_KIND, run)
            ).fetchone():
                return
            self._insert(run, tags, ProposalState.PENDING, now)

    def _insert(
        self, run: str, tags: Iterable[VocabularyTag], state: ProposalState, now: float
    ) -> None:
        self._store.db.executemany(
            "INSERT INTO proposals (run, note, source_hash, kind, value, value_key, replaces, why,"
            " confidence, state, scope, wrote, made_at) VALUES (?,'','',?,?,?,?,?,?,?,'','',?)",
            [
                (run, _KIND, one.tag, value_key(_KIND, one.tag), SPELLINGS.join(one.aliases),
                 one.description, NO_CONFIDENCE, state, now)
                for one in tags
            ],
        )  # fmt: skip

    def accept(self, *, now: float) -> None:
        """Accept all that is pending."""
        with self._store.transaction() as db:
            db.execute(
                "UPDATE proposals SET state = 'accepted', decided_at = ?"
                " WHERE kind = ? AND state = 'pending'",
                (now, _KIND),
            )

    def reject(self, *, now: float) -> None:
        """Reject all that is not in force."""
        with self._store.transaction() as db:
            db.execute(
                "UPDATE proposals SET state = 'rejected', scope = ?, decided_at = ?"
                " WHERE kind = ? AND state IN ('pending', 'accepted')",
                (HERE, now, _KIND),
            )

    def replace(self, tags: Sequence[VocabularyTag], *, now: float) -> None:
        """Accept these tags in place of the open ones, as a person edited the whole list.

        A tag that is no longer among them is rejected.
        """
        kept = {value_key(_KIND, one.tag) for one in tags}
        with self._store.transaction() as db:
            open_ = db.execute(
                "SELECT id, value_key, run FROM proposals WHERE kind = ?"
                " AND state IN ('pending', 'accepted')",
                (_KIND,),
            ).fetchall()
            self._delete([number for number, key, _ in open_ if key in kept])
            self.reject(now=now)
            run = open_[0][2] if open_ else ""
            self._insert(run, tags, ProposalState.ACCEPTED, now)

    def _delete(self, numbers: Sequence[int]) -> None:
        db = self._store.db
        db.executemany(
            "DELETE FROM step_rows WHERE proposal = ?", [(f"p{one}",) for one in numbers]
        )
        db.executemany("DELETE FROM proposals WHERE id = ?", [(one,) for one in numbers])

    def put_in_force(self, *, now: float, only: Collection[int] | None = None) -> int:
        """Apply what was accepted, from now on the vault's vocabulary; return how many tags.

        `only` are the numbers of the proposals to apply, None for all.
        """
        numbers = None if only is None else json.dumps(sorted(only))
        with self._store.transaction() as db:
            return db.execute(
                "UPDATE proposals SET state = 'applied', wrote = run, decided_at = ?"
                " WHERE kind = ? AND state = 'accepted'"
                " AND (? IS NULL OR id IN (SELECT value FROM json_each(?)))",
                (now, _KIND, numbers, numbers),
            ).rowcount

    def join(self, runs: Iterable[str], run: str) -> None:
        """Record that the tags of `runs` belong to `run`: its undo takes them back."""
        with self._store.transaction() as db:
            db.executemany(
                "UPDATE proposals SET run = ?, wrote = iif(wrote = '', '', ?)"
                " WHERE kind = ? AND run = ?",
                [(run, run, _KIND, one) for one in runs],
            )

    def take_back(self, run: str, *, now: float) -> int:
        """Undo what a run put in force; return the number of its tags."""
        with self._store.transaction() as db:
            return db.execute(
                "UPDATE proposals SET state = 'undone', decided_at = ?"
                " WHERE kind = ? AND wrote = ? AND state = 'applied'",
                (now, _KIND, run),
            ).rowcount

    def discard(self) -> None:
        """Delete what is neither in force nor rejected, to propose anew."""
        with self._store.transaction() as db:
            open_ = db.execute(
                "SELECT id FROM proposals WHERE kind = ? AND state IN ('pending', 'accepted')",
                (_KIND,),
            ).fetchall()
            self._delete([number for (number,) in open_])
