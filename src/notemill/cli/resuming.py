"""`notemill resume` and `retry`: a run goes on, whatever it asks about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.app.runs import find_asked, open_run
from notemill.app.views.curation import stopped
from notemill.cli.curate import conclude
from notemill.cli.curate_showing import warn_of_expiry
from notemill.cli.curating import begin_again
from notemill.cli.exclusions import see_exclusions
from notemill.cli.finding import open_asked
from notemill.cli.front import TerminalFront
from notemill.cli.judging import drive_judging, show_answers
from notemill.cli.link_showing import written_object
from notemill.cli.linking import show_next, write_run
from notemill.index.pool import all_cores
from notemill.workflows.links.judging import LINK_KIND
from twolane import RunState
from twolane.front.consent import cap_of, find_server
from twolane.front.console import EXIT_FAILED, exit_code, note_console, print_json, report_object

if TYPE_CHECKING:
    from notemill.app.mill import Mill
    from notemill.app.runs import KnownRun
    from twolane import Run, Settings
    from twolane.front.console import Console


async def resume_run(
    settings: Settings,
    *,
    run_id: str,
    max_cost: str | None,
    review: bool,
    yes: bool,
    allow_unmatched: bool,
    as_json: bool,
    failed: bool = False,
    everything: bool = False,
) -> int:
    """Go on with a run; return the exit code. Raises NotemillError, TwolaneError."""
    found = find_asked(settings, run_id)
    if found.kind == LINK_KIND:
        return await _resume_links(
            settings, found, max_cost=max_cost, review=review, yes=yes,
            allow_unmatched=allow_unmatched, as_json=as_json, failed=failed, everything=everything,
        )  # fmt: skip
    front = TerminalFront(yes=yes)
    async with await open_run(settings, found, front, processes=all_cores()) as mill:
        with front.reporting(stopped if as_json else None):
            ended = await mill.curating.resume(
                await mill.engine.run(found.id),
                cap_nano=cap_of(max_cost),
                failed=failed,
                everything=everything,
                apply=not review,
                allow_unmatched=allow_unmatched,
            )
    return conclude(ended, front.console, review=review, as_json=as_json)


async def _resume_links(
    settings: Settings,
    found: KnownRun,
    *,
    max_cost: str | None,
    review: bool,
    yes: bool,
    allow_unmatched: bool,
    as_json: bool,
    failed: bool,
    everything: bool,
) -> int:
    console = note_console()
    mill, run = await open_asked(settings, found)
    try:
        with mill.working():
            await warn_of_expiry(mill, console)
            row = run.row
            if failed or row.state is not RunState.DONE:
                await find_server(mill.engine, console, model=row.model, base_url=row.begun_at)
            sight = mill.look()
            see_exclusions(mill, sight, console, sends=mill.sends, allow=allow_unmatched)
            return await resume_judging(
                mill,
                run,
                console,
                cap_nano=cap_of(max_cost),
                failed=failed,
                everything=everything,
                review=review,
                yes=yes,
                as_json=as_json,
            )
    finally:
        await mill.aclose()


async def resume_judging(
    mill: Mill,
    run: Run,
    console: Console,
    *,
    cap_nano: int | None,
    failed: bool,
    everything: bool,
    review: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Go on with a run that asks about links; return the exit code."""
    curation = mill.curation(run, kind=LINK_KIND)
    await begin_again(run, console, cap_nano=cap_nano, failed=failed, everything=everything)
    report = await drive_judging(mill, curation, console, yes=yes)
    answers = await show_answers(mill, run.id, console)
    value = {**report_object(report), "kind": LINK_KIND, **answers.uniform_object}
    troubled = False
    if review:
        show_next(run.id, console)
    else:
        written = write_run(mill, run.id, console)
        value |= written_object(written, mill.look())
        troubled = bool(written.problems or written.conflicts)
    if as_json:
        print_json(value)
    return exit_code(report) or (EXIT_FAILED if troubled else 0)
