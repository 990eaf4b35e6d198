"""Shared parts of commands over the engine: the settings' flags, and running their work.

The `--help` of a command needs this, so nothing heavy is imported here.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click

from twolane.front.flag_types import FILE, FOLDER
from twolane.front.groups import Setting
from twolane.front.signals import handled
from twolane.front.streams import Told, print_without

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from types import FrameType

    from twolane.config import Settings

F = TypeVar("F", bound="Callable[..., Any]")

LANES = ("auto", "realtime", "batch")
SHELLS = ("bash", "fish", "zsh")
json_flag = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on standard output."
)
config_flag = click.option("--config", type=FILE, help="Config file, if not the default one.")


def home_flag(command: F) -> F:
    """Add the flags of every command: the state folder and the config file."""
    return click.option("--home", type=FOLDER, help="Folder that holds the ledger.")(
        config_flag(command)
    )


month_flag = click.option(
    "--month-budget",
    cls=Setting,
    metavar="USD",
    help="Maximum cost of all runs of the ledger in a calendar month (UTC).",
)


def settings_flags(command: F) -> F:
    """Add the settings' flags that all commands with a provider have."""
    setting = partial(click.option, cls=Setting)
    flags = [
        home_flag,
        setting("--provider", metavar="NAME", help="Provider: anthropic, local or offline."),
        setting("--model", metavar="NAME", help="Model to use where the input names none."),
        setting("--base-url", metavar="URL", help="Address of the provider."),
        setting("--prices", type=FILE, help="Price file, for models without a known price."),
        setting("--batch-size", metavar="N", help="Maximum number of items in a batch."),
        setting("--concurrency", metavar="N", help="Maximum number of real-time calls at once."),
        setting("--poll-s", metavar="S", help="Seconds between polls of a batch."),
        setting(
            "--reconcile-grace-s",
            metavar="S",
            help="Seconds until an unanswered batch counts as never created.",
        ),
        setting(
            "--keep-days",
            metavar="N",
            help="Delete requests and replies this many days after their run ends.",
        ),
        month_flag,
        setting(
            "--confirm-usd",
            metavar="USD",
            help="Ask before a run estimated to cost more than this.",
        ),
    ]
    for flag in reversed(flags):
        command = flag(command)
    return command


def deadline_flags(command: F) -> F:
    """Add the flags of a deadline."""
    flags = [
        click.option(
            "--by",
            metavar="TIME",
            help="Finish within this time, such as 45m or 1h30m; late batches move to real time.",
        ),
        click.option(
            "--by-strict",
            is_flag=True,
            help="Do not wait for late batches to end; some items may be paid for twice.",
        ),
    ]
    for flag in reversed(flags):
        command = flag(command)
    return command


def take_settings(flags: dict[str, Any]) -> dict[str, Any]:
    """Take the settings' flags out of a command's flags and return them."""
    from twolane.config import VARIABLES  # noqa: PLC0415

    return {name: flags.pop(name) for name in VARIABLES if name in flags}


def settings_of(flags: dict[str, Any]) -> Settings:
    """Take the settings' flags out of a command's flags and return the settings in force."""
    from twolane.config import load_settings  # noqa: PLC0415

    settings = load_settings(take_settings(flags))
    hide_keys(settings)
    return settings


def hide_keys(settings: Settings, *more: str | None) -> None:
    """Keep the keys in force, and any other given secrets, from being printed."""
    from twolane.config import secrets_of  # noqa: PLC0415
    from twolane.core.redaction import Redactor  # noqa: PLC0415

    print_without(Redactor((*secrets_of(settings), *more)).text)


def finish(work: Coroutine[Any, Any, int]) -> None:
    """Run a command's work and end with its exit code. Raises KeyboardInterrupt on Ctrl-C."""
    import asyncio  # noqa: PLC0415  # a twentieth of a second that --help need not wait for
    import logging  # noqa: PLC0415  # asyncio has it in any case

    # What libraries log and warn of has names and the words of services in it, too.
    logging.basicConfig(stream=Told(), format="%(message)s")
    logging.captureWarnings(capture=True)

    async def interruptible() -> int:
        with _interrupts_at_once():
            return await work

    try:
        sys.exit(asyncio.run(interruptible()))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


@contextlib.contextmanager
def _interrupts_at_once() -> Iterator[None]:
    """Let Ctrl-C end the task that runs, also while it computes or asks a person.

    asyncio's own handler cancels the task, which then notices where it next awaits: a question
    would have to be answered first. So the signal is raised where it meets code of ours; within
    the loop's own, which must not be torn, the task is canceled.
    """
    import asyncio  # noqa: PLC0415  # see above

    task = asyncio.current_task()
    loop = asyncio.get_running_loop()

    def on_interrupt(_number: int, frame: FrameType | None) -> None:
        module = frame.f_globals.get("__name__", "") if frame else ""
        if task is None or not module.startswith(("asyncio.", "selectors")):
            raise KeyboardInterrupt
        loop.call_soon_threadsafe(task.cancel)

    with handled(on_interrupt, signal.SIGINT):
        yield
