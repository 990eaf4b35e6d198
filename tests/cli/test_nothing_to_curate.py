"""Notes in which there is nothing to curate: templates."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_notemill import Shell, shell
from tests.workflows.notes import tree, write_notes

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
    shell.patch.setenv("NOTEMILL_EMBEDDING", "off")
    shell.vault = write_notes(folder / "left", notes)
    return tree(shell.vault)


@pytest.mark.parametrize("words", WRITING)
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
    if words[0] != "tags":
        assert "Meta/Day.md" in shell.err
    assert "it is a template: it holds {{date:gggg}}" in shell.err
