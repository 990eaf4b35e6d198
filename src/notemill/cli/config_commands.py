"""The commands of `notemill config`; each command's modules are imported when it runs."""

from __future__ import annotations

from typing import Any

import click

from notemill.cli.flags import Shorthand
from twolane.front.command import finish, home_flag, json_flag, settings_flags
from twolane.front.flag_types import FOLDER
from twolane.front.groups import Commands, SettingsApart


@click.group(cls=Shorthand, main="show")
def config() -> None:
    """Show every setting in force and where it comes from; change settings.

    `notemill config` is short for `notemill config show`.
    """


@config.command(cls=SettingsApart)
@click.option("--vault", type=FOLDER, default=".", help="The vault; by default this folder.")
@json_flag
@settings_flags
def show(**flags: Any) -> None:  # noqa: ANN401
    """Show every setting in force, where it comes from, and the paths in use.

    Keys are never shown. Without a key the provider is notemill's own, offline.
    """
    from notemill.cli.config import show_config  # noqa: PLC0415

    show_config(**flags)


@config.command(name="set")
@click.argument("name", metavar="NAME")
@click.argument("value", metavar="VALUE")
@json_flag
@home_flag
def set_setting(name: str, value: str, **flags: Any) -> None:  # noqa: ANN401
    """Set NAME to VALUE in the config file; its other lines and comments stay as they are.

    It says so if a variable of the environment stands above the file.
    """
    from notemill.cli.settings import change_setting  # noqa: PLC0415

    change_setting(name, value, **flags)


@config.command(name="unset")
@click.argument("name", metavar="NAME")
@json_flag
@home_flag
def unset_setting(name: str, **flags: Any) -> None:  # noqa: ANN401
    """Remove NAME from the config file, so that its default is in force again."""
    from notemill.cli.settings import change_setting  # noqa: PLC0415

    change_setting(name, None, **flags)


@config.command()
@click.argument("patterns", metavar="[GLOB|#TAG...]", nargs=-1)
@click.option("--remove", is_flag=True, help="Do not exclude these notes any longer.")
@click.option("--dry-run", is_flag=True, help="Show which notes match; change nothing.")
@click.option("--vault", type=FOLDER, default=".", help="The vault; by default this folder.")
@json_flag
@home_flag
def exclude(**flags: Any) -> None:  # noqa: ANN401
    """Exclude the notes that match, in the config file, and show which notes that are.

    Without a pattern, all exclusions in force are shown with the notes that each matches. Nothing
    else shows an excluded note.
    """
    from notemill.cli.exclusions import exclude_notes  # noqa: PLC0415

    finish(exclude_notes(**flags))


@config.group(cls=Commands)
def key() -> None:
    """Keep the API key in the system's keyring, or remove it from there."""


@key.command(name="set")
@home_flag
def set_key(**flags: Any) -> None:  # noqa: ANN401
    """Ask for the API key and put it into the system's keyring, from where it is then taken.

    It is read from the terminal, where it does not show, or from standard input: as an argument it
    would stand in the shell's history. A key in the environment stands above it.
    """
    from notemill.cli.settings import ask_for_key  # noqa: PLC0415

    ask_for_key(**flags)


@key.command(name="forget")
@home_flag
def forget_key(**flags: Any) -> None:  # noqa: ANN401
    """Remove the API key from the system's keyring."""
    from notemill.cli.settings import forget_key as forget  # noqa: PLC0415

    forget(**flags)
