"""`notemill tags tree`, `show`, `move` and `alias`, as a person calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.notemill.cli.test_notemill import Shell
from tests.notemill.workflows.notes import tree, write_notes

if TYPE_CHECKING:
    from pathlib import Path

NOTES: dict[str, str | bytes] = {
    "one.md": "---\ntags: [soup, bread]\n---\nWords.\n",
    "two.md": "---\ntags: [food/cake]\n---\n```dataview\nLIST FROM #soup\n```\n",
    "Tags.md": "<!-- notemill: tags -->\n- bread (rolls) - baked\n- soup\n",
}


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell with a vault of three notes, one of which holds the vocabulary."""
    shell = Shell(tmp_path, monkeypatch, capsys)
    shell.vault = write_notes(tmp_path / "tagged", NOTES)
    assert shell("tags", "adopt", "Tags.md", "--vault", shell.vault) == 0
    return shell


def test_the_tree_is_shown_with_counts_and_what_is_not_in_the_vocabulary(shell: Shell) -> None:
    """Each tag stands below its parent; with --json it is one object."""
    assert shell("tags", "tree", shell.vault) == 0
    assert "4 tags, in 2 of 3 notes; vocabulary in Tags.md: 2 tags" in shell.out
    assert "1  bread (rolls) - baked\n" in shell.out
    assert "1  food  not in the vocabulary\n" in shell.out
    assert "1    cake  not in the vocabulary\n" in shell.out
    assert shell("tags", "tree", shell.vault, "--json") == 0
    counts = {one["tag"]: (one["notes"], one["with_children"]) for one in shell.report["tags"]}
    assert counts == {"bread": (1, 1), "food": (0, 1), "food/cake": (1, 1), "soup": (1, 1)}


def test_a_tag_is_shown_with_its_notes_and_other_places(shell: Shell) -> None:
    """A query is named with its line; a tag that is used nowhere is told as such."""
    assert shell("tags", "show", "#soup", "--vault", shell.vault) == 0
    assert "#soup is in 1 note\n  one.md: #soup\n" in shell.out
    assert "query: two.md:5: LIST FROM #soup" in shell.out
    assert shell("tags", "show", "soup", "--vault", shell.vault, "--json") == 0
    assert [one["note"] for one in shell.report["items"]] == ["one.md"]
    assert [one["item"] for one in shell.report["places"]] == ["two.md"]
    assert shell("tags", "show", "nowhere", "--vault", shell.vault) == 2
    assert "#nowhere is used nowhere" in shell.err


def test_tags_move_below_another_and_back_to_the_top(shell: Shell) -> None:
    """The queries of notes follow, one run each; undo restores the exact bytes."""
    before = tree(shell.vault)
    words = ("tags", "move", "soup", "bread", "--under", "food", "--vault", shell.vault)
    assert shell(*words, "--yes", "--json") == 0
    run = shell.report["run"]
    assert "tags: [food/soup, food/bread]" in (shell.vault / "one.md").read_text()
    assert "LIST FROM #food/soup" in (shell.vault / "two.md").read_text()
    assert shell("undo", run, "--yes") == 0
    assert tree(shell.vault) == before
    assert shell("tags", "move", "food/cake", "--top", "--vault", shell.vault, "--yes") == 0
    assert "tags: [cake]" in (shell.vault / "two.md").read_text()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("soup",), "--under TAG, or use --top"),
        (("soup", "--under", "food", "--top"), "--under TAG, or use --top"),
        (("food", "--under", "Food/cake"), "#food cannot move below itself"),
    ],
)
def test_a_move_without_one_clear_target_is_refused(
    shell: Shell, words: tuple[str, ...], why: str
) -> None:
    """Nothing is written."""
    before = tree(shell.vault)
    assert shell("tags", "move", *words, "--vault", shell.vault, "--yes") == 2
    assert why in shell.err
    assert tree(shell.vault) == before


def test_another_spelling_is_added_to_the_list(shell: Shell) -> None:
    """The list gets it beside its tag, and a note that has it gets the tag."""
    (shell.vault / "one.md").write_text("---\ntags: [loaf]\n---\n")
    words = ("tags", "alias", "bread", "loaf", "--vault", shell.vault)
    assert shell(*words, "--yes", "--json") == 0
    assert shell.report["spellings"] == [{"tag": "bread", "also": "loaf"}]
    assert "in the vocabulary: #loaf is another spelling of #bread" in shell.err
    assert "- bread (rolls, loaf) - baked" in (shell.vault / "Tags.md").read_text()
    assert (shell.vault / "one.md").read_text() == "---\ntags: [bread]\n---\n"
