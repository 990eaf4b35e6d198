"""`notemill graph`: the notes of a vault by their links, as a table and with their places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.notemill.cli.test_link import MULCH, NOTES, SOIL
from tests.notemill.cli.test_notemill import Shell
from tests.notemill.workflows.notes import write_notes

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell with a vault that has one link of its owner, and proposals."""
    shell = Shell(tmp_path, monkeypatch, capsys)
    notes = NOTES | {"Trains.md": f"---\ntags: [rail]\n---\n{NOTES['Trains.md']!s}[[Vienna]]\n"}
    shell.vault = write_notes(tmp_path / "linked", notes)
    assert shell("link", shell.vault, "--min-score", "0.9", "--review") == 0
    return shell


def test_the_table_counts_links_of_each_kind(shell: Shell) -> None:
    """The owner's, and what is proposed; the vault's totals come first."""
    assert shell("graph", shell.vault) == 0
    assert "9 notes; 1 link; " in shell.out
    assert " proposed" in shell.out
    (trains,) = (line for line in shell.out.splitlines() if "Trains.md" in line)
    assert trains.split() == ["Trains.md", "#rail", "1"]


def test_a_note_is_shown_with_its_neighbours(shell: Shell) -> None:
    """Named as a link would; an unknown one is an error that says so."""
    assert shell("graph", shell.vault, "--note", "Vienna") == 0
    assert "Trains.md" in shell.out
    assert "Soil" not in shell.out
    assert shell("graph", shell.vault, "--note", "Nobody") == 3
    assert "there is no note 'Nobody'" in shell.err


def test_json_has_every_note_with_its_place(shell: Shell) -> None:
    """Links are pairs of indexes, with how each stands; a neighbourhood names its note."""
    assert shell("graph", shell.vault, "--json") == 0
    notes = [one["note"] for one in shell.report["notes"]]
    assert sorted(notes) == sorted(NOTES)
    links = {(notes[a], notes[b], how) for a, b, how in shell.report["links"]}
    assert ("Trains.md", "Vienna.md", "own") in links
    assert (MULCH, SOIL, "proposed") in links
    assert len({(one["x"], one["y"]) for one in shell.report["notes"]}) == len(NOTES)
    assert shell("graph", shell.vault, "--note", "Trains.md", "--depth", "1", "--json") == 0
    first = shell.report["notes"][0]
    assert (first["note"], first["id"]) == ("Trains.md", shell.report["focus"])


def test_a_vault_without_links_says_how_to_find_some(shell: Shell, tmp_path: Path) -> None:
    """The table has all notes anyway."""
    vault = write_notes(tmp_path / "plain", {"One.md": "one", "Two.md": "two"})
    assert shell("graph", vault) == 0
    assert "no note links to another yet; to find links: notemill link" in shell.out
    assert "One.md" in shell.out
