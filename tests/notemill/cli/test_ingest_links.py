"""Links of ingested notes: in the run that writes them, or proposed beside it; and their undo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from notemill.app import new_links
from notemill.linking.propose import propose
from notemill.workflows.links import finding
from tests.doubles import Crash
from tests.notemill.cli.test_ingest import ingest, properties
from tests.notemill.cli.test_notemill import Shell
from tests.notemill.workflows.notes import tree, write_notes

if TYPE_CHECKING:
    from pathlib import Path

NOTES = {
    "Ash glaze.md": (
        "# Ash glaze\n\nAn ash glaze is wood ash, clay and feldspar. The kiln's heat melts the ash "
        "into a runny celadon.\n"
    ),
    "Feldspar.md": "# Feldspar\n\nFeldspar is the flux of most stoneware; see [[Ash glaze]].\n",
    "Bread.md": "# Bread\n\nSourdough rises overnight in a cold kitchen.\n",
    "Tax.md": "# Tax\n\nThe form is due in spring, and receipts are kept for ten years.\n",
}
TALK = (
    "An ash glaze begins with wood ash from a stove.",
    "Wash the ash, then mix it with clay and feldspar.",
    "In the kiln the heat melts ash and feldspar into celadon.",
    "A runny ash glaze needs a bowl below the pot.",
)


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell in the folder of the sources, with a vault of four notes."""
    shell = Shell(tmp_path, monkeypatch, capsys)
    shell.vault = write_notes(tmp_path / "mine", NOTES)
    monkeypatch.chdir(tmp_path)
    return shell


def talk(folder: Path, name: str = "Wood ash in the kiln") -> str:
    """Save a talk about what one of the notes is about; return the file's name."""
    (folder / f"{name}.txt").write_text("\n\n".join((name, *TALK)))
    return f"{name}.txt"


def related(shell: Shell, note: str) -> list[str]:
    """Return the links in a note's property."""
    path = shell.vault / note
    text = path.read_text() if path.exists() else ""
    return list(properties(text).get("related") or []) if text.startswith("---") else []


def waiting(shell: Shell) -> list[dict[str, Any]]:
    """Return the links that wait for a decision."""
    assert shell("review", "--vault", shell.vault, "--kind", "link", "--json") == 0
    return [one for one in shell.report["items"] if one["state"] == "pending"]


def test_links_among_new_notes_are_written_with_them_and_undone_with_them(
    shell: Shell, tmp_path: Path
) -> None:
    """One run has the notes and both sides of their links; one undo gives every byte back."""
    before = tree(shell.vault)
    run = ingest(shell, talk(tmp_path), talk(tmp_path, "More on ash"), "--apply")["run"]
    assert related(shell, "Clippings/Wood ash in the kiln.md") == ["[[More on ash]]"]
    assert related(shell, "Clippings/More on ash.md") == ["[[Wood ash in the kiln]]"]
    assert shell("undo", run, "--yes") == 0
    assert tree(shell.vault) == before
    assert not waiting(shell)


def test_a_note_that_was_there_before_keeps_its_bytes(shell: Shell, tmp_path: Path) -> None:
    """A link into it is proposed, also where all else is written unasked."""
    ingest(shell, talk(tmp_path), "--apply")
    assert {key: tree(shell.vault)[key].decode() for key in NOTES} == NOTES
    pair = {"Ash glaze.md", "Clippings/Wood ash in the kiln.md"}
    assert pair in [set(one["notes"]) for one in waiting(shell)]
    assert "Bread.md" not in str(waiting(shell))


@pytest.mark.parametrize("way", ["run", "queue"])
def test_links_of_a_reviewed_note_wait_for_a_decision(
    shell: Shell, tmp_path: Path, way: str
) -> None:
    """They are proposed once the note is there, written when accepted, withdrawn by its undo."""
    run = ingest(shell, talk(tmp_path))["run"]
    assert not waiting(shell)
    if way == "run":
        assert shell("apply", run, "--yes") == 0
    else:
        assert shell("review", "--vault", shell.vault, "--json") == 0
        ids = [one["id"] for one in shell.report["items"]]
        assert shell("accept", *ids, "--vault", shell.vault) == 0
        assert shell("apply", "--vault", shell.vault, "--yes", "--json") == 0
        run = shell.report["run"]
    assert not related(shell, "Ash glaze.md")
    note = "Clippings/Wood ash in the kiln.md"
    assert {"Ash glaze.md", note} in [set(one["notes"]) for one in waiting(shell)]
    assert shell("undo", run, "--yes") == 0
    assert tree(shell.vault).keys() == NOTES.keys()
    assert not waiting(shell)


def test_the_vault_s_own_pairs_are_not_touched(shell: Shell, tmp_path: Path) -> None:
    """Pairs without a new note are neither proposed nor withdrawn."""
    write_notes(shell.vault, {"Celadon.md": NOTES["Ash glaze.md"].replace("Ash glaze", "Celadon")})
    assert shell("link", shell.vault, "--yes") == 0
    old = {tuple(one["notes"]) for one in waiting(shell)}
    assert old
    ingest(shell, talk(tmp_path), "--apply")
    new = "Clippings/Wood ash in the kiln.md"
    assert {tuple(one["notes"]) for one in waiting(shell) if new not in one["notes"]} == old


def test_without_the_property_nothing_is_looked_for(shell: Shell, tmp_path: Path) -> None:
    """Who does not use `related` gets no links, and no time is spent on them."""
    shell.patch.setenv("NOTEMILL_PROPERTIES", "description, tags, topics")
    shell.patch.setattr(new_links, "find_pairs", None)
    ingest(shell, talk(tmp_path), "--apply")
    assert (shell.vault / "Clippings" / "Wood ash in the kiln.md").exists()
    assert tree(shell.vault)["Ash glaze.md"] == NOTES["Ash glaze.md"].encode()


def test_many_new_notes_are_ranked_once(shell: Shell, tmp_path: Path) -> None:
    """One search for a run, however many notes it makes."""
    ranked: list[int] = []

    def counted(documents: Any, *args: Any, **more: Any) -> Any:  # noqa: ANN401
        ranked.append(len(documents))
        return propose(documents, *args, **more)

    shell.patch.setattr(finding, "propose", counted)
    sources = [talk(tmp_path, f"Wood ash, part {one}") for one in "ABCD"]
    ingest(shell, *sources, "--apply")
    assert ranked == [len(NOTES) + len(sources)]


def test_links_that_a_killed_process_owes_are_written_by_the_next(
    shell: Shell, tmp_path: Path
) -> None:
    """The note is there, its links are not: the same command writes them into the same run.

    What could not be read is named by both commands.
    """
    (tmp_path / "empty.srt").touch()
    sources = [talk(tmp_path), talk(tmp_path, "More on ash"), "empty.srt"]
    before = tree(shell.vault)

    def dies(*_: object, **__: object) -> None:
        raise Crash

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(new_links, "find_pairs", dies)
        with pytest.raises(Crash):
            shell("ingest", *sources, "--vault", shell.vault, "--yes", "--apply")
    assert (shell.vault / "Clippings" / "Wood ash in the kiln.md").exists()
    assert not related(shell, "Clippings/More on ash.md")
    report = ingest(shell, *sources, "--apply", code=3)
    run = report["run"]
    assert [one["item"] for one in report["failures"]] == ["empty.srt"]
    assert report["unchanged"] == []
    assert related(shell, "Clippings/More on ash.md") == ["[[Wood ash in the kiln]]"]
    assert shell("undo", run, "--yes") == 0
    assert tree(shell.vault) == before
