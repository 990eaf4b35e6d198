"""The example of a front does what it says, and is what the page shows."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import notemill
from tests.examples.front import main
from tests.notemill.workflows.notes import tree

if TYPE_CHECKING:
    import pytest

EXAMPLE = Path(__file__).with_name("front.py")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "fronts.md"
MOST_LINES = 60


async def test_it_curates_reviews_and_applies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Notes of the sample vault get the descriptions that were accepted, and nothing else."""
    monkeypatch.setenv("NOTEMILL_EMBEDDING", "off")
    vault = tmp_path / "vault"
    whole = Path(notemill.__file__).with_name("sample_vault")
    shutil.copytree(whole / "Garden", vault)
    before = tree(vault)
    await main(vault, tmp_path / "home")
    changed = {name for name, raw in tree(vault).items() if raw != before[name]}
    assert changed
    for name in changed:
        added = set(tree(vault)[name].splitlines()) - set(before[name].splitlines())
        assert any(line.startswith(b"description: ") for line in added)
        assert not any(line.startswith((b"tags:", b"topics:")) for line in added)
    printed = capsys.readouterr().out
    assert f"{len(changed)} notes written" in printed
    assert "notemill undo apply-" in printed


def test_it_is_short_and_needs_no_command_line() -> None:
    """A front imports the door alone: no part of the command line, and nothing for terminals."""
    text = EXAMPLE.read_text("utf-8")
    assert len(text.splitlines()) <= MOST_LINES
    imported = [one.module for one in ast.walk(ast.parse(text)) if isinstance(one, ast.ImportFrom)]
    assert "notemill.app.mill" in imported
    for module in imported:
        assert not (module or "").startswith(("notemill.cli", "twolane.front", "click"))


def test_the_page_shows_the_example_as_it_is() -> None:
    """What is quoted is the file, word for word."""
    assert EXAMPLE.read_text("utf-8") in PAGE.read_text("utf-8")
