"""`twolane run`, `resume` and `retry`: a file of prompts through the engine."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from twolane.core.states import RunState
from twolane.core.types import Lane
from twolane.core.wording import counted
from twolane.engine import Engine
from twolane.errors import ConfigError, ProviderError
from twolane.formats.channels import STANDARD, open_output, open_source
from twolane.formats.jsonl import JsonlRequests, write_results
from twolane.front.consent import (
    agree,
    cap_of,
    find_server,
    plan_object,
    show_plan,
    show_request,
    within_s,
)
from twolane.front.console import (
    exit_code,
    left_line,
    note_console,
    print_expiring,
    print_json,
    print_report,
    report_object,
    shown,
)
from twolane.front.driving import drive
from twolane.front.streams import drop_standard_output, error_object, kind_of
from twolane.ledger.guards import gone
from twolane.ledger.runlock import LOCKS_FOLDER, source_lock
from twolane.run import BUDGET_OVER, MONTH_OVER

if TYPE_CHECKING:
    from twolane.config import Settings
    from twolane.formats.channels import Output
    from twolane.front.terminal import Console
    from twolane.planning import Plan
    from twolane.run import Run


async def run_file(  # the command's flags
    settings: Settings,
    *,
    source: Path,
    output: Path,
    lane: str,
    max_cost: str | None,
    by: str | None,
    by_strict: bool,
    again: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Answer every line of `source`; return the exit code. Raises TwolaneError."""
    console = note_console()
    out = _checked(output, as_json=as_json)
    taken = open_source(source)
    if out.is_same(taken):
        raise ConfigError("the output would overwrite the input; name another file with -o")
    cap_nano = settings.run_cap_nano if max_cost is None else cap_of(max_cost)
    forced = None if lane == "auto" else Lane(lane)
    by_s = within_s(by, strict=by_strict)
    async with Engine.open(settings, rehearsal=dry_run) as engine:
        print_expiring(await engine.expiring(), console, now=engine.now())
        deadline_at = None if by_s is None else engine.now() + by_s
        await find_server(engine, console)
        requests = JsonlRequests(taken, settings.model or _served_model(engine))
        planned = partial(
            engine.plan, requests, lane=forced, cap_nano=cap_nano, deadline_at=deadline_at
        )
        if dry_run:
            return _show_dry_run(engine, planned(), requests, console, as_json=as_json)
        input_hash = requests.hash()
        identity = f"run:{taken.identity or input_hash}:{out.identity or out.name}"
        kept: dict[str, object] = {
            "lane": lane,
            "max_cost": max_cost,
            "by": None if by_s is None else f"{by_s} s",
            **engine.place,
            "output": out.identity,
        }
        with source_lock(settings.home / LOCKS_FOLDER, identity):
            run = None if again else await engine.unfinished(identity, input_hash, kept)
            if run is None:
                plan = planned()
                agree(plan, engine, settings, console, cap_nano=cap_nano, yes=yes)
                run = await engine.start(
                    requests,
                    plan=plan,
                    label=taken.name,
                    source=identity,
                    input_hash=input_hash,
                    lane=forced,
                    cap_nano=cap_nano,
                    deadline_at=deadline_at,
                    by_strict=by_strict,
                    settings=kept,
                )
        return await _finish(run, out, console, as_json=as_json)


def _served_model(engine: Engine) -> str | None:
    """Return the model that the server found has, where it has just one."""
    return engine.served.model or None if engine.served else None


def _checked(named: Path, *, as_json: bool) -> Output:
    """Return the output that a person names, seen to be writable. Raises ConfigError."""
    output = open_output(named)
    if output.is_standard and as_json:
        message = (
            "--json prints one object on standard output, so the results cannot go there as well; "
            "name a file with -o"
        )
        raise ConfigError(message)
    output.check()
    return output


def _output_of(run: Run, again: Path | None, command: str, *, as_json: bool) -> Output | None:
    """Return where a run's results go, None if only its first command could reach that.

    It is what a person names `again`, or what is on record; but an import may say anything, and
    what was a file when it was named may be a link by now. Raises ConfigError.
    """
    if again is not None:
        return _checked(again, as_json=as_json)
    named = run.row.setting("output")
    if not isinstance(named, str) or not named or (as_json and named == STANDARD):
        return None
    if run.row.imported and named != STANDARD:
        message = (
            f"run {run.id} was imported, and writes only to an output that is named again: twolane "
            f"{command} {run.id} -o FILE (where it was begun, that was {named})"
        )
        raise ConfigError(message)
    output = _checked(Path(named), as_json=as_json)
    if output.identity != named:
        message = (
            f"the output of run {run.id}, {named}, now leads elsewhere; name where the results "
            f"go: twolane {command} {run.id} -o FILE"
        )
        raise ConfigError(message)
    return output


async def resume_run(
    settings: Settings, *, run_id: str, max_cost: str | None, output: Path | None, as_json: bool
) -> int:
    """Continue a run; return the exit code. Raises TwolaneError."""
    async with Engine.open(settings) as engine:
        console = note_console()
        print_expiring(await engine.expiring(), console, now=engine.now())
        run = await engine.run(run_id)
        out = _output_of(run, output, "resume", as_json=as_json)
        if run.row.state is not RunState.DONE:
            await find_server(engine, console, model=run.row.model, base_url=run.row.begun_at)
        if (cap_nano := cap_of(max_cost)) is not None:
            await run.set_cap(cap_nano)
        return await _finish(run, out, console, as_json=as_json)


async def retry_run(
    settings: Settings, *, run_id: str, everything: bool, output: Path | None, as_json: bool
) -> int:
    """Send the failed items of a run again; return the exit code. Raises TwolaneError.

    Items that would fail the same way again stay failed, unless `everything`.
    """
    async with Engine.open(settings) as engine:
        run = await engine.run(run_id)
        failed = "retry --failed" + " --all" * everything
        out = _output_of(run, output, failed, as_json=as_json)
        console = note_console()
        await find_server(engine, console, model=run.row.model, base_url=run.row.begun_at)
        count = await run.retry_failed(everything=everything)
        console.print(f"sent again: {counted(count, 'item')}")
        if left := {} if everything else await run.always_failing():
            console.print(left_line(left, "item"))
        return await _finish(run, out, console, as_json=as_json)


async def _finish(run: Run, output: Output | None, console: Console, *, as_json: bool) -> int:
    """Drive a run as far as it goes, write its output, report. Raises what ended it early."""
    console.print(f"run {run.id}")
    refused: ProviderError | None = None
    if run.row.state in (RunState.OPEN, RunState.STOPPED):
        try:
            await drive(run, console)
        except ProviderError as error:
            refused = error
    report = await run.report()
    if run.row.state is RunState.OPEN:
        console.print(f"not finished; continue with: twolane resume {run.id}")
        console.print(f"results so far: twolane export {run.id} -o FILE")
    elif run.row.dropped_at is not None:
        console.print(f"{gone(run.row)}; no output is written")
    elif output is None:
        console.print(f"the results: twolane export {run.id} -o FILE")
    else:
        _write(run, output, console)
    print_report(report, console)
    if run.row.state is RunState.STOPPED:
        console.print(_what_lets_it_go_on(run))
    if as_json:
        told = report_object(report)
        if refused is not None:
            told["error"] = error_object(kind_of(refused), str(refused), refused.exit_code)
        print_json(told)
    if refused is not None:
        raise refused
    return exit_code(report)


def _what_lets_it_go_on(run: Run) -> str:
    if run.row.state_reason == MONTH_OVER:
        return (
            f"it can continue next month, or with a higher budget: twolane resume {run.id} "
            "--month-budget USD"
        )
    if run.row.state_reason == BUDGET_OVER:
        return f"it can continue with a higher cap: twolane resume {run.id} --max-cost USD"
    return f"{shown(run.row.state_reason.rstrip('.'))}: then continue with twolane resume {run.id}"


def _write(run: Run, output: Output, console: Console) -> None:
    """Write a run's results where they go; a reader that leaves early is no fault of the run."""
    try:
        count = write_results(run.outcomes(), run.id, output)
    except BrokenPipeError:
        drop_standard_output()
        console.print(
            f"{shown(output.name)} was closed before all was written; all of it: twolane export "
            f"{run.id} -o FILE"
        )
    else:
        console.print(f"{counted(count, 'line')} in {shown(output.name)}")


def _show_dry_run(
    engine: Engine, plan: Plan, requests: JsonlRequests, console: Console, *, as_json: bool
) -> int:
    """Show lane, price and the first request as it would be sent."""
    show_plan(plan, console)
    first = next(iter(requests), None)
    preview = None if first is None else engine.preview(first, plan)
    if preview is not None:
        show_request(preview, console)
    if as_json:
        print_json(plan_object(plan, preview))
    return 0
