"""Commands, their flags and their exit codes; every command's work is imported when it runs."""

from __future__ import annotations

import sys
from typing import Any

import click

from twolane.errors import TwolaneError
from twolane.front.command import (
    LANES,
    SHELLS,
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
from twolane.front.flag_types import FILE, RUN, USD, Number, Whole

MANY = 1_000_000_000
"""No job is larger; up to it all sums of money are exact."""


@click.group(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="notemill", prog_name="twolane")
def cli() -> None:
    """Get any number of model requests answered, each exactly once.

    A single item, or urgent work, goes in real time; two or more go through the provider's batch
    API, at half the price. Every step is recorded in the ledger first, so a run that was stopped
    or crashed can continue.
    """


@cli.command()
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
    help="Write the results here instead; required for an imported run.",
)


@cli.command()
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


@cli.command()
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


@cli.command()
@json_flag
@home_flag
def runs(**flags: Any) -> None:  # noqa: ANN401
    """List the runs of the ledger, newest first."""
    from twolane.cli.looking import list_runs  # noqa: PLC0415

    settings = settings_of(flags)
    sys.exit(list_runs(settings, **flags))


@cli.command()
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


@cli.command()
@click.argument("run_id", metavar="RUN", type=RUN)
@click.option("-o", "--output", type=FILE, required=True, metavar="OUTPUT.jsonl")
@home_flag
def export(**flags: Any) -> None:  # noqa: ANN401
    """Write the results that a run has so far, one line per item."""
    from twolane.cli.looking import export_run  # noqa: PLC0415

    settings = settings_of(flags)
    sys.exit(export_run(settings, **flags))


@cli.command()
@click.argument("run_id", metavar="RUN", type=RUN)
@click.option("--item", metavar="ID", help="Cancel only this item.")
@home_flag
def cancel(**flags: Any) -> None:  # noqa: ANN401
    """Cancel a run, or one item of it, from any terminal."""
    from twolane.cli.looking import cancel_run  # noqa: PLC0415

    settings = settings_of(flags)
    sys.exit(cancel_run(settings, **flags))


@cli.command()
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


@cli.command()
@json_flag
@home_flag
def check(**flags: Any) -> None:  # noqa: ANN401
    """Check the integrity of the ledger.

    Changes nothing, and may be used while a run is working. Exits with 0 if every invariant
    holds, and otherwise with 7 after listing those that do not.
    """
    from twolane.cli.keeping import check_ledger  # noqa: PLC0415

    settings = settings_of(flags)
    sys.exit(check_ledger(settings, **flags))


@cli.group()
def state() -> None:
    """Move all state to another computer, and back."""


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
    """Read what `state export` wrote into a folder without a ledger.

    FILE is checked before anything is written. Vaults are found by their path, so they must be
    in the same place as on the other computer.
    """
    from twolane.cli.keeping import import_home  # noqa: PLC0415

    settings = settings_of(flags)
    sys.exit(import_home(settings, **flags))


@state.command("take-back")
@click.option("--yes", is_flag=True, help="Do not ask.")
@home_flag
def take_back(**flags: Any) -> None:  # noqa: ANN401
    """Take back runs that were handed over, if no import of them is in use."""
    from twolane.cli.keeping import take_runs_back  # noqa: PLC0415

    settings = settings_of(flags)
    sys.exit(take_runs_back(settings, **flags))


@cli.command()
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


@cli.command()
@click.option("--port", type=Whole(0, 65535), default=8765, show_default=True)
@click.option(
    "--seed", type=Whole(0), default=0, show_default=True, help="The same seed gives the same run."
)
@click.option(
    "--faults", default="none", show_default=True, metavar="NAME", help="What goes wrong."
)
@click.option(
    "--speed",
    type=Number(0, 1_000_000, min_open=True),
    default=1.0,
    show_default=True,
    help="Simulated seconds per second.",
)
def sim(**flags: Any) -> None:  # noqa: ANN401
    """Serve a simulated provider, compatible with Anthropic's API, on this machine.

    Point ANTHROPIC_BASE_URL at it; any key is accepted. Batches go through the real lifecycle.
    """
    from twolane.cli.simulating import serve  # noqa: PLC0415

    finish(serve(**flags))


@cli.command()
@json_flag
@settings_flags
def config(**flags: Any) -> None:  # noqa: ANN401
    """Show every setting in force, where it comes from, and the paths in use.

    Keys are never shown.
    """
    from twolane.front.configuration import configured, print_configuration  # noqa: PLC0415

    as_json = flags.pop("as_json")
    effects, paths = configured(flags)
    settings_of(flags)
    print_configuration(effects, paths, as_json=as_json)


@cli.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print a script that completes commands, flags and runs in a shell.

    For bash: eval "$(twolane completion bash)" in ~/.bashrc.
    """
    from twolane.front.completing import script  # noqa: PLC0415
    from twolane.front.terminal import result_console  # noqa: PLC0415

    result_console().print_lines(script(cli, "twolane", shell))


def main() -> None:
    """Run the command line; every error of twolane ends with a message and its exit code."""
    run_command_line(cli, TwolaneError)
