"""Decisions on the queue: durable at once, each a step that the front that made it can undo."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.errors import ProposalConflictError, UsageError
from notemill.markup.tags import tag_key
from notemill.stores.pairs import REJECTED_BY_YOU, PairState
from notemill.stores.proposals import (
    DECIDABLE,
    EDITABLE,
    HERE,
    TAG_KINDS,
    Decision,
    ProposalKind,
    ProposalState,
    value_key,
)
from notemill.stores.queue import Queue
from notemill.stores.queue_rows import FROM_QUEUE, OF_NOTES, OF_PAIRS, Filter

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from notemill.stores.queue_rows import QueueRow
    from notemill.stores.store import Store

OPEN: Final = (ProposalState.PENDING, ProposalState.ACCEPTED)
SAYS: Final = " - "
"""Between a tag of a vocabulary and what it is for, as in its list; no tag contains a space."""
MAX_STEPS: Final = 10_000
"""How many steps can be undone, across all fronts: weeks of decisions in a few megabytes."""


@dataclass(frozen=True, slots=True)
class Decided:
    """The outcome of a decision or of an undo.

    `changed` rows are in their new state. `unchanged` rows were left alone: another front has
    decided them since they were shown, a run has written them, or they were already in that state.
    `missing` ids name no row: the finding no longer exists.
    """

    changed: tuple[QueueRow, ...] = ()
    unchanged: tuple[QueueRow, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Stand:
    """The part of a row that a step changes: its state as its table names it, scope and value.

    A pair has no value of its own, since its notes may be renamed: that is why it stands there. To
    the value of a vocabulary tag belongs what it is for, see `editable_value`.
    """

    state: str
    scope: str
    value: str


class Deciding:
    """The decisions of all fronts on one queue."""

    def __init__(self, store: Store) -> None:
        """Decide the proposals in `store`."""
        self._store = store
        self._queue = Queue(store)

    def decide(
        self,
        ids: Iterable[str],
        decision: Decision,
        *,
        by: str,
        now: float,
        was: ProposalState | None = None,
        value: str | None = None,
    ) -> Decided:
        """Decide proposals in one step of the front `by`; no step is recorded if nothing changes.

        `was` is the state that the front showed: a row that has changed state since is left alone.
        `value` is a person's edit, already checked. `Decision.NEVER` ends every pending proposal
        with the same value, and keeps it from being proposed for any note. The tags below one of a
        vocabulary are renamed and rejected with it, and what is proposed for a note to be written is
        rejected with that. Raises UsageError for a value that cannot be edited.
        """
        named = list(dict.fromkeys(ids))
        with self._store.transaction():
            rows = self._queue.get(named)
            chosen = [rows[one] for one in named if one in rows]
            _check_edit(chosen, decision, value)
            shown = [one for one in chosen if was in (None, one.state) and one.state in DECIDABLE]
            return self._step(chosen, shown, decision, by=by, now=now, value=value, named=named)

    def decide_all(
        self,
        wanted: Filter,
        decision: Decision,
        *,
        by: str,
        now: float,
        but: Collection[str] = (),
        value: str | None = None,
        count: int | None = None,
    ) -> Decided:
        """Decide the pending rows among those wanted in one step, except those with the ids `but`.

        `count` is how many the front showed: if there are more or fewer by now, none is decided.
        Raises UsageError for a value that cannot be edited, ProposalConflictError for the count.
        """
        with self._store.transaction():
            rows = [
                one
                for one in self._queue.all_of(wanted)
                if one.state is ProposalState.PENDING and one.id not in but
            ]
            if count not in (None, len(rows)):
                raise ProposalConflictError(
                    f"the queue has changed: {len(rows):,} of these are open now, not {count:,}; "
                    "nothing was decided"
                )
            _check_edit(rows, decision, value)
            return self._step(rows, rows, decision, by=by, now=now, value=value)

    def _step(
        self,
        chosen: Sequence[QueueRow],
        shown: Sequence[QueueRow],
        decision: Decision,
        *,
        by: str,
        now: float,
        value: str | None,
        named: Sequence[str] = (),
    ) -> Decided:
        changes = {one.id: (one, _after(one, decision, value)) for one in shown}
        if decision is Decision.NEVER:
            for one in self._waiting_like(shown):
                changes.setdefault(one.id, (one, _after(one, decision, None)))
        for one, after in list(changes.values()):
            for below in self._open_below(one):
                changes.setdefault(below.id, (below, _with_parent(below, one, after)))
        changes = {id_: pair for id_, pair in changes.items() if _stand(pair[0]) != pair[1]}
        if changes:
            step = self._new_step(by, now)
            for row, after in changes.values():
                self._put(row, after, now)
            self._store.db.executemany(
                "INSERT INTO step_rows VALUES (?,?,?,?,?,?,?,?)",
                [
                    (step, row.id, was.state, was.scope, was.value, to.state, to.scope, to.value)
                    for row, to in changes.values()
                    for was in [_stand(row)]
                ],
            )
        rows = self._queue.get([*changes, *(one.id for one in chosen)])
        return Decided(
            tuple(rows[one] for one in changes),
            tuple(rows[one.id] for one in chosen if one.id not in changes),
            tuple(one for one in named if one not in rows),
        )

    def _waiting_like(self, rows: Iterable[QueueRow]) -> list[QueueRow]:
        """Return the pending rows with the same values as these rows.

        Links are left out, and notes: those of the same title are of other sources.
        """
        alike = {
            (kind, one.value_key)
            for one in rows
            if one.kind not in (ProposalKind.LINK, ProposalKind.NOTE)
            for kind in (TAG_KINDS if one.kind in TAG_KINDS else (one.kind,))
        }
        found = [
            f"{OF_NOTES}{number}"
            for kind, key in sorted(alike)
            for (number,) in self._store.rows(
                "SELECT id FROM proposals WHERE value_key = ? AND kind = ? AND state = 'pending'",
                key,
                kind,
            )
        ]
        return list(self._queue.get(found).values())

    def _open_below(self, row: QueueRow) -> Iterable[QueueRow]:
        """Return the open rows that belong to a row.

        Of a tag of a vocabulary the tags below it, of a note to be written what its run proposes for
        it.
        """
        if row.kind is ProposalKind.NOTE:
            of_note = Filter(states=set(OPEN), kinds=EDITABLE, run=row.run, under=row.notes)
            return self._queue.all_of(of_note)
        if row.kind is not ProposalKind.VOCABULARY_TAG:
            return ()
        rows = self._queue.all_of(Filter(states=set(OPEN), kinds={row.kind}))
        return [one for one in rows if tag_key(one.value).startswith(f"{tag_key(row.value)}/")]

    def _new_step(self, by: str, now: float) -> int:
        db = self._store.db
        number = db.execute("INSERT INTO steps (front, at) VALUES (?,?)", (by, now)).lastrowid or 0
        for table, column in (("step_rows", "step"), ("steps", "id")):
            db.execute(f"DELETE FROM {table} WHERE {column} <= ?", (number - MAX_STEPS,))  # noqa: S608
        return number

    def _put(self, row: QueueRow, after: _Stand, now: float) -> None:
        """Record the new state of a row in the table that holds it."""
        number = row.id[1:]
        if row.id[0] == OF_PAIRS:
            self._store.db.execute(
                "UPDATE link_pairs SET state = ?, because = ?, at_s = ? WHERE id = ?",
                (after.state, after.value, now, number),
            )
            return
        value, why = after.value, row.why
        if row.kind is ProposalKind.VOCABULARY_TAG:
            value, _, why = value.partition(SAYS)
        self._store.db.execute(
            "UPDATE proposals SET state = ?, scope = ?, value = ?, value_key = ?, why = ?,"
            " decided_at = ? WHERE id = ?",
            (
                after.state,
                after.scope,
                value,
                value_key(row.kind, value, row.replaces),
                why,
                now,
                number,
            ),
        )

    def undo(self, *, by: str, now: float) -> Decided | None:
        """Undo the last step of the front `by`; return None if it has none.

        A row that another front has decided since, or that a run has written, is left as it is.
        """
        with self._store.transaction() as db:
            ((step,),) = self._store.rows("SELECT max(id) FROM steps WHERE front = ?", by)
            if step is None:
                return None
            kept = self._store.rows(
                "SELECT proposal, was_state, was_scope, was_value, now_state, now_scope, now_value"
                " FROM step_rows WHERE step = ?",
                step,
            )
            others = self._decided_since(step, by, [one[0] for one in kept])
            rows = self._queue.get(one[0] for one in kept)
            back: list[str] = []
            for id_, *stands in kept:
                was, made = _Stand(*stands[:3]), _Stand(*stands[3:])
                if id_ in rows and id_ not in others and _stand(rows[id_]) == made:
                    self._put(rows[id_], was, now)
                    back.append(id_)
            db.execute("DELETE FROM step_rows WHERE step = ?", (step,))
            db.execute("DELETE FROM steps WHERE id = ?", (step,))
            rows = self._queue.get(one[0] for one in kept)
            return Decided(
                tuple(rows[one] for one in back),
                tuple(row for id_, row in rows.items() if id_ not in set(back)),
                tuple(one[0] for one in kept if one[0] not in rows),
            )

    def moments(self, *, by: str, most: int) -> list[float]:
        """Return when the front `by` took its last steps, the earliest first."""
        rows = self._store.rows(
            "SELECT at FROM steps WHERE front = ? ORDER BY id DESC LIMIT ?", by, most
        )
        return [float(at) for (at,) in reversed(rows)]

    def _decided_since(self, step: int, by: str, ids: Sequence[str]) -> set[str]:
        """Return which of these rows another front has decided since a step."""
        rows = self._store.rows(
            "SELECT DISTINCT proposal FROM step_rows JOIN steps ON steps.id = step"
            " WHERE proposal IN (SELECT value FROM json_each(?)) AND step > ? AND front != ?",
            json.dumps(list(ids)),
            step,
            by,
        )
        return {str(row[0]) for row in rows}


def _check_edit(rows: Iterable[QueueRow], decision: Decision, value: str | None) -> None:
    """Raise UsageError if these rows take no value."""
    if value is None:
        return
    if decision is not Decision.ACCEPT:
        raise UsageError("a new value can only be accepted; leave out the value or accept it")
    if not value:
        raise UsageError("the new value is empty; reject the proposal instead")
    for one in rows:
        if one.kind not in EDITABLE:
            raise UsageError(
                f"{one.id} is a {one.kind}, and has no value to edit; accept or reject it"
            )


def _stand(row: QueueRow) -> _Stand:
    """Return a row's state."""
    value = row.because if row.kind is ProposalKind.LINK else editable_value(row)
    return _Stand(row.kept_state, row.scope, value)


def _after(row: QueueRow, decision: Decision, value: str | None) -> _Stand:
    """Return a row's new state; a row already there keeps the state its own table gives it."""
    if row.kind is ProposalKind.LINK:
        if row.state is decision.state:
            return _stand(row)
        state = FROM_QUEUE[decision.state]
        return _Stand(state, "", REJECTED_BY_YOU if state is PairState.REJECTED else row.because)
    if value is None:
        value = editable_value(row)
    elif row.kind is ProposalKind.VOCABULARY_TAG and SAYS not in value:
        value = _value_of(value, row.why)
    return _Stand(decision.state, decision.scope, value)


def _with_parent(row: QueueRow, parent: QueueRow, after: _Stand) -> _Stand:
    """Return the state of a row whose parent gets a new state, see `_open_below`.

    What is proposed for a note is rejected with it. A tag of a vocabulary is renamed with the one
    above, and if it was not decided yet, rejected with it.
    """
    if parent.kind is ProposalKind.NOTE:
        gone = after.state == ProposalState.REJECTED
        return _Stand(after.state, HERE, row.value) if gone else _stand(row)
    levels = row.value.split("/")[parent.value.count("/") + 1 :]
    name = after.value.partition(SAYS)[0]
    tag = row.value if name == parent.value else "/".join((name, *levels))
    gone = after.state == ProposalState.REJECTED and row.state is ProposalState.PENDING
    state, scope = (ProposalState.REJECTED, HERE) if gone else (row.state, row.scope)
    return _Stand(state, scope, _value_of(tag, row.why))


def editable_value(row: QueueRow) -> str:
    """Return what a person edits of a row: of a vocabulary tag, `tag - what it is for`."""
    return _value_of(row.value, row.why) if row.kind is ProposalKind.VOCABULARY_TAG else row.value


def _value_of(tag: str, says: str) -> str:
    return f"{tag}{SAYS}{says}" if says else tag
