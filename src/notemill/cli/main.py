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

    Every note gets a description, hierarchical tags and topics, as proposals that you review before
    anything is written. Nothing you wrote is replaced, and every write can be undone. Without an
    API key notemill works offline, with sentences and phrases taken from the notes.
    """


@cli.command()
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
@click.option("--dry-run", is_flag=True, help="Show lane, price and one request; send nothing.")
@going_on_flags
@settings_flags
def curate(**flags: Any) -> None:  # noqa: ANN401
    """Give the notes in VAULT (this folder) descriptions, tags and topics.

    Only notes that need work are sent, a few of them first, for you to review before the rest. The
    same command again continues a run that did not finish.
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


@cli.command()
@click.argument("folder", type=FOLDER, required=False)
@home_flag
def demo(**flags: Any) -> None:  # noqa: ANN401
    """Show what notemill does on a sample vault, without a key, network or notes of yours.

    The sample is copied to FOLDER, or to a new temporary folder.
    """
    from notemill.cli.demo import run_demo  # noqa: PLC0415

    finish(run_demo(**flags))


@cli.command()
@click.option("--vault", type=FOLDER, default=".", help="The vault; by default this folder.")
@json_flag
@settings_flags
def config(**flags: Any) -> None:  # noqa: ANN401
    """Show every setting in force, where it comes from, and the paths in use.

    Keys are never shown. Without a key the provider is notemill's own, offline.
    """
    from notemill.cli.config import show_config  # noqa: PLC0415

    show_config(**flags)


@cli.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print a script for your shell that completes commands, flags, runs, notes and tags.

    For bash: eval "$(notemill completion bash)" in ~/.bashrc.
    """
    from twolane.front.completing import script  # noqa: PLC0415
    from twolane.front.terminal import result_console  # noqa: PLC0415

    result_console().print_lines(script(cli, "notemill", shell))


def main() -> None:
    """Run the command line; every expected error ends with a message and its exit code."""
    from twolane import TwolaneError  # noqa: PLC0415

    run_command_line(cli, NotemillError, TwolaneError)
