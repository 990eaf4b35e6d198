"""Have a model arrange the tags: a run for the headings and one for the tags."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from notemill.app.driving import drive
from notemill.app.events import Planned, RunBegan
from notemill.app.kinds import KIND_TAGS
from notemill.app.opened import OpenVault
from notemill.app.tag_events import (
    AllArranged,
    ArrangedHere,
    RoundReported,
    RoundUnfinished,
    TagsArranged,
    TagsToAsk,
)
from notemill.errors import UsageError
from notemill.markup.tags import tag_key
from notemill.tagging.taglist import Entry
from notemill.workflows.tags.arrangement import Arrangement, keep_arrangement, read_arrangement
from notemill.workflows.tags.arranging import (
    asking_about,
    chunk_requests,
    expected_requests,
    levels_request,
    read_levels,
    reply_tokens,
    settled,
)
from notemill.workflows.tags.contexts import context_of
from notemill.workflows.tags.usage import find_usage, tags_sought
from twolane import RunState, content_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notemill.app.tag_view import TagView
    from notemill.app.terms import RunTerms
    from notemill.app.workbench import Workbench
    from notemill.tagging.cards import Context
    from notemill.tagging.filing import Arranged
    from notemill.workflows.tags.arranging import Asking
    from notemill.workflows.tags.findings import TagReport
    from twolane import Preview, Report, Request, Run

MAX_TAGS_ASKED: Final = 250
"""The default for the most tags in one request."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The outcome of asking: the vocabulary, None if there is none, and the runs' reports.

    `preview` is the first request of a dry run.
    """

    entries: tuple[Entry, ...] | None
    reports: tuple[Report, ...] = ()
    preview: Preview | None = None


async def ask_model(
    bench: Workbench,
    view: TagView,
    terms: RunTerms,
    *,
    chunk: int,
    again: bool = False,
    dry_run: bool = False,
) -> Asked:
    """Have a model arrange the tags, once a person has agreed to the price.

    The offline provider arranges by co-occurrence and containment, without a run. `chunk` is the
    most tags in one request; `again` starts over; a `dry_run` only shows price and request. Raises
    NotemillError, TwolaneError.
    """
    found = await bench.thread.run(view.found)
    if not bench.sends:
        bench.front.tell(ArrangedHere())
        return Asked(await bench.thread.run(view.proposed, found))
    await bench.warn_of_expiry()
    await bench.connect()
    asking = await bench.thread.run(_asking, view, found, chunk)
    if not asking.chunks:
        bench.front.tell(AllArranged())
        return Asked(())
    terms = bench.capped(terms)
    expected = expected_requests(asking, model=bench.model, chunk=chunk)
    offer = await bench.planned(expected, terms, reply_tokens=reply_tokens(asking))
    bench.front.tell(TagsToAsk(len(asking.cards), len(asking.chunks), asking.asks_levels))
    if dry_run:
        bench.front.tell(Planned(offer))
        return Asked(None, preview=bench.engine.preview(expected[0], offer.plan, cache=True))
    rounds = _Rounds(bench, view, found, asking, terms, chunk)
    await rounds.find(again=again)
    if rounds.begins:
        await bench.agree(offer)
    return await rounds.through()


@dataclass(slots=True)
class _Rounds:
    """The headings' run and the tags' run; None for one that has not begun."""

    bench: Workbench
    view: TagView
    found: TagReport
    asking: Asking
    terms: RunTerms
    chunk: int
    levels: Run | None = None
    tags: Run | None = None
    reports: list[Report] = field(default_factory=list)

    @property
    def begins(self) -> bool:
        """Whether a run has yet to begin."""
        return self.tags is None or (self.asking.asks_levels and self.levels is None)

    async def find(self, *, again: bool) -> None:
        """Find the runs that the same command began before; `again` ignores them."""
        if again:
            return
        if self.asking.asks_levels:
            self.levels = await self._begun("levels")
        self.tags = await self._begun("tags")

    async def through(self) -> Asked:
        """Drive both rounds, or the rest of them, and build the vocabulary."""
        levels = await self._headings()
        if levels is None:
            return Asked(None, tuple(self.reports))
        if self.tags is None:
            requests = chunk_requests(self.asking, levels, model=self.bench.model)
            self.tags = await self._begin("tags", requests)
        report = await self._driven(self.tags)
        if self.tags.row.state is not RunState.DONE:
            self.bench.front.tell(RoundUnfinished())
            return Asked(None, tuple(self.reports))
        entries, said = await self.bench.thread.run(
            _arranged, self.view, self.found, self.asking, levels, self.tags
        )
        failed = bool(report.items.failed or report.items.quarantined)
        self.bench.front.tell(TagsArranged(said.missing, said.refused, failed, said.kept))
        return Asked(entries, tuple(self.reports))

    async def _headings(self) -> Sequence[str] | None:
        """Return the headings to file into; None if there is no usable reply with them."""
        if not self.asking.asks_levels:
            return self.asking.levels
        if self.levels is None:
            request = levels_request(self.asking, model=self.bench.model, chunk=self.chunk)
            self.levels = await self._begin("levels", [request])
        report = await self._driven(self.levels)
        if self.terms.cap_nano is not None:
            left = max(1, self.terms.cap_nano - report.actual_nano)
            self.terms = replace(self.terms, cap_nano=left)
        run = self.levels
        return await self.bench.thread.run(lambda: read_levels(run.outcomes()))

    async def _driven(self, run: Run) -> Report:
        self.bench.front.tell(RunBegan(run.id))
        try:
            await drive(self.bench, run)
        finally:
            report = await run.report()
            self.bench.front.tell(RoundReported(report))
            self.reports.append(report)
        return report

    # -- runs of the ledger -------------------------------------------------------------------

    async def _begun(self, part: str) -> Run | None:
        """Return the run of a round that the same command began before, or None.

        If it has ended, its failures are retried. Raises ConfigError naming the difference if an
        unfinished one was begun with other settings.
        """
        engine, source = self.bench.engine, self._source(part)
        run = await engine.latest(source)
        if run is None or run.row.state is RunState.CANCELED or run.row.dropped_at:
            return None
        if run.row.state is RunState.DONE:
            return await self._ended(run)
        run = await engine.unfinished(source, self.asking.identity, self._same | self._limits)
        if run is not None:
            self._check_seen(run)
        if run is not None and self.terms.cap_nano is not None:
            await run.set_cap(self.terms.cap_nano)
        return run

    async def _ended(self, run: Run) -> Run | None:
        """Return an ended run if it asked the same, with its failures set to be retried."""
        same = run.row.input_hash == self.asking.identity and all(
            run.row.setting(name) == value for name, value in self._same.items()
        )
        if not same:
            return None
        if (await run.report()).items.failed:
            self._check_seen(run)
            await run.retry_failed(everything=True)
        return run

    async def _begin(self, part: str, requests: Sequence[Request]) -> Run:
        """Record a run for the requests of a round.

        Raises ConfigError, LedgerError, ExternallyChangedError if a note was hidden meanwhile.
        """
        bench, terms = self.bench, self.terms
        await bench.on(OpenVault.check_still, self.view.sight)
        offer = await bench.planned(requests, terms, reply_tokens=reply_tokens(self.asking))
        return await bench.engine.start(
            requests,
            plan=offer.plan,
            kind=KIND_TAGS,
            label=str(bench.root),
            source=self._source(part),
            input_hash=self.asking.identity,
            lane=terms.lane,
            cap_nano=terms.cap_nano,
            deadline_at=terms.deadline_at(bench.engine.now()),
            by_strict=terms.by_strict,
            settings=self._same | self._limits | {"hidden": self._hidden},
            cache=True,
        )

    @property
    def _hidden(self) -> list[str]:
        """The hidden notes, as hashes that do not name them."""
        return sorted(
            content_hash(key.encode("utf-8", "replace"))[:12] for key in self.view.sight.hidden
        )

    def _check_seen(self, run: Run) -> None:
        """Check that a run's earlier requests contain nothing of a note that is hidden by now."""
        before = run.row.setting("hidden")
        if not set(self._hidden) <= set(map(str, before if isinstance(before, list) else ())):
            raise UsageError(
                f"notes were excluded since run {run.id} began, and its requests may name "
                "them; nothing was sent; start over with --again"
            )

    def _source(self, part: str) -> str:
        return self.bench.source_of(f"{KIND_TAGS}-{part}")

    @property
    def _same(self) -> dict[str, object]:
        return {**self.bench.engine.place, "model_asked": self.bench.model}

    @property
    def _limits(self) -> dict[str, object]:
        kept = self.terms.kept()
        return {name: kept[name] for name in ("lane", "by")}


# -- on the vault's thread ------------------------------------------------------------------------


def _asking(view: TagView, found: TagReport, chunk: int) -> Asking:
    """Return what to ask a model about the tags, without anything from hidden notes."""
    hidden = bool(view.place.note) and not view.sight.shows(view.place.note)
    away = view.sight.hidden_tags
    return asking_about(
        found,
        view.gate.vocabulary,
        never=[
            one
            for one in view.opened.decisions.rejections()
            if tag_key(one.tag) not in away and tag_key(one.into) not in away
        ],
        chunk=chunk,
        only=found.census.tags.keys() if hidden else None,
        context=_context(view, found),
    )


def _context(view: TagView, found: TagReport) -> Context:
    """Return what is told of each tag beside its notes, as far as it may be sent."""
    opened = view.opened
    usage = find_usage(
        opened.vault, view.facts, tags_sought(found.census.tags), privacy=opened.privacy
    )
    return context_of(found, usage, lambda key: opened.to_send(key)[1])


def _arranged(
    view: TagView, found: TagReport, asking: Asking, levels: Sequence[str], run: Run
) -> tuple[tuple[Entry, ...], Arranged]:
    """Return the vocabulary from a run's answers, and store it as the model's arrangement.

    It includes junk, which is found without a model, but no rejected changes.
    """
    decisions = view.opened.decisions
    said = settled(asking, levels, run.outcomes())
    junk = [Entry(one.tag, dropped=True, reason=one.reason) for one in found.droppable]
    entries = view.kept_in_place((*said.entries, *junk), found)
    before = read_arrangement(decisions)
    apart = dict.fromkeys((*said.apart, *(before.apart if before else ())))
    keep_arrangement(decisions, Arrangement(run.id, entries, tuple(apart)))
    return entries, said
