"""The commands that messages, help and docstrings quote are commands that there are."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import click

from notemill.cli.flags import Shorthand
from notemill.cli.main import cli as notemill
from twolane.cli.main import cli as twolane

SOURCES = Path(__file__).parents[2] / "src"
PROGRAMS = {"notemill": notemill, "twolane": twolane}
QUOTED = re.compile(r"`((?:notemill|twolane) [a-z][^`\n]*)`")


def quoted(path: Path) -> set[str]:
    """Return the commands in backticks in a module's strings; X stands for what is filled in."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.JoinedStr):
            parts = (
                str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values
            )
            found.update(QUOTED.findall("".join(parts)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.update(QUOTED.findall(node.value))
    return found


def problem(words: list[str]) -> str:
    """Return what of a command there is not, '' where all of it is."""
    command: click.Command = PROGRAMS[words[0]]
    rest = words[1:]
    while isinstance(command, click.Group) and rest:
        if isinstance(command, Shorthand) and rest[0] not in command.commands:
            rest = [command.main_command, *rest]
        elif rest[0].isupper():
            return ""  # such as COMMAND: any of them
        try:
            _, inner, rest = command.resolve_command(click.Context(command), rest)
        except click.UsageError as error:
            return error.message
        command = inner or command
    flags = {one for param in command.params for one in (*param.opts, *param.secondary_opts)}
    unknown = [word for word in rest if word.startswith("-") and word.split("=")[0] not in flags]
    return f"no flag {unknown[0]}" if unknown else ""


def test_commands_are_looked_for_in_every_message() -> None:
    """The search finds what messages quote: dozens, of both programs."""
    commands = set().union(*map(quoted, SOURCES.rglob("*.py")))
    assert {one.split()[0] for one in commands} == set(PROGRAMS)
    assert len(commands) > 30


def test_a_quoted_command_exists_with_its_flags() -> None:
    """Whatever a message tells a person to type is a command with these flags."""
    wrong = {
        (path.name, one): found
        for path in SOURCES.rglob("*.py")
        for one in quoted(path)
        if (found := problem(one.split()))
    }
    assert wrong == {}
