"""Which tags fit a note, by what the vault's own tagging teaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.index import Index
from notemill.tagging.synonyms import MAX_TAGS_OF_NOTE
from notemill.workflows.curation.suggesting import MAX_SUGGESTED, suggestions
from tests.notemill.workflows.kept import kept

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SOIL = "Compost and worms feed the garden soil. Mulch and leaves keep it moist."
TRAIN = "Night trains run to Rome with sleeper carriages. Tickets and platforms."
NOTES: dict[str, str | bytes] = {
    **{f"s{n}.md": f"{SOIL} Bed {n}.\n" for n in range(4)},
    **{f"t{n}.md": f"{TRAIN} Track {n}.\n" for n in range(4)},
    "new.md": "Worms in the compost, and mulch upon the soil.\n",
}
TAGS = {
    **{f"s{n}.md": ("garden/soil",) for n in range(4)},
    **{f"t{n}.md": ("travel/trains",) for n in range(4)},
}


def suggested(
    folder: Path, tags: Mapping[str, tuple[str, ...]], *, likely: bool = False
) -> dict[str, list[str]]:
    """Suggest tags for the new note."""
    folder.mkdir(exist_ok=True)
    with kept(folder, NOTES) as one:
        index = Index(folder / "derived.sqlite3")
        facts = [one.facts(key) for key in NOTES]
        documents, lexicon = index.contents.documents(one.vault, facts)
        index.close()
    return suggestions(documents, lexicon, tags, {"new.md"}, likely=likely)


def test_the_tag_of_notes_like_it_comes_first(tmp_path: Path) -> None:
    """Only the note that was asked about gets suggestions, MAX_SUGGESTED at most."""
    found = suggested(tmp_path, TAGS)
    assert found.keys() == {"new.md"}
    assert found["new.md"][0] == "garden/soil"
    assert len(found["new.md"]) <= MAX_SUGGESTED


def test_a_note_that_is_a_list_of_tags_teaches_nothing(tmp_path: Path) -> None:
    """Where no other note has tags there is nothing to suggest."""
    many = tuple(f"tag{n}" for n in range(MAX_TAGS_OF_NOTE + 1))
    assert suggested(tmp_path, {"s0.md": many}) in ({}, {"new.md": []})


def test_a_likely_tag_is_more_than_the_best_of_a_bad_lot(tmp_path: Path) -> None:
    """Neither a tag that nothing speaks for is a hint, nor one that most notes have."""
    everywhere = {key: (*tags, "note") for key, tags in TAGS.items()}
    assert suggested(tmp_path / "all", everywhere)["new.md"][:2] == ["note", "garden/soil"]
    assert suggested(tmp_path / "likely", everywhere, likely=True) == {"new.md": ["garden/soil"]}
