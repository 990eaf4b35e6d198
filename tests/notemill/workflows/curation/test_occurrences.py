"""How often subjects of tags occur in a vault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notemill.index import facts_of
from notemill.linking.content import content_of
from notemill.tagging.taglist import Entry
from notemill.vault.note import parse
from notemill.workflows.curation.occurrences import Occurrence, notes_about, occurrences

if TYPE_CHECKING:
    from notemill.index import NoteFacts
    from notemill.linking.content import Content


def note(key: str, text: str) -> tuple[NoteFacts, Content]:
    """Return a note as the index has it."""
    raw = text.encode()
    return facts_of(key, raw, size=len(raw), mtime_ns=0), content_of(parse(raw)[0])


NOTES = [
    note("Git/Undoing.md", "---\naliases: [Git reset]\n---\nWhat the reset does to a branch.\n"),
    note("Tools/Branches in Git.md", "The branches of the history, see [[Git]].\n"),
    note("Machine learning.md", "What learning machines cannot do, by the machine of the house.\n"),
    note("Models.md", "Of machine learning and of the models that it has.\n"),
    note("间隔重复.md", "间隔重复是一种学习方法。\n"),
    note("Libros.md", "Los libros de la casa y los árboles que tienen.\n"),
]


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("dev/git", Occurrence(named=2, said=1, placed=1, linked=1)),
        ("Branch", Occurrence(named=1, said=2)),
        ("ai/machine-learning", Occurrence(named=1, said=1)),
        ("machineLearning", Occurrence(named=1, said=1)),
        ("学习/间隔重复", Occurrence(named=1, said=1)),
        ("libro", Occurrence(named=1, said=1)),
        ("astronomy", Occurrence()),
        ("the", Occurrence()),
    ],
)
def test_a_subject_is_found_by_its_stems(tag: str, expected: Occurrence) -> None:
    """In names, texts, folders and links; several words count only side by side."""
    assert occurrences([tag], NOTES) == {tag.casefold(): expected}


def test_a_tag_is_about_the_notes_of_all_its_spellings_and_of_those_below_it() -> None:
    """Each note counts once, whether it names the subject, has the tag, or speaks of it twice."""
    entries = [
        Entry("dev"),
        Entry("dev/git", ("branches",)),
        Entry("ai", ("machine-learning",)),
        Entry("reading", ("books",)),
        Entry("Libros"),
        Entry("astronomy"),
    ]
    tagged = note("Untitled.md", "---\ntags: [dev/git/hooks, books]\n---\nAfter a commit.\n")
    twice = note("House.md", "Machine learning does not heat it. Machine learning never did.\n")
    assert notes_about(entries, [*NOTES, tagged, twice]) == {
        "dev": 3, "dev/git": 3, "ai": 2, "reading": 1, "libros": 1, "astronomy": 0
    }  # fmt: skip
