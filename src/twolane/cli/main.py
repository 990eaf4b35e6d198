"""The command line; a command's imports happen when that command is used."""

from __future__ import annotations

from typing import Final

import click

from twolane.front.command_line import run_command_line
from twolane.front.groups import Commands

COMMANDS: Final = {
    "twolane.cli.run_commands": {
        "run": "Answer every line of INPUT.jsonl and write one line each to OUTPUT.jsonl.",
        "resume": "Continue a run that was stopped.",
        "retry": "Send the failed items of a run again.",
        "runs": "List the runs of the ledger, newest first.",
        "show": "Show the report of a run, or everything about one item.",
        "export": "Write the results that a run has so far, one line per item.",
        "cancel": "Cancel a run, or one item of it, from any terminal.",
        "forget": "Delete all data of runs that have ended: prompts, replies, costs.",
        "price": "Price the same job across models and both lanes.",
    },
    "twolane.cli.state_commands": {
        "check": "Check the integrity of the ledger.",
        "state": "Move all state to another computer, and back.",
    },
    "twolane.cli.tool_commands": {
        "sim": "Serve a simulated provider, compatible with Anthropic's API, on this machine.",
        "config": "Show every setting in force, where it comes from, and the paths in use.",
        "completion": "Print a script that completes commands, flags and runs in a shell.",
    },
}
"""The first sentence of each command's help, by the command's module."""


@click.group(
    cls=Commands,
    commands=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="notemill", prog_name="twolane")
def cli() -> None:
    """Get any number of model requests answered, each exactly once.

    A single item, or urgent work, goes in real time; two or more go through the provider's batch
    API, at half the price. Every step is recorded in the ledger first, so a run that was stopped
    or crashed can continue.
    """


def main() -> None:
    """Run the command line; every expected error ends with a message and its exit code."""
    run_command_line(cli, _expected)


def _expected() -> tuple[type[Exception], ...]:
    # Imported where something was raised: a `--help` raises nothing.
    from twolane.errors import TwolaneError  # noqa: PLC0415

    return (TwolaneError,)
