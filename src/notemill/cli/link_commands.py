"""`notemill link` and its commands, their flags and their help."""

from __future__ import annotations

from typing import Any

import click

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

TOP = 5
"""Links of notemill's that a note has at most: as many as a person reads."""
MIN_SCORE = 0.06
"""How likely a pair has to be to be proposed: of those above, readers accepted most."""


@click.group(cls=Shorthand, main="find")
def link() -> None:
    """Find notes that belong together, and link each pair in both notes.

    `notemill link VAULT` is short for `notemill link find VAULT`.
    """


@link.command()
@click.argument("vault", type=FOLDER, default=".")
@click.option(
    "--top",
    type=Whole(1, 50),
    default=TOP,
    show_default=True,
    metavar="N",
    help="At most N notemill links per note.",
)
@click.option(
    "--min-score",
    type=Number(0, 1),
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
    "--embedding",
    type=click.Choice([str(one) for one in EmbeddingKind]),
    help="Embedding model for the meaning of notes, beside their words; auto is one on this machine.",
)
@click.option(
    "--ask-model",
    is_flag=True,
    help="Have a model judge every pair, one request for each note; the next flags are for that.",
)
@click.option("--lane", type=click.Choice(LANES), default="auto", show_default=True)
@click.option("--max-cost", type=USD, metavar="USD", help="Never spend more than this.")
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
    but with --ask-model or --embedding openai.
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
    """Turn a pair of notes down: it is never proposed again, whatever the notes are called then."""
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
    """List what was turned down or is undecided: a pair, all of a note, or all; and allow it.

    What was turned down may be proposed again. A pair that a model's two answers do not agree on is
    proposed at once, and `notemill apply` writes it.
    """
    from notemill.cli.link import allow_pairs  # noqa: PLC0415

    settings = settings_of(flags)
    finish(allow_pairs(settings, **flags))
