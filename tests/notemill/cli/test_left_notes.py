"""Notes whose metadata Obsidian does not read: every command that writes names them, and leaves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notemill.vault.tidy import TidyKind
from tests.notemill.cli.test_notemill import Shell
from tests.notemill.workflows.notes import tree, write_notes

if TYPE_CHECKING:
    from pathlib import Path

LEFT: dict[str, str | bytes] = {
    "toml.md": '+++\ntitle = "Bees in winter"\ntags = ["bees"]\n+++\n\nThe hive hums at noon. #hive\n',
    "json.md": '{\n  "title": "Honey",\n  "tags": ["bees", "food"]\n}\n\nHoney keeps for years.\n',
    "named.md": '---json\n{"title": "Smoke"}\n---\nSmoke calms the bees.\n',
    "second.md": "---\ndate: 2024-05-01\n---\n---\ntags: [bees]\n---\nThe second block counts for nothing.\n",
    "below.md": "# Queens\n\n---\ntags: [bees]\n---\nA queen lives for years.\n",
    "open.md": "---\ntags: [bees]\n\nNobody closed this block, and the text goes on. #hive\n",
    "line.md": "---\ntags: #bees #hive\n---\nA swarm hangs in the apple tree.\n",
    "items.md": "---\nTags:\n  - garden\n  - #bees\n---\nThe hive stands by the fence.\n",
    "map.md": "---\ntags:\n  animal: bees\n---\nBees dance to tell where flowers are.\n",
    "nested.md": "---\ntags: [[bees, hive], garden]\n---\nA hive holds fifty thousand bees.\n",
}
NOTES: dict[str, str | bytes] = {
    **LEFT,
    "good.md": "---\ntags: [bees]\n---\nBees drink at the pond in the morning. #bees #hive\n",
    "pond.md": "The pond in the garden is where bees drink in the morning sun.\n",
}


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell with a vault in which some notes have to stay as they are."""
    shell = Shell(tmp_path, monkeypatch, capsys)
    shell.vault = write_notes(tmp_path / "left", NOTES)
    return shell


def test_every_command_that_writes_names_and_leaves_them(shell: Shell) -> None:
    """Curation, links, tidying: not one byte of them changes, and none of them is passed over."""
    kinds = [word for kind in TidyKind for word in ("--kind", kind)]
    for words in (
        ("curate", shell.vault, "--apply", "--yes"),
        ("tidy", shell.vault, *kinds, "--yes"),
        ("link", shell.vault, "--apply", "--yes", "--json"),
    ):
        assert shell(*words) == 0
        if "--json" in words:
            assert {one["item"] for one in shell.report["left_alone"]} == LEFT.keys()
        else:
            said = [line for line in shell.err.splitlines() if "left alone: " in line]
            assert all(any(key in line for line in said) for key in LEFT), shell.err
        after = tree(shell.vault)
        assert {key: after[key] for key in LEFT} == {
            key: text.encode() if isinstance(text, str) else text for key, text in LEFT.items()
        }
    after = tree(shell.vault)
    assert b"description: " in after["good.md"]
    assert b"[[good]]" in after["pond.md"]
    # Nothing of their metadata went into another note.
    assert not any(word in after["pond.md"] for word in (b"+++", b"{", b"title"))


def test_notes_left_for_the_same_reason_are_named_together(shell: Shell) -> None:
    """Two notes with the same kind of metadata are two names in one line."""
    for key in LEFT.keys() - {"toml.md"}:
        (shell.vault / key).unlink()
    (shell.vault / "toml too.md").write_bytes(b"+++\ntitle = 'Wax'\n+++\nWax melts in the sun.\n")
    assert shell("link", shell.vault, "--yes") == 0
    assert "left alone: 2 notes: its metadata is TOML" in shell.err
    for command in ("curate", "tidy"):
        assert shell(command, shell.vault, "--dry-run") == 0
        said = shell.out + shell.err
        assert all(key in said for key in ("its metadata is TOML", "toml.md", "toml too.md"))


def test_templates_are_one_reason_wherever_their_marks_are(shell: Shell) -> None:
    """A vault has many templates: the line of each mark is said of a single one only."""
    for number in range(3):
        text = "Words.\n" * number + "{{date}}\n"
        (shell.vault / f"template {number}.md").write_text(text, "utf-8")
    for command in ("curate", "tidy", "link"):
        assert shell(command, shell.vault, "--dry-run") == 0
        assert "3 notes: it is a template: it contains {{date}} (" in shell.out + shell.err


def test_a_change_of_tags_names_those_that_may_hold_the_tag(shell: Shell) -> None:
    """Their property is not changed with the rest: each is named with why, and the exit code is 3."""
    before = tree(shell.vault)
    words = ("tags", "rename", "bees", "animals/bees", "--vault", shell.vault, "--json")
    assert shell(*words, "--dry-run") == 0
    assert shell(*words, "--yes") == 3
    report = shell.report
    assert report["written"] == ["good.md"]
    assert {one["item"] for one in report["left_alone"]} == LEFT.keys() - {"named.md"}
    assert all(one["message"] for one in report["left_alone"])
    after = tree(shell.vault)
    assert after["good.md"].startswith(b"---\ntags: [animals/bees]\n")
    assert after["good.md"].endswith(b"#animals/bees #hive\n")
    assert {key for key in after if after[key] != before[key]} == {"good.md"}
    assert shell(*words, "--yes") == 3
    assert shell.report["written"] == []
    assert shell("undo", report["run"], "--yes") == 0
    assert tree(shell.vault) == before


def test_the_report_of_tags_says_what_does_not_count(shell: Shell) -> None:
    """What looks like a tag in a comment is said to be none, to YAML and to Obsidian."""
    assert shell("tags", shell.vault) == 0
    assert (
        "line.md: `#bees #hive` in its property tags is a comment to YAML and Obsidian" in shell.out
    )
    assert "items.md: `#bees` in its property Tags is a comment to YAML and Obsidian" in shell.out
    assert shell("tags", shell.vault, "--json") == 0
    assert {one["item"] for one in shell.report["unread"]} == LEFT.keys()
    counts = {one["tag"]: one["notes"] for one in shell.report["tags"]}
    assert counts == {"bees": 1, "hive": 3, "garden": 1}
