"""Curation: propose a description, tags and topics for each note that needs work."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Final

from notemill.app.aside import ASIDES_BEFORE, reports_of
from notemill.app.carrying import carry_new_tags
from notemill.app.consolidating import has_unordered, put_in_order
from notemill.app.curation_steps import (
    EXAMPLES,
    check_curates,
    collect_in,
    common_in,
    left_over_in,
    losses_in,
    sample_in,
    survey_in,
    told_in,
    waiting_in,
)
from notemill.app.driving import (
    Staged,
    begin_again,
    report_of,
    staged,
    start,
    through_stages,
    unfinished,
    was_cut,
    withdraw,
)
from notemill.app.events import (
    HeldBack,
    LeftOverFound,
    NotesCut,
    Planned,
    ProposalsWaiting,
    RunReported,
    RunTakenUp,
    Sampled,
    Surveyed,
    Written,
)
from notemill.app.first_vocabulary import FirstVocabulary, taken_over
from notemill.app.kinds import ENDED, KIND_CURATE
from notemill.app.opened import OpenVault
from notemill.app.pricing import price_of
from notemill.errors import NotemillError
from notemill.properties import ALL
from notemill.workflows.curation.apply import apply_run
from notemill.workflows.curation.asked import usable
from notemill.workflows.curation.survey import Selection, Survey
from twolane import EMPTY_REPORT, RunState, TwolaneError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notemill.app.first_vocabulary import VocabularyPlan
    from notemill.app.pricing import Priced
    from notemill.app.terms import RunTerms
    from notemill.app.workbench import Workbench
    from notemill.privacy import Sight
    from notemill.properties import Properties
    from notemill.workflows.curation.apply import Applied
    from notemill.workflows.curation.reply_text import Loss
    from twolane import Offer, Plan, Preview, Report, Run

SAMPLE_NOTES: Final = 2


@dataclass(frozen=True, slots=True)
class CurationEnded:
    """The state of a curation when the work on it ends.

    `run` is None if no note needs work; `unwritten` are notes whose additions could not be written,
    and `complete` if there are none, hidden notes included; `losses` are the parts of answers that
    were dropped or changed.
    """

    run: Run | None
    report: Report
    survey: Survey
    unwritten: tuple[Applied, ...] = ()
    complete: bool = True
    losses: tuple[tuple[str, Loss], ...] = ()
    cut: int = 0

    @property
    def state(self) -> RunState | None:
        """The state of its run."""
        return None if self.run is None else self.run.row.state


@dataclass(frozen=True, slots=True)
class CurationPlan:
    """What a curation would ask: the price, the whole first request, and the notes left alone.

    The price includes that of the `vocabulary` proposed before, and that of `ordering` new tags;
    each is None if there is none to tell.
    """

    survey: Survey
    offer: Offer | None
    preview: Preview | None = None
    cut: int = 0
    vocabulary: VocabularyPlan | None = None
    vocabulary_preview: Preview | None = None
    ordering: Plan | None = None


class Curating:
    """The service that curates one vault."""

    def __init__(self, bench: Workbench) -> None:
        """Curate the vault of `bench`."""
        self._bench = bench

    async def survey(self, selection: Selection) -> Survey:
        """Scan the vault for notes that need work. Raises VaultError."""
        return await self._bench.on(survey_in, selection)

    async def plan(
        self, selection: Selection, terms: RunTerms, *, vocabulary: bool = True
    ) -> CurationPlan:
        """Return what would be asked and what it would cost; nothing is sent or stored.

        `vocabulary` False leaves out the vocabulary that would be proposed first. Raises
        VaultError, ConfigError.
        """
        bench, terms = self._bench, self._bench.capped(terms)
        check_curates(bench)
        await bench.connect()
        await bench.warn_of_expiry()
        survey = await self._surveyed(selection)
        await self._see(survey, sends=False, allow=False)
        if not survey.work:
            return CurationPlan(survey, None)
        first = FirstVocabulary(bench, survey.sight, terms)
        asked = await first.planned() if vocabulary else None
        price = await self._price(survey, terms, first, asked)
        price.tell_parts(bench.front)
        bench.front.tell(Planned(price.offer))

        def preview() -> Preview | None:
            one = next(iter(price.requests), None)
            return None if one is None else bench.engine.preview(one, price.plan, cache=True)

        return CurationPlan(
            survey,
            price.offer,
            await bench.thread.run(preview),
            cut=len(price.requests.room.cut),
            ordering=price.ordering,
            vocabulary=asked,
            vocabulary_preview=first.preview(asked) if asked else None,
        )

    async def curate(
        self,
        selection: Selection,
        terms: RunTerms,
        *,
        again: bool = False,
        apply: bool = False,
        allow_unmatched: bool = False,
        vocabulary: bool = True,
    ) -> CurationEnded:
        """Ask about the notes that need work, or continue a run that has not ended.

        `again` starts over; `apply` writes additions at once; `vocabulary` False proposes none for
        a vault without one. An error that stops the run is raised after the run has been reported.
        Raises NotemillError, TwolaneError.
        """
        bench, terms = self._bench, self._bench.capped(terms)
        check_curates(bench)
        async with bench.working(KIND_CURATE):
            await bench.connect()
            await bench.warn_of_expiry()
            if (left := await self._left_over(apply=apply)) is not None:
                bench.front.tell(LeftOverFound(left.id))
                await self.collect(left)
                await put_in_order(bench, left)
            survey = await self._surveyed(selection)
            job = None if again else await unfinished(bench, KIND_CURATE, terms, _kept(selection))
            await self._see(
                survey, sends=bench.sends and bool(job or survey.work), allow=allow_unmatched
            )
            if count := await bench.on(waiting_in, survey.sight):
                bench.front.tell(ProposalsWaiting(count))
            if job is not None:
                return await self._go_on(job, survey, apply=apply)
            if left is not None and not survey.work:
                return await self._conclude(left, survey, apply=apply)
            if left is not None and apply:
                await self._write(left)
            if not survey.work:
                return CurationEnded(None, EMPTY_REPORT, survey)
            first = FirstVocabulary(bench, survey.sight, terms, again=again)
            begun = await self._begin(survey, selection, terms, first, wanted=vocabulary)
            if not isinstance(begun, Staged):
                return await self._conclude(begun, survey, apply=False)
            return await self._work(begun, survey, apply=apply)

    async def resume(
        self,
        run: Run,
        *,
        cap_nano: int | None = None,
        failed: bool = False,
        everything: bool = False,
        apply: bool = False,
        allow_unmatched: bool = False,
    ) -> CurationEnded:
        """Continue a run of this vault; see `begin_again` for the options.

        Raises NotemillError, TwolaneError.
        """
        bench, row = self._bench, run.row
        check_curates(bench)
        async with bench.working(KIND_CURATE):
            await bench.warn_of_expiry()
            if failed or row.state is not RunState.DONE:
                await bench.connect(row.model, row.begun_at)
            job = staged(run, kind=KIND_CURATE)
            survey = await self.survey(Selection())
            await self._see(survey, sends=bench.sends, allow=allow_unmatched)
            await begin_again(bench, run, cap_nano=cap_nano, failed=failed, everything=everything)
            return await self._go_on(job, survey, apply=apply)

    async def collect(self, run: Run) -> None:
        """Turn the answers so far into proposals."""
        if run.row.dropped_at is not None:
            return
        for index, why in await self._bench.on(collect_in, run):
            await run.mark_conflict(index, why)

    async def apply(
        self,
        run: Run,
        *,
        replacing: bool = False,
        note: str | None = None,
        used: Properties = ALL,
    ) -> tuple[Applied, ...]:
        """Write a run's pending proposals, of the properties `used` or for one `note`: `apply_run`.

        Raises VaultLockedError.
        """
        done: list[Applied] = []

        def writing(opened: OpenVault) -> Iterator[Applied]:
            yield from apply_run(
                opened.vault,
                opened.review,
                run.id,
                note=note,
                replacing=replacing,
                now=opened.clock,
                gate=opened.gate(),
                privacy=opened.privacy,
                used=used,
            )

        async with aclosing(self._bench.each(writing)) as written:
            async for one in written:
                done.append(one)
                if one.conflict and (index := await run.index_of(one.note)) is not None:
                    await run.mark_conflict(index, one.problem)
        return tuple(done)

    async def losses(self, run: Run, note: str | None = None) -> tuple[tuple[str, Loss], ...]:
        """Return what was dropped or changed in a run's answers, except for hidden notes."""
        return await self._bench.on(losses_in, run, note)

    # -- steps --------------------------------------------------------------------------------

    async def _surveyed(self, selection: Selection) -> Survey:
        survey = await self.survey(selection)
        self._bench.front.tell(Surveyed(survey, selection))
        return survey

    async def _see(self, survey: Survey, *, sends: bool, allow: bool) -> None:
        await self._bench.see_exclusions(survey.sight, sends=sends, allow=allow)
        await self._bench.see_vocabulary(survey.sight)

    async def _price(
        self,
        survey: Survey,
        terms: RunTerms,
        first: FirstVocabulary,
        asked: VocabularyPlan | None = None,
    ) -> Priced:
        """Return the price, see `price_of`; report which notes are cut."""
        price = await price_of(self._bench, survey, terms, first, asked)
        room = price.requests.room
        if room.cut and room.context_tokens is not None:
            self._bench.front.tell(NotesCut(len(room.cut), room.context_tokens))
        return price

    async def _agree(self, price: Priced) -> None:
        price.tell_parts(self._bench.front)
        await self._bench.agree(price.offer)

    async def _begin(
        self,
        survey: Survey,
        selection: Selection,
        terms: RunTerms,
        first: FirstVocabulary,
        *,
        wanted: bool,
    ) -> Staged | Run:
        """Record a run, once a person has agreed to its price, and to a vocabulary if `wanted`.

        Returns the run that asks for the vocabulary if that has not ended.
        """
        bench = self._bench
        asked = await first.planned() if wanted else None
        if asked is not None:
            await self._agree(await self._price(survey, terms, first, asked))
            await bench.on(OpenVault.check_still, survey.sight)
        if wanted:
            settled = await first.settle(asked)
            if settled.unfinished is not None:
                return settled.unfinished
            if settled.tags:
                # The notes are asked about by what was accepted.
                survey = await self.survey(selection)
        price = await self._price(survey, terms, first)
        requests = price.requests
        if asked is None:
            await self._agree(price)
        await bench.on(OpenVault.check_still, survey.sight)
        cut = len(requests.room.cut)
        before = await first.asides()
        job = await start(
            bench,
            survey.notes,
            requests,
            price.plan,
            terms,
            kind=KIND_CURATE,
            usable=usable(bench.used),
            settings={
                **_kept(selection),
                "exclude": await bench.on(lambda opened: opened.privacy.entries),
                EXAMPLES: [one.key for one in requests.examples],
                **({"cut": cut} if cut else {}),
                **({ASIDES_BEFORE: before} if before else {}),
            },
            spent=await reports_of(bench, before),
        )
        await taken_over(bench, job.run)
        return job

    async def _go_on(self, job: Staged, survey: Survey, *, apply: bool) -> CurationEnded:
        self._bench.front.tell(RunTakenUp(job.run.id))
        await taken_over(self._bench, job.run)
        return await self._work(job, survey, apply=apply)

    async def _work(self, job: Staged, survey: Survey, *, apply: bool) -> CurationEnded:
        """Drive a curation through its stages, then conclude it."""
        if not self._bench.sends:
            self._bench.responder.common = await self._bench.on(common_in, survey.sight)
        try:
            await through_stages(self._bench, job, _Between(self, self._bench, job.run, survey))
        except (NotemillError, TwolaneError):
            report = await report_of(self._bench, job.run)
            self._bench.front.tell(RunReported(report, job.run.row.state, survey, stopped=True))
            raise
        return await self._conclude(job.run, survey, apply=apply)

    async def _conclude(self, run: Run, survey: Survey, *, apply: bool) -> CurationEnded:
        """Write the additions if `apply`, and report."""
        unwritten: tuple[Applied, ...] = ()
        complete = True
        try:
            if apply:
                unwritten, complete = await self._write(run)
        finally:
            report, losses = await report_of(self._bench, run), await self.losses(run)
            self._bench.front.tell(RunReported(report, run.row.state, survey, losses, was_cut(run)))
        return CurationEnded(run, report, survey, unwritten, complete, losses, was_cut(run))

    async def _write(self, run: Run) -> tuple[tuple[Applied, ...], bool]:
        """Write the additions; return the notes that could not be written, and whether all were.

        Hidden notes are not returned, but count.
        """
        done = await self.apply(run, used=self._bench.used)
        shows = (await self._bench.on(OpenVault.look)).shows
        seen = tuple(one for one in done if shows(one.note))
        self._bench.front.tell(Written(run.id, seen, len(done) - len(seen)))
        unwritten = tuple(one for one in seen if one.problem)
        return unwritten, not any(one.problem for one in done)

    async def _left_over(self, *, apply: bool) -> Run | None:
        """Return the vault's newest run if it has ended with answers not yet collected or applied.

        A process died before it had read them, put their new tags in order or, if additions are to
        be applied, written them.
        """
        run = await self._bench.engine.latest(self._bench.source_of(KIND_CURATE))
        if run is None or run.row.state not in ENDED:
            return None
        kept = run.row.dropped_at is None
        succeeded = (await run.report()).items.succeeded if kept else 0
        if await self._bench.on(left_over_in, run.id, succeeded, apply=apply):
            return run
        unordered = kept and await self._bench.on(has_unordered, run)
        return run if unordered else None


class _Between:
    """The work of a curation around its stages."""

    def __init__(self, curating: Curating, bench: Workbench, run: Run, survey: Survey) -> None:
        self._curating = curating
        self._bench = bench
        self._run = run
        self._survey = survey
        self._stages = count()

    async def hold_back(self) -> None:
        others: list[str] = []

        def told(_: OpenVault, sight: Sight) -> list[str]:
            others.extend(told_in(self._run, sight))
            return others

        if held := await withdraw(self._bench, self._run, told=told):
            self._bench.front.tell(HeldBack(held, with_others=bool(others)))
        await carry_new_tags(self._bench, self._run, self._survey, next(self._stages))

    async def collect(self) -> None:
        await self._curating.collect(self._run)
        await put_in_order(self._bench, self._run)

    async def sample(self, stage: int) -> None:
        changes = await self._bench.on(sample_in, self._run, stage, SAMPLE_NOTES)
        self._bench.front.tell(Sampled(changes))


def _kept(selection: Selection) -> dict[str, object]:
    return {"only": selection.only, "limit": selection.limit}
