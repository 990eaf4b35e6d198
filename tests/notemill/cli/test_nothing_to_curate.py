"""Notes in which there is nothing to curate: templates, and notes without a word of their owner's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.notemill.cli.test_notemill import Shell, shell
from tests.notemill.workflows.notes import tree, write_notes

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["shell"]

WRITING = [
    ("curate", "--apply", "--yes"),
    ("link", "--apply", "--min-score", "0.01"),
    ("tags", "rename", "soil", "earth", "--yes", "--vault"),
    ("tidy", "--kind", "case", "--yes"),
]
SOIL = "Garden soil is fed by the compost heap, and worms do the work."


def vault_of(shell: Shell, folder: Path, notes: dict[str, str]) -> dict[str, bytes]:
    """Give the shell a vault of its own; return its files."""
    shell.vault = write_notes(folder / "left", notes)
    return tree(shell.vault)


# A change of tags waits where a template writes the tag.
@pytest.mark.parametrize("words", [one for one in WRITING if one[0] != "tags"])
def test_templates_are_left_with_the_reason(
    shell: Shell, words: tuple[str, ...], tmp_path: Path
) -> None:
    """One that settings name, and one that holds marks, keep every byte, and it is said."""
    head = "---\nTitle: x\ntags: [soil]\n---\n"
    notes = {
        ".obsidian/daily-notes.json": json.dumps({"template": "Meta/Day"}),
        "Meta/Day.md": f"{head}{SOIL} What is done today.\n",
        "Meta/Week.md": f"{head}# Week {{{{date:gggg}}}}\n\n{SOIL}\n",
        "About templates.md": f"{head}{SOIL} Obsidian fills `{{{{date}}}}` in.\n",
        "Soil.md": f"{head}{SOIL} It is dark.\n",
    }
    before = vault_of(shell, tmp_path, notes)
    assert shell(*words, shell.vault) in (0, 3), shell.err
    after = tree(shell.vault)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"Soil.md", "About templates.md"}
    assert "Meta/Day.md" in shell.err
    assert "it is a template: it contains {{date:gggg}}" in shell.err


CIPHER = "hQEMA5p0Zk1qQx8uAQf/bF3kz0Wm7tYc2NnJ8sVhR4qL6eXoP1dGvUyTiKwBzS9A"
PICTURE = "iVBORw0KGgoAAAANSUhEUgAA" * 2_000
WITHOUT = {
    "Dashboard.md": "# Books to read\n\n```dataview\nTABLE author FROM #books\n```\n",
    "Key.md": f"-----BEGIN PGP MESSAGE-----\n\n{CIPHER}\n-----END PGP MESSAGE-----\n",
    "Photo.md": f"![](data:image/png;base64,{PICTURE})\n",
    "Sketch.excalidraw.md": (
        "---\nexcalidraw-plugin: parsed\n---\n==⚠  Switch to EXCALIDRAW VIEW in the MORE OPTIONS "
        "menu of this document. ⚠==\n\n# Excalidraw Data\n\n## Text Elements\n%%\n## Drawing\n"
        "```compressed-json\nN4KAkARALgngDgUwgLgAQQQDwMYEMA2A\n```\n%%\n"
    ),
}
WITH = {
    "Soil.md": f"{SOIL} ![shot](data:image/png;base64,{PICTURE}) Frost breaks up the clods.\n",
    "Plan.excalidraw.md": (
        "---\nexcalidraw-plugin: parsed\n---\n# Excalidraw Data\n\n## Text Elements\n"
        "The bed gets garden soil from the compost heap. ^Ab12cd34\n\n%%\n## Drawing\n```json\n"
        "{}\n```\n%%\n"
    ),
}


@pytest.mark.parametrize("words", WRITING[:2])
def test_notes_without_text_are_counted_and_keep_every_byte(
    shell: Shell, words: tuple[str, ...], tmp_path: Path
) -> None:
    """A query, ciphertext, a picture and an empty drawing are left; what has words is worked on."""
    before = vault_of(shell, tmp_path, WITHOUT | WITH)
    assert shell(*words, shell.vault) == 0, shell.err
    alone = "4 left alone" if words[0] == "curate" else "left alone: 4 notes"
    assert f"{alone}: without text" in shell.err
    assert all(name in shell.err for name in WITHOUT)
    after = tree(shell.vault)
    assert {name for name in before if before[name] != after[name]} == set(WITH)
    for name in WITH:
        body = before[name].rpartition(b"---\n")[2]
        assert after[name].endswith(body)
        written = after[name].removesuffix(body)
        for none in (b"iVBOR", b"data:", b"Excalidraw", b"OPTIONS", b"Ab12cd34", b"Text Elements"):
            assert none not in written


def test_a_prompt_holds_the_owners_words_alone(shell: Shell, tmp_path: Path) -> None:
    """The last sentence behind a picture of 48,000 letters is sent, and not a letter of it."""
    vault_of(shell, tmp_path, WITHOUT | WITH)
    assert shell("curate", shell.vault, "--dry-run", "--only", "Soil.md") == 0
    assert "Frost breaks up the clods." in shell.err
    assert "iVBOR" not in shell.err
    assert shell("curate", shell.vault, "--dry-run", "--only", "*.excalidraw.md") == 0
    assert "title: Plan\\n" in shell.err
    assert "Text Elements" not in shell.err
    assert "1 left alone: without text (Sketch.excalidraw.md)" in shell.err


def test_notes_without_text_are_in_the_report(shell: Shell, tmp_path: Path) -> None:
    """The object names them, and a dry run counts them."""
    vault_of(shell, tmp_path, WITHOUT | WITH)
    assert shell("curate", shell.vault, "--dry-run", "--json") == 0
    assert shell.report["without_text"] == len(WITHOUT)
    assert shell("curate", shell.vault, "--yes", "--json") == 0
    assert shell.report["without_text"] == sorted(WITHOUT)
    assert shell.report["items"]["total"] == len(WITH)


def test_no_pair_is_proposed_for_words_that_a_plugin_wrote(shell: Shell, tmp_path: Path) -> None:
    """Two drawings with nothing in common but the plugin's own words are no pair."""
    drawing = (
        "---\nexcalidraw-plugin: parsed\ntags: [excalidraw]\n---\n==⚠  Switch to EXCALIDRAW VIEW in "
        "the MORE OPTIONS menu of this document. ⚠== You can decompress Drawing data with the command "
        "palette\n\n# Excalidraw Data\n\n## Text Elements\n{} ^a1\n\n%%\n## Drawing\n```json\n{{}}\n```\n%%\n"
    )
    notes = {
        "Ovens.excalidraw.md": drawing.format("Bread wants steam"),
        "Team.excalidraw.md": drawing.format("Anna leads design"),
        **{f"n{number}.md": f"Word{number} other{number} third{number}.\n" for number in range(6)},
    }
    vault_of(shell, tmp_path, notes)
    assert shell("link", shell.vault, "--min-score", "0.01", "--json") == 0
    for pair in shell.report["pairs"]:
        assert {pair["a"], pair["b"]} != {"Ovens.excalidraw.md", "Team.excalidraw.md"}
        assert "drawing" not in str(pair).casefold().replace("excalidraw", "")
