"""The commands for proposals; each command's modules are imported when it runs."""

from __future__ import annotations

from typing import Any

import click

from notemill.cli.completing import NOTE
from notemill.cli.flags import settings_of
from twolane.front.command import finish, home_flag, json_flag
from twolane.front.flag_types import FOLDER, RUN

vault_flag = click.option(
    "--vault", type=FOLDER, default=".", help="The vault; by default this folder."
)


@click.command()
@click.argument("run_id", metavar="RUN", type=RUN)
@click.option("--item", metavar="NOTE", type=NOTE, help="Only this note.")
@click.option(
    "--kind", type=click.Choice(("note", "description", "tag", "topic")), help="Only these."
)
@click.option(
    "--only", metavar="GLOB", help="Only notes whose path matches, such as 'Projects/**'."
)
@click.option("--new-tags", is_flag=True, help="Only tags that are not in the vocabulary.")
@json_flag
@home_flag
def show(**flags: Any) -> None:  # noqa: ANN401
    """Show a run's report, and its proposals as a diff."""
    from notemill.cli.proposals import show_run  # noqa: PLC0415

    settings = settings_of(flags)
    finish(show_run(settings, **flags))


@click.command()
@click.argument("run_id", metavar="[RUN]", type=RUN, required=False)
@click.option("--replace", is_flag=True, help="Also replace descriptions you wrote.")
@click.option(
    "--item", metavar="NOTE", type=NOTE, help="Only this note, with its links in both directions."
)
@click.option(
    "--id",
    "ids",
    metavar="ID",
    multiple=True,
    help="Only this accepted proposal, as listed by `notemill review --json`. May be repeated.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@vault_flag
@json_flag
@home_flag
def apply(**flags: Any) -> None:  # noqa: ANN401
    """Write what you accepted, or everything RUN adds, into the notes; `undo` restores them.

    Without RUN it writes what you accepted with `review` or `accept` in the vault of this folder.
    """
    from notemill.cli.proposals import apply_proposals  # noqa: PLC0415

    settings = settings_of(flags)
    finish(apply_proposals(settings, **flags))


@click.command()
@click.argument("run_id", metavar="RUN", type=RUN)
@click.option("--item", metavar="NOTE", type=NOTE, help="Restore only this note.")
@click.option("--through", is_flag=True, help="Also undo later runs on the same notes.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@home_flag
def undo(**flags: Any) -> None:  # noqa: ANN401
    """Restore the exact bytes that a run replaced.

    A note that was edited since is left unchanged and listed. A vocabulary that was proposed with
    the run is no longer in force.
    """
    from notemill.cli.proposals import undo_run  # noqa: PLC0415

    settings = settings_of(flags)
    finish(undo_run(settings, **flags))


@click.command()
@click.argument("run_id", metavar="[RUN]", type=RUN, required=False)
@click.option(
    "--by",
    type=click.Choice(("note", "value", "confidence")),
    default="note",
    show_default=True,
    help="The order; by value, the largest group first, and one key decides for all of its notes.",
)
@click.option(
    "--kind",
    type=click.Choice(
        ("note", "description", "tag", "topic", "link", "tags", "tidy", "vocabulary")
    ),
    multiple=True,
    metavar="KIND",
    help="Only note, description, tag, topic, link, tags, tidy or vocabulary. May be repeated.",
)
@click.option(
    "--only", metavar="GLOB", help="Only notes whose path matches, such as 'Projects/**'."
)
@vault_flag
@json_flag
@home_flag
def review(**flags: Any) -> None:  # noqa: ANN401
    """Review the pending proposals, one at a time.

    One key decides: a accepts, x rejects, n rejects for good, e edits, u undoes, ? lists all keys.
    Decisions are saved at once; `notemill apply` writes what you accepted.
    """
    from notemill.cli.review import review_proposals  # noqa: PLC0415

    settings = settings_of(flags)
    finish(review_proposals(settings, **flags))


@click.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--value", metavar="TEXT", help="Accept this instead of the proposed value.")
@vault_flag
@json_flag
@home_flag
def accept(**flags: Any) -> None:  # noqa: ANN401
    """Accept proposals by id, as listed by `notemill review --json`."""
    from notemill.cli.review import decide_proposals  # noqa: PLC0415
    from notemill.stores.proposals import Decision  # noqa: PLC0415

    settings = settings_of(flags)
    finish(decide_proposals(settings, decision=Decision.ACCEPT, **flags))


@click.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--never", is_flag=True, help="Never propose it again, for any note.")
@vault_flag
@json_flag
@home_flag
def reject(*, never: bool, **flags: Any) -> None:  # noqa: ANN401
    """Reject proposals by id, as listed by `notemill review --json`."""
    from notemill.cli.review import decide_proposals  # noqa: PLC0415
    from notemill.stores.proposals import Decision  # noqa: PLC0415

    settings = settings_of(flags)
    decision = Decision.NEVER if never else Decision.REJECT
    finish(decide_proposals(settings, decision=decision, **flags))
