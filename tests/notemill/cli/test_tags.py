"""`notemill tags`: the report, changes by hand, consent, exclusions, and the way back."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from notemill.cli.endings import show_endings
from tests.notemill.cli.test_notemill import Shell
from tests.notemill.workflows.notes import tree, write_notes
from twolane.front.console import Console

if TYPE_CHECKING:
    from pathlib import Path

NOTES: dict[str, str | bytes] = {
    "one.md": "---\ntags: [Recipe, 'bread']\n---\nSoup. #recipe/soup\n",
    "two.md": b"\xef\xbb\xbf---\r\ntags:\r\n  - recipe # mine\r\n  - recipes\r\n---\r\nText `#recipe`.\r\n",
    "three.md": "A #recipe in words, and #recipes.\n",
    "bad.md": "---\ntags: [recipe\n---\n#recipe\n",
    "mine.md": "---\nnotemill: ignore\ntags: [recipe]\n---\n",
    "Private/p.md": "#recipe\n",
    "colour.md": "---\ntags: [fff, '2024']\n---\n",
}


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell with a vault full of tags."""
    shell = Shell(tmp_path, monkeypatch, capsys)
    shell.vault = write_notes(tmp_path / "tagged", NOTES)
    return shell


def test_the_report_shows_counts_variants_and_junk(shell: Shell) -> None:
    """One command says what there is and what to do; nothing is written."""
    before = tree(shell.vault)
    assert shell("tags", shell.vault) == 0
    assert "#Recipe" in shell.out
    assert "#recipes → #recipe (2 notes): singular and plural of one word" in shell.out
    assert "#fff (1 note): maybe a hex colour" in shell.out
    assert "only digits" in shell.out
    assert tree(shell.vault) == before


def test_the_report_is_one_json_object(shell: Shell) -> None:
    """Scripts get all of it; excluded notes count as that and lend no tags."""
    assert shell("tags", shell.vault, "--exclude", "Private", "--json") == 0
    report = shell.report
    assert (report["notes"], report["excluded"]) == (5, 2)
    counts = {one["tag"]: (one["notes"], one["with_children"]) for one in report["tags"]}
    assert counts["recipes"] == (2, 2)
    assert {one["kind"] for one in report["merges"]} == {"case", "plural"}
    assert {one["tag"]: one["hint"] for one in report["junk"]} == {"fff": True, "2024": False}


def test_a_rename_is_written_on_consent_and_undone_as_one(shell: Shell) -> None:
    """Properties and text change, children follow, and undo gives back the exact bytes."""
    before = tree(shell.vault)
    assert shell("tags", "rename", "recipe", "food/recipe", "--vault", shell.vault) == 8
    assert "+A #food/recipe in words" in shell.err
    assert tree(shell.vault) == before
    words = ("tags", "rename", "#recipe", "food/recipe", "--vault", shell.vault, "--yes", "--json")
    assert shell(*words) == 3
    run = shell.report["run"]
    assert "left alone: 1 excluded note" in shell.err
    assert "mine.md" not in shell.err
    assert "bad.md: its frontmatter cannot be read" in shell.err
    after = tree(shell.vault)
    assert after["one.md"] == b"---\ntags: [food/recipe, 'bread']\n---\nSoup. #food/recipe/soup\n"
    assert after["two.md"] == NOTES["two.md"].replace(b"- recipe #", b"- food/recipe #")  # type: ignore[arg-type]
    assert after["mine.md"] == before["mine.md"]
    assert shell("undo", run, "--yes") == 0
    assert tree(shell.vault) == before


def test_a_merge_leaves_one_tag_in_each_list(shell: Shell) -> None:
    """Several become one; where both stood in a list the new one stands once."""
    assert (
        shell(
            "tags", "merge", "recipes", "bread", "--into", "Recipe", "--vault", shell.vault, "--yes"
        )
        == 0
    )
    after = tree(shell.vault)
    assert after["one.md"].startswith(b"---\ntags: [Recipe]\n")
    assert b"  - recipe # mine\r\n---" in after["two.md"]
    assert after["three.md"] == b"A #recipe in words, and #Recipe.\n"


def test_a_drop_takes_the_tag_and_keeps_the_words(shell: Shell) -> None:
    """In lists the tag goes, in a sentence only its `#`; a dry run writes nothing."""
    before = tree(shell.vault)
    assert shell("tags", "drop", "recipe", "--vault", shell.vault, "--dry-run") == 0
    assert "#recipe goes" in shell.err
    assert tree(shell.vault) == before
    assert shell("tags", "drop", "recipe", "--vault", shell.vault, "--yes") == 3
    after = tree(shell.vault)
    assert after["one.md"] == b"---\ntags: ['bread']\n---\nSoup.\n"
    assert after["three.md"] == b"A recipe in words, and #recipes.\n"


def test_excluded_notes_stay_as_they_are(shell: Shell) -> None:
    """Notes that are excluded are left alone; how many is said, and not which."""
    words = ("--vault", shell.vault, "--exclude", "Private", "--yes")
    assert shell("tags", "drop", "recipes", *words) == 0
    assert shell("tags", "drop", "recipe", *words) == 3
    assert tree(shell.vault)["Private/p.md"] == NOTES["Private/p.md"].encode()  # type: ignore[union-attr]
    assert "left alone: 2 excluded notes" in shell.err
    assert "Private/p.md" not in shell.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rename", "recipe", "two words"), "cannot be a tag"),
        (("rename", "recipe", "2024"), "cannot be a tag"),
        (("rename", "#", "x"), "is not a tag"),
        (("drop", "nowhere"), "no note has #nowhere"),
    ],
)
def test_what_cannot_be_done_is_said(shell: Shell, words: tuple[str, ...], said: str) -> None:
    """A tag that cannot be one, or is nowhere, is a usage error and says what to do."""
    assert shell("tags", *words, "--vault", shell.vault, "--yes") == 2
    assert said in shell.err


def test_a_renamed_tag_makes_no_note_need_work(shell: Shell) -> None:
    """Curate, rename a tag in the text, undo it: neither asks about a note again."""
    shell.curate("--apply")
    words = ("tags", "rename", "recipe", "food/recipe", "--vault", shell.vault, "--yes", "--json")
    assert shell(*words) == 3
    run = shell.report["run"]
    again = shell.curate("--apply")
    assert again["items"]["succeeded"] == 0
    assert shell("undo", run, "--yes") == 0
    again = shell.curate("--apply")
    assert again["items"]["succeeded"] == 0


def test_a_second_rename_finds_nothing_to_do(shell: Shell) -> None:
    """What was renamed is not there any more; only notes left alone are named."""
    words = ("tags", "rename", "recipes", "recipes/all", "--vault", shell.vault, "--yes")
    assert shell(*words) == 0
    before = tree(shell.vault)
    assert shell(*words) == 2
    assert tree(shell.vault) == before


def test_a_change_of_tags_is_listed_and_can_be_forgotten(shell: Shell) -> None:
    """It stands among the runs, undone or not; once forgotten nothing is left to undo it with."""
    words = ("tags", "drop", "recipe", "--vault", shell.vault, "--yes", "--json")
    assert shell(*words) == 3
    run, notes = shell.report["run"], len(shell.report["written"])
    assert shell("runs", "--json") == 0
    (listed,) = shell.report["runs"]
    assert (listed["run"], listed["state"], listed["total"]) == (run, "applied", notes)
    assert shell("undo", run, "--yes") == 0
    assert shell("runs") == 0
    assert "undone" in shell.out
    assert shell("forget", run, "--yes") == 0
    assert shell("undo", run, "--yes") == 2
    assert f"there is no run {run}" in shell.err


# -- the vocabulary ---------------------------------------------------------------------------


def test_a_vocabulary_is_written_edited_kept_and_applied(shell: Shell) -> None:
    """From the tags to a list, by hand to another, into the notes, and all the way back."""
    (shell.vault / "Tags.md").write_bytes(b"# Mine\n")
    before = tree(shell.vault)
    words = ("tags", "vocabulary", shell.vault, "--note", "Tags.md", "--yes", "--json")
    assert shell(*words) == 0
    first = shell.report["run"]
    text = (shell.vault / "Tags.md").read_text("utf-8")
    assert "- recipe (recipes)\n  - soup\n" in text
    assert "- fff\n" in text
    mine = text.replace("- bread\n", "").replace("- recipe (", "- dish (recipe, ")
    (shell.vault / "Tags.md").write_text(mine, "utf-8")
    assert shell(*words) == 0
    assert (shell.vault / "Tags.md").read_text("utf-8") == mine
    assert shell("tags", "apply", "Tags.md", "--vault", shell.vault, "--yes", "--json") == 3
    run = shell.report["run"]
    assert tree(shell.vault)["one.md"] == (b"---\ntags: [dish, 'bread']\n---\nSoup. #dish/soup\n")
    assert tree(shell.vault)["colour.md"] == b"---\ntags: [fff]\n---\n"
    assert shell("tags", "apply", "Tags.md", "--vault", shell.vault, "--yes") == 3
    assert shell("undo", run, "--yes") == 0
    (shell.vault / "Tags.md").write_text(text, "utf-8")
    assert shell("undo", first, "--yes") == 0
    assert tree(shell.vault) == before


def test_a_vocabulary_is_printed_where_no_note_is_named(shell: Shell) -> None:
    """Nothing is written; the list can be put anywhere by hand."""
    before = tree(shell.vault)
    assert shell("tags", "vocabulary", shell.vault) == 0
    assert "- recipe (recipes)\n  - soup\n" in shell.out
    assert tree(shell.vault) == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a\n", "no list of tags"),
        ("<!-- notemill: tags -->\n- a\n- A\n", "line 3: #A is already"),
    ],
)
def test_a_vocabulary_that_cannot_be_taken_says_why(shell: Shell, text: str, said: str) -> None:
    """No list, or lines that contradict each other: nothing is changed."""
    (shell.vault / "Tags.md").write_text(text, "utf-8")
    assert shell("tags", "apply", "Tags.md", "--vault", shell.vault, "--yes") == 2
    assert said in shell.err
    assert shell("tags", "vocabulary", shell.vault, "--note", "Nowhere.md") == 2
    assert "create an empty one first" in shell.err


def test_a_run_that_wrote_nothing_is_not_said_to_be_undone_by_anything() -> None:
    """Where every note is refused, no undo is offered, and each is named once with its reason."""
    out = io.StringIO()
    refused = [("a.md", "a.md cannot be written"), ("b.md", "it was edited")]
    show_endings(0, "tags-1", refused, Console(file=out, width=80))
    assert (
        out.getvalue() == "nothing was written\n  a.md cannot be written\n  b.md: it was edited\n"
    )


def test_a_change_that_would_leave_places_behind_waits_for_a_person(shell: Shell) -> None:
    """`--yes` makes the other changes; what is left is named with its places, and exits 8."""
    notes: dict[str, str | bytes] = {
        "a.md": "---\ntags: [movie, tea]\n---\nText.\n",
        "Home.md": "```dataview\nLIST FROM #movie OR #tea\n```\n",
        "All.base": 'filters: file.hasTag("movie")\n',
    }
    where = write_notes(shell.vault.parent / "used", notes)
    words = ("tags", "merge", "movie", "tea", "--into", "x", "--vault", where)
    assert shell(*words, "--dry-run") == 0
    assert '  query: All.base:1: filters: file.hasTag("movie")' in shell.err
    assert shell(*words, "--yes", "--json") == 8
    report = shell.report
    assert (report["waiting"], report["queries"]) == (["movie"], ["Home.md"])
    assert report["places"] == [
        {"tag": "movie", "kind": "query", "item": "All.base", "line": 1,
         "text": 'filters: file.hasTag("movie")'}
    ]  # fmt: skip
    assert "#movie stays" in shell.err
    after = tree(where)
    assert after["a.md"].decode() == "---\ntags: [movie, x]\n---\nText.\n"
    assert after["Home.md"].decode() == "```dataview\nLIST FROM #movie OR #x\n```\n"
    assert shell("undo", report["run"], "--yes") == 0
    assert tree(where) == {name: text.encode() for name, text in notes.items()}  # type: ignore[union-attr]
