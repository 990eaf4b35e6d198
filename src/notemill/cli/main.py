"""Commands, their flags and their exit codes; every command's work is imported when it runs."""

from __future__ import annotations

import sys
from typing import Any

import click

from notemill.cli.flags import exclude_flag, going_on_flags, settings_of
from notemill.cli.link_commands import link
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
from twolane.front.flag_types import FILE, FOLDER, RUN, USD, Whole

vault_flag = click.option(
    "--vault", type=FOLDER, default=".", help="The vault, if not this folder."
)


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


@cli.command()
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


@cli.command()
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


@cli.command()
@click.argument("run_id", metavar="[RUN]", type=RUN, required=False)
@click.option("--replace", is_flag=True, help="Also replace descriptions that you wrote.")
@click.option("--item", metavar="NOTE", help="Only this note, and its links from either side.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@vault_flag
@json_flag
@home_flag
def apply(**flags: Any) -> None:  # noqa: ANN401
    """Write what you accepted into the notes, or with RUN all that it adds; `undo` takes it back.

    Without RUN it is what `review` and `accept` left to be written in the vault of this folder.
    """
    from notemill.cli.proposals import apply_proposals  # noqa: PLC0415

    settings = settings_of(flags)
    finish(apply_proposals(settings, **flags))


@cli.command()
@click.argument("run_id", metavar="[RUN]", type=RUN, required=False)
@click.option(
    "--by",
    type=click.Choice(("note", "value", "confidence")),
    default="note",
    show_default=True,
    help="In which order; by value, one key decides for all notes.",
)
@click.option(
    "--kind",
    type=click.Choice(("description", "tag", "topic", "link", "tags", "tidy")),
    multiple=True,
    help="Only these; may be given again.",
)
@click.option("--only", metavar="GLOB", help="Only notes whose path fits, as in 'Projects/**'.")
@vault_flag
@json_flag
@home_flag
def review(**flags: Any) -> None:  # noqa: ANN401
    """Go through what waits for your decision, one proposal at a time.

    One key decides: a accepts, x rejects, n never again, e edits, u undoes, ? lists all keys.
    Decisions are kept at once; `notemill apply` writes what you accepted.
    """
    from notemill.cli.review import review_proposals  # noqa: PLC0415

    settings = settings_of(flags)
    finish(review_proposals(settings, **flags))


@cli.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--value", metavar="TEXT", help="Accept this in place of what is proposed.")
@vault_flag
@json_flag
@home_flag
def accept(**flags: Any) -> None:  # noqa: ANN401
    """Accept proposals by their ids, as `notemill review --json` lists them."""
    from notemill.cli.review import decide_proposals  # noqa: PLC0415
    from notemill.stores.proposals import Decision  # noqa: PLC0415

    settings = settings_of(flags)
    finish(decide_proposals(settings, decision=Decision.ACCEPT, **flags))


@cli.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--never", is_flag=True, help="Do not propose it for any note again.")
@vault_flag
@json_flag
@home_flag
def reject(*, never: bool, **flags: Any) -> None:  # noqa: ANN401
    """Reject proposals by their ids, as `notemill review --json` lists them."""
    from notemill.cli.review import decide_proposals  # noqa: PLC0415
    from notemill.stores.proposals import Decision  # noqa: PLC0415

    settings = settings_of(flags)
    decision = Decision.NEVER if never else Decision.REJECT
    finish(decide_proposals(settings, decision=decision, **flags))


@cli.command()
@click.argument("run_id", metavar="RUN", type=RUN)
@click.option("--item", metavar="NOTE", help="Restore only this note.")
@click.option("--through", is_flag=True, help="Undo later runs on the same notes, too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@home_flag
def undo(**flags: Any) -> None:  # noqa: ANN401
    """Restore the exact bytes that a run's writing replaced.

    A note that was edited since is left as it is and named.
    """
    from notemill.cli.proposals import undo_run  # noqa: PLC0415

    settings = settings_of(flags)
    finish(undo_run(settings, **flags))


@cli.command()
@click.argument("run_id", metavar="RUN", type=RUN)
@click.option("--item", metavar="NOTE", help="Only this note.")
@click.option("--kind", type=click.Choice(("description", "tag", "topic")), help="Only these.")
@click.option("--only", metavar="GLOB", help="Only notes whose path fits, as in 'Projects/**'.")
@click.option("--new-tags", is_flag=True, help="Only tags that the vocabulary does not have.")
@json_flag
@home_flag
def show(**flags: Any) -> None:  # noqa: ANN401
    """Show a run's report and its proposals as a diff."""
    from notemill.cli.proposals import show_run  # noqa: PLC0415

    settings = settings_of(flags)
    finish(show_run(settings, **flags))


@cli.command()
@json_flag
@home_flag
def runs(**flags: Any) -> None:  # noqa: ANN401
    """List the runs there are, newest first."""
    from notemill.cli.runs import list_runs  # noqa: PLC0415

    settings = settings_of(flags)
    finish(list_runs(settings, **flags))


@cli.command()
@click.argument("run_id", metavar="RUN", type=RUN)
@click.option("--item", metavar="NOTE", help="Cancel only this note.")
@home_flag
def cancel(**flags: Any) -> None:  # noqa: ANN401
    """Cancel a run, or one note of it, from any terminal."""
    from notemill.cli.runs import cancel_run  # noqa: PLC0415

    settings = settings_of(flags)
    finish(cancel_run(settings, **flags))


@cli.command()
@click.argument("run_id", metavar="RUN", type=RUN)
@click.option("-o", "--output", type=FILE, required=True, metavar="OUTPUT.jsonl")
@home_flag
def export(**flags: Any) -> None:  # noqa: ANN401
    """Write what a run has so far as JSON lines, one per note; at any time."""
    from notemill.cli.runs import export_run  # noqa: PLC0415

    settings = settings_of(flags)
    finish(export_run(settings, **flags))


@cli.command()
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


cli.add_command(tags)
cli.add_command(link)


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

    sys.stdout.write(script(cli, "notemill", shell) + "\n")


def main() -> None:
    """Run the command line; every expected error ends with a message and its exit code."""
    from twolane import TwolaneError  # noqa: PLC0415

    run_command_line(cli, NotemillError, TwolaneError)
