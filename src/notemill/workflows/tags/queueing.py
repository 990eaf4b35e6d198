"""Changes of tags and of the notes' form in the queue: found ones wait, accepted ones are made.

They are found whenever the vault is scanned, and belong to no run; the queue keeps which of them a
person accepted or rejected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.stores.proposals import NEVER, ProposalKind, ProposalState, value_key
from notemill.stores.queue import FoundChange
from notemill.stores.queue_rows import Filter, fingerprint_of
from notemill.vault.tidy import TidyKind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from collections.abc import Set as AbstractSet

    from notemill.stores.queue import Queue
    from notemill.stores.queue_rows import QueueRow
    from notemill.tagging.changes import Change
    from notemill.workflows.tags.tidying import TidyNote

_KINDS_JOIN: Final = ", "
"""Separates the kinds of tidying in a row of the queue."""
_WITH_TAG: Final = "changes with its tag"


def queue_tag_changes(queue: Queue, changes: Iterable[Change], *, now: float) -> None:
    """Queue the changes of tags that were found, and drop those that no longer are."""
    found = (
        FoundChange(tuple(sorted(one.notes)), one.becomes or "", one.tag, one.reason)
        for one in changes
    )
    queue.sync(ProposalKind.TAG_CHANGE, found, now=now)


@dataclass(frozen=True, slots=True)
class QueryChange:
    """A line of a query in a note that changes with tags: before and after."""

    note: str
    before: str
    after: str
    fingerprint: str


def queue_query_changes(queue: Queue, changes: Iterable[QueryChange], *, now: float) -> None:
    """Queue the lines of queries that change with the pending changes of tags."""
    found = (
        FoundChange((one.note,), one.after, one.before, _WITH_TAG, fingerprint=one.fingerprint)
        for one in changes
    )
    queue.sync(ProposalKind.QUERY_CHANGE, found, now=now)


def queries_turned_down(queue: Queue) -> dict[str, frozenset[str]]:
    """Return the lines of queries, by note, that a person wants as they are."""
    found: dict[str, set[str]] = {}
    wanted = Filter(states={ProposalState.REJECTED}, kinds={ProposalKind.QUERY_CHANGE})
    for row in queue.all_of(wanted):
        for note in row.notes:
            found.setdefault(note, set()).add(row.replaces)
    return {note: frozenset(lines) for note, lines in found.items()}


def queries_carried_out(queue: Queue, notes: AbstractSet[str], *, run: str, now: float) -> None:
    """Record that `run` changed the queries of notes."""
    waiting = Filter(
        states={ProposalState.PENDING, ProposalState.ACCEPTED}, kinds={ProposalKind.QUERY_CHANGE}
    )
    rows = [row.id for row in queue.all_of(waiting) if not notes.isdisjoint(row.notes)]
    queue.ended(rows, ProposalState.APPLIED, run=run, now=now)


def queue_tidying(queue: Queue, notes: Iterable[TidyNote], *, now: float) -> None:
    """Queue notes to tidy, a row for each, and drop rows of notes that are tidy."""
    found = (
        FoundChange(
            (one.key,),
            _KINDS_JOIN.join(step.kind for step in one.steps),
            why="; ".join(what for step in one.steps for what in step.what),
            fingerprint=fingerprint_of(ProposalKind.TIDY_CHANGE, one.steps[0].before),
        )
        for one in notes
        if one.steps
    )
    queue.sync(ProposalKind.TIDY_CHANGE, found, now=now)


def tidy_kinds(row: QueueRow) -> frozenset[str]:
    """Return the kinds of tidying in a row, those of another version included."""
    return frozenset(row.value.split(_KINDS_JOIN))


def tidying_turned_down(queue: Queue) -> Callable[[str], frozenset[TidyKind]]:
    """Return a function that gives the kinds of tidying rejected for a note, or for all notes."""
    of_notes: dict[str, frozenset[str]] = {}
    wanted = Filter(states={ProposalState.REJECTED}, kinds={ProposalKind.TIDY_CHANGE})
    for row in queue.all_of(wanted):
        for note in ("",) if row.scope == NEVER else row.notes:
            of_notes[note] = of_notes.get(note, frozenset()) | tidy_kinds(row)
    everywhere = of_notes.get("", frozenset())

    def kinds_for(note: str) -> frozenset[TidyKind]:
        no = everywhere | of_notes.get(note, frozenset())
        return frozenset(kind for kind in TidyKind if kind in no)

    return kinds_for


def tidying_carried_out(
    queue: Queue, notes: AbstractSet[str], kinds: Collection[TidyKind], *, run: str, now: float
) -> None:
    """Record that `run` tidied notes, for the queue's rows whose kinds are all among `kinds`."""
    waiting = Filter(
        states={ProposalState.PENDING, ProposalState.ACCEPTED}, kinds={ProposalKind.TIDY_CHANGE}
    )
    rows = [
        row.id
        for row in queue.all_of(waiting)
        if not notes.isdisjoint(row.notes) and tidy_kinds(row) <= {*kinds}
    ]
    queue.ended(rows, ProposalState.APPLIED, run=run, now=now)


def accepted_rows(queue: Queue, kind: ProposalKind) -> tuple[QueueRow, ...]:
    """Return the accepted rows of a kind, whichever run proposed them."""
    wanted = Filter(states={ProposalState.ACCEPTED}, kinds={kind})
    return tuple(queue.all_of(wanted))


def carried_out(queue: Queue, changes: Iterable[Change], *, run: str, now: float) -> None:
    """Record that `run` made changes of tags, as far as they are in the queue."""
    for one in changes:
        wanted = Filter(
            states={ProposalState.PENDING, ProposalState.ACCEPTED},
            kinds={ProposalKind.TAG_CHANGE},
            value_key=value_key(ProposalKind.TAG_CHANGE, one.becomes or "", one.tag),
        )
        rows = [row.id for row in queue.all_of(wanted)]
        queue.ended(rows, ProposalState.APPLIED, run=run, now=now)


def accepted_tag_changes(rows: Iterable[QueueRow]) -> dict[str, str | None]:
    """Return what accepted changes turn each tag into, None if it is dropped."""
    return {one.replaces: one.value or None for one in rows}
