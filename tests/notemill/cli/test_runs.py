"""Runs named by a person, and what became of each: `last`, beginnings, twice, and on nothing."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.notemill.cli.test_notemill import Shell
from tests.notemill.workflows.notes import tree, write_notes

if TYPE_CHECKING:
    from pathlib import Path

NOTES: dict[str, str | bytes] = {
    "Soil.md": "---\ntags: [garden]\n---\nGarden soil, worms, leaves and compost.\n",
    "Compost.md": "---\ntags: [garden]\n---\nCompost of leaves makes worms and garden soil.\n",
    "Trains.md": "Night trains run through the mountains.\n",
}


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell with two vaults, in a folder that is neither."""
    shell = Shell(tmp_path, monkeypatch, capsys)
    shell.vault = write_notes(tmp_path / "one", NOTES)
    write_notes(tmp_path / "two", NOTES)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return shell


def listed(shell: Shell) -> list[dict[str, Any]]:
    """Return the runs there are."""
    assert shell("runs", "--json") == 0, shell.err
    found: list[dict[str, Any]] = shell.report["runs"]
    return found


def became(shell: Shell, run: str) -> str:
    """Return what became of a run, as the table and `--json` say alike."""
    row = next(one for one in listed(shell) if one["run"] == run)
    assert shell("runs") == 0
    assert row["became"] in shell.out
    return str(row["became"])


def linked(shell: Shell, *words: object) -> str:
    """Look for links; return the run."""
    code = shell("link", shell.vault, "--min-score", "0.01", "--embedding", "off", "--json", *words)
    assert code == 0, shell.err
    return str(shell.report["run"])


def renamed(shell: Shell) -> str:
    """Rename a tag; return the run."""
    words = ("tags", "rename", "garden", "yard", "--vault", shell.vault, "--yes", "--json")
    assert shell(*words) == 0, shell.err
    return str(shell.report["run"])


def test_runs_of_every_kind_are_listed_newest_first_with_what_became_of_them(shell: Shell) -> None:
    """Proposed, applied, undone and canceled; with their dates, whatever wrote them down."""
    began = time.time()
    curated = shell.curate()["run"]
    assert became(shell, curated) == "proposed"
    assert shell("apply", curated) == 0
    assert became(shell, curated) == "applied"
    links = linked(shell)
    assert became(shell, links) == "proposed"
    assert shell("apply", links) == 0
    assert became(shell, links) == "applied"
    tags = renamed(shell)
    assert became(shell, tags) == "applied"
    assert shell("undo", tags, "--yes") == 0
    assert became(shell, tags) == "undone"
    assert shell("undo", links, "--yes", "--item", "Soil.md") == 0
    assert became(shell, links) == "partly undone"
    waits = shell("curate", shell.vault, "--refresh", "--stages", "1", "--json")
    assert waits == 8
    waiting = shell.report["run"]
    assert became(shell, waiting) == "paused"
    assert shell("cancel", waiting) == 0
    shell("resume", waiting, "--yes")
    runs = listed(shell)
    assert [one["run"] for one in runs] == [waiting, tags, links, curated]
    assert [one["kind"] for one in runs] == ["curate", "tags", "link", "curate"]
    assert all(began - 1 <= one["created_at"] <= time.time() + 1 for one in runs)
    assert shell("runs") == 0
    assert time.strftime("%Y-%m-%d") in shell.out
    pairs, notes = (
        next(row for row in shell.out.splitlines() if one in row) for one in (links, tags)
    )
    assert " pair" in pairs
    assert " 2 notes " in notes


def test_a_second_undo_says_that_it_was_undone(shell: Shell) -> None:
    """Nothing changes, and the exit code is 0."""
    run = shell.curate("--apply")["run"]
    assert shell("undo", run, "--yes") == 0
    assert "3 notes restored to the byte" in shell.err
    before = tree(shell.vault)
    assert shell("undo", run, "--yes") == 0
    assert f"run {run} is already undone; nothing was changed" in shell.err
    assert shell("undo", run, "--yes", "--item", "Soil.md") == 0
    assert "Soil.md is already undone" in shell.err
    assert tree(shell.vault) == before


@pytest.mark.parametrize("command", ["show", "apply", "undo", "cancel"])
def test_a_note_that_a_run_has_nothing_of_is_an_error_with_the_nearest(
    shell: Shell, command: str
) -> None:
    """Exit code 2, for runs of each kind, and nothing is written."""
    for run in (shell.curate("--apply")["run"], linked(shell, "--apply"), renamed(shell)):
        before = tree(shell.vault)
        more = ["--yes"] if command == "undo" else []
        assert shell(command, run, "--item", "Soli.md", *more) == 2, (run, shell.err)
        if command != "cancel" or run.startswith("curate"):
            assert command == "apply" or "Soil.md" in shell.err, (run, shell.err)
        assert tree(shell.vault) == before


def test_a_run_that_has_ended_is_not_canceled(shell: Shell) -> None:
    """`cancel` says that it has ended, and how; a note of it as well."""
    run = shell.curate("--apply")["run"]
    assert shell("cancel", run) == 0
    assert f"run {run} has ended: applied" in shell.err
    assert shell("cancel", run, "--item", "Soil.md") == 0
    assert "ended" in shell.err
    assert shell("cancel", renamed(shell)) == 2
    assert "asked no model" in shell.err


def test_last_is_the_newest_that_the_command_is_for(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a vault it is of this vault; elsewhere of all. What a command cannot use is passed over."""
    curated = shell.curate()["run"]
    shell.vault = tmp_path / "two"
    other = shell.curate()["run"]
    assert shell("show", "last", "--json") == 0
    assert shell.report["run"] == other
    monkeypatch.chdir(tmp_path / "one")
    assert shell("show", "last", "--json") == 0
    assert shell.report["run"] == curated
    shell.vault = tmp_path / "one"
    tags = renamed(shell)
    assert shell("show", "last", "--json") == 0
    assert shell.report["run"] == tags
    assert shell("apply", "last", "--json") == 0
    assert shell.report["run"] == curated
    assert shell("undo", "last", "--yes") == 0
    assert became(shell, tags) == "applied"
    assert became(shell, curated) == "undone"
    assert shell("export", "last", "-o", tmp_path / "out.jsonl") == 0
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 3
    (tmp_path / "one" / "Folder").mkdir()
    monkeypatch.chdir(tmp_path / "one" / "Folder")
    assert shell("resume", "last", "--json") == 0
    assert shell.report["run"] == curated
    assert shell("forget", "last", "--yes") == 0
    assert tags not in {one["run"] for one in listed(shell)}


def test_last_where_there_is_none_is_an_error(shell: Shell) -> None:
    """Exit code 2, also where there are runs that the command is not for."""
    for command in ("show", "apply", "undo", "resume", "cancel"):
        assert shell(command, "last") == 2
        assert "yet" in shell.err
    renamed(shell)
    assert shell("resume", "last") == 2
    assert shell("apply", "last") == 2


def test_a_beginning_names_a_run_where_it_is_unique(shell: Shell) -> None:
    """Several that begin so are listed; one that nobody has names the nearest."""
    curated, tags = shell.curate()["run"], renamed(shell)
    assert shell("show", "ta", "--json") == 0
    assert shell.report["run"] == tags
    again = shell.curate("--refresh", "--again")["run"]
    assert shell("show", "curate-") == 2
    assert curated in shell.err
    assert again in shell.err
    assert shell("show", curated[:-1] + "!") == 2
    assert curated in shell.err
    assert shell("apply", tags) == 2
    assert "notemill undo" in shell.err


def test_errors_are_one_object_as_well(shell: Shell) -> None:
    """With `--json` a run that is not there is told on standard output, too."""
    assert shell("show", "nowhere", "--json") == 2
    assert json.loads(shell.out)["error"]["exit"] == 2
