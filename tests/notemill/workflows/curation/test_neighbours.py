"""The tags of linked notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.index import Index
from notemill.workflows.curation.neighbours import MAX_LINKS, linked_tags
from tests.notemill.workflows.kept import kept

if TYPE_CHECKING:
    from pathlib import Path


def ranked(folder: Path, notes: dict[str, str | bytes], key: str) -> list[str]:
    """Return the tags of the notes linked with one, by its links as the index reads them."""
    with kept(folder, notes) as one:
        index = Index(folder / "derived.sqlite3")
        facts = [one.facts(note) for note in notes]
        documents, _ = index.contents.documents(one.vault, facts)
        index.close()
    tags_of = {note.key: list(note.all_tags) for note in facts}
    return linked_tags(documents, tags_of, {key}).get(key, [])


def test_links_in_both_directions_bring_their_notes_tags(tmp_path: Path) -> None:
    """The tag that most of them have comes first."""
    notes: dict[str, str | bytes] = {
        "new.md": "See [[Soil]] and [[Worms]].\n",
        "Soil.md": "---\ntags: [garden]\n---\nSoil.\n",
        "Worms.md": "---\ntags: [animals]\n---\nWorms.\n",
        "Beds.md": "---\ntags: [garden]\n---\nOf [[new]].\n",
        "Else.md": "---\ntags: [other]\n---\nElse.\n",
    }
    assert ranked(tmp_path, notes, "new.md") == ["garden", "animals"]


def test_an_index_of_the_vault_says_nothing(tmp_path: Path) -> None:
    """What links to everything has nothing in common with any of it."""
    links = " ".join(f"[[n{n}]]" for n in range(MAX_LINKS + 1))
    notes: dict[str, str | bytes] = {f"n{n}.md": "Words.\n" for n in range(MAX_LINKS + 1)}
    notes["Index.md"] = f"---\ntags: [map]\n---\n{links}\n"
    assert ranked(tmp_path, notes, "n0.md") == []
