"""Commands, their flags and their exit codes; every command's work is imported when it runs."""

from __future__ import annotations

import sys
from typing import Any

import click

from twolane.errors import TwolaneError
from twolane.front.command import (
    LANES,
    Commands,
    deadline_flags,
    finish,
    home_flag,
    json_flag,
    month_flag,
    run_command_line,
    settings_flags,
    settings_of,
)
from twolane.front.flag_types import FILE, USD, Number, Whole

MANY = 1_000_000_000
"""No job is larger; up to it all sums of money are exact."""


@click.group(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="notemill", prog_name="twolane")
def cli() -> None:
    """Get any number of model requests answered, each exactly once.

    One item, or urgent work, takes the real-time lane; two or more take the provider's batches,
    at half the price. Whatever happens is in the ledger first: stop, crash, and go on.
    """


@cli.command()
@click.argument("source", metavar="INPUT.jsonl", type=FILE)
@click.option("-o", "--output", type=FILE, required=True, metavar="OUTPUT.jsonl")
@click.option("--lane", type=click.Choice(LANES), default="auto", show_default=True)
@click.option("--max-cost", type=USD, metavar="USD", help="Never spend more than this.")
@deadline_flags
@click.option("--again", is_flag=True, help="Begin anew where this command has run before.")
@click.option("--dry-run", is_flag=True, help="Show lane, price and a request; send nothing.")
@click.option("--yes", is_flag=True, help="Agree to the price beforehand.")
@json_flag
@settings_flags
def run(**flags: Any) -> None:  # noqa: ANN401
    """Answer every line of INPUT.jsonl and write one line each to OUTPUT.jsonl.

    A line is {"custom_id": "…", "params": {…}} in the shape of Anthropic's batches. The same
    command again goes on with an unfinished run, and costs nothing over a finished one. Either
    file may be `-`, a pipe or a descriptor.
    """
    from twolane.cli.running import run_file  # noqa: PLC0415

    settings = settings_of(flags)
    finish(run_file(settings, **flags))


output_again = click.option(
    "-o",
    "--output",
    type=FILE,
    metavar="OUTPUT.jsonl",
    help="Where the results go: not where they first were to. A run that was imported needs it.",
)


@cli.command()
@click.argument("run_id", metavar="RUN")
@click.option(
    "--max-cost", type=USD, metavar="USD", help="A new cap, for the run and all its resumes."
)
@output_again
@json_flag
@settings_flags
def resume(**flags: Any) -> None:  # noqa: ANN401
    """Go on with a run that was stopped, with or without more money."""
    from twolane.cli.running import resume_run  # noqa: PLC0415

    settings = settings_of(flags)
    finish(resume_run(settings, **flags))


@cli.command()
@click.argument("run_id", metavar="RUN")
@click.option("--failed", is_flag=True, required=True, help="Send what failed again.")
@click.option("--all", "everything", is_flag=True, help="Also what fails whenever it is sent.")
@output_again
@json_flag
@settings_flags
def retry(**flags: Any) -> None:  # noqa: ANN401
    """Send the failed items of a run again."""
    from twolane.cli.running import retry_run  # noqa: PLC0415

    flags.pop("failed")
    settings = settings_of(flags)
    finish(retry_run(settings, **flags))


@cli.command()
@json_flag
@home_flag
def runs(**flags: Any) -> None:  # noqa: ANN401
    """List the runs of the ledger, newest first."""
    from twolane.cli.looking import list_runs  # noqa: PLC0415

    settings = settings_of(flags)
    sys.exit(list_runs(settings, **flags))


@cli.command()
@click.argument("run_id", metavar="RUN")
@click.option("--item", metavar="ID", help="Show one item: its attempts, request and result.")
@json_flag
@home_flag
@month_flag
def show(**flags: Any) -> None:  # noqa: ANN401
    """Show the report of a run, or all there is to know of one item."""
    from twolane.cli.looking import show_run  # noqa: PLC0415

    settings = settings_of(flags)
    sys.exit(show_run(settings, **flags))


@cli.command()
@click.argument("run_id", metavar="RUN")
@click.option("-o", "--output", type=FILE, required=True, metavar="OUTPUT.jsonl")
@home_flag
def export(**flags: Any) -> None:  # noqa: ANN401
    """Write what a run has so far, a line per item; at any time."""
    from twolane.cli.looking import export_run  # noqa: PLC0415

    settings = settings_of(flags)
    sys.exit(export_run(settings, **flags))


@cli.command()
@click.argument("run_id", metavar="RUN")
@click.option("--item", metavar="ID", help="Cancel only this item.")
@home_flag
def cancel(**flags: Any) -> None:  # noqa: ANN401
    """Cancel a run, or one item of it, from any terminal."""
    from twolane.cli.looking import cancel_run  # noqa: PLC0415

    settings = settings_of(flags)
    sys.exit(cancel_run(settings, **flags))


@cli.command()
@click.argument("run_ids", metavar="RUN...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
@home_flag
def forget(**flags: Any) -> None:  # noqa: ANN401
    """Delete everything of closed runs: prompts, replies, what they cost.

    Nothing of them can be found in the ledger's files afterwards. The same command as then would
    begin anew, and be paid for again. Outputs that were written stay.
    """
    from twolane.cli.keeping import forget_runs  # noqa: PLC0415

    settings = settings_of(flags)
    sys.exit(forget_runs(settings, **flags))


@cli.command()
@json_flag
@home_flag
def check(**flags: Any) -> None:  # noqa: ANN401
    """Check that the ledger is sound: every invariant that its rows can show.

    Nothing is changed, and a run may work meanwhile. Ends with 0 where all hold, with 7 and the
    first rows of each that does not otherwise.
    """
    from twolane.cli.keeping import check_ledger  # noqa: PLC0415

    settings = settings_of(flags)
    sys.exit(check_ledger(settings, **flags))


@cli.group()
def state() -> None:
    """Move everything that is kept to another computer, and back."""


@state.command("export")
@click.argument("target", metavar="FILE", type=FILE)
@home_flag
def export_(**flags: Any) -> None:  # noqa: ANN401
    """Write ledger, proposals and undo journals into FILE.

    Runs with work left are handed over: they go on where FILE is imported, and not here, or both
    computers would pay for them. Refused while a process works on a run.
    """
    from twolane.cli.keeping import export_home  # noqa: PLC0415

    settings = settings_of(flags)
    sys.exit(export_home(settings, **flags))


@state.command("import")
@click.argument("source", metavar="FILE", type=FILE)
@home_flag
def import_(**flags: Any) -> None:  # noqa: ANN401
    """Take up what `state export` wrote, in a folder without a ledger.

    FILE is checked before anything is put there. Vaults are found by their path: they have to
    lie where they lay on the other computer.
    """
    from twolane.cli.keeping import import_home  # noqa: PLC0415

    settings = settings_of(flags)
    sys.exit(import_home(settings, **flags))


@state.command("take-back")
@click.option("--yes", is_flag=True, help="Do not ask.")
@home_flag
def take_back(**flags: Any) -> None:  # noqa: ANN401
    """Go on here with runs that were handed over, where no import of them is in use."""
    from twolane.cli.keeping import take_runs_back  # noqa: PLC0415

    settings = settings_of(flags)
    sys.exit(take_runs_back(settings, **flags))


@cli.command()
@click.option("--items", type=Whole(1, MANY), required=True, metavar="N", help="How many.")
@click.option("--input-tokens", type=Whole(0, MANY), required=True, metavar="N", help="Each.")
@click.option("--output-tokens", type=Whole(0, MANY), required=True, metavar="N", help="Each.")
@click.option("--model", "models", multiple=True, metavar="NAME", help="Only these models.")
@click.option("--weekly", type=Whole(1, MANY), metavar="N", help="Project N items a week.")
@json_flag
@home_flag
@month_flag
@click.option("--prices", type=FILE, help="Price file, for models without a known price.")
def price(**flags: Any) -> None:  # noqa: ANN401
    """Price the same job across models and both lanes."""
    from twolane.cli.pricing import print_prices  # noqa: PLC0415

    settings = settings_of(flags)
    sys.exit(print_prices(settings, **flags))


@cli.command()
@click.option("--port", type=Whole(0, 65535), default=8765, show_default=True)
@click.option(
    "--seed", type=Whole(0), default=0, show_default=True, help="The same seed, the same run."
)
@click.option(
    "--faults", default="none", show_default=True, metavar="NAME", help="What goes wrong."
)
@click.option(
    "--speed",
    type=Number(0, 1_000_000, min_open=True),
    default=1.0,
    show_default=True,
    help="Simulated s per second.",
)
def sim(**flags: Any) -> None:  # noqa: ANN401
    """Serve a provider that is compatible with Anthropic's API, on this machine, for trying out.

    Point ANTHROPIC_BASE_URL at it; any key is taken. Batches live through the real lifecycle.
    """
    from twolane.cli.simulating import serve  # noqa: PLC0415

    finish(serve(**flags))


def main() -> None:
    """Run the command line; every error of twolane ends with a message and its exit code."""
    run_command_line(cli, TwolaneError)
