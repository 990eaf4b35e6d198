"""The commands of `notemill tags` that show the tree and move tags within it."""

from __future__ import annotations

from typing import Any

import click

from notemill.cli.completing import TAG
from notemill.cli.flags import changing_flags, exclude_flag, settings_of
from twolane.front.command import finish, home_flag, json_flag
from twolane.front.flag_types import FOLDER


@click.command()
@click.argument("vault", type=FOLDER, default=".")
@exclude_flag
@json_flag
@home_flag
def tree(**flags: Any) -> None:  # noqa: ANN401
    """Show the tags in VAULT (this folder) as a tree: the vocabulary's, and those in use.

    Each has the number of notes that have it or a tag below it. Nothing is written.
    """
    from notemill.cli import tag_tree as work  # noqa: PLC0415

    settings = settings_of(flags)
    finish(work.show_tree(settings, **flags))


@click.command()
@click.argument("tag", metavar="TAG", type=TAG)
@click.option("--vault", type=FOLDER, default=".", help="The vault; by default this folder.")
@exclude_flag
@json_flag
@home_flag
def show(**flags: Any) -> None:  # noqa: ANN401
    """Show the notes that have TAG, and every other place where it is used.

    Other places are queries, templates, sentences, plugins, styles and pages of that name; a change
    of the tag takes the queries of notes along. Nothing is written.
    """
    from notemill.cli import tag_tree as work  # noqa: PLC0415

    settings = settings_of(flags)
    finish(work.show_tag(settings, **flags))


@click.command()
@click.argument("tags", metavar="TAG...", type=TAG, nargs=-1, required=True)
@click.option("--under", metavar="TAG", type=TAG, help="The tag that they move below.")
@click.option("--top", is_flag=True, help="Move them to the top level.")
@changing_flags
def move(**flags: Any) -> None:  # noqa: ANN401
    """Move tags below another tag, or to the top level, in all notes; their children follow.

    `tags move soup bread --under food` makes them food/soup and food/bread; `undo` restores the
    exact bytes.
    """
    from notemill.cli import tag_tree as work  # noqa: PLC0415

    settings = settings_of(flags)
    finish(work.move_tags(settings, **flags))


@click.command()
@click.argument("tag", metavar="TAG", type=TAG)
@click.argument("names", metavar="NAME...", type=TAG, nargs=-1, required=True)
@changing_flags
def alias(**flags: Any) -> None:  # noqa: ANN401
    """Keep each NAME as another spelling of TAG in the vocabulary, also for later proposals.

    Notes that have a NAME get TAG instead; `undo` restores all of it.
    """
    from notemill.cli import tag_tree as work  # noqa: PLC0415

    settings = settings_of(flags)
    finish(work.add_spellings(settings, **flags))
