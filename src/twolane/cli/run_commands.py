"""The commands for runs and their price; every command's work is imported when it runs."""

from __future__ import annotations

import sys
from typing import Any

import click

from twolane.front.command import (
    LANES,
    deadline_flags,
    finish,
    home_flag,
    json_flag,
    month_flag,
    settings_flags,
    settings_of,
)
from twolane.front.flag_types import FILE, RUN, USD, Whole
from twolane.front.groups import SettingsApart

MANY = 1_000_000_000
"""No job is larger; up to this size all sums of money are exact."""


@click.command(cls=SettingsApart)
@click.argument("source", metavar="INPUT.jsonl", type=FILE)
@click.option("-o", "--output", type=FILE, required=True, metavar="OUTPUT.jsonl")
@click.option("--lane", type=click.Choice(LANES), default="auto", show_default=True)
@click.option("--max-cost", type=USD, metavar="USD", help="Maximum cost of the run.")
@deadline_flags
@click.option("--again", is_flag=True, help="Start over where this command has run before.")
@click.option("--dry-run", is_flag=True, help="Show lane, price and one request; send nothing.")
@click.option("--yes", is_flag=True, help="Agree to the price in advance.")
@json_flag
@settings_flags
def run(**flags: Any) -> None:  # noqa: ANN401
    """Answer every line of INPUT.jsonl and write one line each to OUTPUT.jsonl.

    A line is {"custom_id": "…", "params": {…}} in the shape of Anthropic's batches. The same
    command again continues an unfinished run; over a finished one it costs nothing. Either file
    may be `-`, a pipe or a descriptor.
    """
    from twolane.cli.running import run_file  # noqa: PLC0415

    settings = settings_of(flags)
    finish(run_file(settings, **flags))


output_again = click.option(
    "-o",
    "--output",
    type=FILE,
    metavar="OUTPUT.jsonl",
    help="Write the results here instead; required for an imported run.",
)


@click.command(cls=SettingsApart)
@click.argument("run_id", metavar="RUN", type=RUN)
@click.option("--max-cost", type=USD, metavar="USD", help="New cap on the cost of the whole run.")
@output_again
@json_flag
@settings_flags
def resume(**flags: Any) -> None:  # noqa: ANN401
    """Continue a run that was stopped."""
    from twolane.cli.running import resume_run  # noqa: PLC0415

    settings = settings_of(flags)
    finish(resume_run(settings, **flags))


@click.command(cls=SettingsApart)
@click.argument("run_id", metavar="RUN", type=RUN)
@click.option("--failed", is_flag=True, required=True, help="Send failed items again.")
@click.option("--all", "everything", is_flag=True, help="Also send what would fail again.")
@output_again
@json_flag
@settings_flags
def retry(**flags: Any) -> None:  # noqa: ANN401
    """Send the failed items of a run again."""
    from twolane.cli.running import retry_run  # noqa: PLC0415

    flags.pop("failed")
    settings = settings_of(flags)
    finish(retry_run(settings, **flags))


@click.command()
@json_flag
@home_flag
def runs(**flags: Any) -> None:  # noqa: ANN401
    """List the runs of the ledger, newest first."""
    from twolane.cli.looking import list_runs  # noqa: PLC0415

    settings = settings_of(flags)
    sys.exit(list_runs(settings, **flags))


@click.command(cls=SettingsApart)
@click.argument("run_id", metavar="RUN", type=RUN)
@click.option("--item", metavar="ID", help="Show one item: its attempts, request and result.")
@json_flag
@home_flag
@month_flag
def show(**flags: Any) -> None:  # noqa: ANN401
    """Show the report of a run, or everything about one item."""
    from twolane.cli.looking import show_run  # noqa: PLC0415

    settings = settings_of(flags)
    sys.exit(show_run(settings, **flags))


@click.command()
@click.argument("run_id", metavar="RUN", type=RUN)
@click.option("-o", "--output", type=FILE, required=True, metavar="OUTPUT.jsonl")
@home_flag
def export(**flags: Any) -> None:  # noqa: ANN401
    """Write the results that a run has so far, one line per item."""
    from twolane.cli.looking import export_run  # noqa: PLC0415

    settings = settings_of(flags)
    sys.exit(export_run(settings, **flags))


@click.command()
@click.argument("run_id", metavar="RUN", type=RUN)
@click.option("--item", metavar="ID", help="Cancel only this item.")
@home_flag
def cancel(**flags: Any) -> None:  # noqa: ANN401
    """Cancel a run, or one item of it, from any terminal."""
    from twolane.cli.looking import cancel_run  # noqa: PLC0415

    settings = settings_of(flags)
    sys.exit(cancel_run(settings, **flags))


@click.command()
@click.argument("run_ids", metavar="RUN...", nargs=-1, required=True, type=RUN)
@click.option("--yes", is_flag=True, help="Do not ask.")
@home_flag
def forget(**flags: Any) -> None:  # noqa: ANN401
    """Delete all data of runs that have ended: prompts, replies, costs.

    Nothing of them remains in the ledger's files. The same command would start over and be paid
    for again. Outputs already written stay.
    """
    from twolane.cli.keeping import forget_runs  # noqa: PLC0415

    settings = settings_of(flags)
    sys.exit(forget_runs(settings, **flags))


@click.command(cls=SettingsApart)
@click.option("--items", type=Whole(1, MANY), required=True, metavar="N", help="How many.")
@click.option("--input-tokens", type=Whole(0, MANY), required=True, metavar="N", help="Each.")
@click.option("--output-tokens", type=Whole(0, MANY), required=True, metavar="N", help="Each.")
@click.option("--model", "models", multiple=True, metavar="NAME", help="Only these models.")
@click.option(
    "--weekly", type=Whole(1, MANY), metavar="N", help="Also project the cost of N items a week."
)
@json_flag
@home_flag
@month_flag
@click.option("--prices", type=FILE, help="Price file, for models without a known price.")
def price(**flags: Any) -> None:  # noqa: ANN401
    """Price the same job across models and both lanes."""
    from twolane.cli.pricing import print_prices  # noqa: PLC0415

    settings = settings_of(flags)
    sys.exit(print_prices(settings, **flags))
