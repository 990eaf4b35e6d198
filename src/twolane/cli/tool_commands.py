"""The simulator, and the commands about twolane itself; every command's work is imported when it runs."""

from __future__ import annotations

from typing import Any

import click

from twolane.front.command import SHELLS, finish, json_flag, settings_flags, settings_of
from twolane.front.flag_types import Number, Whole
from twolane.front.groups import SettingsApart


@click.command()
@click.option("--port", type=Whole(0, 65535), default=8765, show_default=True)
@click.option(
    "--seed", type=Whole(0), default=0, show_default=True, help="The same seed gives the same run."
)
@click.option(
    "--faults", default="none", show_default=True, metavar="NAME", help="What goes wrong."
)
@click.option(
    "--speed",
    type=Number(0, 1_000_000, min_open=True),
    default=1.0,
    show_default=True,
    help="Simulated seconds per second.",
)
def sim(**flags: Any) -> None:  # noqa: ANN401
    """Serve a simulated provider, compatible with Anthropic's API, on this machine.

    Point ANTHROPIC_BASE_URL at it; any key is accepted. Batches go through the real lifecycle.
    """
    from twolane.cli.simulating import serve  # noqa: PLC0415

    finish(serve(**flags))


@click.command(cls=SettingsApart)
@json_flag
@settings_flags
def config(**flags: Any) -> None:  # noqa: ANN401
    """Show every setting in force, where it comes from, and the paths in use.

    Keys are never shown.
    """
    from twolane.front.configuration import print_configuration  # noqa: PLC0415
    from twolane.front.effects import configured  # noqa: PLC0415

    as_json = flags.pop("as_json")
    effects, paths = configured(flags)
    settings_of(flags)
    print_configuration(effects, paths, as_json=as_json)


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a script that completes commands, flags and runs in a shell.

    For bash: eval "$(twolane completion bash)" in ~/.bashrc.
    """
    from twolane.front.completing import script  # noqa: PLC0415
    from twolane.front.terminal import result_console  # noqa: PLC0415

    result_console().print_lines(script(ctx.find_root().command, "twolane", shell))
