"""The commands for the ledger as a whole; every command's work is imported when it runs."""

from __future__ import annotations

import sys
from typing import Any

import click

from twolane.front.command import home_flag, json_flag, settings_of
from twolane.front.flag_types import FILE
from twolane.front.groups import Commands


@click.command()
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


@click.group(cls=Commands)
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
