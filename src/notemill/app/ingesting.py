"""Ingest: sources become notes, as proposals that a person reviews."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from notemill.app.driving import (
    Staged,
    begin_again,
    report_of,
    staged,
    start,
    through_stages,
    unfinished,
)
from notemill.app.events import Planned, RunReported, RunTakenUp, Sampled, Written
from notemill.app.ingest_answers import (
    collect_in,
    has_uncollected,
    has_unwritten,
    made_in,
    sample_in,
)
from notemill.app.ingest_events import (
    IngestEnded,
    Left,
    SourceUnread,
    Unchanged,
    Unread,
)
from notemill.app.ingest_found import Found, ended_of
from notemill.app.ingest_memory import SourceMemory
from notemill.app.ingest_parts import (
    PartsNoted,
    ask_parts,
    parts_noted,
    parts_planned,
    tell_parts,
)
from notemill.app.ingest_reading import SourceReading
from notemill.app.ingest_steps import (
    DraftRequests,
    check_folder,
    forget_in,
    keep_in,
    known_in,
    preview_in,
    stands_in,
)
from notemill.app.kinds import KIND_INGEST
from notemill.app.list_looks import ListLooks
from notemill.app.new_links import created_in, lacks_links, write_new_links
from notemill.app.opened import OpenVault
from notemill.app.terms import cheap
from notemill.properties import CURATED
from notemill.stores.proposals import ProposalState
from notemill.workflows.creating import NoteCreation, apply_ingested, together
from notemill.workflows.ingest.asking import reply_tokens
from twolane import RunState

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from notemill.app.ingest_parts import PartsPlan
    from notemill.app.ingest_steps import IngestOptions, Kept
    from notemill.app.terms import RunTerms
    from notemill.app.workbench import Workbench
    from notemill.sources.draft import Draft
    from notemill.sources.fetching import Fetcher
    from notemill.sources.youtube.reading import YouTube
    from notemill.workflows.curation.apply import Applied
    from notemill.workflows.ingest.matching import Known
    from twolane import Offer, Plan, Preview, Run

SAMPLE_NOTES: Final = 2
APPLIES: Final = "applies"
"""The setting of a run that writes its notes without asking."""


@dataclass(frozen=True, slots=True)
class IngestPlan:
    """What an ingest would ask, and what that would cost; nothing is sent or proposed.

    `offer` and `preview` are None if there is nothing to ask. `plans` are those of the requests
    about notes, and of what is asked beside; `kept` are what notes are made of.
    """

    offer: Offer | None
    preview: Preview | None
    plans: tuple[Plan, ...]
    kept: tuple[Kept, ...]
    unread: tuple[Unread, ...]
    unchanged: tuple[Unchanged, ...]
    left: tuple[Left, ...]


class Ingesting:
    """The service that makes notes of sources, for one vault."""

    def __init__(
        self, bench: Workbench, *, fetcher: Fetcher | None = None, youtube: YouTube | None = None
    ) -> None:
        """Make notes in the vault of `bench`; None reads from the public web, and from YouTube."""
        self._bench = bench
        self._fetcher = fetcher
        self._youtube = youtube

    async def ingest(
        self,
        sources: Sequence[str | Path] | None,
        options: IngestOptions,
        terms: RunTerms,
        *,
        limit: int | None = None,
        since: float | None = None,
        again: bool = False,
        apply: bool = False,
        allow_unmatched: bool = False,
        recalls: bool = False,
    ) -> IngestEnded:
        """Read sources and ask about those that the vault does not have; see `sources.arguments`.

        None reads what is new of the followed sources, in the cheap lane (see `terms.cheap`), and
        leaves out those that were looked at after `since`, by whatever process. Of each playlist,
        channel or feed the first `limit` are read. A run that has not ended is taken up before,
        unless `again`. `apply` writes the notes at once. With `recalls`, what a plan has just read
        is not read again. A source that cannot be read is named, and the others go on; a path is a
        file that came from elsewhere. Raises NotemillError, TwolaneError.
        """
        bench, terms = self._bench, self._bench.capped(terms)
        async with bench.working(KIND_INGEST):
            looks = ListLooks(bench, only_new=sources is None)
            named = await looks.due(since) if sources is None else sources
            if not named:
                return ended_of(None, Found())
            await bench.on(check_folder, options.folder)
            await bench.connect()
            await bench.warn_of_expiry()
            if sources is None:
                terms = cheap(terms, bench.engine.only_lane)
            before: IngestEnded | None = None
            job = None if again else await unfinished(bench, KIND_INGEST, terms, {})
            if job is None and not again:
                job = await self._left_over(apply=apply)
            if job is not None:
                before = await self._go_on(job, apply=apply)
                if before.state is not RunState.DONE:
                    return before
            found = await self._read(named, looks, limit, recalls=recalls)
            await looks.read()
            if not found.keys:
                return ended_of(None, found) if before is None else _with(before, found)
            await self._see(allow=allow_unmatched)
            settings = {**options.kept(), APPLIES: apply}
            begun = await self._begin(found, settings, terms, again=again)
            if isinstance(begun, Staged):
                await looks.began(begun.run.id)
                ended = await self._work(begun, found, apply=apply)
            else:
                report = await begun.report()
                bench.front.tell(RunReported(report, begun.row.state))
                ended = replace(ended_of(begun, found), report=report)
            if ended.state is RunState.DONE:
                await looks.ended()
            return ended

    async def plan(
        self,
        sources: Sequence[str | Path] | None,
        options: IngestOptions,
        terms: RunTerms,
        *,
        limit: int | None = None,
        recalls: bool = False,
    ) -> IngestPlan:
        """Read sources, None for the followed ones; return what would be asked, and the price.

        With `recalls`, what was read is remembered for a while, also for `ingest`. Raises NotemillError, TwolaneError.
        """
        bench, terms = self._bench, self._bench.capped(terms)
        await bench.on(check_folder, options.folder)
        await bench.connect()
        looks = ListLooks(bench, only_new=sources is None)
        if sources is None:
            sources, terms = await looks.due(None), cheap(terms, bench.engine.only_lane)
        found = await self._read(sources, looks, limit, recalls=recalls)
        offer = preview = None
        plans: tuple[Plan, ...] = ()
        if found.keys:
            requests, plan, long, offer = await self._priced(found, terms)
            plans = (plan, *([] if long is None else [long.plan]))
            bench.front.tell(Planned(offer))
            first = await bench.thread.run(lambda: next(iter(requests)))
            preview = bench.engine.preview(first, plan, cache=True)
        return IngestPlan(
            offer,
            preview,
            plans,
            tuple(found.kept.values()),
            tuple(found.unread),
            tuple(found.unchanged),
            tuple(found.left),
        )

    async def resume(
        self,
        run: Run,
        *,
        cap_nano: int | None = None,
        failed: bool = False,
        everything: bool = False,
        apply: bool = False,
        allow_unmatched: bool = False,
    ) -> IngestEnded:
        """Continue a run of this vault; see `begin_again`. Raises NotemillError, TwolaneError."""
        bench, row = self._bench, run.row
        async with bench.working(KIND_INGEST):
            await bench.warn_of_expiry()
            if failed or row.state is not RunState.DONE:
                await bench.connect(row.model, row.begun_at)
            job = staged(run, kind=KIND_INGEST)
            await self._see(allow=allow_unmatched)
            await begin_again(bench, run, cap_nano=cap_nano, failed=failed, everything=everything)
            return await self._go_on(job, apply=apply)

    async def collect(self, run: Run) -> None:
        """Turn the answers so far into proposals."""
        if run.row.dropped_at is not None:
            return
        for index, why in await self._bench.on(collect_in, run, sends=self._bench.sends):
            await run.mark_conflict(index, why)

    async def apply(
        self, run: Run, *, replacing: bool = False, note: str | None = None
    ) -> tuple[Applied, ...]:
        """Write the notes that a run proposes, or one `note`, and what it proposes for them.

        `replacing` also lets proposals take the place of a person's description. Raises
        VaultLockedError.
        """

        def writing(opened: OpenVault) -> Iterator[Applied]:
            states = (ProposalState.PENDING, ProposalState.ACCEPTED)
            creation = NoteCreation(
                opened.vault, opened.new_notes, run.id, opened.clock, opened.privacy, states
            )
            yield from apply_ingested(
                creation,
                opened.review,
                run.id,
                note=note,
                renewing=True,
                replacing=replacing,
                gate=opened.gate(),
                used=opened.used,
            )

        async with aclosing(self._bench.each(writing)) as written:
            return together([one async for one in written])

    # -- steps --------------------------------------------------------------------------------

    async def _see(self, *, allow: bool) -> None:
        sight = await self._bench.on(OpenVault.look)
        await self._bench.see_exclusions(sight, sends=self._bench.sends, allow=allow)

    async def _read(
        self,
        sources: Sequence[str | Path],
        looks: ListLooks,
        limit: int | None,
        *,
        recalls: bool,
    ) -> Found:
        """Read sources, and keep those that are to be asked about."""
        bench, found = self._bench, Found()
        known = await bench.on(known_in)
        memory = SourceMemory(bench, found, limit=limit, recalls=recalls)
        reading = self._reading(known, looks, memory, limit)
        async for one in reading.drafts(sources):
            match one:
                case Unread():
                    bench.front.tell(SourceUnread(one))
                    await memory.take(reading.step, one)
                    looks.unread(one)
                case Unchanged():
                    await memory.take(reading.step, one)
                    looks.settled((one.source,))
                case _:
                    kept = await bench.on(keep_in, known, one)
                    await memory.take(reading.step, kept)
                    tell = looks.settled if isinstance(kept, Unchanged) else looks.asked
                    tell(one.keys)
        await memory.keep()
        bench.front.tell(found.event())
        return found

    def _reading(
        self, known: Known, looks: ListLooks, memory: SourceMemory, limit: int | None
    ) -> SourceReading:
        from notemill.sources.fetching import Fetcher  # noqa: PLC0415  # aiohttp is heavy
        from notemill.sources.youtube.reading import YouTube  # noqa: PLC0415  # as above

        async def kept(key: str) -> Draft | Unchanged | None:
            return await self._bench.on(stands_in, known, key)

        return SourceReading(
            fetcher=self._fetcher or Fetcher(),
            youtube=self._youtube or YouTube(),
            kept=kept,
            is_read=memory.recall,
            wanted=looks.wanted,
            lists_only=looks.only_new,
            tell=self._bench.front.tell,
            limit=limit,
        )

    async def _price(
        self, keys: Sequence[str], terms: RunTerms, long: PartsPlan | None, noted: Mapping[str, str]
    ) -> tuple[DraftRequests, Plan]:
        """Return the requests about notes, and their plan beside that of the parts of long sources."""
        bench = self._bench
        requests = await bench.on(DraftRequests, bench, keys, noted)
        expected = reply_tokens(bench.used & CURATED)
        beside = [long.plan] if long is not None else []
        return requests, await bench.plan(requests, terms, reply_tokens=expected, beside=beside)

    async def _priced(
        self, found: Found, terms: RunTerms
    ) -> tuple[DraftRequests, Plan, PartsPlan | None, Offer]:
        """Return what is to be asked about sources, and the offer for all of it."""
        bench = self._bench
        long = await parts_planned(bench, found.keys, terms)
        requests, plan = await self._price(found.keys, terms, long, long.noted if long else {})
        if long is not None:
            tell_parts(bench, long)
        return requests, plan, long, bench.offer(plan, terms, beside=[long.plan] if long else [])

    async def _begin(
        self, found: Found, settings: Mapping[str, object], terms: RunTerms, *, again: bool
    ) -> Staged | Run:
        """Record a run, once a person has agreed to its price, and long sources are read.

        Returns the run that asks about their parts if there is nothing to begin yet, or at all.
        """
        bench = self._bench
        requests, plan, long, offer = await self._priced(found, terms)
        await bench.agree(offer)
        said = PartsNoted()
        if long is not None:
            asked = await ask_parts(bench, long, terms, again=again)
            if asked.row.state is not RunState.DONE:
                return asked
            said = await parts_noted(bench, long, asked)
            found.give_up(said.unread)
            if not found.keys:
                return asked
            requests, plan = await self._price(found.keys, terms, long, said.noted)
        return await start(
            bench,
            await bench.on(preview_in, found.keys),
            requests,
            plan,
            terms,
            kind=KIND_INGEST,
            settings={**settings, **said.settings()},
            spent=said.spent,
        )

    async def _left_over(self, *, apply: bool) -> Staged | None:
        """Return the last ingest if it was killed once all was answered, before all was done."""
        bench = self._bench
        run = await bench.engine.latest(bench.source_of(KIND_INGEST))
        if run is None or run.row.state is not RunState.DONE or run.row.dropped_at is not None:
            return None
        left = await bench.on(has_uncollected, run)
        if apply and run.row.setting(APPLIES):
            left = left or await bench.on(has_unwritten, run.id)
            left = left or await bench.on(lacks_links, run.id)
        return staged(run, kind=KIND_INGEST) if left else None

    async def _go_on(self, job: Staged, *, apply: bool) -> IngestEnded:
        self._bench.front.tell(RunTakenUp(job.run.id))
        return await self._work(job, Found(), apply=apply)

    async def _work(self, job: Staged, found: Found, *, apply: bool) -> IngestEnded:
        """Drive a run through its stages, and write its notes if `apply`."""
        bench, run = self._bench, job.run
        stopped = True
        try:
            await through_stages(bench, job, _Between(self, bench, run))
            if apply:
                await self._write(run)
            stopped = False
        finally:
            report = await report_of(bench, run)
            bench.front.tell(RunReported(report, run.row.state, stopped=stopped))
        if run.row.state is RunState.DONE:
            await bench.on(forget_in, run)
        notes, complete = await bench.on(made_in, run)
        ended = ended_of(run, found)
        return replace(ended, report=report, notes=notes, complete=complete)

    async def _write(self, run: Run) -> None:
        done = await self.apply(run)
        shows = (await self._bench.on(OpenVault.look)).shows
        seen = tuple(one for one in done if shows(one.note))
        self._bench.front.tell(Written(run.id, seen, len(done) - len(seen)))
        created = await self._bench.on(created_in, run.id)
        await write_new_links(self._bench, created, run.id)


def _with(ended: IngestEnded, found: Found) -> IngestEnded:
    """Return the end of a run that was taken up, with what became of the other sources named."""
    made = {one.note for one in ended.notes}
    return replace(
        ended,
        unread=tuple(found.unread),
        unchanged=tuple(one for one in found.unchanged if one.note not in made),
        left=tuple(found.left),
    )


class _Between:
    """The work of an ingest around its stages."""

    def __init__(self, ingesting: Ingesting, bench: Workbench, run: Run) -> None:
        self._ingesting = ingesting
        self._bench = bench
        self._run = run

    async def hold_back(self) -> None:
        """Hold nothing back: what is asked about is no note yet."""

    async def collect(self) -> None:
        await self._ingesting.collect(self._run)

    async def sample(self, stage: int) -> None:
        del stage  # the notes of all stages so far are looked at
        made = await self._bench.on(sample_in, self._run, SAMPLE_NOTES)
        self._bench.front.tell(Sampled(made))
