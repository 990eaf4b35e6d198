"""`config` of both tools shows what is in force and where it comes from, and never a key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.commands import TOOLS, Shell

if TYPE_CHECKING:
    from pathlib import Path

KEY = "sk-ant-secret-0123456789"


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Return a shell without any setting of this machine."""
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "OPENAI_API_KEY", "TWOLANE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return Shell(monkeypatch, capsys)


@pytest.mark.parametrize("tool", TOOLS)
def test_each_setting_names_its_source(
    tool: str, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flag wins over the environment, which wins over the file; the rest is default."""
    file = tmp_path / "config.toml"
    file.write_text('concurrency = 3\nbatch_size = 7\nmodel = "filed"\n')
    monkeypatch.setenv("TWOLANE_BATCH_SIZE", "8")
    monkeypatch.setenv("TWOLANE_MODEL", "named")
    words = ["--config", file, "--home", tmp_path / "home", "--model", "flagged", "--json"]
    assert shell(tool, "config", *map(str, words)) == 0
    told = json.loads(shell.out)
    settings = told["settings"]
    assert settings["concurrency"] == {"value": 3, "source": "config file"}
    assert settings["batch_size"] == {"value": 8, "source": "TWOLANE_BATCH_SIZE"}
    assert settings["model"] == {"value": "flagged", "source": "--model"}
    assert settings["poll_s"] == {"value": 30.0, "source": "default"}
    assert told["paths"]["config"] == str(file)
    assert told["paths"]["ledger"] == str(tmp_path / "home" / "ledger.sqlite3")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_key_is_never_shown(
    tool: str, form: list[str], shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says that there is one, and from which variable."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    assert shell(tool, "config", *form) == 0
    assert "set, not shown" in shell.out
    assert "ANTHROPIC_API_KEY" in shell.out
    assert KEY[7:] not in shell.out + shell.err


def test_what_is_notemills_own_is_shown(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exclusions add up from all places, and paths of the vault come beside the engine's."""
    file = tmp_path / "config.toml"
    file.write_text('[notemill]\nexclude = ["Private"]\nembedding = "off"\n')
    monkeypatch.setenv("NOTEMILL_EXCLUDE", "#x")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    words = ["--config", file, "--home", tmp_path / "home", "--vault", tmp_path, "--json"]
    assert shell("notemill", "config", *map(str, words)) == 0
    told = json.loads(shell.out)
    settings = told["settings"]
    assert settings["exclude"] == {
        "value": ["Private", "#x"],
        "source": "config file, NOTEMILL_EXCLUDE",
    }
    assert settings["embedding"] == {"value": "off", "source": "config file"}
    assert settings["embedding_key"] == {"value": "set, not shown", "source": "OPENAI_API_KEY"}
    assert settings["provider"] == {"value": "offline", "source": "default without a key"}
    assert told["paths"]["vault"] == str(tmp_path.resolve())
    assert told["paths"]["store"] is None
    assert told["paths"]["state"].startswith(str(tmp_path / "home" / "vaults"))


@pytest.mark.parametrize("tool", TOOLS)
def test_the_hosted_address_is_not_used_by_a_model_here(
    tool: str, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the variable is set aside, it is not named as the source."""
    monkeypatch.delenv("TWOLANE_BASE_URL", raising=False)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "https://elsewhere.example")
    assert shell(tool, "config", "--provider", "local", "--json") == 0
    assert json.loads(shell.out)["settings"]["base_url"]["source"] == "default"
