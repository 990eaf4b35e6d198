"""Commands, their flags and their exit codes; every command's work is imported when it runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from notemill.errors import NotemillError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from twolane import Settings

F = TypeVar("F", bound="Callable[..., Any]")

EXIT_CANCELED = 4
LANES = ("auto", "realtime", "batch")
_FOLDER = click.Path(path_type=Path)
_FILE = click.Path(path_type=Path, dir_okay=False)


def settings_flags(command: F) -> F:
    """Add the flags of the settings that every command with a provider has."""
    flags = [
        click.option("--home", type=_FOLDER, help="Folder for all that notemill keeps."),
        click.option("--provider", metavar="NAME", help="Who answers: anthropic or offline."),
        click.option("--model", metavar="NAME", help="Model; the cheapest Haiku unless named."),
        click.option("--base-url", metavar="URL", help="The provider's address."),
        click.option("--prices", type=_FILE, help="Price file, for models without a known price."),
        click.option("--batch-size", type=int, metavar="N", help="Most items in one batch."),
        click.option("--concurrency", type=int, metavar="N", help="Most real-time calls at once."),
        click.option("--poll-s", type=float, metavar="S", help="Pause between looks at a batch."),
        click.option(
            "--reconcile-grace-s",
            type=float,
            metavar="S",
            help="How long an unanswered create may hide in the provider's list.",
        ),
        click.option("--confirm-usd", metavar="USD", help="Ask before a run estimated above this."),
    ]
    for flag in reversed(flags):
        command = flag(command)
    return command


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
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout."),
    ]
    for flag in reversed(flags):
        command = flag(command)
    return command


def settings_of(flags: dict[str, Any]) -> Settings:
    """Take the settings' flags out of a command's and return the settings in force."""
    from notemill.app import offline_unless_keyed  # noqa: PLC0415
    from twolane import load_settings  # noqa: PLC0415

    names = (
        "home", "provider", "model", "base_url", "prices", "batch_size", "concurrency", "poll_s",
        "reconcile_grace_s", "confirm_usd",
    )  # fmt: skip
    given = {name: flags.pop(name) for name in names if name in flags}
    return offline_unless_keyed(load_settings(given), asked=given.get("provider") is not None)


def finish(work: Coroutine[Any, Any, int]) -> None:
    """Run a command's work and end with its exit code."""
    import asyncio  # noqa: PLC0415  # a twentieth of a second that --help need not wait for

    sys.exit(asyncio.run(work))


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="notemill", prog_name="notemill")
def cli() -> None:
    """Turn a folder of Markdown notes into a curated, linked knowledge base.

    Every note gets a description, hierarchical tags and topics, as proposals you can read before
    a byte is written. Nothing you wrote is replaced, and every write can be undone. Without an
    API key notemill works offline, with sentences and phrases taken from the notes themselves.
    """


@cli.command()
@click.argument("vault", type=_FOLDER, default=".")
@click.option("--lane", type=click.Choice(LANES), default="auto", show_default=True)
@click.option("--max-cost", metavar="USD", help="Never spend more than this.")
@click.option("--stages", default="auto", show_default=True, metavar="auto|none|ladder|2,6,…")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the N neediest notes.")
@click.option("--only", metavar="GLOB", help="Only notes whose path fits, as in 'Projects/**'.")
@click.option(
    "--exclude",
    multiple=True,
    metavar="GLOB|#TAG",
    help="Let nothing of these notes leave the machine; more than one may be given.",
)
@click.option("--refresh", is_flag=True, help="Ask about notes that need nothing, too.")
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
    from notemill.cli.curating import resume_run  # noqa: PLC0415

    settings = settings_of(flags)
    finish(resume_run(settings, **flags))


@cli.command()
@click.argument("run_id", metavar="RUN")
@click.option("--failed", is_flag=True, required=True, help="Ask about what failed again.")
@going_on_flags
@settings_flags
def retry(**flags: Any) -> None:  # noqa: ANN401
    """Ask about the failed notes of a run again."""
    from notemill.cli.curating import resume_run  # noqa: PLC0415

    settings = settings_of(flags)
    finish(resume_run(settings, max_cost=None, **flags))


@cli.command()
@click.argument("run_id", metavar="RUN")
@click.option("--replace", is_flag=True, help="Also replace descriptions that you wrote.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
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
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@settings_flags
def show(**flags: Any) -> None:  # noqa: ANN401
    """Show a run's report and its proposals as a diff."""
    from notemill.cli.writing import show_run  # noqa: PLC0415

    settings = settings_of(flags)
    finish(show_run(settings, **flags))


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
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
@click.option("-o", "--output", type=_FILE, required=True, metavar="OUTPUT.jsonl")
@settings_flags
def export(**flags: Any) -> None:  # noqa: ANN401
    """Write what a run has so far as JSON lines, one per note; at any time."""
    from notemill.cli.writing import export_run  # noqa: PLC0415

    settings = settings_of(flags)
    finish(export_run(settings, **flags))


@cli.command()
@click.argument("folder", type=_FOLDER, required=False)
@click.option("--home", type=_FOLDER, help="Folder for all that notemill keeps.")
def demo(**flags: Any) -> None:  # noqa: ANN401
    """Show the main job on a sample vault: no key, no network, nothing of yours touched.

    The vault is copied to FOLDER, or to a new one in the system's temporary folder.
    """
    from notemill.cli.demo import run_demo  # noqa: PLC0415

    finish(run_demo(**flags))


def main() -> None:
    """Run the command line; every expected error ends with a message and its exit code."""
    from twolane import TwolaneError  # noqa: PLC0415
    from twolane.console import prepare_streams, shown  # noqa: PLC0415

    prepare_streams()
    try:
        cli(standalone_mode=False)
    except (NotemillError, TwolaneError) as error:
        sys.stderr.write(f"error: {shown(str(error))}\n")
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        sys.stderr.write("stopped; the same command again goes on from the ledger\n")
        sys.exit(EXIT_CANCELED)
