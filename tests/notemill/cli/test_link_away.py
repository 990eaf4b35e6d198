"""Notes that are not here now: their links stay, and are whole again when they are back."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.notemill.cli.test_link import COMPOST, MULCH, SOIL, linked, shell
from tests.notemill.linking.reader import assert_linked_both_ways, related_links
from tests.notemill.workflows.notes import tree

if TYPE_CHECKING:
    from pathlib import Path

    from tests.notemill.cli.test_notemill import Shell

__all__ = ["shell"]
PLACEHOLDERS = (
    ".Soil.md.icloud", "Soil.md.cloud", "Soil.md.nextcloud", "Soil.md.owncloud",
    ".syncthing.Soil.md.tmp", "~syncthing~Soil.md.tmp", ".Soil.md.~1f2e3d", "Soil.md.!sync",
)  # fmt: skip


def meant(shell: Shell) -> set[tuple[str, str | None]]:
    """Return what links to what."""
    return {(one.note, one.target) for one in related_links(shell.vault)}


def unmoved(shell: Shell, *, away: set[str]) -> None:
    """See that a run names what is away, and changes nothing."""
    before = tree(shell.vault)
    report = linked(shell)
    assert {one["item"] for one in report["away"]} == away
    assert (report["repairs"], report["rejected"], report["written"]) == ([], [], [])
    assert tree(shell.vault) == before
    assert ("not here now" in shell.err) == bool(away)


@pytest.mark.parametrize("name", PLACEHOLDERS)
def test_a_note_that_a_placeholder_stands_for_keeps_its_links(shell: Shell, name: str) -> None:
    """Taken off the disk by a cloud, or still on its way: said once a run, and whole when back."""
    linked(shell)
    whole = tree(shell.vault)
    (shell.vault / SOIL).rename(shell.vault / "Garden" / name)
    unmoved(shell, away={SOIL})
    assert shell.err.count("not here now") == 1
    unmoved(shell, away={SOIL})
    (shell.vault / "Garden" / name).rename(shell.vault / SOIL)
    unmoved(shell, away=set())
    assert tree(shell.vault) == whole


def test_notes_away_with_their_folder_keep_their_links(shell: Shell, tmp_path: Path) -> None:
    """A drive that is not there, whether its folder is missing or lies there empty."""
    linked(shell)
    whole = tree(shell.vault)
    folder, drive = shell.vault / "Garden", tmp_path / "drive"
    folder.rename(drive)
    unmoved(shell, away={COMPOST, SOIL, MULCH})
    assert "folder Garden is missing" in shell.err
    folder.mkdir()
    unmoved(shell, away={COMPOST, SOIL, MULCH})
    assert "folder Garden is empty" in shell.err
    folder.rmdir()
    drive.rename(folder)
    unmoved(shell, away=set())
    assert tree(shell.vault) == whole


def test_a_note_of_the_same_name_is_not_the_one_that_is_away(shell: Shell, tmp_path: Path) -> None:
    """It is taken for no rename, and no link to the one that is away is taken for one to it."""
    linked(shell)
    whole = tree(shell.vault)
    (shell.vault / "Garden").rename(tmp_path / "drive")
    (shell.vault / "Soil.md").write_text("Potting mixes, sold in bags.\n")
    report = linked(shell)
    assert (report["renamed"], report["rejected"], report["repairs"]) == ([], [], [])
    (tmp_path / "drive").rename(shell.vault / "Garden")
    report = linked(shell)
    assert {one["text"] for one in report["repairs"]} == {"[[Garden/Soil|Soil]]"}
    assert_linked_both_ways(shell.vault, {(MULCH, SOIL), (COMPOST, SOIL)})
    (shell.vault / "Soil.md").unlink()
    linked(shell)
    assert len(tree(shell.vault)) == len(whole)


def test_a_folder_that_was_renamed_takes_its_notes_along(shell: Shell) -> None:
    """Also one that was edited since and has no link of notemill's: its name is where theirs are."""
    linked(shell)
    assert shell("link", "reject", SOIL, "Trains", "--vault", shell.vault) == 0
    for other in (COMPOST, MULCH):
        assert shell("link", "reject", SOIL, other, "--vault", shell.vault) == 0
    linked(shell)
    (shell.vault / SOIL).write_bytes((shell.vault / SOIL).read_bytes() + b" Edited, leaves, soil.")
    (shell.vault / "Garden").rename(shell.vault / "Yard")
    report = linked(shell)
    assert {(one["from"], one["to"]) for one in report["renamed"]} == {
        (f"Garden/{name}.md", f"Yard/{name}.md") for name in ("Compost", "Mulch", "Soil")
    }
    assert (report["away"], report["pairs"], report["repairs"]) == ([], [], [])
    assert ("Yard/Compost.md", "Yard/Mulch.md") in meant(shell)
    assert linked(shell)["state"] == "nothing"


@pytest.mark.skipif(sys.platform != "linux", reason="the case of names counts on Linux alone")
@pytest.mark.parametrize("new", ["Garden/SOIL.md", "garden/soil.md"])
def test_a_rename_of_the_case_alone_changes_no_note(shell: Shell, new: str) -> None:
    """A link means its note in any case; what was turned down stays so."""
    linked(shell)
    (shell.vault / SOIL).write_bytes((shell.vault / SOIL).read_bytes() + b" Edited, leaves, soil.")
    (shell.vault / new).parent.mkdir(exist_ok=True)
    (shell.vault / SOIL).rename(shell.vault / new)
    before = tree(shell.vault)
    report = linked(shell)
    assert report["renamed"] == [{"from": SOIL, "to": new}]
    assert (report["away"], report["rejected"], report["repairs"]) == ([], [], [])
    assert tree(shell.vault) == before


@pytest.mark.parametrize("applied", [False, True])
def test_a_deleted_note_that_is_put_back_gets_its_links_back(
    shell: Shell, *, applied: bool
) -> None:
    """A note restored with its links in it is half of its pairs, which the next run completes."""
    linked(shell)
    raw = (shell.vault / SOIL).read_bytes()
    (shell.vault / SOIL).unlink()
    words = ("--apply",) if applied else ()
    assert shell("link", shell.vault, "--min-score", "0.1", *words) == 0
    assert "Soil.md is gone" in shell.err
    assert (SOIL in {target for _, target in meant(shell)}) is False
    (shell.vault / SOIL).write_bytes(raw)
    report = linked(shell)
    assert {one["mend"] for one in report["repairs"]} == ({"add"} if applied else set())
    assert report["rejected"] == []
    assert_linked_both_ways(shell.vault, {(MULCH, SOIL), (COMPOST, SOIL)})
    assert linked(shell)["state"] == "nothing"


def test_a_note_that_comes_back_older_than_its_links_gets_them_again(shell: Shell) -> None:
    """Nobody took them out: the other device had not seen them yet."""
    older = (shell.vault / SOIL).read_bytes()
    linked(shell)
    whole = tree(shell.vault)
    (shell.vault / SOIL).rename(shell.vault / "Garden" / ".Soil.md.icloud")
    unmoved(shell, away={SOIL})
    (shell.vault / "Garden" / ".Soil.md.icloud").unlink()
    (shell.vault / SOIL).write_bytes(older)
    report = linked(shell)
    assert {(one["item"], one["mend"]) for one in report["repairs"]} == {(SOIL, "add")}
    assert report["rejected"] == []
    assert tree(shell.vault) == whole


def test_a_file_that_is_empty_for_now_is_no_rejection(shell: Shell) -> None:
    """Nothing is written into it, and its links stay: its text may be on its way."""
    linked(shell)
    whole = tree(shell.vault)
    (shell.vault / SOIL).write_bytes(b"")
    unmoved(shell, away={SOIL})
    assert "its file is empty" in shell.err
    unmoved(shell, away={SOIL})
    (shell.vault / SOIL).write_bytes(whole[SOIL])
    unmoved(shell, away=set())
    assert tree(shell.vault) == whole


def test_an_undo_waits_for_a_note_that_is_away(shell: Shell) -> None:
    """It says why, takes the others back, and the same undo later takes the rest back."""
    before = tree(shell.vault)
    run = linked(shell)["run"]
    stub = shell.vault / "Garden" / ".Soil.md.icloud"
    (shell.vault / SOIL).rename(stub)
    assert shell("undo", run, "--yes") == 3
    assert "in the cloud" in shell.err
    assert shell("link", shell.vault, "--min-score", "0.9") == 0
    stub.rename(shell.vault / SOIL)
    assert shell("undo", run, "--yes") == 0
    assert tree(shell.vault) == before


def test_a_pair_can_be_turned_down_while_a_note_is_away(shell: Shell, tmp_path: Path) -> None:
    """So links to notes that are gone for good, with their folder, can be taken out."""
    linked(shell)
    (shell.vault / "Garden").rename(tmp_path / "drive")
    (shell.vault / "Garden").mkdir()
    (tmp_path / "drive" / "Mulch.md").rename(shell.vault / MULCH)
    (shell.vault / "Garden").rename(shell.vault / "Yard")
    linked(shell)
    assert shell("link", "reject", SOIL, "Yard/Mulch.md", "--vault", shell.vault) == 0
    linked(shell)
    assert b"[[Soil]]" not in (shell.vault / "Yard" / "Mulch.md").read_bytes()


def test_a_vault_that_is_away_as_a_whole_is_not_touched(shell: Shell) -> None:
    """Exit 7: none of its notes is on this disk."""
    linked(shell)
    for name in list(tree(shell.vault)):
        path = shell.vault / name
        path.rename(path.with_name(f".{path.name}.icloud"))
    assert shell("link", shell.vault, "--apply") == 7
    assert "is on this disk" in shell.err


def test_what_was_proposed_waits_for_a_note_that_is_away(shell: Shell) -> None:
    """Neither a description nor a link is in conflict with a note that a cloud has taken away."""
    assert shell("link", shell.vault, "--min-score", "0.1", "--json") == 0
    links = shell.report["run"]
    notes = shell("curate", shell.vault, "--yes", "--json") or shell.report["run"]
    stub = shell.vault / "Garden" / ".Soil.md.icloud"
    (shell.vault / SOIL).rename(stub)
    for run in (links, notes):
        assert shell("apply", run) == 3
        assert "it is missing" in shell.err
    stub.rename(shell.vault / SOIL)
    for run in (links, notes):
        assert shell("apply", run) == 0
    assert b"description: " in (shell.vault / SOIL).read_bytes()
    assert_linked_both_ways(shell.vault, {(MULCH, SOIL), (COMPOST, SOIL)})


def test_the_list_of_tags_is_no_open_gate_while_it_is_away(shell: Shell) -> None:
    """Exit 7 where the note with the vocabulary is not on this disk: else any tag would be written."""
    (shell.vault / "Trains.md").write_text("---\ntags: [rail]\n---\nNight trains run daily.\n")
    (shell.vault / "Tags.md").write_text("Our tags.\n")
    assert shell("tags", "vocabulary", shell.vault, "--note", "Tags.md", "--yes") == 0
    (shell.vault / "Tags.md").rename(shell.vault / ".Tags.md.icloud")
    before = tree(shell.vault)
    for command in (("curate", shell.vault, "--apply", "--yes"), ("tags", "review", shell.vault)):
        assert shell(*command) == 7
        assert "Tags.md holds the vocabulary and is missing" in shell.err
    assert tree(shell.vault) == before


def test_a_run_names_the_notes_that_are_not_on_this_disk(shell: Shell) -> None:
    """Curating leaves them alone, with the reason, and they are no notes of the folder."""
    (shell.vault / SOIL).rename(shell.vault / "Garden" / ".Soil.md.icloud")
    assert shell("curate", shell.vault, "--yes", "--dry-run") == 0
    assert "in the cloud and not on this disk" in shell.err


def test_a_note_that_was_excluded_since_keeps_its_links(shell: Shell) -> None:
    """Excluded, it is neither written to nor deleted."""
    linked(shell)
    shell.patch.setenv("NOTEMILL_EXCLUDE", "Soil.md")
    before = tree(shell.vault)
    report = linked(shell)
    assert (report["repairs"], report["rejected"]) == ([], [])
    assert tree(shell.vault) == before
    shell.patch.delenv("NOTEMILL_EXCLUDE")
    unmoved(shell, away=set())


@pytest.mark.skipif(sys.platform == "win32", reason="rights as POSIX has them")
def test_a_folder_that_may_not_be_read_keeps_its_links(shell: Shell) -> None:
    """Rights say nothing about whether its notes are there."""
    linked(shell)
    folder = shell.vault / "Garden"
    folder.chmod(0)
    if os.access(folder, os.R_OK):
        folder.chmod(0o755)
        pytest.skip("root may read all")
    try:
        report = linked(shell)
    finally:
        folder.chmod(0o755)
    assert {one["item"] for one in report["away"]} == {COMPOST, SOIL, MULCH}
    assert "cannot be read" in shell.err
    assert (report["repairs"], report["rejected"]) == ([], [])
    unmoved(shell, away=set())
