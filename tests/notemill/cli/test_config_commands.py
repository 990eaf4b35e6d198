"""`notemill config` changes settings, exclusions and the key; commands then work by them."""

from __future__ import annotations

import io
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from tests.keyrings import MemoryKeyring, keyring_in_memory
from tests.notemill.cli.test_notemill import Shell
from tests.notemill.workflows.notes import tree, write_notes

if TYPE_CHECKING:
    from pathlib import Path

KEY = "sk-ant-typed-in-0123456789"
FILE = 'model = "small" # cheap\n\n[notemill]\nexclude = ["Private"]\n'
NOTES = {
    "Private/Diary.md": "Dear diary.\n",
    "Soil.md": "---\ntags: [garden]\n---\nGarden soil, worms, leaves and compost.\n",
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A config file."""
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    return path


@pytest.fixture
def shell(
    tmp_path: Path,
    config: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shell:
    """A shell with that config file, and a vault."""
    shell = Shell(tmp_path, monkeypatch, capsys)
    monkeypatch.setenv("TWOLANE_CONFIG", str(config))
    shell.vault = write_notes(tmp_path / "notes", NOTES)
    return shell


# -- settings -------------------------------------------------------------------------------------


def test_a_setting_is_set_and_unset(shell: Shell, config: Path) -> None:
    """Its line is the only one that changes; what is in force is told."""
    assert shell("config", "set", "model", "big") == 0
    assert config.read_text() == FILE.replace("small", "big")
    assert f"model is set in {config}" in shell.err
    assert shell("config", "set", "month_budget", "20", "--json") == 0
    expected = {"name": "month_budget", "value": 20, "source": "config file", "config": str(config)}
    assert {**shell.report, "value": float(shell.report["value"])} == expected
    assert shell("config", "unset", "month_budget") == 0
    assert "in force: none (default)" in shell.err
    assert shell("config", "--json") == 0
    assert shell.report["settings"]["model"] == {"value": "big", "source": "config file"}


def test_a_variable_that_stands_above_is_told(shell: Shell, config: Path) -> None:
    """The file is changed all the same, and the person knows why nothing else is."""
    shell.patch.setenv("TWOLANE_MODEL", "named")
    assert shell("config", "set", "model", "big") == 0
    assert "big" in config.read_text()
    assert "TWOLANE_MODEL stands above the config file: model stays named" in shell.err


def test_what_cannot_be_set_is_a_usage_error(shell: Shell, config: Path) -> None:
    """With a hint, and without a key that somebody gave as a value."""
    assert shell("config", "set", "modle", "big") == 2
    assert "did you mean model?" in shell.err
    assert shell("config", "set", "api_key", KEY) == 2
    assert "notemill config key set" in shell.err
    assert KEY not in shell.err
    assert config.read_text() == FILE


def test_additions_are_written_at_once_where_the_settings_say_so(shell: Shell) -> None:
    """Unless a flag says otherwise."""
    assert shell("config", "set", "proposals", "apply") == 0
    before = tree(shell.vault)
    shell.curate("--review")
    assert tree(shell.vault) == before
    shell.curate("--again")
    assert tree(shell.vault) != before
    assert shell("config", "set", "proposals", "review") == 0


def test_properties_that_are_not_used_are_left_alone(shell: Shell, config: Path) -> None:
    """Nothing of them is proposed or written; links that are off are a usage error that helps."""
    assert shell("config", "set", "properties", "topics, description") == 0
    assert 'properties = "description, topics"' in config.read_text()
    assert shell("config") == 0
    assert "description, topics" in shell.out
    shell.curate("--apply")
    text = (shell.vault / "Soil.md").read_text()
    assert "description: " in text
    assert "topics:" in text
    assert "tags: [garden]\n" in text
    assert shell("link", shell.vault, "--yes") == 2
    assert "links are switched off" in shell.err
    assert 'notemill config set properties "description, topics, related"' in shell.err
    assert shell("config", "unset", "properties") == 0
    assert "in force: description, tags, topics, related (default)" in shell.err
    assert shell("link", shell.vault, "--yes") == 0


# -- exclusions -----------------------------------------------------------------------------------


def test_exclusions_are_shown_with_their_notes(shell: Shell) -> None:
    """Those in force, each with its source; or any pattern, without excluding it."""
    shell.patch.setenv("NOTEMILL_EXCLUDE", "#Garden")
    assert shell("config", "exclude", "--vault", shell.vault) == 0
    assert shell.out.splitlines() == [
        "Private: 1 note (config file)",
        "  Private/Diary.md",
        "#Garden: 1 note (NOTEMILL_EXCLUDE)",
        "  Soil.md",
        "  written differently in the vault; that does not matter, the notes match",
    ]
    words = ["config", "exclude", "--vault", shell.vault, "--dry-run", "--json", "Pivate"]
    assert shell(*words) == 0
    (found,) = shell.report["exclusions"]
    assert (found["count"], found["nearest"], found["source"]) == (0, "Private", "")


def test_an_exclusion_is_added_and_removed(shell: Shell, config: Path) -> None:
    """The notes it matches are shown, and hidden from then on."""
    assert shell("config", "exclude", "Soil", "--vault", shell.vault) == 0
    assert "Soil: 1 note" in shell.out
    assert config.read_text() == FILE.replace('"Private"', '"Private", "Soil"')
    assert shell("tags", shell.vault, "--json") == 0
    assert "garden" not in shell.out
    assert shell("config", "exclude", "--remove", "Soil", "--vault", shell.vault) == 0
    assert config.read_text() == FILE
    assert shell("config", "exclude", "--remove", "Soil", "--vault", shell.vault) == 2


def test_without_exclusions_that_is_said(shell: Shell) -> None:
    """An empty answer would leave open whether something went wrong."""
    shell.patch.setenv("TWOLANE_CONFIG", str(shell.vault.parent / "none.toml"))
    (shell.vault.parent / "none.toml").touch()
    assert shell("config", "exclude", "--vault", shell.vault) == 0
    assert "nothing is excluded" in shell.err


# -- the key --------------------------------------------------------------------------------------


@pytest.fixture
def memory_keyring(monkeypatch: pytest.MonkeyPatch) -> MemoryKeyring:
    """Return the keyring of this computer, in memory."""
    return keyring_in_memory(monkeypatch)


def test_a_key_is_read_from_standard_input(
    shell: Shell, config: Path, memory_keyring: MemoryKeyring
) -> None:
    """It goes into the keyring, and into nothing else; forgetting it undoes all."""
    shell.patch.setattr(sys, "stdin", io.StringIO(f"{KEY}\nmore\n"))
    assert shell("config", "key", "set") == 0
    assert "API key: in the keyring" in shell.err
    assert list(memory_keyring.kept.values()) == [KEY]
    assert KEY not in shell.out + shell.err + config.read_text()
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert shell("config") == 0
    assert "taken from the system keyring" in shell.out
    assert "anthropic" in shell.out
    assert shell("config", "key", "forget") == 0
    assert "API key: not set" in shell.err
    assert memory_keyring.kept == {}
    assert config.read_text() == FILE


def test_no_key_at_all_changes_nothing(
    shell: Shell, config: Path, memory_keyring: MemoryKeyring
) -> None:
    """An empty line, or the end of the input, is a usage error."""
    shell.patch.setattr(sys, "stdin", io.StringIO(""))
    assert shell("config", "key", "set") == 2
    assert memory_keyring.kept == {}
    assert config.read_text() == FILE
