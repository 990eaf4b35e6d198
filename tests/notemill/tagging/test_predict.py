"""Which tags fit a note, learned from the notes that have some."""

from __future__ import annotations

import numpy as np
import pytest

from notemill.tagging.predict import Example, TagModel
from notemill.text.terms import terms
from notemill.workflows.curation.candidates import tag_words

WORDS: dict[str, int] = {}


def numbers(text: str) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """Return the numbers of a text's terms."""
    found = [WORDS.setdefault(one, len(WORDS)) for one in terms(text, "en")]
    return np.array(found, np.int32)


def example(title: str, text: str, *tags: str, folder: str = "") -> Example:
    """Return a note to learn from or to ask about."""
    return Example(numbers(title), numbers(text), folder, tags)


def learned(notes: list[Example]) -> TagModel:
    """Return what notes teach."""
    tags = {tag: numbers(" ".join(tag_words(tag))) for one in notes for tag in one.tags}
    return TagModel(notes, tags.__getitem__, len(WORDS))


COOKING = [
    example(f"Dish {n}", f"simmer onions in the pan with stock and salt {n}", "food/recipes")
    for n in range(8)
]
RUNNING = [
    example(f"Run {n}", f"ten kilometres along the river at a slow pace {n}", "sport/running")
    for n in range(8)
]


def test_a_note_gets_the_tags_of_notes_like_it() -> None:
    """What its words are about decides."""
    model = learned([*COOKING, *RUNNING])
    assert model.ranked([example("New", "onions and stock simmer")], 1)[0] == ["food/recipes"]
    assert model.ranked([example("New", "slow kilometres by the river")], 1)[0] == ["sport/running"]


def test_the_folder_speaks_where_the_words_say_nothing() -> None:
    """Notes filed together are tagged alike; folders lean on the ones above them."""
    notes = [
        example(f"n{n}", f"word{n} thing{n}", tag, folder=f"{tag}/{n % 3}")
        for tag in ("work", "home")
        for n in range(12)
    ]
    model = learned(notes)
    assert model.ranked([example("new", "nothing known", folder="home/1")], 1)[0] == ["home"]
    assert model.ranked([example("new", "nothing known", folder="work/new folder")], 1)[0] == [
        "work"
    ]


def test_a_tag_whose_words_stand_in_the_title_is_among_the_first() -> None:
    """A rare tag is found by its name."""
    notes = [*COOKING, *RUNNING, example("Old", "a jar on the sill", "food/sourdough")]
    model = learned(notes)
    assert "food/sourdough" in model.ranked([example("My sourdough", "it rises")], 2)[0]


@pytest.mark.parametrize("notes", [[], [example("only", "one note", "tag")]])
def test_a_vault_with_hardly_any_tags_teaches_little_and_breaks_nothing(
    notes: list[Example],
) -> None:
    """What there is can be ranked; the rest is an empty list."""
    model = learned(notes)
    assert model.ranked([example("new", "words never seen before")], 5)[0] == [
        tag for one in notes for tag in one.tags
    ]


def test_of_many_tagged_notes_the_rare_tags_stay() -> None:
    """More examples than are learned from never lose the tags that few notes have."""
    many = [example("x", "some text", "common") for _ in range(2_100)]
    model = learned([*many, example("rare thing", "quite another matter", "rare")])
    assert model.tags == ["common", "rare"]
