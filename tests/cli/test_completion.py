"""Shells complete commands, flags and runs, of both tools, and notes and tags of a vault."""

from __future__ import annotations

import os
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


def a_vault(folder: Path) -> tuple[Path, Path]:
    """Return a vault, and a home that knows nothing of it yet."""
    vault = folder / "vault"
    (vault / "Work").mkdir(parents=True)
    (vault / "Work" / "One plan.md").write_text("---\ntags: [work/plan]\n---\nText. #work/day\n")
    (vault / "Two.md").write_text("Text. #garden\n")
    return vault, folder / "home"


@pytest.mark.loopback
@pytest.mark.parametrize(
    "command",
    [["link", "reject"], ["link", "allow"], ["tags", "adopt"], ["apply", "--item"]],
)
def test_notes_come_from_the_vault(
    tmp_path: Path,
    command: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What takes a NOTE offers those that begin like the word, before the first run and after it."""
    vault, home = a_vault(tmp_path)
    where = ["--vault", str(vault), "--home", str(home)]
    flags = [one for one in command if one.startswith("-")]
    words = [*(one for one in command if one not in flags), *where, *flags]
    assert completed("notemill", words, "") == ["Two.md", "Work/One plan.md"]
    assert not home.exists()
    assert Shell(monkeypatch, capsys)("notemill", "tags", str(vault), "--home", str(home)) == 0
    (vault / "Two.md").rename(vault / "Three.md")
    assert completed("notemill", words, "") == ["Two.md", "Work/One plan.md"]
    assert completed("notemill", words, "Work/") == ["Work/One plan.md"]


@pytest.mark.loopback
def test_tags_come_from_the_vault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What takes a TAG offers those of properties and text, once notes have been read."""
    vault, home = a_vault(tmp_path)
    words = ["tags", "merge", "--vault", str(vault), "--home", str(home)]
    assert completed("notemill", words, "") == []
    assert Shell(monkeypatch, capsys)("notemill", "tags", str(vault), "--home", str(home)) == 0
    assert completed("notemill", words, "") == ["garden", "work/day", "work/plan"]
    assert completed("notemill", words, "#work/p") == ["work/plan"]
    assert completed("notemill", [*words, "work/day", "--into"], "g") == ["garden"]


@pytest.mark.loopback
def test_a_damaged_derived_file_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Notes then come from the folder, tags from nowhere; nothing is mended or written."""
    vault, home = a_vault(tmp_path)
    assert Shell(monkeypatch, capsys)("notemill", "tags", str(vault), "--home", str(home)) == 0
    (derived,) = home.glob("vaults/*/derived.sqlite3")
    derived.write_bytes(b"no database " * 500)
    where = ["--vault", str(vault), "--home", str(home)]
    assert completed("notemill", ["link", "reject", *where], "T") == ["Two.md"]
    assert completed("notemill", ["tags", "merge", *where], "") == []
    assert derived.read_bytes() == b"no database " * 500


def test_names_that_would_act_on_a_terminal_are_not_offered(tmp_path: Path) -> None:
    """A name with a line break would be two; at most 200 are offered of more."""
    vault, home = a_vault(tmp_path)
    for number in range(300):
        (vault / f"n{number}.md").write_text("Text.\n")
    if os.name != "nt":
        (vault / "bad\nname\x1b[2J.md").write_text("Text.\n")
    words = ["link", "reject", "--vault", str(vault), "--home", str(home)]
    assert completed("notemill", words, "bad") == []
    assert len(completed("notemill", words, "n")) == 200
