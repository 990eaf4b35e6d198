"""Commands, their flags and their exit codes; every command's work is imported when it runs."""

from __future__ import annotations

from typing import Any

import click

from notemill.cli.flags import exclude_flag, going_on_flags, settings_of
from notemill.cli.link_commands import link
from notemill.cli.proposal_commands import accept, apply, reject, review, show, undo
from notemill.cli.run_commands import cancel, export, forget, resume, retry, runs
from notemill.cli.tag_commands import tags
from notemill.errors import NotemillError
from twolane.front.command import (
    LANES,
    SHELLS,
    Commands,
    deadline_flags,
    finish,
    home_flag,
    json_flag,
    run_command_line,
    settings_flags,
)
from twolane.front.flag_types import FOLDER, USD, Whole


@click.group(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="notemill", prog_name="notemill")
def cli() -> None:
    """Turn a folder of Markdown notes into a curated, linked knowledge base.

    Every note gets a description, hierarchical tags and topics, as proposals you can read before
    a byte is written. Nothing you wrote is replaced, and every write can be undone. Without an
    API key notemill works offline, with sentences and phrases taken from the notes themselves.
    """


@cli.command()
@click.argument("vault", type=FOLDER, default=".")
@click.option("--lane", type=click.Choice(LANES), default="auto", show_default=True)
@click.option("--max-cost", type=USD, metavar="USD", help="Never spend more than this.")
@deadline_flags
@click.option("--stages", default="auto", show_default=True, metavar="auto|none|ladder|2,6,…")
@click.option("--limit", type=Whole(1), metavar="N", help="Only the N neediest notes.")
@click.option("--only", metavar="GLOB", help="Only notes whose path fits, as in 'Projects/**'.")
@exclude_flag
@click.option("--refresh", is_flag=True, help="Ask about notes that need nothing, too.")
@click.option("--again", is_flag=True, help="Begin anew instead of going on with a run.")
@click.option("--dry-run", is_flag=True, help="Show lane, price and a request; send nothing.")
@going_on_flags
@settings_flags
def curate(**flags: Any) -> None:  # noqa: ANN401
    """Give the notes in VAULT (this folder) descriptions, tags and topics.

    Only notes that need work are asked about. A few come first and are shown before the rest is
    sent. The same command again goes on with a run that did not finish.
    """
    from notemill.cli.curate import curate_vault  # noqa: PLC0415

    settings = settings_of(flags)
    finish(curate_vault(settings, **flags))


for command in (
    resume, retry, review, accept, reject, show, apply, undo, runs, cancel, export, forget, tags, link,
):  # fmt: skip
    cli.add_command(command)


TIDY_KINDS = ("inline", "case", "plural", "lists", "duplicates", "dates")


@cli.command()
@click.argument("vault", type=FOLDER, default=".")
@click.option(
    "--kind",
    "kinds",
    type=click.Choice(TIDY_KINDS),
    multiple=True,
    help="Bring this into form. May be given again.",
)
@click.option("--only", metavar="GLOB", help="Only notes whose path fits, as in 'Projects/**'.")
@exclude_flag
@click.option("--dry-run", is_flag=True, help="Show every change; write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_flag
@home_flag
def tidy(**flags: Any) -> None:  # noqa: ANN401
    """Bring the properties in VAULT (this folder) into the form Obsidian writes.

    Without --kind it shows what there is of each kind and writes nothing. Comments, quotes and
    order stay; what could mean more than one thing is left and named; `undo` takes it back.
    """
    from notemill.cli.tidy import tidy_vault  # noqa: PLC0415

    settings = settings_of(flags)
    finish(tidy_vault(settings, **flags))


@cli.command()
@click.argument("folder", type=FOLDER, required=False)
@home_flag
def demo(**flags: Any) -> None:  # noqa: ANN401
    """Show the main job on a sample vault: no key, no network, nothing of yours touched.

    The vault is copied to FOLDER, or to a new one in the system's temporary folder.
    """
    from notemill.cli.demo import run_demo  # noqa: PLC0415

    finish(run_demo(**flags))


@cli.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print a script that completes commands, flags and runs in a shell.

    For bash: eval "$(notemill completion bash)" in ~/.bashrc.
    """
    from twolane.front.completing import script  # noqa: PLC0415
    from twolane.front.terminal import result_console  # noqa: PLC0415

    result_console().print_lines(script(cli, "notemill", shell))


def main() -> None:
    """Run the command line; every expected error ends with a message and its exit code."""
    from twolane import TwolaneError  # noqa: PLC0415

    run_command_line(cli, NotemillError, TwolaneError)
