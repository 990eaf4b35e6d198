"""The commands for runs; every command's work is imported when it runs."""

from __future__ import annotations

from typing import Any

import click

from notemill.cli.flags import going_on_flags, settings_of
from twolane.front.command import finish, home_flag, json_flag, settings_flags
from twolane.front.flag_types import FILE, RUN, USD


@click.command()
@click.argument("run_id", metavar="RUN", type=RUN)
@click.option(
    "--max-cost", type=USD, metavar="USD", help="A new cap, for the run and all its resumes."
)
@going_on_flags
@settings_flags
def resume(**flags: Any) -> None:  # noqa: ANN401
    """Go on with a run: the next stage, after a stop, or with more money."""
    from notemill.cli.resuming import resume_run  # noqa: PLC0415

    settings = settings_of(flags)
    finish(resume_run(settings, **flags))


@click.command()
@click.argument("run_id", metavar="RUN", type=RUN)
@click.option("--failed", is_flag=True, required=True, help="Ask about what failed again.")
@click.option("--all", "everything", is_flag=True, help="Also about what fails whenever asked.")
@going_on_flags
@settings_flags
def retry(**flags: Any) -> None:  # noqa: ANN401
    """Ask about the failed notes of a run again."""
    from notemill.cli.resuming import resume_run  # noqa: PLC0415

    settings = settings_of(flags)
    finish(resume_run(settings, max_cost=None, **flags))


@click.command()
@click.argument("run_id", metavar="RUN", type=RUN)
@click.option("--item", metavar="NOTE", help="Cancel only this note.")
@home_flag
def cancel(**flags: Any) -> None:  # noqa: ANN401
    """Cancel a run, or one note of it, from any terminal."""
    from notemill.cli.runs import cancel_run  # noqa: PLC0415

    settings = settings_of(flags)
    finish(cancel_run(settings, **flags))


@click.command()
@json_flag
@home_flag
def runs(**flags: Any) -> None:  # noqa: ANN401
    """List the runs there are, newest first."""
    from notemill.cli.runs import list_runs  # noqa: PLC0415

    settings = settings_of(flags)
    finish(list_runs(settings, **flags))


@click.command()
@click.argument("run_id", metavar="RUN", type=RUN)
@click.option("-o", "--output", type=FILE, required=True, metavar="OUTPUT.jsonl")
@home_flag
def export(**flags: Any) -> None:  # noqa: ANN401
    """Write what a run has so far as JSON lines, one per note; at any time."""
    from notemill.cli.runs import export_run  # noqa: PLC0415

    settings = settings_of(flags)
    finish(export_run(settings, **flags))


@click.command()
@click.argument("run_ids", metavar="RUN...", nargs=-1, required=True, type=RUN)
@click.option("--yes", is_flag=True, help="Do not ask.")
@home_flag
def forget(**flags: Any) -> None:  # noqa: ANN401
    """Delete closed runs: prompts, replies, proposals, and the bytes that `undo` restores.

    Nothing of them can be found in the state folder afterwards. Notes are not touched, and are
    not asked about again.
    """
    from notemill.cli.runs import forget_runs  # noqa: PLC0415

    settings = settings_of(flags)
    finish(forget_runs(settings, **flags))
