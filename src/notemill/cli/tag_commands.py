"""The commands of `notemill tags`; each command's modules are imported when it runs."""

from __future__ import annotations

from typing import Any

import click

from notemill.cli.completing import NOTE, TAG
from notemill.cli.flags import Shorthand, allow_flag, changing_flags, exclude_flag, settings_of
from notemill.cli.tag_tree_commands import alias, move, show, tree
from twolane.front.command import (
    LANES,
    deadline_flags,
    finish,
    home_flag,
    json_flag,
    settings_flags,
)
from twolane.front.flag_types import FOLDER, USD, Whole


@click.group(cls=Shorthand, main="report")
def tags() -> None:
    """Show the tags of a vault and what is wrong with them; rename, merge and drop tags.

    `notemill tags VAULT` is short for `notemill tags report VAULT`.
    """


@tags.command()
@click.argument("vault", type=FOLDER, default=".")
@exclude_flag
@json_flag
@home_flag
def report(**flags: Any) -> None:  # noqa: ANN401
    """Show the tags in VAULT (this folder) with counts, variants, junk and merges to consider.

    Nothing is written and nothing leaves the machine.
    """
    from notemill.cli.tags import report_tags  # noqa: PLC0415

    settings = settings_of(flags)
    finish(report_tags(settings, **flags))


@tags.command()
@click.argument("old", metavar="OLD", type=TAG)
@click.argument("new", metavar="NEW", type=TAG)
@changing_flags
def rename(old: str, new: str, **flags: Any) -> None:  # noqa: ANN401
    """Rename the tag OLD to NEW in properties and text; its children follow.

    Only the tags' own bytes change; `undo` restores them. If NEW exists already, the two become
    one.
    """
    _change({old: new}, flags)


@tags.command()
@click.argument("old", metavar="TAG...", type=TAG, nargs=-1, required=True)
@click.option("--into", required=True, metavar="TAG", type=TAG, help="The tag they all become.")
@changing_flags
def merge(old: tuple[str, ...], into: str, **flags: Any) -> None:  # noqa: ANN401
    """Merge several tags into one; a list that had two of them keeps the new one once."""
    _change(dict.fromkeys(old, into), flags)


@tags.command()
@click.argument("old", metavar="TAG...", type=TAG, nargs=-1, required=True)
@changing_flags
def drop(old: tuple[str, ...], **flags: Any) -> None:  # noqa: ANN401
    """Remove a tag, and its children, from all notes.

    Within a sentence a tag loses its `#` and the word stays.
    """
    _change(dict.fromkeys(old), flags)


note_flag = click.option(
    "--note", metavar="NOTE", type=NOTE, help="The vocabulary's note, as a path in the vault."
)


@tags.command()
@click.argument("vault", type=FOLDER, default=".")
@note_flag
@click.option(
    "--ask-model", "ask", is_flag=True, help="Have a model arrange the tags and name the headings."
)
@click.option(
    "--chunk",
    type=Whole(10, 1_000),
    default=250,
    show_default=True,
    metavar="N",
    help="The most tags in one request.",
)
@click.option("--lane", type=click.Choice(LANES), default="auto", show_default=True)
@click.option("--max-cost", type=USD, metavar="USD", help="Maximum cost of the run.")
@deadline_flags
@click.option("--again", is_flag=True, help="Start over instead of continuing a run.")
@click.option("--dry-run", is_flag=True, help="Show price and one request; send and write nothing.")
@exclude_flag
@allow_flag
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_flag
@settings_flags
def vocabulary(**flags: Any) -> None:  # noqa: ANN401
    """Arrange the tags in VAULT (this folder) as a nested list, with other spellings beside each.

    The list is printed, or added to NOTE: there it is yours to reorder, rename and strike out
    (~~tag~~ drops it), and the same command again adds only what is new. Without --ask-model the
    tags are arranged on this machine, by the notes they appear in; with it the tags, their counts
    and a few titles go to the model, but nothing that the list has already.
    """
    from notemill.cli.vocabulary import arrange_tags  # noqa: PLC0415

    settings = settings_of(flags)
    finish(arrange_tags(settings, **flags))


@tags.command(name="apply")
@click.argument("note", metavar="NOTE", type=NOTE)
@changing_flags
def apply_tags(**flags: Any) -> None:  # noqa: ANN401
    """Change the vault's tags as the vocabulary in NOTE says.

    Spellings in parentheses become their tag; struck-out tags are removed.
    """
    from notemill.cli.vocabulary import apply_vocabulary  # noqa: PLC0415

    settings = settings_of(flags)
    finish(apply_vocabulary(settings, **flags))


@tags.command()
@click.argument("note", metavar="NOTE", type=NOTE)
@click.option("--vault", type=FOLDER, default=".", help="The vault; by default this folder.")
@json_flag
@home_flag
def adopt(**flags: Any) -> None:  # noqa: ANN401
    """Use the list of tags in NOTE, as it is now, as the vault's only vocabulary.

    A note that is marked as a list decides nothing until you say so: here, or by naming it to
    `vocabulary --note` or `apply`. Nothing is written into notes.
    """
    from notemill.cli.vocabulary import adopt_note  # noqa: PLC0415

    settings = settings_of(flags)
    finish(adopt_note(settings, **flags))


@tags.command(name="review")
@click.argument("vault", type=FOLDER, default=".")
@click.option(
    "--tag", metavar="TAG", type=TAG, help="Show what is proposed for this tag, note by note."
)
@exclude_flag
@json_flag
@home_flag
def review_tags(**flags: Any) -> None:  # noqa: ANN401
    """Show pending tag changes (merges, renames, moves, drops) and new tags.

    Changes come from the vocabulary's note, or else the model's arrangement, or else the tags
    themselves; new tags come from curations. Nothing is written.
    """
    from notemill.cli import tags as work  # noqa: PLC0415

    settings = settings_of(flags)
    finish(work.review_tags(settings, **flags))


@tags.command(name="accept")
@click.argument("tags", metavar="[TAG...]", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Accept everything that is pending.")
@changing_flags
def accept_tags(**flags: Any) -> None:  # noqa: ANN401
    """Carry out what is proposed for TAG: change it in all notes, or add it to the vocabulary.

    All of it is one run; `undo` restores the exact bytes.
    """
    from notemill.cli import tags as work  # noqa: PLC0415

    settings = settings_of(flags)
    finish(work.accept_tags(settings, **flags))


@tags.command(name="reject")
@click.argument("tags", metavar="TAG...", type=TAG, nargs=-1, required=True)
@click.option(
    "--into",
    metavar="TAG",
    type=TAG,
    help="Never merge it into this tag, even if that was not proposed.",
)
@click.option("--item", metavar="NOTE", type=NOTE, help="Only for this note.")
@click.option("--take-back", is_flag=True, help="Undo rejections: it may be proposed again.")
@click.option("--vault", type=FOLDER, default=".", help="The vault; by default this folder.")
@home_flag
def reject_tags(**flags: Any) -> None:  # noqa: ANN401
    """Reject what is proposed for TAG, for good: it is never proposed again.

    `apply` does not carry out a rejected change, either.
    """
    from notemill.cli import tags as work  # noqa: PLC0415

    settings = settings_of(flags)
    finish(work.reject_tags(settings, **flags))


for command in (tree, show, move, alias):
    tags.add_command(command)


def _change(changes: dict[str, str | None], flags: dict[str, Any]) -> None:
    from notemill.cli.tags import change_tags  # noqa: PLC0415

    settings = settings_of(flags)
    finish(change_tags(settings, changes, **flags))
