"""Write accepted proposals into the notes: all kinds together, as one run with one undo."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from notemill.app.events import AgreeToChange, Event, agreed
from notemill.app.new_links import new_notes_in, propose_new_links
from notemill.app.opened import OpenVault
from notemill.app.proposed import outdated_in
from notemill.errors import NotemillError
from notemill.stores.proposals import ProposalKind, ProposalState
from notemill.stores.queue_rows import OF_NOTES, OF_PAIRS, Filter, fingerprint_of
from notemill.vault.left_alone import LeftAlone
from notemill.vault.related import Form
from notemill.vault.tidy import TidyKind
from notemill.workflows.creating import NoteCreation
from notemill.workflows.curation.apply import apply_accepted
from notemill.workflows.links.writing import LinkWriting
from notemill.workflows.tags.queueing import (
    accepted_rows,
    accepted_tag_changes,
    queries_carried_out,
    queries_turned_down,
    tidy_kinds,
)
from notemill.workflows.tags.retagging import checked_changes, plan_retagging, write_retagging
from notemill.workflows.tags.tidying import plan_tidying, write_tidying

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from notemill.app.workbench import Workbench
    from notemill.stores.new_notes import StoredNote
    from notemill.stores.queue import Queue

KIND_APPLY: Final = "apply"
_NUMBER: Final = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class AcceptedCounted(Event):
    """How many accepted proposals of each kind will be written, and into how many notes.

    `changed` notes have been edited since: what was accepted for them is not written. `waiting` are
    accepted proposals for notes that are not accepted themselves yet, which stay as they are.
    """

    counts: Mapping[ProposalKind, int]
    notes: int = 0
    changed: tuple[str, ...] = ()
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class AcceptedProgress(Event):
    """So far, `count` of about `of` notes have been written or left."""

    count: int
    of: int


@dataclass(frozen=True, slots=True)
class NoteWritten:
    """A note to write accepted proposals into; `problem` is why it was not written, else ''.

    `created` if it was not there before.
    """

    note: str
    problem: str = ""
    created: bool = False


@dataclass(frozen=True, slots=True)
class AcceptedWritten:
    """The outcome of writing accepted proposals.

    `run` is the run to undo, '' if nothing was written; `hidden` is the number of hidden notes.
    `complete` if everything was written, hidden notes included.
    """

    run: str = ""
    notes: tuple[str, ...] = ()
    failed: tuple[LeftAlone, ...] = ()
    hidden: int = 0
    complete: bool = True


async def write_accepted(bench: Workbench, ids: Collection[str] | None = None) -> AcceptedWritten:
    """Write the accepted proposals, once a person has agreed to their counts.

    `ids` None writes all of them, else only those. New notes go first, then links, then properties,
    then changes of tags, then the notes' form: none of these changes what the later ones are bound
    to. Raises WaitingForPersonError, VaultError.
    """
    async with bench.working(KIND_APPLY):
        chosen = None if ids is None else frozenset(ids)
        counted = await bench.on(count_accepted, chosen)
        if counted.counts or counted.waiting:
            bench.front.tell(counted)
        if not counted.counts:
            return AcceptedWritten()
        await agreed(bench.front, AgreeToChange("write this into the notes?", unattended_yes=True))
        run = bench.new_run_id(KIND_APPLY)
        ended: dict[str, str] = {}
        created: list[str] = []
        async for one in bench.each(lambda opened: _written(opened, run, chosen)):
            ended[one.note] = ended.get(one.note) or one.problem
            created += [one.note] * one.created
            bench.front.tell(AcceptedProgress(len(ended), max(len(ended), counted.notes)))
        await propose_new_links(bench, created, run)
        shows = (await bench.on(OpenVault.look)).shows
    seen = {note: problem for note, problem in ended.items() if shows(note)}
    written = tuple(note for note, problem in seen.items() if not problem)
    return AcceptedWritten(
        run if any(not problem for problem in ended.values()) else "",
        written,
        tuple(LeftAlone(note, problem) for note, problem in seen.items() if problem),
        len(ended) - len(seen),
        not any(ended.values()),
    )


# -- on the vault's thread ------------------------------------------------------------------------


def count_accepted(opened: OpenVault, chosen: frozenset[str] | None) -> AcceptedCounted:
    """Count the accepted proposals, or the `chosen` among them; kinds without any are left out."""
    sight = opened.look()
    unwritten = opened.new_notes.unwritten()
    outdated = outdated_in(sight, unwritten)
    waiting = 0
    counts: Counter[ProposalKind] = Counter()
    notes: set[str] = set()
    changed: set[str] = set()
    wanted = Filter(states={ProposalState.ACCEPTED}, shows=sight.shows)
    for row in opened.queue.all_of(wanted):
        # A change of a query is written with its tag.
        if row.kind is ProposalKind.QUERY_CHANGE or not _is_chosen(row.id, chosen):
            continue
        coming = None if row.kind is ProposalKind.NOTE else unwritten.get((row.run, row.under))
        if coming is not None and not _is_to_come(coming, chosen):
            waiting += 1
            continue
        counts[row.kind] += 1
        notes.update(row.notes)
        changed |= outdated(row)
    in_order = {kind: counts[kind] for kind in ProposalKind if kind in counts}
    return AcceptedCounted(in_order, len(notes), tuple(sorted(changed)), waiting)


def _is_to_come(one: StoredNote, chosen: frozenset[str] | None) -> bool:
    """Return whether a note that is not written yet will be."""
    accepted = one.state is ProposalState.ACCEPTED
    return accepted and _is_chosen(f"{OF_NOTES}{one.id}", chosen)


def _is_chosen(number: str, chosen: frozenset[str] | None) -> bool:
    return chosen is None or number in chosen


def _written(opened: OpenVault, run: str, chosen: frozenset[str] | None) -> Iterator[NoteWritten]:
    # First of all: the tags that are written have to be those of the vocabulary.
    proposals = None if chosen is None else _numbers(chosen, OF_NOTES)
    opened.decisions.vocabulary.put_in_force(now=opened.clock(), only=proposals)
    # Checked before anything is written: our own writes must not make these stale.
    tidy_notes, changed = _fresh_tidying(opened, chosen)
    creation = NoteCreation(
        opened.vault, opened.new_notes, run, opened.clock, opened.privacy, (ProposalState.ACCEPTED,)
    )
    notes = (one for one in opened.new_notes.accepted() if _is_to_come(one, chosen))
    for created in creation.write(notes):
        yield NoteWritten(created.note, created.problem, bool(new_notes_in([created])))
    yield from _links(opened, run, chosen)
    for one in apply_accepted(
        opened.vault, opened.review, run,
        now=opened.clock, privacy=opened.privacy, gate=opened.gate(), only=proposals,
        but=opened.new_notes.unwritten(),
    ):  # fmt: skip
        if one.written or one.problem:
            yield NoteWritten(one.note, one.problem)
        for stale in one.stale:
            yield NoteWritten(
                one.note,
                f"its {stale.kind} was made for an earlier text of the note; curate it again",
            )
        for refused in one.refused:
            yield NoteWritten(one.note, f"its {refused.kind} is not allowed")
    yield from _tag_changes(opened, run, chosen)
    yield from changed
    yield from _tidied(opened, run, tidy_notes)


def _numbers(chosen: frozenset[str], home: str) -> frozenset[int]:
    """Return the numbers of those ids that are in one of the queue's tables."""
    found = (one.removeprefix(home) for one in chosen if one.startswith(home))
    return frozenset(int(one) for one in found if _NUMBER.fullmatch(one))


def _links(opened: OpenVault, run: str, chosen: frozenset[str] | None) -> Iterator[NoteWritten]:
    """Write accepted pairs, each in the form requested by the run that proposed it."""
    by_form: dict[Form, list[int]] = {}
    accepted = opened.links.to_write()
    pairs = {one.id: one for one in accepted if _is_chosen(f"{OF_PAIRS}{one.id}", chosen)}
    forms = opened.links.forms()
    for one in pairs.values():
        by_form.setdefault(forms.get(one.run, Form.PROPERTY), []).append(one.id)
    for form, ids in by_form.items():
        writing = LinkWriting(opened.scene(), opened.links, run, form, now=opened.clock)
        writing.plan([pairs[one] for one in ids], ())
        yield from map(NoteWritten, writing.write())
        written = writing.written
        yield from (NoteWritten(note, problem) for note, problem in written.problems)
        for a, b, why in written.conflicts:
            yield NoteWritten(a, f"no link to {b}: {why}")


def _tag_changes(
    opened: OpenVault, run: str, chosen: frozenset[str] | None
) -> Iterator[NoteWritten]:
    accepted = accepted_rows(opened.queue, ProposalKind.TAG_CHANGE)
    rows = [one for one in accepted if _is_chosen(one.id, chosen)]
    if not rows:
        return
    wanted = checked_changes(accepted_tag_changes(rows))
    facts = opened.look().facts
    plan = plan_retagging(
        opened.vault,
        facts,
        wanted,
        privacy=opened.privacy,
        keeping=queries_turned_down(opened.queue),
    )
    for one in plan.left_alone:
        yield NoteWritten(one.key, one.reason)
    written: set[str] = set()
    for note, problem in write_retagging(
        opened.vault, opened.review, plan, privacy=opened.privacy, run=run
    ):
        if not problem:
            written.add(note)
        yield NoteWritten(note, problem)
    queries_carried_out(opened.queue, written & plan.usage.queried, run=run, now=opened.clock())
    if written and not opened.decisions.adopted().note:
        listed = opened.decisions.renaming.changing(wanted.of)
        opened.decisions.renaming.change(run, listed, now=opened.clock())
    ids = [one.id for one in rows]
    opened.queue.ended(ids, ProposalState.APPLIED, now=opened.clock(), run=run)


def _fresh_tidying(
    opened: OpenVault, chosen: frozenset[str] | None
) -> tuple[dict[str, tuple[str, frozenset[TidyKind]]], list[NoteWritten]]:
    """Return the notes to tidy, each with its row and kinds, and the notes to leave alone.

    A row that was accepted for another version of its note, or has only unknown kinds, ends in
    conflict.
    """
    found: dict[str, tuple[str, frozenset[TidyKind]]] = {}
    left: list[NoteWritten] = []
    for row in accepted_rows(opened.queue, ProposalKind.TIDY_CHANGE):
        if not _is_chosen(row.id, chosen):
            continue
        (note,) = row.notes
        try:
            now = {note: fingerprint_of(row.kind, opened.vault.read(note))}
        except NotemillError:
            now = {}
        kinds = tidy_kinds(row)
        if row.is_stale(now) or not kinds <= {*TidyKind}:
            opened.queue.ended([row.id], ProposalState.CONFLICT, now=opened.clock())
            why = "its tidy change was made for an earlier text of the note; tidy it again"
            left.append(NoteWritten(note, why))
        else:
            found[note] = (row.id, frozenset(map(TidyKind, kinds)))
    return found, left


def _tidied(
    opened: OpenVault, run: str, notes: Mapping[str, tuple[str, frozenset[TidyKind]]]
) -> Iterator[NoteWritten]:
    if not notes:
        return
    facts = {one.key: one for one in opened.look().facts}
    for note, (row, kinds) in notes.items():
        if note not in facts:
            continue
        plan = plan_tidying(opened.vault, [facts[note]], kinds, privacy=opened.privacy)
        for key, problem in write_tidying(
            opened.vault, opened.review, plan,
            privacy=opened.privacy, run=run,
            holds=partial(_is_accepted, opened.queue, row),
            also=partial(opened.queue.ended, [row], ProposalState.APPLIED, now=opened.clock(), run=run),
        ):  # fmt: skip
            yield NoteWritten(key, problem)


def _is_accepted(queue: Queue, row: str) -> bool:
    now = queue.get([row]).get(row)
    return now is not None and now.state is ProposalState.ACCEPTED
