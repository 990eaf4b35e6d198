"""`notemill link` and its commands, their flags and their help."""

from __future__ import annotations

from typing import Any

import click

from notemill.app.terms import LEAST_SCORE, LINKS_A_NOTE, MOST_LINKS_A_NOTE
from notemill.cli.completing import NOTE
from notemill.cli.flags import Shorthand, exclude_flag, going_on_flags, settings_of
from notemill.embedding_kind import EmbeddingKind
from twolane.front.command import (
    LANES,
    deadline_flags,
    finish,
    home_flag,
    json_flag,
    settings_flags,
)
from twolane.front.flag_types import FOLDER, USD, Number, Whole


@click.group(cls=Shorthand, main="find")
def link() -> None:
    """Find notes that belong together, and link each pair in both notes.

    `notemill link VAULT` is short for `notemill link find VAULT`.
    """


@link.command()
@click.argument("vault", type=FOLDER, default=".")
@click.option(
    "--top",
    type=Whole(1, MOST_LINKS_A_NOTE),
    default=LINKS_A_NOTE,
    show_default=True,
    metavar="N",
    help="At most N notemill links per note.",
)
@click.option(
    "--min-score",
    type=Number(0, 1),
    default=LEAST_SCORE,
    show_default=True,
    metavar="P",
    help="Only pairs you are this likely to accept, from 0 to 1.",
)
@click.option(
    "--section/--property",
    "section",
    default=False,
    help="Write a list below the text, or the property `related` (the default).",
)
@click.option("--only", metavar="GLOB", help="Only pairs with a note whose path matches.")
@exclude_flag
@click.option(
    "--embedding",
    type=click.Choice([str(one) for one in EmbeddingKind]),
    help="Embedding model for the meaning of notes, beside their words; auto is one on this machine.",
)
@click.option(
    "--ask-model",
    is_flag=True,
    help="Have a model judge every pair, one request per note; the flags below apply to that.",
)
@click.option("--lane", type=click.Choice(LANES), default="auto", show_default=True)
@click.option("--max-cost", type=USD, metavar="USD", help="Maximum cost of the run.")
@deadline_flags
@click.option("--stages", default="auto", show_default=True, metavar="auto|none|ladder|2,6,…")
@click.option("--again", is_flag=True, help="Start over instead of continuing a run.")
@click.option("--dry-run", is_flag=True, help="Show the pairs; keep and send nothing.")
@going_on_flags
@settings_flags
def find(**flags: Any) -> None:  # noqa: ANN401
    """Find pairs of notes in VAULT (this folder) that should be linked.

    Each is shown with its reasons (shared words, the sentence in which one names the other, shared
    neighbours and tags) and its score. A link is written into both notes; one that you delete from
    either is removed from the other and never proposed again. Nothing leaves the machine except
    with --ask-model or --embedding openai.
    """
    from notemill.cli.link import link_vault  # noqa: PLC0415

    settings = settings_of(flags)
    finish(link_vault(settings, **flags))


@link.command()
@click.argument("one", metavar="NOTE", type=NOTE)
@click.argument("other", metavar="NOTE", type=NOTE)
@click.option("--vault", type=FOLDER, default=".", help="The vault, if not this folder.")
@json_flag
@home_flag
def reject(**flags: Any) -> None:  # noqa: ANN401
    """Reject a pair of notes: it is never proposed again, even if the notes are renamed."""
    from notemill.cli.link import reject_pair  # noqa: PLC0415

    settings = settings_of(flags)
    finish(reject_pair(settings, **flags))


@link.command()
@click.argument("one", metavar="[NOTE", type=NOTE, required=False)
@click.argument("other", metavar="[NOTE]]", type=NOTE, required=False)
@click.option("--vault", type=FOLDER, default=".", help="The vault, if not this folder.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_flag
@home_flag
def allow(**flags: Any) -> None:  # noqa: ANN401
    """List the pairs that were turned down (one pair, those of a note, or all), and allow them.

    A pair that you rejected may then be proposed again. One that a model refused, or on which its
    two answers disagree, is proposed at once, and `notemill apply` writes it.
    """
    from notemill.cli.link import allow_pairs  # noqa: PLC0415

    settings = settings_of(flags)
    finish(allow_pairs(settings, **flags))


@click.command()
@click.argument("vault", type=FOLDER, default=".")
@click.option("--note", type=NOTE, help="Only this note and its neighbours.")
@click.option(
    "--depth",
    type=Whole(1, 3),
    default=1,
    show_default=True,
    metavar="N",
    help="How many links away a neighbour may be.",
)
@click.option(
    "--sort",
    type=click.Choice(("name", "tag", "links", "written", "proposed")),
    default="links",
    show_default=True,
    help="The column to sort by.",
)
@exclude_flag
@json_flag
@home_flag
def graph(**flags: Any) -> None:  # noqa: ANN401
    """Show the notes in VAULT (this folder) by their links, now and with what is proposed.

    Each note is counted with the links you wrote, those notemill wrote, and those that wait for you
    or for `apply`. --json has all notes and links, each with its place in the picture.
    """
    from notemill.cli.graph import show_graph  # noqa: PLC0415

    settings = settings_of(flags)
    finish(show_graph(settings, **flags))
