"""Rows of a vault's own store that say what nobody knows: an error with a name, and no traceback."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import pytest

from notemill.stores.store import FILE
from tests.notemill.cli.test_notemill import Shell
from tests.notemill.workflows.notes import tree

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell with a vault, a curation that waits and links that wait."""
    shell = Shell(tmp_path, monkeypatch, capsys)
    shell.curate()
    assert shell("link", shell.vault, "--min-score", "0.01") == 0
    return shell


def spoil(shell: Shell, statement: str) -> None:
    """Change the vault's store as another program does."""
    (path,) = shell.home.rglob(FILE)
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        assert db.execute(statement).rowcount > 0


@pytest.mark.parametrize("words", [("show", "last"), ("apply", "last", "--yes")])
def test_a_kind_that_nobody_knows_is_named_by_what_shows_a_run(
    shell: Shell, words: tuple[str, ...]
) -> None:
    """The error names the row and says what to do, in JSON too, and no note is touched."""
    assert shell("runs", "--json") == 0
    runs = [one["run"] for one in shell.report["runs"]]
    (curation,) = [run for run in runs if run.startswith("curate")]
    before = tree(shell.vault)
    spoil(shell, "UPDATE proposals SET kind = 'ballad' WHERE id = 2")
    words = tuple(curation if word == "last" else word for word in words)
    assert shell(*words) == 7
    assert "proposal p2, which cannot be read" in shell.err
    assert "'ballad'" in shell.err
    assert shell(*words, "--json") == 7
    assert shell.report["error"]["kind"] == "store"
    assert tree(shell.vault) == before


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE proposals SET kind = 'ballad' WHERE id = 1", "proposal p1"),
        ("UPDATE link_pairs SET reason = '[' WHERE id = 1", "proposal l1"),
        ("UPDATE link_pairs SET reason = '[1]' WHERE id = 1", "proposal l1"),
    ],
)
def test_a_row_that_nobody_can_read_is_named_by_the_review(
    shell: Shell, statement: str, named: str
) -> None:
    """One error with the row's id; what is decided by its id beside it is decided all the same."""
    spoil(shell, statement)
    assert shell("review", "--vault", shell.vault, "--json") == 7
    assert named in shell.report["error"]["message"]
    assert shell("accept", "p2", "--vault", shell.vault) == 0
    assert shell("accept", named.split()[1], "--vault", shell.vault) == 7


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE link_pairs SET state = 'sung' WHERE id = 1", "proposal l1"),
        ("UPDATE link_runs SET settings = '[]'", "run link-"),
    ],
)
def test_links_that_nobody_can_read_are_named_by_the_search(
    shell: Shell, statement: str, named: str
) -> None:
    """Nothing is found, written or taken for gone."""
    before = tree(shell.vault)
    spoil(shell, statement)
    assert shell("link", shell.vault, "--apply", "--yes") == 7
    assert named in shell.err
    assert tree(shell.vault) == before
