"""The rows of the queue: their fields, filters and orders."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from notemill.errors import UsageError
from notemill.stores.pairs import PairState
from notemill.stores.proposals import (
    NO_CONFIDENCE,
    OF_ALL_BYTES,
    OF_THE_VAULT,
    TAG_KINDS,
    ProposalKind,
    ProposalState,
    value_key,
)
from notemill.vault.note import bytes_hash, parse, source_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

OF_NOTES: Final = "p"
"""The prefix of the id of a row in the table of proposals."""
OF_PAIRS: Final = "l"
"""The prefix of the id of a pair of notes."""
MOST_ID: Final = (1 << 63) - 1
"""The largest row number in SQLite: https://sqlite.org/autoinc.html."""

PAIR_STATES: Final[Mapping[PairState, ProposalState]] = {
    PairState.PROPOSED: ProposalState.PENDING,
    PairState.UNDECIDED: ProposalState.PENDING,
    PairState.ACCEPTED: ProposalState.ACCEPTED,
    PairState.REJECTED: ProposalState.REJECTED,
    PairState.WRITING: ProposalState.APPLIED,
    PairState.WRITTEN: ProposalState.APPLIED,
    PairState.CONFLICT: ProposalState.CONFLICT,
    PairState.UNDONE: ProposalState.UNDONE,
}
"""A pair's state in the queue; pairs in other states were never shown to a person."""
FROM_QUEUE: Final[Mapping[ProposalState, PairState]] = {
    ProposalState.PENDING: PairState.PROPOSED,
    ProposalState.ACCEPTED: PairState.ACCEPTED,
    ProposalState.REJECTED: PairState.REJECTED,
}
"""The state that a person's decision gives a pair."""


class Order(StrEnum):
    """The order of rows: by value, the largest group first; by confidence, the least certain."""

    NOTE = "note"
    VALUE = "value"
    CONFIDENCE = "confidence"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows are wanted; None leaves a condition out.

    `note` is one of a row's notes, `under` the notes that rows are listed under in their order, ''
    for changes of the whole vault; `value_key` is a value in any spelling, `value_keys` several.
    `only` decides whether rows about a note are wanted, `says` whether a row is by its texts,
    `shows` whether a note may be shown: a row with a note that may not is left out.
    """

    states: Collection[ProposalState] | None = None
    kinds: Collection[ProposalKind] | None = None
    run: str | None = None
    note: str | None = None
    under: Collection[str] | None = None
    value_key: str | None = None
    value_keys: Collection[str] | None = None
    max_confidence: float | None = None
    only: Callable[[str], bool] | None = None
    says: Callable[[str, str, str, str], bool] | None = None
    shows: Callable[[str], bool] | None = None


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A proposal of any kind.

    `notes` are the one it is for, the two of a link, or those that a change of a tag touches.
    `value` is what is proposed: for a link the other note, for a change of a tag what the tag
    becomes, '' if it is dropped; `replaces` is then the tag. `confidence` is 0 to 1, or None if
    unknown. `sources` are the fingerprints of the notes that it was proposed for. `scope` is the
    notes that a rejection holds for: `here` or `never`, '' otherwise.
    """

    id: str
    kind: ProposalKind
    notes: tuple[str, ...]
    value: str
    replaces: str
    why: str
    confidence: float | None
    run: str
    state: ProposalState
    scope: str
    sources: tuple[tuple[str, str], ...]
    kept_state: str
    """The state's name in the table that holds the row."""
    because: str = ""
    """Of a link: why it stands there, such as what a model said of it; also a part of `why`."""

    @property
    def value_key(self) -> str:
        """The key by which its value equals others of its kind."""
        return value_key(self.kind, self.value, self.replaces)

    @property
    def under(self) -> str:
        """The note that it is listed under, '' for a change of the whole vault."""
        return self.notes[0] if self.notes and self.kind not in OF_THE_VAULT else ""

    def is_stale(self, now: Mapping[str, str]) -> bool:
        """Return whether a note has changed since this was proposed; see `changed`."""
        return bool(self.changed(now))

    def changed(self, now: Mapping[str, str]) -> set[str]:
        """Return the notes that have changed since this was proposed.

        `now` are the notes' current fingerprints, from `fingerprint_of`.
        """
        return {note for note, hash_ in self.sources if hash_ and now.get(note) != hash_}


def fingerprint_of(kind: ProposalKind, raw: bytes) -> str:
    """Return the hash a kind of proposal is bound to: of a note's own content, or of all of it."""
    return bytes_hash(raw) if kind in OF_ALL_BYTES else source_hash(parse(raw)[0])


COLUMNS: Final = (
    "id, kind, note, other, value, replaces, why, confidence, run, state, scope, source_hash,"
    " other_hash, because"
)
TABLES: Final[Mapping[str, str]] = {
    OF_NOTES: (
        "(SELECT id, kind, note, '' AS other, value, value_key,"
        " replaces, why, confidence, run, state, scope, source_hash, '' AS other_hash, '' AS because FROM proposals)"
    ),
    OF_PAIRS: (
        "(SELECT pair.id AS id, 'link' AS kind, min(one.key, two.key) AS note,"
        " max(one.key, two.key) AS other, max(one.key, two.key) AS value,"
        " max(one.key, two.key) AS value_key, '' AS replaces, reason AS why, score AS confidence, run,"
        " state, '' AS scope, iif(one.key < two.key, source_a, source_b) AS source_hash,"
        " iif(one.key < two.key, source_b, source_a) AS other_hash, because"
        " FROM link_pairs AS pair JOIN link_notes AS one ON one.id = a"
        " JOIN link_notes AS two ON two.id = b)"
    ),
}
"""The columns of a row, for each of the tables that hold rows."""
KEYS: Final[Mapping[Order, tuple[str, ...]]] = {
    Order.NOTE: ("note", "kind", "value_key", "id"),
    Order.CONFIDENCE: ("confidence", "note", "kind", "value_key", "id"),
}
"""The columns that an order sorts by, together one row; by value, counts come first."""


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one table that an index has in an order; `only` is the condition that they meet."""

    home: str
    keys: tuple[str, ...]
    only: str = "true"


PARTS: Final[Mapping[Order, tuple[Part, ...]]] = {
    Order.NOTE: (
        Part(OF_NOTES, KEYS[Order.NOTE], "kind <> 'note'"),
        Part(OF_NOTES, ("note", "''", "value_key", "id"), "kind = 'note'"),
        Part(OF_PAIRS, KEYS[Order.NOTE]),
    ),
    Order.CONFIDENCE: tuple(Part(one, KEYS[Order.CONFIDENCE]) for one in (OF_NOTES, OF_PAIRS)),
}
"""What each order is merged from: a note that is proposed whole comes before what is for it."""


def alike_kind(kind: ProposalKind) -> ProposalKind:
    """Return the kind by which the same values form one group: a tag and a new tag are one."""
    return ProposalKind.TAG if kind in TAG_KINDS else kind


GROUPED_KIND: Final = f"iif(kind = '{ProposalKind.NEW_TAG}', '{ProposalKind.TAG}', kind)"
"""The same of a column."""


def conditions(wanted: Filter, home: str) -> tuple[str, dict[str, object]] | None:
    """Return the condition of a filter and its values, None if no row of `home` is wanted."""
    of_pairs = home == OF_PAIRS
    kinds = set(ProposalKind) if wanted.kinds is None else set(wanted.kinds)
    kinds = kinds & {ProposalKind.LINK} if of_pairs else kinds - {ProposalKind.LINK}
    if not kinds:
        return None
    # The plus keeps SQLite from using an index on states instead of the order's.
    parts = ["+state IN (SELECT value FROM json_each(:states))"]
    values: dict[str, object] = {"states": _states(wanted, home)}
    for name, condition, value in (
        ("kinds", "kind IN (SELECT value FROM json_each(:kinds))", _some(wanted.kinds)),
        ("run", "run = :run", wanted.run),
        ("note", _ABOUT[home], wanted.note),
        ("unders", "note IN (SELECT value FROM json_each(:unders))", _some(wanted.under)),
        ("key", "value_key = :key", wanted.value_key),
        ("alike", "value_key IN (SELECT value FROM json_each(:alike))", _some(wanted.value_keys)),
        ("most", "confidence <= :most", wanted.max_confidence),
    ):
        if value is not None:
            parts.append(condition)
            values[name] = value
    if wanted.only is not None:
        parts.append(_WANTED[home])
    if wanted.says is not None:
        parts.append("is_said(note, other, value, replaces)")
    if wanted.shows is not None:
        parts.append(_SHOWN[home])
    return " AND ".join(parts), values


_OF_CHANGE: Final = "proposal_notes AS of WHERE of.proposal = id"
_HAS_WANTED: Final = f"EXISTS (SELECT 1 FROM {_OF_CHANGE} AND is_wanted(of.note))"  # noqa: S608
_HAS_HIDDEN: Final = f"EXISTS (SELECT 1 FROM {_OF_CHANGE} AND NOT is_shown(of.note))"  # noqa: S608
_ABOUT: Final = {
    OF_NOTES: "(note = :note OR id IN (SELECT proposal FROM proposal_notes WHERE note = :note))",
    OF_PAIRS: ":note IN (note, other)",
}
_WANTED: Final = {
    OF_NOTES: f"(is_wanted(note) OR {_HAS_WANTED})",
    OF_PAIRS: "(is_wanted(note) OR is_wanted(other))",
}
_SHOWN: Final = {
    OF_NOTES: f"(note = '' OR is_shown(note)) AND NOT {_HAS_HIDDEN}",
    OF_PAIRS: "is_shown(note) AND is_shown(other)",
}


def _states(wanted: Filter, home: str) -> str:
    states = set(ProposalState) if wanted.states is None else set(wanted.states)
    if home == OF_PAIRS:
        return json.dumps([one for one, state in PAIR_STATES.items() if state in states])
    return json.dumps(sorted(states))


def _some(values: Collection[str] | None) -> str | None:
    return None if values is None else json.dumps(sorted(values))


def after_of(row: Sequence[object]) -> str:
    """Return a position in an order as text: the cursor of the next page."""
    return json.dumps(row, separators=(",", ":"))


def start_of(row: QueueRow, order: Order) -> str:
    """Return the cursor right before a row's note, or in the order by confidence the row."""
    if order is Order.CONFIDENCE:
        sure = NO_CONFIDENCE if row.confidence is None else row.confidence
        return after_of([sure, row.under, row.kind, row.value_key, int(row.id[1:]) - 1])
    return after_of([row.under, "", "", -1])


def place_of(after: str, order: Order) -> list[Any]:
    """Return the position that a cursor names. Raises UsageError if it is not a valid cursor."""
    return _read(after, (str | int | float,) * len(KEYS[order]))


def place_by_value(after: str) -> list[Any]:
    """Return what a cursor of the order by value names: a step, then a group, and a row in it.

    The step is the one after which rows were counted; a group is its size, negative, its value and
    its kind; a row is its note, kind and number. Raises UsageError if it is not a valid cursor.
    """
    return _read(after, (int, int, str, str, str, str, int))


def _read(after: str, types: Sequence[Any]) -> list[Any]:
    try:
        place = json.loads(after)
    except ValueError:
        place = None
    if (
        not isinstance(place, list)
        or len(place) != len(types)
        or not all(map(isinstance, place, types))
        or any(isinstance(one, int) and abs(one) > MOST_ID for one in place)
    ):
        raise UsageError("this page cannot be continued; start again from the first page")
    return place


def row_of(home: str, row: Sequence[Any], notes: Sequence[str]) -> QueueRow:
    """Return a row as a value; `notes` are those that a change of a tag touches."""
    (
        number, kind, note, other, value, replaces, why, confidence, run, state, scope, source,
        other_source, because,
    ) = row  # fmt: skip
    of_pairs = home == OF_PAIRS
    named = (note, other) if of_pairs else (note,)
    return QueueRow(
        f"{home}{number}",
        ProposalKind(kind),
        named if note else tuple(notes),
        value,
        replaces,
        _reasons(why, because) if of_pairs else why,
        None if confidence == NO_CONFIDENCE else confidence,
        run,
        PAIR_STATES[PairState(state)] if of_pairs else ProposalState(state),
        scope,
        tuple(zip(named, (source, other_source), strict=False)) if note else (),
        state,
        because,
    )


def _reasons(text: str, because: str) -> str:
    """Return why two notes belong together, in words; first what was said of them.

    Notes that both are linked with are only counted: one of them may be hidden.
    """
    found = (
        f"{name}: {len(words) if name == 'neighbours' else ', '.join(words)}"
        for name, words in json.loads(text).items()
        if words
    )
    return "; ".join(filter(None, (because, *found)))
