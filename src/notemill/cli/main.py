"""Commands, their flags and their exit codes; every command's work is imported when it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from notemill.errors import NotemillError
from twolane.command import (
    FILE,
    FOLDER,
    LANES,
    deadline_flags,
    finish,
    home_flag,
    json_flag,
    run_command_line,
    settings_flags,
    take_settings,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from twolane import Settings

MIN_SCORE = 0.1
"""How likely a pair has to be to be proposed."""

F = TypeVar("F", bound="Callable[..., Any]")


exclude_flag = click.option(
    "--exclude",
    multiple=True,
    metavar="GLOB|#TAG",
    help="Leave these notes alone: nothing of them leaves the machine. May be given again.",
)


def going_on_flags(command: F) -> F:
    """Add the flags of every command that works on a run until it ends."""
    flags = [
        click.option(
            "--review/--apply",
            "review",
            default=True,
            help="Keep proposals for `notemill apply` (the default), or write additions at once.",
        ),
        click.option("--yes", is_flag=True, help="Agree to prices and stages beforehand."),
        json_flag,
    ]
    for flag in reversed(flags):
        command = flag(command)
    return command


def settings_of(flags: dict[str, Any]) -> Settings:
    """Take the settings' flags out of a command's and return the settings in force."""
    from notemill.app import offline_unless_keyed  # noqa: PLC0415
    from twolane import load_settings  # noqa: PLC0415

    given = take_settings(flags)
    return offline_unless_keyed(load_settings(given), asked=given.get("provider") is not None)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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
@click.option("--max-cost", metavar="USD", help="Never spend more than this.")
@deadline_flags
@click.option("--stages", default="auto", show_default=True, metavar="auto|none|ladder|2,6,…")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the N neediest notes.")
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
    from notemill.cli.curating import curate_vault  # noqa: PLC0415

    settings = settings_of(flags)
    finish(curate_vault(settings, **flags))


@cli.command()
@click.argument("run_id", metavar="RUN")
@click.option("--max-cost", metavar="USD", help="A new cap, for the run and all its resumes.")
@going_on_flags
@settings_flags
def resume(**flags: Any) -> None:  # noqa: ANN401
    """Go on with a run: the next stage, after a stop, or with more money."""
    from notemill.cli.resuming import resume_run  # noqa: PLC0415

    settings = settings_of(flags)
    finish(resume_run(settings, **flags))


@cli.command()
@click.argument("run_id", metavar="RUN")
@click.option("--failed", is_flag=True, required=True, help="Ask about what failed again.")
@going_on_flags
@settings_flags
def retry(**flags: Any) -> None:  # noqa: ANN401
    """Ask about the failed notes of a run again."""
    from notemill.cli.resuming import resume_run  # noqa: PLC0415

    settings = settings_of(flags)
    finish(resume_run(settings, max_cost=None, **flags))


@cli.command()
@click.argument("run_id", metavar="RUN")
@click.option("--replace", is_flag=True, help="Also replace descriptions that you wrote.")
@click.option("--item", metavar="NOTE", help="Only this note, and its links from either side.")
@json_flag
@settings_flags
def apply(**flags: Any) -> None:  # noqa: ANN401
    """Write the proposals of a run into the notes; `undo` takes them out again."""
    from notemill.cli.writing import apply_proposals  # noqa: PLC0415

    settings = settings_of(flags)
    finish(apply_proposals(settings, **flags))


@cli.command()
@click.argument("run_id", metavar="RUN")
@click.option("--item", metavar="NOTE", help="Restore only this note.")
@click.option("--through", is_flag=True, help="Undo later runs on the same notes, too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@settings_flags
def undo(**flags: Any) -> None:  # noqa: ANN401
    """Restore the exact bytes that a run's writing replaced.

    A note that was edited since is left as it is and named.
    """
    from notemill.cli.writing import undo_run  # noqa: PLC0415

    settings = settings_of(flags)
    finish(undo_run(settings, **flags))


@cli.command()
@click.argument("run_id", metavar="RUN")
@click.option("--item", metavar="NOTE", help="Only this note.")
@json_flag
@settings_flags
def show(**flags: Any) -> None:  # noqa: ANN401
    """Show a run's report and its proposals as a diff."""
    from notemill.cli.writing import show_run  # noqa: PLC0415

    settings = settings_of(flags)
    finish(show_run(settings, **flags))


@cli.command()
@json_flag
@settings_flags
def runs(**flags: Any) -> None:  # noqa: ANN401
    """List the runs there are, newest first."""
    from notemill.cli.writing import list_runs  # noqa: PLC0415

    settings = settings_of(flags)
    finish(list_runs(settings, **flags))


@cli.command()
@click.argument("run_id", metavar="RUN")
@click.option("--item", metavar="NOTE", help="Cancel only this note.")
@settings_flags
def cancel(**flags: Any) -> None:  # noqa: ANN401
    """Cancel a run, or one note of it, from any terminal."""
    from notemill.cli.writing import cancel_run  # noqa: PLC0415

    settings = settings_of(flags)
    finish(cancel_run(settings, **flags))


@cli.command()
@click.argument("run_id", metavar="RUN")
@click.option("-o", "--output", type=FILE, required=True, metavar="OUTPUT.jsonl")
@settings_flags
def export(**flags: Any) -> None:  # noqa: ANN401
    """Write what a run has so far as JSON lines, one per note; at any time."""
    from notemill.cli.writing import export_run  # noqa: PLC0415

    settings = settings_of(flags)
    finish(export_run(settings, **flags))


@cli.command()
@click.argument("run_ids", metavar="RUN...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
@settings_flags
def forget(**flags: Any) -> None:  # noqa: ANN401
    """Delete closed runs: prompts, replies, proposals, and the bytes that `undo` restores.

    Nothing of them can be found in the state folder afterwards. Notes are not touched, and are
    not asked about again.
    """
    from notemill.cli.keeping import forget_runs  # noqa: PLC0415

    settings = settings_of(flags)
    finish(forget_runs(settings, **flags))


class Shorthand(click.Group):
    """A group that runs its main command where its first word is none of its commands."""

    def __init__(self, *args: Any, main: str = "", **kwargs: Any) -> None:  # noqa: ANN401
        """Take the name of the command that needs not be named."""
        super().__init__(*args, **kwargs)
        self.main_command = main

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take `tags VAULT` for `tags report VAULT`, and `tags` alone for this folder's report."""
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = [self.main_command, *args]
        return super().parse_args(ctx, args)


@cli.group(cls=Shorthand, main="report")
def tags() -> None:
    """Show the tags of a vault and what is wrong with them; rename, merge and drop tags.

    `notemill tags VAULT` is short for `notemill tags report VAULT`.
    """


@tags.command()
@click.argument("vault", type=FOLDER, default=".")
@exclude_flag
@json_flag
@settings_flags
def report(**flags: Any) -> None:  # noqa: ANN401
    """Show the tags in VAULT (this folder) with counts, variants, junk and merges to consider.

    Nothing is written and nothing leaves the machine.
    """
    from notemill.cli.tagging import report_tags  # noqa: PLC0415

    settings = settings_of(flags)
    finish(report_tags(settings, **flags))


def changing_flags(command: F) -> F:
    """Add the flags of every command that changes tags in a vault."""
    flags = [
        click.option("--vault", type=FOLDER, default=".", help="The vault, if not this folder."),
        exclude_flag,
        click.option("--dry-run", is_flag=True, help="Show what would change; write nothing."),
        click.option("--yes", is_flag=True, help="Do not ask."),
        json_flag,
        settings_flags,
    ]
    for flag in reversed(flags):
        command = flag(command)
    return command


@tags.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@changing_flags
def rename(old: str, new: str, **flags: Any) -> None:  # noqa: ANN401
    """Rename the tag OLD to NEW in properties and text; its children follow.

    Only the tags' own bytes change, and `undo` restores them. Where NEW is there already the two
    become one.
    """
    _change({old: new}, flags)


@tags.command()
@click.argument("old", metavar="TAG...", nargs=-1, required=True)
@click.option("--into", required=True, metavar="TAG", help="The tag they all become.")
@changing_flags
def merge(old: tuple[str, ...], into: str, **flags: Any) -> None:  # noqa: ANN401
    """Make several tags one; a list that had two of them has the new one once."""
    _change(dict.fromkeys(old, into), flags)


@tags.command()
@click.argument("old", metavar="TAG...", nargs=-1, required=True)
@changing_flags
def drop(old: tuple[str, ...], **flags: Any) -> None:  # noqa: ANN401
    """Take a tag, and its children, out of all notes.

    Within a sentence of the text a tag loses its `#` and its word stays.
    """
    _change(dict.fromkeys(old), flags)


note_flag = click.option(
    "--note", metavar="NOTE", help="The vocabulary's note, by its path in the vault."
)


@tags.command()
@click.argument("vault", type=FOLDER, default=".")
@note_flag
@exclude_flag
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_flag
@settings_flags
def vocabulary(**flags: Any) -> None:  # noqa: ANN401
    """Arrange the tags in VAULT (this folder) as a nested list, other spellings beside each.

    Printed, or added to NOTE: there it is yours to order, rename and strike out (~~tag~~ drops
    it), and the same command again only adds what is new.
    """
    from notemill.cli.vocabulary import arrange_tags  # noqa: PLC0415

    settings = settings_of(flags)
    finish(arrange_tags(settings, **flags))


@tags.command(name="apply")
@click.argument("note", metavar="NOTE")
@changing_flags
def apply_tags(**flags: Any) -> None:  # noqa: ANN401
    """Change the vault's tags as the vocabulary in NOTE says.

    Spellings in parentheses become their tag, and struck-out tags go.
    """
    from notemill.cli.vocabulary import apply_vocabulary  # noqa: PLC0415

    settings = settings_of(flags)
    finish(apply_vocabulary(settings, **flags))


def _change(changes: dict[str, str | None], flags: dict[str, Any]) -> None:
    from notemill.cli.tagging import change_tags  # noqa: PLC0415

    settings = settings_of(flags)
    finish(change_tags(settings, changes, **flags))


@cli.group(cls=Shorthand, main="find")
def link() -> None:
    """Find notes that belong together, and link each pair in both notes.

    `notemill link VAULT` is short for `notemill link find VAULT`.
    """


@link.command()
@click.argument("vault", type=FOLDER, default=".")
@click.option(
    "--top",
    type=click.IntRange(1, 50),
    default=5,
    show_default=True,
    metavar="N",
    help="At most N links of notemill's for a note.",
)
@click.option(
    "--min-score",
    type=click.FloatRange(0, 1),
    default=MIN_SCORE,
    show_default=True,
    metavar="P",
    help="Only pairs this likely, from 0 to 1.",
)
@click.option(
    "--section/--property",
    "section",
    default=False,
    help="Write a list below the text, or the property `related` (the default).",
)
@click.option("--only", metavar="GLOB", help="Only pairs with a note whose path fits.")
@exclude_flag
@click.option(
    "--ask-model",
    is_flag=True,
    help="Have a model judge every pair, one request for each note; the next flags are for that.",
)
@click.option("--lane", type=click.Choice(LANES), default="auto", show_default=True)
@click.option("--max-cost", metavar="USD", help="Never spend more than this.")
@deadline_flags
@click.option("--stages", default="auto", show_default=True, metavar="auto|none|ladder|2,6,…")
@click.option("--again", is_flag=True, help="Begin anew instead of going on with a run.")
@click.option("--dry-run", is_flag=True, help="Show what is found; keep and send nothing.")
@going_on_flags
@settings_flags
def find(**flags: Any) -> None:  # noqa: ANN401
    """Find pairs of notes in VAULT (this folder) that a person would link.

    Each is shown with its why: shared words, the sentence in which one names the other, shared
    neighbours and tags, and how likely it is. Written, a link stands in both notes; one that you
    take out of either is taken out of the other, and never comes back. Nothing leaves the machine
    but with --ask-model.
    """
    from notemill.cli.linking import link_with_flags  # noqa: PLC0415

    settings = settings_of(flags)
    finish(link_with_flags(settings, **flags))


@link.command()
@click.argument("one", metavar="NOTE")
@click.argument("other", metavar="NOTE")
@click.option("--vault", type=FOLDER, default=".", help="The vault, if not this folder.")
@json_flag
@settings_flags
def reject(**flags: Any) -> None:  # noqa: ANN401
    """Turn a pair of notes down: it is never proposed again, whatever the notes are called then."""
    from notemill.cli.linking import reject_pair  # noqa: PLC0415

    settings = settings_of(flags)
    finish(reject_pair(settings, **flags))


@link.command()
@click.argument("one", metavar="[NOTE", required=False)
@click.argument("other", metavar="[NOTE]]", required=False)
@click.option("--vault", type=FOLDER, default=".", help="The vault, if not this folder.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_flag
@settings_flags
def allow(**flags: Any) -> None:  # noqa: ANN401
    """List what was turned down: a pair, all of a note, or all; and let it be proposed again."""
    from notemill.cli.linking import allow_pairs  # noqa: PLC0415

    settings = settings_of(flags)
    finish(allow_pairs(settings, **flags))


@cli.command()
@click.argument("folder", type=FOLDER, required=False)
@home_flag
def demo(**flags: Any) -> None:  # noqa: ANN401
    """Show the main job on a sample vault: no key, no network, nothing of yours touched.

    The vault is copied to FOLDER, or to a new one in the system's temporary folder.
    """
    from notemill.cli.demo import run_demo  # noqa: PLC0415

    finish(run_demo(**flags))


def main() -> None:
    """Run the command line; every expected error ends with a message and its exit code."""
    from twolane import TwolaneError  # noqa: PLC0415

    run_command_line(cli, NotemillError, TwolaneError)
