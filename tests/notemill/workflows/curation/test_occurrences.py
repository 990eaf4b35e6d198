"""How often subjects of tags occur in a vault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notemill.index import facts_of
from notemill.linking.content import content_of
from notemill.vault.note import parse
from notemill.workflows.curation.occurrences import Occurrence, occurrences

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
