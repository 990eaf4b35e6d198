"""What a vocabulary is proposed from, as the index has analysed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.index import Index
from notemill.tagging.seeding import seeded
from notemill.workflows.tags.seeds import seed_notes
from tests.notemill.workflows.kept import kept

if TYPE_CHECKING:
    from pathlib import Path

NOTES: dict[str, str | bytes] = {
    "Cooking/Stew.md": "---\ntags: [slow]\n---\nBeans and onions.\n",
    "Cooking/Bread.md": "Flour and water.\n",
    "Cooking/Jam.md": "Plums.\n",
    **{f"{name}.md": f"{name} by itself.\n" for name in ("Alps", "Bolt", "Cork", "Dusk", "Elm")},
}


def test_notes_are_seen_with_their_tags_and_terms(tmp_path: Path) -> None:
    """A vocabulary follows from the facts and contents that the index keeps."""
    with kept(tmp_path, NOTES) as one:
        index = Index(tmp_path / "derived.sqlite3")
        facts = [one.facts(key) for key in NOTES]
        documents, lexicon = index.contents.documents(one.vault, facts)
        index.close()
    notes = list(seed_notes(facts, documents, lexicon))
    assert [(note.title, note.folder, note.tags) for note in notes[:2]] == [
        ("Stew", "Cooking", ("slow",)),
        ("Bread", "Cooking", ()),
    ]
    assert notes[1].terms == ("flour", "water")
    assert [entry.tag for entry in seeded(notes)] == ["slow", "cooking"]
