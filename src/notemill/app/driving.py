"""Runs of the engine over a vault: start them, resume them, drive them stage by stage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from notemill.app.aside import book_asides, capped_after, reports_of_asides, with_asides
from notemill.app.events import (
    AskedAgain,
    GoOnAfterStage,
    RunBegan,
    StageBegan,
    StageVerified,
    agreed,
)
from notemill.app.kinds import (
    ASIDES,
    ENDED,
    KIND_CURATE,
    KIND_INGEST,
    KIND_PARTS,
    KIND_TAGS,
    OPEN_ITEMS,
)
from notemill.app.opened import OpenVault
from notemill.errors import UsageError, WaitingForPersonError
from notemill.workflows.stages import plan_steps
from notemill.workflows.verify import verify
from twolane import RunState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from notemill.app.terms import RunTerms
    from notemill.app.workbench import Workbench
    from notemill.index import NoteFacts
    from notemill.privacy import Sight
    from twolane import Plan, Report, Request, Run


@dataclass(frozen=True, slots=True)
class Staged:
    """A run, and its stages before the last one: the purpose and number of notes of each."""

    run: Run
    stages: tuple[tuple[str, int], ...]


class Work(Protocol):
    """The work around the stages of a run."""

    async def hold_back(self) -> None:
        """Withdraw, before each stage, what may no longer be sent."""

    async def collect(self) -> object:
        """Collect the answers so far."""

    async def sample(self, stage: int) -> None:
        """Report some results of a stage, 0 for the first."""


def staged(run: Run, *, kind: str) -> Staged:
    """Return a run of the ledger with its stages. Raises UsageError if it is of another kind."""
    stages = run.row.setting("stages")
    if run.row.kind == KIND_TAGS:
        raise UsageError(
            f"run {run.id} arranges tags; `notemill tags vocabulary --ask-model` continues it"
        )
    if run.row.kind in ASIDES:
        of, command = "a curation", "`notemill curate`"
        if run.row.kind == KIND_PARTS:
            of, command = "an ingest", "`notemill ingest` with the same sources"
        raise UsageError(f"run {run.id} belongs to {of} of {run.row.label}; {command} continues it")
    if run.row.kind != kind or not isinstance(stages, list):
        what = {KIND_CURATE: "a curation", KIND_INGEST: "an ingest"}.get(kind, "a run about links")
        raise UsageError(f"run {run.id} is not {what}; `notemill runs` lists the runs")
    try:
        return Staged(run, tuple((str(purpose), int(count)) for purpose, count in stages))
    except (TypeError, ValueError) as error:
        raise UsageError(f"run {run.id} has stages that cannot be read ({error})") from error


async def unfinished(
    bench: Workbench, kind: str, terms: RunTerms, more: Mapping[str, object]
) -> Staged | None:
    """Return the vault's unfinished run of a kind, or None.

    `more` are settings that, beside the terms, must be unchanged. Raises ConfigError naming the
    difference if it was started with other flags.
    """
    source = bench.source_of(kind)
    run = await bench.engine.latest(source)
    if run is None or run.row.state in ENDED:
        return None
    await bench.engine.unfinished(source, "", {**bench.kept(terms), **more})
    return staged(run, kind=kind)


async def start(
    bench: Workbench,
    notes: Sequence[NoteFacts],
    requests: Iterable[Request],
    plan: Plan,
    terms: RunTerms,
    *,
    kind: str,
    settings: Mapping[str, object],
    usable: Mapping[str, object] | None = None,
    spent: Iterable[Report] = (),
) -> Staged:
    """Record a run over notes, one request each, in stages. Raises UsageError, LedgerError.

    `settings` are stored with it beside the terms; replies that do not meet `usable` are asked for
    once more, see `Engine.start`; `spent` was asked before it, under the same cap.
    """
    steps = plan_steps(
        terms.stages,
        notes,
        batch_size=plan.batch_size,
        forced=terms.lane or bench.engine.only_lane,
    )
    stages = [(step.purpose, len(step.stage.items)) for step in steps]
    run = await bench.engine.start(
        bench.thread.pulled(requests),
        plan=plan,
        kind=kind,
        label=str(bench.root),
        source=bench.source_of(kind),
        lane=terms.lane,
        cap_nano=capped_after(terms.cap_nano, spent),
        deadline_at=terms.deadline_at(bench.engine.now()),
        by_strict=terms.by_strict,
        stages=[step.stage for step in steps],
        settings={**bench.kept(terms), "stages": stages, **settings},
        cache=True,
        usable=usable,
    )
    return Staged(run, tuple(stages))


async def drive(bench: Workbench, run: Run, *, stage: int | None = None) -> None:
    """Drive a run, or one stage of it, while the front follows. Raises what the engine raises."""
    async with bench.front.following(run):
        await run.drive(stage)


async def through_stages(bench: Workbench, job: Staged, work: Work) -> None:
    """Drive a run stage by stage, each verified and agreed to before the next.

    Raises WaitingForPersonError if a person has to look first.
    """
    run, stages = job.run, job.stages
    bench.front.tell(RunBegan(run.id))
    reached = 0
    for number, (purpose, count) in enumerate(stages):
        bench.front.tell(StageBegan(number + 1, len(stages) + 1, purpose))
        reached += count
        await work.hold_back()
        await drive(bench, run, stage=number)
        await work.collect()
        if run.interrupted or run.row.state is not RunState.OPEN:
            return
        items = (await run.report()).items
        # A stage that has begun was agreed to, in this process or an earlier one.
        if items.total - items.pending - items.canceled <= reached:
            await _verified(bench, run)
            await work.sample(number)
            await agreed(bench.front, _after_stage(run.id))
    await work.hold_back()
    await drive(bench, run)
    await work.collect()


async def _verified(bench: Workbench, run: Run) -> None:
    """Verify a stage and report it. Raises WaitingForPersonError if it does not pass."""
    report = await run.report()
    verdict = await bench.thread.run(lambda: verify(report, run.outcomes()))
    if verdict.problems:
        listed = "; ".join(verdict.problems)
        raise WaitingForPersonError(
            f"the stage did not verify, so the run was stopped: {listed}; inspect it with "
            f"`notemill show {run.id}`; then send what failed again with `notemill retry "
            f"{run.id} --failed`, or cancel the run with `notemill cancel {run.id}`"
        )
    bench.front.tell(StageVerified(verdict.checked))


def _after_stage(run: str) -> GoOnAfterStage:
    command = f"notemill resume {run} --yes"
    return GoOnAfterStage(
        "continue with the next stage?",
        f"stopped here; continue with `notemill resume {run}`",
        f"the stage is waiting for your review; continue with `{command}`",
        command=command,
    )


async def begin_again(
    bench: Workbench, run: Run, *, cap_nano: int | None, failed: bool, everything: bool
) -> None:
    """Give a run a new cap, and retry failed items, if requested.

    Items that would fail again are skipped, unless `everything`.
    """
    if cap_nano is not None:
        await run.set_cap(capped_after(cap_nano, await reports_of_asides(bench, run.row)))
    else:
        await book_asides(bench, run)
    if failed:
        count = await run.retry_failed(everything=everything)
        bench.front.tell(AskedAgain(count, {} if everything else await run.always_failing()))


async def withdraw(
    bench: Workbench, run: Run, *, told: Callable[[OpenVault, Sight], Iterable[str]] | None = None
) -> int:
    """Cancel the open items of notes that are hidden by now; return their number.

    `told` returns further notes whose requests contain parts of hidden ones.
    """

    def to_cancel(opened: OpenVault) -> list[str]:
        sight = opened.look()
        if not (sight.hidden or opened.privacy.entries):
            return []
        away = frozenset(told(opened, sight)) if told else frozenset()
        return [
            outcome.key
            for outcome in run.outcomes()
            if outcome.state in OPEN_ITEMS and (outcome.key in away or not sight.shows(outcome.key))
        ]

    keys = await bench.on(to_cancel)
    for key in keys:
        await run.cancel(key)
    return len(keys)


async def report_of(bench: Workbench, run: Run) -> Report:
    """Return a run's report, asides included: failures of hidden notes are not named."""
    report = with_asides(await run.report(), await reports_of_asides(bench, run.row))
    shows = (await bench.on(OpenVault.look)).shows
    return replace(report, failures=tuple(one for one in report.failures if shows(one.item)))


def was_cut(run: Run) -> int:
    """Return how many notes of a run were cut to fit the model's context."""
    cut = run.row.setting("cut")
    return cut if isinstance(cut, int) else 0
