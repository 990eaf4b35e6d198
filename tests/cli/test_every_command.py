"""What holds for every command of both tools: its help, and how it tells an error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
import pytest

from tests.cli.commands import COMMANDS, EVERYTHING, TOOLS, Command, Shell, name_of
from twolane.front.groups import MAX_SUMMARY_CHARS, Commands

if TYPE_CHECKING:
    from pathlib import Path

every_command = pytest.mark.parametrize("one", COMMANDS, ids=name_of)
everything = pytest.mark.parametrize("one", EVERYTHING, ids=name_of)
KEPT_IN_JSON = [one for one in COMMANDS if one.has("--json") and one.has("--home")]


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TWOLANE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-of-nobody")
    return Shell(monkeypatch, capsys)


def error_of(shell: Shell) -> dict[str, object]:
    """Return the error that was printed: one line of JSON with nothing beside it."""
    assert shell.out.count("\n") == 1
    value = json.loads(shell.out)
    assert set(value) == {"error"}
    assert set(value["error"]) == {"kind", "message", "exit"}
    error: dict[str, object] = value["error"]
    return error


# -- errors ---------------------------------------------------------------------------------------


@every_command
def test_an_unknown_option_is_one_object_and_a_sentence(shell: Shell, one: Command) -> None:
    """With --json a slip in a flag is told on both streams, and ends with 2."""
    assert shell(*one.words, *one.required(), "--nosuch", "--json") == 2
    error = error_of(shell)
    assert (error["kind"], error["exit"]) == ("no_such_option", 2)
    assert str(error["message"]) in shell.err


@pytest.mark.parametrize("one", KEPT_IN_JSON, ids=name_of)
def test_a_config_file_that_cannot_be_used_is_one_object(
    shell: Shell, tmp_path: Path, one: Command
) -> None:
    """Whatever the command, a setting that nobody knows is told in JSON as well."""
    file = tmp_path / "config.toml"
    file.write_text("modle = 'x'\n")
    assert shell(*one.words, *one.required(), "--config", file, "--json") == 2
    error = error_of(shell)
    assert (error["kind"], error["exit"]) == ("config", 2)
    assert str(error["message"]) in shell.err


@pytest.mark.parametrize("one", KEPT_IN_JSON, ids=name_of)
def test_a_ledger_that_cannot_be_used_is_one_object(
    shell: Shell, tmp_path: Path, one: Command
) -> None:
    """A command ends with one object and, where it needs the ledger, with 7."""
    (tmp_path / "home").mkdir(mode=0o700)
    (tmp_path / "home" / "ledger.sqlite3").write_bytes(b"no ledger " * 500)
    code = shell(*one.words, *one.required(), "--json")
    assert "Traceback" not in shell.err
    if code:
        error = error_of(shell)
        assert error["exit"] == code
        assert str(error["message"]) in shell.err
    else:
        assert isinstance(json.loads(shell.out), dict)
    if "RUN" in {argument.human_readable_name for argument in one.command.params}:
        assert code == 7


@pytest.mark.parametrize("words", [["twolane"], ["twolane", "state"], ["notemill"]])
def test_a_group_alone_shows_what_there_is(shell: Shell, words: list[str]) -> None:
    """A missing command is answered with the help, in lines, and with 2."""
    assert shell(*words) == 2
    assert "Commands:\n" in shell.err
    assert "\\n" not in shell.err
    assert shell.out == ""


def test_a_fault_of_ours_is_one_object(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody expected is told as such, with a traceback on standard error alone."""

    def fail(*_: object, **__: object) -> int:
        message = "nobody expected this"
        raise RuntimeError(message)

    monkeypatch.setattr("twolane.cli.looking.list_runs", fail)
    assert shell("twolane", "runs", "--json") == 1
    assert error_of(shell)["kind"] == "unexpected"
    assert "Traceback" in shell.err


# -- help -----------------------------------------------------------------------------------------


@everything
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_is_asked_for_in_either_way(shell: Shell, one: Command, flag: str) -> None:
    """Both flags show a command's help on standard output, whatever else is missing."""
    assert shell(*one.words, flag) == 0
    usage = shell.out.partition("\n\n")[0]
    assert usage.startswith("Usage: ")
    assert " ".join(one.words[1:]) in usage
    assert shell.err == ""


@everything
@pytest.mark.parametrize("width", [80, 60])
def test_no_summary_is_cut(one: Command, width: int) -> None:
    """A list of commands has the whole first sentence of each, and keeps to the width."""
    context = click.Context(one.command, info_name=one.words[-1], terminal_width=width)
    text = one.command.get_help(context)
    assert max(map(len, text.splitlines())) <= width
    if isinstance(one.command, click.Group):
        words = " ".join(text.split())
        for command in one.command.commands.values():
            summary = " ".join(str(command.help).split("\n\n")[0].split())
            first = summary.partition(". ")[0].removesuffix(".")
            assert first in words


@pytest.mark.parametrize("name", TOOLS)
def test_a_list_says_of_each_command_what_its_help_begins_with(name: str) -> None:
    """The lists of commands, which are there so that they import none, agree with the commands."""
    group = TOOLS[name][0]
    assert isinstance(group, Commands)
    for word, command in group.commands.items():
        assert command.name == word
        assert group.listed.summary(word) == command.get_short_help_str(limit=MAX_SUMMARY_CHARS)
