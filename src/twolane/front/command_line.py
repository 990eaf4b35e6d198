"""A whole command line, from its first word to its exit code.

Imported before the command is known, so nothing heavy is imported here.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

import click

from twolane.front.streams import (
    drop_standard_output,
    kind_of,
    prepare_streams,
    print_json_error,
    tell,
    tell_lines,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Expected = Callable[[], tuple[type[Exception], ...]]

EXIT_UNEXPECTED, EXIT_USAGE, EXIT_CANCELED = 1, 2, 4


class _Ended(NamedTuple):
    """How a command ended: its exit code; of an error, its kind and its sentence as well."""

    code: int
    kind: str = ""
    message: str = ""


def run_command_line(cli: click.Group, expected: Expected = tuple) -> None:
    """Run a command line; an `expected` error ends with its message and its `exit_code`.

    `expected` is called only when something was raised, so that it may import the classes it
    returns. With `--json` an error is printed as one JSON object on standard output, unless one was
    already printed.
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


def _ended(cli: click.Group, expected: Expected) -> _Ended:
    """Run a command line; tell the error that it ends with, and return how it ended."""
    try:
        cli(standalone_mode=False)
    except SystemExit as ended:
        return _Ended(int(ended.code or 0))
    except expected() as error:
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
        import traceback  # noqa: PLC0415  # for this end alone

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
