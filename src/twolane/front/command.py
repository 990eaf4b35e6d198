"""What every command line over the engine has: the settings' flags, the exit codes, the end.

Imported by each command line before it knows what it is asked for, so nothing heavy is imported
here.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from twolane.front.flag_types import FILE, FOLDER
from twolane.front.signals import handled
from twolane.front.streams import (
    Told,
    drop_standard_output,
    kind_of,
    prepare_streams,
    print_json_error,
    print_without,
    tell,
    tell_lines,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from types import FrameType

    from twolane.config import Settings

F = TypeVar("F", bound="Callable[..., Any]")

EXIT_UNEXPECTED, EXIT_USAGE, EXIT_CANCELED = 1, 2, 4
MAX_SUMMARY_CHARS = 1_000
"""No first sentence of a help is so long: none is cut."""
LANES = ("auto", "realtime", "batch")
SHELLS = ("bash", "fish", "zsh")
json_flag = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on standard output."
)
config_flag = click.option("--config", type=FILE, help="Config file, if not the default one.")


def home_flag(command: F) -> F:
    """Add the flags of every command: where the state lies, and what the settings are read from."""
    return click.option("--home", type=FOLDER, help="Folder that holds the ledger.")(
        config_flag(command)
    )


class Setting(click.Option):
    """A flag for what the environment or the config file can say as well."""


class SettingsApart(click.Command):
    """A command whose help shows the settings below the options that are its own."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options in two sections."""
        own: list[tuple[str, str]] = []
        settings: list[tuple[str, str]] = []
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                (settings if isinstance(parameter, Setting) else own).append(record)
        for title, records in (
            ("Options", own),
            ("Settings (also by environment or config file)", settings),
        ):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


class Commands(click.Group):
    """A group of such commands."""

    command_class = SettingsApart
    group_class = type
    """Groups in it are of its own class."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command with its whole summary, over as many lines as that takes."""
        rows = [
            (name, command.get_short_help_str(limit=MAX_SUMMARY_CHARS))
            for name in self.list_commands(ctx)
            if (command := self.get_command(ctx, name)) is not None and not command.hidden
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401
        """Run a command; a reader that has left, as of `| head`, ends it without a fault."""
        try:
            return super().invoke(ctx)
        except (BrokenPipeError, SystemExit) as ended:
            # rich ends with 1 where it meets the closed pipe itself.
            if not isinstance(ended, BrokenPipeError) and not isinstance(
                ended.__context__, BrokenPipeError
            ):
                raise
            drop_standard_output()
            return None


month_flag = click.option(
    "--month-budget",
    cls=Setting,
    metavar="USD",
    help="Maximum cost of all runs of the ledger in a calendar month (UTC).",
)


def settings_flags(command: F) -> F:
    """Add the flags of the settings that every command that asks a provider has."""
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
    """Take the settings' flags out of a command's and return those."""
    from twolane.config import VARIABLES  # noqa: PLC0415

    return {name: flags.pop(name) for name in VARIABLES if name in flags}


def settings_of(flags: dict[str, Any]) -> Settings:
    """Take the settings' flags out of a command's and return the settings in force."""
    from twolane.config import load_settings  # noqa: PLC0415

    settings = load_settings(take_settings(flags))
    hide_keys(settings)
    return settings


def hide_keys(settings: Settings, *more: str | None) -> None:
    """See that none of the keys in force is printed, nor what else is named."""
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


class _Ended(NamedTuple):
    """How a command ended: its exit code; of an error, its kind and its sentence as well."""

    code: int
    kind: str = ""
    message: str = ""


def run_command_line(cli: click.Group, *expected: type[Exception]) -> None:
    """Run a command line; an `expected` error ends with its message and its `exit_code`.

    With `--json` an error is one JSON object on standard output, too, where none was printed yet.
    """
    prepare_streams()
    ended = _ended(cli, expected)
    try:
        if ended.kind and "--json" in sys.argv:
            print_json_error(ended.kind, ended.message, ended.code)
        if sys.stdout is not None:  # closed by whoever started this
            sys.stdout.flush()
    except BrokenPipeError:
        drop_standard_output()
    sys.exit(ended.code)


def _ended(cli: click.Group, expected: tuple[type[Exception], ...]) -> _Ended:
    """Run a command line; tell the error that it ends with, and return how it ended."""
    try:
        cli(standalone_mode=False)
    except SystemExit as ended:
        return _Ended(int(ended.code or 0))
    except expected as error:
        tell(f"error: {error}")
        return _Ended(int(getattr(error, "exit_code", 1)), kind_of(error), str(error))
    except ImportError as error:
        message = (
            f"a library is missing or cannot be loaded: {error}; reinstall notemill "
            "(pip install --force-reinstall notemill)"
        )
        tell(f"error: {message}")
        return _Ended(EXIT_USAGE, kind_of(error), message)
    except click.ClickException as error:
        _tell_click(error)
        return _Ended(error.exit_code, kind_of(error), _said(error))
    except (KeyboardInterrupt, click.Abort):
        message = "stopped; the same command again goes on from the ledger"
        tell(message)
        return _Ended(EXIT_CANCELED, "interrupted", message)
    except Exception as error:  # noqa: BLE001  # the end of the process, told as Python does
        tell_lines(traceback.format_exc())
        return _Ended(EXIT_UNEXPECTED, "unexpected", f"{type(error).__name__}: {error}")
    return _Ended(0)


def _said(error: click.ClickException) -> str:
    """Return the sentence of a usage error; of a missing command, which shows the help, as well."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return "a command is missing; --help lists them"
    return error.format_message()


def _tell_click(error: click.ClickException) -> None:
    """Tell what is wrong with a command line as click does, whatever was typed."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        tell_lines(error.format_message())
        return
    if isinstance(error, click.UsageError) and error.ctx is not None:
        tell(error.ctx.get_usage())
        tell(f"Try '{error.ctx.command_path} --help' for help.")
        tell("")
    tell(f"Error: {error.format_message()}")
