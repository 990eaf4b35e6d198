"""The queue of all proposals that wait for a person, of every kind and from every table.

A proposal and its state are kept only in the table of its kind; here all of them have one form, one
order and one set of rules. Decisions are in `deciding`.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from notemill.stores.pairs import PairState
from notemill.stores.proposals import (
    NO_CONFIDENCE,
    OF_ONE_NOTE,
    ProposalKind,
    ProposalState,
    sources_of,
    value_key,
)
from notemill.stores.queue_rows import (
    COLUMNS,
    GROUPED_KIND,
    KEYS,
    MOST_ID,
    OF_NOTES,
    OF_PAIRS,
    PAIR_STATES,
    PARTS,
    TABLES,
    Filter,
    Order,
    Part,
    QueueRow,
    after_of,
    alike_kind,
    conditions,
    place_by_value,
    place_of,
    row_of,
    start_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from notemill.stores.store import Store

MAX_PAGE: Final = 1_000
"""The most rows in a page: many times what a screen can show."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of the queue, and the cursor of the next page, '' if this is the last."""

    rows: tuple[QueueRow, ...]
    next: str


@dataclass(frozen=True, slots=True)
class FoundChange:
    """A change found in the vault: of a tag, with all its notes, or of one note's form.

    `replaces` is the tag and `value` what it becomes, '' if it is dropped; for a note's form,
    `value` describes the change in words.
    """

    notes: tuple[str, ...]
    value: str
    replaces: str = ""
    why: str = ""
    confidence: float | None = None
    fingerprint: str = ""


class Queue:
    """All proposals of a vault as one queue."""

    def __init__(self, store: Store) -> None:
        """Read them from `store`."""
        self._store = store

    # -- reading ------------------------------------------------------------------------------

    def rows(
        self,
        wanted: Filter = Filter(),  # noqa: B008  # it is frozen
        *,
        order: Order = Order.NOTE,
        after: str = "",
        limit: int = 50,
    ) -> Page:
        """Return a page of the wanted rows: at most `limit`, and never more than `MAX_PAGE`.

        `after` is the `next` of the page before. Raises UsageError if it is not a valid cursor.
        """
        if order is Order.VALUE:
            return self._by_value(wanted, after, max(1, min(limit, MAX_PAGE)))
        width = len(KEYS[order])
        place = place_of(after, order) if after else None
        limit = max(1, min(limit, MAX_PAGE))
        found = [self._ordered(part, wanted, place, limit + 1) for part in PARTS[order]]
        page = list(islice(merge(*found, key=lambda one: one[1][:width]), limit + 1))
        more = len(page) > limit
        page = page[:limit]
        rows = self._named([(home, row[width:]) for home, row in page])
        return Page(tuple(rows), after_of(page[-1][1][:width]) if more else "")

    def start_of(self, row: QueueRow, order: Order, wanted: Filter) -> str:
        """Return the cursor right before a row's note or value, or by confidence the row itself."""
        if order is not Order.VALUE:
            return start_of(row, order)
        step = self._last_step()
        kind = alike_kind(row.kind)
        alike = replace(wanted, value_keys={row.value_key})
        sizes = {one[1:]: one[0] for one in self._largest(alike, step, None, MAX_PAGE)}
        size = sizes.get((row.value_key, kind), 0)
        return after_of([step, size, row.value_key, kind, "", "", -1])

    def _by_value(self, wanted: Filter, after: str, limit: int) -> Page:
        """Return a page in the order by value.

        Groups stand by the sizes that they had when the first page was read, so that deciding on
        the way moves none of them.
        """
        step, *place = place_by_value(after) if after else (self._last_step(),)
        # Each has a row at least, and of the first one all may be behind.
        groups = self._largest(wanted, step, place[:3] or None, limit + 2)
        ranks = {one[1:]: rank for rank, one in enumerate(groups)}
        past = (ranks.get((place[1], place[2]), -1), *place[3:]) if place else (-1,)
        found = []
        for home, (key, note, kind, number), _ in self._tally(
            replace(wanted, value_keys={key for _, key, _ in groups}), "value_key, note, kind, id"
        ):
            rank = ranks.get((key, alike_kind(ProposalKind(kind))))
            if rank is not None and (at := (rank, note, kind, number)) > past:
                found.append((at, home))
        page = sorted(found)[: limit + 1]
        ids = [f"{home}{at[-1]}" for at, home in page[:limit]]
        rows = self.get(ids)
        if len(page) <= limit:
            return Page(tuple(rows[one] for one in ids if one in rows), "")
        rank, *last = page[limit - 1][0]
        return Page(
            tuple(rows[one] for one in ids if one in rows), after_of([step, *groups[rank], *last])
        )

    def _last_step(self) -> int:
        ((step,),) = self._store.rows("SELECT coalesce(max(id), 0) FROM steps")
        return int(step)

    def _largest(
        self, wanted: Filter, step: int, since: Sequence[object] | None, limit: int
    ) -> list[tuple[int, str, str]]:
        """Return groups with wanted rows, the largest first: size, negative, value and kind.

        A size counts what was wanted after a step: the rows wanted now, and those decided since.
        With `since`, only that group and those after it are returned.
        """
        decided = self._store.rows("SELECT DISTINCT proposal FROM step_rows WHERE step > ?", step)
        every = replace(wanted, states=None)
        found: list[tuple[int, str, str]] = []
        for home in (OF_NOTES, OF_PAIRS):
            here, all_ = conditions(wanted, home), conditions(every, home)
            if here is None or all_ is None:
                continue
            now = "+state IN (SELECT value FROM json_each(:now))"
            moved = "id IN (SELECT value FROM json_each(:moved))"
            group = f"-count(*) AS smaller, value_key, {GROUPED_KIND} AS grouped"
            past = "" if since is None else " AND (smaller, value_key, grouped) >= (:a, :b, :c)"
            found += self._found(
                f"SELECT {group} FROM {TABLES[home]} WHERE {all_[0]} AND ({now} OR {moved})"  # noqa: S608
                f" GROUP BY value_key, grouped HAVING max({now}){past}"
                " ORDER BY smaller, value_key, grouped LIMIT :limit",
                wanted,
                all_[1]
                | {
                    "now": here[1]["states"],
                    "moved": json.dumps([int(one[1:]) for (one,) in decided if one[0] == home]),
                    "limit": limit,
                }
                | dict(zip("abc", since or (), strict=False)),
            )
        return sorted(found)[:limit]

    def _ordered(
        self, part: Part, wanted: Filter, place: list[Any] | None, limit: int
    ) -> list[tuple[str, tuple[Any, ...]]]:
        """Return rows of a part in its order, each preceded by the columns of that order."""
        asked = conditions(wanted, part.home)
        if asked is None:
            return []
        where, values = asked
        keys = ", ".join(part.keys)
        if place is not None:
            marks = ", ".join(f":key{number}" for number in range(len(place)))
            where += f" AND ({keys}) > ({marks})"
            values |= {f"key{number}": value for number, value in enumerate(place)}
        rows = self._found(
            f"SELECT {keys}, {COLUMNS} FROM {TABLES[part.home]}"  # noqa: S608
            f" WHERE {part.only} AND {where} ORDER BY {keys} LIMIT :limit",
            wanted,
            values | {"limit": limit},
        )
        return [(part.home, row) for row in rows]

    def _found(
        self, statement: str, wanted: Filter, values: Mapping[str, object]
    ) -> list[tuple[Any, ...]]:
        for name, texts, says in (
            ("is_wanted", 1, wanted.only),
            ("is_said", 4, wanted.says),
            ("is_shown", 1, wanted.shows),
        ):
            if says is not None:
                self._store.db.create_function(name, texts, says)
        return self._store.rows(statement, **values)

    def _named(self, rows: Sequence[tuple[str, tuple[Any, ...]]]) -> list[QueueRow]:
        """Return rows, with the notes that changes of tags touch."""
        changes = [row[0] for home, row in rows if home == OF_NOTES and not row[2]]
        notes: dict[int, list[str]] = {}
        if changes:
            for number, note in self._store.rows(
                "SELECT proposal, note FROM proposal_notes"
                " WHERE proposal IN (SELECT value FROM json_each(?)) ORDER BY proposal, note",
                json.dumps(changes),
            ):
                notes.setdefault(number, []).append(note)
        return self._store.read_each(
            rows,
            lambda one: row_of(*one, notes.get(one[1][0], ())),
            lambda one: f"proposal {one[0]}{one[1][0]}",
        )

    def get(self, ids: Iterable[str]) -> dict[str, QueueRow]:
        """Return the rows with these ids, by id; unknown ids are left out."""
        found: list[tuple[str, tuple[Any, ...]]] = []
        numbers: dict[str, list[int]] = {OF_NOTES: [], OF_PAIRS: []}
        for one in ids:
            if one[:1] in numbers and one[1:].isdecimal() and one.isascii():
                numbers[one[0]].append(min(int(one[1:]), MOST_ID))
        states = json.dumps(list(PAIR_STATES))
        for home, some in numbers.items():
            if some:
                rows = self._store.rows(
                    f"SELECT {COLUMNS} FROM {TABLES[home]} WHERE id IN"  # noqa: S608
                    " (SELECT value FROM json_each(?)) AND (kind != 'link' OR state IN"
                    " (SELECT value FROM json_each(?)))",
                    json.dumps(some),
                    states,
                )
                found += [(home, row) for row in rows]
        return {row.id: row for row in self._named(found)}

    def all_of(self, wanted: Filter) -> Iterator[QueueRow]:
        """Yield all wanted rows in the order of their notes."""
        after = ""
        while True:
            page = self.rows(wanted, after=after, limit=MAX_PAGE)
            yield from page.rows
            if not (after := page.next):
                return

    def count(self, wanted: Filter) -> int:
        """Return how many rows are wanted."""
        return sum(self._counts(wanted).values())

    def counts(self, wanted: Filter = Filter()) -> dict[ProposalState, int]:  # noqa: B008
        """Return how many wanted rows are in each state, with 0 for a state without rows."""
        return dict.fromkeys(ProposalState, 0) | self._counts(wanted)

    def _counts(self, wanted: Filter) -> dict[ProposalState, int]:
        counts: dict[ProposalState, int] = {}
        for home, (text,), count in self._tally(wanted, "state"):
            of_pairs = home == OF_PAIRS
            state = PAIR_STATES[PairState(text)] if of_pairs else ProposalState(text)
            counts[state] = counts.get(state, 0) + count
        return counts

    def kinds(self, wanted: Filter) -> dict[ProposalKind, int]:
        """Return how many wanted rows there are of each kind that has any."""
        return {ProposalKind(kind): count for _, (kind,), count in self._tally(wanted, "kind")}

    def under(self, wanted: Filter) -> Counter[tuple[str, ProposalKind]]:
        """Return how many wanted rows are listed under each note, by kind."""
        found: Counter[tuple[str, ProposalKind]] = Counter()
        for _, (note, kind), count in self._tally(wanted, "note, kind"):
            found[note, ProposalKind(kind)] += count
        return found

    def alike(self, wanted: Filter) -> Counter[tuple[str, ProposalKind]]:
        """Return how many wanted rows have each value, in any spelling, by kind."""
        found: Counter[tuple[str, ProposalKind]] = Counter()
        for _, (key, kind), count in self._tally(wanted, "value_key, kind"):
            found[key, ProposalKind(kind)] += count
        return found

    def _tally(self, wanted: Filter, columns: str) -> Iterator[tuple[str, tuple[str, ...], int]]:
        """Yield how many wanted rows of each table have the same columns."""
        for home in (OF_NOTES, OF_PAIRS):
            if (asked := conditions(wanted, home)) is None:
                continue
            where, values = asked
            for *texts, count in self._found(
                f"SELECT {columns}, count(*) FROM {TABLES[home]} WHERE {where} GROUP BY {columns}",  # noqa: S608
                wanted,
                values,
            ):
                yield home, tuple(texts), count

    # -- what was found in the vault ----------------------------------------------------------

    def sync(self, kind: ProposalKind, found: Iterable[FoundChange], *, now: float) -> None:
        """Replace a kind's pending changes, of tags or of the notes' form, with those found now.

        A new change becomes pending; a pending one that is no longer found is dropped; decided ones
        stay decided, and a rejected one does not come back.
        """
        with self._store.transaction() as db:
            open_, away = self._standing(kind)
            for one in found:
                note = one.notes[0] if kind in OF_ONE_NOTE else ""
                key = value_key(kind, one.value, one.replaces)
                if ("", key) in away or (note, key) in away:
                    continue
                number = open_.pop((note, key), None)
                said = NO_CONFIDENCE if one.confidence is None else one.confidence
                if number is None:
                    number = db.execute(
                        "INSERT INTO proposals (run, note, source_hash, kind, value, value_key,"
                        " replaces, why, confidence, state, scope, wrote, made_at)"
                        " VALUES ('',?,?,?,?,?,?,?,?,'pending','','',?)",
                        (note, one.fingerprint, kind, one.value, key, one.replaces, one.why, said,
                         now),
                    ).lastrowid  # fmt: skip
                else:
                    db.execute(
                        "UPDATE proposals SET source_hash = ?, value = ?, replaces = ?, why = ?,"
                        " confidence = ? WHERE id = ?",
                        (one.fingerprint, one.value, one.replaces, one.why, said, number),
                    )
                if not note:
                    self._touch(number, one.notes)
            gone = [(number,) for number in open_.values()]
            db.executemany("DELETE FROM proposal_notes WHERE proposal = ?", gone)
            db.executemany("DELETE FROM proposals WHERE id = ?", gone)

    def _touch(self, number: int | None, notes: Iterable[str]) -> None:
        self._store.db.execute("DELETE FROM proposal_notes WHERE proposal = ?", (number,))
        self._store.db.executemany(
            "INSERT OR IGNORE INTO proposal_notes VALUES (?,?)", [(number, one) for one in notes]
        )

    def _standing(
        self, kind: ProposalKind
    ) -> tuple[dict[tuple[str, str], int], set[tuple[str, str]]]:
        """Return the pending changes of a kind, by note and value, and those not to propose.

        The latter were accepted or rejected; their note is '' if that was for every note.
        """
        open_: dict[tuple[str, str], int] = {}
        away: set[tuple[str, str]] = set()
        for number, note, key, state, scope in self._store.rows(
            "SELECT id, note, value_key, state, scope FROM proposals WHERE kind = ?"
            " AND state IN ('pending', 'accepted', 'rejected')",
            kind,
        ):
            if state == ProposalState.PENDING:
                open_[note, key] = number
            else:
                away.add(("" if scope == "never" else note, key))
        return open_, away

    # -- applying -----------------------------------------------------------------------------

    def ended(self, ids: Iterable[str], state: ProposalState, *, now: float, run: str = "") -> None:
        """Record the outcome of changes, of tags or of form, that `run` applied.

        A change that cannot move to `state` from its own is left as it is.
        """
        sources = json.dumps(sources_of(state))
        with self._store.transaction() as db:
            db.executemany(
                "UPDATE proposals SET state = ?, wrote = ?, decided_at = ? WHERE id = ?"
                " AND state IN (SELECT value FROM json_each(?))",
                [(state, run, now, one.removeprefix(OF_NOTES), sources) for one in ids],
            )
