"""The vault at a glance: what its notes have and need, what waits for a person, and what is next."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from notemill.app.curation_steps import needs_in
from notemill.app.kinds import ENDED, KIND_CURATE, KIND_INGEST
from notemill.stores.proposals import ProposalState
from notemill.stores.queue_rows import Filter
from notemill.workflows.curation.candidates import Candidates
from notemill.workflows.curation.surveying import survey_of
from notemill.workflows.links.judging import LINK_KIND
from notemill.workflows.links.network import Standing

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from notemill.app.graph import Graphing
    from notemill.app.opened import OpenVault
    from notemill.app.workbench import Workbench
    from notemill.stores.proposals import ProposalKind
    from notemill.workflows.curation.needs import Need


class Step(StrEnum):
    """What a person might do next."""

    RESUME = "resume"
    REVIEW = "review"
    APPLY = "apply"
    CURATE = "curate"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class NextStep:
    """The obvious next step, about `count` notes or proposals; `run` is the one to resume."""

    step: Step
    count: int = 0
    run: str = ""


@dataclass(frozen=True, slots=True)
class Overview:
    """What a vault's visible notes have and need.

    `needs` counts the notes that need work by the reason, the most frequent first. `without_text`
    have nothing to ask about, `left_alone` cannot be edited, `hidden` are excluded. `waiting` and
    `accepted` count proposals by kind: those to decide, and those to write. `unfinished` are runs
    that have not ended. `is_new` if nothing was ever proposed for the vault. `at_s` is when it was
    looked at, in seconds since the epoch.
    """

    at_s: float
    notes: int
    described: int
    tagged: int
    with_topics: int
    needs: Mapping[str, int]
    without_text: int
    left_alone: int
    hidden: int
    waiting: Mapping[ProposalKind, int]
    accepted: Mapping[ProposalKind, int]
    has_vocabulary: bool
    is_new: bool
    unfinished: tuple[str, ...] = field(default=())

    @property
    def needy(self) -> int:
        """How many notes need work."""
        return sum(self.needs.values())

    def next_step(self, working: Collection[str] = ()) -> NextStep:
        """Return the obvious next step; the runs `working` need no person now."""
        for run in self.unfinished:
            if run not in working:
                return NextStep(Step.RESUME, run=run)
        if count := sum(self.waiting.values()):
            return NextStep(Step.REVIEW, count)
        if count := sum(self.accepted.values()):
            return NextStep(Step.APPLY, count)
        if self.needy and not working:
            return NextStep(Step.CURATE, self.needy)
        return NextStep(Step.NOTHING)


@dataclass(frozen=True, slots=True)
class LinkOverview:
    """How connected a vault is: its `links`, the notes that have any, and the `orphans` without.

    `written` of the links are notemill's.
    """

    links: int
    written: int
    linked: int
    orphans: int


class Overviewing:
    """The service that shows one vault at a glance."""

    def __init__(self, bench: Workbench, graph: Graphing) -> None:
        """Look at the vault of `bench`."""
        self._bench = bench
        self._graph = graph

    async def glance(self) -> Overview:
        """Return what the notes have and need now, from the index alone. Raises VaultError."""
        return await self._bench.on(_glance, await self._unfinished())

    async def links(self) -> LinkOverview:
        """Return how connected the notes are now.

        It takes seconds for 10,000 notes, and much less while nothing has changed. Raises
        VaultError.
        """
        network = await self._graph.network()
        standing = Counter(one.standing for one in network.links)
        there = [one for one in network.links if one.standing in (Standing.OWN, Standing.WRITTEN)]
        linked = {place for one in there for place in (one.a, one.b)}
        return LinkOverview(
            len(there), standing[Standing.WRITTEN], len(linked), len(network.notes) - len(linked)
        )

    async def _unfinished(self) -> tuple[str, ...]:
        bench = self._bench
        found = [
            await bench.engine.latest(bench.source_of(one))
            for one in (KIND_CURATE, KIND_INGEST, LINK_KIND)
        ]
        return tuple(
            one.id
            for one in found
            if one is not None and one.row.state not in ENDED and not one.row.handed_over
        )


def _glance(opened: OpenVault, unfinished: tuple[str, ...]) -> Overview:
    sight = opened.look()
    place = opened.place(sight)
    needs: Counter[str] = Counter()
    survey = survey_of(
        sight,
        Candidates.of([]),
        need=needs_in(opened, refresh=False),
        why_not_writable=lambda _: "",
        wanted=None,
        place=place.note,
        limit=None,
        left_out=opened.vault.skipped,
    )
    needs.update(_reason(why) for _, why in survey.work)
    waiting, accepted = (
        opened.queue.kinds(Filter(states={state}, shows=sight.shows))
        for state in (ProposalState.PENDING, ProposalState.ACCEPTED)
    )
    return Overview(
        at_s=opened.clock(),
        notes=len(sight.seen),
        described=sum(one.has_description for one in sight.seen),
        tagged=sum(bool(one.all_tags) for one in sight.seen),
        with_topics=sum(bool(one.topics) for one in sight.seen),
        needs=dict(needs.most_common()),
        without_text=len(survey.without_text),
        left_alone=len(survey.skipped),
        hidden=len(sight.hidden),
        waiting=waiting,
        accepted=accepted,
        has_vocabulary=opened.gate(place).vocabulary is not None,
        is_new=not (opened.review.curated() or any(opened.queue.counts().values())),
        unfinished=unfinished,
    )


def _reason(why: Need) -> str:
    """Return why a note needs work, without the tag that it is about: all such notes count as one."""
    return "an invalid tag" if why.reason.startswith("invalid tag") else why.reason
