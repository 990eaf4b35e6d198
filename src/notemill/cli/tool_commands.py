"""The demo, and commands about notemill itself; each one's modules are imported when it runs."""

from __future__ import annotations

from typing import Any

import click

from twolane.front.command import SHELLS, finish, home_flag
from twolane.front.flag_types import FOLDER


@click.command()
@click.argument("folder", type=FOLDER, required=False)
@home_flag
def demo(**flags: Any) -> None:  # noqa: ANN401
    """Show what notemill does on a sample vault, without a key, network or notes of yours.

    The sample is copied to FOLDER, or to a new temporary folder.
    """
    from notemill.cli.demo import run_demo  # noqa: PLC0415

    finish(run_demo(**flags))


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a script for your shell that completes commands, flags, runs, notes and tags.

    For bash: eval "$(notemill completion bash)" in ~/.bashrc.
    """
    from twolane.front.completing import script  # noqa: PLC0415
    from twolane.front.terminal import result_console  # noqa: PLC0415

    result_console().print_lines(script(ctx.find_root().command, "notemill", shell))
