"""Which of the owner's tagged notes show a model how they tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notemill.index import facts_of
from notemill.workflows.curation.candidates import Candidates
from notemill.workflows.curation.examples import MAX_EXAMPLES, examples_of

if TYPE_CHECKING:
    from notemill.index import NoteFacts

TEXT = "A note of some length, so that what it is about can be told from its own words alone.\n"


def note(key: str, *tags: str, text: str = TEXT * 2) -> NoteFacts:
    """Return the facts of a note with these tags."""
    raw = f"---\ntags: [{', '.join(tags)}]\n---\n{text}".encode()
    return facts_of(key, raw, size=len(raw), mtime_ns=0)


def chosen(*notes: NoteFacts) -> list[str]:
    """Return the titles of the examples among notes."""
    candidates = Candidates.of([one.all_tags for one in notes])
    return [one.title for one in examples_of(notes, candidates)]


def test_examples_are_of_different_subjects() -> None:
    """A second note of one root only comes where there are too few others."""
    garden = [note(f"g{n}.md", "garden/soil", "garden/beds") for n in range(5)]
    others = [note("Bread.md", "food/bread", "recipes"), note("Rome.md", "travel/italy", "trains")]
    assert chosen(*garden, *others) == ["g0", "Bread", "Rome"]
    assert chosen(*garden, others[0]) == ["g0", "Bread", "g1"]
    assert len(chosen(*garden, *others)) == MAX_EXAMPLES


def test_notes_that_share_a_tag_are_no_examples() -> None:
    """They would say that every note has it."""
    assert chosen(*(note(f"g{n}.md", "recipe") for n in range(5))) == []
    assert chosen(note("a.md", "recipe"), note("b.md", "recipe", "phones")) == []


def test_the_same_notes_give_the_same_examples_in_any_order() -> None:
    """All stages of a run show the same ones."""
    notes = [note(f"n{n}.md", f"root{n % 4}/a", f"root{n % 4}/b") for n in range(12)]
    assert chosen(*notes) == chosen(*reversed(notes))


@pytest.mark.parametrize(
    "odd",
    [
        note("a.md"),
        note("a.md", "garden", "garden/soil"),
        note("a.md", "one", "two", "three", "four"),
        note("a.md", "garden", text="Short.\n"),
        note("2026-11-28.md", "journal"),
        note("a.md", "so\u200bil"),
        note("x" * 90 + ".md", "garden"),
    ],
    ids=["untagged", "parent beside child", "many tags", "few words", "a date", "untold", "long"],
)
def test_a_note_that_would_teach_something_else_is_none(odd: NoteFacts) -> None:
    """Rather no example than a bad one."""
    assert chosen(odd) == []
