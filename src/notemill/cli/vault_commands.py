"""The commands for whole vaults; each command's modules are imported when it runs."""

from __future__ import annotations

from typing import Any

import click

from notemill.cli.flags import exclude_flag, going_on_flags, settings_of
from twolane.front.command import (
    LANES,
    deadline_flags,
    finish,
    home_flag,
    json_flag,
    settings_flags,
    take_settings,
)
from twolane.front.flag_types import FOLDER, USD, Whole
from twolane.front.groups import SettingsApart

MAX_PORT = 65_535
TIDY_KINDS = ("inline", "case", "plural", "lists", "duplicates", "dates")


@click.command(cls=SettingsApart)
@click.argument("vault", type=FOLDER, default=".")
@click.option("--lane", type=click.Choice(LANES), default="auto", show_default=True)
@click.option("--max-cost", type=USD, metavar="USD", help="Maximum cost of the run.")
@deadline_flags
@click.option("--stages", default="auto", show_default=True, metavar="auto|none|ladder|2,6,…")
@click.option("--limit", type=Whole(1), metavar="N", help="Only the N notes that need it most.")
@click.option(
    "--only", metavar="GLOB", help="Only notes whose path matches, such as 'Projects/**'."
)
@exclude_flag
@click.option("--refresh", is_flag=True, help="Also ask about notes that need no work.")
@click.option("--again", is_flag=True, help="Start over instead of continuing a run.")
@click.option(
    "--no-vocabulary", is_flag=True, help="Propose no vocabulary first to a vault without one."
)
@click.option("--dry-run", is_flag=True, help="Show lane, price and one request; send nothing.")
@going_on_flags
@settings_flags
def curate(**flags: Any) -> None:  # noqa: ANN401
    """Give the notes in VAULT (this folder) descriptions, tags and topics.

    Only notes that need work are sent, a few of them first, for you to review before the rest. A
    vault with few tags is first proposed a vocabulary, for you to accept, edit or reject, once. The
    same command again continues a run that did not finish.
    """
    from notemill.cli.curate import curate_vault  # noqa: PLC0415

    settings = settings_of(flags)
    finish(curate_vault(settings, **flags))


@click.command()
@click.argument("vault", type=FOLDER, default=".")
@click.option(
    "--kind",
    "kinds",
    type=click.Choice(TIDY_KINDS),
    multiple=True,
    help="The kind of property to change. May be repeated.",
)
@click.option(
    "--only", metavar="GLOB", help="Only notes whose path matches, such as 'Projects/**'."
)
@exclude_flag
@click.option("--dry-run", is_flag=True, help="Show all changes; write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_flag
@home_flag
def tidy(**flags: Any) -> None:  # noqa: ANN401
    """Rewrite the properties in VAULT (this folder) in the form that Obsidian writes.

    Without --kind it counts the changes of each kind and writes nothing. Comments, quotes and order
    are kept; ambiguous values are left alone and listed; `undo` restores the notes.
    """
    from notemill.cli.tidy import tidy_vault  # noqa: PLC0415

    settings = settings_of(flags)
    finish(tidy_vault(settings, **flags))


@click.command(cls=SettingsApart)
@click.argument("vault", type=FOLDER, required=False)
@click.option(
    "--port",
    type=Whole(1, MAX_PORT),
    metavar="N",
    help="The port; by default 8765, or the next one that is free.",
)
@click.option("--no-open", is_flag=True, help="Print the link, and open no browser.")
@click.option("--url", is_flag=True, help="Print a new link to a dashboard that is running.")
@click.option(
    "--host",
    default="127.0.0.1",
    metavar="ADDRESS",
    help="Serve at another address of this machine; see --allow-network.",
)
@click.option(
    "--allow-network",
    is_flag=True,
    help="With --host: let other machines reach the dashboard, unencrypted.",
)
@json_flag
@settings_flags
def serve(**flags: Any) -> None:  # noqa: ANN401
    """Show the dashboard of VAULT in your browser: start work, watch it, review and apply.

    It is served to this machine alone, until Ctrl-C. The link that is printed works once. Without
    VAULT it shows the runs of the ledger.
    """
    from notemill.cli.serve import print_link, serve_vault  # noqa: PLC0415

    given = take_settings(dict(flags))
    settings = settings_of(flags)
    if flags.pop("url"):
        wanted = {name: flags[name] for name in ("vault", "port", "as_json")}
        finish(print_link(settings, **wanted))
    finish(serve_vault(settings, given=given, **flags))
