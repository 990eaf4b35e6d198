"""`notemill curate` and `resume`: a vault through the engine, stage by stage."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from notemill.cli.adopting import see_vocabulary
from notemill.cli.curate_showing import (
    losses_object,
    nothing_to_do,
    show_applied,
    show_cut,
    show_dry_run,
    show_losses,
    show_next_steps,
    show_provider,
    show_sample,
    show_survey,
    warn_of_expiry,
    with_skipped,
)
from notemill.cli.exclusions import see_exclusions
from notemill.cli.opening import open_mill
from notemill.errors import NotemillError, WaitingForPersonError
from notemill.workflows.curation.survey import CurateOptions
from notemill.workflows.stages import check_stages
from twolane import Lane, RunState, TwolaneError
from twolane.front.consent import agree, cap_of, within_s
from twolane.front.console import (
    EXIT_FAILED,
    counted,
    exit_code,
    left_line,
    note_console,
    print_json,
    print_report,
)
from twolane.front.driving import drive

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from notemill.app.mill import Mill
    from notemill.workflows.curation.apply import Applied
    from notemill.workflows.curation.survey import Curation, Survey
    from twolane import Run, Settings
    from twolane.front.console import Console


async def curate_vault(  # the command's flags
    settings: Settings,
    *,
    vault: Path,
    lane: str,
    max_cost: str | None,
    by: str | None,
    by_strict: bool,
    stages: str,
    limit: int | None,
    only: str | None,
    exclude: tuple[str, ...],
    refresh: bool,
    again: bool,
    dry_run: bool,
    review: bool,
    yes: bool,
    allow_unmatched: bool,
    as_json: bool,
) -> int:
    """Curate a vault; return the exit code. Raises NotemillError, TwolaneError."""
    console = note_console()
    check_stages(stages)
    options = CurateOptions(
        lane=None if lane == "auto" else Lane(lane),
        cap_nano=cap_of(max_cost),
        by_s=within_s(by, strict=by_strict),
        by_strict=by_strict,
        stages=stages,
        limit=limit,
        only=only,
        refresh=refresh,
    )
    mill = open_mill(vault, settings, exclude, dry_run=dry_run)
    try:
        with contextlib.nullcontext() if dry_run else mill.working():
            return await curate(
                mill,
                options,
                console,
                again=again,
                dry_run=dry_run,
                review=review,
                yes=yes,
                allow_unmatched=allow_unmatched,
                as_json=as_json,
            )
    finally:
        await mill.aclose()


async def curate(
    mill: Mill,
    options: CurateOptions,
    console: Console,
    *,
    again: bool,
    dry_run: bool,
    review: bool,
    yes: bool,
    as_json: bool,
    allow_unmatched: bool = False,
) -> int:
    """Curate an open vault; return the exit code. Raises NotemillError, TwolaneError."""
    await show_provider(mill, console)
    await warn_of_expiry(mill, console)
    ended = None if dry_run else await mill.left_over(apply=not review)
    if ended is not None:
        console.print(f"run {ended.run.id} ended before all was done with it")
        await mill.collect(ended)
    survey = mill.survey(options)
    show_survey(survey, console)
    if options.only and not survey.seen:
        console.print(f"no note fits --only {options.only!r}")
    curation = None if again or dry_run else await mill.unfinished(options)
    sends = mill.sends and not dry_run and bool(curation or survey.work)
    see_exclusions(mill, survey.sight, console, sends=sends, allow=allow_unmatched)
    see_vocabulary(mill, survey.sight, console)
    if curation is not None:
        return await _go_on(
            mill, curation, console, survey, review=review, yes=yes, as_json=as_json
        )
    if ended is not None and not survey.work:
        return await _conclude(mill, ended, console, survey, review=review, as_json=as_json)
    if ended is not None and not review:
        await _apply(mill, ended, console)
    if not survey.work:
        console.print("nothing to do: no note needs work")
        if as_json:
            print_json(nothing_to_do(survey))
        return 0
    requests = mill.requests(survey)
    plan = mill.plan(requests, options)
    show_cut(requests.room, console)
    if dry_run:
        return show_dry_run(
            mill, plan, requests, console, as_json=as_json, cut=len(requests.room.cut),
            without_text=len(survey.without_text),
        )  # fmt: skip
    agree(plan, mill.engine, mill.settings, console, cap_nano=options.cap_nano, yes=yes)
    mill.check_still(survey.sight)
    cut = len(requests.room.cut)
    curation = await mill.start(survey.notes, requests, plan, options, cut=cut)
    return await work(mill, curation, console, survey, review=review, yes=yes, as_json=as_json)


async def resume_curation(
    mill: Mill,
    run: Run,
    console: Console,
    *,
    cap_nano: int | None,
    review: bool,
    yes: bool,
    as_json: bool,
    failed: bool,
    everything: bool,
) -> int:
    """Go on with a curation; return the exit code. Raises NotemillError, TwolaneError."""
    curation = mill.curation(run)
    await begin_again(run, console, cap_nano=cap_nano, failed=failed, everything=everything)
    survey = mill.survey(CurateOptions())
    return await _go_on(mill, curation, console, survey, review=review, yes=yes, as_json=as_json)


async def begin_again(
    run: Run, console: Console, *, cap_nano: int | None, failed: bool, everything: bool
) -> None:
    """Give a run a new cap, and what failed another try, where that is wanted.

    What fails whenever it is asked is left, unless `everything` is wanted.
    """
    if cap_nano is not None:
        await run.set_cap(cap_nano)
    if failed:
        count = await run.retry_failed(everything=everything)
        console.print(f"asked about again: {counted(count, 'note')}")
        if left := {} if everything else await run.always_failing():
            console.print(left_line(left, "note"))


async def _go_on(
    mill: Mill,
    curation: Curation,
    console: Console,
    survey: Survey,
    *,
    review: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Go on with a run that has not ended, without what must not leave any more."""
    console.print(f"going on with run {curation.run.id}")
    return await work(mill, curation, console, survey, review=review, yes=yes, as_json=as_json)


async def work(
    mill: Mill,
    curation: Curation,
    console: Console,
    survey: Survey,
    *,
    review: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Drive a curation stage by stage, verified and shown in between; return the exit code.

    What stops it early is raised after the report.
    """
    try:
        await through_stages(
            mill,
            curation,
            console,
            yes=yes,
            hold_back=lambda: _hold_back(mill, curation, console),
            collect=mill.collect,
            sample=lambda: show_sample(mill, curation.run.id, console),
        )
    except (NotemillError, TwolaneError):
        report = await mill.report(curation.run)
        print_report(report, console)
        if as_json:
            print_json(with_skipped(report, survey))
        raise
    return await _conclude(mill, curation, console, survey, review=review, as_json=as_json)


async def _hold_back(mill: Mill, curation: Curation, console: Console) -> None:
    if held := await mill.withdraw(curation):
        console.print(f"excluded by now and left out: {counted(held, 'note')}")


async def through_stages(
    mill: Mill,
    curation: Curation,
    console: Console,
    *,
    yes: bool,
    hold_back: Callable[[], Awaitable[None]],
    collect: Callable[[Curation], Awaitable[object]],
    sample: Callable[[], None],
) -> None:
    """Drive a run stage by stage; `collect` its answers, and show a `sample`, after each.

    `hold_back` takes out, before each, what may not be sent any more.
    Raises WaitingForPersonError where a person has to look first.
    """
    run, stages = curation.run, curation.stages
    console.print(f"run {run.id}")
    reached = 0
    for number, (purpose, count) in enumerate(stages):
        console.print(f"stage {number + 1} of {len(stages) + 1}: {purpose}")
        reached += count
        await hold_back()
        await drive(run, console, stage=number)
        await collect(curation)
        if run.interrupted or run.row.state is not RunState.OPEN:
            return
        items = (await run.report()).items
        # A stage that has begun was agreed to: in this process, or in one before it.
        if items.total - items.pending - items.canceled <= reached:
            await _verified(mill, curation, console)
            sample()
            _ask_to_go_on(run.id, console, yes=yes)
    await hold_back()
    await drive(run, console)
    await collect(curation)


async def _conclude(
    mill: Mill,
    curation: Curation,
    console: Console,
    survey: Survey,
    *,
    review: bool,
    as_json: bool,
) -> int:
    """Write the additions where that is wanted, and report; return the exit code."""
    run = curation.run
    unwritten: list[Applied] = []
    try:
        if not review:
            unwritten = await _apply(mill, curation, console)
    finally:
        report = await mill.report(run)
        print_report(report, console)
        show_losses(losses := mill.losses(run), console)
        cut = run.row.setting("cut")
        if isinstance(cut, int):
            console.print(f"{counted(cut, 'note')} cut to the model's context")
        show_next_steps(report, run.row.state, console, review=review)
        if as_json:
            more = {"cut": cut} if isinstance(cut, int) else {}
            shows = mill.look().shows
            seen = [one for one in unwritten if shows(one.note)]
            dropped = {"dropped": losses_object(losses)} if losses else {}
            print_json({**with_skipped(report, survey, seen), **dropped, **more})
    return exit_code(report) or (EXIT_FAILED if unwritten else 0)


async def _verified(mill: Mill, curation: Curation, console: Console) -> None:
    """Say that a stage is verified. Raises WaitingForPersonError where it is not."""
    verdict = await mill.check(curation)
    if verdict.problems:
        listed = "; ".join(verdict.problems)
        run_id = curation.run.id
        message = (
            f"the stage did not verify, and the run does not go on: {listed}; "
            f"look at it with `notemill show {run_id}`; then ask about what failed again with "
            f"`notemill retry {run_id} --failed`, or give the run up with `notemill cancel {run_id}`"
        )
        raise WaitingForPersonError(message)
    console.print(f"verified: {counted(verdict.checked, 'result')}, each with its own note")


def _ask_to_go_on(run_id: str, console: Console, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        command = f"notemill resume {run_id} --yes"
        console.print("to go on, once you have looked at it:")
        console.print(f"  {command}")
        message = f"the stage waits to be looked at; go on with `{command}`"
        raise WaitingForPersonError(message)
    console.print("go on with the next stage? [y/N] ", end="")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        message = f"stopped here; go on with `notemill resume {run_id}`"
        raise WaitingForPersonError(message)


async def _apply(mill: Mill, curation: Curation, console: Console) -> list[Applied]:
    """Write the additions; return what could not be written."""
    done = await mill.apply(curation.run, replace=False)
    shows = mill.look().shows
    show_applied([one for one in done if shows(one.note)], curation.run.id, console)
    return [one for one in done if one.problem]
