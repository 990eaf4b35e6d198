"""`notemill ingest` and what follows sources, their flags and their help."""

from __future__ import annotations

from typing import Any

import click

from notemill.cli.flags import exclude_flag, going_on_flags, settings_of
from twolane.front.command import LANES, deadline_flags, finish, json_flag, settings_flags
from twolane.front.flag_types import FOLDER, USD, Whole
from twolane.front.groups import SettingsApart

TRANSCRIPTS = ("note", "beside", "none")


@click.command(cls=SettingsApart)
@click.argument("sources", nargs=-1, metavar="SOURCE…")
@click.option(
    "--vault",
    type=FOLDER,
    default=".",
    help="The vault; by default this folder.",
    show_default=False,
)
@click.option("--folder", metavar="FOLDER", help="The vault's folder for new notes (Clippings).")
@click.option(
    "--transcript",
    type=click.Choice(TRANSCRIPTS),
    help="Where the transcript of a talk goes: into the note, into one beside it, or nowhere.",
)
@click.option("--template", metavar="FILE", help="A Jinja template for new notes.")
@click.option(
    "--limit",
    type=Whole(1),
    metavar="N",
    help="Only the first N of each playlist, channel and feed; the newest stand first.",
)
@click.option(
    "--followed",
    is_flag=True,
    help="Take what is new of the followed sources, in place of naming some: all in one run, by "
    "batches (also for a single new entry) and within 20 hours, unless --lane or --by say "
    "otherwise, and without stages.",
)
@click.option("--lane", type=click.Choice(LANES), default="auto", show_default=True)
@click.option("--max-cost", type=USD, metavar="USD", help="Maximum cost of the run.")
@deadline_flags
@click.option("--stages", default="auto", show_default=True, metavar="auto|none|ladder|2,6,…")
@exclude_flag
@click.option("--again", is_flag=True, help="Start over instead of continuing a run.")
@click.option(
    "--dry-run", is_flag=True, help="Read the sources; show lane and price; send nothing."
)
@going_on_flags
@settings_flags
def ingest(**flags: Any) -> None:  # noqa: ANN401
    """Make notes of videos, transcripts, articles, documents and feeds.

    A SOURCE is an address, a file (captions, a saved page, PDF, Office, EPUB, a feed), or a text
    file with one source a line. Each becomes a note with a summary, quotes and chapters that lead
    to their places, and with the properties that Obsidian's Web Clipper writes. A source that the
    vault has already adds to its note and never makes a second one. Nothing is written before you
    accept it, unless you give --apply.
    """
    from notemill.cli.ingest import ingest_sources  # noqa: PLC0415

    settings = settings_of(flags)
    finish(ingest_sources(settings, **flags))


@click.command(cls=SettingsApart)
@click.argument("sources", nargs=-1, metavar="[SOURCE…]")
@click.option(
    "--vault",
    type=FOLDER,
    default=".",
    help="The vault; by default this folder.",
    show_default=False,
)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Take what is in them now as new, too; by default only what comes later is.",
)
@click.option("--stop", is_flag=True, help="Follow the sources no longer; their notes stay.")
@json_flag
@settings_flags
def follow(**flags: Any) -> None:  # noqa: ANN401
    """Follow playlists, channels and feeds, whose new entries become notes.

    A SOURCE is an address. It is looked at once, and all that is in it now counts as seen, so that
    following a channel of 2,000 videos reads none of them. What is new later is taken by
    `notemill ingest --followed`, and every night while `notemill serve` runs (see the setting
    `follow_nightly`). Without a SOURCE the followed ones are listed.
    """
    from notemill.cli.follow import follow_sources  # noqa: PLC0415

    settings = settings_of(flags)
    finish(follow_sources(settings, **flags))
