"""Shell completion of notes and tags, from the vault that a command is about.

An error cannot be shown in the middle of a line, so nothing is completed then.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from click import Context, Parameter
    from click.shell_completion import CompletionItem

    Look = Callable[[Path, Path, str], list[str]]
    """From the state folder, the vault and the word begun, to the names that match."""


class NoteName(click.types.StringParamType):
    """The path of a note in its vault, which a shell completes."""

    def shell_complete(
        self, ctx: Context, param: Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the notes whose paths begin with `incomplete`."""
        from notemill.app.naming import notes_like  # noqa: PLC0415

        return super().shell_complete(ctx, param, incomplete) + _found(
            notes_like, ctx.params, incomplete
        )


class TagName(click.types.StringParamType):
    """The name of a tag, which a shell completes from the vault's notes."""

    def shell_complete(
        self, ctx: Context, param: Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the tags that begin with `incomplete`."""
        from notemill.app.naming import tags_like  # noqa: PLC0415

        return super().shell_complete(ctx, param, incomplete) + _found(
            tags_like, ctx.params, incomplete
        )


def _found(look: Look, flags: Mapping[str, Any], incomplete: str) -> list[CompletionItem]:
    """Return the matches in the vault that the flags before it name, by a run or by its folder."""
    from click.shell_completion import CompletionItem  # noqa: PLC0415

    from notemill.errors import NotemillError  # noqa: PLC0415
    from twolane import TwolaneError, load_settings  # noqa: PLC0415

    with contextlib.suppress(NotemillError, TwolaneError, OSError, ValueError):
        settings = load_settings({name: flags.get(name) for name in ("home", "config")})
        vault = flags.get("vault") or Path()
        if run_id := flags.get("run_id"):
            from twolane import Reader  # noqa: PLC0415  # slow, and a vault by its folder needs none

            with Reader.open(settings) as reader:
                vault = reader.run(run_id).label
        return [CompletionItem(one) for one in look(settings.home, Path(vault), incomplete)]
    return []


NOTE = NoteName()
TAG = TagName()
