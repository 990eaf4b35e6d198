"""Flags that several commands have; nothing heavy is imported here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from twolane.front.command import hide_keys, home_flag, json_flag, take_settings
from twolane.front.flag_types import FOLDER
from twolane.front.groups import Commands

if TYPE_CHECKING:
    from collections.abc import Callable

    from twolane import Settings

F = TypeVar("F", bound="Callable[..., Any]")


class Shorthand(Commands):
    """A group that runs its main command if its first word is not one of its commands."""

    def __init__(self, *args: Any, main: str = "", **kwargs: Any) -> None:  # noqa: ANN401
        """Take the name of the default command as `main`."""
        super().__init__(*args, **kwargs)
        self.main_command = main

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Treat `tags VAULT` as `tags report VAULT`, and `tags` alone as this folder's report."""
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = [self.main_command, *args]
        return super().parse_args(ctx, args)


exclude_flag = click.option(
    "--exclude",
    multiple=True,
    metavar="GLOB|#TAG",
    help="Leave out these notes: nothing of them leaves the machine. May be repeated.",
)


allow_flag = click.option(
    "--allow-unmatched",
    is_flag=True,
    help="Send notes even if an exclusion matches none; remembered for this vault.",
)


def going_on_flags(command: F) -> F:
    """Add the flags of every command that works on a run until it ends."""
    flags = [
        click.option(
            "--review/--apply",
            "review",
            default=None,
            help="Keep proposals for `notemill apply` (the default), or write additions at once.",
        ),
        click.option("--yes", is_flag=True, help="Agree to prices and stages in advance."),
        allow_flag,
        json_flag,
    ]
    for flag in reversed(flags):
        command = flag(command)
    return command


def settings_of(flags: dict[str, Any]) -> Settings:
    """Remove the settings' flags from a command's flags and return the settings in force.

    Where neither `--review` nor `--apply` is given, the settings decide that, too.
    Raises ConfigError or UsageError for an invalid setting, also in the config file's own tables.
    """
    from notemill.app.terms import offline_unless_keyed  # noqa: PLC0415
    from notemill.config import check_settings, load_reviewed  # noqa: PLC0415
    from twolane import load_settings  # noqa: PLC0415

    given = take_settings(flags)
    settings = load_settings(given)
    hide_keys(settings, check_settings(settings.config).api_key)
    if "review" in flags:
        flags["review"] = load_reviewed(flags["review"], config=settings.config)
    return offline_unless_keyed(settings, asked=given.get("provider") is not None)


def changing_flags(command: F) -> F:
    """Add the flags of every command that changes notes directly."""
    flags = [
        click.option(
            "--vault", type=FOLDER, default=".", help="The vault; by default this folder."
        ),
        exclude_flag,
        click.option("--dry-run", is_flag=True, help="Show the changes; write nothing."),
        click.option("--yes", is_flag=True, help="Do not ask for confirmation."),
        json_flag,
        home_flag,
    ]
    for flag in reversed(flags):
        command = flag(command)
    return command
