"""`notemill resume` and `retry`: a run goes on, whatever it asks about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.app.runs import find_asked
from notemill.cli.adopting import see_vocabulary
from notemill.cli.curate_showing import warn_of_expiry
from notemill.cli.curating import begin_again, resume_curation
from notemill.cli.exclusions import see_exclusions
from notemill.cli.finding import open_asked
from notemill.cli.judging import drive_judging, show_answers
from notemill.cli.link_showing import written_object
from notemill.cli.linking import show_next, write_run
from notemill.workflows.links.judging import LINK_KIND
from twolane import RunState
from twolane.front.consent import cap_of, find_server
from twolane.front.console import EXIT_FAILED, exit_code, note_console, print_json, report_object

if TYPE_CHECKING:
    from notemill.app.mill import Mill
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
    console = note_console()
    mill, run = await open_asked(settings, find_asked(settings, run_id))
    try:
        with mill.working():
            await warn_of_expiry(mill, console)
            row = run.row
            if failed or row.state is not RunState.DONE:
                await find_server(mill.engine, console, model=row.model, base_url=row.begun_at)
            sight = mill.look()
            see_exclusions(mill, sight, console, sends=mill.sends, allow=allow_unmatched)
            see_vocabulary(mill, sight, console)
            resume = resume_judging if run.row.kind == LINK_KIND else resume_curation
            return await resume(
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
