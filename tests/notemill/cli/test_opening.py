"""What a command shows while a vault is read."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from notemill.app import workbench
from notemill.cli import waiting
from tests.notemill.cli.test_notemill import Shell
from tests.notemill.workflows.notes import write_notes

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell where every reading takes long."""
    monkeypatch.setattr(workbench, "READ_TOLD_EVERY_S", 0)
    monkeypatch.setattr(waiting, "_READ_QUIETLY", 0)
    shell = Shell(tmp_path, monkeypatch, capsys)
    shell.vault = write_notes(tmp_path / "read", {f"{n}.md": f"note {n}" for n in range(7)})
    return shell


def test_long_reading_is_shown_once_for_what_is_new(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Notes are counted as they are read, and none is where none is new."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert shell("tags", shell.vault) == 0
    assert "reading new and changed notes: 7" in shell.err
    assert shell("tags", shell.vault) == 0
    assert "reading" not in shell.err


def test_nothing_is_shown_where_nobody_watches(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log has no lines that are drawn over each other."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    assert shell("link", shell.vault, "--embedding", "off") == 0
    assert "reading" not in shell.err
    assert "comparing" not in shell.err
