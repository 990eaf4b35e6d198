"""Notes whose file has a second name: no command tears the two apart."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.notemill.cli.test_notemill import Shell, shell
from tests.notemill.workflows.notes import tree

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["shell"]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links as POSIX has them")


@pytest.mark.parametrize(
    "words",
    [
        ("curate", "--apply", "--yes", "--json"),
        ("link", "--apply", "--min-score", "0.01", "--json"),
        ("tags", "rename", "loam", "earth", "--yes", "--json", "--vault"),
        ("tidy", "--kind", "case", "--yes", "--json"),
    ],
)
def test_a_note_with_a_second_name_is_named_and_stays_one_file(
    shell: Shell, words: tuple[str, ...], tmp_path: Path
) -> None:
    """Both names hold the same text after each command, and the reason is said."""
    raw = (
        b"---\nTitle: Soil\ntags: [loam]\n---\nGarden soil is fed by the compost heap and worms.\n"
    )
    note, other = shell.vault / "Garden" / "two names.md", tmp_path / "elsewhere.md"
    note.write_bytes(raw)
    (shell.vault / "other.md").write_bytes(raw + b"Words of another note.\n")
    os.link(note, other)
    shell(*words, shell.vault)
    assert note.read_bytes() == other.read_bytes() == raw
    assert note.samefile(other)
    assert "hard link" in shell.out + shell.err
    assert tree(shell.vault)["other.md"] != raw + b"Words of another note.\n"
