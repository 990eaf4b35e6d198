"""Requests asked beside a run: few, resumable, within its cap, and in its report.

What a curation needs beside its notes (a vocabulary before them, what to make of new tags after a
stage) is a small run of the engine of its own, so that a kill between any two steps costs nothing:
it is found again by its source. Its cost belongs to the run that it was asked for.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from notemill.app.kinds import ASIDES, ENDED
from twolane import ItemState, RunState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from notemill.app.terms import RunTerms
    from notemill.app.workbench import Workbench
    from twolane import Lane, Plan, Report, Request, Run, RunRow

BESIDE = "beside"
"""The setting of an aside with the run that it belongs to."""
ASIDES_BEFORE = "asides"
"""The setting of a run with the asides that were asked before it began."""
_CAP_BEFORE = "cap_before"


@dataclass(frozen=True, slots=True)
class Aside:
    """A few requests to ask beside a run.

    They are found again by `kind` and `name`: use another name for other requests. `reply_tokens`
    is the expected length of a reply.
    """

    kind: str
    name: str
    requests: Sequence[Request]
    reply_tokens: int


async def priced(bench: Workbench, aside: Aside, terms: RunTerms) -> Plan:
    """Return what an aside is expected to cost, beside a run on these terms."""
    return await bench.thread.run(
        bench.engine.plan,
        aside.requests,
        lane=terms.lane,
        cap_nano=terms.cap_nano,
        reply_tokens=aside.reply_tokens,
    )


async def ask_beside(bench: Workbench, run: Run, aside: Aside) -> Run:
    """Ask beside a run that is not being driven, or continue to; return the aside's run.

    It goes by the run's lane and deadline, and has what is left of the run's cap, from which its
    cost is then taken. If it is not DONE, it was interrupted or the cap leaves no room. Raises what
    the engine raises.
    """
    await run.report()
    source = f"{aside.kind}:{run.id}:{aside.name}"
    left_nano = await _left_nano(run)
    asked = await bench.engine.latest(source)
    if asked is None:
        asked = await _start(
            bench, aside, source,
            lane=run.row.lane_forced, cap_nano=left_nano, deadline_at=run.row.deadline_at,
            settings={BESIDE: run.id, _CAP_BEFORE: run.row.cap_nano},
        )  # fmt: skip
    try:
        await _drive(bench, asked, left_nano)
    finally:
        await book_asides(bench, run)
    return asked


async def ask_before(
    bench: Workbench,
    aside: Aside,
    terms: RunTerms,
    *,
    settings: Mapping[str, object],
    again: bool = False,
) -> Run:
    """Ask before a run begins, or continue to; return the aside's run. Otherwise as `ask_beside`.

    The run has to be begun with the aside's id in its setting `ASIDES_BEFORE`, and with
    `capped_after` of its cap. An aside asked for another run before, or with other `settings`, is
    left alone, and so is any if `again`.
    """
    source = bench.source_of(f"{aside.kind}:{aside.name}")
    asked = None if again else await bench.engine.latest(source)
    if asked is not None and not all(asked.row.setting(k) == v for k, v in settings.items()):
        asked = None
    if asked is None:
        asked = await _start(
            bench, aside, source,
            lane=terms.lane, cap_nano=terms.cap_nano,
            deadline_at=terms.deadline_at(bench.engine.now()), settings=settings,
        )  # fmt: skip
    await _drive(bench, asked, terms.cap_nano)
    return asked


async def _start(
    bench: Workbench,
    aside: Aside,
    source: str,
    *,
    lane: Lane | None,
    cap_nano: int | None,
    deadline_at: float | None,
    settings: Mapping[str, object],
) -> Run:
    plan = bench.engine.plan(
        aside.requests, lane=lane, cap_nano=cap_nano, reply_tokens=aside.reply_tokens
    )
    return await bench.engine.start(
        aside.requests,
        plan=plan,
        kind=aside.kind,
        label=str(bench.root),
        source=source,
        lane=lane,
        cap_nano=cap_nano,
        deadline_at=deadline_at,
        settings=settings,
        cache=True,
    )


async def _drive(bench: Workbench, asked: Run, cap_nano: int | None) -> None:
    """Drive an aside to its end, under a cap that may have changed since it began."""
    if asked.row.state in ENDED:
        return
    if asked.row.cap_nano != cap_nano:
        await asked.set_cap(cap_nano)
    async with bench.front.following(asked):
        await asked.drive()


# -- money ----------------------------------------------------------------------------------------


async def _left_nano(run: Run) -> int | None:
    """Return what is left of a run's cap, in nano-dollars: at least 1; None without a cap."""
    cap_nano = run.row.cap_nano
    return None if cap_nano is None else max(1, cap_nano - (await run.report()).actual_nano)


def capped_after(cap_nano: int | None, asides: Iterable[Report]) -> int | None:
    """Return what asides leave of a cap, in nano-dollars: at least 1; None without a cap."""
    if cap_nano is None:
        return None
    return max(1, cap_nano - sum(one.actual_nano for one in asides))


async def book_asides(bench: Workbench, run: Run) -> None:
    """Take the cost of ended asides from the cap of their run, each once, while it is open.

    An aside has been booked if the run's cap is no longer the one that the aside began with.
    """
    for aside in await asides_of(bench, run.row):
        cap_nano = run.row.cap_nano
        if run.row.state is not RunState.OPEN or cap_nano is None:
            return
        if aside.state is RunState.OPEN or aside.setting(BESIDE) != run.id:
            continue
        if aside.setting(_CAP_BEFORE) == cap_nano:
            cost_nano = (await (await bench.engine.run(aside.id)).report()).actual_nano
            if cost_nano:
                await run.set_cap(max(1, cap_nano - cost_nano))


# -- an aside in its run's report -----------------------------------------------------------------


def belongs_to(aside: RunRow, run: RunRow) -> bool:
    """Return whether a run was asked beside another, or before it."""
    if aside.kind not in ASIDES:
        return False
    before = run.setting(ASIDES_BEFORE)
    return aside.setting(BESIDE) == run.id or (isinstance(before, list) and aside.id in before)


async def asides_of(bench: Workbench, run: RunRow) -> list[RunRow]:
    """Return the asides of a run, oldest first."""
    return [one for one in reversed(await bench.engine.runs()) if belongs_to(one, run)]


async def reports_of_asides(bench: Workbench, run: RunRow) -> list[Report]:
    """Return the reports of a run's asides, oldest first."""
    return [await (await bench.engine.run(one.id)).report() for one in await asides_of(bench, run)]


async def reports_of(bench: Workbench, ids: Iterable[str]) -> list[Report]:
    """Return the reports of those of these runs that the ledger has."""
    known = {one.id for one in await bench.engine.runs()}
    return [await (await bench.engine.run(one)).report() for one in ids if one in known]


def with_asides(report: Report, asides: Iterable[Report]) -> Report:
    """Return a run's report with the costs of its asides; its items stay its notes."""
    for one in asides:
        items = replace(report.items, uncertain=report.items.uncertain + one.items.uncertain)
        lanes = {
            lane: replace(
                totals,
                batches=totals.batches + one.lanes[lane].batches,
                cost_nano=totals.cost_nano + one.lanes[lane].cost_nano,
            )
            for lane, totals in report.lanes.items()
        }
        report = replace(
            report,
            items=items,
            lanes=lanes,
            estimated_nano=report.estimated_nano + one.estimated_nano,
            actual_nano=report.actual_nano + one.actual_nano,
            all_realtime_nano=report.all_realtime_nano + one.all_realtime_nano,
            unpriced=dict(Counter(report.unpriced) + Counter(one.unpriced)),
        )
    return report


def texts_of(asked: Run) -> list[str]:
    """Return the texts of an aside's usable replies, in the order of its requests.

    The ledger is read on this thread: do not call it while the aside is driven.
    """
    return [one.text for one in asked.outcomes() if one.state is ItemState.SUCCEEDED]
