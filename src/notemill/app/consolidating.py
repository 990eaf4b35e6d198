"""The new tags of a curation: put in order after each stage, before anything of it is shown."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from notemill.app.aside import Aside, ask_beside, priced, texts_of
from notemill.app.events import Event
from notemill.app.kinds import ENDED, KIND_CONSOLIDATE
from notemill.app.terms import OFFLINE
from notemill.errors import UsageError, WaitingForPersonError
from notemill.markup.tags import paths_of, tag_key
from notemill.properties import Property
from notemill.stores.proposals import TAG_KINDS, InventedTag, ProposalKind, ProposalState
from notemill.workflows.curation.consolidation import (
    REPLY_TOKENS_PER_TAG,
    NoteLine,
    Question,
    expected_question,
    known_of,
    left_over,
    requests_about,
    said_in,
)
from notemill.workflows.curation.inventing import (
    NewTag,
    Said,
    alike,
    bare_tag,
    followed,
    joined,
    new_tags,
    rewritten,
    seldom,
    settled,
)
from notemill.workflows.curation.occurrences import occurrences
from notemill.workflows.tags import gating
from twolane import RunState, TwolaneError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from notemill.app.opened import OpenVault
    from notemill.app.terms import RunTerms
    from notemill.app.workbench import Workbench
    from notemill.privacy import Sight
    from notemill.stores.proposals import NewProposal, Proposal
    from notemill.tagging.gate import Gate
    from notemill.workflows.curation.survey import Survey
    from twolane import Plan, Request, Run

_WAITING = (ProposalState.PENDING, ProposalState.ACCEPTED)
_LIVE = (*_WAITING, ProposalState.APPLIED)
NOT_ANSWERED = "the model gave no usable answer"
NO_ROOM = "the budget leaves no room for it"
NOT_YET = "not put in order yet"
"""Why a tag stays that the model was asked about in vain: the next stage asks again."""
TOO_MANY = "there are too many at once; a vocabulary keeps them few"


@dataclass(frozen=True, slots=True)
class Invented:
    """The new tags of a run with their notes, and what became of those that changed.

    Hidden notes are left out, with all tags that only they would have.
    """

    new: tuple[NewTag, ...] = ()
    changed: tuple[InventedTag, ...] = ()


@dataclass(frozen=True, slots=True)
class TagsToOrder(Event):
    """New tags will be put in order; `plan` is its part of the price."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class TagsConsolidated(Event):
    """The new tags of a run so far, and what became of others just now."""

    run: str
    invented: Invented


@dataclass(frozen=True, slots=True)
class TagsAsInvented(Event):
    """`count` new tags were not put in order, and why; they stay as notes brought them."""

    count: int
    why: str


async def put_in_order(bench: Workbench, run: Run) -> None:
    """Merge, rename, move and drop new tags of a run, and change its pending proposals.

    Tags that are the same by their names are one without a question. A model is asked about the
    others, all of the run so far, if it has not told about some. An answer that a process did not
    store before it died is used; without an answer, the tags stay as they are, and the next stage
    asks again. Offline no tag is kept for fewer than three notes, once the run has ended. Where tags
    are not used, all stay as they are. Raises WaitingForPersonError if it was stopped before the
    answer.
    """
    if Property.TAGS not in bench.used:
        return
    offline = run.row.provider == OFFLINE
    least = offline and run.row.state in ENDED
    tells = not offline and run.row.state is not RunState.CANCELED
    question = await bench.on(_question, run, tells=tells)
    if question is None and not least:
        return
    said: tuple[Said, ...] = ()
    why = ""
    if question is not None and question.asks and tells:
        answer = await _asked(bench, run, question)
        if isinstance(answer, str):
            why = NOT_YET
            bench.front.tell(TagsAsInvented(len(question.new), answer))
        else:
            said = answer
            if left := left_over(question, bench.room()):
                bench.front.tell(TagsAsInvented(left, TOO_MANY))
    invented = await bench.on(_settle, run.id, said=said, why=why, least=least)
    if invented.new or invented.changed:
        bench.front.tell(TagsConsolidated(run.id, invented))


async def _asked(bench: Workbench, run: Run, question: Question) -> tuple[Said, ...] | str:
    """Return what the model says of new tags, or why it says nothing.

    Raises WaitingForPersonError if it was stopped.
    """
    try:
        requests = requests_about(question, model=run.row.model, room=bench.room())
        asked = await ask_beside(bench, run, _aside(question, requests))
    except (TwolaneError, UsageError) as error:
        return str(error)
    if asked.row.state is RunState.STOPPED:
        return NO_ROOM
    if asked.row.state is not RunState.DONE:
        raise WaitingForPersonError(
            "stopped before the new tags were put in order, and nothing was written; continue with "
            f"`notemill resume {run.id}`"
        )
    said = said_in(await bench.thread.run(texts_of, asked))
    return NOT_ANSWERED if said is None else said


async def expected(
    bench: Workbench, survey: Survey, terms: RunTerms, *, vocabulary: bool
) -> Plan | None:
    """Return what it is likely to cost to put a curation's new tags in order, None for nothing.

    Its notes are tagged by a `vocabulary` or without one.
    """
    question = expected_question(len(survey.work), survey.candidates, vocabulary=vocabulary)
    if not bench.sends or not question.asks or Property.TAGS not in bench.used:
        return None
    try:
        requests = await bench.thread.run(
            lambda: requests_about(question, model=bench.model, room=bench.room())
        )
    except UsageError:
        return None  # The tags then stay as notes bring them.
    return await priced(bench, _aside(question, requests), terms)


def _aside(question: Question, requests: Sequence[Request]) -> Aside:
    """Return the requests under a name by which the same question is found again.

    The same are the tags and the notes, not what is told about these, and whether it is asked again.
    """
    parts = ["\0".join((one.key, *sorted(one.notes))) for one in question.new]
    parts += [NOT_YET] * question.again
    digest = hashlib.blake2b("\n".join(sorted(parts)).encode("utf-8", "replace"), digest_size=8)
    most = max(len(question.new) // max(1, len(requests)), 1)
    return Aside(KIND_CONSOLIDATE, digest.hexdigest(), requests, REPLY_TOKENS_PER_TAG * most)


# -- on the vault's thread ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _TagsThere:
    """The tags of a vault: `counts` are those that may be told, `known` the keys of all.

    `descriptions` say what tags are for; `states` are the keys of those that no note gets.
    """

    sight: Sight
    gate: Gate
    counts: Mapping[str, int]
    known: frozenset[str]
    descriptions: Mapping[str, str]
    states: frozenset[str]

    @classmethod
    def of(cls, opened: OpenVault) -> _TagsThere:
        """Look at the vault's notes and its vocabulary."""
        sight = opened.look()
        place = opened.place(sight)
        gate = opened.gate(place)
        candidates = gating.candidates_of(gate, sight, place)
        counts = candidates.counts
        tags = {tag_key(tag) for one in sight.seen for tag in one.all_tags}
        known = frozenset(tags | known_of(counts).keys())
        return cls(sight, gate, counts, known, candidates.descriptions, candidates.states)

    def allows(self, tag: str) -> bool:
        """Return whether a new tag may become this one."""
        return self.gate.of(tag, "") is not None and self.states.isdisjoint(paths_of(tag_key(tag)))


@dataclass(frozen=True, slots=True)
class _Standing:
    """What a run has proposed for visible notes, and what became of its new tags before."""

    there: _TagsThere
    proposals: Sequence[Proposal]
    new: tuple[NewTag, ...]
    before: tuple[InventedTag, ...]

    @classmethod
    def of(cls, opened: OpenVault, run: str, there: _TagsThere | None = None) -> _Standing:
        """Read what the store has about a run."""
        there = there or _TagsThere.of(opened)
        proposals = [one for one in opened.review.proposals(run) if there.sight.shows(one.note)]
        beside = (one for one in proposals if not there.gate.allows(one.value))
        return cls(there, proposals, new_tags(beside, there.known), opened.review.invented(run))

    def unused(self, opened: OpenVault) -> tuple[NewTag, ...]:
        """Return the tags of the run that no note has: new ones, and those of the vocabulary.

        What the owner lists in a note of their own is no new tag.
        """
        if opened.place(self.there.sight).note:
            return self.new
        used = {tag_key(tag) for one in self.there.sight.seen for tag in one.all_tags}
        return new_tags(self.proposals, used)

    @property
    def is_settled(self) -> bool:
        """Whether it was decided of all new tags what they become."""
        settled_before = {tag_key(one.tag) for one in self.before}
        return all(one.key in settled_before for one in self.new)

    @property
    def is_unanswered(self) -> bool:
        """Whether a model was asked in vain about some of the new tags."""
        in_vain = {tag_key(one.tag) for one in self.before if one.why == NOT_YET}
        return any(one.key in in_vain for one in self.new)

    def changes(
        self, became: Mapping[str, InventedTag]
    ) -> list[tuple[Proposal, NewProposal | None]]:
        """Return the pending proposals that change; see `rewritten`."""
        have = {
            one.key: frozenset(map(tag_key, (*one.all_tags, *one.queried)))
            for one in self.there.sight.seen
        }
        return [*rewritten(self.proposals, became, self.there.gate, have)]


def _question(opened: OpenVault, run: Run, *, tells: bool) -> Question | None:
    """Return what to ask about a run's new tags, None if nothing is new since the last answer.

    What became of a tag before holds for later notes, too. If it `tells` a model, it says how often
    their subjects occur in the vault.
    """
    standing = _Standing.of(opened, run.id)
    if changes := standing.changes(followed(standing.before)):
        opened.review.consolidate(run.id, (), changes, now=opened.clock())
        standing = _Standing.of(opened, run.id, standing.there)
    if standing.is_settled and not standing.is_unanswered:
        return None
    same = alike(standing.new, standing.there.counts)
    rejected = [one.tag for one in opened.decisions.new_tags() if not one.accepted and not one.note]
    new = joined(standing.new, same)
    accepted = {one.tag: len(one.notes) for one in new if one.decided}
    given = Counter(
        tag_key(one.value)
        for one in standing.proposals
        if one.kind in TAG_KINDS and one.state in _WAITING
    )
    there = {tag: count + given[tag_key(tag)] for tag, count in standing.there.counts.items()}
    question = Question(
        tuple(one for one in new if not one.decided),
        {**there, **accepted},
        same,
        [tag for tag in rejected if tag_key(tag) not in standing.there.sight.hidden_tags],
        _lines(standing),
        curated=len(opened.review.stored(run.id)),
        asked=run.row.total,
        total=len(standing.there.sight.seen),
        descriptions=standing.there.descriptions,
        again=standing.is_unanswered,
    )
    if not tells or not question.asks:
        return question
    notes = opened.contents.each(opened.vault, standing.there.sight.seen)
    return replace(question, occur=occurrences((one.tag for one in question.new), notes))


def _lines(standing: _Standing) -> dict[str, NoteLine]:
    """Return the notes of new tags: their titles, what the run says of them, and their tags."""
    said: dict[str, str] = {}
    tags: dict[str, list[str]] = {}
    for one in standing.proposals:
        if one.kind is ProposalKind.DESCRIPTION:
            said[one.note] = one.value
        elif one.kind in TAG_KINDS and one.state in _LIVE:
            tags.setdefault(one.note, []).append(one.value)
    wanted = {note for one in standing.new for note in one.notes}
    return {
        one.key: NoteLine(
            one.title,
            said.get(one.key, one.description),
            tuple(dict.fromkeys((*tags.get(one.key, ()), *one.all_tags))),
        )
        for one in standing.there.sight.seen
        if one.key in wanted
    }


def _settle(
    opened: OpenVault, run: str, *, said: Sequence[Said], why: str, least: bool
) -> Invented:
    """Store what becomes of a run's new tags; return those that stand, and what changed just now.

    `why` is kept with those that stay; `least` leaves out those of too few notes.
    """
    before = set(opened.review.invented(run))
    with opened.store.transaction():
        standing = _Standing.of(opened, run)
        same = alike(standing.new, standing.there.counts)
        found = settled(
            standing.new,
            [*said, *(Said(one.tag, one.becomes, one.why) for one in same)],
            known_of(standing.there.counts),
            allowed=standing.there.allows,
        )
        _store(opened, run, standing, found)
        # A name that tags were given may be that of another; what the answer names is as it says.
        spoken = {tag_key(bare_tag(one.tag)) for one in said}
        standing = _Standing.of(opened, run, standing.there)
        same = alike(standing.new, standing.there.counts)
        _store(opened, run, standing, [one for one in same if tag_key(one.tag) not in spoken])
        standing = _Standing.of(opened, run, standing.there)
        stay = [InventedTag(one.tag, one.tag, why, one.notes) for one in standing.new]
        _store(opened, run, standing, [*stay, *(seldom(standing.unused(opened)) if least else ())])
    now = _invented(_Standing.of(opened, run, standing.there))
    return replace(now, changed=tuple(one for one in now.changed if one not in before))


def _store(opened: OpenVault, run: str, standing: _Standing, found: Sequence[InventedTag]) -> None:
    changes = standing.changes({tag_key(one.tag): one for one in found if one.changed})
    opened.review.consolidate(run, found, changes, now=opened.clock())


def has_unordered(opened: OpenVault, run: Run) -> bool:
    """Return whether a run has new tags of which it was not decided what they become.

    A canceled run asks nothing more, and none does where tags are not used.
    """
    if Property.TAGS not in opened.used:
        return False
    pending = opened.review.proposals(run.id, state=ProposalState.PENDING)
    if run.row.state is RunState.CANCELED or all(one.kind not in TAG_KINDS for one in pending):
        return False
    return not _Standing.of(opened, run.id).is_settled


def invented_in(opened: OpenVault, run: str) -> Invented:
    """Return the new tags of a run, and what became of those that changed, for visible notes."""
    return _invented(_Standing.of(opened, run))


def _invented(standing: _Standing) -> Invented:
    shows = standing.there.sight.shows
    stayed = {tag_key(one.tag) for one in standing.before if not one.changed}
    new = new_tags(standing.proposals, standing.there.known - stayed, states=_LIVE)
    seen = (
        replace(one, notes=tuple(filter(shows, one.notes)))
        for one in standing.before
        if one.changed
    )
    return Invented(new, tuple(one for one in seen if one.notes))


def invented_by(opened: OpenVault, runs: Iterable[str]) -> dict[str, Invented]:
    """Return the same for several runs, without those that invented nothing."""
    there = _TagsThere.of(opened)
    found = {run: _invented(_Standing.of(opened, run, there)) for run in runs}
    return {run: one for run, one in found.items() if one.new or one.changed}
