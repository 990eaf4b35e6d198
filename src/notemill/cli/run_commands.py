"""The commands for runs; each command's modules are imported when it runs."""

from __future__ import annotations

from typing import Any

import click

from notemill.cli.completing import NOTE
from notemill.cli.flags import going_on_flags, settings_of
from twolane.front.command import finish, home_flag, json_flag, settings_flags
from twolane.front.flag_types import FILE, RUN, USD
from twolane.front.groups import SettingsApart


@click.command(cls=SettingsApart)
@click.argument("run_id", metavar="RUN", type=RUN)
@click.option("--max-cost", type=USD, metavar="USD", help="New cap on the cost of the whole run.")
@going_on_flags
@settings_flags
def resume(**flags: Any) -> None:  # noqa: ANN401
    """Continue a run: with its next stage, after a stop, or with a higher cap."""
    from notemill.cli.resuming import resume_run  # noqa: PLC0415

    settings = settings_of(flags)
    finish(resume_run(settings, **flags))


@click.command(cls=SettingsApart)
@click.argument("run_id", metavar="RUN", type=RUN)
@click.option("--failed", is_flag=True, required=True, help="Send failed items again.")
@click.option("--all", "everything", is_flag=True, help="Also send what would fail again.")
@going_on_flags
@settings_flags
def retry(**flags: Any) -> None:  # noqa: ANN401
    """Send the failed notes of a run again."""
    from notemill.cli.resuming import resume_run  # noqa: PLC0415

    settings = settings_of(flags)
    finish(resume_run(settings, max_cost=None, **flags))


@click.command()
@click.argument("run_id", metavar="RUN", type=RUN)
@click.option("--item", metavar="NOTE", type=NOTE, help="Cancel only this note.")
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
    """List all runs, newest first."""
    from notemill.cli.runs import list_runs  # noqa: PLC0415

    settings = settings_of(flags)
    finish(list_runs(settings, **flags))


@click.command()
@json_flag
@home_flag
def spending(**flags: Any) -> None:  # noqa: ANN401
    """Show what runs have cost and saved, month by month, and where that leads.

    A week, a month and a year are projected from the last four weeks.
    """
    from notemill.cli.spending import show_spending  # noqa: PLC0415

    settings = settings_of(flags)
    finish(show_spending(settings, **flags))


@click.command()
@click.argument("run_id", metavar="RUN", type=RUN)
@click.option("-o", "--output", type=FILE, required=True, metavar="OUTPUT.jsonl")
@home_flag
def export(**flags: Any) -> None:  # noqa: ANN401
    """Write the results that a run has so far as JSON lines, one per note."""
    from notemill.cli.runs import export_run  # noqa: PLC0415

    settings = settings_of(flags)
    finish(export_run(settings, **flags))


@click.command()
@click.argument("run_ids", metavar="RUN...", nargs=-1, required=True, type=RUN)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@home_flag
def forget(**flags: Any) -> None:  # noqa: ANN401
    """Delete all data of runs that have ended: prompts, replies, proposals, undo data.

    Nothing of them remains in the state folder. Notes are not changed, nor asked about again.
    """
    from notemill.cli.runs import forget_runs  # noqa: PLC0415

    settings = settings_of(flags)
    finish(forget_runs(settings, **flags))
