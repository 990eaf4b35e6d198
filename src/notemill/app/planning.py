"""What work would cost and when it would end, for any deadline and budget, before it begins.

The vault is surveyed once and what was found is held for a while, longer where it took long, so that
a person may move a deadline or a budget and see at once what changes. Nothing is sent or stored.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from notemill.app.consolidating import expected
from notemill.app.curation_steps import check_curates, requests_in, survey_in
from notemill.app.first_vocabulary import FirstVocabulary
from notemill.app.ingest_reading import marked
from notemill.app.kinds import ENDED, KIND_CURATE, KIND_INGEST
from notemill.app.pricing import has_vocabulary
from notemill.app.terms import RunTerms
from notemill.workflows.curation.asked import reply_tokens
from notemill.workflows.links.judging import LINK_KIND
from notemill.workflows.stages import spread, stage_sizes
from twolane import Lane, format_usd

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from notemill.app.ingest_steps import IngestOptions
    from notemill.app.ingesting import Ingesting
    from notemill.app.links import Linking
    from notemill.app.workbench import Workbench
    from notemill.config import EmbeddingSettings
    from notemill.workflows.curation.survey import Selection
    from notemill.workflows.links.finding import LinkSearch
    from twolane import Forecast, Offer, Plan

HELD_S: Final = 60.0
"""How long a survey holds, in seconds: as long as a person takes to set a deadline and a budget."""
HELD_TIMES: Final = 20
"""How many times as long as it took a survey holds at least: nobody waits for one again and again."""
MOST_PRICED: Final = 200
"""Notes whose requests are built to price all: their average is as good, and 10,000 take minutes."""


@dataclass(frozen=True, slots=True)
class SourceSeen:
    """What would become of a source, and what it is or why not, in words.

    `became` is `new` for a note of its own, `adds` to one that is there, `unread`, `left` where that
    note is left as it is, or `there` if it has all of it.
    """

    became: Literal["new", "adds", "unread", "left", "there"]
    title: str
    words: str


@dataclass(frozen=True, slots=True)
class WorkPlan:
    """What work would be and cost on its terms, before it begins.

    It would ask `items` requests, the price being an estimate from `priced` of them. Prices are in
    nano-dollars; `worst_nano` is the most it can cost. `p50_s` and `p90_s` are the seconds until it
    has ended, in half and in nine of ten cases, None where nothing is asked; they are from so many
    measured `batches` and `calls`, 0 for what is usual elsewhere. About `fitting` items fit the
    budget, None if all do. `problem` is why it cannot begin on these terms, '' if it can.
    `question` will be asked before it does. `stages` are the numbers of notes that come first, each
    to be agreed to. With `vocabulary`, one is proposed first. `unfinished` is a run that would have
    to be continued instead, or started over, '' for none. `sources` are those of an ingest.
    """

    lane: Lane
    reason: str
    items: int = 0
    priced: int = 0
    price_nano: int = 0
    worst_nano: int = 0
    realtime_nano: int = 0
    batch_nano: int = 0
    p50_s: float | None = None
    p90_s: float | None = None
    batches: int = 0
    calls: int = 0
    fitting: int | None = None
    problem: str = ""
    question: str = ""
    stages: tuple[int, ...] = ()
    vocabulary: bool = False
    unfinished: str = ""
    sources: tuple[SourceSeen, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """A survey: the plan of its own requests, and of those `beside`; None if nothing is asked."""

    items: int
    priced: int
    own: Plan | None
    beside: tuple[Plan, ...] = ()
    vocabulary: bool = False
    sources: tuple[SourceSeen, ...] = ()


@dataclass(frozen=True, slots=True)
class _Held:
    """A survey that is held: what it is of, the store's version after it, and from when until when."""

    key: object
    version: int
    at_s: float
    until_s: float
    found: _Found


class Planning:
    """The service that plans work on one vault."""

    def __init__(self, bench: Workbench, links: Linking, ingesting: Ingesting) -> None:
        """Plan for the vault of `bench`."""
        self._bench = bench
        self._links = links
        self._ingesting = ingesting
        self._held: _Held | None = None
        self._surveying = asyncio.Lock()

    async def curation(
        self, selection: Selection, terms: RunTerms, *, again: bool, vocabulary: bool
    ) -> WorkPlan:
        """Plan a curation; see `Curating.curate`. Raises UsageError, VaultError, ConfigError."""
        check_curates(self._bench)
        key = (KIND_CURATE, selection, vocabulary)
        found = await self._surveyed(key, lambda: self._curation(selection, vocabulary=vocabulary))
        planned = await self._on_terms(found, terms, "no note needs work")
        if found.own is not None:
            stages = _stages(found, terms, self._bench)
            planned = replace(planned, stages=stages, vocabulary=found.vocabulary)
        return replace(planned, unfinished="" if again else await self._unfinished(KIND_CURATE))

    async def linking(
        self,
        search: LinkSearch,
        embedding: EmbeddingSettings,
        terms: RunTerms | None,
        *,
        again: bool,
    ) -> WorkPlan:
        """Plan a search for links; see `Linking.find`. Only with `terms` the vault is searched.

        Raises NotemillError, ConfigError.
        """
        self._links.check_used()
        if terms is None:
            return self.here()
        found = await self._surveyed(
            (LINK_KIND, search, embedding), lambda: self._linking(search, embedding)
        )
        planned = await self._on_terms(found, terms, "no new link is likely enough")
        return replace(planned, unfinished="" if again else await self._unfinished(LINK_KIND))

    async def ingest(
        self,
        sources: Sequence[str | Path],
        options: IngestOptions,
        terms: RunTerms,
        *,
        limit: int | None = None,
    ) -> WorkPlan:
        """Plan an ingest; see `Ingesting.ingest`. For its price the sources are read.

        What was read is remembered for a while, so that the ingest begins without reading anew.
        Raises NotemillError, ConfigError.
        """
        key = (KIND_INGEST, tuple(map(marked, sources)), options, limit)
        found = await self._surveyed(key, lambda: self._sources(sources, options, limit))
        planned = await self._on_terms(found, terms, "no note is to be made of these sources")
        return replace(planned, stages=_stages(found, terms, self._bench), sources=found.sources)

    def here(self) -> WorkPlan:
        """Return the plan of work that asks no model."""
        return WorkPlan(
            Lane.REALTIME, "no model is asked: it is done on this machine, free of charge"
        )

    async def resuming(self, named: str) -> WorkPlan:
        """Return the plan of a run that goes on: its price was agreed to. Raises UnknownRunError."""
        row = (await self._bench.engine.run(named)).row
        return WorkPlan(row.decision_lane, row.decision_reason, unfinished=row.id)

    # -- surveys ------------------------------------------------------------------------------

    async def _surveyed(self, key: object, survey: Callable[[], Awaitable[_Found]]) -> _Found:
        """Return a survey that is held, or a new one. A second task waits for that of the first."""
        async with self._surveying:
            now, held = self._bench.clock(), self._held
            holds = held is not None and held.key == key and held.at_s <= now < held.until_s
            if held is not None and holds and held.version == await self._version():
                return held.found
            self._held = None
            found = await survey()
            at_s = self._bench.clock()
            until_s = at_s + max(HELD_S, HELD_TIMES * (at_s - now))
            self._held = _Held(key, await self._version(), at_s, until_s, found)
            return found

    async def _version(self) -> int:
        """Return a number that grows when a run has brought or written something."""
        return await self._bench.on(lambda opened: opened.store.version())

    async def _curation(self, selection: Selection, *, vocabulary: bool) -> _Found:
        bench = self._bench
        await bench.connect()
        survey = await bench.on(survey_in, selection)
        if not survey.work:
            return _Found(0, 0, None)
        terms = RunTerms()
        first = FirstVocabulary(bench, survey.sight, terms)
        asked = await first.planned() if vocabulary else None
        sample = replace(survey, work=tuple(spread(survey.work, MOST_PRICED)))
        if asked is not None:
            sample = replace(sample, candidates=first.expected(asked))
        by_vocabulary = asked is not None or await bench.on(has_vocabulary, survey.sight)
        ordering = await expected(bench, survey, terms, vocabulary=by_vocabulary)
        requests = await bench.on(requests_in, bench, sample)
        plan = await bench.plan(requests, terms, reply_tokens=reply_tokens(bench.used))
        if len(sample.work) < len(survey.work):
            plan = await self._replanned(plan, RunTerms(), items=len(survey.work))
        beside = (*([asked.plan] if asked else ()), *([ordering] if ordering else ()))
        return _Found(
            len(survey.work), len(sample.work), plan, beside, vocabulary=asked is not None
        )

    async def _linking(self, search: LinkSearch, embedding: EmbeddingSettings) -> _Found:
        _, planned = await self._links.rehearse(search, embedding, RunTerms())
        if planned is None:
            return _Found(0, 0, None)
        items = planned.offer.plan.survey.total
        return _Found(items, items, planned.offer.plan)

    async def _sources(
        self, sources: Sequence[str | Path], options: IngestOptions, limit: int | None
    ) -> _Found:
        planned = await self._ingesting.plan(
            sources, options, RunTerms(), limit=limit, recalls=True
        )
        seen = (
            *(SourceSeen("unread", one.source, one.why) for one in planned.unread),
            *(
                SourceSeen("adds" if one.enriches else "new", one.title, one.what)
                for one in planned.kept
            ),
            *(SourceSeen("left", one.source, f"{one.note}: {one.why}") for one in planned.left),
            *(SourceSeen("there", one.source, one.note) for one in planned.unchanged),
        )
        items = len(planned.kept)
        own = planned.plans[0] if planned.plans else None
        return _Found(items, items, own, planned.plans[1:], sources=seen)

    async def _unfinished(self, kind: str) -> str:
        run = await self._bench.engine.latest(self._bench.source_of(kind))
        return "" if run is None or run.row.state in ENDED else run.id

    # -- terms --------------------------------------------------------------------------------

    async def _on_terms(self, found: _Found, terms: RunTerms, nothing: str) -> WorkPlan:
        """Return what a survey's requests would be on these terms; `nothing` is said of none."""
        bench, terms = self._bench, self._bench.capped(terms)
        if found.own is None:
            return WorkPlan(Lane.REALTIME, f"nothing to do: {nothing}", p50_s=0.0, p90_s=0.0)
        problem = self._problem(found, terms)
        if problem:
            # It is shown what it would take without the budget or the lane that cannot be kept.
            lane = None if terms.lane is Lane.BATCH and bench.engine.only_lane else terms.lane
            terms = replace(terms, cap_nano=None, lane=lane)
        own = await self._replanned(found.own, self._own_terms(found, terms))
        beside = [await self._replanned(one, RunTerms(lane=terms.lane)) for one in found.beside]
        offer = bench.offer(own, terms, beside=beside)
        forecast = await self._forecast(own, terms)
        asides = [await self._forecast(one, RunTerms()) for one in beside]
        worst_nano = sum((one.worst_nano for one in asides), forecast.worst_nano)
        if terms.cap_nano is not None:
            worst_nano = min(worst_nano, terms.cap_nano)
        quote = offer.plan.quote
        return WorkPlan(
            lane=own.decision.lane,
            reason=self._reason(offer, own, terms),
            items=found.items,
            priced=found.priced,
            price_nano=offer.plan.estimated_nano,
            worst_nano=worst_nano,
            realtime_nano=quote.realtime_nano,
            batch_nano=quote.batch_nano,
            p50_s=sum((one.finish.p50_s for one in asides), forecast.finish.p50_s),
            p90_s=sum((one.finish.p90_s for one in asides), forecast.finish.p90_s),
            batches=forecast.tempo.batches,
            calls=forecast.tempo.calls,
            fitting=_fitting(offer),
            problem=problem,
            question=offer.question,
        )

    def _own_terms(self, found: _Found, terms: RunTerms) -> RunTerms:
        """Return the terms of the notes' own requests: their budget is what is left of it."""
        if terms.cap_nano is None:
            return terms
        beside_nano = sum(one.estimated_nano for one in found.beside)
        return replace(terms, cap_nano=max(1, terms.cap_nano - beside_nano))

    def _problem(self, found: _Found, terms: RunTerms) -> str:
        """Return why a run cannot begin on these terms, '' if it can."""
        if terms.lane is Lane.BATCH and self._bench.engine.only_lane is Lane.REALTIME:
            return "this provider has no batches; choose real time, or leave the lane open"
        own, cap_nano = found.own, self._own_terms(found, terms).cap_nano
        if own is None or cap_nano is None or terms.by_s is None:
            return ""
        needed_nano = own.quote.realtime_nano
        if needed_nano <= cap_nano or terms.cap_nano is None:
            return ""
        whole_nano = needed_nano + terms.cap_nano - cap_nano
        return (
            f"to be through in time, all of it may have to go in real time, at about "
            f"{format_usd(whole_nano)}; the budget is {format_usd(terms.cap_nano)}: raise it, or "
            "leave out the deadline"
        )

    def _reason(self, offer: Offer, own: Plan, terms: RunTerms) -> str:
        """Return why the lane was chosen, and what a budget changes."""
        # The engine counts its items there; how many notes there are is told apart.
        counted, _, words = own.decision.reason.partition(": ")
        words = words if counted.endswith(("item", "items")) else own.decision.reason
        if terms.lane is not None:
            words = f"{'real time' if terms.lane is Lane.REALTIME else 'batch'}, as you chose"
        if not self._bench.sends:
            words = "answered on this machine, free of charge: no model is asked"
        items = offer.plan.quote.items
        if offer.fitting is not None and offer.cap_nano is not None:
            words += (
                f"; the budget of {format_usd(offer.cap_nano)} is enough for about "
                f"{offer.fitting:,} of {items:,}"
            )
        if offer.month_fitting is not None:
            words += (
                f"; the month's budget is enough for about {offer.month_fitting:,} of {items:,}"
            )
        return words

    async def _replanned(self, plan: Plan, terms: RunTerms, *, items: int | None = None) -> Plan:
        engine = self._bench.engine
        return await self._bench.thread.run(
            lambda: engine.replan(
                plan,
                items=items,
                lane=terms.lane,
                cap_nano=terms.cap_nano,
                deadline_at=terms.deadline_at(engine.now()),
            )
        )

    async def _forecast(self, plan: Plan, terms: RunTerms) -> Forecast:
        engine = self._bench.engine
        return await self._bench.thread.run(
            lambda: engine.forecast(
                plan,
                deadline_at=terms.deadline_at(engine.now()),
                by_strict=terms.by_strict,
                cache=True,
            )
        )


def _stages(found: _Found, terms: RunTerms, bench: Workbench) -> tuple[int, ...]:
    """Return the numbers of notes that come first, each to be agreed to."""
    if found.own is None:
        return ()
    forced = terms.lane or bench.engine.only_lane
    return stage_sizes(terms.stages, found.items, batch_size=found.own.batch_size, forced=forced)


def _fitting(offer: Offer) -> int | None:
    """Return about how many items fit the run's and the month's budget, None if all do."""
    found = [one for one in (offer.fitting, offer.month_fitting) if one is not None]
    return min(found, default=None)
