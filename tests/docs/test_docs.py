"""The documentation says what the code does: nothing is missing, nothing is stale."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import re
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import twolane
from twolane import Engine, Settings, load_settings
from twolane.config import VARIABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def generated() -> str:
    """Return the reference as the code is now."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.reference())


def test_the_reference_is_what_the_code_is_now() -> None:
    """A command, a flag, a setting, an error or a state that changed is in the reference."""
    assert (ROOT / "docs" / "reference.md").read_text("utf-8") == generated()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """A relative link in a page leads to a file that is there."""
    for target in _LINK.findall(page.read_text("utf-8")):
        if "://" in target or target.startswith("#"):
            continue
        assert (page.parent / target.partition("#")[0]).exists(), target


def test_every_setting_has_an_environment_variable() -> None:
    """What the config file knows, the environment knows, too."""
    assert {field.name for field in fields(Settings)} == set(VARIABLES)


def test_the_readme_shows_the_two_commands_that_set_up() -> None:
    """A newcomer finds both in the first place they look."""
    readme = (ROOT / "README.md").read_text("utf-8")
    assert "make demo" in readme
    assert "make test" in readme


def test_the_example_in_the_readme_runs_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The ten lines answer 200 requests, run again at no cost; only the provider is ours."""
    readme = (ROOT / "README.md").read_text("utf-8")
    code = readme.partition("```python\n")[2].partition("```")[0]
    code = code.replace("claude-haiku-5-5", "extractive")
    settings = Settings(home=tmp_path, provider="offline", poll_s=0.01)
    asked: list[str] = []

    def respond(params: Mapping[str, Any]) -> str:
        asked.append(json.dumps(params["messages"]))
        return asked[-1]

    really_open = Engine.open
    monkeypatch.setattr(Engine, "open", lambda _settings: really_open(settings, responder=respond))
    monkeypatch.setattr(twolane, "load_settings", lambda: settings, raising=False)
    names: dict[str, object] = {"__name__": "readme"}
    for _ in range(2):
        exec(compile(code, "README.md", "exec"), names)  # noqa: S102  # our own page
    assert len(asked) == 200
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 400
    assert sorted(lines[:200]) == sorted(lines[200:])
    assert {line.split()[1] for line in lines} == {"batch"}
    assert callable(load_settings)
    assert asyncio.iscoroutinefunction(names["main"])


def test_the_glossary_uses_names_that_the_code_has() -> None:
    """A term's place in the code is a name that stands there."""
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py"))
    rows = (ROOT / "docs" / "glossary.md").read_text("utf-8").splitlines()[4:]
    names = [name for row in rows for name in re.findall(r"`([A-Za-z_.]+)`", row.split("|")[3])]
    assert len(names) > 30
    assert [name for name in names if name.rpartition(".")[2] not in code] == []
