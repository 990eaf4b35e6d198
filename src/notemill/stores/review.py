"""The durable queue of proposals and decisions: the only gate to writing.

Every proposal is one tag, one topic or one description, bound to the hash of the note's own
content. Kept outside the vault; derived from nothing, so it is not a cache.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from notemill.stores.proposals import Proposal, ProposalKind, ProposalState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notemill.stores.proposals import NewProposal
    from notemill.stores.store import Store

_TAGS = (ProposalKind.TAG, ProposalKind.NEW_TAG)
_PROPOSALS = "SELECT id, run, note, source_hash, kind, value, replaces, state FROM proposals"


class Review:
    """All proposals for one vault."""

    def __init__(self, store: Store) -> None:
        """Keep them in `store`."""
        self._store = store

    def store(
        self,
        run: str,
        notes: Iterable[tuple[str, str, Sequence[NewProposal]]],
        *,
        now: float,
    ) -> None:
        """Keep the proposals of (note, source hash, proposals) and note each as curated.

        A note's reply is read once: storing the same again changes nothing, also after an undo.
        """
        with self._store.transaction() as db:
            for note, source_hash, proposals in notes:
                new = db.execute("INSERT OR IGNORE INTO answered VALUES (?,?)", (run, note))
                if not new.rowcount:
                    continue
                turned_down = self._rejected(note)
                db.executemany(
                    "INSERT OR IGNORE INTO proposals (run, note, source_hash, kind, value,"
                    " replaces, state, made_at) VALUES (?,?,?,?,?,?,'pending',?)",
                    [
                        (run, note, source_hash, one.kind, one.value, one.replaces, now)
                        for one in proposals
                        if (one.kind, one.value.casefold()) not in turned_down
                    ],
                )
                db.execute(
                    "INSERT INTO curated (note, source_hash, run, at) VALUES (?,?,?,?)"
                    " ON CONFLICT (note) DO UPDATE SET source_hash = excluded.source_hash,"
                    " run = excluded.run, at = excluded.at",
                    (note, source_hash, run, now),
                )

    def _rejected(self, note: str) -> set[tuple[str, str]]:
        """Return what a person has turned down before for this note, in any spelling."""
        rows = self._store.rows(
            "SELECT kind, value FROM proposals WHERE note = ? AND state = 'rejected'", note
        )
        # A tag that was turned down is no other for being in the vocabulary by now.
        kinds = dict.fromkeys(_TAGS, _TAGS)
        return {
            (as_kind, str(value).casefold())
            for kind, value in rows
            for as_kind in kinds.get(kind, (kind,))
        }

    def curated(self) -> dict[str, str]:
        """Return the source hash under which each note was last curated."""
        return dict(self._store.rows("SELECT note, source_hash FROM curated"))

    def curated_at(self) -> dict[str, float]:
        """Return when each note was last curated, in seconds since the epoch."""
        return dict(self._store.rows("SELECT note, at FROM curated"))

    def stored(self, run: str) -> set[str]:
        """Return the notes of a run whose replies have been read."""
        rows = self._store.rows("SELECT note FROM answered WHERE run = ?", run)
        return {str(row[0]) for row in rows}

    def proposals(
        self, run: str, *, note: str | None = None, state: ProposalState | None = None
    ) -> list[Proposal]:
        """Return the proposals of a run, note by note."""
        wanted = {"run": run, "note": note, "state": state}
        # Only what is asked for: an index finds `note = ?`, and no condition around it.
        given = {column: value for column, value in wanted.items() if value is not None}
        return self._found(" AND ".join(f"{column} = ?" for column in given), *given.values())

    def standing(self) -> dict[str, Counter[str]]:
        """Return for each run how many of its proposals stand how."""
        found: dict[str, Counter[str]] = {}
        for run, state, count in self._store.rows(
            "SELECT run, state, count(*) FROM proposals GROUP BY run, state"
        ):
            found.setdefault(str(run), Counter())[str(state)] = int(count)
        return found

    def tags(self, state: ProposalState) -> list[Proposal]:
        """Return the proposals of tags, new ones too, of all runs that stand so."""
        return self._found("kind IN ('tag', 'new tag') AND state = ?", state)

    def _found(self, where: str, *values: str) -> list[Proposal]:
        rows = self._store.rows(f"{_PROPOSALS} WHERE {where} ORDER BY note, id", *values)
        return [_proposal(row) for row in rows]

    def replacing(self, proposal: Proposal, replaces: str) -> None:
        """Write down that a proposal would replace what a person has written meanwhile."""
        with self._store.transaction() as db:
            db.execute("UPDATE proposals SET replaces = ? WHERE id = ?", (replaces, proposal.id))

    def decide(self, proposals: Iterable[Proposal], state: ProposalState, *, now: float) -> None:
        """Write down what became of proposals."""
        with self._store.transaction() as db:
            db.executemany(
                "UPDATE proposals SET state = ?, decided_at = ? WHERE id = ?",
                [(state, now, one.id) for one in proposals],
            )

    def rebase(self, notes: Iterable[tuple[str, str, str]]) -> None:
        """Take each (note, old, new) source hash for the same: the change was our own.

        What was curated stays curated, and what waits for a decision still fits.
        """
        changed = [(new, note, old) for note, old, new in notes if old != new]
        with self._store.transaction() as db:
            db.executemany(
                "UPDATE curated SET source_hash = ? WHERE note = ? AND source_hash = ?", changed
            )
            db.executemany(
                "UPDATE proposals SET source_hash = ? WHERE note = ? AND source_hash = ?"
                " AND state = 'pending'",
                changed,
            )

    def descriptions_written(self, note: str | None = None) -> dict[str, frozenset[str]]:
        """Return the descriptions that notemill has written into each note, or just into one."""
        written = "kind = 'description' AND state = 'applied'"
        rows = (
            self._found(written) if note is None else self._found(f"{written} AND note = ?", note)
        )
        found: dict[str, set[str]] = {}
        for one in rows:
            found.setdefault(one.note, set()).add(one.value)
        return {note: frozenset(values) for note, values in found.items()}

    def forget(self, run: str) -> None:
        """Delete the proposals of a run, and what was decided on them, from the disk as well.

        Its notes count as curated all the same: nothing is paid for again.
        """
        with self._store.erasing() as db:
            db.execute("DELETE FROM proposals WHERE run = ?", (run,))
            db.execute("DELETE FROM answered WHERE run = ?", (run,))
            db.execute("UPDATE curated SET run = '' WHERE run = ?", (run,))

    def forget_curated(self, notes: Iterable[tuple[str, Iterable[str]]], *, now: float) -> None:
        """Let each (note, runs) count as not curated again: what the runs wrote was undone."""
        with self._store.transaction() as db:
            for note, runs in notes:
                for run in runs:
                    db.execute("DELETE FROM curated WHERE note = ? AND run = ?", (note, run))
                    db.execute(
                        "UPDATE proposals SET state = 'undone', decided_at = ?"
                        " WHERE note = ? AND run = ? AND state = 'applied'",
                        (now, note, run),
                    )


def _proposal(row: tuple[int, str, str, str, str, str, str, str]) -> Proposal:
    number, run, note, source, kind, value, replaces, state = row
    return Proposal(
        number, run, note, source, ProposalKind(kind), value, replaces, ProposalState(state)
    )
