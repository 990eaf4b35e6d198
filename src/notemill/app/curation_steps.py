"""The steps of a curation on the vault's thread: survey, requests, proposals."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from notemill.app.events import NoteChange
from notemill.app.kinds import KIND_CURATE
from notemill.app.proposed import before_and_text
from notemill.errors import NotemillError, VaultError
from notemill.markup.tags import tag_key
from notemill.offline.commonplace import commonplace
from notemill.offline.pieces import parse as pieces_of
from notemill.properties import CURATED, Property
from notemill.stores.proposals import ProposalState
from notemill.stores.queue_rows import Filter
from notemill.tagging.known import KnownTags
from notemill.vault.cleaning import owners_words
from notemill.vault.note import parse
from notemill.workflows.curation.apply import kinds_of, preview, waits_for_person
from notemill.workflows.curation.candidates import Candidates
from notemill.workflows.curation.collecting import collected, losses_of
from notemill.workflows.curation.curate import load_template
from notemill.workflows.curation.needs import need_of
from notemill.workflows.curation.requests import NoteRequests
from notemill.workflows.curation.surveying import survey_of
from notemill.workflows.curation.topic_names import KnownTopics
from notemill.workflows.curation.withheld import why_withheld
from notemill.workflows.stages import spread
from notemill.workflows.tags import gating

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from notemill.app.opened import OpenVault
    from notemill.app.workbench import Workbench
    from notemill.index import NoteFacts
    from notemill.offline.commonplace import Commonplace
    from notemill.offline.pieces import NotePieces
    from notemill.privacy import Sight
    from notemill.tagging.gate import Gate
    from notemill.workflows.curation.needs import Need
    from notemill.workflows.curation.reply_text import Loss
    from notemill.workflows.curation.survey import Selection, Survey
    from twolane import Run

MOST_READ: Final = 1_000
"""Notes by which it is judged what the vault's notes share: enough to tell a twelfth, in seconds."""
EXAMPLES: Final = "examples"
"""The setting of a run that names the notes shown as examples in all of its requests."""


def check_curates(bench: Workbench) -> None:
    """Check that something that a curation fills in is used. Raises UsageError."""
    bench.check_used(CURATED, "curation is")


def survey_in(opened: OpenVault, selection: Selection) -> Survey:
    """Scan the vault for notes that need work."""
    sight = opened.look(with_contents=True)
    place = opened.place(sight)
    gate = opened.gate(place)
    vocabulary = gating.candidates_of(gate, sight, place)
    need = needs_in(opened, refresh=selection.refresh)
    if Property.TAGS in opened.used:
        is_new_for = gating.newcomers(
            opened.vault, opened.review, opened.decisions, gate, vocabulary, now=opened.clock()
        )
    else:
        vocabulary, is_new_for = Candidates.of([]), lambda _: None
    wanted = None
    if selection.only:
        wanted = {file.key for file in opened.vault.scan(selection.only)}
    return survey_of(
        sight,
        vocabulary,
        need=lambda one: need(one) or is_new_for(one),
        why_not_writable=opened.vault.why_not_writable,
        wanted=wanted,
        place=place.note,
        limit=selection.limit,
        left_out=opened.vault.skipped,
    )


def needs_in(opened: OpenVault, *, refresh: bool) -> Callable[[NoteFacts], Need | None]:
    """Return what tells why a note needs work, by the properties used."""
    curated, without = opened.review.curated(), opened.review.curated_without()
    return lambda one: need_of(
        one,
        curated.get(one.key),
        refresh=refresh,
        used=opened.used,
        without=without.get(one.key, frozenset()),
    )


def requests_in(
    opened: OpenVault, bench: Workbench, survey: Survey, *, new_tags: Sequence[str] = ()
) -> NoteRequests:
    """Return the requests for the notes of `survey` that need work.

    `new_tags` are those that earlier stages of the run have brought.
    Iterating them raises ExternallyChangedError if a note was deleted or hidden since the scan.
    """
    return NoteRequests(
        survey,
        template=load_template(KIND_CURATE, opened.used),
        model=bench.model,
        read=opened.to_send,
        analysed=lambda: opened.contents.documents(opened.vault, survey.taught),
        rejected=gating.rejected_tags(
            opened.decisions, opened.review.tags(ProposalState.REJECTED), survey.sight
        ),
        room=bench.room(),
        new_tags=new_tags,
        used=opened.used,
    )


def common_in(opened: OpenVault, sight: Sight) -> Commonplace:
    """Return what the notes of a vault have in common, judged by at most `MOST_READ` of them."""
    every = max(1, -(-len(sight.seen) // MOST_READ))
    return commonplace(_pages(opened, sight.seen[::every]))


def _pages(opened: OpenVault, notes: Iterable[NoteFacts]) -> Iterator[NotePieces]:
    for one in notes:
        with suppress(VaultError):  # a note that is gone has nothing in common with others
            yield pieces_of(owners_words(parse(opened.vault.read(one.key))[0]))


def told_in(run: Run, sight: Sight) -> list[str]:
    """Return the notes whose requests contain a hidden one: all, if it is one of the examples."""
    examples = run.row.setting(EXAMPLES)
    told = examples if isinstance(examples, list) else []
    return [] if all(map(sight.shows, told)) else [one.key for one in run.outcomes()]


def waiting_in(opened: OpenVault, sight: Sight) -> int:
    """Count the pending proposals of earlier runs."""
    return opened.queue.count(Filter(states={ProposalState.PENDING}, shows=sight.shows))


def left_over_in(opened: OpenVault, run: str, succeeded: int, *, apply: bool) -> bool:
    """Return whether an ended run has answers that were not read, or additions not written."""
    kinds = kinds_of(opened.used)
    pending = opened.review.proposals(run, state=ProposalState.PENDING) if apply else []
    gate = opened.gate()
    unread = succeeded > len(opened.review.stored(run))
    return unread or not all(
        one.kind not in kinds or waits_for_person(one, gate) for one in pending
    )


def collect_in(opened: OpenVault, run: Run) -> list[tuple[int, str]]:
    """Turn a run's answers into proposals; return those in conflict, by index, and why."""
    sight = opened.look()
    candidates = candidates_in(opened, sight)
    return collected(
        run.id,
        run.outcomes(),
        opened.vault,
        opened.review,
        gate=opened.gate(),
        known=known_among(candidates),
        states=candidates.states,
        named=KnownTopics.of_notes(sight.seen),
        used=opened.used,
        now=opened.clock(),
    )


def candidates_in(opened: OpenVault, sight: Sight | None = None) -> Candidates:
    """Return the tags that prompts may contain."""
    sight = sight or opened.look()
    place = opened.place(sight)
    return gating.candidates_of(opened.gate(place), sight, place)


def known_among(candidates: Candidates) -> KnownTags:
    """Return the tags that other spellings in replies are found by: those told, then the states."""
    counts = candidates.counts
    told = sorted(counts, key=lambda tag: (-counts[tag], tag))
    return KnownTags([*told, *sorted(candidates.states)])


def losses_in(opened: OpenVault, run: Run, note: str | None) -> tuple[tuple[str, Loss], ...]:
    """Return the losses in a run's answers, for all visible notes or for one."""
    if run.row.kind != KIND_CURATE:
        return ()
    sight = opened.look()
    candidates = candidates_in(opened, sight)
    notes = {one.key: one for one in sight.seen}
    shows = sight.shows
    outcomes = (one for one in run.outcomes() if shows(one.key) and note in (None, one.key))
    proposals = opened.review.proposals(run.id)

    def withheld(tag: str, key: str) -> str:
        facts = notes.get(key)
        if facts is None or tag_key(tag) in map(tag_key, facts.all_tags):
            return ""
        return why_withheld(tag, facts, candidates.states)

    return tuple(
        losses_of(
            outcomes,
            opened.vault,
            gate=opened.gate(),
            known=known_among(candidates),
            withheld=withheld,
            proposed={(one.note, tag_key(one.value)) for one in proposals},
            used=opened.used,
        )
    )


def sample_in(opened: OpenVault, run: Run, stage: int, count: int) -> tuple[NoteChange, ...]:
    """Return some of a stage's visible notes with the pending additions."""
    pending = opened.review.proposals(run.id, state=ProposalState.PENDING)
    shows, gate = opened.look().shows, opened.gate()
    asked = frozenset(run.keys_of_stage(stage))
    keys = [key for key in dict.fromkeys(one.note for one in pending) if key in asked]
    return tuple(
        change_of(opened, run.id, key, gate) for key in spread([*filter(shows, keys)], count)
    )


def change_of(opened: OpenVault, run: str, key: str, gate: Gate) -> NoteChange:
    """Return a note with its pending additions, or why they cannot be written."""
    pending = opened.review.proposals(run, note=key, state=ProposalState.PENDING)
    ours = opened.review.descriptions_written(key).get(key, frozenset())
    try:
        before, text = before_and_text(opened, run, key)
        return NoteChange(key, before, preview(text, pending, ours=ours, gate=gate))
    except NotemillError as error:
        return NoteChange(key, problem=str(error))
