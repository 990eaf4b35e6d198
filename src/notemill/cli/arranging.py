"""`notemill tags vocabulary --ask-model`: a model names and arranges the tags, priced first."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from notemill.app.mill import OFFLINE
from notemill.workflows.tags.arranging import (
    chunk_requests,
    expected_requests,
    levels_request,
    read_levels,
)
from twolane import RunState
from twolane.front.consent import agree, find_server, show_plan, show_request
from twolane.front.console import counted, exit_code, print_expiring, print_report, shown
from twolane.front.driving import drive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notemill.app.tagmill import TagMill
    from notemill.tagging.filing import Settled
    from notemill.tagging.vocabulary import Entry
    from notemill.workflows.curation.survey import CurateOptions
    from notemill.workflows.tags.arranging import Asking
    from notemill.workflows.tags.findings import TagReview
    from twolane import Report, Run
    from twolane.front.console import Console

SHOWN_NAMES = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """How asking ended: the vocabulary, None where there is none, the runs, the exit code."""

    entries: tuple[Entry, ...] | None
    reports: tuple[Report, ...]
    code: int


async def ask_model(
    mills: TagMill,
    found: TagReview,
    options: CurateOptions,
    console: Console,
    *,
    chunk: int,
    again: bool,
    dry_run: bool,
    yes: bool,
) -> Asked:
    """Have a model arrange the tags, after a person agreed to the price.

    The offline provider arranges by co-occurrence and containment, without a run. Raises
    NotemillError, TwolaneError.
    """
    mill = mills.mill
    if mill.settings.provider == OFFLINE:
        console.print(
            "provider: offline (the tags are arranged by what notes they stand in, no model is "
            "asked; set ANTHROPIC_API_KEY for one)"
        )
        return Asked(mills.proposed(found), (), 0)
    print_expiring(await mill.engine.expiring(), console, now=mill.engine.now())
    await find_server(mill.engine, console)
    asking = mills.asking(found, chunk=chunk)
    if not asking.chunks:
        console.print("every tag has its place already; there is nothing to ask")
        return Asked((), (), 0)
    expected = expected_requests(asking, model=mills.model, chunk=chunk)
    plan = mills.plan(expected, asking, options)
    _show_size(asking, console)
    if dry_run:
        show_plan(plan, console)
        show_request(mill.engine.preview(expected[0], plan, cache=True), console)
        return Asked(None, (), 0)
    rounds = Rounds(
        mills,
        asking,
        options,
        levels=await mills.begun(asking, "levels", options, again=again)
        if asking.asks_levels
        else None,
        tags=await mills.begun(asking, "tags", options, again=again),
        chunk=chunk,
    )
    if rounds.tags is None or (asking.asks_levels and rounds.levels is None):
        agree(plan, mill.engine, mill.settings, console, cap_nano=options.cap_nano, yes=yes)
    return await rounds.through(found, console)


@dataclass(slots=True)
class Rounds:
    """The headings' run and the tags' run; None for one that has still to begin."""

    mills: TagMill
    asking: Asking
    options: CurateOptions
    levels: Run | None
    tags: Run | None
    chunk: int
    reports: list[Report] = field(default_factory=list)

    async def through(self, found: TagReview, console: Console) -> Asked:
        """Drive both rounds, or what is left of them, and make the vocabulary."""
        levels = await self._headings(console)
        if levels is None:
            return Asked(None, tuple(self.reports), exit_code(self.reports[-1]))
        if self.tags is None:
            requests = chunk_requests(self.asking, levels, model=self.mills.model)
            self.tags = await self.mills.begin(requests, self.asking, "tags", self.options)
        report = await self._driven(self.tags, console)
        code = exit_code(report)
        if self.tags.row.state is not RunState.DONE:
            console.print("not finished; the same command goes on")
            return Asked(None, tuple(self.reports), code)
        entries, said = self.mills.arranged(found, self.asking, levels, self.tags)
        _show_settled(said, console)
        if report.items.failed or report.items.quarantined:
            console.print("the same command asks about what failed again")
        return Asked(entries, tuple(self.reports), code)

    async def _headings(self, console: Console) -> Sequence[str] | None:
        """Return the headings to file into; None where they were asked for and did not come."""
        if not self.asking.asks_levels:
            return self.asking.levels
        if self.levels is None:
            request = levels_request(self.asking, model=self.mills.model, chunk=self.chunk)
            self.levels = await self.mills.begin([request], self.asking, "levels", self.options)
        report = await self._driven(self.levels, console)
        if self.options.cap_nano is not None:
            left = max(1, self.options.cap_nano - report.actual_nano)
            self.options = replace(self.options, cap_nano=left)
        return read_levels(self.levels.outcomes())

    async def _driven(self, run: Run, console: Console) -> Report:
        console.print(f"run {run.id}")
        try:
            await drive(run, console)
        finally:
            report = await run.report()
            print_report(report, console)
            self.reports.append(report)
        return report


def _show_size(asking: Asking, console: Console) -> None:
    count = len(asking.chunks)
    where = counted(count, "request")
    before = ", after one for the headings" if asking.asks_levels else ""
    console.print(f"{counted(len(asking.cards), 'tag')} in {where}{before}")


def _show_settled(said: Settled, console: Console) -> None:
    for names, what in (
        (said.missing, "tags were left out by the answers and keep their places"),
        (said.refused, "names in the answers are no tags that were asked about, and not taken"),
    ):
        if names:
            first = ", ".join(shown(name) for name in names[:SHOWN_NAMES])
            more = ", …" if len(names) > SHOWN_NAMES else ""
            console.print(f"{len(names):,} {what}: {first}{more}")
