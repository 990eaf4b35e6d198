"""All commands of both tools, and each run as a person would, within this process."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click
import pytest

import notemill.cli
import twolane.cli
from notemill.cli.main import cli as notemill_cli
from twolane.cli.main import cli as twolane_cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOOLS: dict[str, tuple[click.Group, Callable[[], None]]] = {
    "notemill": (notemill_cli, notemill.cli.main),
    "twolane": (twolane_cli, twolane.cli.main),
}


@dataclass(frozen=True)
class Command:
    """A command, or a group of them, and the words that name it."""

    words: tuple[str, ...]
    command: click.Command = field(compare=False)

    def has(self, flag: str) -> bool:
        """Tell whether the command takes a flag."""
        return any(flag in one.opts for one in self.command.params)

    def required(self) -> list[str]:
        """Return a value for each argument and option that the command cannot do without."""
        words: list[str] = []
        for one in self.command.params:
            if isinstance(one, click.Option) and one.required:
                value = [] if one.is_flag else ["1"]
                words += [one.opts[-1], *value]
            elif isinstance(one, click.Argument) and one.required:
                words.append("last")
        return words


def walk(group: click.Group, *words: str) -> Iterator[Command]:
    """Yield a group and everything in it."""
    yield Command(words, group)
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from walk(command, *words, name)
        else:
            yield Command((*words, name), command)


EVERYTHING = [one for name, (group, _) in TOOLS.items() for one in walk(group, name)]
COMMANDS = [one for one in EVERYTHING if not isinstance(one.command, click.Group)]


def name_of(one: Command) -> str:
    """Return what a command is called in a test's name."""
    return "-".join(one.words)


class Shell:
    """Runs commands in this process; keeps what they print."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """Run under a test's fixtures."""
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *words: object) -> int:
        """Run a command; return its exit code."""
        self._monkeypatch.setattr(sys, "argv", [str(one) for one in words])
        with pytest.raises(SystemExit) as ended:
            TOOLS[str(words[0])][1]()
        self.out, self.err = self._capsys.readouterr()
        return int(ended.value.code or 0)
