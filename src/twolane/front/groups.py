"""Groups of commands: their help, and the import of each command on first use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from twolane.front.streams import drop_standard_output

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

MAX_SUMMARY_CHARS = 1_000
"""Longer than any first sentence of a help, so that none is cut."""


class Setting(click.Option):
    """A flag for a setting that the environment or the config file can also set."""


class SettingsApart(click.Command):
    """A command whose help shows the settings below its own options."""

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


class Listed(MutableMapping[str, click.Command]):
    """Commands by name, each imported on first use.

    Listing them in a help, and completing a name in a shell, needs only their summaries.
    """

    def __init__(self, modules: Mapping[str, Mapping[str, str]]) -> None:
        """Take the summaries of each module's commands, by the names of its attributes."""
        self._summaries = {name: text for names in modules.values() for name, text in names.items()}
        self._commands: dict[str, click.Command | str] = {
            name: module for module, names in modules.items() for name in names
        }

    def __getitem__(self, name: str) -> click.Command:
        """Return a command. Raises KeyError, ImportError."""
        found = self._commands[name]
        if isinstance(found, str):
            found = self._commands[name] = getattr(import_module(found), name)
        return found

    def __setitem__(self, name: str, command: click.Command) -> None:
        """Add a command."""
        self._commands[name] = command

    def __delitem__(self, name: str) -> None:
        """Remove a command. Raises KeyError."""
        del self._commands[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the names."""
        return iter(self._commands)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._commands)

    def summary(self, name: str) -> str:
        """Return the first sentence of a command's help, importing only commands added later."""
        if name in self._summaries:
            return self._summaries[name]
        return self[name].get_short_help_str(limit=MAX_SUMMARY_CHARS)


class Commands(click.Group):
    """A group of commands, shown in a list with their whole summaries."""

    command_class = SettingsApart
    group_class = type
    """Nested groups have the same class."""

    def __init__(
        self,
        name: str | None = None,
        commands: Mapping[str, Mapping[str, str]] | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        """Take the commands that are imported on first use, like `Listed`."""
        self.listed = Listed(commands or {})
        super().__init__(name, self.listed, **kwargs)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command with its whole summary, over as many lines as it takes."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.listed.summary(name)) for name in sorted(self.listed)])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands that begin like this, with their summaries, or the group's flags."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415  # for a shell alone

        return [
            CompletionItem(name, help=self.listed.summary(name))
            for name in sorted(self.listed)
            if name.startswith(incomplete)
        ] + click.Command.shell_complete(self, ctx, incomplete)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401
        """Run a command; a reader that has left, such as `| head`, ends it without an error."""
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
