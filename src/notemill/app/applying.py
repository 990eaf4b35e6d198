"""The proposals of runs: show them, write them into notes, undo them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notemill.app.accepted import count_accepted, write_accepted
from notemill.app.consolidating import invented_in
from notemill.app.curation_steps import change_of
from notemill.app.driving import report_of, staged
from notemill.app.events import AgreeToChange, Event, agreed
from notemill.app.items import no_such_item
from notemill.app.kinds import KIND_CURATE, KIND_INGEST
from notemill.app.new_links import new_notes_in, propose_new_links
from notemill.app.opened import OpenVault
from notemill.app.tag_events import VocabularyRestored
from notemill.app.vocabulary_events import VocabularyTakenBack
from notemill.stores.proposals import ProposalKind, ProposalState
from notemill.vault.globs import folded, matcher
from notemill.workflows.curation.apply import TAGS, waits_for_person
from notemill.workflows.tags.arrangement import kept_entries
from notemill.workflows.undoing import undo_run

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from notemill.app.accepted import AcceptedCounted, AcceptedWritten
    from notemill.app.consolidating import Invented
    from notemill.app.curating import Curating
    from notemill.app.events import NoteChange
    from notemill.app.ingesting import Ingesting
    from notemill.app.workbench import Workbench
    from notemill.stores.proposals import Proposal
    from notemill.tagging.taglist import Entry
    from notemill.vault.files import NoteUndo
    from notemill.workflows.curation.apply import Applied
    from notemill.workflows.curation.reply_text import Loss
    from twolane import Report, Run


@dataclass(frozen=True, slots=True)
class ProposalFilter:
    """Which proposals of a run to show.

    Those of one `note`, of notes whose path matches the glob `only`, of the `kinds` (all if empty),
    or only `new_tags`.
    """

    note: str | None = None
    only: str | None = None
    kinds: tuple[ProposalKind, ...] = ()
    new_tags: bool = False

    def takes(self, proposal: Proposal) -> bool:
        """Return whether this filter selects a proposal."""
        if self.note is not None and proposal.note != self.note:
            return False
        if self.only is not None and not matcher(self.only)(folded(proposal.note)):
            return False
        if self.new_tags and proposal.kind is not ProposalKind.NEW_TAG:
            return False
        return not self.kinds or proposal.kind in self.kinds


@dataclass(frozen=True, slots=True)
class ProposalCounts:
    """The number of proposals of each kind, of new tags, and of replacements of a person's text.

    `new_notes` are those that are proposed whole.
    """

    new_notes: int = 0
    descriptions: int = 0
    replacing: int = 0
    tags: int = 0
    new_tags: int = 0
    topics: int = 0
    notes: int = 0

    @classmethod
    def of(cls, proposals: Iterable[Proposal]) -> ProposalCounts:
        """Count proposals."""
        found = list(proposals)
        kinds = Counter(one.kind for one in found)
        return cls(
            new_notes=kinds[ProposalKind.NOTE],
            descriptions=kinds[ProposalKind.DESCRIPTION],
            replacing=sum(bool(one.replaces) for one in found),
            tags=sum(kinds[kind] for kind in TAGS),
            new_tags=kinds[ProposalKind.NEW_TAG],
            topics=kinds[ProposalKind.TOPIC],
            notes=len({one.note for one in found}),
        )


@dataclass(frozen=True, slots=True)
class NoteProposals:
    """The proposals for a note: what it would become, and what waits for a person.

    `replacing` proposals would replace a person's text, `new_tags` are not in the vocabulary.
    """

    change: NoteChange
    replacing: tuple[Proposal, ...]
    new_tags: tuple[Proposal, ...]


@dataclass(frozen=True, slots=True)
class RunShown:
    """A curation with its report, its proposals, and the new tags among them.

    `vocabulary` is what was proposed before it and not rejected.
    """

    run: Run
    report: Report
    proposals: tuple[Proposal, ...]
    pending: ProposalCounts
    losses: tuple[tuple[str, Loss], ...]
    invented: Invented
    vocabulary: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class RunApplied:
    """The outcome of a run's proposals, note by note; `hidden` is the number of hidden notes.

    `complete` if everything was written, hidden notes included, or waits for a person.
    """

    notes: tuple[Applied, ...]
    hidden: int
    complete: bool


@dataclass(frozen=True, slots=True)
class ToApply(Event):
    """What will be written once a person agrees."""

    run: str
    counts: ProposalCounts


class Applying:
    """The service that shows, applies and undoes the proposals of one vault."""

    def __init__(self, bench: Workbench, curating: Curating, ingesting: Ingesting) -> None:
        """Apply proposals in the vault of `bench`."""
        self._bench = bench
        self._curating = curating
        self._ingesting = ingesting

    async def shown(self, run: Run, wanted: ProposalFilter) -> RunShown:
        """Return a curation's report and its wanted proposals, except those of hidden notes.

        Raises UsageError if the run has nothing for the given note.
        """
        if wanted.note is not None and await run.index_of(wanted.note) is None:
            keys = await self._bench.thread.run(lambda: [one.key for one in run.outcomes()])
            raise no_such_item(run.id, wanted.note, keys)
        found = await self._bench.on(_proposals, run.id, wanted)
        pending = (one for one in found if one.state is ProposalState.PENDING)
        return RunShown(
            run,
            await report_of(self._bench, run),
            found,
            ProposalCounts.of(pending),
            await self._curating.losses(run, wanted.note),
            await self._bench.on(invented_in, run.id),
            await self._bench.on(_vocabulary_of, run.id),
        )

    async def notes_of(self, shown: RunShown) -> tuple[NoteProposals, ...]:
        """Return the notes of a run as its pending proposals would change them."""
        pending = [one for one in shown.proposals if one.state is ProposalState.PENDING]
        return await self._bench.on(_note_proposals, shown.run.id, pending)

    async def apply(self, run: Run, *, replacing: bool, note: str | None = None) -> RunApplied:
        """Write the proposals of a curation or an ingest, once a person has agreed to their counts.

        Raises NotemillError.
        """
        bench = self._bench
        ingests = run.row.kind == KIND_INGEST
        staged(run, kind=KIND_INGEST if ingests else KIND_CURATE)
        await (self._ingesting if ingests else self._curating).collect(run)
        sight = await bench.on(OpenVault.look)
        await bench.see_vocabulary(sight)
        found = await bench.on(_proposals, run.id, ProposalFilter())
        if note is not None and all(one.note != note for one in found):
            raise no_such_item(run.id, note, (one.note for one in found))
        pending = [
            one for one in found if one.state is ProposalState.PENDING and note in (None, one.note)
        ]
        if pending:
            bench.front.tell(ToApply(run.id, ProposalCounts.of(pending)))
            await agreed(
                bench.front,
                AgreeToChange("write this into the notes?", unattended_yes=True),
            )
        if ingests:
            done = await self._ingesting.apply(run, replacing=replacing, note=note)
            await propose_new_links(bench, new_notes_in(done), run.id)
        else:
            done = await self._curating.apply(run, replacing=replacing, note=note)
        seen = tuple(one for one in done if sight.shows(one.note))
        return RunApplied(
            seen, len(done) - len(seen), not any(one.problem or one.refused for one in done)
        )

    async def to_write(self, ids: Collection[str] | None = None) -> AcceptedCounted:
        """Return what `accepted` would write."""
        return await self._bench.on(count_accepted, None if ids is None else frozenset(ids))

    async def accepted(self, ids: Collection[str] | None = None) -> AcceptedWritten:
        """Write all accepted proposals, or those with these ids, as one run.

        See `write_accepted`.
        """
        return await write_accepted(self._bench, ids)

    async def undo(
        self, run: str, *, note: str | None = None, through: bool = False
    ) -> tuple[NoteUndo, ...]:
        """Restore the exact bytes that a run replaced, once a person has agreed.

        A vocabulary that it put in force is so no longer, and one that it changed is as it was.
        `through` also undoes later runs on the same notes. Raises VaultError, NotemillError.
        """
        bench = self._bench
        written = await bench.on(lambda opened: opened.vault.written_by(run))
        what = note or f"every note that run {run} wrote"
        question = AgreeToChange(f"restore {what} as it was before?", unattended_yes=True)
        await agreed(bench.front, question)
        if note is not None and note not in written:
            raise no_such_item(run, note, written)
        restored = tuple(await bench.on(_undo, run, note=note, through=through)) if written else ()
        if note is None and (tags := await bench.on(_take_vocabulary_back, run)):
            bench.front.tell(VocabularyTakenBack(tags))
        if note is None and await bench.on(_rename_back, run):
            bench.front.tell(VocabularyRestored())
        return restored

    async def written(self, run: str) -> tuple[str, ...]:
        """Return the notes that a run has written, except hidden ones."""

        def names(opened: OpenVault) -> tuple[str, ...]:
            shows = opened.look().shows
            return tuple(key for key in opened.vault.written_by(run) if shows(key))

        return await self._bench.on(names)


def _proposals(opened: OpenVault, run: str, wanted: ProposalFilter) -> tuple[Proposal, ...]:
    shows = opened.look().shows
    found = opened.review.proposals(run, note=wanted.note)
    return tuple(one for one in found if shows(one.note) and wanted.takes(one))


def _vocabulary_of(opened: OpenVault, run: str) -> tuple[Entry, ...]:
    kept = (one for one in ProposalState if one is not ProposalState.REJECTED)
    return kept_entries(opened.decisions.vocabulary.tags(*kept, run=run))


def _take_vocabulary_back(opened: OpenVault, run: str) -> int:
    return opened.decisions.vocabulary.take_back(run, now=opened.clock())


def _rename_back(opened: OpenVault, run: str) -> bool:
    return bool(opened.decisions.renaming.take_back(run, now=opened.clock()))


def _note_proposals(
    opened: OpenVault, run: str, pending: list[Proposal]
) -> tuple[NoteProposals, ...]:
    return tuple(_of_notes(opened, run, pending))


def _of_notes(opened: OpenVault, run: str, pending: list[Proposal]) -> Iterator[NoteProposals]:
    gate = opened.gate()
    by_note: dict[str, list[Proposal]] = {}
    for one in pending:
        by_note.setdefault(one.note, []).append(one)
    for key, group in by_note.items():
        yield NoteProposals(
            change_of(opened, run, key, gate),
            tuple(one for one in group if one.replaces),
            tuple(one for one in group if not one.replaces and waits_for_person(one, gate)),
        )


def _undo(opened: OpenVault, run: str, *, note: str | None, through: bool) -> list[NoteUndo]:
    return undo_run(
        opened.vault,
        opened.review,
        opened.links,
        run,
        note=note,
        through=through,
        look=opened.scene,
        now=opened.clock,
    )
