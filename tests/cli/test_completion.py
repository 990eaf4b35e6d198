"""Shells complete commands, flags and runs, of both tools."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from click.shell_completion import ShellComplete

from tests.cli.commands import TOOLS, Shell
from tests.twolane.ledger.sound import make_sound

if TYPE_CHECKING:
    from pathlib import Path


def completed(tool: str, words: list[str], incomplete: str) -> list[str]:
    """Return what a shell would offer for a word that has begun."""
    shell = ShellComplete(TOOLS[tool][0], {}, tool, f"_{tool.upper()}_COMPLETE")
    return [one.value for one in shell.get_completions(words, incomplete)]


@pytest.mark.loopback
@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("name", ["bash", "fish", "zsh"])
def test_a_script_is_printed_for_each_shell(
    tool: str, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names the tool and the variable by which the tool is asked."""
    if name == "bash" and shutil.which("bash") is None:
        pytest.skip("there is no bash here")
    shell = Shell(monkeypatch, capsys)
    assert shell(tool, "completion", name) == 0
    assert f"_{tool.upper()}_COMPLETE={name}_complete" in shell.out
    assert tool in shell.out


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("command", ["show", "export", "cancel", "resume", "forget"])
def test_runs_come_from_the_ledger(tmp_path: Path, tool: str, command: str) -> None:
    """Every command that takes a RUN offers `last` and what begins like the word."""
    make_sound(tmp_path)
    words = [command, "--home", str(tmp_path)]
    assert {"last", "canceled", "stopped"} <= set(completed(tool, words, ""))
    assert completed(tool, words, "sto") == ["stopped"]
    assert completed(tool, words, "la") == ["last"]


def test_commands_and_flags_are_completed_as_well(tmp_path: Path) -> None:
    """What click itself knows is offered, too."""
    assert "show" in completed("twolane", [], "s")
    assert "--item" in completed("twolane", ["show"], "--i")
    assert completed("twolane", ["show", "--home", str(tmp_path / "none")], "") == []


def test_a_ledger_that_cannot_be_read_offers_nothing(tmp_path: Path) -> None:
    """Nobody can be told in the middle of a line what is wrong, and no ledger is made for it."""
    (tmp_path / "ledger.sqlite3").write_bytes(b"no ledger " * 500)
    assert completed("twolane", ["show", "--home", str(tmp_path)], "") == []
    assert completed("twolane", ["show", "--home", str(tmp_path / "new")], "") == []
    assert not (tmp_path / "new").exists()
