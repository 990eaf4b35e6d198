"""The proposals that replies make for notes: which were read, curated, written and undone.

Every proposal is one tag, one topic or one description, bound to the hash of the note's own
content. A person's decisions on them, and on every other kind, go through the queue.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from notemill.markup.tags import tag_key
from notemill.properties import Property
from notemill.stores.proposals import (
    TAG_KINDS,
    Decision,
    InventedTag,
    Proposal,
    ProposalKind,
    ProposalState,
    sources_of,
    value_key,
)
from notemill.stores.queue_rows import OF_NOTES
from notemill.stores.schema import names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from notemill.properties import Properties
    from notemill.stores.proposals import NewProposal
    from notemill.stores.store import Store

_PROPOSALS = "SELECT id, run, note, source_hash, kind, value, replaces, state FROM proposals"
_PROPOSE = (
    "INSERT INTO proposals (run, note, source_hash, kind, value, value_key,"
    " replaces, why, confidence, state, scope, wrote, made_at)"
    " VALUES (?,?,?,?,?,?,?,'',2,'pending','','',?)"
)


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
        without: Mapping[str, Properties] | None = None,
    ) -> None:
        """Store each note's proposals (note, source hash, proposals) and record it as curated.

        `without` names the notes that were not curated for all properties, and for which not. A
        note's reply is read once: storing it again changes nothing, even after an undo.
        """
        left_out = without or {}
        with self._store.transaction() as db:
            never = self.turned_down()
            for note, source_hash, proposals in notes:
                new = db.execute("INSERT OR IGNORE INTO answered VALUES (?,?)", (run, note))
                if not new.rowcount:
                    continue
                turned_down = never | self.turned_down(note)
                self.propose(run, note, source_hash, proposals, but=turned_down, now=now)
                db.execute(
                    "INSERT INTO curated (note, source_hash, run, at) VALUES (?,?,?,?)"
                    " ON CONFLICT (note) DO UPDATE SET source_hash = excluded.source_hash,"
                    " run = excluded.run, at = excluded.at",
                    (note, source_hash, run, now),
                )
                db.execute("DELETE FROM curated_without WHERE note = ?", (note,))
                db.executemany(
                    "INSERT INTO curated_without VALUES (?,?)",
                    [(note, one) for one in left_out.get(note, ())],
                )

    def propose(
        self,
        run: str,
        note: str,
        source_hash: str,
        proposals: Sequence[NewProposal],
        *,
        but: set[tuple[str, str]],
        now: float,
    ) -> None:
        """Store a note's proposals as pending, except those that were turned down: `but` these."""
        with self._store.transaction() as db:
            db.executemany(
                _PROPOSE,
                [
                    (run, note, source_hash, one.kind, one.value, key, one.replaces, now)
                    for one in {(one.kind, one.value): one for one in proposals}.values()
                    if (one.kind, key := value_key(one.kind, one.value)) not in but
                ],
            )

    def turned_down(self, note: str | None = None) -> set[tuple[str, str]]:
        """Return what a person rejected for every note, or here for one, as kind and value key."""
        where, values = ("scope = 'never'", ()) if note is None else ("note = ?", (note,))
        rows = self._store.rows(
            f"SELECT DISTINCT kind, value_key FROM proposals WHERE state = 'rejected' AND {where}",  # noqa: S608
            *values,
        )
        kinds = dict.fromkeys(TAG_KINDS, TAG_KINDS)
        return {(as_kind, str(key)) for kind, key in rows for as_kind in kinds.get(kind, (kind,))}

    def invented(self, run: str) -> tuple[InventedTag, ...]:
        """Return what became of the tags that a run invented."""
        rows = self._store.rows(
            "SELECT tag, becomes, why, notes FROM invented_tags WHERE run = ? ORDER BY tag_key", run
        )
        return tuple(InventedTag(tag, into, why, names(notes)) for tag, into, why, notes in rows)

    def consolidate(
        self,
        run: str,
        invented: Iterable[InventedTag],
        changes: Iterable[tuple[Proposal, NewProposal | None]],
        *,
        now: float,
    ) -> None:
        """Record what becomes of tags that a run invented, and change its pending proposals.

        A proposal that changes is another one, with another id: nobody accepts what they did not
        see. One that was decided meanwhile, or has changed already, is left as it is; a tag that a
        person turned down for the note is not proposed again.
        """
        with self._store.transaction() as db:
            never = self.turned_down()
            for old, new in changes:
                gone = db.execute(
                    "DELETE FROM proposals WHERE id = ? AND value = ? AND state = 'pending'",
                    (old.id, old.value),
                ).rowcount
                if not gone or new is None:
                    continue
                key = value_key(new.kind, new.value)
                if (new.kind, key) not in never | self.turned_down(old.note):
                    db.execute(
                        _PROPOSE,
                        (run, old.note, old.source_hash, new.kind, new.value, key, "", now),
                    )
            db.executemany(
                "INSERT OR REPLACE INTO invented_tags VALUES (?,?,?,?,?,?,?)",
                [
                    (
                        run,
                        tag_key(one.tag),
                        one.tag,
                        one.becomes,
                        one.why,
                        json.dumps(one.notes),
                        now,
                    )
                    for one in invented
                ],
            )

    def curated(self) -> dict[str, str]:
        """Return the source hash under which each note was last curated."""
        return dict(self._store.rows("SELECT note, source_hash FROM curated"))

    def curated_without(self) -> dict[str, Properties]:
        """Return the properties that notes were last not curated for, of those that lack any."""
        found: dict[str, set[Property]] = {}
        for note, one in self._store.rows("SELECT note, property FROM curated_without"):
            found.setdefault(note, set()).add(Property(one))
        return {note: frozenset(properties) for note, properties in found.items()}

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
        """Return the proposals of a run for notes, note by note."""
        wanted = {"run": run, "note": note, "state": state}
        # Only the condition asked for: SQLite uses an index for a bare `note = ?` alone.
        given = {column: value for column, value in wanted.items() if value is not None}
        conditions = (*(f"{column} = ?" for column in given), "note <> ''")
        return self._found(" AND ".join(conditions), *given.values())

    def to_apply(self, run: str, *, note: str | None = None) -> list[Proposal]:
        """Return the proposals that applying a run considers: the pending and the accepted."""
        rows = self.proposals(run, note=note)
        return [one for one in rows if one.state in sources_of(ProposalState.APPLIED)]

    def accepted(self) -> list[Proposal]:
        """Return the accepted proposals for notes, of all runs, note by note."""
        return self._found(
            "state = 'accepted' AND kind IN ('description', 'tag', 'new tag', 'topic')"
        )

    def as_they_stand(self, proposals: Iterable[Proposal]) -> list[Proposal]:
        """Return the current rows of proposals, in the order of their numbers."""
        numbers = json.dumps([one.id for one in proposals])
        return self._found("id IN (SELECT value FROM json_each(?))", numbers)

    def standing(self) -> dict[str, Counter[str]]:
        """Return the number of proposals in each state, by run."""
        found: dict[str, Counter[str]] = {}
        for run, state, count in self._store.rows(
            "SELECT run, state, count(*) FROM proposals"
            # A vocabulary in force is no end of what its run proposes for notes.
            " WHERE kind <> 'vocabulary tag' OR state = 'pending' GROUP BY run, state"
        ):
            found.setdefault(str(run), Counter())[str(state)] = int(count)
        return found

    def tags(self, state: ProposalState) -> list[Proposal]:
        """Return the proposed tags in this state, new tags included, of all runs."""
        return self._found("kind IN ('tag', 'new tag') AND state = ?", state)

    def runs_with_tags(self) -> list[str]:
        """Return the runs that have pending tags, the newest first."""
        rows = self._store.rows(
            "SELECT run FROM proposals WHERE kind IN ('tag', 'new tag') AND state = 'pending'"
            " AND run != '' GROUP BY run ORDER BY max(id) DESC"
        )
        return [str(row[0]) for row in rows]

    def _found(self, where: str, *values: str) -> list[Proposal]:
        rows = self._store.rows(f"{_PROPOSALS} WHERE {where} ORDER BY note, id", *values)
        return self._store.read_each(rows, _proposal, lambda row: f"proposal {OF_NOTES}{row[0]}")

    def replacing(self, proposal: Proposal, replaces: str) -> None:
        """Record that a proposal would replace text that a person has written meanwhile."""
        with self._store.transaction() as db:
            db.execute("UPDATE proposals SET replaces = ? WHERE id = ?", (replaces, proposal.id))

    def decide(
        self, proposals: Iterable[Proposal], state: ProposalState, *, now: float, run: str = ""
    ) -> None:
        """Set the state of proposals; `run` wrote them, '' for the run that proposed them.

        A proposal that cannot move to `state` from its own is left as it is.
        """
        scope = Decision.REJECT.scope if state is ProposalState.REJECTED else ""
        sources = json.dumps(sources_of(state))
        written = state is ProposalState.APPLIED
        with self._store.transaction() as db:
            db.executemany(
                "UPDATE proposals SET state = ?, scope = ?, wrote = ?, decided_at = ?"
                " WHERE id = ? AND state IN (SELECT value FROM json_each(?))",
                [
                    (state, scope, (run or one.run) if written else "", now, one.id, sources)
                    for one in proposals
                ],
            )

    def rebase(self, notes: Iterable[tuple[str, str, str]]) -> None:
        """Treat each (note, old, new) source hash as the same: notemill made the change itself.

        A curated note stays curated, and its pending proposals stay valid.
        """
        changed = [(new, note, old) for note, old, new in notes if old != new]
        with self._store.transaction() as db:
            db.executemany(
                "UPDATE curated SET source_hash = ? WHERE note = ? AND source_hash = ?", changed
            )
            db.executemany(
                "UPDATE proposals SET source_hash = ? WHERE note = ? AND source_hash = ?"
                " AND state IN ('pending', 'accepted')",
                changed,
            )
            db.executemany(
                "UPDATE new_notes SET source_hash = ?1 WHERE source_hash = ?3 AND proposal IN"
                " (SELECT id FROM proposals WHERE note = ?2 AND kind = 'note')",
                changed,
            )

    def descriptions_written(self, note: str | None = None) -> dict[str, frozenset[str]]:
        """Return the descriptions that notemill has written into each note, or just into one."""
        written = "kind = 'description' AND state = 'applied'"
        # The plus keeps the index on states from being taken in place of the note's.
        of_note = "note = ? AND kind = 'description' AND +state = 'applied'"
        rows = self._found(written) if note is None else self._found(of_note, note)
        found: dict[str, set[str]] = {}
        for one in rows:
            found.setdefault(one.note, set()).add(one.value)
        return {note: frozenset(values) for note, values in found.items()}

    def forget(self, run: str) -> None:
        """Delete a run's proposals and the decisions on them, and erase them from the disk.

        Its notes still count as curated: nothing is paid for again.
        """
        with self._store.erasing() as db:
            db.execute(
                "DELETE FROM step_rows WHERE proposal IN"
                " (SELECT 'p' || id FROM proposals WHERE run = ?)",
                (run,),
            )
            db.execute("DELETE FROM steps WHERE id NOT IN (SELECT step FROM step_rows)")
            db.execute("DELETE FROM proposals WHERE run = ?", (run,))
            db.execute("DELETE FROM answered WHERE run = ?", (run,))
            db.execute("DELETE FROM invented_tags WHERE run = ?", (run,))
            db.execute("UPDATE curated SET run = '' WHERE run = ?", (run,))

    def changes_undone(self, run: str, *, now: float) -> None:
        """Record that a run's changes of tags were undone."""
        with self._store.transaction() as db:
            db.execute(
                "UPDATE proposals SET state = 'undone', decided_at = ?"
                " WHERE kind IN ('tag change', 'query change') AND wrote = ? AND state = 'applied'",
                (now, run),
            )

    def forget_curated(self, notes: Iterable[tuple[str, Iterable[str]]], *, now: float) -> None:
        """Mark each (note, runs) as not curated: what the runs wrote was undone.

        A run may have written proposals of other runs; the note no longer counts as curated by
        these.
        """
        with self._store.transaction() as db:
            for note, runs in notes:
                for run in runs:
                    db.execute(
                        "DELETE FROM curated WHERE note = ?1 AND (run = ?2 OR run IN"
                        " (SELECT run FROM proposals WHERE note = ?1 AND wrote = ?2))",
                        (note, run),
                    )
                    db.execute(
                        "UPDATE proposals SET state = 'undone', decided_at = ?"
                        " WHERE note = ? AND wrote = ? AND state = 'applied'",
                        (now, note, run),
                    )
                    # What else was proposed for a note that is no longer there.
                    db.execute(
                        "UPDATE proposals SET state = 'conflict', decided_at = ?1 WHERE note = ?2"
                        " AND state IN ('pending', 'accepted') AND run IN (SELECT run FROM proposals"
                        " WHERE note = ?2 AND wrote = ?3 AND kind = 'note')",
                        (now, note, run),
                    )


def _proposal(row: tuple[int, str, str, str, str, str, str, str]) -> Proposal:
    number, run, note, source, kind, value, replaces, state = row
    return Proposal(
        number, run, note, source, ProposalKind(kind), value, replaces, ProposalState(state)
    )
